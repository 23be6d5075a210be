"""The operator installed once for the whole run, from manifests/, as users install it; and namespaces to use it in."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.cluster.clusters import Cluster
from tests.cluster.commands import run
from tests.cluster.errors import ClusterError
from tests.e2e.places import Place, operator_log

TOP = Path(__file__).parents[2]
SYSTEM = "speccheck-system"
INSTALL_TIMEOUT_S = 240.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it needs a cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def installed(cluster: Cluster, project_image: str) -> Cluster:
    """The cluster with the operator ready in it."""
    path = f"{cluster.program.parent}:{os.environ['PATH']}"
    environment = {**cluster.environment(), "IMAGE": project_image, "PATH": path}
    try:
        run(["sh", TOP / "manifests" / "deploy.sh"], timeout_s=INSTALL_TIMEOUT_S, env=environment)
    except ClusterError as error:
        raise ClusterError(f"{error}\n{operator_log(cluster)}\n{cluster.diagnosis()}") from error
    return cluster


@contextmanager
def namespace(cluster: Cluster) -> Iterator[Place]:
    name = f"e2e-{secrets.token_hex(4)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    try:
        yield Place(cluster, name)
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def place(installed: Cluster) -> Iterator[Place]:
    """A fresh namespace at the restricted level, served by the installed operator."""
    with namespace(installed) as made:
        yield made


@pytest.fixture(scope="module")
def shared_place(installed: Cluster) -> Iterator[Place]:
    """One for all tests of a module."""
    with namespace(installed) as made:
        yield made


@pytest.fixture
def away(installed: Cluster) -> Iterator[Cluster]:
    """The cluster with the installed operator gone for a while, so that a test may run its own."""
    _scale(installed, 0)
    try:
        yield installed
    finally:
        _scale(installed, 1)


@pytest.fixture
def scaled(installed: Cluster) -> Iterator[Callable[[int], None]]:
    """A way to run so many operators; one again at the end."""
    try:
        yield lambda replicas: _scale(installed, replicas)
    finally:
        _scale(installed, 1)


@pytest.fixture
def own_place(away: Cluster) -> Iterator[Place]:
    """A fresh namespace that nobody serves."""
    with namespace(away) as made:
        yield made


@pytest.fixture
def more_places(away: Cluster) -> Iterator[Callable[[], Place]]:
    """A way to as many fresh namespaces that nobody serves as a test wants."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(namespace(away))


def _scale(cluster: Cluster, replicas: int) -> None:
    at = f"--namespace={SYSTEM}"
    cluster.kubectl("scale", "deployment/speccheck-operator", f"--replicas={replicas}", at)

    def settled() -> bool:
        pods = cluster.read("pods", at)["items"]
        ready = [pod for pod in pods if _is_ready(pod)]
        return len(pods) == len(ready) == replicas

    try:
        cluster.wait(f"{replicas} operators to be ready", settled, 120)
    except ClusterError as error:
        raise ClusterError(f"{error}\n{cluster.kubectl('describe', 'pods', at)}") from error


def _is_ready(pod: dict) -> bool:  # type: ignore[type-arg]
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
