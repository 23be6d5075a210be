"""Manifests from files and folders: read as a cluster would, or refused with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.rollouts import CHECK

from speccheck.cli.manifests import read
from speccheck.errors import UsageError


def names(path: Path) -> list[str]:
    return [body["metadata"]["name"] for body in read(path).spec_checks]


def test_a_file_of_several_documents(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    config_map = "kind: ConfigMap\nmetadata: {name: c}\ndata: {a.py: x}\n"
    file.write_text(
        f"{CHECK}---\n{config_map}---\n---\n{CHECK.replace('name: rollout,', 'name: second,')}---\nkind: Pod\n"
    )
    found = read(file)
    assert [body["metadata"]["name"] for body in found.spec_checks] == ["rollout", "second"]
    assert found.config_maps[("default", "c")]["data"] == {"a.py": "x"}


def test_a_folder_is_read_in_the_order_of_its_names_and_not_below(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(CHECK)
    (tmp_path / "a.yaml").write_text(CHECK.replace("name: rollout,", "name: first,"))
    (tmp_path / "notes.txt").write_text("{")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yaml").write_text("{")
    assert names(tmp_path) == ["first", "rollout"]


def test_a_list_holds_its_items(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text('{"kind": "List", "items": [{"kind": "SpecCheck", "metadata": {"name": "inside"}}]}')
    assert names(file) == ["inside"]


def test_a_plain_kustomization_is_expanded(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [check.yaml]\n")
    (tmp_path / "base" / "check.yaml").write_text(CHECK)
    (tmp_path / "spec.py").write_text("ä = 1\n")
    (tmp_path / "kustomization.yaml").write_text(
        """
        namespace: other
        resources: [base]
        generatorOptions: {disableNameSuffixHash: true}
        configMapGenerator:
        - {name: source, files: [spec.py, renamed.py=spec.py]}
        """
    )
    found = read(tmp_path)
    assert [body["metadata"]["namespace"] for body in found.spec_checks] == ["other"]
    assert found.config_maps[("other", "source")]["data"] == {"spec.py": "ä = 1\n", "renamed.py": "ä = 1\n"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", "a: [1", "a.yaml: line 1, column 6: expected"),
        ("a.yaml", "\tx", "a.yaml: line 1, column 1: "),
        ("a.yaml", "just text", "a.yaml: holds something that is no manifest"),
        ("a.yaml", "kind: Pod", "there is no SpecCheck in it"),
        ("a.yaml", "!!python/object/apply:os.system [echo]", "a.yaml: line 1, column 1: "),
        ("kustomization.yaml", "patches: []", "kustomization.yaml: Object contains unknown field `patches`"),
        ("kustomization.yaml", "configMapGenerator: [{name: a, literals: [x=y]}]", "kubectl kustomize"),
        ("kustomization.yaml", "configMapGenerator: [{name: a, files: [gone.py]}]", "gone.py: No such file"),
        ("kustomization.yaml", "resources: [gone.yaml]", "gone.yaml: No such file"),
        ("kustomization.yaml", "resources: ['.']", "refer to one another more than 8 deep"),
        ("notes.txt", "", "there is no YAML file in it"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text_or_too_large_or_not_there(tmp_path: Path) -> None:
    for name, data, told in (
        ("a.yaml", b"\xff\xfe", "not UTF-8"),
        ("b.yaml", b"#" * (5 << 20), "more than 4194304 bytes"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match=told):
            read(tmp_path / name)
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "gone.yaml")
