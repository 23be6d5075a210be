"""What type checkers know of an expression: each `reveal_type` is followed by the answer that is expected of them."""

from enum import Enum
from typing import Annotated, reveal_type

from speccheck import (
    UPSERT,
    Context,
    Expr,
    Field,
    Forall,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    Unit,
    Variant,
    action,
    expr,
    instance,
    invariant,
    record,
    state,
    union,
)


class Phase(Enum):
    IDLE = 1
    BUSY = 2


@record
class Plan:
    epoch: Field[int]
    zones: Field[set[str]]


@union
class Msg:
    Prepared: Variant[str]
    Commit: Variant[Unit]


@state
class S(MachineStateBase):
    N: Param[int]
    count: StateVar[int]
    phase: StateVar[dict[str, Phase]]
    plans: StateVar[dict[int, Plan], UPSERT]
    seen: StateVar[dict[str, set[int]]]
    queue: StateVar[list[int]]
    sent: StateVar[set[Msg]]


@expr
def twice(x: Annotated[Expr, int]):
    return x + x


@action(inline=False)
def go(c: Context[S], by: Annotated[Expr, int]):
    s = c.state
    c.assume(s.count + by <= s.N)
    s.count += by
    s.count = 3
    s.phase["a"] = Phase.BUSY
    s.plans[1] = Plan(epoch=1, zones=set())
    s.seen["a"] |= {1}
    s.queue = [1, 2]
    s.sent |= {Msg.Prepared("a"), Msg.Commit()}


@action
def step(c: Context[S]):
    s = c.state
    reveal_type(s)  # S
    reveal_type(s.count)  # IntExpr
    reveal_type(s.phase)  # MapExpr[str, Phase]
    reveal_type(s.phase["a"])  # EnumExpr
    reveal_type(s.seen["a"])  # SetExpr[int]
    reveal_type(s.seen["a"].size)  # IntExpr
    reveal_type(s.queue[0])  # IntExpr
    reveal_type(s.queue[1:])  # ListExpr[int]
    reveal_type(s.phase.keys)  # SetExpr[str]
    with c.one_of(s.seen["a"], "x") as x:
        reveal_type(x)  # IntExpr
        go(c, x)
    a, b = c.alternatives("a", "b")
    with a:
        go(c, 1)
    with b:
        go(c, twice(2))
    with s.editing() as upd:
        reveal_type(upd)  # S
        upd.count = s.count + 1


@invariant
def fine(s: S):
    reveal_type(s.count == 3)  # BoolExpr
    reveal_type(Set(1, ..., s.N))  # SetExpr[int]
    return Forall(s.count > n and n not in s.seen["a"] for n in Set(1, ..., s.N)) & (len(s.queue) < 3)


@instance
def small() -> S:
    return S(N=5)
