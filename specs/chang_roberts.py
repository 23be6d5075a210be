"""Chang and Roberts' election: the nodes of a ring agree on a leader by passing their numbers on.

Some nodes of a one-way ring want to lead. Each sends its own number to its neighbour. A candidate that receives a
smaller number than its own has lost and passes it on; a greater one it swallows; its own number has been all the
way round, so nobody smaller is a candidate, and it has won. Nodes that have lost, or never stood, pass everything
on.

What can go wrong: two nodes win, or one wins that should not have.

What the spec assumes: numbers are all different. Messages are neither lost nor forged; they may overtake each other
on their way to the same node. Nodes do not fail. Whether a node stands is decided at first, in any combination.

Sources: Ernest Chang and Rosemary Roberts, "An improved algorithm for decentralized extrema-finding in circular
configurations of processes", Communications of the ACM 22(5), 1979; and, step by step the same, Stephan Merz's TLA+
module ChangRoberts. There, as here, the smallest number wins; in the paper it is the greatest.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AllSubsets,
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
    state,
    temporal,
)


class Standing(Enum):
    """What a node thinks of its chances."""

    CANDIDATE = "candidate"
    LOST = "lost"
    WON = "won"


@state
class Ring(MachineStateBase):
    """Nodes 1 to N; each one's neighbour is the next, and the last one's is the first.

    `NUMBER` is what a node is known by in the election, `inbox` the numbers under way to it.
    """

    N: Param[int]
    NUMBER: Param[dict[int, int]]
    stood: StateVar[set[int]]
    has_begun: StateVar[dict[int, bool]]
    standing: StateVar[dict[int, Standing]]
    inbox: StateVar[dict[int, set[int]]]


@action(init=True)
def init(c: Context[Ring]):
    """Any of the nodes want to lead; no number is under way."""
    s = c.state
    nodes = Interval(1, s.N)
    with c.one_of(AllSubsets(nodes), "candidates") as candidates:
        s.stood = candidates
        s.standing = Map(Ite(candidates.contains(node), Standing.CANDIDATE, Standing.LOST) for node in nodes)
    s.has_begun = Map(False for _ in nodes)
    s.inbox = Map(Set(int) for _ in nodes)


@expr
def neighbour(s: Ring, node: Annotated[Expr, int]):
    """Whom a node sends to."""
    return node % s.N + 1


@action(inline=False)
def begins(c: Context[Ring], node: Annotated[Expr, int]):
    """A node wakes up; if it stands, it sends its number."""
    s = c.state
    c.assume(~s.has_begun[node])
    s.has_begun[node] = True
    s.inbox[neighbour(s, node)] |= Ite(s.stood.contains(node), Set(s.NUMBER[node]), Set(int))


@action(inline=False)
def passes_on(c: Context[Ring], node: Annotated[Expr, int], number: Annotated[Expr, int]):
    """A node passes a number on: it has lost already, or it loses to this one."""
    s = c.state
    c.assume((s.standing[node] == Standing.LOST) | (number < s.NUMBER[node]))
    s.standing[node] = Standing.LOST
    s.inbox[node] -= Set(number)
    s.inbox[neighbour(s, node)] |= Set(number)


@action(inline=False)
def swallows(c: Context[Ring], node: Annotated[Expr, int], number: Annotated[Expr, int]):
    """A candidate drops a number greater than its own."""
    s = c.state
    c.assume((s.standing[node] != Standing.LOST) & (number > s.NUMBER[node]))
    s.inbox[node] -= Set(number)


@action(inline=False)
def wins(c: Context[Ring], node: Annotated[Expr, int], number: Annotated[Expr, int]):
    """A candidate receives its own number."""
    s = c.state
    c.assume((s.standing[node] != Standing.LOST) & (number == s.NUMBER[node]))
    s.inbox[node] -= Set(number)
    s.standing[node] = Standing.WON


@action
def receives(c: Context[Ring], node: Annotated[Expr, int]):
    """A node that is awake takes one of the numbers under way to it."""
    s = c.state
    c.assume(s.has_begun[node])
    with c.one_of(s.inbox[node], "number") as number:
        passed, swallowed, own = c.alternatives("passes on", "swallows", "wins")
        with passed:
            passes_on(c, node, number)
        with swallowed:
            swallows(c, node, number)
        with own:
            wins(c, node, number)


@action
def step(c: Context[Ring]):
    """One step of any node."""
    with c.one_of(Interval(1, c.state.N), "node") as node:
        begin, receive = c.alternatives("begin", "receive")
        with begin:
            begins(c, node)
        with receive:
            receives(c, node)


@invariant
def the_winner_is_the_smallest_candidate(s: Ring):
    """Who has won did stand, and all others who did have greater numbers."""
    nodes = Interval(1, s.N)
    return Forall(
        Implies(
            s.standing[winner] == Standing.WON,
            s.stood.contains(winner) & s.stood.forall(lambda other: s.NUMBER[winner] <= s.NUMBER[other]),
        )
        for winner in nodes
    )


@invariant
def all_others_know_that_they_have_lost(s: Ring):
    """When somebody has won, everybody else has lost and knows it."""
    nodes = Interval(1, s.N)
    return Forall(
        Implies((s.standing[winner] == Standing.WON) & (other != winner), s.standing[other] == Standing.LOST)
        for winner in nodes
        for other in nodes
    )


@expr
def messages_arrive(s: Ring):
    """Every node begins one day, and receives what is under way to it (what it swallows does not matter)."""
    return Forall(
        AndT(
            WeakFair(begins, node),
            Forall(AndT(WeakFair(passes_on, node, number), WeakFair(wins, node, number)) for number in s.NUMBER.values),
        )
        for node in Interval(1, s.N)
    )


@temporal
def somebody_wins_one_day(s: Ring):
    """If messages arrive, and anybody stands at all, there is a winner in the end."""
    winner = Exists(s.standing[node] == Standing.WON for node in Interval(1, s.N))
    return ImpliesT(messages_arrive(s), LeadsTo(~s.stood.is_empty, winner))


@temporal
def somebody_wins_whatever_happens(s: Ring):
    """There is a winner even if messages do not arrive: too much to ask."""
    winner = Exists(s.standing[node] == Standing.WON for node in Interval(1, s.N))
    return LeadsTo(~s.stood.is_empty, winner)


@example
def a_number_is_sent(s: Ring):
    """`begins` happens."""
    return Exists(s.has_begun[node] & ~s.inbox[neighbour(s, node)].is_empty for node in Interval(1, s.N))


@example
def a_candidate_loses(s: Ring):
    """`passes_on` happens."""
    return Exists(s.standing[node] == Standing.LOST for node in s.stood)


@example
def two_candidates_and_one_number(s: Ring):
    """`swallows` happens: all have begun, and a number has vanished though nobody has won."""
    nodes = Interval(1, s.N)
    under_way = nodes.reduce(lambda total, node: total + s.inbox[node].size, 0)
    nobody = Forall(s.standing[node] != Standing.WON for node in nodes)
    return Forall(s.has_begun[node] for node in nodes) & nobody & (under_way < s.stood.size)


@example
def somebody_wins(s: Ring):
    """`wins` happens."""
    return Exists(s.standing[node] == Standing.WON for node in Interval(1, s.N))


@instance
def three() -> Ring:
    """Three nodes, numbered along the ring: every number but the smallest is swallowed at once. 137 states."""
    return Ring(N=3, NUMBER={1: 1, 2: 2, 3: 3})


@instance
def five_mixed() -> Ring:
    """Five nodes in no order."""
    return Ring(N=5, NUMBER={1: 3, 2: 5, 3: 1, 4: 4, 5: 2})
