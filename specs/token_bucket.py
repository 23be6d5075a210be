"""A token bucket: several workers of a service let requests through at a limited rate, with bursts up to a limit.

The bucket holds at most CAPACITY tokens and gets RATE more with every tick of the clock. A request is let through
for one token; where there is none, it is refused. Nobody fills the bucket: it lies in a shared store with the time
when it was last touched, and who looks at it works out what has flowed in since. So any w ticks in a row let at
most CAPACITY + RATE * (w - 1) requests through.

What can go wrong: more get through than that. Two workers read the same bucket, each takes the last token, each
writes the bucket back: one token, two requests. COMPARE_AND_SET says whether the store refuses to write what was
made from an old reading; without it, the limit does not hold.

What the spec assumes: one clock for all, and a store that reads and writes the bucket as a whole. A worker writes
before the next tick, or it reads again: what it has read does not keep. Requests come whenever they can do harm.

Sources: Jonathan S. Turner, "New directions in communications (or which way to the information age?)", IEEE
Communications Magazine 24(10), 1986 (the leaky bucket as a meter); J. Heinanen and R. Guerin, "A single rate three
color marker", RFC 2697, 1999, whose two parameters are these; the bound is Rene L. Cruz's, "A calculus for network
delay", part I, IEEE Transactions on Information Theory 37(1), 1991.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Field,
    Interval,
    MachineStateBase,
    Param,
    Range,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
)


@record
class Reading:
    """What a worker has seen in the bucket, if it has looked; it is current as long as nobody writes."""

    tokens: Field[int]
    is_held: Field[bool]
    is_current: Field[bool]


NOT_LOOKED = Reading(tokens=0, is_held=False, is_current=False)


@state
class Limiter(MachineStateBase):
    """The bucket in the store, its readers, and what they have let through.

    `age` is how many ticks ago the bucket was last written, no more than it takes to fill it. What is not
    part of it: `let_through` counts the requests in the present tick, the one before, and so on, WINDOW ticks back;
    `has_refused` remembers whether one was refused in the present tick.
    """

    WORKERS: Param[int]
    CAPACITY: Param[int]
    RATE: Param[int]
    WINDOW: Param[int]
    COMPARE_AND_SET: Param[bool]
    tokens: StateVar[int]
    age: StateVar[int]
    reading: StateVar[dict[int, Reading]]
    let_through: StateVar[list[int]]
    has_refused: StateVar[bool]


@action(init=True)
def init(c: Context[Limiter]):
    """The bucket is full, nobody has looked at it."""
    s = c.state
    s.tokens = s.CAPACITY
    s.age = 0
    s.reading = {worker: NOT_LOOKED for worker in Interval(1, s.WORKERS)}
    s.let_through = [0 for _ in Range(0, s.WINDOW)]
    s.has_refused = False


@expr
def level(s: Limiter):
    """What is in the bucket now: what was written, and what has flowed in since, up to the brim."""
    return min(s.tokens + s.age * s.RATE, s.CAPACITY)


@expr
def sum_of_latest(s: Limiter, ticks: Annotated[Expr, int]):
    """How many requests the latest so many ticks have let through."""
    return sum(s.let_through[0:ticks])


@action(inline=False)
def ticks(c: Context[Limiter]):
    """Time goes on. What workers have read does not count any more."""
    s = c.state
    s.age = min(s.age + 1, s.CAPACITY)
    s.has_refused = False
    s.let_through = [0] + s.let_through[0 : s.WINDOW - 1]
    s.reading = {worker: NOT_LOOKED for worker in Interval(1, s.WORKERS)}


@action(inline=False)
def reads(c: Context[Limiter], worker: Annotated[Expr, int]):
    """A worker with a request looks at the bucket; once more if somebody has written since, and the store says so."""
    s = c.state
    seen = s.reading[worker]
    c.assume(not seen.is_held or (s.COMPARE_AND_SET and not seen.is_current))
    s.reading[worker] = Reading(tokens=level(s), is_held=True, is_current=True)


@action(inline=False)
def lets_through(c: Context[Limiter], worker: Annotated[Expr, int]):
    """A worker that has seen a token writes the bucket back without it, and lets its request through."""
    s = c.state
    seen = s.reading[worker]
    c.assume(seen.is_held and seen.tokens > 0)
    c.assume(seen.is_current or not s.COMPARE_AND_SET)
    s.tokens = seen.tokens - 1
    s.age = 0
    s.let_through[0] += 1
    s.reading = {
        other: NOT_LOOKED if other == worker else s.reading[other].replace(is_current=False)
        for other in Interval(1, s.WORKERS)
    }


@action(inline=False)
def refuses(c: Context[Limiter], worker: Annotated[Expr, int]):
    """A worker that has seen no token refuses its request."""
    s = c.state
    c.assume(s.reading[worker].is_held and s.reading[worker].tokens == 0)
    s.reading[worker] = NOT_LOOKED
    s.has_refused = True


@action
def step(c: Context[Limiter]):
    """The clock ticks, or a worker acts."""
    clock, work = c.alternatives("clock", "work")
    with clock:
        ticks(c)
    with work, c.one_of(Interval(1, c.state.WORKERS), "worker") as worker:
        read, let, refuse = c.alternatives("read", "let through", "refuse")
        with read:
            reads(c, worker)
        with let:
            lets_through(c, worker)
        with refuse:
            refuses(c, worker)


@invariant
def the_limit_is_kept(s: Limiter):
    """Any w ticks in a row let at most CAPACITY + RATE * (w - 1) requests through, up to WINDOW ticks."""
    return all(sum_of_latest(s, w) <= s.CAPACITY + s.RATE * (w - 1) for w in Interval(1, s.WINDOW))


@invariant
def the_bucket_does_not_overflow(s: Limiter):
    """There are never more tokens than fit in, nor fewer than none."""
    return 0 <= s.tokens <= s.CAPACITY


@invariant
def what_is_left_counts(s: Limiter):
    """What the latest w ticks have let through and what is left are together within the limit too."""
    return all(sum_of_latest(s, w) + level(s) <= s.CAPACITY + s.RATE * (w - 1) for w in Interval(1, s.WINDOW))


@invariant
def nobody_is_refused_a_token(s: Limiter):
    """Where a request has been refused in this tick, the bucket is empty."""
    return level(s) == 0 if s.has_refused else True


@example
def a_worker_has_looked(s: Limiter):
    """`reads` happens."""
    return any(s.reading[worker].is_held for worker in Interval(1, s.WORKERS))


@example
def a_burst_gets_through(s: Limiter):
    """`lets_through` happens, as often as the bucket allows at once."""
    return s.let_through[0] == s.CAPACITY


@example
def two_bursts_get_through(s: Limiter):
    """`ticks` happens: the whole of the limit is used."""
    return sum_of_latest(s, s.WINDOW) == s.CAPACITY + s.RATE * (s.WINDOW - 1)


@example
def a_request_is_refused(s: Limiter):
    """`refuses` happens."""
    return s.has_refused


@instance
def fair() -> Limiter:
    """Two workers and a store that compares."""
    return Limiter(WORKERS=2, CAPACITY=4, RATE=2, WINDOW=3, COMPARE_AND_SET=True)


@instance
def racy() -> Limiter:
    """A store that takes whatever is written."""
    return Limiter(WORKERS=2, CAPACITY=2, RATE=1, WINDOW=2, COMPARE_AND_SET=False)
