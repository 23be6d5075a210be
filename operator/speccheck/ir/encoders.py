"""From a Model to the structures of its JSON form: types, then expressions below first, then all that uses them.

Takes a verified Model and gives an `ir.wire.Document`, the same for the same Model. Sharing is kept: a node is
one row however often it is used. Bytes are made by `ir.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

import msgspec

from speccheck.errors import ModelError, Span
from speccheck.ir import itf, wire
from speccheck.ir.formulas import formula_row
from speccheck.ir.limits import MAX_BLOCK_DEPTH
from speccheck.ir.models import FORMAT, Action, Coverage, Function, Instance, Model, Property, Transition, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Assign,
    Assume,
    Bind,
    Block,
    Choose,
    Const,
    Define,
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
    Statement,
    children,
)
from speccheck.ir.temporals import Formula
from speccheck.ir.types import (
    BoolType,
    EnumType,
    IntType,
    ListType,
    MapType,
    RecordType,
    SetType,
    StrType,
    TupleType,
    Type,
    UnionType,
    UnitType,
)
from speccheck.ir.values import Value, fits
from speccheck.ir.walks import bottom_up, bound_locals, in_order

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Tables:
    """The rows of types and expressions made so far.

    Types that are equal are one row. Expressions are one row a node, or, with `merged`, one row for all
    that read the same: then the document does not tell how a graph was put together.
    """

    def __init__(self, merged: bool) -> None:
        self.types: list[wire.TypeRow] = []
        self.expressions: list[wire.ExprRow] = []
        self._merged: dict[bytes, int] | None = {} if merged else None
        self._types: dict[Type, int] = {}
        self._indices: dict[int, int] = {}
        self._seen: set[int] = set()

    def type(self, type_: Type) -> int:
        """The index of a type, its row made when first asked for."""
        if type_ not in self._types:
            row = self._type_row(type_)
            self._types[type_] = len(self.types)
            self.types.append(row)
        return self._types[type_]

    def _type_row(self, type_: Type) -> wire.TypeRow:
        match type_:
            case IntType():
                return wire.IntRow()
            case BoolType():
                return wire.BoolRow()
            case StrType():
                return wire.StrRow()
            case UnitType():
                return wire.UnitRow()
            case EnumType(name, members):
                return wire.EnumRow(name, members)
            case SetType(element):
                return wire.SetRow(self.type(element))
            case MapType(key, value):
                return wire.MapRow(self.type(key), self.type(value))
            case ListType(element):
                return wire.ListRow(self.type(element))
            case TupleType(items):
                return wire.TupleRow(tuple(map(self.type, items)))
            case RecordType(name, fields):
                return wire.RecordRow(name, tuple((field, self.type(part)) for field, part in fields))
            case UnionType(name, variants):
                return wire.UnionRow(name, tuple((tag, self.type(part)) for tag, part in variants))
            case _:
                assert_never(type_)

    def expression(self, expr: Expr) -> int:
        """The index of an expression, its row and those below it made when first asked for."""
        for node in bottom_up((expr,), self._seen, _referred):
            self._indices[id(node)] = self._added(self._row(node))
        return self._indices[id(expr)]

    def _added(self, row: wire.ExprRow) -> int:
        number = len(self.expressions)
        if self._merged is not None:
            number = self._merged.setdefault(_ENCODER.encode(row), number)
        if number == len(self.expressions):
            self.expressions.append(row)
        return number

    def spans(self, spans: Mapping[int, Span]) -> dict[int, Span]:
        """The spans of expressions, by index."""
        return {index: spans[node] for node, index in self._indices.items() if node in spans}

    def _row(self, node: Expr) -> wire.ExprRow:
        type_ = self.type(node.type)
        match node:
            case Const(_, value):
                return wire.ConstRow(type_, encoded(value, node.type))
            case Param(_, name):
                return wire.ParamRow(type_, name)
            case Read(_, variable, version):
                return wire.ReadRow(type_, variable, version)
            case Local(_, name):
                return wire.LocalRow(type_, name)
            case Apply(_, op, args, attribute):
                return wire.ApplyRow(type_, op, self._all(args), attribute)
            case Bind(_, op, clauses, body):
                ranges = tuple(wire.ClauseRow(self._at(each.local), self._at(each.domain)) for each in clauses)
                return wire.BindRow(type_, op, ranges, self._at(body))  # type: ignore[arg-type]
            case Fold(_, collection, initial, accumulator, items, body):
                over = (self._at(collection), self._at(initial), self._at(accumulator))
                return wire.FoldRow(type_, *over, self._all(items), self._at(body))
            case Let(_, local, value, body):
                return wire.LetRow(type_, self._at(local), self._at(value), self._at(body))
            case Match(_, subject, arms, default):
                rows = tuple(wire.ArmRow(each.tag, self._at(each.local), self._at(each.body)) for each in arms)
                return wire.MatchRow(type_, self._at(subject), rows, None if default is None else self._at(default))
            case Invoke(_, function, args):
                return wire.InvokeRow(type_, function, self._all(args))
            case _:
                assert_never(node)

    def _at(self, node: Expr) -> int:
        return self._indices[id(node)]

    def _all(self, nodes: Iterable[Expr]) -> tuple[int, ...]:
        return tuple(map(self._at, nodes))


def _referred(node: Expr) -> tuple[Expr, ...]:
    return (*bound_locals(node), *children(node))


def encoded(value: Value, type_: Type) -> itf.Itf:
    """A value in ITF encoding; ModelError where it is no value of the type."""
    if not fits(value, type_):
        raise ModelError(f"a value in the model is no value of {type_}")
    return itf.encode(value, type_)


def document(model: Model, *, merged: bool) -> wire.Document:
    """The Model as a document. Raises ModelError for what the form cannot carry, or not within its limits."""
    tables = Tables(merged)
    params = tuple(_variable(each, tables) for each in model.params)
    variables = tuple(_variable(each, tables) for each in model.variables)
    functions = tuple(_function(each, tables) for each in model.functions)
    actions = tuple(_action(each, tables) for each in model.actions)
    initial, step = _transition(model.initial, tables), _transition(model.step, tables)
    properties = tuple(_property(each, tables) for each in model.properties)
    coverages = tuple(_coverage(each, tables) for each in model.coverages)
    types = {each.name: each.type for each in model.params}
    return wire.Document(
        format=FORMAT,
        name=model.name,
        doc=model.doc,
        state=model.state,
        types=tuple(tables.types),
        expressions=tuple(tables.expressions),
        params=params,
        variables=variables,
        functions=functions,
        actions=actions,
        initial=initial,
        step=step,
        properties=properties,
        instances=tuple(_instance(each, types) for each in model.instances),
        bindings=_values(sorted(model.bindings.items()), types),
        instance=model.instance_name,
        spans=_spans(model, tables),
        coverages=coverages,
    )


def _variable(each: Variable, tables: Tables) -> wire.VariableRow:
    return wire.VariableRow(each.name, tables.type(each.type), each.upsert)


def _function(each: Function, tables: Tables) -> wire.FunctionRow:
    return wire.FunctionRow(each.name, tuple(map(tables.expression, each.params)), tables.expression(each.body))


def _action(each: Action, tables: Tables) -> wire.ActionRow:
    params = tuple(map(tables.expression, each.params))
    return wire.ActionRow(each.key, each.name, params, _block(each.block, tables, 1), each.writes, each.doc)


def _transition(each: Transition, tables: Tables) -> wire.TransitionRow:
    return wire.TransitionRow(_block(each.block, tables, 1), each.writes)


def _property(each: Property, tables: Tables) -> wire.PropertyRow:
    body = each.body
    row = formula_row(body, tables.expression) if isinstance(body, Formula) else tables.expression(body)
    return wire.PropertyRow(each.name, each.kind, row, each.doc)


def _coverage(each: Coverage, tables: Tables) -> wire.CoverageRow:
    return wire.CoverageRow(each.name, tables.expression(each.body), each.doc)


def _instance(each: Instance, types: Mapping[str, Type]) -> wire.InstanceRow:
    return wire.InstanceRow(each.name, _values(each.values, types), each.doc)


def _values(values: Iterable[tuple[str, Value]], types: Mapping[str, Type]) -> tuple[wire.ValueRow, ...]:
    values = tuple(values)
    for name, _ in values:
        if name not in types:
            raise ModelError(f"a value is given to {name!r}, which is no parameter of the model")
    return tuple(wire.ValueRow(name, encoded(value, types[name])) for name, value in values)


def _block(block: Block, tables: Tables, depth: int) -> tuple[wire.StatementRow, ...]:
    if depth > MAX_BLOCK_DEPTH:
        raise ModelError(f"blocks are nested deeper than {MAX_BLOCK_DEPTH}")
    return tuple(_statement(each, tables, depth) for each in block)


def _statement(node: Statement, tables: Tables, depth: int) -> wire.StatementRow:
    at = tables.expression
    match node:
        case Assume(condition):
            return wire.AssumeRow(at(condition))
        case Assign(variable, version, value):
            return wire.AssignRow(variable, version, at(value))
        case Define(local, value):
            return wire.DefineRow(at(local), at(value))
        case Choose(local, domain, name):
            return wire.ChooseRow(at(local), at(domain), name)
        case Alternatives(branches, joins):
            rows = tuple(wire.BranchRow(each.name, _block(each.block, tables, depth + 1)) for each in branches)
            return wire.AlternativesRow(rows, tuple(map(_join, joins)))
        case Split(condition, then, otherwise, joins):
            blocks = (_block(then, tables, depth + 1), _block(otherwise, tables, depth + 1))
            return wire.SplitRow(at(condition), *blocks, tuple(map(_join, joins)))
        case Perform(action, args, results):
            given = tuple((each.variable, each.version) for each in results)
            return wire.PerformRow(action, tuple(map(at, args)), given)
        case _:
            assert_never(node)


def _join(each: Join) -> wire.JoinRow:
    return wire.JoinRow(each.variable, each.version, each.sources)


def statements(model: Model) -> Iterator[Statement]:
    """Every statement in the order in which the document has them, which numbers them."""
    for block in (*(action.block for action in model.actions), model.initial.block, model.step.block):
        yield from in_order(block)


def _spans(model: Model, tables: Tables) -> wire.SpansRow:
    if not model.spans:
        return wire.SpansRow()
    of_expressions = tables.spans(model.spans)
    of_statements = {n: model.spans[id(each)] for n, each in enumerate(statements(model)) if id(each) in model.spans}
    files = sorted({span.path for span in (*of_expressions.values(), *of_statements.values())})
    for path in files:
        check_path(path)
    at = {path: number for number, path in enumerate(files)}
    return wire.SpansRow(tuple(files), _places(of_expressions, at), _places(of_statements, at))


def _places(spans: Mapping[int, Span], files: Mapping[str, int]) -> tuple[wire.Place, ...]:
    return tuple((n, files[span.path], span.line, span.column) for n, span in sorted(spans.items()))


def check_path(path: str) -> None:
    """Raise ModelError unless a file's path is relative, printable and stays below where it starts."""
    if not path or not path.isprintable() or path.startswith("/") or "\\" in path or ".." in path.split("/"):
        raise ModelError(f"{path!r} is no relative path to a file of the specification")
