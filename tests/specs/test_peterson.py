"""Peterson's lock: the published count, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import PETERSON
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "does_not_wait_for_others",
        "    c.assume(nobody_as_far | (s.last[door] != process))\n",
        "",
        "two",
        "one_at_a_time",
    ),
    Mutation(
        "puts_somebody_else_down_as_last",
        "s.last[s.level[process]] = process",
        "s.last[s.level[process]] = process % s.N + 1",
        "two",
        "one_at_a_time",
    ),
    Mutation(
        "leaves_out_all_doors_but_the_first",
        "Ite(door == s.N - 1, Phase.CRITICAL, Phase.ANNOUNCE)",
        "Phase.CRITICAL",
        "three",
        "one_at_a_time",
    ),
)

PROCESSES = {"two": 2, "three": 3, "four": 4}

Lock = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]
"""What each process does next, the door at which each says that it is (0 for none), and who came last to each door."""


def steps_of(lock: Lock) -> Iterator[Lock]:
    phases, levels, last = lock
    for process, phase in enumerate(phases):
        door = levels[process]
        match phase:
            case "outside":
                yield replaced(phases, process, "announce"), levels, last
            case "announce":
                yield replaced(phases, process, "give way"), replaced(levels, process, door + 1), last
            case "give way":
                yield replaced(phases, process, "wait"), levels, replaced(last, door - 1, process)
            case "wait":
                others = [level for other, level in enumerate(levels) if other != process]
                if max(others) < door or last[door - 1] != process:
                    following = "critical" if door == len(phases) - 1 else "announce"
                    yield replaced(phases, process, following), levels, last
            case "critical":
                yield replaced(phases, process, "leave"), levels, last
            case _:
                yield replaced(phases, process, "outside"), replaced(levels, process, 0), last


@pytest.mark.parametrize("known", PETERSON, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", PETERSON, ids=str)
def test_a_second_count(known: Instance) -> None:
    processes = PROCESSES[known.name]
    first: Lock = (("outside",) * processes, (0,) * processes, (0,) * (processes - 1))
    assert explore([first], steps_of) == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "peterson", mutation)
