"""Dekker's lock: counts, a second count, planted faults; fairness is what nobody starves by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_behaviours import DEKKER
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation("keeps_its_flag_down", "s.flag[process] = True", "s.flag[process] = False", "plain", "one_at_a_time"),
    Mutation(
        "does_not_hand_over", "    s.turn = 1 - process\n", "    s.turn = process\n", "plain", "who_wants_in_gets_in"
    ),
    Mutation(
        "waits_with_its_flag_up",
        "    s.flag[process] = False\n    s.phase[process] = Phase.WAIT\n",
        "    s.phase[process] = Phase.WAIT\n",
        "plain",
        "who_wants_in_gets_in",
    ),
)

COUNTS = {"plain": 1, "counted": 5}

Lock = tuple[tuple[str, ...], tuple[bool, ...], int, tuple[int, ...]]
"""What each does next, the flags, the turn, how often each was in."""


def steps_of(lock: Lock, count: int) -> Iterator[Lock]:
    phases, flags, turn, visits = lock
    for process, phase in enumerate(phases):
        other = 1 - process

        def then(phase: str, flag: bool = flags[process], to: int = turn, seen: int = visits[process]) -> Lock:
            here = process  # noqa: B023 - called in this round only
            return replaced(phases, here, phase), replaced(flags, here, flag), to, replaced(visits, here, seen)

        match phase:
            case "outside":
                yield then("raise")
            case "raise" | "raise again":
                yield then("look", flag=True)
            case "look":
                yield then("inside" if not flags[other] else "lower" if turn == other else "look")
            case "lower":
                yield then("wait", flag=False)
            case "wait":
                if turn == process:
                    yield then("raise again")
            case "inside":
                yield then("leave", to=other, seen=(visits[process] + 1) % count)
            case _:
                yield then("outside", flag=False)


@pytest.mark.parametrize("known", DEKKER, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", DEKKER, ids=str)
def test_a_second_count(known: Instance) -> None:
    first: list[Lock] = [(("outside",) * 2, (False,) * 2, turn, (0, 0)) for turn in (0, 1)]
    found = explore(first, lambda lock: steps_of(lock, COUNTS[known.name]))
    assert found == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "dekker", mutation)
