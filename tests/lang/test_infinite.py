"""Infinite and very large sets in specs: drawn from, asked about, and never said to have been searched."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.checking import CheckRequest, check
from speccheck.engines.base import Limits, Walks
from speccheck.evaluation.lazysets import DRAWN_BOUND
from speccheck.reports import PropertyResult, Report, Verdict

STATE = """
@state
class S(MachineStateBase):
    x: StateVar[int]
    s: StateVar[set[int]]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0
    c.state.s = Set(1, 2, 3)

@invariant
def always(s: S):
    return s.x == s.x
"""


def step(domain: str, rest: str = "c.state.x = n") -> str:
    return (
        STATE
        + f"""
@action
def step(c: Context[S]):
    with c.one_of({domain}, "n") as n:
        {rest}
"""
    )


def simulated(author: Author, text: str, *, deadlock: bool = False, walks: int = 5) -> Report:
    limits = Limits(max_steps=5, walks=Walks(walks, 1), deadlock=deadlock)
    (report,) = check(author.model(text), CheckRequest(limits=limits))
    return report


def result(report: Report, name: str) -> PropertyResult:
    return next(each for each in report.properties if each.name == name)


@pytest.mark.parametrize("domain", ["Ints", "UnsignedInts", "Ints - s.s", "Ints | s.s", "Ints & UnsignedInts"])
def test_a_search_cannot_try_every_element_and_says_which_choice_it_was(author: Author, domain: str) -> None:
    found = author.results(step(domain.replace("s.s", "c.state.s")))["always"]
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "InfiniteChoice")
    assert "'n'" in found.message


def test_a_violation_that_needs_no_search_of_it_is_still_found(author: Author) -> None:
    broken = "\n@invariant\ndef never(s: S):\n    return s.x != 0\n"
    results = author.results(step("Ints") + broken)
    assert results["never"].verdict is Verdict.VIOLATED
    assert results["always"].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("domain", "low"), [("Ints", -DRAWN_BOUND), ("UnsignedInts", 0)])
def test_simulation_draws_within_the_bound(author: Author, domain: str, low: int) -> None:
    inside = f"\n@invariant\ndef inside(s: S):\n    return ({low} <= s.x) & (s.x <= {DRAWN_BOUND})\n"
    spread = "\n@example\ndef large(s: S):\n    return s.x > 500\n"
    report = simulated(author, step(domain) + inside + spread, walks=50)
    assert result(report, "inside").verdict is Verdict.HOLDS_WITHIN_BOUND
    assert result(report, "large").verdict is Verdict.HOLDS
    assert report.stats.distinct > 100


def test_a_guard_that_no_drawn_element_meets_is_not_a_deadlock(author: Author) -> None:
    report = simulated(author, step("Ints", "c.assume(n == 10 ** 6)"), deadlock=True)
    found = result(report, "deadlock")
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "InfiniteChoice")
    assert "'n'" in found.message


def test_at_the_bound_of_a_search_it_is_not_said_that_there_is_a_step(author: Author) -> None:
    model = author.model(step("Ints", "c.assume(n != n)"))
    (report,) = check(model, CheckRequest(limits=Limits(max_steps=0, deadlock=True)))
    assert result(report, "deadlock").verdict is Verdict.UNKNOWN


def test_subsets_of_forty_elements_are_drawn_and_not_made(author: Author) -> None:
    text = step("AllSubsets(Interval(1, 40))", "c.state.s = n")
    report = simulated(author, text, walks=20)
    assert result(report, "always").verdict is Verdict.HOLDS_WITHIN_BOUND
    assert report.stats.distinct == 101
    found = author.results(text)["always"]
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "TooLarge")
    assert "'n' is among 1099511627776 elements" in found.message


def test_a_drawn_elements_path_is_replayed(author: Author) -> None:
    text = (
        step("AllSubsets(Interval(1, 40))", "c.state.s = n") + "\n@invariant\ndef few(s: S):\n    return s.s.size < 9\n"
    )
    found = result(simulated(author, text), "few")
    assert (found.verdict, found.path is not None) == (Verdict.VIOLATED, True)
    found = result(simulated(author, step("Ints") + "\n@invariant\ndef low(s: S):\n    return s.x < 99\n"), "low")
    assert (found.verdict, found.path is not None) == (Verdict.VIOLATED, True)


@pytest.mark.parametrize(
    "predicate",
    [
        "Ints.contains(s.x)", "s.x.in_(UnsignedInts)", "~(s.x - 1).in_(UnsignedInts)", "s.s <= Ints", "~(Ints <= s.s)", "s.s < Ints",
        "UnsignedInts < Ints", "~(Ints <= UnsignedInts)", "(Ints & s.s) == s.s", "(s.s - UnsignedInts).is_empty", "Ints != s.s",
        "(Ints - s.s).contains(9)", "~(Ints - s.s).contains(2)", "(UnsignedInts | {-1}).contains(-1)", "(UnsignedInts & Interval(-3, 3)).size == 4",
        "AllSubsets(Ints).contains(s.s)", "AllMaps(s.s, Ints).contains(Map(x * x for x in s.s))", "AllTuples(Ints, s.s).contains((9, 1))",
        "AllRecords(f=Ints).contains(Record(f=3))", "AllSubsets(Interval(1, 60)).size == 2 ** 60", "AllSubsets(s.s) <= AllSubsets(Interval(0, 50))",
        "AllSubsets(s.s) < AllSubsets(Interval(0, 50))", "~(AllSubsets(Interval(0, 50)) <= AllSubsets(s.s))", "AllMaps(Interval(1, 50), s.s).size == 3 ** 50",
        "AllTuples(Interval(1, 10 ** 9), Interval(1, 10 ** 9)).contains((5, 7))", "~AllSubsets(Interval(1, 60)).is_empty",
        "inside(s.x, Ints)", "named(s.x, Ints)", "Ite(s.x == 0, Ints, s.s).contains(77)", "whole(s).contains(5)", "Interval(0, 10 ** 12).contains(s.x)",
        "Forall(AllSubsets(Ints).contains(x) for x in AllSubsets(s.s))", "(AllSubsets(Interval(1, 60)) & {Set(1), Set(99)}) == Set(Set(1))",
    ],
)  # fmt: skip
def test_what_needs_no_elements_is_defined(author: Author, predicate: str) -> None:
    helpers = """
