"""Two-phase commit: several databases decide together whether one transaction commits.

A transaction touches several resource managers. Either all of them commit it or all abort it. Each
may abort on its own while it still works; once it has announced that it is prepared, it must wait
for the transaction manager, which commits when everybody is prepared and may abort until then.

What can go wrong: one resource manager commits what another aborts, and the data no longer agree.

What the spec assumes: messages may be late, overtake each other and arrive several times (a message
sent is never removed), but none is forged. Managers do not lose their state. Nothing says that the
transaction ever ends: two-phase commit blocks when its manager is gone.

Source: Jim Gray and Leslie Lamport, "Consensus on Transaction Commit", ACM Transactions on Database
Systems 31(1), 2006, and its TLA+ module TwoPhase; action by action the same.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Exists,
    Expr,
    Forall,
    MachineStateBase,
    Map,
    Param,
    Set,
    StateVar,
    Unit,
    Variant,
    action,
    example,
    instance,
    invariant,
    state,
    union,
)


class RmPhase(Enum):
    """Where a resource manager is."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


class TmPhase(Enum):
    """Where the transaction manager is."""

    INIT = "init"
    COMMITTED = "committed"
    ABORTED = "aborted"


@union
class Message:
    """What travels: one resource manager's promise, or the transaction manager's decision to all."""

    Prepared: Variant[str]
    Commit: Variant[Unit]
    Abort: Variant[Unit]


@state
class TwoPhase(MachineStateBase):
    """One transaction and everybody who takes part in it."""

    RMS: Param[set[str]]
    rm_phase: StateVar[dict[str, RmPhase]]
    tm_phase: StateVar[TmPhase]
    tm_prepared: StateVar[set[str]]
    messages: StateVar[set[Message]]


@action(init=True)
def init(c: Context[TwoPhase]):
    """Everybody works, nobody has said anything."""
    s = c.state
    s.rm_phase = Map(RmPhase.WORKING for _ in s.RMS)
    s.tm_phase = TmPhase.INIT
    s.tm_prepared = Set(str)
    s.messages = Set(Message)


