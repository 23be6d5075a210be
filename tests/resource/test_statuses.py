"""A SpecCheck's status: conditions through the life of one, and what a write is worth."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.resource.bodies import (
    DIGEST,
    HOLDS,
    NOW,
    OBSERVE,
    UNDECIDED,
    VIOLATED,
    Body,
    answered_run,
    document,
    finished,
    later,
    report,
    request,
    run,
)
from tests.resource.observed import DRIFT, observed

from speccheck.resource.drifts import Problem
from speccheck.resource.outcomes import Answered, Failed, Waiting, superseded
from speccheck.resource.requests import Request
from speccheck.resource.runs import RunView, finished_status, run_view, waiting_status
from speccheck.resource.sources import Found, Missing
from speccheck.resource.statuses import Inputs, Refused, changed, status

ASKED = request()
SOURCE = Found(DIGEST, {})
OTHER = Found("sha256:" + "cd" * 32, {})
STARTED = Waiting("CheckStarted", "the check is under way")
QUEUED = Waiting("Queued", "the check waits for other checks to end")


def inputs(asked: Request | Refused = ASKED, **fields: Any) -> Inputs:
    usual: dict[str, Any] = {"generation": 3, "previous": {}, "now": NOW, "source": SOURCE}
    return Inputs(asked, **(usual | fields))


def open_run(asked: Request = ASKED, waiting: Waiting = STARTED) -> RunView:
    return run_view(run(asked, waiting_status({}, waiting, 1, NOW)))


def summary(body: Body) -> dict[str, str]:
    return {c["type"]: f"{c['status']} {c['reason']}" for c in body["conditions"]}


def seen(asked: Request | Refused = ASKED, **fields: Any) -> dict[str, str]:
    return summary(status(inputs(asked, **fields)))


def idle(**others: str) -> dict[str, str]:
    return {"Ready": "True Reconciled", "Reconciling": "False Idle", "Stalled": "False Idle"} | others


def under_way(reason: str, ready: str = "Unknown", **others: str) -> dict[str, str]:
    progress = {"Ready": f"{ready} {reason}", "Reconciling": f"True {reason}", "Stalled": "False Idle"}
    return progress | others


def stalled(reason: str, **others: str) -> dict[str, str]:
    return {"Ready": f"False {reason}", "Reconciling": "False Idle", "Stalled": f"True {reason}"} | others


def test_the_very_first_status_has_every_condition(golden: Any) -> None:
    golden("status-first.yaml", status(inputs(source=None)))


def test_the_status_of_a_race_found(golden: Any) -> None:
    race = answered_run(ASKED, report(VIOLATED, HOLDS), report(HOLDS, instance="safe"))
    golden("status-violated.yaml", status(inputs(run=race)))


def test_the_status_of_a_drift(golden: Any) -> None:
    watching = request({"observe": OBSERVE})
    golden(
        "status-drift.yaml",
        status(inputs(watching, run=answered_run(watching), observe=observed(drifts=(DRIFT,), gaps=1))),
    )


CHECKING = [
    (open_run(waiting=QUEUED), under_way("Queued", Verified="Unknown CheckStarted")),
    (open_run(), under_way("CheckStarted", Verified="Unknown CheckStarted")),
    (None, under_way("CheckStarted", Verified="Unknown CheckStarted")),
    (finished(ASKED, superseded()), under_way("CheckStarted", Verified="Unknown CheckStarted")),
    (answered_run(ASKED), idle(Verified="True Holds")),
    (answered_run(ASKED, report(VIOLATED)), idle(Verified="False InvariantViolated")),
    (answered_run(ASKED, report(UNDECIDED)), idle(Verified="Unknown CheckIncomplete")),
    (finished(ASKED, Failed("SpecInvalid", "…")), stalled("SpecInvalid", Verified="False SpecInvalid")),
    (finished(ASKED, Failed("CaptureTimedOut", "…")), stalled("CaptureTimedOut", Verified="Unknown CaptureTimedOut")),
    (finished(ASKED, Failed("Evicted", "…")), stalled("Evicted", Verified="Unknown Evicted")),
]


@pytest.mark.parametrize(("of", "conditions"), CHECKING)
def test_conditions_of_a_check(of: RunView | None, conditions: dict[str, str]) -> None:
    assert seen(run=of) == conditions


def test_an_absent_source_is_waited_for_and_a_wrong_one_is_not() -> None:
    absent, wrong = Missing("SourceNotFound", "…"), Missing("SpecInvalid", "…")
    assert seen(source=absent) == under_way("SourceNotFound", Verified="Unknown SourceNotFound")
    assert seen(source=wrong) == stalled("SpecInvalid", Verified="False SpecInvalid")


def test_a_speccheck_that_is_wrong_is_stalled_at_once() -> None:
    assert seen(Refused("spec.check: …")) == stalled("SpecInvalid", Verified="False SpecInvalid")
    refused = Refused("too much memory", "ResourcesRefused")
    assert seen(refused) == stalled("ResourcesRefused", Verified="Unknown ResourcesRefused")
    conforming = {"conditions": [{"type": "Conformant", "status": "True", "reason": "Conforms", "message": ""}]}
    assert seen(refused, previous=conforming)["Conformant"] == "Unknown ResourcesRefused"


def test_every_condition_is_of_the_present_generation_but_a_verdict_that_stands() -> None:
    first = status(inputs(run=answered_run(ASKED)))
    second = status(inputs(previous=first, generation=4, source=OTHER, run=finished(ASKED, Failed("Evicted", "…"))))
    generations = {c["type"]: c["observedGeneration"] for c in second["conditions"]}
    assert generations == {"Ready": 4, "Reconciling": 4, "Stalled": 4, "Verified": 3}
    assert second["observedGeneration"] == 4
    assert summary(second) == stalled("Evicted", Verified="True Holds")


def test_the_last_answer_stays_until_there_is_another() -> None:
    first = status(inputs(run=answered_run(ASKED)))
    second = status(inputs(previous=first, source=OTHER, run=open_run()))
    assert second["check"] == first["check"]
    assert second["source"] == {"digest": OTHER.digest}
    assert second["run"]["reason"] == "CheckStarted"


def test_checking_the_same_again_leaves_it_ready() -> None:
    first = status(inputs(run=answered_run(ASKED)))
    assert seen(previous=first, run=open_run()) == under_way("CheckStarted", "True", Verified="True Holds")
    assert seen(previous=first, run=open_run(), source=OTHER)["Ready"] == "Unknown CheckStarted"
    assert seen(previous=first, run=open_run(), generation=4)["Ready"] == "Unknown CheckStarted"


GATED = {"gate": {"verified": True}}
STRICT = {"gate": {"verified": True, "onUnknown": "Fail"}}


@pytest.mark.parametrize(
    ("gate", "of", "conditions"),
    [
        (GATED, answered_run(ASKED), idle(Verified="True Holds")),
        (GATED, answered_run(ASKED, report(VIOLATED)), stalled("NotVerified", Verified="False InvariantViolated")),
        (GATED, answered_run(ASKED, report(UNDECIDED)), idle(Verified="Unknown CheckIncomplete")),
        (STRICT, answered_run(ASKED, report(UNDECIDED)), stalled("NotVerified", Verified="Unknown CheckIncomplete")),
        (STRICT, open_run(), under_way("CheckStarted", Verified="Unknown CheckStarted")),
    ],
)
def test_the_gate_on_verified(gate: Body, of: RunView, conditions: dict[str, str]) -> None:
    assert seen(request(gate), run=of) == conditions


WATCHING = request({"observe": OBSERVE})
WATCH_GATED = request({"observe": OBSERVE, "gate": {"conformant": True}})
WATCH_STRICT = request({"observe": OBSERVE, "gate": {"conformant": True, "onUnknown": "Fail"}})
FORBIDDEN, BROKEN = Problem("ObserverForbidden", "…"), Problem("SpecInvalid", "no such variable", permanent=True)

OBSERVING = [
    (WATCHING, None, under_way("ObservationStarting", Conformant="Unknown ObservationStarting")),
    (WATCHING, observed(synced=False), under_way("ObservationStarting", Conformant="Unknown ObservationStarting")),
    (WATCHING, observed(), idle(Conformant="True Conforms")),
    (WATCHING, observed(judged=0), idle(Conformant="Unknown NothingObserved")),
    (WATCHING, observed(drifts=(DRIFT,)), idle(Conformant="False DriftDetected")),
    (WATCHING, observed(problem=FORBIDDEN), under_way("ObserverForbidden", Conformant="Unknown ObserverForbidden")),
    (WATCHING, observed(problem=BROKEN), stalled("SpecInvalid", Conformant="Unknown SpecInvalid")),
    (WATCH_GATED, observed(judged=0), idle(Conformant="Unknown NothingObserved")),
    (WATCH_GATED, observed(drifts=(DRIFT,)), stalled("NotConformant", Conformant="False DriftDetected")),
    (WATCH_STRICT, observed(judged=0), under_way("AwaitingObservation", Conformant="Unknown NothingObserved")),
    (WATCH_STRICT, observed(unjudged_keys=1), stalled("NotConformant", Conformant="Unknown Ambiguous")),
]


@pytest.mark.parametrize(("asked", "state", "conditions"), OBSERVING)
def test_conditions_of_observation(asked: Request, state: Any, conditions: dict[str, str]) -> None:
    assert seen(asked, run=answered_run(asked), observe=state) == conditions | {"Verified": "True Holds"}


def test_only_observed() -> None:
    only = request({"check": None, "observe": OBSERVE})
    captured = finished(only, Answered(replace(document(), reports=())))
    assert seen(only, run=captured, observe=observed()) == idle(Conformant="True Conforms")
    assert "check" not in status(inputs(only, run=captured, observe=observed()))


def test_suspended() -> None:
    suspended = request({"suspend": True})
    first = status(inputs(run=answered_run(ASKED)))
    assert seen(suspended, previous=first) == idle(Ready="True Suspended", Verified="True Holds")
    assert seen(suspended) == idle(Ready="True Suspended", Verified="Unknown Suspended")
    assert seen(request({"suspend": True, "observe": OBSERVE})) == idle(
        Ready="True Suspended", Verified="Unknown Suspended", Conformant="Unknown Suspended"
    )
    assert seen(suspended, run=open_run())["Reconciling"] == "True CheckStarted"


def test_what_is_not_asked_for_any_more_goes() -> None:
    both = status(inputs(WATCHING, run=answered_run(WATCHING), observe=observed()))
    assert set(both) == {"observedGeneration", "conditions", "source", "run", "check", "observe"}
    less = status(inputs(previous=both, run=answered_run(ASKED)))
    assert "observe" not in less
    assert "Conformant" not in summary(less)


def times(body: Body) -> dict[str, str]:
    return {c["type"]: c["lastTransitionTime"] for c in body["conditions"]}


def test_a_life(golden: Any) -> None:
    """Started, found, corrected, evicted: each condition's time moves only with its status."""
    told = []
    body: Body = {}

    def step(at: datetime, **fields: Any) -> None:
        nonlocal body
        body = status(inputs(previous=body, now=at, **fields))
        told.append(
            {
                c["type"]: f"{c['status']} {c['reason']} since {c['lastTransitionTime'][11:19]}"
                for c in body["conditions"]
            }
        )

    step(NOW, source=None)
    step(later(1), run=open_run())
    step(later(10), run=answered_run(ASKED, report(VIOLATED)))
    step(later(100), source=OTHER, run=open_run())
    step(later(110), source=OTHER, run=answered_run(ASKED))
    step(later(200), source=OTHER, run=open_run())
    step(later(210), source=OTHER, run=finished(ASKED, Failed("Evicted", "…")))
    golden("life.yaml", told)


