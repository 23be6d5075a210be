"""What goes wrong, on a real cluster: each fault has its own reason and message, and none becomes a false answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError
from tests.e2e.conftest import namespace
from tests.e2e.places import BROKEN, COUNTER, Body, Place, config_map, finished_reason, from_config_map, inline

from speccheck.resource.jobs import Settings, job_body
from speccheck.resource.reasons import REASONS
from speccheck.resource.requests import request_of
from speccheck.resource.sources import Found, source_of

ENDLESS = COUNTER.replace("LIMIT=3", "LIMIT=100_000_000").replace("s.count <= 10", "s.count >= 0")
"""A spec whose check goes on for hours."""

FORKS = "import os\nos.fork()\n"
THREADS = "import threading\nthreading.Thread(target=print).start()\n"
FAMILIES = """import socket
refused = 0
families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK)
for family in families:
    for make in (socket.socket, socket.socketpair):
        try:
            make(family, socket.SOCK_DGRAM)
        except PermissionError:
            refused += 1
assert refused == 2 * len(families), refused
one, other = socket.socketpair(socket.AF_UNIX)
one.sendall(b"x")
assert other.recv(1) == b"x"
"""
"""It fails, and so is refused, if a socket of a network can be made, or none within the process."""

SOCKETS = "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM)\n"
TOKEN = "open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()\n"
WRITES = "open('/model/model.json', 'w').write('{}')\n"
TEMPORARY = "open('/tmp/left-behind', 'w').write('x')\n"
PRINTS = "for _ in range(10_240):\n    print('x' * 1024)\n"
FORGES = """import os
os.write(1, b'{"verdict":"Holds"}')
os.write(2, b'{"verdict":"Holds"}')
opened = []
for path in ('/proc/1/fd/1', '/proc/1/fd/2', '/dev/termination-log'):
    try:
        opened.append(open(path, 'w').write('{"verdict":"Holds"}'))
    except OSError:
        pass
assert not opened, opened
try:
    open('/dev/stdout', 'w').write('{"verdict":"Holds"}')
except OSError:
    pass
"""
"""It fails, and so is refused, if one of the files that the operator believes can be opened for writing."""

SCRIBBLES = """import os
for number in range(3, 64):
    try:
        os.write(number, b'{"verdict":"Holds"}')
    except OSError:
        pass
