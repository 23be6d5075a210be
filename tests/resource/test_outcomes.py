"""Outcomes: each end of a Job, its own reason and the way out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.resource.bodies import (
    DIGEST,
    DONE,
    JOB_UID,
    NOW,
    RUNNING,
    Body,
    answered_pod,
    document,
    failed_job,
    job,
    later,
    pod,
    request,
)

from speccheck.resource.documents import Refusal, refusal_bytes
from speccheck.resource.outcomes import Answered, Failed, Look, NeedsLog, Waiting, answered, outcome_of, superseded
from speccheck.resource.reasons import REASONS

ASKED = request()
LOOK = Look(NOW, patience=timedelta(seconds=120))
JOB = job(ASKED)
BACKOFF, DEADLINE = failed_job(ASKED, "BackoffLimitExceeded"), failed_job(ASKED, "DeadlineExceeded")


def ended(code: int, reason: str = "Error", message: str | bytes = "") -> Body:
    text = message.decode() if isinstance(message, bytes) else message
    return {"terminated": {"exitCode": code, "reason": reason, "message": text}}


def waiting(reason: str, message: str = "") -> Body:
    return {"waiting": {"reason": reason, "message": message}}


def refusal(reason: str, **fields: Any) -> bytes:
    return refusal_bytes(Refusal(reason=reason, **fields))


SYNTAX = refusal(
    "SpecInvalid", stage="capture", message="invalid syntax", file="a.py", line=3, column=9, hint="a colon"
)
HELD: Body = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"}]}
EVICTED: Body = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
DISRUPTED: Body = {
    "conditions": [
        {"type": "DisruptionTarget", "status": "True", "message": "Taint manager: deleting due to NoExecute"}
    ]
}
OVERDUE: Body = {"phase": "Failed", "reason": "DeadlineExceeded", "message": "Pod was active too long"}

GOING_ON = {
    "no job yet": (None, [], Waiting("Queued", "the check waits for other checks to end")),
    "no pod yet": (JOB, [], Waiting("CheckStarted", "the check is under way")),
    "capturing": (JOB, [pod(RUNNING)], Waiting("CheckStarted", "the check is under way")),
    "checking": (JOB, [pod(DONE, RUNNING)], Waiting("CheckStarted", "the check is under way")),
    "no node": (JOB, [pod({}, status=HELD)], Waiting("Unschedulable", "0/1")),
    "image back-off": (
        JOB,
        [pod(waiting("ImagePullBackOff", "Back-off pulling image"))],
        Waiting("ImagePullFailed", "ImagePullBackOff: Back-off pulling image"),
    ),
    "bad configuration": (
        JOB,
        [pod(waiting("CreateContainerConfigError", "configmap not found"))],
        Waiting("PodNotStarted", "CreateContainerConfigError: configmap not found"),
    ),
    "somebody else's pod": (
        JOB,
        [pod(DONE, DONE, ownerReferences=[{"uid": "other", "controller": True}])],
        Waiting("CheckStarted", "the check is under way"),
    ),
    "a pod that merely names the job": (
        JOB,
        [pod(DONE, DONE, ownerReferences=[{"uid": JOB_UID, "controller": False}])],
        Waiting("CheckStarted", "the check is under way"),
    ),
}

AGAIN = "change the annotation speccheck.dev/requested-at to check again"
BY_POD = {
    "syntax error": (pod(ended(4, message=SYNTAX)), "capture", "SpecInvalid", False),
    "capture timed out": (pod(ended(4, message=refusal("CaptureTimedOut"))), "capture", "CaptureTimedOut", False),
    "capture ran out of memory": (pod(ended(137, "OOMKilled")), "capture", "CaptureOutOfMemory", False),
    "capture crashed": (pod(ended(4, message=refusal("CaptureCrashed"))), "capture", "CaptureCrashed", False),
    "model too large": (pod(ended(4, message=refusal("ModelTooLarge"))), "capture", "ModelTooLarge", False),
    "no sandbox": (pod(ended(5, message=refusal("SandboxUnavailable"))), "capture", "SandboxUnavailable", False),
    "capture left no word": (pod(ended(139)), "capture", "CaptureFailed", True),
    "capture left another's words": (pod(ended(1, message="gotcha")), "capture", "CaptureFailed", True),
    "capture claims a reason it has not": (pod(ended(1, message=refusal("Evicted"))), "capture", "CaptureFailed", True),
    "check out of memory": (pod(DONE, ended(137, "OOMKilled")), "check", "OutOfMemory", False),
    "check crashed": (pod(DONE, ended(1)), "check", "CheckFailed", True),
    "unknown instance": (pod(DONE, ended(4, message=refusal("SpecInvalid"))), "check", "SpecInvalid", False),
    "model refused": (pod(DONE, ended(4, message=refusal("ModelRefused"))), "check", "ModelRefused", False),
    "evicted": (pod(RUNNING, status=EVICTED), "", "Evicted", True),
    "node drained": (pod(DONE, RUNNING, status=DISRUPTED), "", "Evicted", True),
    "too much disk": (
        pod(RUNNING, status=EVICTED | {"message": "Pod ephemeral local storage usage exceeds the total limit"}),
        "",
        "StorageExceeded",
        False,
    ),
    "pod deadline in capture": (pod(ended(137), status=OVERDUE), "capture", "CaptureTimedOut", False),
    "pod deadline in check": (pod(DONE, ended(137), status=OVERDUE), "check", "CheckTimedOut", False),
    "pod deadline, image still missing": (
        pod(waiting("ImagePullBackOff", "Back-off"), status=OVERDUE),
        "",
        "ImagePullFailed",
        False,
    ),
    "pod deadline, nothing ever started": (pod(waiting("PodInitializing"), status=OVERDUE), "", "PodNotStarted", False),
    "no such image": (pod(waiting("InvalidImageName", "x")), "", "ImagePullFailed", False),
    "image never comes": (
        pod(waiting("ErrImagePull", "not found"), creationTimestamp="2026-11-22T09:50:00Z"),
        "",
        "ImagePullFailed",
        False,
    ),
}
BY_JOB = {
    "deadline, pod gone": (DEADLINE, [], "check", "CheckTimedOut", False),
    "deadline in capture": (DEADLINE, [pod(RUNNING)], "capture", "CaptureTimedOut", False),
    "deadline in check": (DEADLINE, [pod(DONE, RUNNING)], "check", "CheckTimedOut", False),
    "deadline, never scheduled": (DEADLINE, [pod({}, status=HELD)], "", "Unschedulable", False),
    "deadline, never started": (DEADLINE, [pod(waiting("PodInitializing"))], "", "PodNotStarted", False),
    "deadline, image still missing": (DEADLINE, [pod(waiting("ErrImagePull"))], "", "ImagePullFailed", False),
    "pod deleted": (BACKOFF, [], "", "ReportLost", True),
    "pod stopped half-way": (BACKOFF, [pod(DONE, RUNNING)], "", "ReportLost", True),
    "job complete, pod gone": (job(ASKED, succeeded=1), [], "check", "ReportLost", True),
}


@pytest.mark.parametrize("case", GOING_ON)
def test_going_on(case: str) -> None:
    of, pods, outcome = GOING_ON[case]
    assert outcome_of(of, pods, LOOK) == outcome


@pytest.mark.parametrize("case", BY_POD)
def test_ends_that_the_pod_tells(case: str) -> None:
    of, stage, reason, retry = BY_POD[case]
    for told_by in (JOB, BACKOFF):
        outcome = outcome_of(told_by, [of], LOOK)
        assert isinstance(outcome, Failed)
        assert (outcome.stage, outcome.reason, outcome.retry) == (stage, reason, retry)


@pytest.mark.parametrize("case", BY_JOB)
def test_ends_that_the_job_tells(case: str) -> None:
    of, pods, stage, reason, retry = BY_JOB[case]
    outcome = outcome_of(of, pods, LOOK)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.reason, outcome.retry) == (stage, reason, retry)


STOPPED = {
    "by nobody who says so yet": (JOB, "", "CheckStarted"),
    "by somebody": (BACKOFF, "", "ReportLost"),
    "at the Job's deadline": (DEADLINE, "check", "CheckTimedOut"),
}


@pytest.mark.parametrize("case", STOPPED)
def test_a_check_stopped_with_its_pod_is_not_taken_for_one_that_failed(case: str) -> None:
    of, stage, reason = STOPPED[case]
    stopped = pod(DONE, ended(143), deletionTimestamp="2026-11-22T10:00:00Z")
    outcome = outcome_of(of, [stopped], LOOK)
    assert not isinstance(outcome, NeedsLog)
    assert outcome.reason == reason
    assert not isinstance(outcome, Failed) or (outcome.stage, outcome.retry) == (stage, reason == "ReportLost")


def test_a_refusal_stands_though_its_pod_is_being_deleted() -> None:
    outcome = outcome_of(JOB, [pod(ended(4, message=SYNTAX), deletionTimestamp="2026-11-22T10:00:00Z")], LOOK)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "SpecInvalid"


def test_every_failure_says_the_way_out(golden: Any) -> None:
    failures = {name: outcome_of(JOB, [case[0]], LOOK) for name, case in BY_POD.items()}
    failures |= {name: outcome_of(case[0], case[1], LOOK) for name, case in BY_JOB.items()}
    for outcome in failures.values():
        assert isinstance(outcome, Failed)
        assert REASONS[outcome.reason].way_out in outcome.message
    golden(
        "outcomes.yaml",
        {name: f"{o.reason}: {o.message}" for name, o in failures.items() if isinstance(o, Failed)},
    )


def test_an_image_that_is_slow_to_come_is_waited_for() -> None:
    slow = pod(waiting("ErrImagePull", "timeout"), creationTimestamp="2026-11-22T10:00:00Z")
    assert isinstance(outcome_of(JOB, [slow], replace(LOOK, now=later(120))), Waiting)
    assert isinstance(outcome_of(JOB, [slow], replace(LOOK, now=later(121))), Failed)


WAITED = {
    "for a node": Waiting("Unschedulable", "0/1 nodes are available"),
    "for its image": Waiting("ImagePullFailed", "ErrImagePull: not found"),
}


@pytest.mark.parametrize("waited", WAITED.values(), ids=WAITED)
def test_at_the_jobs_deadline_what_it_waited_for_is_why_though_its_pod_is_gone(waited: Waiting) -> None:
    assert outcome_of(JOB, [], replace(LOOK, waited=waited)) == waited  # deleted, and the Job does not say so yet
    outcome = outcome_of(DEADLINE, [], replace(LOOK, waited=waited))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry) == (waited.reason, False)
    assert outcome.message.startswith(waited.message)


def test_what_is_no_cause_of_delay_explains_no_deadline() -> None:
    for waited in (None, Waiting("CheckStarted", "under way"), Waiting("Evicted", "tried again")):
        outcome = outcome_of(DEADLINE, [], replace(LOOK, waited=waited))
        assert not isinstance(outcome, NeedsLog)
        assert outcome.reason == "CheckTimedOut"


def test_hostile_words_are_bounded_and_cannot_steer_a_terminal() -> None:
    told = refusal("SpecInvalid", message="\x1b[2Jgone\n\n" + "x" * 2500)
    outcome = outcome_of(JOB, [pod(ended(4, message=told))], LOOK)
    assert isinstance(outcome, Failed)
    assert "\x1b" not in outcome.message
    assert outcome.message.startswith("\\x1b[2Jgone\nxxx")
    assert len(outcome.message) < 4096


def test_the_newest_pod_counts() -> None:
    old = pod(RUNNING, status=EVICTED, creationTimestamp="2026-11-22T09:00:00Z")
    assert outcome_of(JOB, [pod(DONE, RUNNING), old], LOOK) == Waiting("CheckStarted", "the check is under way")


def test_a_check_that_ended_well_is_read_even_if_the_pod_was_taken_away_after() -> None:
    whole, log = answered_pod(document())
    for status in ({}, EVICTED, OVERDUE, DISRUPTED):
        taken = {**whole, "status": whole["status"] | status}
        assert outcome_of(BACKOFF, [taken], LOOK) == NeedsLog("dns-balancer-1-abcde")
    assert answered(log, whole, DIGEST) == Answered(document())


def test_a_log_and_a_message_that_disagree_are_a_lost_report() -> None:
    whole, _ = answered_pod(document())
    _, other_log = answered_pod(replace(document(), model=b"{}"))
    outcome = answered(other_log, whole, DIGEST)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.stage, outcome.retry) == ("ReportLost", "check", True)
    assert outcome.message.startswith("the checker's report did not arrive whole: the log holds sha256:")
    assert outcome.message.endswith(AGAIN)


def test_a_report_about_another_source_is_not_taken() -> None:
    whole, log = answered_pod(document(source_digest="sha256:" + "00" * 32))
    outcome = answered(log, whole, DIGEST)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry) == ("SourceChanged", True)


def test_a_run_that_is_given_up() -> None:
    assert superseded().reason == "Superseded"
    assert not superseded().retry
