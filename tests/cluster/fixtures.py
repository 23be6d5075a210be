"""The cluster as pytest fixtures, for every test that is marked `cluster`; tests/conftest.py makes them known.

What takes minutes the first time is built before the first test, outside the tests' own time limits. Where there is no
cluster those tests are skipped and the run says so at its end, or fail where SPECCHECK_REQUIRE_CLUSTER=1.
"""

import secrets
from collections.abc import Iterator

import pytest
from tests.cluster import finding
from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError, UnavailableError

MARK = "cluster"

_way = pytest.StashKey[finding.Way | ClusterError]()
_count = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers, all tests of the cluster go to one of them (with --dist loadgroup)."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if item.get_closest_marker(MARK):
                item.add_marker(pytest.mark.xdist_group(MARK))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find the way to a cluster, and prepare it, if any test of this run wants one."""
    config = session.config
    count = sum(1 for item in session.items if item.get_closest_marker(MARK))
    config.stash[_count] = count
    if not count or config.option.collectonly or session.testsfailed:
        return
    try:
        way = finding.find()
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"cluster: {way.name}")
        way.prepare()
        config.stash[_way] = way
    except ClusterError as error:
        config.stash[_way] = error


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly that the cluster's tests did not run."""
    way = config.stash.get(_way, None)
    if isinstance(way, UnavailableError):
        terminalreporter.section("NO CLUSTER", sep="!", red=True, bold=True)
        terminalreporter.line(f"{config.stash[_count]} tests need a cluster and did not run: {way}", red=True)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running cluster, one for the whole run, taken down at its end if it was made for it."""
    way = request.config.stash.get(_way, None)
    if isinstance(way, UnavailableError) and not finding.required():
        pytest.skip(str(way))
    if isinstance(way, ClusterError):
        pytest.fail(str(way), pytrace=False)
    if way is None:
        pytest.fail(f"a test that uses the cluster has to be marked: @pytest.mark.{MARK}", pytrace=False)
    opened = way.open(False)
    try:
        yield opened
    finally:
        opened.stop()


@pytest.fixture(scope="session")
def project_image(cluster: Cluster) -> str:
    """The full name of the project's image, built from this checkout and loaded into the cluster."""
    return cluster.project_image()


@pytest.fixture
def restricted_namespace(cluster: Cluster) -> Iterator[str]:
    """A fresh namespace at the restricted Pod Security level, deleted afterwards with all that is in it."""
    name = f"test-{secrets.token_hex(4)}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    account = f"the service account of namespace {name}"
    cluster.wait(account, lambda: cluster.read("serviceaccount", "default", f"--namespace={name}"), timeout_s=30)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")
