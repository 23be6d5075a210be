"""What Verified and Conformant say."""

from dataclasses import replace
from typing import Any

import pytest
from tests.resource.bodies import (
    FAILED,
    HOLDS,
    NOT_FOUND,
    OBSERVE,
    STARVED,
    UNDECIDED,
    VIOLATED,
    WITHIN,
    Body,
    answered_run,
    finished,
    report,
    request,
    result,
    run,
)
from tests.resource.observed import DRIFT, OTHER_DRIFT, observed

from speccheck.conform.protocols import Census
from speccheck.reports import Report, Verdict
from speccheck.resource.conditions import Truth
from speccheck.resource.drifts import ObjectRef, Problem
from speccheck.resource.outcomes import Failed, superseded
from speccheck.resource.runs import RunView, run_view
from speccheck.resource.sources import Missing
from speccheck.resource.verdicts import Judgement, conformance_of, verification_of

ASKED = request()
BOUNDED, ACCEPTED = request({"check": {"maxSteps": 30}}), request({"check": {"maxSteps": 30, "acceptBound": True}})
WALKED = request({"check": {"method": "Simulate", "walks": 9, "maxSteps": 30}})
DEADLOCK = result("deadlock", Verdict.VIOLATED, "DeadlockFound", "deadlock", path=VIOLATED.path)

STANDING: Body = {
    "conditions": [
        {"type": "Verified", "status": "True", "reason": "Holds", "message": "as it was", "observedGeneration": 2}
    ]
}
KEPT = Judgement("True", "Holds", "as it was", 2)


@pytest.mark.parametrize(
    ("asked", "reports", "truth", "reason", "message"),
    [
        (
            ASKED,
            [report(HOLDS), report(HOLDS, instance="n5")],
            "True",
            "Holds",
            "1 property holds in 2 instances, 576 states",
        ),
        (ASKED, [report()], "True", "Holds", "no property was asked for; 288 states"),
        (
            ACCEPTED,
            [report(WITHIN)],
            "True",
            "HoldsWithinBound",
            "1 property holds in 1 instance, 288 states, within 30 steps",
        ),
        (
            BOUNDED,
            [report(WITHIN)],
            "Unknown",
            "HoldsWithinBound",
            "1 property holds in 1 instance, 288 states, but only within 30 steps; "
            "set check.acceptBound to take that for verified",
        ),
        (
            WALKED,
            [report(WITHIN)],
            "Unknown",
            "HoldsWithinBound",
            "1 property holds in 1 instance, 288 states, but only in 9 random walks of 30 steps; "
            "set check.acceptBound to take that for verified",
        ),
        (
            ASKED,
            [report(HOLDS, VIOLATED)],
            "False",
            "InvariantViolated",
            'no_inconsistent_root in n3 is violated after 2 steps: init → planner_publish(1) → deployer_apply("a", 1)',
        ),
        (
            ASKED,
            [report(NOT_FOUND)],
            "False",
            "ExampleNotFound",
            "gc_fires in n3: no reachable state shows it, 288 states",
        ),
        (
            ASKED,
            [report(DEADLOCK)],
            "False",
            "DeadlockFound",
            'deadlock in n3 is violated after 2 steps: init → planner_publish(1) → deployer_apply("a", 1)',
        ),
        (
            ASKED,
            [report(NOT_FOUND, STARVED)],
            "False",
            "TemporalViolated",
            "everybody_served in n3 is violated after 3 steps: "
            'init → planner_publish(1) → deployer_apply("a", 1) → step → back to state 0, for ever (and 1 more)',
        ),
        (
            ASKED,
            [report(VIOLATED, FAILED)],
            "False",
            "SpecInvalid",
            "ratio in n3 cannot be evaluated: dns_balancer.py:12:12: s.x // s.y: division by zero",
        ),
        (
            ASKED,
            [report(UNDECIDED, HOLDS)],
            "Unknown",
            "CheckIncomplete",
            "bounded in n3: Unknown, Timeout: the time limit of 600 s was reached",
        ),
    ],
)
def test_the_worst_property_decides(asked: Any, reports: list[Report], truth: Truth, reason: str, message: str) -> None:
    judgement = verification_of(asked, answered_run(asked, *reports), None, {})
    assert judgement == Judgement(truth, reason, message)


def test_an_invariants_shortest_path_comes_first_and_the_others_are_counted() -> None:
    short = replace(VIOLATED, name="short", path=replace(VIOLATED.path, states=VIOLATED.path.states[:2]))  # type: ignore[type-var, union-attr]
    judged = verification_of(ASKED, answered_run(ASKED, report(NOT_FOUND, VIOLATED), report(short)), None, {})
    assert judged is not None
    assert judged.reason == "InvariantViolated"
    assert judged.message == "short in n3 is violated after 1 step: init → planner_publish(1) (and 2 more)"


def test_more_rows_than_are_kept_still_all_hold() -> None:
    many = report(*(replace(HOLDS, name=f"p{n}") for n in range(60)))
    judged = verification_of(ASKED, answered_run(ASKED, many), None, {})
    assert judged == Judgement("True", "Holds", "every property holds in every instance, 288 states")


def test_without_a_check_there_is_no_verdict() -> None:
    assert verification_of(request({"check": None, "observe": OBSERVE}), None, None, STANDING) is None


OPEN: list[RunView | None] = [None, run_view(run(ASKED)), finished(ASKED, superseded())]


@pytest.mark.parametrize("open_run", OPEN)
def test_a_verdict_stands_while_the_next_is_being_found(open_run: RunView | None) -> None:
    assert verification_of(ASKED, open_run, None, STANDING) == KEPT
    assert verification_of(ASKED, open_run, None, {}) == Judgement("Unknown", "CheckStarted", "the check is under way")


