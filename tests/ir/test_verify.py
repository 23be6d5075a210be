"""Models that are well-formed, and the many ways of not being so, each with its message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.ir.models import (
    ALL,
    BY,
    COUNT,
    LIMIT,
    MESSAGE,
    PLAN,
    branches,
    counter,
    doubled,
    forall,
    num,
    numbers,
    op,
    post,
    text,
    truth,
)

from speccheck.errors import ModelError, Span
from speccheck.ir import limits
from speccheck.ir.models import Action, Function, Instance, Model, Property, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Arm,
    Assign,
    Assume,
    Bind,
    Block,
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
from speccheck.ir.types import BOOL, INT, STR, UNIT, EnumType, ListType, MapType, RecordType, SetType, TupleType, Type
from speccheck.ir.verify import verify


@pytest.mark.parametrize("make", ALL)
def test_what_is_well_formed_passes(make: Callable[[], Model]) -> None:
    verify(make())
    for instance in make().instances:
        verify(make().instance(instance.name))


# --- one wrong expression --------------------------------------------------------------------------------


def judged(body: Expr) -> Model:
    """The counter with one property."""
    return replace(counter(), properties=(Property("p", "invariant", body),))


X, Y, B, T = Local(INT, "x"), Local(INT, "y"), Local(BOOL, "b"), Local(STR, "t")
S, L, M = numbers(1, 2), Const(ListType(INT), (1, 2)), op("map_make", num(1), text("a"))
TAGGED = Const(MESSAGE, (2, ()))


def bound(name: str, type_: Type, body: Expr, *clauses: tuple[Local, Expr]) -> Expr:
    return Bind(type_, name, tuple(Clause(local, domain) for local, domain in clauses), body)


def fold(collection: Expr, *items: Local, body: Expr = X, initial: Expr = BY, result: Type = INT) -> Expr:
    return Fold(result, collection, num(0) if initial is BY else initial, X, items, body)


def match(*arms: Arm, default: Expr | None = None, result: Type = INT, subject: Expr = TAGGED) -> Expr:
    return Match(result, subject, arms, default)


PREPARED, MOVED, COMMIT = (
    Arm("Prepared", Local(STR, "p"), num(1)),
    Arm("Moved", Local(TupleType((INT, INT)), "m"), num(2)),
    Arm("Commit", Local(UNIT, "u"), num(3)),
)

EXPRESSIONS: list[tuple[Expr, str, str]] = [
    (num(1), "a property should be bool, not int", "1"),
    (Const(INT, True), "the constant is no value of int", "<no value of int>"),
    (Const(EnumType("E", ("A",)), 1), "the constant is no value of E", "<no value of E>"),
    (Param(INT, "M"), "there is no parameter M", "M"),
    (Param(BOOL, "N"), "parameter N should be int, not bool", "N"),
    (Read(INT, "size", 0), "there is no variable size", "s.size"),
    (Read(STR, "count", 0), "variable count should be int, not str", "s.count"),
    (Read(INT, "count", 1), "version 1 of count is read in a property, which assigns nothing", "s.count@1"),
    (X, "local x is not bound", "x"),
    (Apply(INT, "frob", ()), "there is no operation frob", "frob()"),
    (Apply(INT, "add", (num(1), truth(True))), "add: operand 2 should be int, not bool", "1 + True"),
    (Apply(INT, "add", (num(1),)), "add: takes 2 operands, got 1", "add(1)"),
    (Apply(BOOL, "add", (num(1), num(2))), "add should be int, not bool", "1 + 2"),
    (Apply(INT, "add", (num(1), num(2)), "x"), "add takes no attribute, got 'x'", "1 + 2"),
    (Apply(BOOL, "eq", (num(1), text("a"))), "eq: int and str are different types and never equal", '1 == "a"'),
    (
        Apply(INT, "record_get", (Const(PLAN, (1, "", frozenset())),), "when"),
        "record_get: Plan has no field 'when' (it has epoch, owner, ready)",
        'Plan(epoch=1, owner="", ready=Set(int)).when',
    ),
    (Apply(INT, "tuple_get", (op("tuple_make", X),), 1), "tuple_get: a tuple of 1 has no item 1", "(x,)[1]"),
    (
        Apply(MESSAGE, "union_make", (num(1),), "Abort"),
        "union_make: Message has no variant 'Abort'",
        "Message.Abort(1)",
    ),
    (bound("all", BOOL, truth(True), (X, S)), "there is no binder all", "all x in {1, 2}: True"),
    (bound("forall", BOOL, truth(True)), "forall needs a clause", "forall : True"),
    (forall(X, num(1), truth(True)), "x ranges over int, neither a set nor a list", "forall x in 1: True"),
    (forall(T, S, truth(True)), "t should be int, not str", "forall t in {1, 2}: True"),
    (forall(X, S, X), "the body of forall should be bool, not int", "forall x in {1, 2}: x"),
    (bound("exists", INT, truth(True), (X, S)), "exists should be bool, not int", "exists x in {1, 2}: True"),
    (
        bound("image", SetType(INT), truth(True), (X, S)),
        "image should be set[bool], not set[int]",
        "{True for x in {1, 2}}",
    ),
    (
        bound("filter", SetType(INT), truth(True), (X, S), (Y, S)),
        "filter should be set[tuple[int, int]], not set[int]",
        "{(x, y) for x in {1, 2} for y in {1, 2} if True}",
    ),
    (
        bound("mapping", MapType(INT, INT), truth(True), (X, S)),
        "mapping should be dict[int, bool], not dict[int, int]",
        "{x: True for x in {1, 2}}",
    ),
    (bound("list_map", ListType(INT), X, (X, S)), "list_map takes one clause, over a list", "[x for x in {1, 2}]"),
    (
        bound("list_filter", ListType(INT), truth(True), (X, L), (Y, L)),
        "list_filter takes one clause, over a list",
        "[(x, y) for x in [1, 2] for y in [1, 2] if True]",
    ),
    (bound("choose", INT, truth(True), (X, L)), "choose takes one clause, over a set", "choose x in [1, 2]: True"),
    (forall(X, S, forall(X, S, truth(True))), "local x is bound twice in one definition", "forall x in {1, 2}: forall"),
    (
        op("and", forall(X, S, truth(True)), op("eq", X, num(1))),
        "local x is used outside its scope",
        "x",
    ),
    (
        bound("forall", BOOL, truth(True), (X, op("interval", num(0), Y)), (Y, S)),
        "local y is used outside its scope",
        "y",
    ),
    (forall(X, S, op("not", Local(BOOL, "x"))), "local x is bound as int, not bool", "x"),
    (fold(num(1), Y), "reduce goes over a set, map or list, not int", "reduce x = 0 for y in 1: x"),
    (fold(M, Y), "reduce binds 1 items here, not 2", 'reduce x = 0 for y in {1: "a"}: x'),
    (fold(M, Y, B), "b should be str, not bool", 'reduce x = 0 for y, b in {1: "a"}: x'),
    (fold(S, Y, body=text("a")), "the body of reduce should be int, not str", 'reduce x = 0 for y in {1, 2}: "a"'),
    (
        fold(S, Y, initial=text("a")),
        "the initial value of reduce should be int, not str",
        'reduce x = "a" for y in {1, 2}: x',
    ),
    (
        fold(S, Y, initial=truth(True), body=truth(True), result=BOOL),
        "the accumulator of reduce should be bool, not int",
        "reduce x = True for y in {1, 2}: True",
    ),
    (Let(INT, B, num(1), num(2)), "the value of b should be bool, not int", "let b = 1: 2"),
    (Let(BOOL, X, num(1), X), "let should be int, not bool", "let x = 1: x"),
    (Let(INT, X, X, num(1)), "local x is used outside its scope", "x"),
    (match(subject=num(1)), "match is over a union, not int", "match 1 {}"),
    (match(PREPARED, MOVED), "match has neither an arm of Commit nor a default", "match Message.Commit()"),
    (match(PREPARED, MOVED, PREPARED, COMMIT), "the arm of Prepared is there twice", "match Message.Commit()"),
    (
        match(PREPARED, MOVED, COMMIT, default=num(1)),
        "match has an arm of each tag of Message and a default besides",
        "match Message.Commit()",
    ),
    (match(Arm("Abort", X, X), default=num(1)), "Message has no variant Abort", "match Message.Commit()"),
    (match(Arm("Commit", X, X), default=num(1)), "the payload of Commit should be Unit, not int", "match Message"),
    (match(COMMIT, default=text("a")), "the default of match should be int, not str", "match Message"),
    (match(COMMIT, default=num(1), result=STR), "the arm of Commit should be str, not int", "match Message"),
    (Invoke(INT, "f", ()), "there is no function f", "f()"),
    (
        forall(Local(INT, "x\n"), S, truth(True)),
        '"x\\n" is no name: it has characters that do not print',
        'forall "x\\n"',
    ),
    (
        op("eq", Const(EnumType("E", ("A", "A")), 0), Const(EnumType("E", ("A", "A")), 0)),
        "member of E A is there twice",
        "E.A",
    ),
]


@pytest.mark.parametrize(("body", "problem", "shown"), EXPRESSIONS, ids=[f"{n}" for n in range(len(EXPRESSIONS))])
def test_an_expression_that_is_wrong_is_refused(body: Expr, problem: str, shown: str) -> None:
    with pytest.raises(ModelError) as raised:
        verify(judged(body))
    first, second, *rest = str(raised.value).splitlines()
    assert first == problem
    assert second.startswith(f"  in  {shown}")
    assert rest == ["  of  invariant p"]


# --- wrong declarations ----------------------------------------------------------------------------------

DECLARATIONS: list[tuple[Callable[[Model], Model], str]] = [
    (lambda m: replace(m, name=""), "a name of 0 characters (1 to 256 are allowed)"),
    (lambda m: replace(m, state="x" * 257), "a name of 257 characters (1 to 256 are allowed)"),
    (lambda m: replace(m, variables=(*m.variables, Variable("N", INT))), "parameter or variable N is there twice"),
    (lambda m: replace(m, properties=m.properties * 2), "property bounded is there twice"),
    (lambda m: replace(m, actions=m.actions * 2), "action increment is there twice"),
    (lambda m: replace(m, instances=m.instances * 2), "instance small is there twice"),
    (lambda m: replace(m, functions=(Function("f", (), num(1)),) * 2), "function f is there twice"),
    (lambda m: replace(m, params=(Variable("N", INT, True),)), "N is int, and only a map can be UPSERT"),
    (
        lambda m: replace(m, instances=(Instance("i", (("M", 1),)),)),
        "instance i: there is no parameter M",
    ),
    (
        lambda m: replace(m, instances=(Instance("i", (("N", "5"),)),)),
        "instance i: the value of N is no value of int",
    ),
    (lambda m: replace(m, bindings={"N": True}), "the bindings: the value of N is no value of int"),
    (
        lambda m: replace(m, variables=(Variable("r", RecordType("R", (("f", INT), ("f", INT)))),)),
        "field of R f is there twice",
    ),
    (
        lambda m: replace(
            m, functions=(Function("f", (X,), Invoke(INT, "g", (X,))), Function("g", (Y,), Invoke(INT, "f", (Y,))))
        ),
        "functions call each other in a circle: f → g → f",
    ),
    (
        lambda m: replace(m, actions=(Action("a", "a", (), (Perform("a", (), ()),), ()),)),
        "actions call each other in a circle: a → a",
    ),
]


@pytest.mark.parametrize(("change", "problem"), DECLARATIONS, ids=[problem for _, problem in DECLARATIONS])
def test_a_declaration_that_is_wrong_is_refused(change: Callable[[Model], Model], problem: str) -> None:
    with pytest.raises(ModelError) as raised:
        verify(change(counter()))
    assert str(raised.value).splitlines()[0] == problem


FUNCTIONS: list[tuple[Function, str]] = [
    (Function("f", (), COUNT), "version 0 of count is read in a function, which has no variables of its own"),
    (Function("f", (X,), Y), "local y is not bound"),
    (Function("f", (X, X), X), "local x is bound twice in one definition"),
    (Function("f", (X,), Local(BOOL, "x")), "local x is bound as int, not bool"),
]


@pytest.mark.parametrize(("function", "problem"), FUNCTIONS, ids=[problem for _, problem in FUNCTIONS])
def test_a_function_that_is_wrong_is_refused(function: Function, problem: str) -> None:
    with pytest.raises(ModelError) as raised:
        verify(replace(counter(), functions=(function,)))
    assert str(raised.value).splitlines()[0] == problem
    assert str(raised.value).endswith("  of  function f")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ((), "function about takes 1 arguments, got 0"),
        ((num(1),), "argument m of function about should be Message, not int"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(args: tuple[Expr, ...], problem: str) -> None:
    with pytest.raises(ModelError) as raised:
        verify(replace(post(), properties=(Property("p", "invariant", Invoke(BOOL, "about", args)),)))
    assert str(raised.value).splitlines()[0] == problem


# --- wrong statements ------------------------------------------------------------------------------------

A0, A1, A2, B0 = Read(INT, "a", 0), Read(INT, "a", 1), Read(INT, "a", 2), Read(INT, "b", 0)
ONE = Assign("a", 1, num(1))
A_WRITES, BOTH = (("a", 1),), (("a", 1), ("b", 1))


def split(then: Block, otherwise: Block, *joins: Join) -> Split:
    return Split(op("lt", A0, B0), then, otherwise, joins)


STEPS: list[tuple[Block, tuple[tuple[str, int], ...], str]] = [
    ((Assume(num(1)),), (), "an assumption should be bool, not int"),
    ((Assign("c", 1, num(1)),), (), "there is no variable c"),
    ((Assign("a", 1, truth(True)),), A_WRITES, "a should be int, not bool"),
    ((Assign("a", 0, num(1)),), (), "version 0 of a cannot be assigned: it is what there is at the start"),
    ((ONE, Assign("a", 1, num(2))), A_WRITES, "version 1 of a is assigned twice"),
    ((Assign("a", 1, A1),), A_WRITES, "version 1 of a is read where it is not defined on every path"),
    (
        (Assign("a", 1, A2), Assign("a", 2, num(1))),
        A_WRITES,
        "version 2 of a is read where it is not defined on every path",
    ),
    ((ONE,), (), "a is assigned and not listed as written"),
    ((ONE,), (("a", 2),), "a has version 1 at the end, where version 2 is listed as written"),
    ((ONE,), (*A_WRITES, *A_WRITES), "written variable a is there twice"),
    ((ONE,), (*A_WRITES, ("c", 1)), "there is no variable c"),
    ((Define(X, text("a")),), (), "the value of x should be int, not str"),
    ((Define(X, X),), (), "local x is not bound"),
    ((Define(X, num(1)), Define(X, num(1))), (), "local x is bound twice in one definition"),
    ((Choose(X, num(1), "x"),), (), "the domain of one_of should be set[int], not int"),
    ((Choose(X, Const(ListType(INT), ()), "x"),), (), "the domain of one_of should be set[int], not list[int]"),
    ((Choose(X, S, ""),), (), "a name of 0 characters (1 to 256 are allowed)"),
    ((Alternatives((), ()),), (), "alternatives need a branch"),
    ((Alternatives((Branch("l", ()), Branch("l", ())), ()),), (), "branch l is there twice"),
    ((split((ONE,), ()),), A_WRITES, "a is assigned in a branch and not joined"),
    ((split((ONE,), (), Join("a", 2, (1,))),), (("a", 2),), "a is joined from 1 of 2 branches"),
    (
        (split((ONE,), (), Join("a", 2, (1, 1))),),
        (("a", 2),),
        "a is joined from version 1 of branch otherwise, which ends with version 0",
    ),
    ((split((ONE,), (), Join("a", 1, (1, 0))),), A_WRITES, "version 1 of a is assigned twice"),
    ((split((ONE,), (), Join("a", 2, (1, 0)), Join("a", 3, (1, 0))),), (("a", 3),), "joined variable a is there twice"),
    (
        (split((ONE,), (), Join("a", 2, (1, 0))), Assume(op("eq", A1, num(1)))),
        (("a", 2),),
        "version 1 of a is read where it is not defined on every path",
    ),
    ((Split(num(1), (), (), ()),), (), "the condition of a split should be bool, not int"),
    (
        (split((Choose(X, S, "x"),), ()), Assume(op("eq", X, num(1)))),
        (),
        "local x is used outside its scope",
    ),
    ((Perform("drop", (), ()),), (), "there is no action drop"),
    ((Perform("put", (), (Defined("a", 1),)),), A_WRITES, "action put takes 1 arguments, got 0"),
    ((Perform("put", (text("a"),), (Defined("a", 1),)),), A_WRITES, "argument to of action put should be int, not str"),
    ((Perform("put", (num(1),), ()),), (), "put writes a, which gets no version here"),
    ((Perform("put", (num(1),), (Defined("a", 1), Defined("b", 1))),), BOTH, "put does not write b"),
    ((Perform("put", (num(1),), (Defined("a", 1), Defined("a", 2))),), (("a", 2),), "result a is there twice"),
]


@pytest.mark.parametrize(("block", "writes", "problem"), STEPS, ids=range(len(STEPS)))
def test_a_statement_that_is_wrong_is_refused(block: Block, writes: tuple[tuple[str, int], ...], problem: str) -> None:
    model = branches()
    with pytest.raises(ModelError) as raised:
        verify(replace(model, step=replace(model.step, block=block, writes=writes)))
    assert str(raised.value).splitlines()[0] == problem
    assert str(raised.value).endswith("  of  step")
    with pytest.raises(ModelError) as raised:
        verify(replace(model, actions=(*model.actions, Action("act", "act", (), block, writes))))
    assert str(raised.value).splitlines()[0] == problem
    assert str(raised.value).endswith("  of  action act")


ZERO_B = Assign("b", 1, num(0))
INITIALS: list[tuple[Block, tuple[tuple[str, int], ...], str]] = [
    ((ONE,), A_WRITES, "variable b gets no initial value on every path"),
    ((ONE, ZERO_B), A_WRITES, "b is assigned and not listed as written"),
    ((ONE,), BOTH, "b has no version at the end, where version 1 is listed as written"),
    ((Assign("a", 1, A0), ZERO_B), BOTH, "version 0 of a is read where it is not defined on every path"),
    (
        (ZERO_B, Alternatives((Branch("l", (ONE,)), Branch("r", ())), ())),
        (("b", 1),),
        "variable a gets no initial value on every path",
    ),
    (
        (ZERO_B, Alternatives((Branch("l", (ONE,)), Branch("r", ())), (Join("a", 2, (1, 0)),))),
        (("b", 1), ("a", 2)),
        "a is joined from version 0 of branch r, which ends with no version",
    ),
    ((Perform("raise", (num(1),), (Defined("a", 1),)), ZERO_B), BOTH, "raise uses a, which may have no value here"),
]


@pytest.mark.parametrize(("block", "writes", "problem"), INITIALS, ids=range(len(INITIALS)))
def test_initial_states_that_are_not_whole_are_refused(
    block: Block, writes: tuple[tuple[str, int], ...], problem: str
) -> None:
    model = branches()
    with pytest.raises(ModelError) as raised:
        verify(replace(model, initial=replace(model.initial, block=block, writes=writes)))
    assert str(raised.value).splitlines()[0] == problem
    assert str(raised.value).endswith("  of  initial")


def test_what_an_action_needs_it_needs_of_those_who_perform_those_who_perform_it() -> None:
    model = branches()
    outer = Action("outer", "outer", (), (Perform("raise", (num(1),), (Defined("a", 1),)),), A_WRITES)
    start = (Perform("outer", (), (Defined("a", 1),)), ZERO_B)
    with pytest.raises(ModelError, match="outer uses a, which may have no value here"):
        verify(
            replace(model, actions=(outer, *model.actions), initial=replace(model.initial, block=start, writes=BOTH))
        )


def test_every_branch_of_initial_may_assign_for_itself() -> None:
    model = branches()
    ways = (Branch("l", (ONE,)), Branch("r", (Assign("a", 2, num(2)), Assign("b", 1, A2))))
    start = (Alternatives(ways, (Join("a", 3, (1, 2)),)), Assign("b", 2, Read(INT, "a", 3)))
    verify(replace(model, initial=replace(model.initial, block=start, writes=(("a", 3), ("b", 2)))))


def test_an_old_version_may_be_read_after_a_new_one_is_assigned() -> None:
    model = branches()
    block = (ONE, Assign("b", 1, A0), Assign("a", 2, op("add", A1, A0)))
    verify(replace(model, step=replace(model.step, block=block, writes=(("a", 2), ("b", 1)))))


def test_what_keeps_its_version_may_be_listed_as_written() -> None:
    model = branches()
    verify(replace(model, step=replace(model.step, block=(ONE,), writes=(("a", 1), ("b", 0)))))


def test_an_error_shows_the_node_its_neighbours_and_the_authors_line() -> None:
    wrong = Apply(BOOL, "le", (op("add", COUNT, BY), truth(True)))
    guard = Assume(op("and", wrong, op("lt", COUNT, LIMIT)))
    base = counter()
    action = replace(base.actions[0], block=(guard, *base.actions[0].block[1:]))
    model = replace(base, actions=(action,), spans={id(guard): Span("counter.py", 7, 5)})
    with pytest.raises(ModelError) as raised:
        verify(model)
    assert str(raised.value) == (
        "le: operand 2 should be int, not bool\n"
        "  in  s.count + by <= True\n"
        "  in  assume s.count + by <= True and s.count < N\n"
        "  of  action increment\n"
        "  at  counter.py:7:5"
    )


# --- limits ----------------------------------------------------------------------------------------------


def nested_expression(depth: int) -> Expr:
    node: Expr = COUNT
    for _ in range(depth - 2):
        node = op("neg", node)
    return op("eq", node, num(0))


def nested_block(depth: int) -> Block:
    block: Block = ()
    for _ in range(depth - 1):
        block = (Alternatives((Branch("on", block),), ()),)
    return block


def test_depth_is_limited_and_allowed_up_to_the_limit() -> None:
    base = counter()
    verify(judged(nested_expression(limits.MAX_EXPRESSION_DEPTH)))
    with pytest.raises(ModelError, match="an expression is nested deeper than 1000"):
        verify(judged(nested_expression(limits.MAX_EXPRESSION_DEPTH + 1)))
    verify(replace(base, step=replace(base.step, block=nested_block(limits.MAX_BLOCK_DEPTH), writes=())))
    for depth in (limits.MAX_BLOCK_DEPTH + 1, 5_000):
        with pytest.raises(ModelError, match="blocks are nested deeper than 100"):
            verify(replace(base, step=replace(base.step, block=nested_block(depth), writes=())))


def test_types_are_limited() -> None:
    deep: Type = INT
    for _ in range(limits.MAX_TYPE_DEPTH):
        deep = SetType(deep)
    with pytest.raises(ModelError, match="a type is nested deeper than 64"):
        verify(replace(counter(), variables=(Variable("v", deep),)))
    wide: Type = INT
    for _ in range(60):
        wide = TupleType((wide, wide))
    with pytest.raises(ModelError, match="a type is made of more than 10000 types"):
        verify(replace(counter(), variables=(Variable("v", wide),)))


def test_a_graph_is_verified_in_time_with_its_nodes() -> None:
    verify(judged(op("eq", doubled(900), num(0))))
