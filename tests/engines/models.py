"""Models built by hand for the engines' tests, and the few functions that make building bearable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from speccheck.ir.models import Action, Function, Instance, Model, Property, Transition, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Assign,
    Assume,
    Bind,
    Block,
    Branch,
    Choose,
    Clause,
    Const,
    Defined,
    Expr,
    Join,
    Local,
    Param,
    Perform,
    Read,
    Statement,
)
from speccheck.ir.ops import OPS
from speccheck.ir.types import BOOL, INT, UNIT, EnumType, ListType, MapType, SetType, Type, UnionType
from speccheck.ir.values import FrozenMap, Value


def n(value: int) -> Const:
    """An integer."""
    return Const(INT, value)


TRUE, FALSE = Const(BOOL, True), Const(BOOL, False)


def ints(*values: int) -> Const:
    """A set of integers."""
    return Const(SetType(INT), frozenset(values))


def ap(op: str, *args: Expr, attribute: str | int | None = None, declared: Type | None = None) -> Apply:
    """An operation with its type worked out."""
    return Apply(OPS[op].result(tuple(arg.type for arg in args), attribute, declared), op, args, attribute)


def forall(local: Local, domain: Expr, body: Expr) -> Bind:
    """A universal quantifier with one clause."""
    return Bind(BOOL, "forall", (Clause(local, domain),), body)


def exists(local: Local, domain: Expr, body: Expr) -> Bind:
    """An existential quantifier with one clause."""
    return Bind(BOOL, "exists", (Clause(local, domain),), body)


def read(variable: Variable, version: int = 0) -> Read:
    """A variable's version."""
    return Read(variable.type, variable.name, version)


def invariant(name: str, body: Expr) -> Property:
    """A property that is to hold in every reachable state."""
    return Property(name, "invariant", body, f"About {name}.")


def example(name: str, body: Expr) -> Property:
    """A property that some reachable state is to have."""
    return Property(name, "example", body)


def model(
    variables: Sequence[Variable],
    initial: Transition | dict[str, Value],
    step: Transition,
    properties: Iterable[Property] = (),
    *,
    actions: Iterable[Action] = (),
    functions: Iterable[Function] = (),
    params: Iterable[Variable] = (),
    instances: Iterable[Instance] = (),
) -> Model:
    """A Model; the initial state may be given by its values."""
    return Model(
        name="handmade",
        doc="A model made by hand.",
        state="State",
        params=tuple(params),
        variables=tuple(variables),
        functions=tuple(functions),
        actions=tuple(actions),
        initial=initial if isinstance(initial, Transition) else fixed(variables, initial),
        step=step,
        properties=tuple(properties),
        instances=tuple(instances),
    )


def fixed(variables: Sequence[Variable], values: dict[str, Value]) -> Transition:
    """Initial values as a block."""
    block = tuple(Assign(v.name, 1, Const(v.type, values[v.name])) for v in variables)
    return Transition(block, tuple((v.name, 1) for v in variables))


def transition(*block: Statement, **writes: int) -> Transition:
    """A block, with the version each variable has at its end where it is not 0."""
    return Transition(block, tuple(writes.items()))


def stepping(variables: Sequence[Variable], calls: Sequence[tuple[Action, Block, tuple[Expr, ...]]]) -> Transition:
    """A step that takes one of some calls, each with statements before it; versions 1 to n, joined at n + 1."""
    branches, sources = [], {v.name: [0] * len(calls) for v in variables}
    for number, (action, before, args) in enumerate(calls):
        results = tuple(Defined(name, number + 1) for name, _ in action.writes)
        for defined in results:
            sources[defined.variable][number] = defined.version
        branches.append(Branch(action.name, (*before, Perform(action.key, args, results))))
    last = len(calls) + 1
    joins = tuple(Join(name, last, tuple(versions)) for name, versions in sources.items())
    return Transition((Alternatives(tuple(branches), joins),), tuple((v.name, last) for v in variables))


def action(name: str, params: Sequence[Local], block: Block, **writes: int) -> Action:
    """A named action."""
    return Action(name, name, tuple(params), block, tuple(writes.items()))


# --- a counter -------------------------------------------------------------------------------------

COUNT = Variable("count", INT)
LIMIT = Variable("N", INT)


