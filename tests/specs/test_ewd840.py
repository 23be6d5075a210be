"""EWD 840: the published counts, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from tests.specs.known_classics import EWD840
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "sends_and_stays_white",
        "    s.colour[sender] = Ite(receiver > sender, Colour.BLACK, s.colour[sender])\n",
        "",
        "three",
        "detection_is_right",
    ),
    Mutation(
        "hands_the_token_on_at_work",
        "c.assume(~s.active[machine])\n    with machine_black",
        "c.assume(True)\n    with machine_black",
        "three",
        "detection_is_right",
    ),
    Mutation(
        "forgets_that_a_machine_was_black",
        "Ite(s.colour[machine] == Colour.BLACK, Colour.BLACK, s.token_colour)",
        "s.token_colour",
        "three",
        "dijkstras_invariant",
    ),
    Mutation(
        "blackens_only_who_sends_down_the_ring",
        "receiver > sender",
        "receiver < sender",
        "three",
        "detection_is_right",
    ),
)

MACHINES = {"three": 3, "four": 4}

Ring = tuple[tuple[bool, ...], tuple[bool, ...], int, bool]
"""Who is active, who is black, where the token is, and whether it is black."""


def first_states(machines: int) -> Iterator[Ring]:
    bits = list(product((False, True), repeat=machines))
    for active, black, at in product(bits, bits, range(machines)):
        yield active, black, at, True


def steps_of(ring: Ring) -> Iterator[Ring]:
    active, black, at, token_black = ring
    if at == 0:
        for reason in (token_black, black[0]):
            if reason:
                yield active, replaced(black, 0, False), len(active) - 1, False
    else:
        for reason in (not active[at], black[at], token_black):
            if reason:
                yield active, replaced(black, at, False), at - 1, token_black or black[at]
    for machine in (m for m, works in enumerate(active) if works):
        yield replaced(active, machine, False), black, at, token_black
        for other in range(len(active)):
            if other != machine:
                stained = replaced(black, machine, black[machine] or other > machine)
                yield replaced(active, other, True), stained, at, token_black


@pytest.mark.parametrize("known", EWD840, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", EWD840, ids=str)
def test_a_second_count(known: Instance) -> None:
    counted = explore(first_states(MACHINES[known.name]), steps_of)
    assert counted == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "ewd840", mutation)
