"""The repository tests itself: exports, orphan modules, the README's commands, what must not be anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import speccheck

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "operator" / "speccheck"
MODULES = sorted(PACKAGE.rglob("*.py"))
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    ).stdout.splitlines()
]
TEXTS = [
    p
    for p in TRACKED
    if p.is_file() and p.suffix in {".py", ".md", ".sh", ".yaml", ".toml", ".txt", ".json", ".lua", ""}
]


def _name(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(module: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("speccheck."):
            found.add(node.value.split(":")[0])
    return found


def test_the_source_root_does_not_shadow_the_standard_librarys_operator() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_the_vocabulary_is_listed_once_and_exists() -> None:
    assert len(speccheck.__all__) == len(set(speccheck.__all__))
    assert [name for name in speccheck.__all__ if not hasattr(speccheck, name)] == []


def test_every_module_says_what_it_is() -> None:
    silent = [_name(m) for m in MODULES if not ast.get_docstring(ast.parse(m.read_text(encoding="utf-8")))]
    assert silent == []


AUTHORS_MODULES = {f"speccheck.{name}" for name in ("machine", "expr", "submachine", "faults", "pytest_plugin")}
"""What specs import from and the package itself does not."""


def test_no_module_is_an_orphan() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = {target.split(":")[0] for target in project["scripts"].values()} | AUTHORS_MODULES
    used = entries | {name for module in MODULES for name in _imported(module)}
    orphans = [_name(m) for m in MODULES if m.name != "__init__.py" and _name(m) not in used]
    assert orphans == []


def test_no_star_imports_inside_the_package() -> None:
    starred = [
        _name(m) for m in MODULES if re.search(r"^from \S+ import \*", m.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert starred == []


def test_the_readmes_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_the_readmes_files_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (ROOT / link).exists()]
    assert missing == []


@pytest.mark.parametrize("pattern", [r"/work/", r"\bTODO\b", r"\bFIXME\b"])
def test_nothing_of_one_machine_or_one_day_is_in_the_tree(pattern: str) -> None:
    found = [
        p.relative_to(ROOT).as_posix()
        for p in TEXTS
        if p != Path(__file__) and re.search(pattern, p.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_every_file_stays_readable() -> None:
    long = [_name(m) for m in MODULES if len(m.read_text(encoding="utf-8").splitlines()) > 500]
    assert long == []