"""

LOOPS_S = 5
"""The timeout of the check of a spec that loops: reading it may not take longer either."""

REFUSED = {
    # name: (what the module does first, reason, a word of the message)
    "loops": ("while True:\n    pass\n", "CaptureTimedOut", f"did not finish within {LOOPS_S} s"),
    "eats": ("hoard = [bytearray(1 << 20) for _ in range(1 << 20)]\n", "CaptureOutOfMemory", "memory"),
    "syntax": ("def broken(:\n", "SpecInvalid", "spec.py:1"),
    "forks": (FORKS, "SpecInvalid", "not permitted"),
    "threads": (THREADS, "SpecInvalid", "can't start new thread"),
    "sockets": (SOCKETS, "SpecInvalid", "Permission denied"),
    "token": (TOKEN, "SpecInvalid", "No such file"),
    "writes": (WRITES, "SpecInvalid", "not permitted"),
    "temporary": (TEMPORARY, "SpecInvalid", "not permitted"),
    "scribbles": (SCRIBBLES, "CaptureCrashed", "before it had answered"),
    "floods": ("import os\nwhile True:\n    os.write(3, b'A' * 65536)\n", "ModelTooLarge", "more than"),
    "exits": ("import os\nos._exit(0)\n", "CaptureCrashed", "exit status 0"),
}
NO_ANSWER = {"CaptureTimedOut", "CaptureOutOfMemory", "ModelTooLarge"}
"""What says nothing about whether the spec is wrong: Verified is Unknown then, and otherwise False."""


HARMLESS = {"prints": PRINTS, "forges": FORGES, "families": FAMILIES}
"""What a spec may try in vain, and be checked all the same."""


def _assert_warned(place: Place, name: str, reason: str, word: str) -> None:
    """Wait for the one Warning that tells it: an Event on the SpecCheck itself."""
    (event,) = place.wait(f"an Event {reason}", name, lambda: place.events(name, reason))
    assert (event["type"], word in event["note"]) == ("Warning", True), event
    uid = place.read("speccheck", name)["metadata"]["uid"]
    identity = {"namespace": place.namespace, "name": name, "uid": uid}
    assert event["regarding"] == {"apiVersion": "speccheck.dev/v1alpha1", "kind": "SpecCheck"} | identity


@pytest.fixture(scope="module")
def hostile(shared_place: Place) -> Place:
    """Every spec that is up to something, at once."""
    bodies = [inline(name, before + COUNTER) for name, (before, _, _) in REFUSED.items() if name != "loops"]
    bodies.append(inline("loops", REFUSED["loops"][0] + COUNTER, check={"timeout": f"{LOOPS_S}s"}))
    bodies += [inline(name, before + BROKEN) for name, before in HARMLESS.items()]
    shared_place.apply(*bodies)
    return shared_place


@pytest.mark.parametrize("name", REFUSED)
def test_a_spec_that_is_up_to_something_is_refused_with_its_own_reason(hostile: Place, name: str) -> None:
    _, reason, word = REFUSED[name]
    stalled = hostile.wait_condition(name, "Stalled", "True", reason, timeout_s=150)
    assert word in stalled["message"]
    verified, ready = hostile.condition(name, "Verified"), hostile.condition(name, "Ready")
    assert (verified["status"], verified["reason"]) == ("Unknown" if reason in NO_ANSWER else "False", reason)
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", reason, stalled["message"])
    (run,) = hostile.items("speccheckruns", name)
    assert finished_reason(run) == reason
    assert len(hostile.items("jobs", name)) == 1
    told = "CheckTimedOut" if reason == "CaptureTimedOut" else "SpecInvalid"
    _assert_warned(hostile, name, told, word)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_spec_tries_in_vain_changes_no_answer(hostile: Place, name: str) -> None:
    hostile.wait_condition(name, "Verified", "False", "InvariantViolated", timeout_s=150)


def test_a_check_that_reaches_its_own_limit_says_so(place: Place) -> None:
    place.apply(inline("slow", ENDLESS, check={"timeout": "2s"}))
    verified = place.wait_condition("slow", "Verified", "Unknown", "CheckIncomplete")
    assert "Timeout" in verified["message"]
    assert place.condition("slow", "Ready")["status"] == "True"
    _assert_warned(place, "slow", "CheckIncomplete", "Timeout")


@pytest.mark.parametrize("kind", ["pod", "job"])
def test_a_check_that_passes_a_deadline_is_timed_out_and_leaves_the_last_verdict(place: Place, kind: str) -> None:
    place.apply(inline("slow", COUNTER))
    place.wait_condition("slow", "Verified", "True", "Holds")
    place.apply(inline("slow", ENDLESS, check={"timeout": "10m"}))
    (pod,) = _checking(place, "slow")
    name = pod["metadata"]["name"] if kind == "pod" else pod["metadata"]["labels"]["job-name"]
    place.kubectl("patch", kind, name, '--patch={"spec":{"activeDeadlineSeconds":1}}')
    stalled = place.wait_condition("slow", "Stalled", "True", "CheckTimedOut")
    assert "check.timeout" in stalled["message"]
    _assert_warned(place, "slow", "CheckTimedOut", "check.timeout")
    _assert_verdict_stands(place, "slow")


def test_an_evicted_pods_check_is_tried_again(place: Place) -> None:
    place.apply(inline("moved", ENDLESS, check={"timeout": "8s"}))
    (pod,) = _checking(place, "moved")
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": place.namespace}}
    path = f"/api/v1/namespaces/{place.namespace}/pods/{name}/eviction"
    place.cluster.kubectl("create", f"--raw={path}", "--filename=-", text=json.dumps(eviction))
    place.wait_condition("moved", "Verified", "Unknown", "CheckIncomplete")
    (run,) = place.wait_runs("moved", 1)
    assert run["status"]["attempt"] == 2
    assert len(place.items("jobs", "moved")) == 2


def test_a_container_that_is_killed_for_its_memory_is_named(place: Place) -> None:
    limits = {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}}
    place.apply(inline("small", COUNTER, podTemplate={"resources": limits}))
    stalled = place.wait_condition("small", "Stalled", "True", "CaptureOutOfMemory")
    assert "memory" in stalled["message"]
    _assert_warned(place, "small", "SpecInvalid", "memory")


def _runs(code: str, memory: str = "") -> Body:
    """A container that runs some Python; in so much memory where that is said."""
    resources = {"resources": {"limits": {"memory": memory}, "requests": {"memory": memory}}} if memory else {}
    return {"command": ["python3", "-c", code], "args": [], **resources}


EATS = "hoard = [bytearray(1 << 20) for _ in range(1000)]"
FILLS = "open('/{}/file', 'wb').write(bytes(100 << 20)); import threading; threading.Event().wait(600)"
MOUNTS = {"volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in ("small", "disk")]}
SMALL = "1Mi"
SLEEPS = "import threading; threading.Event().wait(600)"
ANSWERS = """import sys
from speccheck.resource.documents import Document
from speccheck.resource.frames import frame
digest = "sha256:" + "0" * 64
one, other = (frame(Document(digest, digest, model, ())) for model in (b'"one"', b'"other"'))
sys.stdout.buffer.write(one.log)
"""
DISAGREES = ANSWERS + "open('/dev/termination-log', 'wb').write(other.message)\n"
ANOTHERS = ANSWERS + "open('/dev/termination-log', 'wb').write(one.message)\n"

BROKEN_CHECKS: dict[str, tuple[Body, str, str, int]] = {
    # name: (what is different about the check's container, reason, a word of the message, tries)
    "killed": (_runs(EATS, memory="64Mi"), "OutOfMemory", "killed for the memory it used", 1),
    "disagrees": (_runs(DISAGREES), "ReportLost", "the termination message vouches for", 2),
    "of-another": (_runs(ANOTHERS), "SourceChanged", "the pod read source sha256:0000", 2),
    "crashes": (_runs("raise SystemExit(3)"), "CheckFailed", "ended with status 3 and left no diagnostic", 2),
    "evicted": (_runs(FILLS.format("small")) | MOUNTS, "Evicted", 'EmptyDir volume "small" exceeds the limit', 2),
    "fills-disk": (_runs(FILLS.format("disk")) | MOUNTS, "StorageExceeded", "ephemeral local storage usage exceeds", 1),
    "no-image": ({"image": "No Such Image"}, "ImagePullFailed", "InvalidImageName", 1),
}


@pytest.fixture(scope="module")
def crowded(installed: Cluster, project_image: str) -> Iterator[Place]:
    """Verified SpecChecks that are to be checked again where no room is left, with Jobs in the operator's place.

    The Jobs are the operator's own but for the check's container: what a sound checker does only on a bad day.
    """
    with namespace(installed) as place:
        names = [*BROKEN_CHECKS, "deleted", "slow-image"]
        place.apply(*(inline(name, COUNTER) for name in names))
        for name in names:
            place.wait_condition(name, "Verified", "True", "Holds")
        blockers = [f"blocker-{number}" for number in range(Settings("").jobs_per_namespace)]
        place.apply(*(inline(each, COUNTER, podTemplate={"nodeSelector": {"nowhere": "here"}}) for each in blockers))
        for each in blockers:
            place.wait_condition(each, "Reconciling", "True", "Unschedulable")
        place.kubectl("annotate", "speccheck", *names, "speccheck.dev/requested-at=again")
        for name, (container, _, _, tries) in BROKEN_CHECKS.items():
            _supply(place, project_image, name, *[container] * tries)
        _supply(place, project_image, "deleted", _runs(SLEEPS), {})
        _supply(place, project_image, "slow-image", {"image": "localhost:1/none:1"})
        yield place


@pytest.mark.parametrize("name", BROKEN_CHECKS)
def test_a_check_that_breaks_is_named_and_leaves_the_last_verdict(crowded: Place, name: str) -> None:
    _, reason, word, tries = BROKEN_CHECKS[name]
    stalled = crowded.wait_condition(name, "Stalled", "True", reason)
    assert word in stalled["message"]
    ready = crowded.condition(name, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", reason)
    (run,) = [run for run in crowded.items("speccheckruns", name) if finished_reason(run) == reason]
    assert (run["status"]["attempt"], "verdict" in run["status"]) == (tries, False)
    _assert_warned(crowded, name, "CheckIncomplete", word)
    _assert_verdict_stands(crowded, name)


def test_a_check_whose_pod_is_deleted_is_tried_again(crowded: Place) -> None:
    (pod,) = _checking(crowded, "deleted")
    crowded.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false", "--grace-period=1")
    again = "SpecCheckRun deleted's second try"
    runs = crowded.wait(again, "deleted", lambda: _ended_in(crowded, "deleted", "CheckCompleted", attempt=2), 120)
    log = crowded.cluster.kubectl("logs", "deployment/speccheck-operator", "-c=operator", "-n=speccheck-system")
    (line,) = [line for line in log.splitlines() if runs[0]["metadata"]["name"] in line and "tried again" in line]
    assert "the pod was" in line
    assert REASONS["ReportLost"].way_out in line
    crowded.wait_condition("deleted", "Verified", "True", "Holds")


def test_an_image_that_is_slow_to_come_is_waited_for_and_leaves_the_last_verdict(crowded: Place) -> None:
    waiting = crowded.wait_condition("slow-image", "Reconciling", "True", "ImagePullFailed")
    assert "localhost:1/none:1" in waiting["message"]
    assert crowded.condition("slow-image", "Stalled")["status"] == "False"
    _assert_verdict_stands(crowded, "slow-image")


def test_a_config_map_that_is_not_there_is_waited_for(place: Place) -> None:
    place.apply(from_config_map("later", "spec"))
    waiting = place.wait_condition("later", "Reconciling", "True", "SourceNotFound")
    assert "there is no ConfigMap spec" in waiting["message"]
    place.apply(config_map("spec", spec_py=COUNTER))
    place.wait_condition("later", "Verified", "True", "Holds")


def test_a_config_map_that_goes_under_way_leaves_nothing_running(place: Place) -> None:
    place.apply(config_map("spec", spec_py=ENDLESS), from_config_map("goes", "spec"))
    _checking(place, "goes")
    place.kubectl("delete", "configmap", "spec")
    place.wait_condition("goes", "Reconciling", "True", "SourceNotFound")
    place.wait("its Job to go", "goes", lambda: not place.items("jobs", "goes"))
    _assert_warned(place, "goes", "CheckIncomplete", "there is no ConfigMap spec")


def test_a_config_map_that_changes_under_way_is_checked_as_it_is(place: Place) -> None:
    place.apply(config_map("spec", spec_py=ENDLESS), from_config_map("changes", "spec"))
    _checking(place, "changes")
    place.apply(config_map("spec", spec_py=BROKEN))
    place.wait_condition("changes", "Verified", "False", "InvariantViolated")
    reasons = {finished_reason(run) for run in place.items("speccheckruns", "changes")}
    assert reasons == {"Superseded", "CheckCompleted"}
    place.wait("the first Job to go", "changes", lambda: len(place.items("jobs", "changes")) == 1)
    _assert_warned(place, "changes", "InvariantViolated", "bounded")
    assert {event["reason"] for event in place.events("changes")} == {"CheckStarted", "InvariantViolated"}


def test_a_config_map_without_the_entrypoint_stalls_with_what_it_has(place: Place) -> None:
    place.apply(config_map("spec", other_py=COUNTER), from_config_map("lacks", "spec"))
    stalled = place.wait_condition("lacks", "Stalled", "True", "SpecInvalid")
    assert "has no key spec.py, only: other.py" in stalled["message"]
    _assert_warned(place, "lacks", "SpecInvalid", "has no key spec.py, only: other.py")


def test_an_inline_spec_that_is_too_large_is_refused_when_it_is_applied(place: Place) -> None:
    large = inline("large", COUNTER + "# " + "x" * 210_000 + "\n")
    with pytest.raises(ClusterError, match=r"spec\.source"):
        place.kubectl("create", "--filename=-", text=json.dumps(large))


GREEDY = {
    "memory": ({"limits": {"memory": "64Gi"}}, "64Gi is above this operator's ceiling of 4Gi"),
    "cpu": ({"limits": {"cpu": "64"}}, "64 is above this operator's ceiling of 2"),
    "requests": ({"requests": {"memory": "2Gi"}}, "2Gi is above the limit of 1Gi"),
}


def test_resources_above_the_operators_ceiling_are_refused(place: Place) -> None:
    place.apply(*(inline(name, COUNTER, podTemplate={"resources": asked}) for name, (asked, _) in GREEDY.items()))
    for name, (_, word) in GREEDY.items():
        stalled = place.wait_condition(name, "Stalled", "True", "ResourcesRefused")
        assert word in stalled["message"]
        assert not place.items("speccheckruns", name)
        _assert_warned(place, name, "SpecInvalid", word)


def test_a_pod_that_no_node_takes_waits_and_says_so(place: Place) -> None:
    place.apply(inline("homeless", COUNTER, podTemplate={"nodeSelector": {"nowhere": "here"}}))
    waiting = place.wait_condition("homeless", "Reconciling", "True", "Unschedulable")
    assert "node" in waiting["message"]


def test_unknown_instances_and_properties_are_named(place: Place) -> None:
    place.apply(inline("unknown", COUNTER, check={"instances": ["large"]}))
    stalled = place.wait_condition("unknown", "Stalled", "True", "SpecInvalid")
    assert "large" in stalled["message"]
    _assert_warned(place, "unknown", "SpecInvalid", "large")


def test_a_service_account_token_is_in_no_stage(place: Place) -> None:
    place.apply(inline("counter", COUNTER))
    (pod,) = place.wait("a pod", "counter", lambda: place.items("pods", "counter"))
    containers = pod["spec"]["initContainers"] + pod["spec"]["containers"]
    mounts = [mount["mountPath"] for container in containers for mount in container["volumeMounts"]]
    assert not any("serviceaccount" in path for path in mounts)
    place.wait_condition("counter", "Verified", "True")


def _checking(place: Place, name: str) -> list[Body]:
    """The pod of a SpecCheck once its last container runs."""

    def running() -> list[Body] | None:
        return [pod for pod in place.items("pods", name) if _is_checking(pod)]

    return place.wait("the check to run", name, lambda: running() or None)


def _is_checking(pod: Body) -> bool:
    statuses: list[Any] = (pod.get("status") or {}).get("containerStatuses") or []
    return any(status["name"] == "check" and "running" in status["state"] for status in statuses)


def _supply(place: Place, image: str, name: str, *containers: Body) -> None:
    """The Jobs for the tries of a SpecCheck's run that waits for room, each with a check's container so changed.

    They have two volumes more, a small one and one as large as the disk, for containers that fill them.
    """
    (run,) = place.wait("a run without room", name, lambda: _ended_in(place, name, ""))
    asked = request_of(place.read("speccheck", name))
    source = source_of(asked, None)
    assert isinstance(source, Found)
    for attempt, container in enumerate(containers, 1):
        body = job_body(asked, run, source, Settings(image), attempt)
        body["spec"]["template"]["spec"]["containers"][0] |= container
        body["spec"]["template"]["spec"]["volumes"] += [
            {"name": "small", "emptyDir": {"sizeLimit": SMALL}},
            {"name": "disk", "emptyDir": {}},
        ]
        place.apply(body)


def _ended_in(place: Place, name: str, reason: str, attempt: int = 1) -> list[Body]:
    """The runs of a SpecCheck that have ended for that reason ("": not at all), in that attempt."""
    runs = [run for run in place.items("speccheckruns", name) if finished_reason(run) == reason]
    return [run for run in runs if (run.get("status") or {}).get("attempt", 1) == attempt]


def _assert_verdict_stands(place: Place, name: str) -> None:
    verified = place.condition(name, "Verified")
    assert (verified["status"], verified["reason"]) == ("True", "Holds")
