"""Where there is no cluster, the reasons are told; a given one comes before all others."""

from pathlib import Path

import pytest
from tests.cluster import finding
from tests.cluster.errors import ClusterError, UnavailableError


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no program at all."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(finding.KUBECONFIG_VARIABLE, raising=False)


@pytest.mark.usefixtures("bare_machine")
def test_every_way_that_is_closed_has_its_reason() -> None:
    with pytest.raises(UnavailableError) as caught:
        finding.find()
    said = str(caught.value)
    assert said.startswith(
        "no Kubernetes cluster: SPECCHECK_TEST_KUBECONFIG is not set; by kind: kind is not installed;"
    )
    assert "it needs Go 1.24 or later, to build Kubernetes; buildah, containerd, ctr, debootstrap, etcd" in said
    assert "tests/cluster/packages.sh installs them on Debian" in said


@pytest.mark.usefixtures("bare_machine")
def test_a_given_kubeconfig_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing"
    monkeypatch.setenv(finding.KUBECONFIG_VARIABLE, str(missing))
    way = finding.find()
    assert way.name == f"the cluster of {missing}"
    with pytest.raises(ClusterError, match=f"there is no kubeconfig {missing}"):
        way.open(False)


@pytest.mark.parametrize(("value", "required"), [("1", True), ("0", False), ("", False), (None, False)])
def test_required_by_the_environment(value: str | None, required: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(finding.REQUIRE_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(finding.REQUIRE_VARIABLE, value)
    assert finding.required() is required
