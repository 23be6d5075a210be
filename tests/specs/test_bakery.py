"""Lamport's bakery: counts, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_behaviours import BAKERY
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation("does_not_wait_for_choosers", "    c.assume(~s.choosing[s.at[process]])\n", "", "two", "one_at_a_time"),
    Mutation("names_do_not_count", "(process <= other)", "(other == other)", "two", "one_at_a_time"),
    Mutation("names_count_too_much", "(process <= other)", "(process < other)", "two", "who_chooses_gets_in"),
)

SIZES = {"two": (2, 5), "three": (3, 4)}

Shop = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""What each does next, the number it means to write, its ticket, whom it looks at. Who looks or takes is choosing."""


def steps_of(shop: Shop, tickets: int) -> Iterator[Shop]:
    phases, numbers, held, at = shop
    for me, phase in enumerate(phases):
        other = at[me]
        match phase:
            case "outside":
                if max(*held, *numbers) + len(phases) <= tickets:
                    yield replaced(phases, me, "look"), numbers, held, at
            case "look":
                yield replaced(phases, me, "take"), replaced(numbers, me, 1 + max(held)), held, at
            case "take":
                mine = replaced(held, me, numbers[me])
                yield replaced(phases, me, "door"), replaced(numbers, me, 0), mine, replaced(at, me, 0)
            case "door":
                if phases[other] not in ("look", "take"):
                    yield replaced(phases, me, "counter"), numbers, held, at
            case "counter":
                if held[other] == 0 or (held[me], me) <= (held[other], other):
                    is_last = other == len(phases) - 1
                    following = "inside" if is_last else "door"
                    yield replaced(phases, me, following), numbers, held, replaced(at, me, -1 if is_last else other + 1)
            case _:
                yield replaced(phases, me, "outside"), numbers, replaced(held, me, 0), at


@pytest.mark.parametrize("known", BAKERY, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", BAKERY, ids=str)
def test_a_second_count(known: Instance) -> None:
    processes, tickets = SIZES[known.name]
    first: Shop = (("outside",) * processes, (0,) * processes, (0,) * processes, (-1,) * processes)
    found = explore([first], lambda shop: steps_of(shop, tickets))
    assert found == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "bakery", mutation)
