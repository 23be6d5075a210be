"""A Lease that leader election keeps, as one can see it: renewed by its holder, taken over when it has run out.

`specs/lease_election.py` has the candidates and their clocks, too. Here everything is read from the object. Who holds
it is not a variable, as nobody knows all names beforehand: a change of hands shows in `transitions`.

What can go wrong: a Lease changes hands before it has run out; a renewal goes back in time; hands are counted back.

What the spec assumes: times are whole seconds, rounded down, so what is taken over may seem to have run out one second
too early. Nobody renews from more than HORIZON seconds on. Whoever lets go says a duration of one second.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Interval,
    MachineStateBase,
    Param,
    StateVar,
    action,
    example,
    instance,
    invariant,
    state,
)


@state
class LeaseObject(MachineStateBase):
    """One Lease. `renewed` and `acquired` are seconds; END is up to when is explored, from BEGIN on."""

    DURATION: Param[int]
    HORIZON: Param[int]
    BEGIN: Param[int]
    END: Param[int]
    renewed: StateVar[int]
    acquired: StateVar[int]
    transitions: StateVar[int]


@action(init=True)
def init(c: Context[LeaseObject]):
    """Somebody was the first."""
    s = c.state
    s.renewed = s.BEGIN
    s.acquired = s.BEGIN
    s.transitions = 0


@action(inline=False)
def holder_renews(c: Context[LeaseObject], second: Annotated[Expr, int]):
    """The holder says that it is still there."""
    s = c.state
    c.assume((second >= s.renewed) & (second <= s.END))
    s.renewed = second


@action(inline=False)
def another_takes_over(c: Context[LeaseObject], second: Annotated[Expr, int]):
    """Another takes it, when it has run out."""
    s = c.state
    c.assume((second >= s.renewed + s.DURATION - 1) & (second <= s.END))
    s.renewed = second
    s.acquired = second
    s.transitions += 1


@action
def step(c: Context[LeaseObject]):
    """A write of the object."""
    s = c.state
    renews, takes = c.alternatives("renew", "take over")
    with renews, c.one_of(Interval(s.renewed, s.renewed + s.HORIZON), "second") as second:
        holder_renews(c, second)
    with takes, c.one_of(Interval(s.renewed, s.renewed + s.HORIZON), "at") as at:
        another_takes_over(c, at)


@invariant
def acquired_before_renewed(s: LeaseObject):
    """Nobody has renewed what was acquired later."""
    return s.acquired <= s.renewed


@invariant
def transitions_are_counted(s: LeaseObject):
    """The count of hands is never negative."""
    return s.transitions >= 0


@example
def renewed(s: LeaseObject):
    """`holder_renews` happens."""
    return s.renewed > s.acquired


@example
def taken_over(s: LeaseObject):
    """`another_takes_over` happens."""
    return s.transitions > 0


@instance
def small() -> LeaseObject:
    """Six seconds of a Lease of two."""
    return LeaseObject(DURATION=2, HORIZON=4, BEGIN=0, END=6)
