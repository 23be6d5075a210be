"""Sequence numbers: what is missing is a gap, what comes again is stale, and something else with its number is new."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from speccheck.sources.observations import Observation
from speccheck.sources.sequences import KEPT, Place, Sequences, Step

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def steps(*numbers: int | None, source: str = "a") -> list[Step]:
    sequences = Sequences()
    return [sequences.step(Observation(NOON, source, number, object={})) for number in numbers]


def test_numbers_that_follow_on_are_next_wherever_they_begin() -> None:
    assert steps(7, 8, 9) == [Step(Place.NEXT)] * 3


def test_a_hole_is_a_gap_of_so_many() -> None:
    assert steps(1, 2, 5, 6) == [Step(Place.NEXT), Step(Place.NEXT), Step(Place.AFTER_GAP, 2), Step(Place.NEXT)]


def test_what_comes_again_is_stale_and_changes_nothing() -> None:
    assert steps(4, 5, 4, 5, 6) == [*[Step(Place.NEXT)] * 2, *[Step(Place.STALE)] * 2, Step(Place.NEXT)]


def test_what_was_missing_is_late_and_comes_once() -> None:
    places = [step.place for step in steps(1, 4, 2, 3, 5)]
    assert places == [Place.NEXT, Place.AFTER_GAP, Place.LATE, Place.LATE, Place.NEXT]


def test_a_number_that_stands_for_something_else_counts_anew() -> None:
    sequences = Sequences()
    order = [(1, "a"), (2, "b"), (1, "c"), (2, "d"), (1, "c"), (4, "e")]
    found = [sequences.step(Observation(NOON, seq=seq, object={"is": what})) for seq, what in order]
    next_, anew = Step(Place.NEXT), Step(Place.ANEW)
    assert found == [next_, next_, anew, next_, Step(Place.STALE), Step(Place.AFTER_GAP, 1)]


def test_a_number_from_before_the_first_counts_anew() -> None:
    assert steps(7, 2, 3) == [Step(Place.NEXT), Step(Place.ANEW), Step(Place.NEXT)]


def test_what_is_remembered_is_bounded() -> None:
    sequences = Sequences()
    for number in [*range(5 * KEPT), 10**15]:
        sequences.step(Observation(NOON, "a", number, object={}))
    (source,) = sequences._sources.values()
    assert (len(source.marks), len(source.missing)) == (KEPT, KEPT)
    assert sequences.step(Observation(NOON, "a", 10**15 - KEPT, object={})).place is Place.LATE
    assert sequences.step(Observation(NOON, "a", 0, object={})).place is Place.ANEW


def test_without_numbers_nothing_is_known_to_be_missing() -> None:
    assert steps(None, 3, None, 4) == [Step(Place.NEXT)] * 4


def test_sources_count_on_their_own() -> None:
    sequences = Sequences()
    order = [("a", 1), ("b", 9), ("a", 2), ("b", 10)]
    found = [sequences.step(Observation(NOON, source, seq, object={})) for source, seq in order]
    assert found == [Step(Place.NEXT)] * 4


@given(st.lists(st.integers(0, 30), max_size=40))
def test_everything_is_next_missing_late_stale_or_anew(numbers: list[int]) -> None:
    """Against a plain account of what was taken since it last began anew, and what never came."""
    taken: set[int] = set()
    never: set[int] = set()
    for number, step in zip(numbers, steps(*numbers), strict=True):
        if not taken or number > max(taken):
            skipped = {*range(max(taken, default=number) + 1, number)}
            assert step == (Step(Place.AFTER_GAP, len(skipped)) if skipped else Step(Place.NEXT))
            never |= skipped
            taken.add(number)
        elif number in never:
            assert step == Step(Place.LATE)
            never.remove(number)
        elif number in taken:
            assert step == Step(Place.STALE)
        else:
            assert step == Step(Place.ANEW)
            taken, never = {number}, set()