@expr
def inside(x: Annotated[Expr, int], S: Annotated[Expr, set[int]]):
    return S.contains(x) & S.contains(x + 1)

@expr(inline=False)
def named(x: Annotated[Expr, int], S: Annotated[Expr, set[int]]):
    return S.contains(x)

@expr(inline=False)
def whole(s: S):
    return Ints

@action
def step(c: Context[S]):
    c.assume(False)
"""
    found = author.results(STATE + helpers + f"\n@invariant\ndef p(s: S):\n    return {predicate}\n")["p"]
    assert (found.verdict, found.error) == (Verdict.HOLDS, None)


@pytest.mark.parametrize("assigned", ["Ints", "AllSubsets(Ints).flattened", "Ints - c.state.s"])
def test_an_infinite_set_is_no_value_of_a_variable(author: Author, assigned: str) -> None:
    text = STATE + f"\n@action\ndef step(c: Context[S]):\n    c.state.s = {assigned}\n"
    found = author.results(text)["always"]
    assert found.verdict is Verdict.ERROR
    assert found.error is not None
    assert "infinite set" in found.error.reason


def test_a_named_actions_argument_is_a_value_too(author: Author) -> None:
    text = (
        STATE
        + """
@action(inline=False)
def take(c: Context[S], S: Annotated[Expr, set[int]]):
    c.assume(S.contains(c.state.x))
    c.state.x += 1

@action
def step(c: Context[S]):
    take(c, UnsignedInts)
"""
    )
    found = author.results(text)["always"]
    assert found.verdict is Verdict.ERROR


def test_large_numbers_are_drawn_fairly_and_the_same_for_a_seed(author: Author) -> None:
    text = (
        step("AllSubsets(Interval(1, 200))", "c.state.s = n")
        + "\n@example\ndef high(s: S):\n    return s.s.contains(200)\n"
    )
    first, second = simulated(author, text, walks=20), simulated(author, text, walks=20)
    assert first.properties == second.properties
    assert result(first, "high").verdict is Verdict.HOLDS
