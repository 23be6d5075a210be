"""EWD 998 (Safra): machines find out that all are idle and no message is under way, though messages take time.

As in EWD 840 a token goes round the ring, from machine N - 1 down to 1 and back to 0. Each machine also counts
messages: one up for each sent, one down for each received; the token adds the counts up. Who receives a message
turns black, and a black machine blackens the token. If a white token comes back to a white, idle machine 0 and
everything adds up to nothing, all are idle and nothing is under way. If not, machine 0 tries again.

What can go wrong: the end is announced while somebody is at work, or while a message is under way that will wake
somebody up; or it is never announced.

What the spec assumes: messages may take as long as they like and overtake each other; none is lost, and the token
is not. Machines begin active or idle, in any colour, and the token begins black, anywhere. To keep the spec finite,
a machine sends only while it has sent fewer than LIMIT more than it has received, and while fewer than LIMIT
messages are under way to the receiver.

Sources: Edsger W. Dijkstra, "Shmuel Safra's version of termination detection" (EWD 998), 1987; the actions are
those of Stephan Merz's and Markus Kuppe's TLA+ module EWD998, whose bounds are wider.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AllMaps,
    AndT,
    Context,
    Exists,
    Expr,
    Field,
    Forall,
    Implies,
    ImpliesT,
    Interval,
    Ite,
    LeadsTo,
    MachineStateBase,
    Map,
    Param,
    Set,
    StateVar,
    WeakFair,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
    temporal,
)


class Colour(Enum):
    """Black: a count may be out of date."""

    WHITE = "white"
    BLACK = "black"


@record
class Token:
    """Where it is, what the machines' counts add up to so far, and its colour."""

    at: Field[int]
    total: Field[int]
    colour: Field[Colour]


@state
class Ring(MachineStateBase):
    """Machines 0 to N - 1. `count`: sent less received; `under_way`: messages to a machine that it has not received."""

    N: Param[int]
    LIMIT: Param[int]
    active: StateVar[dict[int, bool]]
    colour: StateVar[dict[int, Colour]]
    count: StateVar[dict[int, int]]
    under_way: StateVar[dict[int, int]]
    token: StateVar[Token]


@action(init=True)
def init(c: Context[Ring]):
    """Anybody may be at work, in any colour; no message has been sent, and the token is black."""
    s = c.state
    machines = Interval(0, s.N - 1)
    with (
        c.one_of(AllMaps(machines, Set(False, True)), "active") as active,
        c.one_of(AllMaps(machines, Set(Colour.WHITE, Colour.BLACK)), "colour") as colour,
        c.one_of(machines, "token_at") as token_at,
    ):
        s.active = active
        s.colour = colour
        s.token = Token(at=token_at, total=0, colour=Colour.BLACK)
    s.count = Map(0 for _ in machines)
    s.under_way = Map(0 for _ in machines)


@action(inline=False)
def starts_round(c: Context[Ring]):
    """Machine 0 has the token and learns nothing from it: it sends it round again, white, and is white itself."""
    s = c.state
    c.assume(s.token.at == 0)
    lost = (s.token.colour == Colour.BLACK) | (s.colour[0] == Colour.BLACK)
    c.assume(lost | (s.count[0] + s.token.total > 0))
    s.token = Token(at=s.N - 1, total=0, colour=Colour.WHITE)
    s.colour[0] = Colour.WHITE


@action(inline=False)
def passes_token(c: Context[Ring], machine: Annotated[Expr, int]):
    """An idle machine adds its count to the token and hands it down; a black one blackens it and turns white."""
    s = c.state
    c.assume(~s.active[machine])
    c.assume(s.token.at == machine)
    colour = Ite(s.colour[machine] == Colour.BLACK, Colour.BLACK, s.token.colour)
    s.token = Token(at=machine - 1, total=s.token.total + s.count[machine], colour=colour)
    s.colour[machine] = Colour.WHITE


@action(inline=False)
def sends(c: Context[Ring], sender: Annotated[Expr, int], receiver: Annotated[Expr, int]):
    """An active machine sends a message."""
    s = c.state
    c.assume(s.active[sender])
    c.assume((s.count[sender] < s.LIMIT) & (s.under_way[receiver] < s.LIMIT))
    s.count[sender] += 1
    s.under_way[receiver] += 1


