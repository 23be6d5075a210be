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

REFUSED = {
    # name: (what the module does first, reason, a word of the message)
    "loops": ("while True:\n    pass\n", "CaptureTimedOut", "loop"),
    "eats": ("hoard = [bytearray(1 << 20) for _ in range(1 << 20)]\n", "CaptureOutOfMemory", "memory"),
    "syntax": ("def broken(:\n", "SpecInvalid", "spec.py:1"),
    "forks": (FORKS, "SpecInvalid", "not permitted"),
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


@pytest.fixture(scope="module")
def hostile(shared_place: Place) -> Place:
    """Every spec that is up to something, at once."""
    bodies = [inline(name, before + COUNTER) for name, (before, _, _) in REFUSED.items()]
    bodies += [inline("prints", PRINTS + BROKEN), inline("forges", FORGES + BROKEN)]
    shared_place.apply(*bodies)
    return shared_place


@pytest.mark.parametrize("name", sorted(REFUSED, key=lambda name: name == "loops"))
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
    (event,) = hostile.wait(f"an Event {told}", name, lambda: hostile.events(name, told))
    assert word in event["note"]


@pytest.mark.parametrize("name", ["prints", "forges"])
def test_what_a_spec_prints_or_forges_changes_no_answer(hostile: Place, name: str) -> None:
    hostile.wait_condition(name, "Verified", "False", "InvariantViolated", timeout_s=150)


def test_a_check_that_reaches_its_own_limit_says_so(place: Place) -> None:
    place.apply(inline("slow", ENDLESS, check={"timeout": "2s"}))
    verified = place.wait_condition("slow", "Verified", "Unknown", "CheckIncomplete")
    assert "Timeout" in verified["message"]
    assert place.condition("slow", "Ready")["status"] == "True"


def test_a_job_that_passes_its_deadline_is_timed_out_and_leaves_the_last_verdict(place: Place) -> None:
    place.apply(inline("slow", COUNTER))
    place.wait_condition("slow", "Verified", "True", "Holds")
    place.apply(inline("slow", ENDLESS, check={"timeout": "10m"}))
    (pod,) = _checking(place, "slow")
    place.kubectl("patch", "pod", pod["metadata"]["name"], '--patch={"spec":{"activeDeadlineSeconds":1}}')
    stalled = place.wait_condition("slow", "Stalled", "True", "CheckTimedOut")
    assert "check.timeout" in stalled["message"]
    verified = place.condition("slow", "Verified")
    assert (verified["status"], verified["reason"]) == ("True", "Holds")


def test_an_evicted_pods_check_is_tried_again(place: Place) -> None:
    place.apply(inline("moved", ENDLESS, check={"timeout": "8s"}))
    (pod,) = _checking(place, "moved")
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": place.namespace}}
    path = f"/api/v1/namespaces/{place.namespace}/pods/{name}/eviction"
    place.cluster.kubectl("create", f"--raw={path}", "--filename=-", text=json.dumps(eviction))
    place.wait_condition("moved", "Verified", "Unknown", "CheckIncomplete", timeout_s=90)
    (run,) = place.wait_runs("moved", 1)
    assert run["status"]["attempt"] == 2
    assert len(place.items("jobs", "moved")) == 2


def test_a_container_that_is_killed_for_its_memory_is_named(place: Place) -> None:
    limits = {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}}
    place.apply(inline("small", COUNTER, podTemplate={"resources": limits}))
    stalled = place.wait_condition("small", "Stalled", "True", "CaptureOutOfMemory", timeout_s=90)
    assert "memory" in stalled["message"]


def _runs(code: str, memory: str = "") -> Body:
    """A container that runs some Python; in so much memory where that is said."""
    resources = {"resources": {"limits": {"memory": memory}, "requests": {"memory": memory}}} if memory else {}
    return {"command": ["python3", "-c", code], "args": [], **resources}


