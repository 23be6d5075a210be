"""EWD 840: the machines of a ring find out that all of them have become idle.

Each machine is active or idle. An active one may send a message, which makes the receiver active; and any may
become idle by itself. To find out whether all are idle, machine 0 sends a token round, from N - 1 down to 1 and
back to itself. Whoever sends a message up the ring, behind the token's back, turns black; a black machine blackens
the token. If a white token comes back to a white, idle machine 0, everybody is idle. If not, it tries again.

What can go wrong: the end is announced while somebody is still at work, or it is never announced.

What the spec assumes: a message arrives as soon as it is sent (EWD 998 is for messages that take time). The token
is not lost. Machines and token may begin anywhere and in any colour, except that the token begins black. An active
machine may keep the token; but it may let it go if the round is lost anyway.

Sources: Edsger W. Dijkstra, W. H. J. Feijen and A. J. M. van Gasteren, "Derivation of a termination detection
algorithm for distributed computations", Information Processing Letters 16(5), 1983 (EWD 840); and, step by step the
same, Stephan Merz's TLA+ module EWD840.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AllMaps,
    AndT,
    Context,
    Exists,
    Expr,
    Forall,
    Implies,
    ImpliesT,
    Interval,
    Ite,
    LeadsTo,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    WeakFair,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
    temporal,
)


class Colour(Enum):
    """Black: a message may have gone unseen."""

    WHITE = "white"
    BLACK = "black"


@state
class Ring(MachineStateBase):
    """Machines 0 to N - 1, and the token: where it is, and its colour."""

    N: Param[int]
    active: StateVar[dict[int, bool]]
    colour: StateVar[dict[int, Colour]]
    token_at: StateVar[int]
    token_colour: StateVar[Colour]


@action(init=True)
def init(c: Context[Ring]):
    """Anything, with a black token."""
    s = c.state
    machines = Interval(0, s.N - 1)
    with (
        c.one_of(AllMaps(machines, Set(False, True)), "active") as active,
        c.one_of(AllMaps(machines, Set(Colour.WHITE, Colour.BLACK)), "colour") as colour,
        c.one_of(machines, "token_at") as token_at,
    ):
        s.active = active
        s.colour = colour
        s.token_at = token_at
    s.token_colour = Colour.BLACK


@action(inline=False)
def starts_round(c: Context[Ring]):
    """Machine 0 has the token and learns nothing from it: it sends it round again, white, and is white itself."""
    s = c.state
    c.assume(s.token_at == 0)
    token_black, machine_black = c.alternatives("token is black", "machine is black")
    with token_black:
        c.assume(s.token_colour == Colour.BLACK)
    with machine_black:
        c.assume(s.colour[0] == Colour.BLACK)
    s.token_at = s.N - 1
    s.token_colour = Colour.WHITE
    s.colour[0] = Colour.WHITE


@action(inline=False)
def passes_token(c: Context[Ring], machine: Annotated[Expr, int]):
    """A machine hands the token down, once it is idle or the round is lost; a black one blackens it and turns white."""
    s = c.state
    c.assume(s.token_at == machine)
    idle, machine_black, token_black = c.alternatives("idle", "machine is black", "token is black")
    with idle:
        c.assume(~s.active[machine])
    with machine_black:
        c.assume(s.colour[machine] == Colour.BLACK)
    with token_black:
        c.assume(s.token_colour == Colour.BLACK)
    s.token_at = machine - 1
    s.token_colour = Ite(s.colour[machine] == Colour.BLACK, Colour.BLACK, s.token_colour)
    s.colour[machine] = Colour.WHITE


@action(inline=False)
def sends(c: Context[Ring], sender: Annotated[Expr, int], receiver: Annotated[Expr, int]):
    """An active machine makes another one active; if that one is further up the ring, the sender turns black."""
    s = c.state
    c.assume(s.active[sender])
    s.active[receiver] = True
    s.colour[sender] = Ite(receiver > sender, Colour.BLACK, s.colour[sender])


@action(inline=False)
def becomes_idle(c: Context[Ring], machine: Annotated[Expr, int]):
    """An active machine has nothing more to do."""
    s = c.state
    c.assume(s.active[machine])
    s.active[machine] = False


@action
def step(c: Context[Ring]):
    """One step of the ring, or of the work that it watches."""
    machines = Interval(0, c.state.N - 1)
    start, hand_on, send, rest = c.alternatives("starts round", "passes token", "sends", "becomes idle")
    with start:
        starts_round(c)
    with hand_on, c.one_of(machines - Set(0), "machine") as machine:
        passes_token(c, machine)
    with send, c.one_of(machines, "sender") as sender, c.one_of(machines - Set(sender), "receiver") as receiver:
        sends(c, sender, receiver)
    with rest, c.one_of(machines, "machine") as machine:
        becomes_idle(c, machine)


@expr
def has_ended(s: Ring):
    """All machines are idle."""
    return Forall(~s.active[machine] for machine in Interval(0, s.N - 1))


@expr
def end_is_detected(s: Ring):
    """Machine 0 announces the end: it has a white token back, and is white and idle itself."""
    back = (s.token_at == 0) & (s.token_colour == Colour.WHITE)
    return back & (s.colour[0] == Colour.WHITE) & ~s.active[0]


@invariant
def detection_is_right(s: Ring):
    """The end is announced only when all are idle."""
    return Implies(end_is_detected(s), has_ended(s))


@invariant
def dijkstras_invariant(s: Ring):
    """All whom the token has passed are idle, or somebody whom it has not passed is black, or the token is."""
    passed_are_idle = Forall(Implies(s.token_at < machine, ~s.active[machine]) for machine in Interval(0, s.N - 1))
    black_to_come = Exists(s.colour[machine] == Colour.BLACK for machine in Interval(0, s.token_at))
    return passed_are_idle | black_to_come | (s.token_colour == Colour.BLACK)


@expr
def token_moves_on(s: Ring):
    """The token does not stay for ever where it could go on."""
    return AndT(
        WeakFair(starts_round),
        Forall(WeakFair(passes_token, machine) for machine in Interval(1, s.N - 1)),
    )


@temporal
def the_end_is_detected_one_day(s: Ring):
    """If the token moves on, the end is announced some time after all are idle."""
    return ImpliesT(token_moves_on(s), LeadsTo(has_ended(s), end_is_detected(s)))


@temporal
def the_end_is_detected_whatever_happens(s: Ring):
    """The end is announced even if the token stops somewhere: too much to ask."""
    return LeadsTo(has_ended(s), end_is_detected(s))


@example
def a_round_begins(s: Ring):
    """`starts_round` happens: the token is white and at the far end."""
    return (s.token_at == s.N - 1) & (s.token_colour == Colour.WHITE) & s.active[0]


@example
def the_end_is_detected(s: Ring):
    """`passes_token` happens, all the way to the end."""
    return end_is_detected(s)


@example
def a_machine_has_been_woken_behind_the_token(s: Ring):
    """`sends` happens: with the white token on its way, a machine that it has passed is active."""
    passed = Interval(s.token_at + 1, s.N - 1)
    return (s.token_colour == Colour.WHITE) & passed.exists(lambda machine: s.active[machine])


@example
def work_has_come_and_gone_behind_the_token(s: Ring):
    """`becomes_idle` happens: a machine that the white token has passed is black, so it has sent, and is idle again."""
    passed = Interval(s.token_at + 1, s.N - 1)
    was_at_work = passed.exists(lambda machine: ~s.active[machine] & (s.colour[machine] == Colour.BLACK))
    return (s.token_colour == Colour.WHITE) & was_at_work


@instance
def three() -> Ring:
    """Three machines: 302 states."""
    return Ring(N=3)


@instance
def four() -> Ring:
    """Four machines: 1,566 states."""
    return Ring(N=4)
