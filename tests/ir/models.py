"""Small models built by hand, node by node, and the helpers that build them."""

from __future__ import annotations

from dataclasses import replace

from speccheck.errors import Span
from speccheck.ir.models import Action, Function, Instance, Model, Property, Transition, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Arm,
    Assign,
    Assume,
    Bind,
    Branch,
    Choose,
    Clause,
    Const,
    Define,
    Defined,
    Expr,
    Fold,
    Invoke,
    Join,
    Let,
    Local,
    Match,
    Param,
    Perform,
    Read,
    Split,
)
from speccheck.ir.ops import OPS
from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
    EnumType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
)
from speccheck.ir.values import FrozenMap

PHASE = EnumType("Phase", ("Try", "Crit", "Done"))
PLAN = RecordType("Plan", (("epoch", INT), ("owner", STR), ("ready", SetType(INT))))
MESSAGE = UnionType("Message", (("Prepared", STR), ("Moved", TupleType((INT, INT))), ("Commit", UNIT)))


def num(value: int) -> Const:
    return Const(INT, value)


def text(value: str) -> Const:
    return Const(STR, value)


def truth(value: bool) -> Const:
    return Const(BOOL, value)


def numbers(*values: int) -> Const:
    return Const(SetType(INT), frozenset(values))


def op(name: str, *args: Expr, attribute: str | int | None = None, of: Type | None = None) -> Apply:
    """An operation, its type as the table of operations says."""
    result = OPS[name].result(tuple(arg.type for arg in args), attribute, of)
    return Apply(result, name, args, attribute)


def forall(local: Local, domain: Expr, body: Expr) -> Bind:
    return Bind(BOOL, "forall", (Clause(local, domain),), body)


# --- a counter -----------------------------------------------------------------------------------------

COUNT = Read(INT, "count", 0)
LIMIT = Param(INT, "N")
BY = Local(INT, "by")


def counter() -> Model:
    """A parameter, a choice, a guarded named action, an invariant and two instances."""
    condition = op("le", op("add", COUNT, BY), LIMIT)
    guard = Assume(condition)
    increment = Action(
        "increment",
        "increment",
        (BY,),
        (guard, Assign("count", 1, op("add", COUNT, BY))),
        (("count", 1),),
        doc="Adds one or two.\n\nNever beyond the limit.",
    )
    chosen = Local(INT, "by.2")
    step = (
        Choose(chosen, op("set_make", num(1), num(2)), "by"),
        Perform("increment", (chosen,), (Defined("count", 1),)),
    )
    return Model(
        name="counter",
        doc="Counts up to a limit.",
        state="Counter",
        params=(Variable("N", INT),),
        variables=(Variable("count", INT),),
        functions=(),
        actions=(increment,),
        initial=Transition((Assign("count", 1, num(0)),), (("count", 1),)),
        step=Transition(step, (("count", 1),)),
        properties=(
            Property("bounded", "invariant", op("le", COUNT, LIMIT), "Never above N."),
            Property("full", "example", op("eq", COUNT, LIMIT)),
        ),
        instances=(Instance("small", (("N", 5),), "Five is enough."), Instance("free", ())),
        spans={
            id(condition): Span("counter.py", 12, 14),
            id(guard): Span("counter.py", 12, 5),
            id(step[0]): Span("lib/more.py", 20, 10),
        },
    )


# --- every kind of data --------------------------------------------------------------------------------

ZONE = Read(MapType(STR, PLAN), "zone", 0)
MAIL = Read(ListType(MESSAGE), "mail", 0)
PHASES = Read(MapType(STR, PHASE), "phases", 0)
WORKERS = Param(SetType(STR), "WORKERS")


def delivered(message: Expr) -> Match:
    """A match with an arm that uses its payload, one that takes it apart, and a default."""
    moved, rm = Local(TupleType((INT, INT)), "moved.1"), Local(STR, "rm.1")
    rises = op("gt", op("tuple_get", moved, attribute=0), op("tuple_get", moved, attribute=1))
    arms = (Arm("Prepared", rm, op("set_contains", WORKERS, rm)), Arm("Moved", moved, rises))
    return Match(BOOL, message, arms, truth(True))


