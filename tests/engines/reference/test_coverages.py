"""Coverage functions: their values among the states visited, in both ways of visiting."""

from __future__ import annotations

from dataclasses import replace

from tests.engines.models import TRUE, ap, counter, invariant, n, read
from tests.engines.running import run

from speccheck.ir.itf import decode
from speccheck.ir.models import Coverage, Model
from speccheck.ir.nodes import Expr
from speccheck.ir.types import INT
from speccheck.reports import MAX_COVERED, Report


def covering(body: Expr, limit: int = 5) -> Model:
    """A counter that starts at 0, with one coverage function."""
    made = counter(invariant("always", TRUE), limit=limit)
    return replace(made, coverages=(Coverage("by", body, "What it counts."),))


def now(made: Model) -> Expr:
    """The counter's only variable."""
    return read(made.variables[0])


COUNT = now(counter())


def values(report: Report) -> dict[int, int]:
    """The values listed, and in how many states each is had."""
    (found,) = report.stats.coverage
    return {decode(each.value, INT): each.states for each in found.values}


def test_each_distinct_state_counts_once() -> None:
    report = run(covering(ap("mod", COUNT, n(2))))
    (found,) = report.stats.coverage
    assert (found.name, found.doc, found.distinct, found.undefined) == ("by", "What it counts.", 2, 0)
    assert sum(values(report).values()) == report.stats.distinct


def test_walks_count_the_states_they_meet_once_too() -> None:
    report = run(covering(ap("mod", COUNT, n(2))), walks=9, max_steps=4)
    assert sum(values(report).values()) == report.stats.distinct < report.stats.generated


def test_a_state_without_a_value_is_counted_as_such_and_decides_nothing() -> None:
    report = run(covering(ap("floordiv", n(6), COUNT)))
    (found,) = report.stats.coverage
    assert found.undefined == 1
    assert sum(values(report).values()) == report.stats.distinct - 1
    assert [p.verdict.value for p in report.properties] == ["Holds"]


def test_a_value_too_large_to_make_is_none() -> None:
    huge = ap("list_size", ap("range", n(0), n(10**9)))
    (found,) = run(covering(huge)).stats.coverage
    assert (found.distinct, found.undefined > 0) == (0, True)


def test_the_first_values_in_order_are_listed_and_all_are_counted() -> None:
    report = run(covering(ap("neg", COUNT), limit=3 * MAX_COVERED))
    (found,) = report.stats.coverage
    assert found.distinct == report.stats.distinct > MAX_COVERED
    assert list(values(report)) == list(range(-found.distinct + 1, -found.distinct + 1 + MAX_COVERED))
