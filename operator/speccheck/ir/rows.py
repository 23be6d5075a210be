"""The tables of a document, read from the front: types, expressions and the blocks of statements over them.

Takes rows whose fields have the right JSON types and trusts nothing else of them. A row refers to earlier rows
only, so graphs have no cycles and nothing recurses over expressions. Raises ModelError that names the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from speccheck.errors import ModelError
from speccheck.ir import itf, wire
from speccheck.ir.limits import MAX_BLOCK_DEPTH, MAX_EXPRESSION_DEPTH, MAX_TYPE_DEPTH, MAX_TYPE_SIZE
from speccheck.ir.literals import shown
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
    Statement,
    children,
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
from speccheck.ir.values import Value


class Rows:
    """The types and expressions of a document, by index."""

    def __init__(self, document: wire.Document) -> None:
        self._types: list[Type] = []
        self._extents: list[tuple[int, int]] = []
        self._type_rows: set[wire.TypeRow] = set()
        self._expressions: list[Expr] = []
        self._depths: dict[int, int] = {}
        for number, type_row in enumerate(document.types):
            self._add_type(type_row, f"types[{number}]")
        for number, row in enumerate(document.expressions):
            self._add_expression(row, f"expressions[{number}]")

    # --- types ---------------------------------------------------------------------------------------

    def type(self, index: int, place: str) -> Type:
        """The type of that index; ModelError where there is none, or none yet."""
        if index >= len(self._types):
            raise ModelError(f"{place}: there is no types[{index}] before it")
        return self._types[index]

    def _add_type(self, row: wire.TypeRow, place: str) -> None:
        made = self._made_type(row, place)
        below = [self._extents[index] for index in _type_indices(row)]
        depth = 1 + max((depth for depth, _ in below), default=0)
        size = 1 + sum(size for _, size in below)
        if depth > MAX_TYPE_DEPTH or size > MAX_TYPE_SIZE:
            raise ModelError(
                f"{place}: a type of depth {depth} and size {size} (at most {MAX_TYPE_DEPTH}, {MAX_TYPE_SIZE})"
            )
        if row in self._type_rows:
            raise ModelError(f"{place}: this type is in the table already")
        self._type_rows.add(row)
        self._types.append(made)
        self._extents.append((depth, size))

    def _made_type(self, row: wire.TypeRow, place: str) -> Type:
        below = [self.type(index, place) for index in _type_indices(row)]
        match row:
            case wire.IntRow():
                return INT
            case wire.BoolRow():
                return BOOL
            case wire.StrRow():
                return STR
            case wire.UnitRow():
                return UNIT
            case wire.EnumRow(name, members):
                return EnumType(name, members)
            case wire.SetRow():
                return SetType(*below)
            case wire.MapRow():
                return MapType(*below)
            case wire.ListRow():
                return ListType(*below)
            case wire.TupleRow():
                return TupleType(tuple(below))
            case wire.RecordRow(name, fields):
                return RecordType(name, tuple((field, type_) for (field, _), type_ in zip(fields, below, strict=True)))
            case wire.UnionRow(name, variants):
                return UnionType(name, tuple((tag, type_) for (tag, _), type_ in zip(variants, below, strict=True)))
            case _:
                assert_never(row)

    # --- expressions ---------------------------------------------------------------------------------

    def expression(self, index: int, place: str) -> Expr:
        """The expression of that index; ModelError where there is none, or none yet."""
        if index >= len(self._expressions):
            raise ModelError(f"{place}: there is no expressions[{index}] before it")
        return self._expressions[index]

    def expressions(self, indices: Iterable[int], place: str) -> tuple[Expr, ...]:
        """The expressions of those indices."""
        return tuple(self.expression(index, place) for index in indices)

    def local(self, index: int, place: str) -> Local:
        """The local of that index; ModelError where another expression is there."""
        found = self.expression(index, place)
        if not isinstance(found, Local):
            raise ModelError(f"{place}: expressions[{index}] should be a local")
        return found

    def locals(self, indices: Iterable[int], place: str) -> tuple[Local, ...]:
        """The locals of those indices."""
        return tuple(self.local(index, place) for index in indices)

    def _add_expression(self, row: wire.ExprRow, place: str) -> None:
        node = self._made_expression(row, self.type(row.type, place), place)
        depth = 1 + max((self._depths[id(child)] for child in children(node)), default=0)
        if depth > MAX_EXPRESSION_DEPTH:
            raise ModelError(f"{place}: an expression is nested deeper than {MAX_EXPRESSION_DEPTH}")
        self._depths[id(node)] = depth
        self._expressions.append(node)

    def _made_expression(self, row: wire.ExprRow, type_: Type, place: str) -> Expr:
        match row:
            case wire.ConstRow(_, value):
                return Const(type_, decoded(value, type_, f"{place}.value"))
            case wire.ParamRow(_, name):
                return Param(type_, name)
            case wire.ReadRow(_, variable, version):
                return Read(type_, variable, version)
            case wire.LocalRow(_, name):
                return Local(type_, name)
            case wire.ApplyRow(_, op, args, attribute):
                if op not in OPS:
                    raise ModelError(f"{place}: there is no operation {shown(op[:60])}")
                return Apply(type_, op, self.expressions(args, place), attribute)
            case wire.BindRow(_, op, clauses, body):
                ranges = (Clause(self.local(c.local, place), self.expression(c.domain, place)) for c in clauses)
                return Bind(type_, op, tuple(ranges), self.expression(body, place))
            case wire.FoldRow(_, collection, initial, accumulator, items, body):
                over, start, end = self.expressions((collection, initial, body), place)
                return Fold(type_, over, start, self.local(accumulator, place), self.locals(items, place), end)
            case wire.LetRow(_, local, value, body):
                return Let(type_, self.local(local, place), *self.expressions((value, body), place))
            case wire.MatchRow(_, subject, arms, default):
                cases = (Arm(a.tag, self.local(a.local, place), self.expression(a.body, place)) for a in arms)
                rest = None if default is None else self.expression(default, place)
                return Match(type_, self.expression(subject, place), tuple(cases), rest)
            case wire.InvokeRow(_, function, args):
                return Invoke(type_, function, self.expressions(args, place))
            case _:
                assert_never(row)

    # --- statements ----------------------------------------------------------------------------------

    def block(self, rows: tuple[wire.StatementRow, ...], place: str, depth: int = 1) -> Block:
        """The statements of a block, with those inside them."""
        if depth > MAX_BLOCK_DEPTH:
            raise ModelError(f"{place}: blocks are nested deeper than {MAX_BLOCK_DEPTH}")
        return tuple(self._statement(row, place, depth) for row in rows)

    def _statement(self, row: wire.StatementRow, place: str, depth: int) -> Statement:
        match row:
            case wire.AssumeRow(condition):
                return Assume(self.expression(condition, place))
            case wire.AssignRow(variable, version, value):
                return Assign(variable, version, self.expression(value, place))
            case wire.DefineRow(local, value):
                return Define(self.local(local, place), self.expression(value, place))
            case wire.ChooseRow(local, domain, name):
                return Choose(self.local(local, place), self.expression(domain, place), name)
            case wire.AlternativesRow(branches, joins):
                made = tuple(Branch(each.name, self.block(each.block, place, depth + 1)) for each in branches)
                return Alternatives(made, _joins(joins))
            case wire.SplitRow(condition, then, otherwise, joins):
                test = self.expression(condition, place)
                blocks = (self.block(then, place, depth + 1), self.block(otherwise, place, depth + 1))
                return Split(test, *blocks, _joins(joins))
            case wire.PerformRow(action, args, results):
                return Perform(action, self.expressions(args, place), tuple(Defined(*each) for each in results))
            case _:
                assert_never(row)


def _type_indices(row: wire.TypeRow) -> tuple[int, ...]:
    match row:
        case wire.SetRow(element) | wire.ListRow(element):
            return (element,)
        case wire.MapRow(key, value):
            return (key, value)
        case wire.TupleRow(items):
            return items
        case wire.RecordRow(_, named) | wire.UnionRow(_, named):
            return tuple(index for _, index in named)
        case _:
            return ()


def _joins(rows: tuple[wire.JoinRow, ...]) -> tuple[Join, ...]:
    return tuple(Join(row.variable, row.version, row.sources) for row in rows)


def decoded(value: itf.Itf, type_: Type, place: str) -> Value:
    """A value from its ITF encoding; ModelError that names the place."""
    try:
        return itf.decode(value, type_)
    except ModelError as error:
        raise ModelError(f"{place}: {error}") from None