@action(inline=False)
def tm_rcv_prepared(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """The transaction manager notes that a resource manager is prepared."""
    s = c.state
    c.assume(s.tm_phase == TmPhase.INIT)
    c.assume(s.messages.contains(Message.Prepared(rm)))
    s.tm_prepared |= Set(rm)


@action(inline=False)
def tm_commit(c: Context[TwoPhase]):
    """Everybody is prepared: the transaction manager commits and tells all."""
    s = c.state
    c.assume(s.tm_phase == TmPhase.INIT)
    c.assume(s.tm_prepared == s.RMS)
    s.tm_phase = TmPhase.COMMITTED
    s.messages |= Set(Message.Commit())


@action(inline=False)
def tm_abort(c: Context[TwoPhase]):
    """The transaction manager gives up, as it may at any time before it has committed, and tells all."""
    s = c.state
    c.assume(s.tm_phase == TmPhase.INIT)
    s.tm_phase = TmPhase.ABORTED
    s.messages |= Set(Message.Abort())


@action(inline=False)
def rm_prepare(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """A resource manager promises that it can commit; from here on it may not abort on its own."""
    s = c.state
    c.assume(s.rm_phase[rm] == RmPhase.WORKING)
    s.rm_phase[rm] = RmPhase.PREPARED
    s.messages |= Set(Message.Prepared(rm))


@action(inline=False)
def rm_choose_to_abort(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """A resource manager that has promised nothing yet aborts on its own, and says nothing."""
    s = c.state
    c.assume(s.rm_phase[rm] == RmPhase.WORKING)
    s.rm_phase[rm] = RmPhase.ABORTED


@action(inline=False)
def rm_rcv_commit_msg(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """A resource manager hears that the transaction is committed."""
    s = c.state
    c.assume(s.messages.contains(Message.Commit()))
    s.rm_phase[rm] = RmPhase.COMMITTED


@action(inline=False)
def rm_rcv_abort_msg(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """A resource manager hears that the transaction is aborted."""
    s = c.state
    c.assume(s.messages.contains(Message.Abort()))
    s.rm_phase[rm] = RmPhase.ABORTED


@action
def rm_step(c: Context[TwoPhase], rm: Annotated[Expr, str]):
    """Something happens that concerns one resource manager."""
    noted, prepare, abort, told_commit, told_abort = c.alternatives("noted", "prepare", "abort", "commit", "told abort")
    with noted:
        tm_rcv_prepared(c, rm)
    with prepare:
        rm_prepare(c, rm)
    with abort:
        rm_choose_to_abort(c, rm)
    with told_commit:
        rm_rcv_commit_msg(c, rm)
    with told_abort:
        rm_rcv_abort_msg(c, rm)


@action
def step(c: Context[TwoPhase]):
    """One step of anybody."""
    commit, abort, resource = c.alternatives("commit", "abort", "resource manager")
    with commit:
        tm_commit(c)
    with abort:
        tm_abort(c)
    with resource, c.one_of(c.state.RMS, "rm") as rm:
        rm_step(c, rm)


@invariant
def tc_consistent(s: TwoPhase):
    """No resource manager has aborted what another has committed."""
    return Forall(
        ~((s.rm_phase[one] == RmPhase.ABORTED) & (s.rm_phase[other] == RmPhase.COMMITTED))
        for one in s.RMS
        for other in s.RMS
    )


@example
def a_promise_is_sent(s: TwoPhase):
    """`rm_prepare` happens: somebody has said that it is prepared."""
    return Exists(s.messages.contains(Message.Prepared(rm)) for rm in s.RMS)


@example
def a_promise_is_noted(s: TwoPhase):
    """`tm_rcv_prepared` happens: the transaction manager knows of a promise."""
    return ~s.tm_prepared.is_empty


@example
def the_manager_commits(s: TwoPhase):
    """`tm_commit` happens."""
    return s.tm_phase == TmPhase.COMMITTED


@example
def the_manager_aborts(s: TwoPhase):
    """`tm_abort` happens."""
    return s.tm_phase == TmPhase.ABORTED


@example
def one_aborts_alone(s: TwoPhase):
    """`rm_choose_to_abort` happens: somebody has aborted, and no message told it to."""
    return Exists(s.rm_phase[rm] == RmPhase.ABORTED for rm in s.RMS) & ~s.messages.contains(Message.Abort())


@example
def a_promise_is_released(s: TwoPhase):
    """`rm_rcv_abort_msg` happens: somebody was prepared and has aborted, which only that message allows."""
    return Exists((s.rm_phase[rm] == RmPhase.ABORTED) & s.messages.contains(Message.Prepared(rm)) for rm in s.RMS)


@example
def all_commit(s: TwoPhase):
    """`rm_rcv_commit_msg` happens, to everybody: the transaction is through."""
    return Forall(s.rm_phase[rm] == RmPhase.COMMITTED for rm in s.RMS)


def managers(count: int) -> set[str]:
    """The names of so many resource managers."""
    return {f"rm{number}" for number in range(1, count + 1)}


@instance
def n3() -> TwoPhase:
    """Three resource managers: 288 states."""
    return TwoPhase(RMS=managers(3))


@instance
def n5() -> TwoPhase:
    """Five: 8,832 states."""
    return TwoPhase(RMS=managers(5))


@instance
def n7() -> TwoPhase:
    """Seven: 296,448 states."""
    return TwoPhase(RMS=managers(7))


@instance
def n9() -> TwoPhase:
    """Nine: 10,340,352 states."""
    return TwoPhase(RMS=managers(9))


@instance
def n10() -> TwoPhase:
    """Ten: 61,515,776 states."""
    return TwoPhase(RMS=managers(10))
