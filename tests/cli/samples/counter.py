"""A counter that goes up by one or two, and no further than N.

Its instances answer in every way there is: `small` keeps the rule, `large` breaks it, `zero` cannot
move at all.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    action,
    example,
    instance,
    invariant,
    state,
)


@state
class Counter(MachineStateBase):
    """How far it has counted."""

    N: Param[int]
    count: StateVar[int]


@action(init=True)
def init(c: Context[Counter]):
    """It starts from nothing."""
    c.state.count = 0


@action(inline=False)
def increment(c: Context[Counter], by: Annotated[Expr, int]):
    """It goes up, as long as it stays within N."""
    s = c.state
    c.assume(s.count + by <= s.N)
    s.count += by


@action
def step(c: Context[Counter]):
    """By one or by two."""
    with c.one_of(Set(1, 2), "by") as by:
        increment(c, by)


@invariant
def below_five(s: Counter):
    """It never counts to five."""
    return s.count < 5


@invariant
def divides(s: Counter):
    """A number is divided by how far it still is to three."""
    return 6 // (3 - s.count) != 7


@example
def three(s: Counter):
    """It counts to three."""
    return s.count == 3


@example
def seven(s: Counter):
    """It counts to seven."""
    return s.count == 7


@instance
def small() -> Counter:
    """Up to four."""
    return Counter(N=4)


@instance
def large() -> Counter:
    """Up to nine."""
    return Counter(N=9)


@instance
def zero() -> Counter:
    """Nowhere."""
    return Counter(N=0)