@action(inline=False)
def receives(c: Context[Ring], machine: Annotated[Expr, int]):
    """A message arrives: its receiver is active, and black."""
    s = c.state
    c.assume(s.under_way[machine] > 0)
    s.under_way[machine] -= 1
    s.count[machine] -= 1
    s.colour[machine] = Colour.BLACK
    s.active[machine] = True


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
    start, hand_on, send, receive, rest = c.alternatives(
        "starts round", "passes token", "sends", "receives", "becomes idle"
    )
    with start:
        starts_round(c)
    with hand_on, c.one_of(machines - Set(0), "machine") as machine:
        passes_token(c, machine)
    with send, c.one_of(machines, "sender") as sender, c.one_of(machines - Set(sender), "receiver") as receiver:
        sends(c, sender, receiver)
    with receive, c.one_of(machines, "machine") as machine:
        receives(c, machine)
    with rest, c.one_of(machines, "machine") as machine:
        becomes_idle(c, machine)


@expr
def counted(s: Ring, first: Annotated[Expr, int], last: Annotated[Expr, int]):
    """What the counts of the machines from one to another add up to."""
    return Interval(first, last).reduce(lambda total, machine: total + s.count[machine], 0)


@expr
def messages_under_way(s: Ring):
    """How many messages have been sent and not received."""
    return Interval(0, s.N - 1).reduce(lambda total, machine: total + s.under_way[machine], 0)


@expr
def has_ended(s: Ring):
    """All machines are idle, and nothing will wake one up."""
    return Forall(~s.active[machine] for machine in Interval(0, s.N - 1)) & (messages_under_way(s) == 0)


@expr
def end_is_detected(s: Ring):
    """Machine 0 announces the end: it has a white token back, is white and idle itself, and nothing is missing."""
    back = (s.token.at == 0) & (s.token.colour == Colour.WHITE) & (s.token.total + s.count[0] == 0)
    return back & (s.colour[0] == Colour.WHITE) & ~s.active[0]


@invariant
def detection_is_right(s: Ring):
    """The end is announced only when all are idle and nothing is under way."""
    return Implies(end_is_detected(s), has_ended(s))


@invariant
def counts_add_up(s: Ring):
    """All counts together are the messages under way."""
    return counted(s, 0, s.N - 1) == messages_under_way(s)


@invariant
def safras_invariant(s: Ring):
    """The token is right about idle machines, or more than nothing is still to be counted, or something is black."""
    passed_are_idle = Forall(Implies(s.token.at < machine, ~s.active[machine]) for machine in Interval(0, s.N - 1))
    total_is_right = s.token.total == counted(s, s.token.at + 1, s.N - 1)
    more_to_come = counted(s, 0, s.token.at) + s.token.total > 0
    black_to_come = Exists(s.colour[machine] == Colour.BLACK for machine in Interval(0, s.token.at))
    return (passed_are_idle & total_is_right) | more_to_come | black_to_come | (s.token.colour == Colour.BLACK)


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
    """`starts_round` happens."""
    return s.token.colour == Colour.WHITE


@example
def the_end_is_detected(s: Ring):
    """`passes_token` happens, all the way to the end."""
    return end_is_detected(s)


@example
def a_message_is_under_way(s: Ring):
    """`sends` happens."""
    return messages_under_way(s) > 0


@example
def a_message_has_arrived(s: Ring):
    """`receives` happens."""
    return Exists(s.count[machine] < 0 for machine in Interval(0, s.N - 1))


@example
def one_has_sent_and_is_idle(s: Ring):
    """`becomes_idle` happens: a machine has sent, so it was active, and is idle."""
    return Exists(~s.active[machine] & (s.count[machine] > 0) for machine in Interval(0, s.N - 1))


@instance
def two() -> Ring:
    """Two machines, two messages each way."""
    return Ring(N=2, LIMIT=2)


@instance
def three() -> Ring:
    """Three machines, one message."""
    return Ring(N=3, LIMIT=1)
