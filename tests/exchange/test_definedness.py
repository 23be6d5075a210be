"""Which expressions may be undefined: never one that is said not to be."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.models import action, ap, model, n, transition
from tests.engines.naive import Failed, evaluate
from tests.engines.reference.test_agreement import BOOL, INT, LIST, MAP, SET, Maker

from speccheck.exchange.definedness import Definedness
from speccheck.ir.models import Function, Variable
from speccheck.ir.nodes import Assign, Define, Defined, Invoke, Local, Perform, Read

V = Variable("v", INT)
VALUE = Read(INT, "v", 0)
PARAM = Local(INT, "p")


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 1 << 64))
def test_what_cannot_fail_does_not(seed: int) -> None:
    maker = Maker(Random(seed))
    expr = maker.make(maker.random.choice([INT, BOOL, SET, LIST, MAP]), 4)
    holder = model([V], {"v": 0}, transition(Define(Local(expr.type, "it"), expr)))
    if not Definedness(holder).fallible(expr):
        try:
            evaluate(expr, {"a": 0, "b": 1}, {})
        except Failed as error:
            raise AssertionError(f"{error.node} failed") from None


def test_an_argument_that_may_fail_makes_its_parameter_one_that_may() -> None:
    use = ap("add", PARAM, n(1))
    twice = Function("twice", (Local(INT, "q"),), ap("add", Local(INT, "q"), n(0)))
    up = action("up", [PARAM], (Assign("v", 1, use),), v=1)
    for divisor, expected in ((n(2), False), (VALUE, True)):
        call = Perform("up", (ap("floordiv", n(1), divisor),), (Defined("v", 1),))
        made = model([V], {"v": 0}, transition(call, v=1), actions=[up], functions=[twice])
        assert Definedness(made).fallible(use) is expected
    body = Invoke(INT, "twice", (VALUE,))
    assert not Definedness(made).fallible(body)