def test_nothing_new_is_no_write() -> None:
    first = status(inputs(WATCHING, run=answered_run(WATCHING), observe=observed()))
    again = status(inputs(WATCHING, previous=first, now=later(30), run=answered_run(WATCHING), observe=observed()))
    assert not changed(first, again)
    assert changed({}, first)


def test_mere_counts_are_written_once_a_minute() -> None:
    def at(seconds: float, judged: int, previous: Body) -> Body:
        state = observed(judged=judged, last_observed=later(seconds))
        return status(
            inputs(WATCHING, previous=previous, now=later(seconds), run=answered_run(WATCHING), observe=state)
        )

    first = at(0, 17, {})
    assert not changed(first, at(30, 5000, first))
    assert changed(first, at(60, 5000, first))
    assert not changed(
        first, at(600, 17, first) | {"observe": first["observe"] | {"updatedAt": "2026-11-22T10:10:00Z"}}
    )


def test_a_drift_is_written_at_once_and_its_repetition_is_not() -> None:
    def of(**fields: Any) -> Body:
        return status(inputs(WATCHING, run=answered_run(WATCHING), observe=observed(**fields)))

    assert changed(of(), of(drifts=(DRIFT,)))
    assert not changed(of(drifts=(DRIFT,)), of(drifts=(replace(DRIFT, count=9, last=NOW),)))
    assert changed(of(drifts=(DRIFT,)), of(resolved=1))


def test_a_status_stays_small() -> None:
    rows = report(*(replace(VIOLATED, name=f"p{n}") for n in range(200)))
    drifts = tuple(replace(DRIFT, key=str(n), message="x" * 5000) for n in range(500))
    whole = status(inputs(WATCHING, run=answered_run(WATCHING, rows), observe=observed(drifts=drifts)))
    assert len(repr(whole)) < 150_000
    assert whole["check"]["resultsTotal"] == 200
    assert whole["observe"]["driftsActive"] == 500


def test_a_finished_run_shows_when_it_ended() -> None:
    body = finished_status({}, Answered(document()), 2, NOW)
    shown = status(inputs(run=run_view(run(ASKED, body))))["run"]
    assert shown == {
        "name": run_view(run(ASKED)).name,
        "attempt": 2,
        "reason": "CheckCompleted",
        "finishedAt": "2026-11-22T10:00:00Z",
    }
