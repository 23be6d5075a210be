"""Random walks: the same on every machine, fair, redrawn without replacement, never better than Unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from tests.engines.models import (
    COUNT,
    FALSE,
    TRUE,
    ap,
    count_below,
    counter,
    ints,
    invariant,
    lossy,
    model,
    n,
    read,
    transition,
    two_phase,
)
from tests.engines.running import only, run, states

from speccheck.engines.base import Limits, Walks
from speccheck.engines.reference import ReferenceEngine
from speccheck.engines.reference.choosers import Generator
from speccheck.errors import UsageError
from speccheck.ir.models import Model, Property
from speccheck.ir.nodes import Alternatives, Assign, Assume, Branch, Choose, Expr, Join, Local
from speccheck.ir.types import INT
from speccheck.reports import Verdict

X, Y = Local(INT, "x"), Local(INT, "y")
NOW = read(COUNT)


def picky(guard: Expr, *properties: Property) -> Model:
    """Every step draws x and y from 0 to 4, adds 10 x + y, and may be refused."""
    digits = ints(*range(5))
    step = transition(
        Choose(X, digits, "x"),
        Choose(Y, digits, "y"),
        Assume(guard),
        Assign("count", 1, ap("add", ap("mul", X, n(10)), Y)),
        count=1,
    )
    return model([COUNT], {"count": 0}, step, properties)


def drawn(generator: Generator, count: int) -> Iterator[int]:
    """Numbers without replacement, each drawn when it is asked for."""
    left = list(range(count))
    while left:
        yield left.pop(generator.draw(len(left)))


def expected_walk(seed: int, walk: int, steps: int, allowed: set[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The states of a walk of `picky`, by the rule itself."""
    generator, found = Generator(seed, walk), [(0,)]
    for _ in range(steps):
        pairs = ((x, y) for x in drawn(generator, 5) for y in drawn(generator, 5))
        x, y = next(pair for pair in pairs if pair in allowed)
        found.append((10 * x + y,))
    return found


class TestWalks:
    @pytest.mark.parametrize("seed", [0, 1, 77])
    def test_a_refused_way_is_redrawn_innermost_first_without_replacement(self, seed: int) -> None:
        guard = ap("eq", ap("mod", ap("add", ap("mul", X, n(3)), Y), n(7)), n(1))
        allowed = {(x, y) for x in range(5) for y in range(5) if (3 * x + y) % 7 == 1}
        for walk in range(4):
            last = expected_walk(seed, walk, 8, allowed)
            stop = invariant("stop", ap("ne", NOW, n(last[-1][0])))
            made = picky(guard, stop)
            path = only(run(made, walks=walk + 1, seed=seed, max_steps=8)).path
            whole = [expected_walk(seed, w, 8, allowed) for w in range(walk + 1)]
            first = next(w for w in whole if last[-1] in w)
            assert states(made, path) == first[: first.index(last[-1]) + 1]

    def test_the_same_seed_gives_the_same_report(self) -> None:
        made = two_phase(3)
        first, second = (run(made, walks=20, seed=4, max_steps=12) for _ in range(2))
        assert first.properties == second.properties
        assert (first.stats.distinct, first.stats.generated) == (second.stats.distinct, second.stats.generated)
        other = run(made, walks=20, seed=5, max_steps=12)
        assert (other.stats.distinct, other.stats.actions) != (first.stats.distinct, first.stats.actions)

    def test_counts(self) -> None:
        report = run(two_phase(3), "tc_consistent", walks=10, max_steps=5)
        stats = report.stats
        assert (stats.walks, stats.generated, stats.depth) == (10, 10 * 6, 5)
        assert sum(each.taken for each in stats.actions) == 10 * 5
        assert 6 < stats.distinct < 60
        assert (report.method, report.bounds.walks, report.bounds.seed) == ("Simulate", 10, 0)

    def test_a_walk_ends_where_no_step_is_possible(self) -> None:
        stats = run(counter(count_below(99), limit=3), walks=5, max_steps=50).stats
        assert 2 <= stats.depth <= 3
        assert stats.generated <= 5 * 4

    def test_branches_are_drawn_uniformly(self) -> None:
        arms = tuple(Branch(str(number), (Assign("count", number, n(number)),)) for number in (1, 2, 3, 4))
        step = transition(Alternatives(arms, (Join("count", 5, (1, 2, 3, 4)),)), count=5)
        seen = Counter[int]()
        for seed in range(400):
            stop = invariant("stop", ap("eq", NOW, n(0)))
            path = only(run(model([COUNT], {"count": 0}, step, [stop]), walks=1, seed=seed, max_steps=1)).path
            seen[states(model([COUNT], {"count": 0}, step), path)[-1][0]] += 1
        assert set(seen) == {1, 2, 3, 4}
        assert all(60 < count < 140 for count in seen.values())

    def test_the_initial_state_is_drawn_too(self) -> None:
        start = transition(Choose(X, ints(*range(10)), "x"), Assign("count", 1, X), count=1)
        stats = run(model([COUNT], start, transition(), [count_below(99)]), walks=200, max_steps=0).stats
        assert (stats.distinct, stats.generated, stats.depth) == (10, 200, 0)


