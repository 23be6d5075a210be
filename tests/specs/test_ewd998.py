"""EWD 998: a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from tests.specs.known_classics import EWD998
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "receives_and_stays_white",
        "    s.colour[machine] = Colour.BLACK\n    s.active",
        "    s.active",
        "three",
        "detection_is_right",
    ),
    Mutation(
        "does_not_count_what_it_sends",
        "    s.count[sender] += 1\n",
        "",
        "two",
        "counts_add_up",
    ),
    Mutation(
        "forgets_what_the_token_has_added_up",
        "total=s.token.total + s.count[machine]",
        "total=s.count[machine]",
        "three",
        "safras_invariant",
    ),
    Mutation(
        "announces_the_end_whatever_the_counts",
        " & (s.token.total + s.count[0] == 0)\n",
        "\n",
        "two",
        "detection_is_right",
    ),
)

SIZES = {"two": (2, 2), "three": (3, 1)}
"""Machines, and the limit."""

Ring = tuple[tuple[bool, ...], tuple[bool, ...], tuple[int, ...], tuple[int, ...], tuple[int, int, bool]]
"""Who is active, who is black, the counts, what is under way to each; the token: where, total, whether black."""


def first_states(machines: int) -> Iterator[Ring]:
    bits = list(product((False, True), repeat=machines))
    for active, black, at in product(bits, bits, range(machines)):
        yield active, black, (0,) * machines, (0,) * machines, (at, 0, True)


def steps_of(limit: int, ring: Ring) -> Iterator[Ring]:
    active, black, counts, coming, (at, total, token_black) = ring
    machines = len(active)
    if at == 0 and (token_black or black[0] or counts[0] + total > 0):
        yield active, replaced(black, 0, False), counts, coming, (machines - 1, 0, False)
    if at > 0 and not active[at]:
        token = (at - 1, total + counts[at], token_black or black[at])
        yield active, replaced(black, at, False), counts, coming, token
    for machine in range(machines):
        fewer = replaced(counts, machine, counts[machine] - 1)
        more = replaced(counts, machine, counts[machine] + 1)
        if coming[machine] > 0:
            left = replaced(coming, machine, coming[machine] - 1)
            yield replaced(active, machine, True), replaced(black, machine, True), fewer, left, ring[4]
        if active[machine]:
            yield replaced(active, machine, False), black, counts, coming, ring[4]
            for other in range(machines):
                if other != machine and counts[machine] < limit and coming[other] < limit:
                    yield active, black, more, replaced(coming, other, coming[other] + 1), ring[4]


@pytest.mark.parametrize("known", EWD998, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", EWD998, ids=str)
def test_a_second_count(known: Instance) -> None:
    machines, limit = SIZES[known.name]
    counted = explore(first_states(machines), lambda ring: steps_of(limit, ring))
    assert counted == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "ewd998", mutation)
