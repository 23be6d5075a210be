"""A small spec with hidden variables, faults and labels with arguments, for the tests of the step tier."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.ir.models import Model
from speccheck.loading import load

TEXT = '''
"""A number that is divided, and what it was before.

Some ways of dividing it have no value.
"""
from typing import Annotated

from speccheck import Context, Expr, Interval, MachineStateBase, StateVar, action, invariant, state


@state
class Number(MachineStateBase):
    x: StateVar[int]
    log: StateVar[set[int]]


@action(init=True)
def init(c: Context[Number]):
    c.state.x = 12
    c.state.log = set()


@action(inline=False)
def divides(c: Context[Number], by: Annotated[Expr, int]):
    c.assume(c.state.x > 1)
    c.state.log |= {c.state.x}
    c.state.x //= by


@action(inline=False)
def resets(c: Context[Number]):
    c.assume(c.state.x <= 1)
    c.state.x = 12


@action
def step(c: Context[Number]):
    divide, reset = c.alternatives("divide", "reset")
    with divide, c.one_of(Interval(-1, 3), "by") as by:
        c.assume(by >= 0)
        divides(c, by)
    with reset:
        resets(c)


@invariant
def small(s: Number):
    return s.x <= 12
'''


@cache
def divided(*, faulty: bool = False) -> Model:
    """The spec, captured; where it is faulty, dividing by zero is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "divided.py")
        path.write_text(TEXT.replace("by >= 0", "by >= 0" if faulty else "by > 0"))
        return load(path).model


def number(*, faulty: bool = False) -> ReferenceStepper:
    """A stepper of it."""
    return ReferenceStepper(divided(faulty=faulty))