EATS = "hoard = [bytearray(1 << 20) for _ in range(1000)]"
SLEEPS = "import time; time.sleep(600)"
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
            place.wait_condition(name, "Verified", "True", "Holds", timeout_s=120)
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
    stalled = crowded.wait_condition(name, "Stalled", "True", reason, timeout_s=120)
    assert word in stalled["message"]
    ready = crowded.condition(name, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", reason)
    (run,) = [run for run in crowded.items("speccheckruns", name) if finished_reason(run) == reason]
    assert (run["status"]["attempt"], "verdict" in run["status"]) == (tries, False)
    (event,) = crowded.wait("an Event", name, lambda: crowded.events(name, "CheckIncomplete"))
    assert word in event["note"]
    _assert_verdict_stands(crowded, name)


def test_a_check_whose_pod_is_deleted_is_tried_again(crowded: Place) -> None:
    (pod,) = _checking(crowded, "deleted")
    crowded.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false", "--grace-period=1")
    again = "SpecCheckRun deleted's second try"
    runs = crowded.wait(again, "deleted", lambda: _ended_in(crowded, "deleted", "CheckCompleted", attempt=2), 90)
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


def test_a_config_map_that_changes_under_way_is_checked_as_it_is(place: Place) -> None:
    place.apply(config_map("spec", spec_py=ENDLESS), from_config_map("changes", "spec"))
    _checking(place, "changes")
    place.apply(config_map("spec", spec_py=BROKEN))
    place.wait_condition("changes", "Verified", "False", "InvariantViolated")
    reasons = {finished_reason(run) for run in place.items("speccheckruns", "changes")}
    assert reasons == {"Superseded", "CheckCompleted"}
    place.wait("the first Job to go", "changes", lambda: len(place.items("jobs", "changes")) == 1)


def test_a_config_map_without_the_entrypoint_stalls_with_what_it_has(place: Place) -> None:
    place.apply(config_map("spec", other_py=COUNTER), from_config_map("lacks", "spec"))
    stalled = place.wait_condition("lacks", "Stalled", "True", "SpecInvalid")
    assert "has no key spec.py, only: other.py" in stalled["message"]


def test_an_inline_spec_that_is_too_large_is_refused_when_it_is_applied(place: Place) -> None:
    large = inline("large", COUNTER + "# " + "x" * 210_000 + "\n")
    with pytest.raises(ClusterError, match=r"spec\.source"):
        place.kubectl("create", "--filename=-", text=json.dumps(large))


def test_resources_above_the_operators_ceiling_are_refused(place: Place) -> None:
    place.apply(inline("greedy", COUNTER, podTemplate={"resources": {"limits": {"memory": "64Gi"}}}))
    stalled = place.wait_condition("greedy", "Stalled", "True", "ResourcesRefused")
    assert "ceiling" in stalled["message"]
    assert not place.items("speccheckruns", "greedy")


def test_a_pod_that_no_node_takes_waits_and_says_so(place: Place) -> None:
    place.apply(inline("homeless", COUNTER, podTemplate={"nodeSelector": {"nowhere": "here"}}))
    waiting = place.wait_condition("homeless", "Reconciling", "True", "Unschedulable")
    assert "node" in waiting["message"]


def test_unknown_instances_and_properties_are_named(place: Place) -> None:
    place.apply(inline("unknown", COUNTER, check={"instances": ["large"]}))
    stalled = place.wait_condition("unknown", "Stalled", "True", "SpecInvalid")
    assert "large" in stalled["message"]


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
    """The Jobs for the tries of a SpecCheck's run that waits for room, each with a check's container so changed."""
    (run,) = place.wait("a run without room", name, lambda: _ended_in(place, name, ""))
    asked = request_of(place.read("speccheck", name))
    source = source_of(asked, None)
    assert isinstance(source, Found)
    for attempt, container in enumerate(containers, 1):
        body = job_body(asked, run, source, Settings(image), attempt)
        body["spec"]["template"]["spec"]["containers"][0] |= container
        place.apply(body)


def _ended_in(place: Place, name: str, reason: str, attempt: int = 1) -> list[Body]:
    """The runs of a SpecCheck that have ended for that reason ("": not at all), in that attempt."""
    runs = [run for run in place.items("speccheckruns", name) if finished_reason(run) == reason]
    return [run for run in runs if (run.get("status") or {}).get("attempt", 1) == attempt]


def _assert_verdict_stands(place: Place, name: str) -> None:
    verified = place.condition(name, "Verified")
    assert (verified["status"], verified["reason"]) == ("True", "Holds")
