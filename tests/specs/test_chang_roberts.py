"""Chang and Roberts' election: the published count, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from tests.specs.known_classics import CHANG_ROBERTS
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "takes_any_number_for_its_own",
        "c.assume((s.standing[node] != Standing.LOST) & (number == s.NUMBER[node]))",
        "c.assume((s.standing[node] != Standing.LOST) & (number >= s.NUMBER[node]))",
        "three",
        "all_others_know_that_they_have_lost",
    ),
    Mutation(
        "loses_without_noticing",
        "    s.standing[node] = Standing.LOST\n",
        "",
        "three",
        "all_others_know_that_they_have_lost",
    ),
    Mutation(
        "passes_on_what_is_greater",
        "(number < s.NUMBER[node]))",
        "(number != s.NUMBER[node]))",
        "three",
        "the_winner_is_the_smallest_candidate",
    ),
)

NUMBERS = {"three": (1, 2, 3), "five_mixed": (3, 5, 1, 4, 2)}

Ring = tuple[tuple[bool, ...], tuple[bool, ...], tuple[str, ...], tuple[frozenset[int], ...]]
"""Who stood, who has begun, what each thinks of its chances, and the numbers under way to each."""


def first_states(nodes: int) -> Iterator[Ring]:
    for stood in product((False, True), repeat=nodes):
        chances = tuple("candidate" if stands else "lost" for stands in stood)
        yield stood, (False,) * nodes, chances, (frozenset(),) * nodes


def steps_of(numbers: tuple[int, ...], ring: Ring) -> Iterator[Ring]:
    stood, begun, chances, inboxes = ring
    for node, own in enumerate(numbers):
        following = (node + 1) % len(numbers)
        if not begun[node]:
            sent = {own} if stood[node] else set()
            yield stood, replaced(begun, node, True), chances, replaced(inboxes, following, inboxes[following] | sent)
            continue
        for number in inboxes[node]:
            taken = replaced(inboxes, node, inboxes[node] - {number})
            if chances[node] == "lost" or number < own:
                passed = replaced(taken, following, taken[following] | {number})
                yield stood, begun, replaced(chances, node, "lost"), passed
            else:
                yield stood, begun, replaced(chances, node, "won") if number == own else chances, taken


@pytest.mark.parametrize("known", CHANG_ROBERTS, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", CHANG_ROBERTS, ids=str)
def test_a_second_count(known: Instance) -> None:
    numbers = NUMBERS[known.name]
    counted = explore(first_states(len(numbers)), lambda ring: steps_of(numbers, ring))
    assert counted == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "chang_roberts", mutation)
