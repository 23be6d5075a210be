"""Dekker's lock: the first way for two processes to exclude each other with nothing but plain variables.

Who wants in raises a flag. If the other's flag is up as well, whose turn it is decides: the other one lowers its flag
and waits for its turn. Who comes out hands the turn over and lowers its flag.

What can go wrong: both are in the critical section together, or one waits for ever while the other goes in and out.

What the spec assumes: reading and writing a variable is indivisible, and takes effect at once for both; to look at the
other's flag and at whose turn it is is one step. A process may stay outside for ever, but not inside. How often each
was inside is counted round and round (modulo COUNT); nothing depends on it.

Sources: Edsger W. Dijkstra, "Cooperating sequential processes" (EWD 123), Technological University Eindhoven, 1965,
where it is attributed to T. J. Dekker.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AndT,
    Context,
    Exists,
    Expr,
    Forall,
    ImpliesT,
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
    instance,
    invariant,
    state,
    temporal,
)


class Phase(Enum):
    """What a process does next."""

    OUTSIDE = "outside"
    RAISE = "raise"
    LOOK = "look"
    LOWER = "lower"
    WAIT = "wait"
    RAISE_AGAIN = "raise again"
    INSIDE = "inside"
    LEAVE = "leave"


@state
class Lock(MachineStateBase):
    """Processes 0 and 1."""

    COUNT: Param[int]
    phase: StateVar[dict[int, Phase]]
    flag: StateVar[dict[int, bool]]
    turn: StateVar[int]
    visits: StateVar[dict[int, int]]


@action(init=True)
def init(c: Context[Lock]):
    """Both are outside; it is anybody's turn."""
    s = c.state
    s.phase = Map((0, Phase.OUTSIDE), (1, Phase.OUTSIDE))
    s.flag = Map((0, False), (1, False))
    s.visits = Map((0, 0), (1, 0))
    with c.one_of(Set(0, 1), "turn") as turn:
        s.turn = turn


@action(inline=False)
def wants_in(c: Context[Lock], process: Annotated[Expr, int]):
    """A process begins to want in. Nobody has to."""
    s = c.state
    c.assume(s.phase[process] == Phase.OUTSIDE)
    s.phase[process] = Phase.RAISE


@action(inline=False)
def raises(c: Context[Lock], process: Annotated[Expr, int]):
    """It raises its flag."""
    s = c.state
    c.assume((s.phase[process] == Phase.RAISE) | (s.phase[process] == Phase.RAISE_AGAIN))
    s.flag[process] = True
    s.phase[process] = Phase.LOOK


@action(inline=False)
def looks(c: Context[Lock], process: Annotated[Expr, int]):
    """It looks: in, if the other's flag is down; down with its own, if it is the other's turn; else it looks again."""
    s = c.state
    c.assume(s.phase[process] == Phase.LOOK)
    other = 1 - process
    s.phase[process] = Ite(s.flag[other], Ite(s.turn == other, Phase.LOWER, Phase.LOOK), Phase.INSIDE)


@action(inline=False)
def lowers(c: Context[Lock], process: Annotated[Expr, int]):
    """It lowers its flag for the other one."""
    s = c.state
    c.assume(s.phase[process] == Phase.LOWER)
    s.flag[process] = False
    s.phase[process] = Phase.WAIT


@action(inline=False)
def resumes(c: Context[Lock], process: Annotated[Expr, int]):
    """It is its turn: it tries again."""
    s = c.state
    c.assume((s.phase[process] == Phase.WAIT) & (s.turn == process))
    s.phase[process] = Phase.RAISE_AGAIN


@action(inline=False)
def hands_over(c: Context[Lock], process: Annotated[Expr, int]):
    """On its way out it gives the turn to the other one."""
    s = c.state
    c.assume(s.phase[process] == Phase.INSIDE)
    s.turn = 1 - process
    s.visits[process] = (s.visits[process] + 1) % s.COUNT
    s.phase[process] = Phase.LEAVE


@action(inline=False)
def leaves(c: Context[Lock], process: Annotated[Expr, int]):
    """It lowers its flag and is outside."""
    s = c.state
    c.assume(s.phase[process] == Phase.LEAVE)
    s.flag[process] = False
    s.phase[process] = Phase.OUTSIDE


@action
def step(c: Context[Lock]):
    """One step of either process."""
    with c.one_of(Set(0, 1), "process") as process:
        want, raise_, look, lower, resume, hand, leave = c.alternatives(
            "want", "raise", "look", "lower", "resume", "hand over", "leave"
        )
        with want:
            wants_in(c, process)
        with raise_:
            raises(c, process)
        with look:
            looks(c, process)
        with lower:
            lowers(c, process)
        with resume:
            resumes(c, process)
        with hand:
            hands_over(c, process)
        with leave:
            leaves(c, process)


@invariant
def one_at_a_time(s: Lock):
    """The two are never inside together."""
    return ~((s.phase[0] == Phase.INSIDE) & (s.phase[1] == Phase.INSIDE))


def keeps_running(process: Expr):
    """A process that does not stand outside goes on; it need not want in."""
    actions = (raises, looks, lowers, resumes, hands_over, leaves)
    return AndT(*(WeakFair(each, process) for each in actions))


def gets_in(s: Lock, process: Expr):
    """Whenever it wants in, it is inside some time later."""
    return LeadsTo(s.phase[process] == Phase.RAISE, s.phase[process] == Phase.INSIDE)


@temporal
def who_wants_in_gets_in(s: Lock):
    """Nobody starves, as long as both keep running."""
    return ImpliesT(
        Forall(keeps_running(process) for process in Set(0, 1)), Forall(gets_in(s, process) for process in Set(0, 1))
    )


@temporal
def who_wants_in_gets_in_by_itself(s: Lock):
    """That the one process keeps running is not enough for it: the other may stop with its flag raised."""
    return Forall(ImpliesT(keeps_running(process), gets_in(s, process)) for process in Set(0, 1))


@temporal
def who_wants_in_gets_in_whatever_happens(s: Lock):
    """Nor can it be had for nothing: everything may stand still."""
    return Forall(gets_in(s, process) for process in Set(0, 1))


@example
def both_want_in(s: Lock):
    """`wants_in` happens, to both."""
    return Forall(s.phase[process] == Phase.RAISE for process in Set(0, 1))


@example
def both_flags_are_up(s: Lock):
    """`raises` happens, to both."""
    return s.flag[0] & s.flag[1]


@example
def one_is_in(s: Lock):
    """`looks` happens, and the other's flag is down."""
    return Exists(s.phase[process] == Phase.INSIDE for process in Set(0, 1))


@example
def one_gives_way(s: Lock):
    """`lowers` happens: one waits while the other is inside."""
    return (s.phase[0] == Phase.WAIT) & (s.phase[1] == Phase.INSIDE)


@example
def one_tries_again(s: Lock):
    """`resumes` happens, after `hands_over` happens."""
    return Exists(s.phase[process] == Phase.RAISE_AGAIN for process in Set(0, 1))


@example
def both_were_in(s: Lock):
    """`leaves` happens, and each was inside once."""
    return Forall((s.visits[process] == 1) & (s.phase[process] == Phase.OUTSIDE) for process in Set(0, 1))


@instance
def plain() -> Lock:
    """The algorithm alone, without counting."""
    return Lock(COUNT=1)


@instance
def counted() -> Lock:
    """Visits are counted up to four."""
    return Lock(COUNT=5)