def epoch_of(plan: Expr) -> Apply:
    return op("record_get", plan, attribute="epoch")


def folds() -> Expr:
    """A fold over a set of numbers, and one over a map from a negative start, compared."""
    k, n, x, acc = Local(STR, "k.3"), Local(INT, "n.4"), Local(INT, "x.5"), Local(INT, "acc.6")
    epochs = Bind(SetType(INT), "image", (Clause(k, op("map_keys", ZONE)),), epoch_of(op("map_get", ZONE, k)))
    largest = Fold(INT, epochs, num(0), acc, (x,), op("ite", op("lt", acc, x), x, acc))
    key, plan = Local(STR, "k.7"), Local(PLAN, "v.8")
    left = op("sub", n, op("set_size", op("record_get", plan, attribute="ready")))
    return op("ge", largest, Fold(INT, ZONE, num(-1), n, (key, plan), left))


def pairs() -> Expr:
    """A comprehension over two clauses, arithmetic with and without parentheses, a `Let`."""
    x, y, total = Local(INT, "x.9"), Local(INT, "y.10"), Local(INT, "total.11")
    odd = op("ne", op("mod", op("pow", x, num(2)), num(3)), op("neg", op("mul", op("add", y, num(1)), num(-2))))
    clauses = (Clause(x, op("interval", num(0), total)), Clause(y, op("interval", num(0), x)))
    found = Bind(SetType(TupleType((INT, INT))), "filter", clauses, odd)
    return Let(BOOL, total, op("map_size", ZONE), op("lt", op("set_size", found), op("mul", total, total)))


def lists() -> Expr:
    """What lists, maps and choices are for, in one conjunction."""
    m, k, i = Local(MESSAGE, "m.12"), Local(STR, "k.13"), Local(INT, "i.14")
    abouts = Bind(ListType(BOOL), "list_map", (Clause(m, MAIL),), Invoke(BOOL, "about", (m,)))
    commit = op("union_make", Const(UNIT, ()), attribute="Commit", of=MESSAGE)
    others = Bind(ListType(MESSAGE), "list_filter", (Clause(m2 := Local(MESSAGE, "m.15"), MAIL),), op("ne", m2, commit))
    trying = Bind(MapType(STR, PHASE), "mapping", (Clause(k, WORKERS),), Const(PHASE, 0))
    first = Bind(INT, "choose", (Clause(i, op("list_keys", MAIL)),), op("list_get", abouts, i))
    started = op("or", op("eq", PHASES, trying), op("not", op("list_contains", others, commit)))
    late = op("list_slice", MAIL, first, op("list_size", MAIL))
    kind = op(
        "eq",
        op("union_tag", op("list_get", late, num(0))),
        Const(EnumType("Message.tag", ("Prepared", "Moved", "Commit")), 1),
    )
    return op("and", started, op("implies", op("gt", op("list_size", late), num(0)), kind))


def post() -> Model:
    """Maps, records, unions, enums, tuples and lists; a function, folds and every binder."""
    message, worker = Local(MESSAGE, "m"), Local(STR, "rm")
    plan = op("record_make", num(1), text('d\u00e9p "1"\n'), numbers(3, 1, 2), of=PLAN)
    prepared = op("union_make", worker, attribute="Prepared", of=MESSAGE)
    send = Action(
        "send",
        "send",
        (worker,),
        (
            Assume(op("not", op("set_contains", op("map_keys", ZONE), worker))),
            Assign("mail", 1, op("list_concat", MAIL, op("list_make", prepared))),
            Assign("zone", 1, op("map_insert", ZONE, worker, plan)),
            Assign("phases", 1, op("map_replace", PHASES, worker, Const(PHASE, 2))),
        ),
        (("mail", 1), ("zone", 1), ("phases", 1)),
    )
    chosen, k = Local(STR, "rm.1"), Local(STR, "k.2")
    start = Bind(MapType(STR, PHASE), "mapping", (Clause(k, WORKERS),), Const(PHASE, 0))
    empty = (
        Assign("zone", 1, Const(MapType(STR, PLAN), FrozenMap())),
        Assign("mail", 1, Const(ListType(MESSAGE), ((1, (0, 1)), (2, ())))),
        Assign("phases", 1, start),
    )
    results = (Defined("mail", 1), Defined("zone", 1), Defined("phases", 1))
    workers = ("WORKERS", frozenset({"rm2", "rm10", "rm1"}))
    known = ("KNOWN", FrozenMap({"b": (2, "x", frozenset()), "a": (1, "y", frozenset({2, 1}))}))
    return Model(
        name="post",
        doc="",
        state="Post",
        params=(Variable("WORKERS", SetType(STR)), Variable("KNOWN", MapType(STR, PLAN))),
        variables=(
            Variable("zone", MapType(STR, PLAN), upsert=True),
            Variable("mail", ListType(MESSAGE)),
            Variable("phases", MapType(STR, PHASE)),
        ),
        functions=(Function("about", (message,), delivered(message)),),
        actions=(send,),
        initial=Transition(empty, (("zone", 1), ("mail", 1), ("phases", 1))),
        step=Transition((Choose(chosen, WORKERS, "worker"), Perform("send", (chosen,), results)), WRITES),
        properties=(
            Property("folds", "invariant", folds()),
            Property("pairs", "invariant", pairs()),
            Property("lists", "invariant", lists()),
        ),
        instances=(Instance("three", (workers, known)),),
    )


