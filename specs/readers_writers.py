"""Readers and writers: many may read a resource at once, but who writes has it alone.

Actors ask to read or to write and wait in one queue. Whoever is at its head is let in as soon as that is allowed: a
reader when nobody writes, a writer when nobody is in at all. Because the queue is served strictly in order, writers
cannot be kept out for ever by ever more readers.

What can go wrong: somebody reads while another writes and sees half a change, or two write at once.

What the spec assumes: joining the queue, being let in and leaving are each one indivisible step. An actor asks at
most once to read and once to write at the same time, but it may ask again while it is still in; nobody has to
leave.

Sources: P. J. Courtois, F. Heymans and D. L. Parnas, "Concurrent control with readers and writers", Communications
of the ACM 14(10), 1971; and, step by step the same, Isaac DeFrain's TLA+ module ReadersWriters, which serves a
queue.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Field,
    Interval,
    List,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
)


class Wish(Enum):
    """What somebody asks for."""

    READ = "read"
    WRITE = "write"


@record
class Request:
    """A place in the queue."""

    wish: Field[Wish]
    actor: Field[int]


@state
class Resource(MachineStateBase):
    """Who is in, and who waits."""

    ACTORS: Param[int]
    ALREADY_IN: Param[set[int]]
    readers: StateVar[set[int]]
    writers: StateVar[set[int]]
    waiting: StateVar[list[Request]]


@action(init=True)
def init(c: Context[Resource]):
    """Nobody waits; nobody is in, or else only readers who were let in before."""
    s = c.state
    s.readers = s.ALREADY_IN
    s.writers = Set(int)
    s.waiting = List(Request)


@expr
def is_free(s: Resource, wish: Annotated[Expr, Wish]):
    """Whether the head of the queue has this wish and may be let in."""
    head_may_read = s.writers.is_empty & (s.waiting[0].wish == Wish.READ)
    head_may_write = s.writers.is_empty & s.readers.is_empty & (s.waiting[0].wish == Wish.WRITE)
    return ~s.waiting.is_empty & (((wish == Wish.READ) & head_may_read) | ((wish == Wish.WRITE) & head_may_write))


@action(inline=False)
def asks(c: Context[Resource], actor: Annotated[Expr, int], wish: Annotated[Expr, Wish]):
    """An actor joins the queue, unless it waits there already with the same wish."""
    s = c.state
    request = Request(wish=wish, actor=actor)
    c.assume(~s.waiting.contains(request))
    s.waiting += List(request)


@action(inline=False)
def starts_to_read(c: Context[Resource]):
    """The reader at the head of the queue is let in."""
    s = c.state
    c.assume(is_free(s, Wish.READ))
    s.readers |= Set(s.waiting[0].actor)
    s.waiting = s.waiting[1:]


@action(inline=False)
def starts_to_write(c: Context[Resource]):
    """The writer at the head of the queue is let in, as the only one."""
    s = c.state
    c.assume(is_free(s, Wish.WRITE))
    s.writers |= Set(s.waiting[0].actor)
    s.waiting = s.waiting[1:]


@action(inline=False)
def leaves(c: Context[Resource], actor: Annotated[Expr, int]):
    """Somebody who is in leaves."""
    s = c.state
    s.readers -= Set(actor)
    s.writers -= Set(actor)


@action
def step(c: Context[Resource]):
    """One step of anybody."""
    s = c.state
    ask, read, write, leave = c.alternatives("ask", "read", "write", "leave")
    with ask, c.one_of(Interval(1, s.ACTORS), "actor") as actor, c.one_of(Set(Wish.READ, Wish.WRITE), "wish") as wish:
        asks(c, actor, wish)
    with read:
        starts_to_read(c)
    with write:
        starts_to_write(c)
    with leave, c.one_of(s.readers | s.writers, "actor") as actor:
        leaves(c, actor)


@invariant
def nobody_reads_what_is_being_written(s: Resource):
    """Readers and writers are never in together."""
    return s.readers.is_empty | s.writers.is_empty


@invariant
def one_writes_alone(s: Resource):
    """There is never more than one writer in."""
    return s.writers.size <= 1


@example
def somebody_waits(s: Resource):
    """`asks` happens."""
    return ~s.waiting.is_empty


@example
def everybody_reads(s: Resource):
    """`starts_to_read` happens, to all."""
    return s.readers.size == s.ACTORS


@example
def somebody_writes(s: Resource):
    """`starts_to_write` happens."""
    return ~s.writers.is_empty


@example
def nobody_is_in(s: Resource):
    """`leaves` happens. (Trivial where nobody is in at first.)"""
    return s.readers.is_empty & s.writers.is_empty


@instance
def two() -> Resource:
    """Two actors."""
    return Resource(ACTORS=2, ALREADY_IN=set())


@instance
def two_at_noon() -> Resource:
    """Two actors, both reading already when we begin to watch."""
    return Resource(ACTORS=2, ALREADY_IN={1, 2})


@instance
def three() -> Resource:
    """Three actors: 21,527 states."""
    return Resource(ACTORS=3, ALREADY_IN=set())
