"""Clients of an API server change one object: does every change that was confirmed survive?

A client reads the object, works out what it should be, and writes the whole of it back. Another one may have written in
between. So each write carries the resourceVersion of what was read, and the server refuses it (409 Conflict) if the
object has another one by now; the client then reads again. Here the object is a counter, and each client wants to
add to it some times.

What can go wrong. A write that is not conditional puts back what was read long ago, and with it undoes what others have
written since, though they were told that all went well. The answer to a write may also be lost: the client cannot
know whether it was carried out, tries again, and the counter goes up once more than anybody was told. That is no
fault of the server's: at least once is what it can promise, and the spec says so.

What the spec assumes: the server carries out one write at a time; a version is never used twice; a client has
one request under way; it gives up after TRIES attempts.

Sources: the Kubernetes API conventions on concurrency control and consistency; H. T. Kung and J. T. Robinson,
"On optimistic methods for concurrency control", ACM TODS 6(2), 1981.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Forall,
    Implies,
    MachineStateBase,
    Map,
    Param,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
)


class Phase(Enum):
    """What a client is doing."""

    IDLE = "idle"
    HAS_READ = "has read"
    STORED = "stored"
    REFUSED = "refused"


@state
class Api(MachineStateBase):
    """The object (`count` at `version`) and its clients. `confirmed`: how many additions a client was told of."""

    CLIENTS: Param[set[str]]
    TRIES: Param[int]
    CONDITIONAL: Param[bool]
    count: StateVar[int]
    version: StateVar[int]
    phase: StateVar[dict[str, Phase]]
    read_count: StateVar[dict[str, int]]
    read_version: StateVar[dict[str, int]]
    tries: StateVar[dict[str, int]]
    confirmed: StateVar[dict[str, int]]


@action(init=True)
def init(c: Context[Api]):
    """Nobody has begun."""
    s = c.state
    s.count = 0
    s.version = 0
    s.phase = Map(Phase.IDLE for _ in s.CLIENTS)
    s.read_count = Map(0 for _ in s.CLIENTS)
    s.read_version = Map(0 for _ in s.CLIENTS)
    s.tries = Map(0 for _ in s.CLIENTS)
    s.confirmed = Map(0 for _ in s.CLIENTS)


@action(inline=False)
def reads(c: Context[Api], client: Annotated[Expr, str]):
    """A client reads the object, to add to it."""
    s = c.state
    c.assume((s.phase[client] == Phase.IDLE) & (s.tries[client] < s.TRIES))
    s.tries[client] += 1
    s.read_count[client] = s.count
    s.read_version[client] = s.version
    s.phase[client] = Phase.HAS_READ


@action(inline=False)
def stores(c: Context[Api], client: Annotated[Expr, str]):
    """The server stores what the client makes of what it read."""
    s = c.state
    c.assume(s.phase[client] == Phase.HAS_READ)
    c.assume(Implies(s.CONDITIONAL, s.read_version[client] == s.version))
    s.count = s.read_count[client] + 1
    s.version += 1
    s.phase[client] = Phase.STORED


@action(inline=False)
def refuses(c: Context[Api], client: Annotated[Expr, str]):
    """The server refuses the write, because the object has changed since it was read."""
    s = c.state
    c.assume(s.phase[client] == Phase.HAS_READ)
    c.assume(s.CONDITIONAL & (s.read_version[client] != s.version))
    s.phase[client] = Phase.REFUSED


@action(inline=False)
def hears(c: Context[Api], client: Annotated[Expr, str]):
    """The client hears how its write went."""
    s = c.state
    stored, refused = c.split(s.phase[client] == Phase.STORED)
    with stored:
        s.confirmed[client] += 1
    with refused:
        c.assume(s.phase[client] == Phase.REFUSED)
    s.phase[client] = Phase.IDLE


@action(inline=False)
def loses_answer(c: Context[Api], client: Annotated[Expr, str]):
    """The answer is lost: the client does not know, and will try again."""
    s = c.state
    c.assume((s.phase[client] == Phase.STORED) | (s.phase[client] == Phase.REFUSED))
    s.phase[client] = Phase.IDLE


@action
def step(c: Context[Api]):
    """One client, or the server for it, does one thing."""
    with c.one_of(c.state.CLIENTS, "client") as client:
        read, store, refuse, hear, lose = c.alternatives("read", "store", "refuse", "hear", "lose")
        with read:
            reads(c, client)
        with store:
            stores(c, client)
        with refuse:
            refuses(c, client)
        with hear:
            hears(c, client)
        with lose:
            loses_answer(c, client)


@expr
def confirmed_in_all(s: Api):
    """How many additions somebody was told of."""
    return s.confirmed.reduce(lambda total, client, count: total + count, 0)


@invariant
def nothing_confirmed_is_lost(s: Api):
    """Whatever a client was told of is in the counter."""
    return s.count >= confirmed_in_all(s)


@invariant
def each_write_is_seen_in_the_version(s: Api):
    """The counter is never ahead of the number of writes; with conditional writes they are the same."""
    return (s.count <= s.version) & Implies(s.CONDITIONAL, s.count == s.version)


@invariant
def clients_are_not_ahead(s: Api):
    """Nobody has read what was not there yet."""
    return Forall(s.read_version[client] <= s.version for client in s.CLIENTS)


@example
def one_adds(s: Api):
    """`reads`, `stores`, `hears`: `hears` happens, and `stores` happens before, and `reads` happens first."""
    return confirmed_in_all(s) == 1


@example
def one_is_refused(s: Api):
    """`refuses` happens."""
    return s.phase.keys.exists(lambda client: s.phase[client] == Phase.REFUSED)


@example
def added_more_often_than_told(s: Api):
    """`loses_answer` happens, and the client adds again."""
    return s.phase.keys.forall(lambda client: s.phase[client] == Phase.IDLE) & (s.count > confirmed_in_all(s))


@instance
def conditional() -> Api:
    """Three clients, writes with a resourceVersion."""
    return Api(CLIENTS={"a", "b", "c"}, TRIES=2, CONDITIONAL=True)


@instance
def two_conditional() -> Api:
    """Two clients, writes with a resourceVersion."""
    return Api(CLIENTS={"a", "b"}, TRIES=2, CONDITIONAL=True)


@instance
def unconditional() -> Api:
    """Two clients, writes without one: the last writer wins."""
    return Api(CLIENTS={"a", "b"}, TRIES=2, CONDITIONAL=False)
