"""kind is driven by the words it knows. Where Docker answers, the `cluster` fixture is the real thing."""

import json
from pathlib import Path

import pytest
from tests.cluster import kinds
from tests.cluster.errors import ClusterError

NODE = {"status": {"nodeInfo": {}, "conditions": [{"type": "Ready", "status": "True"}]}}
RECORD = '#!/bin/sh\necho "${0##*/} $*" >>"$CALLS"\n'
KUBECTL = f"""
case "$*" in
*readyz*) printf ok ;;
*nodes*) echo '{json.dumps({"items": [NODE]})}' ;;
*current-context*) echo kind-probe ;;
*) echo '{{}}' ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that only write down how they were called, in the file given."""
    for name, answer in {"kind": "", "docker": "", "kubectl": KUBECTL}.items():
        program = tmp_path / name
        program.write_text(RECORD + answer)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path / "calls"


def test_a_cluster_is_created_given_images_and_deleted(calls: Path, tmp_path: Path) -> None:
    assert kinds.reason_against() is None
    cluster = kinds.make("probe")
    cluster.load_image(tmp_path / "image.tar")
    cluster.kill_apiserver()
    cluster.kill_program("kube-controller-manager")
    cluster.stop()
    said = [line for line in calls.read_text().splitlines() if not line.startswith("kubectl")]
    assert said == [
        "docker info",
        f"kind create cluster --name=probe --config={kinds.CONFIG} --kubeconfig={cluster.kubeconfig}",
        f"kind load image-archive {tmp_path}/image.tar --name probe",
        "docker exec probe-control-plane pkill -KILL kube-apiserver",
        "docker exec probe-control-plane pkill -KILL kube-controller",
        "kind delete cluster --name probe",
    ]
    assert not cluster.kubeconfig.parent.exists()


def test_one_that_is_kept_is_found_by_its_kubeconfig_and_not_deleted(calls: Path, tmp_path: Path) -> None:
    found = kinds.named(tmp_path / "kubeconfig")
    assert found is not None
    assert found.description == "the kind cluster probe"
    found.stop()
    assert "delete" not in calls.read_text()


def test_one_that_is_not_created_is_deleted(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "kind").write_text(RECORD + '[ "$1" = delete ] || { echo port 80 is taken >&2; exit 1; }\n')
    with pytest.raises(ClusterError, match="port 80 is taken"):
        kinds.make("probe")
    assert "kind delete cluster --name probe" in calls.read_text()


def test_without_an_engine_docker_is_the_reason(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    assert kinds.reason_against() == "no Docker engine answers `docker info`"
