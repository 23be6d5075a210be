"""Dining philosophers: the deadlock and its cure, counts and a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import DINING_PHILOSOPHERS
from tests.specs.libraries import TIMEOUT_S, Instance, Library, Mutation, assert_caught, assert_known, steps
from tests.specs.searches import explore, replaced

from speccheck.checking import CheckRequest, check
from speccheck.engines.base import Limits
from speccheck.reports import PropertyResult, Verdict

MUTATIONS = (
    Mutation(
        "takes_the_second_fork_away",
        "s.phase[philosopher] == Phase.HOLDS_ONE)\n    c.assume(s.holder[fork] == NOBODY)\n",
        "s.phase[philosopher] == Phase.HOLDS_ONE)\n",
        "ordered",
        "neighbours_never_eat_together",
    ),
    Mutation(
        "takes_the_first_fork_away",
        "s.phase[philosopher] == Phase.HUNGRY)\n    c.assume(s.holder[fork] == NOBODY)\n",
        "s.phase[philosopher] == Phase.HUNGRY)\n",
        "ordered",
        "who_eats_has_both_forks",
    ),
    Mutation(
        "takes_the_higher_fork_first",
        "return Ite(s.ORDERED & (philosopher == s.N), 1, philosopher)",
        "return Ite(s.ORDERED & (philosopher > s.N), 1, philosopher)",
        "ordered",
        "not_all_wait_for_each_other",
    ),
    Mutation(
        "keeps_the_second_fork",
        "s.holder[second_fork(s, philosopher)] = NOBODY",
        "s.holder[first_fork(s, philosopher)] = NOBODY",
        "ordered",
        "forks_stay_at_their_place",
    ),
)

Table = tuple[tuple[str, ...], tuple[int | None, ...]]
"""What each philosopher is at, and who holds each fork. Philosopher p sits between the forks p and p + 1."""


def steps_of(is_ordered: bool, table: Table) -> Iterator[Table]:
    phases, holders = table
    seats = len(phases)
    for seat, phase in enumerate(phases):
        one, other = seat, (seat + 1) % seats
        if is_ordered:
            one, other = sorted((one, other))
        match phase:
            case "thinking":
                yield replaced(phases, seat, "hungry"), holders
            case "hungry" if holders[one] is None:
                yield replaced(phases, seat, "holds one"), replaced(holders, one, seat)
            case "holds one" if holders[other] is None:
                yield replaced(phases, seat, "eating"), replaced(holders, other, seat)
            case "eating":
                yield replaced(phases, seat, "putting down"), replaced(holders, one, None)
            case "putting down":
                yield replaced(phases, seat, "thinking"), replaced(holders, other, None)


def deadlock_of(library: Library, instance: str) -> PropertyResult:
    request = CheckRequest((instance,), ("who_eats_has_both_forks",), Limits(timeout_s=TIMEOUT_S, deadlock=True))
    (report,) = check(library.model("dining_philosophers"), request)
    (found,) = (p for p in report.properties if p.kind == "deadlock")
    return found


@pytest.mark.parametrize("known", DINING_PHILOSOPHERS, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", [k for k in DINING_PHILOSOPHERS if k.name != "ordered_at_dinner"], ids=str)
def test_a_second_count(known: Instance) -> None:
    first: Table = (("thinking",) * 5, (None,) * 5)
    counted = explore([first], lambda table: steps_of(known.name == "ordered", table))
    assert counted == (known.distinct, known.generated, known.depth)


def test_a_second_count_that_begins_at_dinner() -> None:
    first: Table = (("thinking", "eating", "thinking"), (None, 1, 1))
    (known,) = (k for k in DINING_PHILOSOPHERS if k.name == "ordered_at_dinner")
    assert explore([first], lambda t: steps_of(True, t)) == (known.distinct, known.generated, known.depth)


def test_the_greedy_ones_starve_together(library: Library) -> None:
    found = deadlock_of(library, "greedy")
    assert found.verdict is Verdict.VIOLATED
    assert [action for action, _ in steps(found)].count("takes_first") == 5
    assert {action for action, _ in steps(found)} == {"gets_hungry", "takes_first"}
    assert len(steps(found)) == 10


@pytest.mark.parametrize("instance", ["ordered", "ordered_at_dinner"])
def test_an_order_keeps_them_from_it(instance: str, library: Library) -> None:
    assert deadlock_of(library, instance).verdict is Verdict.HOLDS


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "dining_philosophers", mutation)
