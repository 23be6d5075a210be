"""Variables that no step makes less, as far as the text of the model shows."""

from __future__ import annotations

from tests.conform.divided import divided
from tests.conform.stepping import stepper
from tests.engines.models import COUNT, ap, counter, jugs, model, n, read, transition

from speccheck.engines.reference.rising import rising
from speccheck.ir.models import Model
from speccheck.ir.nodes import Assign, Expr, Param
from speccheck.ir.types import INT


def assigned(value: Expr) -> Model:
    return model([COUNT], {"count": 0}, transition(Assign("count", 1, value), count=1))


def test_what_is_only_added_to_rises() -> None:
    assert rising(assigned(ap("add", read(COUNT), n(1)))) == (0,)
    assert rising(assigned(ap("add", n(0), read(COUNT)))) == (0,)
    assert rising(assigned(ap("ite", ap("lt", read(COUNT), n(3)), ap("add", read(COUNT), n(1)), read(COUNT)))) == (0,)
    assert rising(divided()) == (1,)


def test_what_may_fall_does_not() -> None:
    assert rising(assigned(ap("add", read(COUNT), n(-1)))) == ()
    assert rising(assigned(ap("sub", read(COUNT), n(1)))) == ()
    assert rising(assigned(n(7))) == ()
    assert rising(assigned(ap("ite", ap("lt", read(COUNT), n(3)), n(0), read(COUNT)))) == ()
    assert rising(assigned(ap("add", read(COUNT), Param(INT, "BY")))) == ()
    assert rising(counter()) == ()
    assert rising(jugs()) == ()


def test_it_is_so_of_every_step_of_real_specs() -> None:
    for spec, instance in (("deployment_rollout", "rolling"), ("two_phase_commit", "n3")):
        made = stepper(spec, instance)
        assert made.rising
        for state in made.reachable(5_000) or ():
            for way in made.successors(state):
                assert all(state[slot] <= way.state[slot] for slot in made.rising)
