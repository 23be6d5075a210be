"""Breadth-first search: counts, shortest paths, verdicts, bounds, errors, limits."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import pytest
from tests.engines.models import (
    COUNT,
    FALSE,
    TRUE,
    ap,
    count_below,
    counter,
    example,
    forall,
    ints,
    invariant,
    jugs,
    lossy,
    model,
    n,
    read,
    transition,
    two_phase,
)
from tests.engines.running import only, run, states, told

from speccheck.engines.base import Limits, Snapshot
from speccheck.engines.reference import ReferenceEngine
from speccheck.ir.models import Model, Property
from speccheck.ir.nodes import Assign, Assume, Choose, Const, Expr, Local
from speccheck.ir.types import BOOL, INT
from speccheck.reports import REASONS, PropertyResult, Report, Verdict

X = Local(INT, "x")
NOW = read(COUNT)
BROKEN = ap("floordiv", n(1), n(0))


def walks_to(*values: int, properties: tuple[Property, ...] = (), guard: Expr = TRUE) -> Model:
    """From 0 to each of some values added, where the guard holds."""
    step = transition(Choose(X, ints(*values), "x"), Assume(guard), Assign("count", 1, ap("add", NOW, X)), count=1)
    return model([COUNT], {"count": 0}, step, properties)


def up_to(limit: int, *properties: Property) -> Model:
    """Counts by one up to a limit, where it stops."""
    return walks_to(1, properties=properties, guard=ap("lt", NOW, n(limit)))


def verdicts(report: Report) -> dict[str, tuple[Verdict, str]]:
    """Each property's verdict and reason."""
    return {p.name: (p.verdict, p.reason) for p in report.properties}


def named(report: Report, name: str) -> PropertyResult:
    """The result of one property."""
    return {p.name: p for p in report.properties}[name]


class TestCounts:
    def test_two_phase_commit(self) -> None:
        stats = run(two_phase(3), "tc_consistent").stats
        assert (stats.distinct, stats.generated, stats.depth) == (288, 1_146, 10)
        assert sum(each.taken for each in stats.actions) == 1_145

    def test_two_phase_commit_of_five(self) -> None:
        report = run(two_phase(5), "tc_consistent")
        assert (report.stats.distinct, report.stats.generated, report.stats.depth) == (8_832, 58_146, 16)
        assert only(report).verdict is Verdict.HOLDS

    def test_two_phase_commit_within_bounds(self) -> None:
        found = [run(two_phase(3), "tc_consistent", max_steps=k).stats for k in range(11)]
        assert [stats.distinct for stats in found] == [1, 8, 29, 67, 117, 171, 220, 256, 277, 286, 288]
        assert [stats.depth for stats in found] == list(range(11))

    def test_all_states_of_the_jugs(self) -> None:
        stats = ReferenceEngine().run(jugs(), (), Limits()).stats
        assert (stats.distinct, stats.generated) == (16, 1 + 16 * 6)

    def test_named_actions_are_counted_in_the_models_order(self) -> None:
        stats = run(counter(count_below(9))).stats
        assert [(each.action, each.taken) for each in stats.actions] == [("increment", stats.generated - 1)]
        assert [each.action for each in run(jugs()).stats.actions][:2] == ["fill_small", "fill_big"]

    def test_several_initial_states_and_duplicates_among_them(self) -> None:
        start = transition(Choose(X, ints(1, 2, 3), "x"), Assign("count", 1, ap("mod", X, n(2))), count=1)
        stats = ReferenceEngine().run(model([COUNT], start, transition()), (), Limits()).stats
        assert (stats.distinct, stats.generated, stats.depth) == (2, 3 + 2, 0)

    def test_a_level_is_finished_after_a_violation(self) -> None:
        made = walks_to(1, 2, 3, properties=(invariant("not_one", ap("ne", NOW, n(1))),))
        stats = run(made).stats
        assert (stats.distinct, stats.generated, stats.depth) == (4, 4, 1)

    def test_it_goes_on_until_every_property_is_decided(self) -> None:
        properties = (count_below(1), invariant("below_four", ap("lt", NOW, n(4))))
        made = walks_to(1, properties=properties)
        report = run(made)
        assert [p.path.depth for p in report.properties if p.path] == [1, 4]
        assert report.stats.distinct == 5


