"""Orderings: events wait for their window, go on in order, and what is missing, late or twice is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.sources import orderings
from speccheck.sources.observations import Event, Kind, Observation
from speccheck.sources.orderings import Ordering

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(seconds: float, name: str = "e", seq: int | None = None, who: str = "a", process: str = "") -> Observation:
    """An event as a program sends it."""
    attributes: dict[str, Any] = {"resource": {"service.instance.id": who}}
    if seq is not None:
        attributes["speccheck.seq"] = seq
    if process:
        attributes["speccheck.process"] = process
    return Observation(at(seconds), event=Event(name, attributes))


def told(observations: list[Observation]) -> list[str]:
    """Names of events and objects, and GAP."""
    return ["GAP" if each.kind is Kind.GAP else each.event.name if each.event else "object" for each in observations]


def fed(ordering: Ordering, *observations: tuple[float, Observation]) -> list[str]:
    """What comes of observations, each at its time of arrival, and of the rest of the window."""
    out = [told(ordering.put(each, at(came))) for came, each in observations]
    return [name for part in out for name in part] + told(ordering.flush())


def test_an_event_waits_for_the_window_and_no_longer() -> None:
    ordering = Ordering(2.0)
    assert ordering.put(event(0), at(0.1)) == []
    assert ordering.due == at(2.1)
    assert ordering.tick(at(2.0)) == []
    assert told(ordering.tick(at(2.1))) == ["e"]
    assert (ordering.due, ordering.waiting) == (None, 0)


def test_objects_wait_for_nothing() -> None:
    ordering = Ordering(2.0)
    ordering.put(event(0), at(0))
    assert told(ordering.put(Observation(at(1), object={}), at(1))) == ["object"]


def test_numbers_go_before_times_and_times_before_arrival() -> None:
    ordering = Ordering(2.0)
    late_clock = [(0.3, event(9, "first", 1)), (0.1, event(5, "second", 2))]
    assert fed(ordering, *late_clock) == ["first", "second"]
    ordering = Ordering(2.0)
    assert fed(ordering, (0.1, event(2, "b")), (0.2, event(1, "a")), (0.3, event(3, "c"))) == ["a", "b", "c"]


def test_emitters_are_merged_by_time() -> None:
    ordering = Ordering(2.0)
    sent = [(1.0, event(1.0, "b1", 1, "b")), (1.1, event(0.5, "a1", 1)), (1.2, event(1.5, "a2", 2))]
    assert fed(ordering, *sent) == ["a1", "b1", "a2"]


def test_a_number_that_does_not_come_is_a_gap_and_late_it_is_dropped() -> None:
    ordering = Ordering(1.0)
    assert fed(ordering, (0, event(0, "one", 1)), (0.1, event(0.1, "three", 3))) == ["one", "GAP", "three"]
    assert ordering.put(event(0.05, "two", 2), at(5)) == []
    assert (ordering.counts.missing, ordering.counts.late) == (1, 1)


def test_the_first_of_an_emitter_leaves_no_gap_at_the_very_beginning_only() -> None:
    ordering = Ordering(1.0)
    assert fed(ordering, (0, event(0, "seven", 7))) == ["seven"]
    assert fed(ordering, (1001, event(1001, "three", 3, "b"))) == ["GAP", "three"]
    assert fed(ordering, (1003, event(1003, "one", 1, "c"))) == ["one"]


def test_what_is_sent_twice_is_dropped_without_a_gap() -> None:
    ordering = Ordering(1.0)
    once, other = event(0, "x"), event(0.1, "y", 1, "b")
    assert fed(ordering, (0, once), (0, other), (0.1, once), (0.2, other)) == ["x", "y"]
    assert fed(ordering, (2000, once), (2000, other)) == []
    assert ordering.counts.duplicates == 4


def test_an_event_older_than_what_was_passed_on_is_a_gap() -> None:
    ordering = Ordering(1.0)
    fed(ordering, (0, event(10, "later")))
    out = ordering.put(event(9.5, "older"), at(2000)) + ordering.tick(at(2002))
    assert told(out) == ["GAP"]
    assert "0.500 s behind" in out[0].reason
    assert ordering.counts.late == 1


def test_another_process_of_the_same_instance_is_a_gap_and_counts_anew() -> None:
    ordering = Ordering(1.0)
    sent = [(0, event(0, "a", 1, process="p")), (0.1, event(0.1, "b", 2, process="p"))]
    assert fed(ordering, *sent, (0.2, event(0.2, "c", 1, process="q"))) == ["a", "b", "GAP", "c"]
    assert ordering.counts.restarts == 1


def test_two_processes_that_cannot_be_told_apart_are_a_gap() -> None:
    ordering = Ordering(1.0)
    assert fed(ordering, (0, event(0, "a", 1)), (0.1, event(0.1, "b", 1))) == ["a", "GAP"]
    assert "service.instance.id" in ordering.put(event(2000, "c", 1), at(2000))[0].reason


def test_processes_of_a_service_without_instances_are_told_apart() -> None:
    ordering = Ordering(1.0)

    def of(process: str, seconds: float) -> Observation:
        attributes = {"resource": {"service.name": "s"}, "speccheck.seq": 1, "speccheck.process": process}
        return Observation(at(seconds), event=Event(process, attributes))

    assert fed(ordering, (0, of("p", 0)), (0.1, of("q", 0.1))) == ["p", "q"]


def test_a_gap_stands_before_and_after_what_waits() -> None:
    ordering = Ordering(1.0)
    ordering.put(event(0), at(0))
    gap = Observation(at(0.5), kind=Kind.GAP, reason="turned away")
    assert told(ordering.put(gap, at(0.5))) == ["GAP", "e", "GAP"]
    assert told(ordering.put(gap, at(0.5))) == ["GAP"]


def test_sources_are_ordered_by_themselves() -> None:
    ordering = Ordering(1.0)
    first = Observation(at(5), "one", event=Event("a"))
    second = Observation(at(1), "two", event=Event("b"))
    out = ordering.put(first, at(5)) + ordering.tick(at(7)) + ordering.put(second, at(7)) + ordering.tick(at(9))
    assert told(out) == ["a", "b"]
    assert ordering.counts.late == 0


def test_objects_with_numbers_are_looked_after_too() -> None:
    ordering = Ordering(1.0)
    objects = [Observation(at(n), seq=seq, object={}) for n, seq in ((0, 1), (1, 2), (2, 4), (2, 4), (3, 3), (4, 1))]
    given = [told(ordering.put(each)) for each in objects]
    assert given == [["object"], ["object"], ["GAP", "object"], [], [], ["GAP", "object"]]
    counts = ordering.counts
    assert (counts.missing, counts.duplicates, counts.late, counts.restarts) == (1, 1, 1, 1)


def test_what_waited_long_enough_before_an_object_changed_goes_on_before_it() -> None:
    ordering = Ordering(1.0)
    out = [ordering.put(event(1, "a"))]
    out += [ordering.put(Observation(at(seconds), source="other", object={})) for seconds in (1.5, 3)]
    assert [told(each) for each in out] == [[], ["object"], ["a", "object"]]


def test_in_a_file_the_clock_is_that_of_the_observations() -> None:
    ordering = Ordering(2.0)
    out = [told(ordering.put(event(seconds, name))) for seconds, name in ((1, "b"), (0, "a"), (2.5, "c"), (3.2, "d"))]
    assert out == [[], [], [], ["a", "b"]]
    assert told(ordering.flush()) == ["c", "d"]


def test_when_too_many_wait_the_first_go_on_early() -> None:
    ordering = Ordering(60.0, waiting_limit=10)
    out = [each for n in range(25) for each in told(ordering.put(event(n, str(n)), at(n / 1000)))]
    assert out == [str(n) for n in range(15)]
    assert (ordering.waiting, ordering.counts.early) == (10, 15)


def test_emitters_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orderings, "LANES_LIMIT", 10)
    ordering = Ordering(0.0)
    for n in range(100):
        ordering.put(event(n, seq=1, who=f"w{n}"), at(n))
        ordering.tick(at(n + 0.5))
    assert len(ordering._sources[""].lanes) == 10
    assert fed(ordering, (200, event(200, "back", 2, "w1"))) == ["GAP", "back"]


@pytest.mark.parametrize("seq", [2**63, -1, True, "7", 1.5, None])
def test_a_number_that_is_none_is_no_number(seq: object) -> None:
    ordering = Ordering(1.0)
    odd = Observation(at(0), event=Event("odd", {"speccheck.seq": seq}))
    assert fed(ordering, (0, odd)) == ["odd"]
    huge = Observation(at(2000), seq=2**80, event=Event("huge"))
    assert fed(ordering, (2000, huge)) == ["huge"]


def test_the_largest_hole_is_counted_and_remembered_in_part() -> None:
    ordering = Ordering(1.0)
    assert fed(ordering, (0, event(0, "a", 0)), (0.1, event(0.1, "b", 2**63 - 1))) == ["a", "GAP", "b"]
    assert ordering.counts.missing == 2**63 - 2
    assert len(ordering._sources[""].lanes["a", True].missing) == orderings.MISSING_LIMIT


emitters = st.lists(st.integers(1, 12), min_size=1, max_size=4)


@given(emitters, st.integers(0, 2**32), st.floats(0.1, 3.0))
def test_whatever_the_network_does_within_the_window_events_come_in_order(
    counts: list[int], seed: int, window_s: float
) -> None:
    random = Random(seed)
    sent: list[tuple[float, Observation]] = []
    now = 0.0
    numbers = [0] * len(counts)
    for who in random.sample([who for who, count in enumerate(counts) for _ in range(count)], sum(counts)):
        now += random.uniform(0.001, 1.0)
        numbers[who] += 1
        sent.append((now, event(now, f"{now:.6f}", numbers[who], str(who))))
    arrived = [(time + random.uniform(0, window_s * 0.95), each) for time, each in sent]
    arrived += random.sample(arrived, len(arrived) // 2)
    arrived.sort(key=lambda pair: pair[0])
    ordering = Ordering(window_s)
    out = [each for came, one in arrived for each in told(ordering.put(one, at(came)))] + told(ordering.flush())
    assert out == [each.event.name for _, each in sent if each.event]
    assert ordering.counts.duplicates == len(sent) // 2


@given(emitters, st.integers(0, 2**32))
def test_whatever_is_lost_within_an_emitters_numbers_a_gap_stands_in_its_place(counts: list[int], seed: int) -> None:
    random = Random(seed)
    sent = [
        (float(n), event(n, f"{who}:{n}", n + 1, str(who))) for who, count in enumerate(counts) for n in range(count)
    ]
    kept = [pair for pair in sent if random.random() < 0.7]
    ordering = Ordering(0.5)
    out = [each for came, one in sorted(kept, key=lambda p: p[0]) for each in ordering.put(one, at(came))]
    out += ordering.flush()
    for who in range(len(counts)):
        last, gap = None, False
        for each in out:
            if each.kind is Kind.GAP:
                gap = True
            elif each.event and each.event.name.startswith(f"{who}:"):
                number = each.event.attributes["speccheck.seq"]
                assert last is None or number == last + 1 or gap
                last, gap = number, False
