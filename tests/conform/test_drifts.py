"""From judgements to drifts: begun once, counted, ended, kept over restarts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from speccheck.conform import drifts
from speccheck.conform.drifts import Change, Drift, ObjectRef, Repeated, Resolved, Seen, Started, Tracker, object_ref
from speccheck.conform.protocols import Judgement, Result

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
