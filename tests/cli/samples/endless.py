"""A counter without an end: no search of it ever finishes.

The file `started` appears beside it when the module has been read.
"""

from pathlib import Path

from speccheck import Context, MachineStateBase, StateVar, action, instance, invariant, state


@state
class Endless(MachineStateBase):
    """How far it has counted."""

    count: StateVar[int]


@action(init=True)
def init(c: Context[Endless]):
    """It starts from nothing."""
    c.state.count = 0


@action
def step(c: Context[Endless]):
    """It goes on."""
    c.state.count += 1


@invariant
def never_negative(s: Endless):
    """It never goes below nothing."""
    return s.count >= 0


@instance
def only() -> Endless:
    """The one there is."""
    return Endless()


Path(__file__).with_name("started").touch()
