"""From judgements to drifts: begun once, counted, ended, kept over restarts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.conform import drifts
from speccheck.conform.drifts import (
    Change,
    Drift,
    Mute,
    ObjectRef,
    Policy,
    Repeated,
    Resolved,
    Seen,
    Started,
    Tracker,
    object_ref,
)
from speccheck.conform.protocols import Explanation, Judgement, Obstacle, Result

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def ref(name: str = "web") -> ObjectRef:
    return ObjectRef("apps/v1", "Deployment", "shop", name, f"uid-{name}")


def seen(
    at: int, name: str = "web", version: str = "", kind: Literal["ADDED", "MODIFIED", "DELETED"] = "MODIFIED"
) -> Seen:
    return Seen("web", kind, NOON + timedelta(seconds=at), ref(name), version)


def judged(key: str = "shop/web", **verdicts: Any) -> Judgement:
    results = tuple(Result(name, verdict, f"{name} said so") for name, verdict in verdicts.items())
    return Judgement(key, {}, results)


def drift(at: int = 0, count: int = 1, last: int = 0, **more: Any) -> Drift:
    found = Drift(
        "safe",
        "State",
        "shop/web",
        ref(),
        NOON + timedelta(seconds=at),
        count,
        NOON + timedelta(seconds=last),
        "safe said so",
    )
    return replace(found, **more)


def test_a_drift_begins_repeats_and_ends() -> None:
    tracker = Tracker()
    assert tracker.feed(seen(0), judged(safe="Holds")) == ()
    assert tracker.feed(seen(1), judged(safe="Violated")) == (Started(drift(1, 1, 1)),)
    assert tracker.feed(seen(2), judged(safe="Violated")) == (Repeated(drift(1, 2, 2)),)
    assert tracker.active == (drift(1, 2, 2),)
    assert tracker.feed(seen(3), judged(safe="Holds")) == (
        Resolved(drift(1, 2, 2), NOON + timedelta(seconds=3), "holds"),
    )
    assert tracker.active == ()
    assert tracker.feed(seen(4), judged(safe="Violated")) == (Started(drift(4, 1, 4)),)
    assert (tracker.counts.judged, tracker.counts.resolved) == (5, 1)
    assert tracker.counts.by_property == {"safe": 5}


def test_each_drift_has_a_name_of_its_own_that_stays() -> None:
    found = {
        drift().identity,
        drift(1).identity,
        drift(property="live").identity,
        drift(key="other").identity,
        drift(object=ref("db")).identity,
    }
    assert len(found) == 5
    assert drift(count=9, last=9, message="x", muted=True).identity == drift().identity


def test_properties_and_keys_drift_on_their_own() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Violated", live="Holds"))
    tracker.feed(seen(1, "db"), judged("shop/db", safe="Violated"))
    tracker.feed(seen(2), judged(safe="Violated", live="Violated"))
    tracker.feed(seen(3), judged(safe="Holds", live="Violated"))
    assert {(d.key, d.property, d.count) for d in tracker.active} == {("shop/web", "live", 2), ("shop/db", "safe", 1)}


def test_a_deleted_object_takes_its_drifts_along() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Violated"))
    assert tracker.keys == 1
    (change,) = tracker.deleted(seen(5, kind="DELETED"))
    assert change == Resolved(drift(), NOON + timedelta(seconds=5), "gone")
    assert (tracker.keys, tracker.active) == (0, ())
    assert tracker.deleted(seen(6, kind="DELETED")) == ()


def test_an_object_that_changes_its_key_leaves_the_old_trace() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged("blue", safe="Violated"))
    changes = tracker.feed(seen(1), judged("green", safe="Violated"))
    assert [type(change) for change in changes] == [Resolved, Started]
    assert [(d.key) for d in tracker.active] == ["green"]
    assert tracker.keys == 1


def test_a_key_lives_as_long_as_one_of_its_objects() -> None:
    tracker = Tracker()
    tracker.feed(seen(0, "a"), judged("zone", safe="Holds"))
    tracker.feed(seen(1, "b"), judged("zone", safe="Violated"))
    tracker.deleted(seen(2, "a", kind="DELETED"))
    assert (tracker.keys, len(tracker.active)) == (1, 1)
    tracker.deleted(seen(3, "b", kind="DELETED"))
    assert (tracker.keys, len(tracker.active)) == (0, 0)


def test_what_is_rejected_or_has_no_value_changes_no_drift_and_is_not_judged() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Violated"))
    assert tracker.feed(seen(1), Judgement(rejected="no such field")) == ()
    assert tracker.feed(seen(2), Judgement(rejected="no such field")) == ()
    assert (tracker.counts.rejected, tracker.counts.in_a_row, tracker.counts.last_rejection) == (2, 2, "no such field")
    assert tracker.feed(seen(3), judged(safe="Error")) == ()
    assert (tracker.counts.in_a_row, tracker.counts.errors, tracker.counts.judged) == (0, 1, 1)
    assert tracker.counts.by_property == {"safe": 1}
    assert tracker.active == (drift(),)


def test_a_key_whose_state_was_not_judged_whole_is_counted_until_it_is() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Error", live="Holds"))
    tracker.feed(seen(1, "db"), judged("shop/db", safe="Holds"))
    assert (tracker.keys, tracker.unjudged_keys) == (2, 1)
    tracker.feed(seen(2), judged(safe="Holds", live="Holds"))
    assert tracker.unjudged_keys == 0
    tracker.feed(seen(3), Judgement(rejected="no such field"))
    assert tracker.unjudged_keys == 1
    tracker.feed(seen(4, "new"), Judgement(rejected="no such field"))
    assert (tracker.keys, tracker.unjudged_keys) == (2, 2)
    tracker.feed(seen(5), judged(safe="Holds"))
    tracker.deleted(seen(6, "new", kind="DELETED"))
    assert tracker.unjudged_keys == 0


def test_the_same_version_again_is_a_duplicate() -> None:
    tracker = Tracker()
    assert not tracker.is_duplicate(seen(0, version="7"))
    tracker.feed(seen(0, version="7"), judged(safe="Holds"))
    assert tracker.is_duplicate(seen(1, version="7"))
    assert not tracker.is_duplicate(seen(1, version="8"))
    assert not tracker.is_duplicate(seen(1, version="7", kind="DELETED"))
    assert not tracker.is_duplicate(seen(1, "db", version="7"))
    tracker.deleted(seen(2, version="7", kind="DELETED"))
    assert not tracker.is_duplicate(seen(3, version="7"))
    assert tracker.counts.duplicates == 1


def test_after_a_restart_a_drift_is_still_active_and_told_no_second_time() -> None:
    tracker = Tracker([drift(0, 5, 4)])
    assert tracker.active == (drift(0, 5, 4),)
    assert tracker.feed(seen(10, version="7"), judged(safe="Violated")) == ()
    assert tracker.synced(NOON) == ()
    assert tracker.active == (drift(0, 5, 4),)
    assert tracker.feed(seen(11, version="8"), judged(safe="Violated")) == (Repeated(drift(0, 6, 11)),)


def test_after_a_restart_a_drift_that_ended_meanwhile_is_resolved() -> None:
    tracker = Tracker([drift()])
    assert tracker.feed(seen(10), judged(safe="Holds")) == (Resolved(drift(), NOON + timedelta(seconds=10), "holds"),)


def test_after_a_restart_a_drift_on_an_object_that_is_gone_is_resolved() -> None:
    tracker = Tracker([drift(), drift(object=ref("db"), key="shop/db")])
    tracker.feed(seen(10, "db"), judged("shop/db", safe="Violated"))
    assert tracker.synced(NOON) == (Resolved(drift(), NOON, "gone"),)
    assert len(tracker.active) == 1


def test_after_a_restart_a_drift_of_which_a_trace_was_kept_is_active_again_silently() -> None:
    tracker = Tracker((), {drift().trace: NOON})
    assert tracker.active == ()
    assert tracker.feed(seen(10, version="7"), judged(safe="Violated")) == ()
    (found,) = tracker.active
    assert (found.identity, found.since) == (drift().identity, NOON)
    assert tracker.traces == {}
    (again,) = tracker.feed(seen(11, version="8"), judged(safe="Violated"))
    assert isinstance(again, Repeated)
    (over,) = tracker.feed(seen(12, version="9"), judged(safe="Holds"))
    assert isinstance(over, Resolved)
    (anew,) = tracker.feed(seen(13, version="10"), judged(safe="Violated"))
    assert isinstance(anew, Started)


def test_after_a_restart_a_trace_of_what_holds_is_resolved_and_one_of_what_is_gone_forgotten() -> None:
    tracker = Tracker((), {drift().trace: NOON, drift(object=ref("db")).trace: NOON})
    (over,) = tracker.feed(seen(10), judged(safe="Holds"))
    assert isinstance(over, Resolved)
    assert (over.drift.identity, over.why) == (drift().identity, "holds")
    assert (tracker.active, tracker.counts.resolved) == ((), 1)
    assert len(tracker.traces) == 1
    assert tracker.synced(NOON) == ()
    assert tracker.traces == {}


def test_a_trace_stands_while_some_object_cannot_be_judged() -> None:
    tracker = Tracker((), {drift().trace: NOON})
    tracker.feed(seen(10), Judgement("", {}, (), "does not fit"))
    tracker.synced(NOON)
    assert tracker.feed(seen(11), judged(safe="Violated")) == ()
    assert tracker.active[0].since == NOON


def test_a_trace_is_of_one_object_key_and_property() -> None:
    tracker = Tracker((), {drift().trace: NOON})
    (other,) = tracker.feed(seen(10, "db"), judged("shop/db", safe="Violated"))
    assert isinstance(other, Started)
    (another,) = tracker.feed(seen(11), judged(live="Violated"))
    assert isinstance(another, Started)


def test_gaps_are_counted_and_change_no_drift() -> None:
    tracker = Tracker([drift()])
    tracker.gap()
    assert (tracker.counts.gaps, tracker.active) == (1, (drift(),))


def test_after_a_gap_the_same_version_is_seen_again() -> None:
    tracker = Tracker()
    tracker.feed(seen(0, version="7"), judged(safe="Violated"))
    assert tracker.is_duplicate(seen(1, version="7"))
    tracker.gap()
    assert not tracker.is_duplicate(seen(2, version="7"))


def test_late_observations_do_not_turn_time_back() -> None:
    tracker = Tracker()
    tracker.feed(seen(5), judged(safe="Violated"))
    tracker.feed(seen(3), judged(safe="Violated"))
    assert tracker.active[0].last == NOON + timedelta(seconds=5)


def test_memory_is_bounded_and_what_is_beyond_is_not_taken_for_health(monkeypatch: Any) -> None:
    monkeypatch.setattr(drifts, "KEYS_LIMIT", 3)
    monkeypatch.setattr(drifts, "DRIFTS_LIMIT", 2)
    tracker = Tracker()
    for n in range(5):
        tracker.feed(seen(n, f"o{n}", version="1"), judged(f"k{n}", safe="Violated"))
    assert (tracker.keys, len(tracker.active)) == (3, 2)
    assert tracker.counts.overflowed == 5
    assert tracker.unjudged_keys >= 2
    assert len(tracker._versions) == 3


def test_observations_without_an_object_have_a_trace_for_each_key() -> None:
    tracker = Tracker()
    nothing = Seen("log", "MODIFIED", NOON, object_ref(None))
    tracker.feed(nothing, judged("a", safe="Violated"))
    assert tracker.feed(nothing, judged("b", safe="Holds")) == ()
    assert (tracker.keys, [d.key for d in tracker.active]) == (2, ["a"])


def test_an_object_is_known_by_what_its_body_says_and_no_body_is_too_strange() -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n", "uid": "u"}}
    assert object_ref(body) == ObjectRef("v1", "Pod", "n", "p", "u")
    for odd in (None, [], {}, {"metadata": None}, {"metadata": {"name": 5}, "kind": ["x"]}):
        assert object_ref(odd) == ObjectRef("", "", "", "", "")
    assert len(object_ref({"kind": "x" * 1000}).kind) == 253


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["Holds", "Violated", "Error", "DELETED"])),
    max_size=30,
)


@given(STEPS)
def test_what_is_active_is_what_began_and_did_not_end(steps: list[tuple[str, str, str]]) -> None:
    tracker = Tracker()
    active: dict[str, Drift] = {}
    for at, (name, key, what) in enumerate(steps):
        for change in _fed(tracker, at, name, key, what):
            match change:
                case Started(found):
                    assert found.identity not in active
                    active[found.identity] = found
                case Repeated(found):
                    assert active[found.identity].count == found.count - 1
                    active[found.identity] = found
                case Resolved(found):
                    assert active.pop(found.identity) == found
    assert {d.identity: d for d in tracker.active} == active
    assert all(d.object.identity in tracker._key_of for d in tracker.active)


def _fed(tracker: Tracker, at: int, name: str, key: str, what: str) -> tuple[Change, ...]:
    if what == "DELETED":
        return tracker.deleted(seen(at, name, kind="DELETED"))
    return tracker.feed(seen(at, name), judged(key, safe=what))


def stepped(verdict: Any, name: str = "step", key: str = "shop/web", **more: Any) -> Judgement:
    return Judgement(key, {}, (Result(name, verdict, "no step", tier="Step", **more),))


def late(verdict: Any, key: str = "shop/web") -> Judgement:
    return Judgement(key, {}, (Result("converges", verdict, "overdue", tier="Time"),))


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_step_drift_lasts_until_no_other_came_for_long_enough() -> None:
    tracker = Tracker(policy=Policy(hold_s=60))
    (started,) = tracker.feed(seen(0), stepped("Violated"))
    assert isinstance(started, Started)
    assert tracker.feed(seen(10), stepped("Holds")) == ()
    (again,) = tracker.feed(seen(50), stepped("Violated"))
    assert isinstance(again, Repeated)
    assert tracker.tick(at(109)) == ()
    (over,) = tracker.tick(at(110))
    assert isinstance(over, Resolved)
    assert (over.why, over.drift.count, over.at) == ("quiet", 2, at(110))
    assert tracker.tick(at(500)) == ()


def test_what_a_property_breaks_in_each_tier_is_a_drift_of_its_own() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Violated"))
    tracker.feed(seen(1), stepped("Violated", "safe"))
    tracker.feed(seen(2), Judgement("shop/web", {}, (Result("safe", "Violated", tier="Time"),)))
    assert [d.tier for d in tracker.active] == ["State", "Step", "Time"]
    assert len({d.identity for d in tracker.active}) == len({d.trace for d in tracker.active}) == 3


def test_a_deadline_is_missed_and_met_as_time_passes() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), late("Holds"))
    (started,) = tracker.passed(late("Violated"), seen(300))
    assert isinstance(started, Started)
    assert tracker.tick(at(100_000)) == ()
    (over,) = tracker.feed(seen(400), late("Holds"))
    assert isinstance(over, Resolved)
    assert over.why == "holds"


def test_a_key_that_is_over_takes_the_drifts_of_all_tiers_along() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Violated"))
    tracker.feed(seen(0), stepped("Violated"))
    tracker.feed(seen(0, "db"), stepped("Violated", key="shop/db"))
    changes = tracker.passed(Judgement("shop/web", closed=True), seen(9))
    assert [(type(c), c.drift.tier) for c in changes] == [(Resolved, "State"), (Resolved, "Step")]
    assert [d.key for d in tracker.active] == ["shop/db"]
    assert tracker.keys == 1


def test_a_drift_keeps_what_came_nearest_to_explaining_it() -> None:
    obstacles = tuple(Obstacle(f"apply({n})", "guard", f"x > {n}") for n in range(5))
    tracker = Tracker()
    tracker.feed(seen(0), stepped("Violated", explanation=Explanation(claimed="apply(1)", obstacles=obstacles)))
    (found,) = tracker.active
    assert found.obstacles == ("apply(0): x > 0", "apply(1): x > 1", "apply(2): x > 2")
    assert found.explanation is not None
    assert len(found.explanation.obstacles) == 5


def test_steps_that_cannot_be_judged_leave_their_key_unjudged() -> None:
    tracker = Tracker()
    tracker.feed(seen(0), judged(safe="Holds"))
    tracker.feed(seen(1), stepped("Unknown", reason="NoAnchor"))
    assert tracker.unjudged_keys == 1
    tracker.feed(seen(2), stepped("Holds", "apply"))
    assert tracker.unjudged_keys == 0


MUTE = Mute("planned", at(100), property="safe", key="shop/web", tier="State")


@pytest.mark.parametrize("other", [{"property": "live"}, {"key": "shop/db"}, {"tier": "Step"}])
def test_a_mute_is_of_what_fits_all_that_is_given(other: dict[str, str]) -> None:
    assert MUTE.fits(drift(), at(99))
    assert not MUTE.fits(drift(), at(100))
    assert not replace(MUTE, **other).fits(drift(), at(99))
    assert Mute("all", at(100)).fits(drift(), at(0))


def test_a_muted_drift_is_active_and_is_told_when_the_mute_is_over() -> None:
    tracker = Tracker(policy=Policy(mutes=(MUTE,)))
    (started,) = tracker.feed(seen(0), judged(safe="Violated"))
    assert (started.drift.muted, started.drift.mute_reason) == (True, "planned")
    assert tracker.tick(at(99)) == ()
    assert [d.muted for d in tracker.active] == [True]
    (told,) = tracker.tick(at(100))
    assert told == Started(drift())
    assert tracker.tick(at(101)) == ()
    (over,) = tracker.feed(seen(150), judged(safe="Holds"))
    assert not over.drift.muted


def test_what_is_muted_later_is_told_no_more_and_nothing_said_about_it() -> None:
    tracker = Tracker([drift()], policy=Policy(mutes=(MUTE,)))
    assert tracker.tick(at(1)) == ()
    assert [d.mute_reason for d in tracker.active] == ["planned"]


def test_after_a_restart_what_is_not_listed_is_not_taken_for_gone() -> None:
    policy = Policy(hold_s=60, listed=frozenset({("v1", "ConfigMap")}))
    event = drift(object=ObjectRef("", "", "", "apply", ""), key="a")
    listed = drift(object=ObjectRef("v1", "ConfigMap", "shop", "zone", "u"), key="b")
    tracker = Tracker([event, listed], policy=policy)
    (gone,) = tracker.synced(at(1))
    assert isinstance(gone, Resolved)
    assert (gone.drift, gone.why) == (listed, "gone")
    assert tracker.tick(at(59)) == ()
    (over,) = tracker.tick(at(60))
    assert isinstance(over, Resolved)
    assert (over.drift.key, over.why) == ("a", "quiet")


def test_a_drift_of_events_that_was_seen_again_after_a_restart_lasts() -> None:
    policy = Policy(hold_s=60, listed=frozenset())
    thing = ObjectRef("", "", "", "apply", "")
    tracker = Tracker([drift(object=thing, key="a")], policy=policy)
    assert tracker.feed(Seen("log", "MODIFIED", at(10), thing), judged("a", safe="Violated")) == ()
    assert tracker.tick(at(1000)) == ()
    assert len(tracker.active) == 1
