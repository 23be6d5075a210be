"""Exit statuses of reports."""

from __future__ import annotations

import pytest

from speccheck.cli.statuses import exit_status, worst_status
from speccheck.reports import Bounds, PropertyResult, Report, Stats, Verdict

VIOLATED, FOUND = Verdict.VIOLATED, Verdict.HOLDS


def report(*results: tuple[str, str, Verdict]) -> Report:
    properties = tuple(PropertyResult(name, kind, verdict, "Any") for name, kind, verdict in results)
    return Report("s", "i", "", "reference", "Explore", Bounds(), properties, Stats(1, 1, 0, 0.0))


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [([], 0), ([0, 3], 3), ([3, 1], 1), ([1, 4, 3], 4), ([4, 5, 1], 5)],
)
def test_the_worst_comes_in_the_order_five_four_one_three_nothing(statuses: list[int], worst: int) -> None:
    assert worst_status(statuses) == worst


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.HOLDS, 0),
        (Verdict.HOLDS_WITHIN_BOUND, 0),
        (Verdict.VIOLATED, 1),
        (Verdict.UNKNOWN, 3),
        (Verdict.ERROR, 4),
    ],
)
def test_each_verdict_has_its_status(verdict: Verdict, status: int) -> None:
    assert exit_status([report(("p", "invariant", verdict))]) == status


def test_two_is_only_for_examples_that_were_asked_for() -> None:
    found = report(("e", "example", FOUND))
    assert exit_status([found]) == 0
    assert exit_status([found], ["e"]) == 2
    assert exit_status([found, found], ["e"]) == 2
    assert exit_status([report(("e", "example", FOUND), ("p", "invariant", Verdict.HOLDS))], ["e", "p"]) == 0


def test_an_example_that_some_instance_does_not_reach_is_not_found() -> None:
    assert exit_status([report(("e", "example", FOUND)), report(("e", "example", VIOLATED))], ["e"]) == 1
    assert exit_status([report(("e", "example", FOUND)), report(("e", "example", Verdict.UNKNOWN))], ["e"]) == 3


def test_a_deadlock_that_was_asked_for_with_an_example_counts() -> None:
    assert exit_status([report(("e", "example", FOUND), ("deadlock", "deadlock", VIOLATED))], ["e"]) == 1
    assert exit_status([report(("e", "example", FOUND), ("deadlock", "deadlock", Verdict.HOLDS))], ["e"]) == 2


def test_nothing_wrong_where_nothing_was_asked() -> None:
    assert exit_status([report()]) == 0
