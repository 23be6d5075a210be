"""Single steps: those of the search, with labels as values, ways without value left out and told of, and bounds."""

from __future__ import annotations

import pytest
from tests.conform.divided import number
from tests.conform.stepping import stepper
from tests.engines.models import COUNT, ap, counter, invariant, jugs, model, n, read, transition

from speccheck.engines.base import Called, Limits, Outcome, OverBudget, Successor
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.engines.reference.walks import Walk, every
from speccheck.errors import ModelError, UsageError
from speccheck.ir.nodes import Assign, Choose, Local
from speccheck.ir.types import INT


def test_successors_have_labels_of_values_and_come_in_the_engines_order() -> None:
    made = ReferenceStepper(counter())
    assert made.initials() == ((0,),)
    assert made.successors((1,)) == (
        Successor((Called("increment", (("by", 1),)),), (2,)),
        Successor((Called("increment", (("by", 2),)),), (3,)),
    )
    assert made.successors((5,)) == ()
    assert (made.variables, made.actions, made.parameters) == (("count",), ("increment",), {"increment": {"by": INT}})


@pytest.mark.parametrize(("spec", "instance"), [("two_phase_commit", "n3"), ("deployment_rollout", "rolling")])
def test_the_steps_are_those_of_the_search(spec: str, instance: str) -> None:
    made = stepper(spec, instance)
    program = Program(made._model)
    states = made.reachable(5_000)
    assert states is not None
    for state in sorted(states, key=repr)[::29]:
        found = []
        program.step(state, Walk(every, lambda reached, walk, found=found: bool(found.append(reached))))  # type: ignore[misc]
        assert [each.state for each in made.successors(state)] == list(dict.fromkeys(found)) or len(
            made.successors(state)
        ) > len(set(found))
        assert {each.state for each in made.successors(state)} == set(found)


def test_a_way_without_value_leads_nowhere_and_is_told_of_and_those_beside_it_are_taken() -> None:
    made = number(faulty=True)
    (start,) = made.initials()
    assert [each.state[0] for each in made.successors(start)] == [12, 6, 4]
    assert made.faults(start) == ("division by zero",)
    assert made.faults((0, frozenset())) == ()


def test_all_reachable_states_or_none_where_they_are_more() -> None:
    made = ReferenceStepper(jugs())
    found = made.reachable(16)
    assert found is not None
    assert len(found) == 16
    assert made.reachable(15) is None


def test_without_end_in_no_time_there_is_no_set_of_all_states() -> None:
    endless = model([COUNT], {"count": 0}, transition(Assign("count", 1, ap("add", read(COUNT), n(1))), count=1))
    made = ReferenceStepper(endless, reachable_limits=Limits(timeout_s=0.05))
    assert made.reachable(10**9) is None


def test_too_many_ways_are_over_budget_and_so_is_too_long() -> None:
    chosen = Local(INT, "chosen")
    wide = transition(Choose(chosen, ap("interval", n(0), n(10**6)), "chosen"), Assign("count", 1, chosen), count=1)
    made = ReferenceStepper(model([COUNT], {"count": 0}, wide))
    with pytest.raises(OverBudget, match="ways of taking a step"):
        made.successors((0,))
    huge = transition(Choose(chosen, ap("interval", n(0), n(10**12)), "chosen"), Assign("count", 1, chosen), count=1)
    with pytest.raises(OverBudget):
        ReferenceStepper(model([COUNT], {"count": 0}, huge)).successors((0,))
    with pytest.raises(OverBudget, match="time limit"):
        ReferenceStepper(model([COUNT], {"count": 0}, wide), Limits(timeout_s=0.0001)).successors((0,))


def test_of_few_states_the_successors_are_remembered() -> None:
    made = ReferenceStepper(counter(), states_kept=2)
    first = made.successors((0,))
    for count in range(1, 10):
        made.successors((count,))
    assert len(made._kept) <= 4
    assert made.successors((0,)) == first


def test_expressions_of_a_state_are_functions_of_it() -> None:
    made = ReferenceStepper(counter())
    assert made.valuation(ap("add", read(COUNT), n(1)))((4,)) == 5
    with pytest.raises(ModelError, match="division by zero"):
        made.valuation(ap("floordiv", n(1), read(COUNT)))((0,))


def test_invariants_of_states_known_in_part() -> None:
    made = ReferenceStepper(counter(invariant("below", ap("lt", read(COUNT), n(3)))))
    assert [each.outcome for each in made.invariants({"count": 3})] == [Outcome.VIOLATED]
    assert [each.outcome for each in made.invariants({})] == [Outcome.NOT_JUDGED]


def test_why_not_names_the_guard_with_its_values_and_nothing_where_it_is_possible() -> None:
    made = number()
    (found,) = made.why_not((1, frozenset()), "divides", {"by": 2})
    assert (found.detail, found.parts, found.begun, found.known) == ("s.x > 1 is false, with x = 1", 1, True, True)
    assert made.why_not((2, frozenset()), "resets", {})[0].detail == "s.x <= 1 is false, with x = 2"
    assert made.why_not((1, frozenset()), "resets", {}) == ()
    with pytest.raises(UsageError, match="multiplies"):
        made.why_not((1, frozenset()), "multiplies", {})


def test_why_not_says_where_it_could_not_be_told() -> None:
    found = number(faulty=True).why_not((12, frozenset({4})), "divides", {"by": 0})
    assert found[-1].detail == "s.x // by has no value: division by zero"
    assert not found[-1].known
