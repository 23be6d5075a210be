"""Dijkstra's ring: it stabilises from K = N - 1 on and not below, found a second time by looking for a cycle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from tests.specs.known_behaviours import TOKEN_RING
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

from speccheck.reports import Verdict

MUTATIONS = (
    Mutation("the_bottom_does_not_count", "(left + 1) % s.K", "left", "enough", "everybody_gets_it"),
    Mutation(
        "others_count_too", "(left + 1) % s.K, left)", "(left + 1) % s.K, (left + 1) % s.K)", "enough", "stabilises"
    ),
    Mutation("no_machine_is_the_bottom", "Ite(machine == 0, same, ~same)", "~same", "enough", "somebody_may_move"),
)

SIZES = {
    "enough": (4, 4),
    "one_less": (4, 3),
    "too_few": (4, 2),
    "five": (5, 5),
    "five_with_too_few": (5, 3),
    "orderly": (4, 4),
}

Numbers = tuple[int, ...]


def steps_of(ring: Numbers, numbers: int) -> Iterator[Numbers]:
    for machine, mine in enumerate(ring):
        left = ring[machine - 1]
        if machine == 0 and mine == left:
            yield replaced(ring, machine, (left + 1) % numbers)
        elif machine > 0 and mine != left:
            yield replaced(ring, machine, left)


def initial(name: str) -> list[Numbers]:
    machines, numbers = SIZES[name]
    return [(0,) * machines] if name == "orderly" else list(product(range(numbers), repeat=machines))


def stabilises(name: str) -> bool:
    """Whether no disorder can go on for ever: taking out what cannot stay in disorder leaves nothing."""
    _, numbers = SIZES[name]
    after = {ring: list(steps_of(ring, numbers)) for ring in product(range(numbers), repeat=SIZES[name][0])}
    disorder = {ring for ring, following in after.items() if len(following) > 1}
    while dying := {ring for ring in disorder if not disorder.intersection(after[ring])}:
        disorder -= dying
    return not disorder


@pytest.mark.parametrize("known", TOKEN_RING, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", TOKEN_RING, ids=str)
def test_a_second_count(known: Instance) -> None:
    found = explore(initial(known.name), lambda ring: steps_of(ring, SIZES[known.name][1]))
    assert found == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("known", [k for k in TOKEN_RING if k.name != "orderly"], ids=str)
def test_a_second_answer(known: Instance, library: Library) -> None:
    report = library.report("token_ring", known.name)
    (result,) = [p for p in report.properties if p.name == "stabilises"]
    assert (result.verdict is Verdict.HOLDS) is stabilises(known.name)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "token_ring", mutation)
