"""A lamp that somebody switches on and off, or does not."""

from speccheck import (
    Always,
    AndT,
    Context,
    Eventually,
    ImpliesT,
    MachineStateBase,
    StateVar,
    WeakFair,
    action,
    state,
    temporal,
)


@state
class Lamp(MachineStateBase):
    on: StateVar[bool]


@action(init=True)
def init(c: Context[Lamp]):
    c.state.on = False


@action(inline=False)
def switch_on(c: Context[Lamp]):
    c.assume(~c.state.on)
    c.state.on = True


@action(inline=False)
def switch_off(c: Context[Lamp]):
    c.assume(c.state.on)
    c.state.on = False


@temporal
def comes_on(s: Lamp):
    """Nobody has to switch it on."""
    return Always(Eventually(s.on))


@temporal
def comes_on_fairly(s: Lamp):
    """Somebody always will."""
    return ImpliesT(WeakFair(switch_on), Always(Eventually(s.on)))


@temporal
def stays_on_fairly(s: Lamp):
    """Somebody always switches it off again."""
    return ImpliesT(AndT(WeakFair(switch_on), WeakFair(switch_off)), Eventually(Always(s.on)))
