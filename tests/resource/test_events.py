"""Events."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import (
    FAILED,
    HOLDS,
    NOT_FOUND,
    NOW,
    OBSERVE,
    STANDING,
    UNDECIDED,
    VIOLATED,
    answered_run,
    finished,
    later,
    merged,
    report,
    request,
    run,
)
from tests.resource.observed import DRIFT, OTHER_DRIFT

from speccheck.resource.drifts import ObjectRef
from speccheck.resource.events import (
    NOTE_LIMIT_BYTES,
    EventReason,
    drift_events,
    finished_events,
    observation_event,
    resolved_events,
    run_event,
    series_patch,
)
from speccheck.resource.outcomes import Failed, superseded
from speccheck.resource.runs import RunView, run_view

ASKED = request({"observe": OBSERVE})


def told(view: RunView) -> list[str]:
    return [f"{e.body['type']} {e.body['reason']}: {e.body['note']}" for e in finished_events(ASKED, view, NOW)]


def test_the_event_of_a_race(golden: Any) -> None:
    (event,) = finished_events(ASKED, answered_run(ASKED, report(VIOLATED, HOLDS)), NOW)
    golden("event-violated.yaml", event.body)


@pytest.mark.parametrize(
    ("view", "events"),
    [
        (answered_run(ASKED), ["Normal CheckSucceeded: Holds: 1 property in 1 instance, 288 states"]),
        (
            answered_run(ASKED, report(VIOLATED), report(VIOLATED, NOT_FOUND, instance="n5")),
            [
                "Warning InvariantViolated: no_inconsistent_root in n3 is violated after 2 steps: "
                'init → planner_publish(1) → deployer_apply("a", 1) (and 1 more)',
                "Warning ExampleNotFound: gc_fires in n5: no reachable state shows it, 288 states",
            ],
        ),
        (
            answered_run(ASKED, report(VIOLATED, STANDING)),
            [
                "Warning InvariantViolated: no_inconsistent_root in n3 is violated after 2 steps: "
                'init → planner_publish(1) → deployer_apply("a", 1)',
                "Warning TemporalViolated: served in n3 is violated after 2 steps: "
                'init → planner_publish(1) → deployer_apply("a", 1) → stands still for ever',
            ],
        ),
        (
            answered_run(ASKED, report(FAILED)),
            [
                "Warning SpecInvalid: ratio in n3 cannot be evaluated: "
                "dns_balancer.py:12:12: s.x // s.y: division by zero"
            ],
        ),
        (
            answered_run(ASKED, report(UNDECIDED)),
            ["Warning CheckIncomplete: bounded in n3: Unknown, Timeout: the time limit of 600 s was reached"],
        ),
        (finished(ASKED, Failed("SpecInvalid", "a.py:1:1: no")), ["Warning SpecInvalid: a.py:1:1: no"]),
        (finished(ASKED, Failed("CaptureTimedOut", "slow")), ["Warning CheckTimedOut: slow"]),
        (finished(ASKED, Failed("CheckTimedOut", "slow")), ["Warning CheckTimedOut: slow"]),
        (finished(ASKED, Failed("Evicted", "gone")), ["Warning CheckIncomplete: gone"]),
        (finished(ASKED, superseded()), []),
        (run_view(run(ASKED)), []),
    ],
)
def test_what_a_finished_run_tells(view: RunView, events: list[str]) -> None:
    assert told(view) == events


def test_the_same_tidings_have_the_same_name_and_others_another() -> None:
    view = answered_run(ASKED)
    first, again = finished_events(ASKED, view, NOW), finished_events(ASKED, view, later(500))
    assert [e.name for e in first] == [e.name for e in again]
    names = {
        first[0].name,
        run_event(ASKED, view, "CheckStarted", "…", NOW).name,
        run_event(ASKED, replace(view, key="other"), "CheckStarted", "…", NOW).name,
        run_event(ASKED, None, "SpecInvalid", "…", NOW).name,
        run_event(request(generation=4), None, "SpecInvalid", "…", NOW).name,
    }
    assert len(names) == 5


def test_the_events_of_a_drift(golden: Any) -> None:
    on_object, on_speccheck = drift_events(ASKED, DRIFT, NOW)
    golden("events-drift.yaml", [on_object.body, on_speccheck.body])


def test_a_drift_that_goes_on_keeps_its_events_and_its_end_has_others() -> None:
    first = drift_events(ASKED, DRIFT, NOW)
    repeated = drift_events(ASKED, replace(DRIFT, count=7, last=NOW, message="another"), later(60))
    assert [e.name for e in first] == [e.name for e in repeated]
    ended = resolved_events(ASKED, replace(DRIFT, count=7), NOW, "holds")
    assert not {e.name for e in first} & {e.name for e in ended}
    assert ended[0].body["note"] == (
        "no_inconsistent_root holds again after 90 s and 7 observations (SpecCheck platform/dns-balancer)"
    )


@pytest.mark.parametrize(
    ("why", "note"),
    [
        ("holds", "no_inconsistent_root holds again after 90 s and 7 observations"),
        ("quiet", "no_inconsistent_root: nothing else broke the spec since; it lasted 90 s and 7 observations"),
        ("gone", "the object that broke no_inconsistent_root for 90 s and 7 observations is gone"),
        ("unjudged", "no_inconsistent_root is not judged any more; it was broken for 90 s and 7 observations"),
    ],
)
def test_the_end_of_a_drift_says_why_it_ended(why: Any, note: str) -> None:
    for event in resolved_events(ASKED, replace(DRIFT, count=7), NOW, why):
        assert event.body["note"] == f"{note} (SpecCheck platform/dns-balancer)"


def test_an_object_without_a_namespace_has_its_event_in_default() -> None:
    source = {"name": "node", "kubernetes": {"apiVersion": "v1", "kind": "Node"}}
    asked = request({"observe": OBSERVE | {"sources": [source]}})
    on_object, on_speccheck = drift_events(asked, OTHER_DRIFT, NOW)
    assert (on_object.namespace, on_speccheck.namespace) == ("default", "platform")
    assert "namespace" not in on_object.body["regarding"]


@pytest.mark.parametrize(
    ("namespace", "thing", "told"),
    [
        (None, DRIFT.object, True),
        (None, replace(DRIFT.object, namespace="kube-system"), False),
        ("kube-system", replace(DRIFT.object, namespace="kube-system"), True),
        ("shop", replace(DRIFT.object, namespace="kube-system"), False),
        ("*", replace(DRIFT.object, namespace="kube-system"), True),
        ("*", replace(DRIFT.object, namespace="kube-system", kind="Pod"), False),
        (None, ObjectRef("", "", "", "apply", ""), False),
    ],
)
def test_nothing_is_written_where_only_a_program_says_that_something_is(
    namespace: Any, thing: ObjectRef, told: bool
) -> None:
    source = merged(OBSERVE["sources"][0], {"kubernetes": {"namespace": namespace}})
    asked = request({"observe": OBSERVE | {"sources": [source, {"name": "log", "lines": {}}]}})
    drift = replace(DRIFT, object=thing)
    for events in (drift_events(asked, drift, NOW), resolved_events(asked, drift, NOW, "quiet")):
        assert [e.namespace for e in events] == [thing.namespace, "platform"][not told :]
        assert ("related" in events[-1].body) == told


def test_a_note_names_what_was_done_and_why_it_does_not_fit() -> None:
    message = 'deployer_apply("d1", 3) was observed: root 2 → 3; nearest: deployer_apply("d1", 3): lock = "d1" is false'
    drift = replace(DRIFT, property="deployer_apply", tier="Step", message=message, key="zone-b")
    for event in drift_events(ASKED, drift, NOW):
        assert event.body["note"] == f"deployer_apply: {message} (SpecCheck platform/dns-balancer, key zone-b)"
    long = drift_events(ASKED, replace(drift, message="m" * 5000), NOW)[0].body["note"]
    assert len(long.encode()) == NOTE_LIMIT_BYTES
    assert long.endswith("m… (SpecCheck platform/dns-balancer, key zone-b)")


def test_an_event_about_observations_is_told_once_for_each_key() -> None:
    first = observation_event(ASKED, "ObservationGap", "relisted", "7", NOW)
    assert first.name == observation_event(ASKED, "ObservationGap", "relisted again", "7", later(9)).name
    assert first.name != observation_event(ASKED, "ObservationGap", "relisted", "8", NOW).name
    assert first.body["action"] == "Observe"


@given(st.text(max_size=3000), st.text(min_size=1, max_size=300))
def test_a_note_and_a_name_are_always_acceptable(text: str, name: str) -> None:
    drift = replace(DRIFT, message=text, object=replace(DRIFT.object, name=name))
    for event in drift_events(ASKED, drift, NOW):
        assert 0 < len(event.body["note"].encode()) <= NOTE_LIMIT_BYTES
        assert event.body["note"].isprintable()
        assert len(event.name) <= 253
        assert event.name == event.name.lower()
        assert event.name[0].isalnum()


@pytest.mark.parametrize("reason", get_args(EventReason))
def test_every_reason_is_within_the_apis_bounds(reason: EventReason) -> None:
    body = run_event(ASKED, None, reason, "…", NOW).body
    assert body["type"] == ("Normal" if reason in ("CheckStarted", "CheckSucceeded", "DriftResolved") else "Warning")
    assert all(0 < len(body[name]) <= 128 for name in ("reason", "action", "reportingController", "reportingInstance"))


def test_a_series_is_patched_from_the_second_time_on_and_at_most_every_30_s() -> None:
    assert series_patch(1, NOW, None, NOW) is None
    assert series_patch(2, NOW, None, NOW) == {
        "series": {"count": 2, "lastObservedTime": "2026-11-22T10:00:00.000000Z"}
    }
    assert series_patch(3, later(29), NOW, later(29)) is None
    assert series_patch(9, later(30), NOW, later(30)) == {
        "series": {"count": 9, "lastObservedTime": "2026-11-22T10:00:30.000000Z"}
    }