def counter(*properties: Property, limit: int | None = 5) -> Model:
    """Counts by one or two up to N; `limit` None leaves N free."""
    by, chosen = Local(INT, "by"), Local(INT, "chosen")
    total = ap("add", read(COUNT), by)
    increment = action(
        "increment", [by], (Assume(ap("le", total, Param(INT, "N"))), Assign("count", 1, total)), count=1
    )
    step = transition(
        Choose(chosen, ints(1, 2), "by"), Perform("increment", (chosen,), (Defined("count", 1),)), count=1
    )
    made = model(
        [COUNT],
        {"count": 0},
        step,
        properties,
        actions=[increment],
        params=[LIMIT],
        instances=[Instance("small", (("N", 3),)), Instance("large", (("N", 9),))],
    )
    return made if limit is None else made.bind({"N": limit})


def count_below(bound: int) -> Property:
    """The counter stays below a bound."""
    return invariant("below", ap("lt", read(COUNT), n(bound)))


# --- Die Hard's jugs -------------------------------------------------------------------------------

BIG, SMALL = Variable("big", INT), Variable("small", INT)


def jugs() -> Model:
    """A jug of five gallons, one of three, a tap; the puzzle of measuring four, as in TLA+'s DieHard."""
    big, small = read(BIG), read(SMALL)
    to_big = ap("ite", ap("lt", ap("add", big, small), n(5)), ap("add", big, small), n(5))
    to_small = ap("ite", ap("lt", ap("add", big, small), n(3)), ap("add", big, small), n(3))
    actions = [
        action("fill_small", [], (Assign("small", 1, n(3)),), small=1),
        action("fill_big", [], (Assign("big", 1, n(5)),), big=1),
        action("empty_small", [], (Assign("small", 1, n(0)),), small=1),
        action("empty_big", [], (Assign("big", 1, n(0)),), big=1),
        action(
            "small_to_big",
            [],
            (Assign("big", 1, to_big), Assign("small", 1, ap("sub", small, ap("sub", read(BIG, 1), big)))),
            big=1,
            small=1,
        ),
        action(
            "big_to_small",
            [],
            (Assign("small", 1, to_small), Assign("big", 1, ap("sub", big, ap("sub", read(SMALL, 1), small)))),
            big=1,
            small=1,
        ),
    ]
    return model(
        [BIG, SMALL],
        {"big": 0, "small": 0},
        stepping([BIG, SMALL], [(a, (), ()) for a in actions]),
        [invariant("not_four", ap("ne", big, n(4))), example("four", ap("eq", big, n(4)))],
        actions=actions,
    )


# --- a lossy channel -------------------------------------------------------------------------------

SENT, RECEIVED = Variable("sent", INT), Variable("received", INT)
CHANNEL = Variable("channel", ListType(INT))


def lossy(messages: int = 3) -> Model:
    """Numbered messages through a channel that holds two and loses any; nothing arrives out of order."""
    sent, channel, received = read(SENT), read(CHANNEL), read(RECEIVED)
    waiting = Assume(ap("gt", ap("list_size", channel), n(0)))
    rest = ap("list_slice", channel, n(1), ap("list_size", channel))
    at = Local(INT, "at")
    i = Local(INT, "i")
    kept = Bind(
        ListType(INT),
        "list_map",
        (
            Clause(
                i,
                Bind(
                    ListType(INT),
                    "list_filter",
                    (Clause(Local(INT, "j"), ap("range", n(0), ap("list_size", channel))),),
                    ap("ne", Local(INT, "j"), at),
                ),
            ),
        ),
        ap("list_get", channel, i),
    )
    send = action(
        "send",
        [],
        (
            Assume(ap("lt", sent, n(messages))),
            Assume(ap("lt", ap("list_size", channel), n(2))),
            Assign("channel", 1, ap("list_concat", channel, ap("list_make", sent))),
            Assign("sent", 1, ap("add", sent, n(1))),
        ),
        channel=1,
        sent=1,
    )
    lose = action("lose", [at], (Assign("channel", 1, kept),), channel=1)
    receive = action(
        "receive",
        [],
        (waiting, Assign("received", 1, ap("list_get", channel, n(0))), Assign("channel", 1, rest)),
        channel=1,
        received=1,
    )
    which = Local(INT, "which")
    calls = [
        (send, (), ()),
        (lose, (Choose(which, ap("list_keys", channel), "at"),), (which,)),
        (receive, (), ()),
    ]
    in_order = ap(
        "implies",
        ap("gt", ap("list_size", channel), n(0)),
        ap("lt", received, ap("list_get", channel, n(0))),
    )
    return model(
        [SENT, CHANNEL, RECEIVED],
        {"sent": 0, "channel": (), "received": -1},
        stepping([SENT, CHANNEL, RECEIVED], calls),
        [invariant("in_order", in_order), example("last", ap("eq", received, n(messages - 1)))],
        actions=[send, lose, receive],
    )


