"""What `run` says of observations: each notice as the Events that a cluster would have, and the state at the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from tests.cli.rollouts import CHECK, OBSERVE, deployment
from tests.conform.specs import ROLLOUT, model

from speccheck.cli.announcements import REJECTIONS_LIMIT, Announcer, Watched, unfit
from speccheck.cli.watching import Watch
from speccheck.errors import UsageError
from speccheck.resource.requests import request_of
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Kind, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def announced(*lines: Observation | Refused, observe: str = OBSERVE) -> Watched:
    request = request_of(yaml.safe_load(CHECK + observe))
    assert request.observe is not None
    held_to = model(ROLLOUT)
    watch, announcer = Watch(held_to, request.observe, request.namespace), Announcer(request)
    for line in lines:
        for notice in watch.take(line):
            announcer.take(notice)
    for notice in watch.end():
        announcer.take(notice)
    return announcer.ended(watch, held_to, NOON)


def changed(body: dict[str, Any], seconds: float = 0, **more: Any) -> Observation:
    return Observation(NOON + timedelta(seconds=seconds), object=body, **more)


def test_a_drift_is_told_with_how_often_it_was_seen() -> None:
    found = announced(*(changed(deployment(5, version), version) for version in range(1, 8)))
    assert found.drifted
    assert [event.body["series"]["count"] for event in found.events] == [7, 7]
    assert found.state.drifts[0].count == 7


def test_a_step_that_was_not_possible_is_an_event_too() -> None:
    stepwise = OBSERVE.replace("tiers: [State]", "tiers: [Step]")
    rows = [changed(deployment(0, 1), kind=Kind.ADDED), changed(deployment(2, 2), 1)]
    found = announced(*rows, observe=stepwise)
    assert [event.body["reason"] for event in found.events] == ["DriftDetected", "DriftDetected"]
    assert "which no step of the spec explains" in found.events[0].body["note"]
    assert (found.drifted, found.state.drifts[0].tier) == (True, "Step")


def test_a_muted_drift_is_active_and_makes_nothing_fail() -> None:
    mute = '    mute: [{reason: "known", until: "2027-01-01T00:00:00Z"}]\n'
    found = announced(changed(deployment(5, 1)), observe=OBSERVE + mute)
    assert (found.drifted, found.unsure, found.state.muted) == (False, False, 1)


def test_a_gap_that_somebody_saw_is_told() -> None:
    found = announced(changed(deployment(1, 1)), Observation(NOON, kind=Kind.GAP, reason="410 Gone"))
    (event,) = found.events
    assert (event.body["reason"], event.body["note"]) == ("ObservationGap", "410 Gone")
    assert (found.drifted, found.unsure) == (False, True)


def test_refused_lines_leave_it_unsure_and_the_first_are_kept() -> None:
    found = announced(*(Refused(n, "rubbish") for n in range(1, 30)), changed(deployment(1, 1)))
    assert (len(found.refused_lines), found.unsure) == (10, True)


def test_rejections_are_told_once_a_minute_and_many_in_a_row_stop_it() -> None:
    found = announced(*(changed(deployment("many", n), n) for n in range(REJECTIONS_LIMIT)))
    (event,) = found.events
    assert event.body["reason"] == "ObservationRejected"
    assert found.state.problem is not None and found.state.problem.permanent


def test_nothing_judged_is_unsure() -> None:
    assert announced().unsure


def test_a_mapping_that_does_not_fit_is_a_problem_of_the_author() -> None:
    problem = unfit(UsageError("no variable 'replica'")).state.problem
    assert problem is not None
    assert (problem.reason, problem.message, problem.permanent) == (
        "SpecInvalid",
        "observe: no variable 'replica'",
        True,
    )