class TestVerdicts:
    def test_what_no_walk_decided_holds_within_the_walks_at_best(self) -> None:
        report = run(lossy(), walks=3, max_steps=2, deadlock=True)
        best = {
            "example": Verdict.UNKNOWN,
            "invariant": Verdict.HOLDS_WITHIN_BOUND,
            "deadlock": Verdict.HOLDS_WITHIN_BOUND,
        }
        assert {(p.verdict, p.reason) for p in report.properties} == {
            (best[p.kind], "Sampled") for p in report.properties
        }

    def test_a_violation_is_found_and_the_first_walks_is_told(self) -> None:
        report = run(counter(count_below(4)), walks=50, max_steps=10)
        result = only(report)
        assert (result.verdict, result.reason) == (Verdict.VIOLATED, "InvariantViolated")
        found = states(counter(), result.path)
        assert all(after[0] - before[0] in (1, 2) for before, after in pairwise(found))
        assert found[-1][0] >= 4 > found[-2][0]
        assert report.stats.walks == 1

    def test_a_witness(self) -> None:
        result = only(run(lossy(), "last", walks=200, max_steps=20))
        assert (result.verdict, result.reason) == (Verdict.HOLDS, "WitnessFound")
        assert result.path is not None

    def test_walks_go_on_until_everything_is_decided(self) -> None:
        made = picky(TRUE, invariant("not_44", ap("ne", NOW, n(44))), invariant("not_0", ap("ne", NOW, n(0))))
        report = run(made, walks=500, max_steps=3, seed=1)
        assert {p.verdict for p in report.properties} == {Verdict.VIOLATED}
        assert 1 < report.stats.walks < 500
        fast = run(made, walks=500, max_steps=3, seed=1, fail_fast=True)
        assert fast.stats.walks == 1
        assert [p.reason for p in fast.properties] == ["FailFast", "InvariantViolated"]

    def test_a_deadlock_that_is_met(self) -> None:
        report = run(counter(limit=3), walks=9, max_steps=9, deadlock=True)
        assert only(report).verdict is Verdict.VIOLATED
        assert states(counter(), only(report).path)[-1] == (3,)

    def test_a_walk_that_ends_at_its_limit_meets_none(self) -> None:
        assert only(run(counter(limit=4), walks=9, max_steps=1, deadlock=True)).verdict is Verdict.HOLDS_WITHIN_BOUND

    def test_no_initial_state(self) -> None:
        start = transition(Assign("count", 1, n(0)), Assume(FALSE), count=1)
        report = run(model([COUNT], start, transition(), [count_below(1)]), walks=3, max_steps=3)
        assert (only(report).verdict, only(report).reason) == (Verdict.UNKNOWN, "NoInitialState")

    def test_where_nothing_is_asked_there_are_only_counts(self) -> None:
        assert run(counter(), walks=3, max_steps=3).properties == ()


class TestErrors:
    def test_in_a_step(self) -> None:
        broken = ap("eq", ap("floordiv", n(4), ap("sub", NOW, n(0))), n(0))
        report = run(picky(broken, invariant("always", TRUE)), walks=5, max_steps=5)
        assert (only(report).verdict, only(report).reason) == (Verdict.ERROR, "EvaluationError")
        assert states(counter(), only(report).path) == [(0,)]

    def test_in_a_property(self) -> None:
        made = picky(TRUE, invariant("broken", ap("ge", ap("floordiv", n(4), NOW), n(0))))
        result = only(run(made, walks=5, max_steps=5))
        assert result.verdict is Verdict.ERROR
        assert result.error is not None
        assert result.error.values == (("count", {"#bigint": "0"}),)

    def test_too_large(self) -> None:
        huge = ap("gt", ap("list_size", ap("range", n(0), n(10**9))), n(0))
        assert only(run(picky(huge, invariant("always", TRUE)), walks=5, max_steps=5)).reason == "TooLarge"
        assert only(run(picky(TRUE, invariant("huge", huge)), walks=5, max_steps=5)).reason == "TooLarge"

    def test_a_time_limit(self) -> None:
        report = run(two_phase(4), "tc_consistent", walks=10**9, max_steps=50, timeout_s=0.3)
        assert only(report).reason == "Timeout"

    @pytest.mark.parametrize(
        ("limits", "words"),
        [
            (Limits(walks=Walks(5)), "number of steps of a walk"),
            (Limits(walks=Walks(0), max_steps=3), "at least one walk, not 0"),
            (Limits(max_steps=-1), "cannot be negative"),
            (Limits(timeout_s=-1), "time limit cannot be -1 s"),
            (Limits(timeout_s=float("nan")), "time limit cannot be nan s"),
        ],
    )
    def test_limits_that_make_no_sense(self, limits: Limits, words: str) -> None:
        with pytest.raises(UsageError, match=words):
            ReferenceEngine().run(counter(count_below(1)), ("below",), limits)
