"""What temporal properties mean to the engine: stuttering, deadlock, fairness on pairs of states, errors, limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.engines.models import ap, n, read
from tests.engines.reference.liveness.kripke import IS_X, IS_Y, PREDICATES, Edge, Kripke, X, made
from tests.engines.reference.liveness.test_agreement import answer, nodes

from speccheck.checking import confirm
from speccheck.engines.base import Limits, Walks
from speccheck.engines.reference import ReferenceEngine, replay
from speccheck.errors import InternalError, ModelError
from speccheck.ir.models import Property
from speccheck.ir.nodes import Clause, Const, Local
from speccheck.ir.temporals import Enabled, Fairness, Formula, Junction, Modality, Now, Occurrence, Quantifier
from speccheck.ir.types import INT, SetType
from speccheck.reports import Path, PropertyResult, Verdict

NEVER = (Edge(3, 3, "A", 9), Edge(3, 3, "B", 9))
"""Nowhere to be taken, but both actions are in the step."""


def always(formula: Formula) -> Formula:
    return Modality("always", formula)


def eventually(formula: Formula) -> Formula:
    return Modality("eventually", formula)


def act(action: str, arg: int = 0) -> Occurrence:
    return Occurrence(action, (n(arg),))


def fair(op: str, action: str, *, arg: int = 0, variables: tuple[str, ...] = ()) -> Formula:
    return Fairness("weak" if op == "weak" else "strong", act(action, arg), variables)


def under(fairness: Formula, goal: Formula) -> Formula:
    return Junction("implies", (fairness, goal))


def chain(*edges: Edge) -> Kripke:
    return Kripke((0,), (*edges, *NEVER))


def told(result: PropertyResult) -> tuple[tuple[int, ...], int | None]:
    assert result.path is not None
    return nodes(result.path), result.path.loop


class TestStuttering:
    def test_without_fairness_it_may_stand_still(self) -> None:
        result = answer(chain(Edge(0, 1, "A")), eventually(IS_X))
        assert (result.verdict, result.reason) == (Verdict.VIOLATED, "BehaviourFound")
        assert told(result) == ((0,), 0)

    def test_a_deadlocked_state_stays_for_ever(self) -> None:
        result = answer(chain(Edge(0, 1, "A")), under(fair("weak", "A"), always(eventually(IS_Y))))
        assert told(result) == ((0, 1), 1)

    def test_a_safety_property_is_broken_at_the_nearest_state(self) -> None:
        structure = chain(Edge(0, 2), Edge(2, 0), Edge(2, 3))
        result = answer(structure, always(Junction("implies", (IS_X, eventually(Now(PREDICATES[2][0]))))))
        assert told(result) == ((0, 2, 3), 2)

    def test_a_loop_of_several_steps_ends_where_it_begins(self) -> None:
        structure = chain(Edge(0, 1, "A"), Edge(1, 0, "B"))
        both = Junction("and", (fair("weak", "A"), fair("weak", "B")))
        found, loop = told(answer(structure, under(both, eventually(always(IS_X)))))
        assert (found[loop or 0], len(found), loop) == (found[-1], 3, 0)


class TestFairness:
    def test_what_is_always_possible_is_taken(self) -> None:
        assert answer(chain(Edge(0, 1, "A")), under(fair("weak", "A"), eventually(IS_X))).verdict is Verdict.HOLDS

    def test_weak_fairness_does_not_help_what_is_possible_now_and_then(self) -> None:
        structure = chain(Edge(0, 1), Edge(1, 0), Edge(1, 3, "A"))
        goal = eventually(IS_Y)
        keeps_going = always(eventually(IS_X))
        weak = under(Junction("and", (fair("weak", "A"), keeps_going)), goal)
        strong = under(Junction("and", (fair("strong", "A"), keeps_going)), goal)
        assert answer(structure, weak).verdict is Verdict.VIOLATED
        assert answer(structure, strong).verdict is Verdict.HOLDS

    @pytest.mark.parametrize("op", ["weak", "strong"])
    def test_an_action_that_changes_nothing_is_never_owed(self, op: str) -> None:
        """Its steps change no variable, so they are not possible in the sense of fairness: standing still is fair."""
        structure = chain(Edge(0, 0, "A"), Edge(0, 1, "B"))
        assert told(answer(structure, under(fair(op, "A"), eventually(IS_X)))) == ((0,), 0)

    @pytest.mark.parametrize("op", ["weak", "strong"])
    def test_only_changes_of_the_variables_count(self, op: str) -> None:
        """A leads from node 0 to node 2 and back: y changes, x does not."""
        structure = chain(Edge(0, 2, "A"), Edge(2, 0, "A"))
        goal = eventually(IS_Y)
        assert answer(structure, under(fair(op, "A", variables=("y",)), goal)).verdict is Verdict.HOLDS
        assert answer(structure, under(fair(op, "A", variables=("x",)), goal)).verdict is Verdict.VIOLATED

    def test_two_ways_between_two_states_are_one_step(self) -> None:
        """B leads where A leads: the pair of states is a step of A, whichever is shown."""
        structure = chain(Edge(0, 1, "B"), Edge(0, 1, "A"), Edge(1, 0))
        often = Junction("and", (always(eventually(IS_X)), fair("weak", "B")))
        assert answer(structure, under(often, fair("strong", "A"))).verdict is Verdict.HOLDS

    def test_arguments_tell_steps_apart(self) -> None:
        structure = chain(Edge(0, 1, "A", 0), Edge(0, 2, "A", 1))
        assert answer(structure, under(fair("strong", "A", arg=1), eventually(IS_Y))).verdict is Verdict.VIOLATED
        both = Junction("and", (fair("weak", "A", arg=0), fair("weak", "A", arg=1)))
        left = eventually(Junction("or", (IS_X, IS_Y)))
        assert answer(structure, under(both, left)).verdict is Verdict.HOLDS

    def test_an_argument_may_depend_on_the_state(self) -> None:
        structure = chain(Edge(0, 1, "A", 0), Edge(1, 3, "A", 1))
        of_x = Fairness("weak", Occurrence("A", (read(X),)))
        assert answer(structure, under(of_x, eventually(IS_Y))).verdict is Verdict.HOLDS

    def test_a_quantifier_is_one_formula_for_each_element(self) -> None:
        k = Local(INT, "k")
        each = Quantifier(
            "forall", (Clause(k, Const(SetType(INT), frozenset({0, 1}))),), Fairness("weak", Occurrence("A", (k,)))
        )
        structure = chain(Edge(0, 1, "A", 0), Edge(1, 3, "A", 1))
        assert answer(structure, under(each, eventually(IS_Y))).verdict is Verdict.HOLDS


class TestEnabled:
    def test_no_change_is_asked_for(self) -> None:
        structure = chain(Edge(0, 0, "A"), Edge(0, 1, "B"))
        assert answer(structure, Enabled(act("A"))).verdict is Verdict.HOLDS
        assert told(answer(structure, always(Enabled(act("A"))))) == ((0, 1), 1)

    def test_the_whole_step_counts_with_its_arguments(self) -> None:
        structure = chain(Edge(0, 1, "A", 1))
        assert answer(structure, Enabled(act("A", 1))).verdict is Verdict.HOLDS
        assert answer(structure, Enabled(act("A", 0))).verdict is Verdict.VIOLATED


class TestLimits:
    STRUCTURE = chain(Edge(0, 1, "A"), Edge(1, 2, "A"), Edge(2, 3, "A"))

    def test_a_lasso_within_the_bound_counts(self) -> None:
        result = answer(self.STRUCTURE, eventually(IS_Y), Limits(max_steps=1))
        assert told(result) == ((0,), 0)

    def test_nothing_within_the_bound_decides_nothing(self) -> None:
        goal = under(fair("weak", "A"), eventually(IS_Y))
        result = answer(self.STRUCTURE, goal, Limits(max_steps=1))
        assert (result.verdict, result.reason) == (Verdict.UNKNOWN, "BoundReached")
        assert answer(self.STRUCTURE, goal, Limits(max_steps=9)).verdict is Verdict.HOLDS

    def test_what_a_state_at_the_bound_can_do_is_not_known(self) -> None:
        """At node 1 nothing seems possible only because nothing was tried: to stand still there shows nothing."""
        goal = under(fair("weak", "A"), eventually(IS_Y))
        assert answer(self.STRUCTURE, goal, Limits(max_steps=1)).path is None

    def test_no_fairness_no_doubt_at_the_bound(self) -> None:
        result = answer(self.STRUCTURE, eventually(always(Junction("and", (IS_Y, IS_X)))), Limits(max_steps=0))
        assert told(result) == ((0,), 0)

    def test_walks_say_nothing(self) -> None:
        result = answer(self.STRUCTURE, eventually(IS_Y), Limits(max_steps=5, walks=Walks(10)))
        assert (result.verdict, result.reason) == (Verdict.UNKNOWN, "Sampled")

    def test_time(self) -> None:
        result = answer(self.STRUCTURE, eventually(IS_Y), Limits(timeout_s=0))
        assert (result.verdict, result.reason) == (Verdict.UNKNOWN, "Timeout")

    def test_a_violation_elsewhere_ends_a_run_that_is_to_fail_fast(self) -> None:
        model = made(self.STRUCTURE, eventually(IS_Y))
        broken = Property("broken", "invariant", ap("eq", read(X), n(0)))
        model = replace(model, properties=(*model.properties, broken))
        results = ReferenceEngine().run(model, ("wanted", "broken"), Limits(fail_fast=True)).properties
        assert [(r.verdict, r.reason) for r in results] == [
            (Verdict.UNKNOWN, "FailFast"),
            (Verdict.VIOLATED, "InvariantViolated"),
        ]


class TestErrors:
    DIVIDED = Now(ap("eq", ap("floordiv", n(1), ap("sub", read(X), n(1))), n(-1)))
    """No value where x is 1."""

    def test_a_predicate_without_value_in_a_reachable_state(self) -> None:
        result = answer(chain(Edge(0, 1, "A")), Junction("or", (IS_X, eventually(self.DIVIDED))))
        assert (result.verdict, result.reason) == (Verdict.ERROR, "EvaluationError")
        assert result.error is not None and "floor" not in result.error.reason
        assert result.path is not None and nodes(result.path) == (0, 1)

    def test_not_in_a_state_that_is_not_reachable(self) -> None:
        assert answer(chain(Edge(1, 0)), self.DIVIDED).verdict is Verdict.HOLDS

    def test_a_domain_without_value(self) -> None:
        endless = ap("interval", n(0), ap("floordiv", n(1), n(0)))
        formula = Quantifier("forall", (Clause(Local(INT, "k"), endless),), always(IS_X))
        result = answer(chain(Edge(0, 1)), formula)
        assert (result.verdict, result.path) == (Verdict.ERROR, None)

    def test_a_domain_without_end(self) -> None:
        formula = Quantifier("forall", (Clause(Local(INT, "k"), ap("ints")),), always(IS_X))
        assert answer(chain(Edge(0, 1)), formula).verdict in (Verdict.UNKNOWN, Verdict.ERROR)


class TestWithOtherProperties:
    def test_one_search_answers_all_and_counts_the_same(self) -> None:
        structure = chain(Edge(0, 1, "A"), Edge(1, 3, "A"), Edge(3, 0, "B"), Edge(0, 0, "B"))
        model = made(structure, under(fair("weak", "A"), always(eventually(IS_Y))))
        broken = Property("broken", "invariant", ap("eq", read(X), n(0)))
        model = replace(model, properties=(*model.properties, broken))
        alone = ReferenceEngine().run(model, (), Limits()).stats
        both = ReferenceEngine().run(model, ("wanted", "broken"), Limits())
        counts = [(s.distinct, s.generated, s.depth, s.actions) for s in (alone, both.stats)]
        assert counts[0] == counts[1]
        assert [p.verdict for p in both.properties] == [Verdict.HOLDS, Verdict.VIOLATED]


class TestConfirmation:
    STRUCTURE = chain(Edge(0, 1, "A"), Edge(1, 0, "A"))

    def test_a_lasso_replays(self) -> None:
        path = answer(self.STRUCTURE, eventually(always(IS_X))).path
        assert path is not None
        assert replay(made(self.STRUCTURE, IS_X), path) == path

    def test_the_step_back_may_be_left_out(self) -> None:
        model = made(self.STRUCTURE, always(IS_X))
        result = answer(self.STRUCTURE, under(fair("weak", "A"), eventually(always(IS_X))))
        assert result.path is not None and result.path.loop == 0
        short = Path(result.path.states[:-1], 0)
        assert nodes(replay(model, short)) == nodes(result.path)

    def test_a_lasso_that_does_not_break_the_property_is_our_fault(self) -> None:
        report = ReferenceEngine().run(made(self.STRUCTURE, eventually(IS_X)), ("wanted",), Limits())
        confirm(made(self.STRUCTURE, eventually(IS_X)), report)
        with pytest.raises(InternalError, match="does not break it"):
            confirm(made(self.STRUCTURE, always(Junction("and", ()))), report)

    def test_a_loop_that_does_not_close_is_refused(self) -> None:
        model = made(chain(Edge(0, 1, "A")), always(IS_X))
        path = answer(chain(Edge(0, 1, "A")), under(fair("weak", "A"), always(eventually(IS_Y)))).path
        assert path is not None
        with pytest.raises(ModelError, match="step 2 of the path does not reproduce: the model allows no step here"):
            replay(model, replace(path, loop=0))
