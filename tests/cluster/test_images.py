"""The project's image, looked at from inside a pod as strict as a checker's."""

import pytest
from tests.cluster import pods
from tests.cluster.clusters import Cluster

pytestmark = pytest.mark.cluster

IMPORTS = """
import importlib, importlib.util, pathlib, sys
names = ["speccheck", "cel", "cronsim", "kopf", "kubernetes", "msgspec", "opentelemetry.sdk", "pyseccomp",
         "rich", "tenacity", "typer", "yaml"]
for name in names:
    importlib.import_module(name)
assert importlib.util.find_spec("pip") is None, "pip is in the image"
home = pathlib.Path(importlib.util.find_spec("speccheck").submodule_search_locations[0])
sources = [path for path in home.parent.rglob("*.py")]
missing = [path for path in sources if not pathlib.Path(importlib.util.cache_from_source(path)).exists()]
assert sources and not missing, missing[:3]
print("whole")
"""

FILTER = """
import errno, pyseccomp as seccomp, socket
rules = seccomp.SyscallFilter(seccomp.ALLOW)
rules.add_rule(seccomp.ERRNO(errno.EPERM), "socket", seccomp.Arg(0, seccomp.NE, socket.AF_UNIX))
rules.load()
socket.socket(socket.AF_UNIX).close()
try:
    socket.socket(socket.AF_INET)
except PermissionError:
    print("refused")
"""


@pytest.mark.parametrize(
    ("code", "said"), [(IMPORTS, "whole\n"), (FILTER, "refused\n")], ids=["compiled-whole", "seccomp-filter"]
)
def test_image_is_whole(code: str, said: str, cluster: Cluster, project_image: str, restricted_namespace: str) -> None:
    spec = pods.hardened(project_image, ["python3", "-c", code], memory="256Mi")
    cluster.apply(pods.pod("inside", restricted_namespace, spec))
    ended = pods.finished(cluster, "inside", restricted_namespace)
    log = cluster.kubectl("logs", "inside", f"--namespace={restricted_namespace}")
    assert (ended["exitCode"], log) == (0, said)


def test_image_runs_speccheck_by_itself(cluster: Cluster, project_image: str, restricted_namespace: str) -> None:
    spec = pods.hardened(project_image, [], memory="256Mi")
    del spec["containers"][0]["command"]
    spec["containers"][0]["args"] = ["--help"]
    cluster.apply(pods.pod("help", restricted_namespace, spec))
    ended = pods.finished(cluster, "help", restricted_namespace)
    log = cluster.kubectl("logs", "help", f"--namespace={restricted_namespace}")
    assert ended["exitCode"] == 0, log
    assert "Usage: speccheck" in log