ENVIRONMENT = [
    "Evicted",
    "OutOfMemory",
    "CheckTimedOut",
    "ImagePullFailed",
    "ReportLost",
    "CheckFailed",
    "PodNotStarted",
]


@pytest.mark.parametrize("reason", ENVIRONMENT)
def test_a_failing_environment_never_touches_the_last_verdict(reason: str) -> None:
    failed = finished(ASKED, Failed(reason, "it failed"))
    assert verification_of(ASKED, failed, None, STANDING) == KEPT
    assert verification_of(ASKED, failed, None, {}) == Judgement("Unknown", reason, "it failed")


def test_an_absent_source_never_touches_the_last_verdict() -> None:
    missing = Missing("SourceNotFound", "no ConfigMap")
    assert verification_of(ASKED, None, missing, STANDING) == KEPT
    assert verification_of(ASKED, None, missing, {}) == Judgement("Unknown", "SourceNotFound", "no ConfigMap")


@pytest.mark.parametrize(
    ("reason", "truth"),
    [
        ("SpecInvalid", "False"),
        ("CaptureCrashed", "False"),
        ("ModelRefused", "False"),
        ("CaptureTimedOut", "Unknown"),
        ("CaptureOutOfMemory", "Unknown"),
        ("ModelTooLarge", "Unknown"),
    ],
)
def test_a_spec_that_cannot_be_read_takes_the_verdict_away(reason: str, truth: Truth) -> None:
    failed = finished(ASKED, Failed(reason, "it failed", stage="capture"))
    assert verification_of(ASKED, failed, None, STANDING) == Judgement(truth, reason, "it failed")


def test_a_suspended_speccheck_waits_for_nothing() -> None:
    suspended = request({"suspend": True})
    assert verification_of(suspended, None, None, STANDING) == KEPT
    judged = verification_of(suspended, None, None, {})
    assert judged is not None
    assert (judged.truth, judged.reason) == ("Unknown", "Suspended")


WATCHING = request({"observe": OBSERVE})
CONFORMING: Body = {"conditions": [{"type": "Conformant", "status": "True", "reason": "Conforms", "message": "…"}]}
DRIFTING: Body = {
    "conditions": [{"type": "Conformant", "status": "False", "reason": "DriftDetected", "message": "as it was"}]
}


@pytest.mark.parametrize(
    ("state", "truth", "reason"),
    [
        (observed(), "True", "Conforms"),
        (observed(judged=0), "Unknown", "NothingObserved"),
        (observed(unjudged_keys=1), "Unknown", "Ambiguous"),
        (observed(unjudged_keys=1, census=Census(unanchored=1)), "Unknown", "NoAnchor"),
        (observed(census=Census(ambiguous=1, unanchored=1)), "Unknown", "Ambiguous"),
        (observed(census=Census(overflowed=1)), "Unknown", "Ambiguous"),
        (observed(since_anchor=True), "True", "ConformsSinceAnchor"),
        (observed(drifts=(replace(DRIFT, muted=True),), judged=0), "Unknown", "NothingObserved"),
        (observed(drifts=(DRIFT,), census=Census(unanchored=1)), "False", "DriftDetected"),
        (observed(synced=False), "Unknown", "ObservationStarting"),
        (observed(problem=Problem("ObserverForbidden", "no right")), "Unknown", "ObserverForbidden"),
        (observed(drifts=(DRIFT,)), "False", "DriftDetected"),
        (observed(drifts=(DRIFT,), synced=False), "False", "DriftDetected"),
        (observed(drifts=(DRIFT,), problem=Problem("WatchFailed", "…")), "False", "DriftDetected"),
        (observed(drifts=(replace(DRIFT, muted=True),)), "True", "Conforms"),
    ],
)
def test_conformance(state: Any, truth: Truth, reason: str) -> None:
    judged = conformance_of(WATCHING, state, CONFORMING)
    assert judged is not None
    assert (judged.truth, judged.reason) == (truth, reason)


def test_a_drift_says_which_object_breaks_what_and_how_many_more_there_are() -> None:
    judged = conformance_of(WATCHING, observed(drifts=(OTHER_DRIFT, DRIFT)), {})
    assert judged is not None
    assert judged.message == "ConfigMap platform/zone-a breaks no_inconsistent_root: root -> plan-3 (and 1 more drift)"
    alone = conformance_of(WATCHING, observed(drifts=(OTHER_DRIFT,)), {})
    assert alone is not None
    assert alone.message == "Node node-1 breaks bounded: too many"
    event = conformance_of(WATCHING, observed(drifts=(replace(DRIFT, object=ObjectRef("", "", "", "apply", "")),)), {})
    assert event is not None
    assert event.message == "key a breaks no_inconsistent_root: root -> plan-3"


def test_while_nothing_is_watched_drift_stands_and_conformance_does_not() -> None:
    assert conformance_of(WATCHING, None, DRIFTING) == Judgement("False", "DriftDetected", "as it was")
    for previous in ({}, CONFORMING):
        judged = conformance_of(WATCHING, None, previous)
        assert judged is not None
        assert (judged.truth, judged.reason) == ("Unknown", "ObservationStarting")
    suspended = conformance_of(request({"observe": OBSERVE, "suspend": True}), None, CONFORMING)
    assert suspended is not None
    assert suspended.reason == "Suspended"


def test_without_observation_there_is_no_conformance() -> None:
    assert conformance_of(ASKED, None, CONFORMING) is None
