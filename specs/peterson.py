"""Peterson's lock: processes that share nothing but plain variables enter a critical section one at a time.

To get in, a process climbs through a number of doors, one fewer than there are processes. At each door it says how
far it has come, puts itself down as the last to arrive there, and waits until nobody else is as far as it is or
somebody else has arrived after it. So each door keeps one back, and for two processes there is just one door.

What can go wrong: two are in the critical section together, or somebody waits for ever.

What the spec assumes: reading and writing one variable is indivisible, and takes effect at once for all (on
hardware that reorders, fences are needed). To look whether a door is open is one step here, though with three and
more processes it reads several variables. A process may stay outside for ever, but not inside.

Sources: Gary L. Peterson, "Myths about the mutual exclusion problem", Information Processing Letters 12(3), 1981.
For two processes, step by step the same: Jarod Differdange's TLA+ module Peterson.
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
    ANNOUNCE = "announce"
    GIVE_WAY = "give way"
    WAIT = "wait"
    CRITICAL = "critical"
    LEAVE = "leave"


@state
class Lock(MachineStateBase):
    """Processes 1 to N, doors 1 to N - 1.

    `level` is the door at which a process says that it is, 0 for none; `last` who came last to a door.
    """

    N: Param[int]
    phase: StateVar[dict[int, Phase]]
    level: StateVar[dict[int, int]]
    last: StateVar[dict[int, int]]


@action(init=True)
def init(c: Context[Lock]):
    """Everybody is outside; who was last at a door does not matter."""
    s = c.state
    s.phase = Map(Phase.OUTSIDE for _ in Interval(1, s.N))
    s.level = Map(0 for _ in Interval(1, s.N))
    s.last = Map(1 for _ in Interval(1, s.N - 1))


@action(inline=False)
def wants_in(c: Context[Lock], process: Annotated[Expr, int]):
    """A process decides that it wants to enter."""
    s = c.state
    c.assume(s.phase[process] == Phase.OUTSIDE)
    s.phase[process] = Phase.ANNOUNCE


@action(inline=False)
def announces(c: Context[Lock], process: Annotated[Expr, int]):
    """A process says that it is at the next door."""
    s = c.state
    c.assume(s.phase[process] == Phase.ANNOUNCE)
    s.level[process] += 1
    s.phase[process] = Phase.GIVE_WAY


@action(inline=False)
def gives_way(c: Context[Lock], process: Annotated[Expr, int]):
    """A process puts itself down as the last to arrive at its door."""
    s = c.state
    c.assume(s.phase[process] == Phase.GIVE_WAY)
    s.last[s.level[process]] = process
    s.phase[process] = Phase.WAIT


@action(inline=False)
def passes(c: Context[Lock], process: Annotated[Expr, int]):
    """A process goes through its door: nobody else is as far, or somebody came after it."""
    s = c.state
    c.assume(s.phase[process] == Phase.WAIT)
    door = s.level[process]
    nobody_as_far = Forall(Implies(other != process, s.level[other] < door) for other in Interval(1, s.N))
    c.assume(nobody_as_far | (s.last[door] != process))
    s.phase[process] = Ite(door == s.N - 1, Phase.CRITICAL, Phase.ANNOUNCE)


@action(inline=False)
def finishes(c: Context[Lock], process: Annotated[Expr, int]):
    """A process has done what it entered for."""
    s = c.state
    c.assume(s.phase[process] == Phase.CRITICAL)
    s.phase[process] = Phase.LEAVE


@action(inline=False)
def leaves(c: Context[Lock], process: Annotated[Expr, int]):
    """A process says that it is at no door."""
    s = c.state
    c.assume(s.phase[process] == Phase.LEAVE)
    s.level[process] = 0
    s.phase[process] = Phase.OUTSIDE


@action
def step(c: Context[Lock]):
    """One step of any process."""
    want, announce, give_way, pass_, finish, leave = c.alternatives(
        "wants in", "announces", "gives way", "passes", "finishes", "leaves"
    )
    processes = Interval(1, c.state.N)
    with want, c.one_of(processes, "process") as process:
        wants_in(c, process)
    with announce, c.one_of(processes, "process") as process:
        announces(c, process)
    with give_way, c.one_of(processes, "process") as process:
        gives_way(c, process)
    with pass_, c.one_of(processes, "process") as process:
        passes(c, process)
    with finish, c.one_of(processes, "process") as process:
        finishes(c, process)
    with leave, c.one_of(processes, "process") as process:
        leaves(c, process)


@expr
def is_inside(s: Lock, process: Annotated[Expr, int]):
    """Whether a process is past the last door; until it has said that it leaves, the section is still its own."""
    return (s.phase[process] == Phase.CRITICAL) | (s.phase[process] == Phase.LEAVE)


@invariant
def one_at_a_time(s: Lock):
    """No two processes are in the critical section."""
    return Forall(
        Implies(one != other, ~(is_inside(s, one) & is_inside(s, other)))
        for one in Interval(1, s.N)
        for other in Interval(1, s.N)
    )


@invariant
def each_door_keeps_one_back(s: Lock):
    """At most N - d processes are past door d: further along, or at it and through."""
    processes = Interval(1, s.N)
    return Forall(
        processes.filter(
            lambda process: (
                is_inside(s, process)
                | (s.level[process] > door)
                | ((s.level[process] == door) & (s.phase[process] == Phase.ANNOUNCE))
            )
        ).size
        <= s.N - door
        for door in Interval(1, s.N - 1)
    )


@expr
def moves_on(s: Lock):
    """Nobody stops on the way through the doors or inside: what a process can do for ever, it does one day."""
    return Forall(
        AndT(
            WeakFair(announces, process),
            WeakFair(gives_way, process),
            WeakFair(passes, process),
            WeakFair(finishes, process),
            WeakFair(leaves, process),
        )
        for process in Interval(1, s.N)
    )


@expr
def the_first_gets_in(s: Lock):
    """Whenever process 1 has decided to enter, it does one day. It stands for all: they are alike."""
    return LeadsTo(s.phase[1] == Phase.ANNOUNCE, s.phase[1] == Phase.CRITICAL)


@temporal
def nobody_waits_for_ever(s: Lock):
    """If nobody stops on the way, everybody who wants to enter does."""
    return ImpliesT(moves_on(s), the_first_gets_in(s))


@temporal
def nobody_waits_for_ever_whatever_happens(s: Lock):
    """Everybody who wants to enter does, even if others stop on the way: too much to ask."""
    return the_first_gets_in(s)


@example
def somebody_wants_in(s: Lock):
    """`wants_in` happens."""
    return Exists(s.phase[process] == Phase.ANNOUNCE for process in Interval(1, s.N))


@example
def somebody_is_at_a_door(s: Lock):
    """`announces` happens."""
    return Exists(s.level[process] > 0 for process in Interval(1, s.N))


@example
def all_wait(s: Lock):
    """`gives_way` happens, to all of them at the same door."""
    return Forall((s.phase[process] == Phase.WAIT) & (s.level[process] == 1) for process in Interval(1, s.N))


@example
def one_is_in_while_others_wait(s: Lock):
    """`passes` happens, to one of several."""
    inside = Exists(is_inside(s, process) for process in Interval(1, s.N))
    return inside & Forall(is_inside(s, p) | (s.phase[p] == Phase.WAIT) for p in Interval(1, s.N))


@example
def somebody_is_about_to_leave(s: Lock):
    """`finishes` happens."""
    return Exists(s.phase[process] == Phase.LEAVE for process in Interval(1, s.N))


@example
def one_was_in_and_is_out(s: Lock):
    """`leaves` happens: all are outside, but a process other than the first has been last at a door."""
    return Forall(s.phase[p] == Phase.OUTSIDE for p in Interval(1, s.N)) & (s.last[1] != 1)


@instance
def two() -> Lock:
    """Two processes: the algorithm that everybody knows. 42 states."""
    return Lock(N=2)


@instance
def three() -> Lock:
    """Three processes, two doors."""
    return Lock(N=3)


@instance
def four() -> Lock:
    """Four processes, three doors."""
    return Lock(N=4)
