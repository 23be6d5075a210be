"""A run without a cluster skips its tests loudly, or fails where a cluster is required."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster import finding, images

ONE_TEST = "tests/cluster/test_clusters.py::test_has_a_ready_node_of_a_supported_version"


def _run(bare: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """One test of the cluster in a run of its own, on a machine where no program is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPECCHECK_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", ONE_TEST],
        cwd=images.PROJECT,
        env={**kept, "PATH": str(bare), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_a_cluster_its_tests_are_skipped_loudly(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout
    assert "! NO CLUSTER !" in done.stdout
    assert "1 tests need a cluster and did not run: no Kubernetes cluster: " in done.stdout


def test_without_a_required_cluster_its_tests_fail(tmp_path: Path) -> None:
    done = _run(tmp_path, **{finding.REQUIRE_VARIABLE: "1"})
    assert done.returncode == 1, done.stdout
    assert "1 error" in done.stdout
    assert "no Kubernetes cluster: SPECCHECK_TEST_KUBECONFIG is not set" in done.stdout