# --- two-phase commit ------------------------------------------------------------------------------

RM_STATE = EnumType("RmState", ("working", "prepared", "committed", "aborted"))
TM_STATE = EnumType("TmState", ("init", "committed", "aborted"))
MESSAGE = UnionType("Message", (("Prepared", INT), ("Commit", UNIT), ("Abort", UNIT)))
RMS = Variable("RM", SetType(INT))
RM = Variable("rm", MapType(INT, RM_STATE))
TM = Variable("tm", TM_STATE)
TM_PREPARED = Variable("tm_prepared", SetType(INT))
MSGS = Variable("msgs", SetType(MESSAGE))


def two_phase(managers: int) -> Model:
    """Gray and Lamport's TwoPhase: a transaction manager and `managers` resource managers."""
    rm, tm, prepared, msgs = read(RM), read(TM), read(TM_PREPARED), read(MSGS)
    all_rms = Param(RMS.type, "RM")
    who = [Local(INT, "who")]

    def rm_is(state: str) -> Expr:
        return ap("eq", ap("map_get", rm, who[0]), Const(RM_STATE, RM_STATE.members.index(state)))

    def becomes(state: str) -> Assign:
        return Assign("rm", 1, ap("map_replace", rm, who[0], Const(RM_STATE, RM_STATE.members.index(state))))

    def tm_is(state: str) -> Expr:
        return ap("eq", tm, Const(TM_STATE, TM_STATE.members.index(state)))

    def message(tag: str, payload: Expr | None = None) -> Expr:
        payload = payload or Const(UNIT, ())
        return ap("union_make", payload, attribute=tag, declared=MESSAGE)

    def sent(tag: str, payload: Expr | None = None) -> Assign:
        return Assign("msgs", 1, ap("set_union", msgs, ap("set_make", message(tag, payload))))

    received = action(
        "tm_rcv_prepared",
        who,
        (
            Assume(tm_is("init")),
            Assume(ap("set_contains", msgs, message("Prepared", who[0]))),
            Assign("tm_prepared", 1, ap("set_union", prepared, ap("set_make", who[0]))),
        ),
        tm_prepared=1,
    )
    commit = action(
        "tm_commit",
        [],
        (
            Assume(tm_is("init")),
            Assume(ap("eq", prepared, all_rms)),
            Assign("tm", 1, Const(TM_STATE, 1)),
            sent("Commit"),
        ),
        tm=1,
        msgs=1,
    )
    abort = action(
        "tm_abort", [], (Assume(tm_is("init")), Assign("tm", 1, Const(TM_STATE, 2)), sent("Abort")), tm=1, msgs=1
    )
    prepare = action(
        "rm_prepare",
        who,
        (Assume(rm_is("working")), becomes("prepared"), sent("Prepared", who[0])),
        rm=1,
        msgs=1,
    )
    give_up = action("rm_choose_to_abort", who, (Assume(rm_is("working")), becomes("aborted")), rm=1)
    told_commit = action(
        "rm_rcv_commit", who, (Assume(ap("set_contains", msgs, message("Commit"))), becomes("committed")), rm=1
    )
    told_abort = action(
        "rm_rcv_abort", who, (Assume(ap("set_contains", msgs, message("Abort"))), becomes("aborted")), rm=1
    )
    actions = [commit, abort, received, prepare, give_up, told_commit, told_abort]
    calls = []
    for number, each in enumerate(actions):
        chosen = Local(INT, f"rm{number}")
        calls.append((each, (Choose(chosen, all_rms, "rm"),), (chosen,)) if each.params else (each, (), ()))
    a, b = Local(INT, "a"), Local(INT, "b")
    apart = ap(
        "not",
        ap(
            "and",
            ap("eq", ap("map_get", rm, a), Const(RM_STATE, 3)),
            ap("eq", ap("map_get", rm, b), Const(RM_STATE, 2)),
        ),
    )
    consistent = Bind(BOOL, "forall", (Clause(a, all_rms), Clause(b, all_rms)), apart)
    numbers = range(managers)
    made = model(
        [RM, TM, TM_PREPARED, MSGS],
        {"rm": FrozenMap(dict.fromkeys(numbers, 0)), "tm": 0, "tm_prepared": frozenset(), "msgs": frozenset()},
        stepping([RM, TM, TM_PREPARED, MSGS], calls),
        [invariant("tc_consistent", consistent), example("committed", tm_is("committed"))],
        actions=actions,
        params=[RMS],
    )
    return replace(made.bind({"RM": frozenset(numbers)}), instance_name=f"n{managers}")
