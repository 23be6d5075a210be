"""A canary release: traffic goes over to a new version step by step, and back at once if need be.

Two numbers say, in per cent, how much of the traffic each version gets. What can go wrong: somebody sets one of
them by hand and forgets the other, or moves more at a time than was agreed.

What the spec assumes: both numbers are written together.
"""

from speccheck import Context, MachineStateBase, Param, StateVar, action, example, instance, invariant, state


@state
class Traffic(MachineStateBase):
    """Who gets how much. STEP is how much is moved at a time."""

    STEP: Param[int]
    stable: StateVar[int]
    canary: StateVar[int]


@action(init=True)
def init(c: Context[Traffic]):
    """All is sent to the stable version."""
    c.state.stable = 100
    c.state.canary = 0


@action(inline=False)
def shift(c: Context[Traffic]):
    """One step more for the canary."""
    s = c.state
    c.assume(s.canary + s.STEP <= 100)
    s.stable -= s.STEP
    s.canary += s.STEP


@action(inline=False)
def roll_back(c: Context[Traffic]):
    """The canary gets nothing any more."""
    s = c.state
    c.assume(s.canary > 0)
    s.stable = 100
    s.canary = 0


@action
def step(c: Context[Traffic]):
    """Go on, or go back."""
    on, back = c.alternatives("on", "back")
    with on:
        shift(c)
    with back:
        roll_back(c)


@invariant
def all_traffic_is_sent(s: Traffic):
    """Nothing is lost, and nothing is sent twice."""
    return s.stable + s.canary == 100


@invariant
def steps_are_kept(s: Traffic):
    """The canary has been given whole steps."""
    return s.canary % s.STEP == 0


@example
def the_canary_takes_over(s: Traffic):
    """`shift` happens until there is nothing left to move."""
    return s.canary == 100


@instance
def quarters() -> Traffic:
    """A quarter at a time."""
    return Traffic(STEP=25)
