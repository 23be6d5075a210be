"""A pool of servers, upgraded one after the other by a controller.

The controller takes a server out of the pool, upgrades it, and puts it back. What can go wrong: a server is upgraded
while it still serves; too few servers are left; the upgrade stops half-way.

What the spec assumes: nobody but the controller writes the pool, and each write is one of the actions below. Which
server it is busy with, only the controller knows: no object shows `chosen`.
"""

from typing import Annotated

from speccheck import (
    AndT,
    Context,
    Eventually,
    Expr,
    Forall,
    ImpliesT,
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


@state
class Pool(MachineStateBase):
    """Which of the SERVERS serve, and which version each has. `chosen` has the one that is at hand, if any is."""

    SERVERS: Param[set[str]]
    NEWEST: Param[int]
    serving: StateVar[set[str]]
    version: StateVar[dict[str, int]]
    chosen: StateVar[set[str]]


@action(init=True)
def init(c: Context[Pool]):
    """All serve, at the first version."""
    s = c.state
    s.serving = s.SERVERS
    s.version = Map(1 for _ in s.SERVERS)
    s.chosen = Set(str)


@action(inline=False)
def take_out(c: Context[Pool], server: Annotated[Expr, str]):
    """The controller turns to a server: it gets no more requests."""
    s = c.state
    c.assume(s.chosen.is_empty & (s.version[server] < s.NEWEST))
    s.chosen = Set(server)
    s.serving -= Set(server)


@action(inline=False)
def upgrade(c: Context[Pool], server: Annotated[Expr, str]):
    """A server that is out of the pool gets the newest version."""
    s = c.state
    c.assume(~s.serving.contains(server) & (s.version[server] < s.NEWEST))
    s.version[server] = s.NEWEST


@action(inline=False)
def put_back(c: Context[Pool], server: Annotated[Expr, str]):
    """The upgraded server serves again, and the controller can turn to another."""
    s = c.state
    c.assume(s.chosen.contains(server) & (s.version[server] == s.NEWEST))
    s.serving |= Set(server)
    s.chosen = Set(str)


@action
def with_server(c: Context[Pool], server: Annotated[Expr, str]):
    """What the controller does with one server."""
    takes, upgrades, puts = c.alternatives("take out", "upgrade", "put back")
    with takes:
        take_out(c, server)
    with upgrades:
        upgrade(c, server)
    with puts:
        put_back(c, server)


@action
def step(c: Context[Pool]):
    """The controller does something."""
    with c.one_of(c.state.SERVERS, "server") as server:
        with_server(c, server)


@invariant
def enough_serve(s: Pool):
    """At most one server is out of the pool."""
    return s.serving.size >= s.SERVERS.size - 1


@temporal
def all_are_upgraded(s: Pool):
    """In the end every server has the newest version, as long as the controller goes on."""
    goes_on = Forall(AndT(*(WeakFair(each, server) for each in (take_out, upgrade, put_back))) for server in s.SERVERS)
    return ImpliesT(goes_on, Eventually(Forall(s.version[server] == s.NEWEST for server in s.SERVERS)))


@example
def one_is_out(s: Pool):
    """`take_out` and `upgrade` happen: a server that does not serve has the newest version."""
    return Forall((s.version[server] == s.NEWEST) | s.serving.contains(server) for server in s.SERVERS) & (
        s.serving.size < s.SERVERS.size
    )


@example
def all_serve_the_newest(s: Pool):
    """`put_back` happens: the upgrade is done."""
    return (s.serving == s.SERVERS) & Forall(s.version[server] == s.NEWEST for server in s.SERVERS)


@instance
def three() -> Pool:
    """Three servers, and one newer version."""
    return Pool(SERVERS={"a", "b", "c"}, NEWEST=2)
