"""Lamport's bakery: processes take tickets, as customers do, and the smallest number is served first.

Who wants in says that it is choosing, looks at everybody's ticket, takes a number greater than all, and says that it
has chosen. Then it looks at the others one after the other: it waits while one is choosing, and while one has a
smaller ticket (of equal ones the process with the smaller name goes first). No variable is written by two processes.

What can go wrong: two are in the critical section together, or one waits for ever.

What the spec assumes: to look at all tickets is one step, but to write one's own is another, so two may choose the
same number; to look at one other process is one step. Tickets grow without bound in the paper; here nobody begins to
choose while a ticket could become greater than TICKETS. A process may stay outside for ever, but not inside.

Source: Leslie Lamport, "A new solution of Dijkstra's concurrent programming problem", Communications of the ACM
17(8), 1974, which proves that nobody starves.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
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


class Phase(Enum):
    """What a process does next."""

    OUTSIDE = "outside"
    LOOK = "look at the tickets"
    TAKE = "take a ticket"
    DOOR = "wait until the other has chosen"
    COUNTER = "wait until the other was served"
    INSIDE = "inside"


@state
class Bakery(MachineStateBase):
    """Processes 1 to N. `at` is which other process somebody looks at, `number` what it means to write."""

    N: Param[int]
    TICKETS: Param[int]
    phase: StateVar[dict[int, Phase]]
    choosing: StateVar[dict[int, bool]]
    number: StateVar[dict[int, int]]
    ticket: StateVar[dict[int, int]]
    at: StateVar[dict[int, int]]


@expr
def processes(s: Bakery):
    """All processes."""
    return Interval(1, s.N)


@expr
def greatest(s: Bakery):
    """The greatest ticket, or number that is to become one."""
    return max(max(s.ticket[process], s.number[process]) for process in processes(s))


@action(init=True)
def init(c: Context[Bakery]):
    """All are outside, without tickets."""
    s = c.state
    s.phase = Map(Phase.OUTSIDE for process in processes(s))
    s.choosing = Map(False for process in processes(s))
    s.number = Map(0 for process in processes(s))
    s.ticket = Map(0 for process in processes(s))
    s.at = Map(0 for process in processes(s))


@action(inline=False)
def chooses(c: Context[Bakery], process: Annotated[Expr, int]):
    """A process says that it is choosing. Nobody has to; and all could choose without running out of tickets."""
    s = c.state
    c.assume(s.phase[process] == Phase.OUTSIDE)
    c.assume(greatest(s) + s.N <= s.TICKETS)
    s.choosing[process] = True
    s.phase[process] = Phase.LOOK


@action(inline=False)
def looks(c: Context[Bakery], process: Annotated[Expr, int]):
    """It looks at all tickets."""
    s = c.state
    c.assume(s.phase[process] == Phase.LOOK)
    s.number[process] = 1 + max(s.ticket[other] for other in processes(s))
    s.phase[process] = Phase.TAKE


@action(inline=False)
def takes(c: Context[Bakery], process: Annotated[Expr, int]):
    """It writes its number on its ticket and says that it has chosen."""
    s = c.state
    c.assume(s.phase[process] == Phase.TAKE)
    s.ticket[process] = s.number[process]
    s.number[process] = 0
    s.choosing[process] = False
    s.at[process] = 1
    s.phase[process] = Phase.DOOR


@action(inline=False)
def passes_door(c: Context[Bakery], process: Annotated[Expr, int]):
    """The process it looks at is not choosing."""
    s = c.state
    c.assume(s.phase[process] == Phase.DOOR)
    c.assume(~s.choosing[s.at[process]])
    s.phase[process] = Phase.COUNTER


@action(inline=False)
def is_next(c: Context[Bakery], process: Annotated[Expr, int]):
    """The process it looks at has no smaller ticket: on to the next one, or in."""
    s = c.state
    other = s.at[process]
    mine, theirs = s.ticket[process], s.ticket[other]
    c.assume(s.phase[process] == Phase.COUNTER)
    c.assume((theirs == 0) | (mine < theirs) | ((mine == theirs) & (process <= other)))
    s.at[process] = Ite(other == s.N, 0, other + 1)
    s.phase[process] = Ite(other == s.N, Phase.INSIDE, Phase.DOOR)


@action(inline=False)
def leaves(c: Context[Bakery], process: Annotated[Expr, int]):
    """It throws its ticket away and is outside."""
    s = c.state
    c.assume(s.phase[process] == Phase.INSIDE)
    s.ticket[process] = 0
    s.phase[process] = Phase.OUTSIDE


@action
def step(c: Context[Bakery]):
    """One step of any process."""
    s = c.state
    with c.one_of(processes(s), "process") as process:
        choose, look, take, door, counter, leave = c.alternatives("choose", "look", "take", "door", "counter", "leave")
        with choose:
            chooses(c, process)
        with look:
            looks(c, process)
        with take:
            takes(c, process)
        with door:
            passes_door(c, process)
        with counter:
            is_next(c, process)
        with leave:
            leaves(c, process)


@invariant
def one_at_a_time(s: Bakery):
    """Nobody else is inside with a process."""
    inside = s.phase.keys.filter(lambda process: s.phase[process] == Phase.INSIDE)
    return inside.size <= 1


@invariant
def first_come_first_served(s: Bakery):
    """Who is inside has no greater ticket than anybody who has chosen."""
    return Forall(
        Implies((s.phase[one] == Phase.INSIDE) & (s.ticket[other] > 0), s.ticket[one] <= s.ticket[other])
        for one in processes(s)
        for other in processes(s)
    )


def keeps_running(process: Expr):
    """A process that does not stand outside goes on; it need not want in."""
    return AndT(*(WeakFair(each, process) for each in (looks, takes, passes_door, is_next, leaves)))


def gets_in(s: Bakery, process: Expr):
    """Whenever it begins to choose, it is inside some time later."""
    return LeadsTo(s.phase[process] == Phase.LOOK, s.phase[process] == Phase.INSIDE)


@temporal
def who_chooses_gets_in(s: Bakery):
    """Nobody starves, as long as all keep running."""
    return ImpliesT(
        Forall(keeps_running(process) for process in processes(s)),
        Forall(gets_in(s, process) for process in processes(s)),
    )


@temporal
def who_chooses_gets_in_by_itself(s: Bakery):
    """That it keeps running itself is not enough: another one may stop, choosing or inside."""
    return Forall(ImpliesT(keeps_running(process), gets_in(s, process)) for process in processes(s))


@temporal
def who_chooses_gets_in_whatever_happens(s: Bakery):
    """Nor can it be had for nothing: everything may stand still."""
    return Forall(gets_in(s, process) for process in processes(s))


@example
def two_have_the_same_ticket(s: Bakery):
    """`chooses` happens, `looks` happens and `takes` happens, to two at once: that is why names count."""
    return Exists((s.ticket[1] == s.ticket[other]) & (s.ticket[1] > 0) for other in Interval(2, s.N))


@example
def one_is_in(s: Bakery):
    """`passes_door` happens and `is_next` happens, while another has a ticket."""
    return Exists((s.phase[1] == Phase.INSIDE) & (s.ticket[other] > 0) for other in Interval(2, s.N))


@example
def one_was_in(s: Bakery):
    """`leaves` happens: the first is choosing again, and others have tickets greater than 1 that are the smallest."""
    waiting = (s.ticket[2] == 2) & Forall(s.ticket[other] != 1 for other in processes(s))
    return waiting & (s.phase[1] == Phase.OUTSIDE)


@instance
def two() -> Bakery:
    """Two processes, tickets up to 5."""
    return Bakery(N=2, TICKETS=5)


@instance
def three() -> Bakery:
    """Three processes, tickets up to 4."""
    return Bakery(N=3, TICKETS=4)
