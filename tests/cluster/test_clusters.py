"""The cluster does what the tests rely on: it runs hardened pods of the project's image and tells how they ended."""

import pytest
from tests.cluster import pods
from tests.cluster.clusters import Cluster, GivenCluster
from tests.cluster.errors import ClusterError

pytestmark = pytest.mark.cluster

HARDENED = """
import os, pathlib
assert os.getuid() == 65532, os.getuid()
assert not pathlib.Path("/var/run/secrets/kubernetes.io").exists(), "there is a token"
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
assert int(status["CapBnd"], 16) == 0, status["CapBnd"]
assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
try:
    open("/tmp/written", "w")
except OSError as error:
    print("refused:", error.strerror)
open("/dev/termination-log", "w").write("the last word")
"""

API = """
import json, os, ssl, urllib.request
place = "/var/run/secrets/kubernetes.io/serviceaccount/"
host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
request = urllib.request.Request(
    f"https://{host}:{port}/apis/authentication.k8s.io/v1/selfsubjectreviews",
    data=json.dumps(review).encode(),
    headers={"Authorization": "Bearer " + open(place + "token").read(), "Content-Type": "application/json"},
)
context = ssl.create_default_context(cafile=place + "ca.crt")
answer = json.load(urllib.request.urlopen(request, context=context, timeout=10))
print(answer["status"]["userInfo"]["username"])
"""


def test_has_a_ready_node_of_a_supported_version(cluster: Cluster) -> None:
    info = cluster.read("nodes")["items"][0]["status"]["nodeInfo"]
    major, minor = info["kubeletVersion"].removeprefix("v").split(".")[:2]
    assert (int(major), int(minor)) >= (1, 32)


def test_runs_a_hardened_job_to_its_end(cluster: Cluster, project_image: str, restricted_namespace: str) -> None:
    spec = pods.hardened(project_image, ["python3", "-c", HARDENED])
    cluster.apply(pods.job("hardened", restricted_namespace, spec))
    selection = [f"--namespace={restricted_namespace}", "--selector=job-name=hardened"]
    name = cluster.wait("the Job's pod", lambda: cluster.read("pods", *selection)["items"], 120)[0]["metadata"]["name"]
    ended = pods.finished(cluster, name, restricted_namespace)
    log = cluster.kubectl("logs", name, f"--namespace={restricted_namespace}")
    assert (ended["exitCode"], log) == (0, "refused: Read-only file system\n")
    assert ended["message"] == "the last word"
    job = cluster.wait("the Job to be done", lambda: _succeeded(cluster, "hardened", restricted_namespace), 120)
    assert job == 1


def test_refuses_a_pod_below_the_restricted_level(
    cluster: Cluster, project_image: str, restricted_namespace: str
) -> None:
    spec = pods.hardened(project_image, ["python3", "-c", ""])
    del spec["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        cluster.apply(pods.pod("lax", restricted_namespace, spec))


def test_tells_that_a_pod_used_too_much_memory(cluster: Cluster, project_image: str, restricted_namespace: str) -> None:
    greedy = pods.hardened(project_image, ["python3", "-c", "print(len(b'x' * (200 << 20)))"], memory="64Mi")
    cluster.apply(pods.pod("greedy", restricted_namespace, greedy))
    ended = pods.finished(cluster, "greedy", restricted_namespace)
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_gives_a_pod_its_service_account_at_the_api(
    cluster: Cluster, project_image: str, restricted_namespace: str
) -> None:
    spec = {**pods.hardened(project_image, ["python3", "-c", API]), "automountServiceAccountToken": True}
    cluster.apply(pods.pod("client", restricted_namespace, spec))
    ended = pods.finished(cluster, "client", restricted_namespace)
    log = cluster.kubectl("logs", "client", f"--namespace={restricted_namespace}")
    assert ended["exitCode"] == 0, log
    assert log == f"system:serviceaccount:{restricted_namespace}:default\n"


def test_outlives_a_killed_api_server(cluster: Cluster, restricted_namespace: str) -> None:
    if isinstance(cluster, GivenCluster):
        pytest.skip(f"{cluster.description} is not this harness's to kill the API server of")
    metadata = {"name": "kept", "namespace": restricted_namespace}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"answer": "42"}})
    cluster.restart_apiserver()
    kept = cluster.read("configmap", "kept", f"--namespace={restricted_namespace}")
    assert kept["data"] == {"answer": "42"}
    cluster.wait_until_usable()


def _succeeded(cluster: Cluster, name: str, namespace: str) -> int | None:
    succeeded: int | None = cluster.read("job", name, f"--namespace={namespace}")["status"].get("succeeded")
    return succeeded
