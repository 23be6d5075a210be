"""A sloppy counter: a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import SLOPPY_COUNTER
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "does_not_clear_its_own_counter",
        "    s.own[processor] = 0\n",
        "",
        "locked",
        "no_event_is_lost_or_counted_twice",
    ),
    Mutation(
        "adds_only_what_fits_the_threshold",
        "s.common = s.seen[processor] + s.own[processor]",
        "s.common = s.seen[processor] + s.THRESHOLD - 1",
        "locked",
        "no_event_is_lost_or_counted_twice",
    ),
    Mutation(
        "counts_on_beyond_the_threshold",
        "and s.own[processor] < s.THRESHOLD)",
        "and s.own[processor] < 2 * s.THRESHOLD)",
        "locked",
        "the_lag_is_bounded",
    ),
    Mutation(
        "takes_a_lock_that_is_taken",
        "    c.assume(s.lock == NOBODY or not s.LOCKED)\n",
        "",
        "locked",
        "one_adds_at_a_time",
    ),
)

SETTINGS = {"locked": (4, 9, True), "unlocked": (2, 6, False)}
"""Processors, events, and whether there is a lock. All move two at a time."""
THRESHOLD = 2

Processor = tuple[int, str, int]
"""Its own counter, what it does, and what it has seen in the common one."""
Counters = tuple[int, int, int | None, tuple[Processor, ...]]
"""What has happened, the common counter, who has its lock, and the processors."""


def steps_of(events: int, locked: bool, counters: Counters) -> Iterator[Counters]:
    happened, common, lock, processors = counters
    for me, (own, phase, seen) in enumerate(processors):
        match phase:
            case "counting" if own < THRESHOLD:
                if happened < events:
                    yield happened + 1, common, lock, replaced(processors, me, (own + 1, phase, seen))
            case "counting":
                if lock is None or not locked:
                    yield happened, common, me, replaced(processors, me, (own, "locked", seen))
            case "locked":
                yield happened, common, lock, replaced(processors, me, (own, "read", common))
            case "read":
                yield happened, seen + own, lock, replaced(processors, me, (0, "written", 0))
            case _:
                yield happened, common, None if lock == me else lock, replaced(processors, me, (own, "counting", seen))


@pytest.mark.parametrize("known", SLOPPY_COUNTER, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", SLOPPY_COUNTER, ids=str)
def test_a_second_count(known: Instance) -> None:
    processors, events, locked = SETTINGS[known.name]
    first: Counters = (0, 0, None, ((0, "counting", 0),) * processors)
    counted = explore([first], lambda counters: steps_of(events, locked, counters))
    assert counted == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "sloppy_counter", mutation)