WRITES = (("zone", 1), ("mail", 1), ("phases", 1))


# --- branches ------------------------------------------------------------------------------------------


def branches() -> Model:
    """Alternatives and splits, nested, with joins; an action that performs another; a branch without effect."""
    a, b = Read(INT, "a", 0), Read(INT, "b", 0)
    left = Branch("left", (Assign("a", 1, op("add", a, num(1))), Assign("b", 1, Read(INT, "a", 1))))
    cached = Local(INT, "double.1")
    inner = Split(
        op("lt", cached, num(10)),
        (Perform("raise", (cached,), (Defined("a", 2),)),),
        (Assume(op("gt", b, num(0))),),
        (Join("a", 3, (2, 0)),),
    )
    right = Branch("go right", (Define(cached, op("mul", b, num(2))), inner))
    nothing = Branch("nothing", ())
    joins = (Join("a", 4, (1, 3, 0)), Join("b", 2, (1, 0, 0)))
    after = Assume(op("le", Read(INT, "a", 4), num(100)))
    to, twice = Local(INT, "to"), Local(INT, "to")
    raises = Action("raise", "raise", (to,), (Perform("put", (op("add", to, a),), (Defined("a", 1),)),), (("a", 1),))
    puts = Action("put", "raise", (twice,), (Assign("a", 1, twice),), (("a", 1),), "Sets it.")
    start = (Perform("put", (num(0),), (Defined("a", 1),)), Assign("b", 1, Read(INT, "a", 1)))
    return Model(
        name="branches",
        doc="Ways of taking a step.",
        state="State",
        params=(),
        variables=(Variable("a", INT), Variable("b", INT)),
        functions=(),
        actions=(raises, puts),
        initial=Transition(start, (("a", 1), ("b", 1))),
        step=Transition((Alternatives((left, right, nothing), joins), after), (("a", 4), ("b", 2))),
        properties=(Property("ordered", "invariant", op("le", a, b)),),
        instances=(Instance("only", ()),),
    )


# --- sharing -------------------------------------------------------------------------------------------


def doubled(levels: int) -> Expr:
    """A graph of `levels` nodes that is 2 ** levels large when written out."""
    node: Expr = op("add", COUNT, LIMIT)
    for _ in range(levels):
        node = op("add", node, node)
    return node


def shared() -> Model:
    """The counter with a long expression used in several places, and one that doubles sixty times."""
    base = counter()
    x = Local(INT, "x.1")
    far = op("and", op("le", op("mul", x, op("add", COUNT, LIMIT)), num(1000)), op("ne", op("mod", x, num(7)), LIMIT))
    far = op("and", far, op("gt", COUNT, num(0)))
    twice = forall(x, op("interval", num(0), LIMIT), op("or", far, op("not", far)))
    big = Property("big", "invariant", op("ge", doubled(60), num(0)))
    return replace(base, name="shared", properties=(*base.properties, big, Property("twice", "invariant", twice)))


ALL = (counter, post, branches, shared)
