"""manifests/prometheus on a real cluster with the Prometheus operator's kinds: applied, and taken as written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.cluster import finding
from tests.cluster.clusters import Cluster
from tests.prometheus.definitions import KINDS, definitions

MANIFESTS = Path(__file__).parents[2] / "manifests" / "prometheus"
NAMESPACE = "speccheck-system"

pytestmark = pytest.mark.cluster


@pytest.fixture
def monitored(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with those kinds, and the namespace that the operator is installed in."""
    if shutil.which("go") is None:
        unavailable = pytest.fail if finding.required() else pytest.skip
        unavailable("Go is not installed, and the Prometheus operator's kinds come as a Go module")
    directory = definitions()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.kubectl("apply", "--server-side", f"--filename={directory}")
    try:
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=120s", f"--filename={directory}")
        cluster.kubectl("apply", "--server-side", "--filename=-", text=yaml.safe_dump(namespace))
        yield cluster
    finally:
        cluster.kubectl("delete", "--wait=false", f"--filename={directory}")


def test_the_manifests_are_taken_as_they_are_written(monitored: Cluster) -> None:
    applied = monitored.kubectl("apply", "--validate=strict", "-k", MANIFESTS).splitlines()
    assert len(applied) == len(KINDS)
    for file, kind in (("podmonitor.yaml", "podmonitor"), ("rules.yaml", "prometheusrule")):
        written = yaml.safe_load((MANIFESTS / file).read_text())
        there = monitored.read(kind, written["metadata"]["name"], f"--namespace={NAMESPACE}")
        assert there["spec"] == written["spec"]
    monitored.kubectl("delete", "-k", MANIFESTS)