@pytest.mark.parametrize("walks", ["0", "5"])
def test_a_report_does_not_depend_on_the_hash_seed(walks: str) -> None:
    told = {
        subprocess.run(
            [sys.executable, "-m", "tests.engines.reference.seeded", walks],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    (found,) = told
    assert "InvariantViolated" in found


class TestVerdicts:
    def test_the_puzzle_is_solved_in_six_steps(self) -> None:
        report = run(jugs())
        assert verdicts(report) == {
            "not_four": (Verdict.VIOLATED, "InvariantViolated"),
            "four": (Verdict.HOLDS, "WitnessFound"),
        }
        path = named(report, "not_four").path
        assert told(path) == [
            "",
            "fill_big",
            "big_to_small",
            "empty_small",
            "big_to_small",
            "fill_big",
            "big_to_small",
        ]
        assert states(jugs(), path) == [(0, 0), (5, 0), (2, 3), (2, 0), (0, 2), (5, 2), (4, 3)]
        assert report.depth == 6

    def test_an_exhausted_space(self) -> None:
        report = run(lossy())
        assert verdicts(report)["in_order"] == (Verdict.HOLDS, "SpaceExhausted")
        made = up_to(3, example("seven", ap("eq", NOW, n(7))))
        assert verdicts(run(made)) == {"seven": (Verdict.VIOLATED, "NoWitness")}
        assert only(run(made)).path is None

    def test_a_property_that_an_initial_state_decides(self) -> None:
        path = only(run(up_to(3, count_below(0)))).path
        assert states(up_to(3), path) == [(0,)]

    def test_paths_are_shortest_and_first_in_canonical_order(self) -> None:
        made = walks_to(3, 1, 2, properties=(count_below(4),))
        path = only(run(made)).path
        assert states(made, path) == [(0,), (1,), (4,)]
        assert path is not None
        assert [[(c.name, c.value) for c in state.choices] for state in path.states] == [
            [],
            [("x", {"#bigint": "1"})],
            [("x", {"#bigint": "3"})],
        ]

    def test_paths_carry_labels_arguments_and_choices(self) -> None:
        path = only(run(counter(count_below(1)))).path
        assert path is not None
        (call,) = path.states[1].label
        assert (call.action, call.args) == ("increment", (("by", {"#bigint": "1"}),))
        assert [(c.name, c.value) for c in path.states[1].choices] == [("by", {"#bigint": "1"})]

    def test_branches_are_choices_without_a_name(self) -> None:
        path = named(run(jugs()), "not_four").path
        assert path is not None
        assert [(c.name, c.value) for c in path.states[1].choices] == [("", "fill_big")]

    def test_the_same_report_every_time(self) -> None:
        first, second = run(lossy()), run(lossy())
        assert first.properties == second.properties


class TestBounds:
    def test_a_frontier_at_the_bound(self) -> None:
        made = up_to(9, count_below(5), example("seven", ap("eq", NOW, n(7))))
        assert verdicts(run(made, max_steps=4)) == {
            "below": (Verdict.HOLDS_WITHIN_BOUND, "BoundCompleted"),
            "seven": (Verdict.UNKNOWN, "BoundReached"),
        }
        assert verdicts(run(made, max_steps=5))["below"] == (Verdict.VIOLATED, "InvariantViolated")

    def test_a_space_that_empties_before_the_bound(self) -> None:
        made = up_to(3, count_below(9))
        assert [verdicts(run(made, max_steps=k))["below"][0] for k in (2, 3, 4)] == [
            Verdict.HOLDS_WITHIN_BOUND,
            Verdict.HOLDS_WITHIN_BOUND,
            Verdict.HOLDS,
        ]

    def test_a_last_level_without_new_states_leaves_nothing_to_expand(self) -> None:
        made = walks_to(0, properties=(count_below(9),))
        assert verdicts(run(made, max_steps=0))["below"][0] is Verdict.HOLDS_WITHIN_BOUND
        assert verdicts(run(made, max_steps=1))["below"] == (Verdict.HOLDS, "SpaceExhausted")

    def test_no_steps_at_all(self) -> None:
        stats = run(up_to(9, count_below(5)), max_steps=0).stats
        assert (stats.distinct, stats.generated, stats.depth) == (1, 1, 0)


class TestDeadlock:
    def test_a_state_without_a_step(self) -> None:
        report = run(up_to(2), deadlock=True)
        result = only(report)
        assert (result.name, result.kind, result.verdict, result.reason) == (
            "deadlock",
            "deadlock",
            Verdict.VIOLATED,
            "DeadlockFound",
        )
        assert states(up_to(2), result.path) == [(0,), (1,), (2,)]

    def test_standing_still_is_a_step(self) -> None:
        assert verdicts(run(walks_to(0), deadlock=True)) == {"deadlock": (Verdict.HOLDS, "SpaceExhausted")}

    def test_states_at_the_bound_are_asked_for_a_step_and_not_expanded(self) -> None:
        at_the_bound = run(up_to(2), deadlock=True, max_steps=2)
        assert verdicts(at_the_bound) == {"deadlock": (Verdict.VIOLATED, "DeadlockFound")}
        before_it = run(up_to(3), deadlock=True, max_steps=2)
        assert verdicts(before_it) == {"deadlock": (Verdict.HOLDS_WITHIN_BOUND, "BoundCompleted")}
        assert (before_it.stats.distinct, before_it.stats.generated) == (3, 3)

    def test_it_is_a_question_like_others(self) -> None:
        report = run(up_to(3, count_below(2)), deadlock=True)
        assert [(p.name, p.path and p.path.depth) for p in report.properties] == [("below", 2), ("deadlock", 3)]

    def test_nobody_asked(self) -> None:
        assert run(up_to(2)).properties == ()

    def test_a_step_that_fails_is_no_deadlock(self) -> None:
        made = walks_to(1, guard=ap("eq", BROKEN, n(1)))
        assert verdicts(run(made, deadlock=True)) == {"deadlock": (Verdict.ERROR, "EvaluationError")}


class TestFailFast:
    def test_it_stops_after_the_level_and_leaves_the_rest_unknown(self) -> None:
        made = walks_to(1, 2, properties=(count_below(1), invariant("later", ap("lt", NOW, n(4)))))
        report = run(made, fail_fast=True)
        assert verdicts(report) == {
            "below": (Verdict.VIOLATED, "InvariantViolated"),
            "later": (Verdict.UNKNOWN, "FailFast"),
        }
        assert report.stats.distinct == 3

    def test_a_witness_is_no_failure(self) -> None:
        made = up_to(4, example("one", ap("eq", NOW, n(1))), count_below(4))
        assert verdicts(run(made, fail_fast=True)) == {
            "one": (Verdict.HOLDS, "WitnessFound"),
            "below": (Verdict.VIOLATED, "InvariantViolated"),
        }

    def test_an_error_is_one(self) -> None:
        broken = invariant("broken", ap("ne", ap("floordiv", n(1), ap("sub", n(1), NOW)), n(7)))
        made = up_to(9, broken, invariant("always", TRUE))
        assert verdicts(run(made, fail_fast=True)) == {
            "broken": (Verdict.ERROR, "EvaluationError"),
            "always": (Verdict.UNKNOWN, "FailFast"),
        }


class TestNoInitialState:
    nothing = model(
        [COUNT],
        transition(Assign("count", 1, n(0)), Assume(FALSE), count=1),
        transition(),
        [count_below(9), example("some", TRUE)],
    )

    def test_nothing_holds_of_nothing(self) -> None:
        assert set(verdicts(run(self.nothing, deadlock=True)).values()) == {(Verdict.UNKNOWN, "NoInitialState")}

    def test_also_where_nothing_is_asked(self) -> None:
        report = ReferenceEngine().run(self.nothing, (), Limits())
        assert verdicts(report) == {"run": (Verdict.UNKNOWN, "NoInitialState")}


class TestErrors:
    def test_in_a_property(self) -> None:
        broken = invariant("broken", ap("gt", ap("floordiv", n(6), ap("sub", NOW, n(2))), n(-9)))
        report = run(up_to(4, broken, count_below(9)))
        assert verdicts(report) == {
            "broken": (Verdict.ERROR, "EvaluationError"),
            "below": (Verdict.HOLDS, "SpaceExhausted"),
        }
        result = named(report, "broken")
        assert states(up_to(4), result.path) == [(0,), (1,), (2,)]
        assert result.error is not None
        assert result.error.reason == "division by zero"
        assert result.error.expression == "6 // (s.count - 2)"
        assert result.error.values == (("count", {"#bigint": "2"}),)

    def test_in_a_step_it_concerns_every_property_not_yet_violated(self) -> None:
        guard = ap("gt", ap("floordiv", n(6), ap("sub", n(2), NOW)), n(0))
        properties = (
            count_below(1),
            invariant("always", TRUE),
            example("one", ap("eq", NOW, n(1))),
            count_named("far"),
        )
        report = run(walks_to(1, properties=properties, guard=guard))
        assert verdicts(report) == {
            "below": (Verdict.VIOLATED, "InvariantViolated"),
            "always": (Verdict.ERROR, "EvaluationError"),
            "one": (Verdict.HOLDS, "WitnessFound"),
            "far": (Verdict.ERROR, "EvaluationError"),
        }
        assert states(up_to(0), named(report, "always").path) == [(0,), (1,), (2,)]

    def test_the_level_is_finished_and_its_violations_count(self) -> None:
        guard = ap("or", ap("ne", NOW, n(1)), ap("eq", BROKEN, n(1)))
        made = walks_to(1, 2, properties=(count_below(4), invariant("always", TRUE)), guard=guard)
        report = run(made)
        assert states(made, named(report, "below").path) == [(0,), (2,), (4,)]
        assert verdicts(report)["always"] == (Verdict.ERROR, "EvaluationError")
        assert states(made, named(report, "always").path) == [(0,), (1,)]
        assert report.stats.distinct == 5

    def test_the_first_error_in_the_order_of_the_search_is_told(self) -> None:
        guard = ap("eq", ap("floordiv", n(0), ap("ite", ap("eq", NOW, n(0)), n(1), n(0))), n(0))
        made = walks_to(*range(1, 30), properties=(invariant("always", TRUE),), guard=guard)
        assert states(made, only(run(made)).path) == [(0,), (1,)]

    def test_in_an_initial_state(self) -> None:
        made = model([COUNT], transition(Assign("count", 1, BROKEN), count=1), transition(), [count_below(1)])
        result = only(run(made))
        assert (result.verdict, result.path) == (Verdict.ERROR, None)
        assert result.error is not None

    def test_where_nothing_is_asked_the_run_itself_has_a_result(self) -> None:
        made = walks_to(1, guard=ap("eq", BROKEN, n(1)))
        report = ReferenceEngine().run(made, (), Limits())
        assert verdicts(report) == {"run": (Verdict.ERROR, "EvaluationError")}
        assert report.verdict is Verdict.ERROR

    def test_what_no_run_uses_is_no_error(self) -> None:
        made = up_to(3, invariant("guarded", ap("or", ap("lt", NOW, n(9)), ap("eq", BROKEN, n(1)))))
        assert only(run(made)).verdict is Verdict.HOLDS


def count_named(name: str) -> Property:
    """An invariant that no state here breaks."""
    return invariant(name, ap("lt", NOW, n(1_000)))


class TestTooLarge:
    huge = ap("gt", ap("list_size", ap("range", n(0), ap("pow", n(10), ap("mul", NOW, n(6))))), n(0))

    def test_in_a_property_it_leaves_that_property_open(self) -> None:
        report = run(up_to(3, invariant("huge", self.huge), count_below(9)))
        assert verdicts(report) == {"huge": (Verdict.UNKNOWN, "TooLarge"), "below": (Verdict.HOLDS, "SpaceExhausted")}

    def test_in_a_step_it_leaves_every_open_property_open(self) -> None:
        made = walks_to(1, properties=(count_below(1), invariant("always", TRUE)), guard=self.huge)
        assert verdicts(run(made)) == {
            "below": (Verdict.VIOLATED, "InvariantViolated"),
            "always": (Verdict.UNKNOWN, "TooLarge"),
        }

    @pytest.mark.parametrize("where", ["property", "step"])
    def test_expressions_nested_too_deeply_neither_crash_nor_hold(self, where: str) -> None:
        deep: Expr = Const(BOOL, True)
        for _ in range(100_000):
            deep = ap("not", deep)
        made = up_to(3, invariant("deep", deep)) if where == "property" else walks_to(1, guard=deep)
        report = run(made)
        assert only(report).verdict is Verdict.UNKNOWN
        assert only(report).reason == "TooLarge"

    def test_an_error_in_the_same_level_is_worse(self) -> None:
        huge = ap("or", ap("ne", NOW, n(1)), ap("gt", ap("list_size", ap("range", n(0), n(10**9))), n(0)))
        broken = ap("or", ap("ne", NOW, n(2)), ap("eq", BROKEN, n(1)))
        made = walks_to(1, 2, properties=(invariant("always", TRUE),), guard=ap("and", huge, broken))
        result = only(run(made))
        assert result.verdict is Verdict.ERROR
        assert states(made, result.path) == [(0,), (2,)]


class TestLimits:
    def endless(self) -> Model:
        """A counter without end."""
        return walks_to(1, properties=(count_named("far"), invariant("always", TRUE)))

    def test_a_time_limit(self) -> None:
        report = run(walks_to(1, properties=(invariant("always", TRUE),)), timeout_s=0.3)
        assert verdicts(report) == {"always": (Verdict.UNKNOWN, "Timeout")}
        assert "0.3 s" in only(report).message

    def test_no_time_at_all(self) -> None:
        report = run(up_to(3, count_below(9)), timeout_s=0)
        assert verdicts(report) == {"below": (Verdict.UNKNOWN, "Timeout")}

    def test_a_time_limit_inside_one_evaluation(self) -> None:
        wide = ap("interval", n(0), n(100_000))
        inner = forall(Local(INT, "y"), wide, ap("ge", ap("add", X, Local(INT, "y")), n(0)))
        report = run(up_to(3, invariant("slow", forall(X, wide, inner))), timeout_s=0.3)
        assert verdicts(report) == {"slow": (Verdict.UNKNOWN, "Timeout")}

    def test_a_time_limit_where_every_way_is_refused(self) -> None:
        locals_ = [Local(INT, f"x{number}") for number in range(12)]
        chooses = [Choose(local, ints(*range(10)), "x") for local in locals_]
        made = model([COUNT], {"count": 0}, transition(*chooses, Assume(FALSE)), [count_below(1)])
        assert verdicts(run(made, timeout_s=0.3)) == {"below": (Verdict.UNKNOWN, "Timeout")}

    def test_a_memory_limit(self) -> None:
        report = run(walks_to(1, properties=(invariant("always", TRUE),)), memory_bytes=1, timeout_s=60)
        assert verdicts(report) == {"always": (Verdict.UNKNOWN, "MemoryLimit")}

    def test_where_nothing_is_asked_a_limit_still_shows(self) -> None:
        assert verdicts(run(walks_to(1), timeout_s=0.1)) == {"run": (Verdict.UNKNOWN, "Timeout")}
        assert run(walks_to(1), max_steps=3).properties == ()

    def test_an_interrupt_keeps_what_was_found_before(self) -> None:
        def interrupt(snapshot: Snapshot) -> None:
            raise KeyboardInterrupt

        made = walks_to(1, properties=(count_below(5), invariant("always", TRUE)))
        report = ReferenceEngine().run(made, ("below", "always"), Limits(timeout_s=300), interrupt)
        assert verdicts(report) == {
            "below": (Verdict.VIOLATED, "InvariantViolated"),
            "always": (Verdict.UNKNOWN, "Interrupted"),
        }

    def test_progress_comes_at_a_bearable_pace(self) -> None:
        seen: list[Snapshot] = []

        def note(snapshot: Snapshot) -> None:
            seen.append(snapshot)
            if len(seen) == 3:
                raise KeyboardInterrupt

        ReferenceEngine().run(self.endless(), ("always",), Limits(timeout_s=300), note)
        assert all(b.seconds - a.seconds >= 0.2 and a.distinct < b.distinct for a, b in pairwise(seen))
        assert len(seen) == 3
        assert all(each.waiting in (0, 1) for each in seen)


def test_every_reason_is_documented() -> None:
    reports = [run(up_to(3, count_below(2)), deadlock=True), run(TestNoInitialState.nothing), run(jugs())]
    assert {p.reason for report in reports for p in report.properties} <= REASONS.keys()
