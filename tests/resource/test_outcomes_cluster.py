"""Outcomes of real Jobs: what a kubelet and the Job controller really write when a check ends in each way.

The Jobs are those of the operator, but for what their containers run.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cluster.clusters import Cluster
from tests.resource.bodies import DIGEST, FROM_CONFIG_MAP, SPEC, Body, found, merged, request, run

from speccheck.resource.documents import Document
from speccheck.resource.frames import LOG_LIMIT_BYTES
from speccheck.resource.jobs import Settings, job_body
from speccheck.resource.outcomes import Answered, Failed, Look, NeedsLog, Waiting, answered, outcome_of

pytestmark = pytest.mark.cluster

TIMEOUT_S = 120.0
WELL = "pass"
SLEEP = "import time; time.sleep(300)"
EAT = "x = [bytearray(1 << 20) for _ in range(1000)]"
NOISE = "import random; noise = '%030x' % random.Random(7).getrandbits(8 * 1_100_000)"
ANSWER = f"""{NOISE}
from speccheck.resource.documents import Document
from speccheck.resource.frames import frame
framed = frame(Document("{DIGEST}", "{DIGEST}", ('"' + noise + '"').encode(), ()))
import sys
sys.stdout.buffer.write(framed.log)
open("/dev/termination-log", "wb").write(framed.message)
"""
LARGE = Document(DIGEST, DIGEST, f'"{random.Random(7).getrandbits(8 * 1_100_000):030x}"'.encode(), ())


class Jobs:
    """Makes Jobs like the operator's in one namespace, and says what has become of them."""

    def __init__(self, cluster: Cluster, namespace: str, image: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.image = image

    def make(self, capture: str, check: str, *, image: str = "", spec: Body | None = None, **pod: Any) -> str:
        """Makes a Job whose stages run this Python; gives its name."""
        asked = request(spec or {}, namespace=self.namespace)
        body = job_body(asked, run(asked), found(asked), Settings(image or self.image), 1)
        del body["metadata"]["ownerReferences"]
        template = body["spec"]["template"]["spec"]
        for container, code in ((template["initContainers"][0], capture), (template["containers"][0], check)):
            container |= {"command": ["python3", "-c", code], "args": []}
            container["resources"]["limits"] |= pod.pop("limits", {})
        template |= pod
        self.cluster.apply(body)
        return str(body["metadata"]["name"])

    def read(self, name: str) -> tuple[Body, list[Body]]:
        where = f"--namespace={self.namespace}"
        job = self.cluster.read("job", name, where)
        return job, self.cluster.read("pods", where, f"--selector=batch.kubernetes.io/job-name={name}")["items"]

    def outcome(self, name: str) -> Waiting | NeedsLog | Failed:
        return outcome_of(*self.read(name), Look(datetime.now(UTC), timedelta(minutes=2)))

    def end(self, name: str) -> NeedsLog | Failed:
        """How it ended."""

        def ended() -> NeedsLog | Failed | None:
            outcome = self.outcome(name)
            return None if isinstance(outcome, Waiting) else outcome

        outcome = self.cluster.wait(f"the end of Job {name}", ended, TIMEOUT_S)
        assert isinstance(outcome, NeedsLog | Failed)
        return outcome

    def wait_for(self, name: str, reason: str) -> Waiting:
        def waiting() -> Waiting | None:
            outcome = self.outcome(name)
            return outcome if isinstance(outcome, Waiting) and outcome.reason == reason else None

        return self.cluster.wait(f"Job {name} to wait with reason {reason}", waiting, TIMEOUT_S)


@pytest.fixture
def jobs(cluster: Cluster, restricted_namespace: str, project_image: str) -> Jobs:
    return Jobs(cluster, restricted_namespace, project_image)


def test_a_large_report_arrives_whole(jobs: Jobs) -> None:
    name = jobs.make(WELL, ANSWER)
    needs = jobs.end(name)
    assert isinstance(needs, NeedsLog)
    log = jobs.cluster.kubectl(
        "logs", needs.pod, "--container=check", f"--namespace={jobs.namespace}", f"--limit-bytes={LOG_LIMIT_BYTES + 1}"
    ).encode()
    assert len(log) > 1_000_000
    _, (pod,) = jobs.read(name)
    assert answered(log, pod, DIGEST) == Answered(LARGE)
    for spoilt in (log[:-4000], log[4000:], b"warning\n" + log, log.replace(b"A", b"B", 1)):
        lost = answered(spoilt, pod, DIGEST)
        assert isinstance(lost, Failed)
        assert (lost.reason, lost.retry) == ("ReportLost", True)


def failure(jobs: Jobs, name: str) -> tuple[str, str, bool]:
    outcome = jobs.end(name)
    assert isinstance(outcome, Failed), outcome
    return outcome.stage, outcome.reason, outcome.retry


CASES: dict[str, tuple[Callable[[Jobs], str], tuple[str, str, bool]]] = {
    "check out of memory": (
        lambda jobs: jobs.make(WELL, EAT, spec={"podTemplate": {"resources": {"limits": {"memory": "64Mi"}}}}),
        ("check", "OutOfMemory", False),
    ),
    "capture out of memory": (
        lambda jobs: jobs.make(EAT, WELL, spec={"podTemplate": {"resources": {"limits": {"memory": "64Mi"}}}}),
        ("capture", "CaptureOutOfMemory", False),
    ),
    "capture overdue": (
        lambda jobs: jobs.make(SLEEP, WELL, activeDeadlineSeconds=4),
        ("capture", "CaptureTimedOut", False),
    ),
    "check overdue": (
        lambda jobs: jobs.make(WELL, SLEEP, activeDeadlineSeconds=6),
        ("check", "CheckTimedOut", False),
    ),
    "check crashed": (lambda jobs: jobs.make(WELL, "import os; os.abort()"), ("check", "CheckFailed", True)),
    "no such image name": (
        lambda jobs: jobs.make(WELL, WELL, image="Not An Image"),
        ("", "ImagePullFailed", False),
    ),
    "too much disk": (
        lambda jobs: jobs.make(WELL, "print('x' * 90_000_000); import time; time.sleep(120)"),
        ("", "StorageExceeded", False),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_end_has_its_reason(jobs: Jobs, case: str) -> None:
    make, expected = CASES[case]
    assert failure(jobs, make(jobs)) == expected


def test_an_image_that_is_not_there_is_waited_for_at_first(jobs: Jobs) -> None:
    waiting = jobs.wait_for(jobs.make(WELL, WELL, image="localhost:1/none:1"), "ImagePullFailed")
    assert "ErrImagePull" in waiting.message or "ImagePullBackOff" in waiting.message


def test_a_node_that_is_not_there_is_waited_for(jobs: Jobs) -> None:
    name = jobs.make(WELL, WELL, spec={"podTemplate": {"nodeSelector": {"no": "such-node"}}})
    assert "available" in jobs.wait_for(name, "Unschedulable").message


def test_an_evicted_pod_is_tried_again(jobs: Jobs) -> None:
    name = jobs.make(WELL, SLEEP)
    running = jobs.cluster.wait("a running pod", lambda: _running(jobs, name), TIMEOUT_S)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": running, "namespace": jobs.namespace},
    }
    path = f"/api/v1/namespaces/{jobs.namespace}/pods/{running}/eviction"
    jobs.cluster.kubectl("create", f"--raw={path}", "--filename=-", text=json.dumps(eviction))
    _, reason, retry = failure(jobs, name)
    assert reason in ("Evicted", "ReportLost"), "the pod may be gone before it is read"
    assert retry


def _running(jobs: Jobs, name: str) -> str | None:
    _, pods = jobs.read(name)
    return next((str(pod["metadata"]["name"]) for pod in pods if pod["status"]["phase"] == "Running"), None)


def test_a_config_map_that_went_away_keeps_the_pod_from_starting(jobs: Jobs) -> None:
    name = jobs.make(WELL, WELL, spec=FROM_CONFIG_MAP["spec"])
    jobs.wait_for(name, "CheckStarted")
    data = {"dns_balancer.py": SPEC, "dns.py": "x = 1\n"}
    source = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dns-spec", "namespace": jobs.namespace}}
    jobs.cluster.apply(merged(source, {"data": data}))
    assert isinstance(jobs.end(name), NeedsLog)


LOOK = """
import os, pathlib
names = sorted(os.listdir("/source"))
files = {n: pathlib.Path("/source", n).read_text() for n in names if not n.startswith(".")}
assert files == {"_a-.py": "", "dns_balancer.py": "é = 1\\n\\n# $(HOME)\\n"}, files
assert os.getuid() == 65532
for path in ("/source/x", "/x", "/tmp/x"):
    try:
        open(path, "w")
    except OSError:
        continue
    raise SystemExit(f"{path} can be written")
open("/model/model.json", "w").write("{}")
try:
    open("/model/large", "w").write("x" * (64 << 20))
except OSError:
    os.unlink("/model/large")
else:
    raise SystemExit("/model has no limit")
assert not os.path.exists("/var/run/secrets/kubernetes.io")
"""
LOOK_AGAIN = """
import os
assert open("/model/model.json").read() == "{}"
assert not os.path.exists("/source")
try:
    open("/model/x", "w")
except OSError:
    raise SystemExit(0)
raise SystemExit("/model can be written")
"""


def test_the_stages_see_the_files_as_they_were_written_and_can_change_nothing(jobs: Jobs) -> None:
    files = {"dns_balancer.py": "é = 1\n\n# $(HOME)\n", "_a-.py": ""}
    outcome = jobs.end(jobs.make(LOOK, LOOK_AGAIN, spec={"source": {"inline": {"files": files}}}))
    assert isinstance(outcome, NeedsLog), outcome
