"""Sequence numbers: what is missing is a gap, what comes again is stale."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from speccheck.sources.observations import Observation
from speccheck.sources.sequences import Place, Sequences, Step

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def steps(*numbers: int | None, source: str = "a") -> list[Step]:
    sequences = Sequences()
    return [sequences.step(Observation(NOON, source, number, object={})) for number in numbers]


def test_numbers_that_follow_on_are_next_wherever_they_begin() -> None:
    assert steps(7, 8, 9) == [Step(Place.NEXT)] * 3


def test_a_hole_is_a_gap_of_so_many() -> None:
    assert steps(1, 2, 5, 6) == [Step(Place.NEXT), Step(Place.NEXT), Step(Place.AFTER_GAP, 2), Step(Place.NEXT)]


def test_what_came_before_is_stale_and_changes_nothing() -> None:
    assert steps(4, 4, 2, 5) == [Step(Place.NEXT), Step(Place.STALE), Step(Place.STALE), Step(Place.NEXT)]


def test_without_numbers_nothing_is_known_to_be_missing() -> None:
    assert steps(None, 3, None, 4) == [Step(Place.NEXT)] * 4


def test_sources_count_on_their_own() -> None:
    sequences = Sequences()
    order = [("a", 1), ("b", 9), ("a", 2), ("b", 10)]
    found = [sequences.step(Observation(NOON, source, seq, object={})) for source, seq in order]
    assert found == [Step(Place.NEXT)] * 4


@given(st.lists(st.integers(0, 30), max_size=40))
def test_everything_is_next_missing_or_stale(numbers: list[int]) -> None:
    taken = [number for number, step in zip(numbers, steps(*numbers), strict=True) if step.place is not Place.STALE]
    assert taken == sorted(set(taken))
    missing = sum(step.missing for step in steps(*numbers))
    assert missing == (taken[-1] - taken[0] + 1 - len(taken) if taken else 0)
