"""A sloppy counter: each processor counts for itself and adds to the common counter only now and then.

One counter that all processors share is slow, because each must wait for the others. So each has a counter of its
own, under a lock of its own. When that has come to THRESHOLD, what it holds is moved to the common counter, under
the common counter's lock. Who reads the common counter gets a number that is too small, but never by more than
PROCESSORS * THRESHOLD.

What can go wrong: an event is lost, or counted twice, or the common counter lags behind by more than it may. LOCKED
chooses whether the common counter's lock is taken; without it, two processors that add to it at the same time lose
what one of them adds.

What the spec assumes: reading and writing one counter is indivisible, adding to it is not: it reads, then writes. A
processor holds its own counter's lock all the while, so nothing is counted there in between. Counting ends after
EVENTS events.

Sources: Silas Boyd-Wickizer et al., "An analysis of Linux scalability to many cores", OSDI 2010; Remzi H. and
Andrea C. Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", chapter on lock-based data structures (approximate
counting).
"""

from enum import Enum
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
    expr,
    instance,
    invariant,
    state,
)

NOBODY = 0


class Phase(Enum):
    """What a processor does with the common counter."""

    COUNTING = "counting"
    HAS_LOCK = "has lock"
    HAS_READ = "has read"
    HAS_WRITTEN = "has written"


@state
class Counters(MachineStateBase):
    """The counters, and who is doing what. `seen` is what a processor has read; `happened` is the truth."""

    PROCESSORS: Param[int]
    THRESHOLD: Param[int]
    EVENTS: Param[int]
    LOCKED: Param[bool]
    happened: StateVar[int]
    common: StateVar[int]
    lock: StateVar[int]
    own: StateVar[dict[int, int]]
    phase: StateVar[dict[int, Phase]]
    seen: StateVar[dict[int, int]]


@action(init=True)
def init(c: Context[Counters]):
    """Nothing has happened."""
    s = c.state
    processors = Interval(1, s.PROCESSORS)
    s.happened = 0
    s.common = 0
    s.lock = NOBODY
    s.own = {processor: 0 for processor in processors}
    s.phase = {processor: Phase.COUNTING for processor in processors}
    s.seen = {processor: 0 for processor in processors}


@action(inline=False)
def counts(c: Context[Counters], processor: Annotated[Expr, int]):
    """Something happens on a processor, and it counts that."""
    s = c.state
    c.assume(s.happened < s.EVENTS)
    c.assume(s.phase[processor] == Phase.COUNTING and s.own[processor] < s.THRESHOLD)
    s.happened += 1
    s.own[processor] += 1


@action(inline=False)
def locks(c: Context[Counters], processor: Annotated[Expr, int]):
    """A processor that has counted enough takes the common counter's lock."""
    s = c.state
    c.assume(s.phase[processor] == Phase.COUNTING and s.own[processor] == s.THRESHOLD)
    c.assume(s.lock == NOBODY or not s.LOCKED)
    s.lock = processor
    s.phase[processor] = Phase.HAS_LOCK


@action(inline=False)
def reads(c: Context[Counters], processor: Annotated[Expr, int]):
    """It reads the common counter."""
    s = c.state
    c.assume(s.phase[processor] == Phase.HAS_LOCK)
    s.seen[processor] = s.common
    s.phase[processor] = Phase.HAS_READ


@action(inline=False)
def writes(c: Context[Counters], processor: Annotated[Expr, int]):
    """It writes the common counter, its own added."""
    s = c.state
    c.assume(s.phase[processor] == Phase.HAS_READ)
    s.common = s.seen[processor] + s.own[processor]
    s.own[processor] = 0
    s.seen[processor] = 0
    s.phase[processor] = Phase.HAS_WRITTEN


@action(inline=False)
def unlocks(c: Context[Counters], processor: Annotated[Expr, int]):
    """It gives the common counter's lock back, and goes on counting."""
    s = c.state
    c.assume(s.phase[processor] == Phase.HAS_WRITTEN)
    if s.lock == processor:
        s.lock = NOBODY
    s.phase[processor] = Phase.COUNTING


@action
def step(c: Context[Counters]):
    """One step of any processor."""
    with c.one_of(Interval(1, c.state.PROCESSORS), "processor") as processor:
        count, lock, read, write, unlock = c.alternatives("count", "lock", "read", "write", "unlock")
        with count:
            counts(c, processor)
        with lock:
            locks(c, processor)
        with read:
            reads(c, processor)
        with write:
            writes(c, processor)
        with unlock:
            unlocks(c, processor)


@expr
def not_yet_moved(s: Counters):
    """What the processors' own counters hold together."""
    return sum(s.own[processor] for processor in Interval(1, s.PROCESSORS))


@invariant
def no_event_is_lost_or_counted_twice(s: Counters):
    """All counters together are what has happened."""
    return s.common + not_yet_moved(s) == s.happened


@invariant
def the_lag_is_bounded(s: Counters):
    """The common counter is never too great, and too small by PROCESSORS * THRESHOLD at most."""
    return 0 <= s.happened - s.common <= s.PROCESSORS * s.THRESHOLD


@invariant
def one_adds_at_a_time(s: Counters):
    """No two processors are at the common counter."""
    return len({processor for processor in Interval(1, s.PROCESSORS) if s.phase[processor] != Phase.COUNTING}) <= 1


@example
def something_is_counted(s: Counters):
    """`counts` happens."""
    return s.happened > 0


@example
def the_lock_is_taken(s: Counters):
    """`locks` happens."""
    return s.lock != NOBODY


@example
def the_counter_is_read(s: Counters):
    """`reads` happens."""
    return any(s.phase[processor] == Phase.HAS_READ for processor in Interval(1, s.PROCESSORS))


@example
def the_counter_moves(s: Counters):
    """`writes` happens."""
    return s.common > 0


@example
def everything_is_moved(s: Counters):
    """`unlocks` happens: nobody is at the common counter, and it tells the truth."""
    idle = all(s.phase[processor] == Phase.COUNTING for processor in Interval(1, s.PROCESSORS))
    return idle and s.common == s.happened > 0


@instance
def locked() -> Counters:
    """Four processors that move two at a time, nine events."""
    return Counters(PROCESSORS=4, THRESHOLD=2, EVENTS=9, LOCKED=True)


@instance
def unlocked() -> Counters:
    """Two processors without the lock: one overwrites what the other has added."""
    return Counters(PROCESSORS=2, THRESHOLD=2, EVENTS=6, LOCKED=False)
