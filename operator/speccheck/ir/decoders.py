"""From the structures of the JSON form to a Model, trusting none of them.

Takes an `ir.wire.Document` and gives a Model, or a ModelError that names the row. Whether types agree, names
are known and scopes are kept is for `ir.verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from speccheck.errors import ModelError, Span
from speccheck.ir import wire
from speccheck.ir.encoders import check_path, statements
from speccheck.ir.formulas import formula_of
from speccheck.ir.literals import shown
from speccheck.ir.models import Action, Coverage, Function, Instance, Model, Property, Transition, Variable
from speccheck.ir.rows import Rows, decoded
from speccheck.ir.types import Type
from speccheck.ir.values import Value


def model_of(document: wire.Document) -> Model:
    """The Model that a document holds. Raises ModelError naming the first row that is wrong."""
    rows = Rows(document)
    types = {each.name: rows.type(each.type, "params") for each in document.params}
    bindings = _values(document.bindings, types, "bindings")
    model = Model(
        name=document.name,
        doc=document.doc,
        state=document.state,
        params=_all(document.params, "params", rows, _variable),
        variables=_all(document.variables, "variables", rows, _variable),
        functions=_all(document.functions, "functions", rows, _function),
        actions=_all(document.actions, "actions", rows, _action),
        initial=_transition(document.initial, rows, "initial"),
        step=_transition(document.step, rows, "step"),
        properties=_all(document.properties, "properties", rows, _property),
        instances=tuple(_instance(each, types, f"instances[{n}]") for n, each in enumerate(document.instances)),
        bindings=dict(bindings),
        instance_name=document.instance,
        coverages=_all(document.coverages, "coverages", rows, _coverage),
    )
    return replace(model, spans=_spans(document.spans, rows, model))


_Row = TypeVar("_Row")
_Made = TypeVar("_Made")


def _all(
    found: tuple[_Row, ...], place: str, rows: Rows, made: Callable[[_Row, Rows, str], _Made]
) -> tuple[_Made, ...]:
    return tuple(made(each, rows, f"{place}[{number}]") for number, each in enumerate(found))


def _variable(row: wire.VariableRow, rows: Rows, place: str) -> Variable:
    return Variable(row.name, rows.type(row.type, place), row.upsert)


def _function(row: wire.FunctionRow, rows: Rows, place: str) -> Function:
    return Function(row.name, rows.locals(row.params, place), rows.expression(row.body, place))


def _action(row: wire.ActionRow, rows: Rows, place: str) -> Action:
    block = rows.block(row.block, place)
    return Action(row.key, row.name, rows.locals(row.params, place), block, row.writes, row.doc)


def _transition(row: wire.TransitionRow, rows: Rows, place: str) -> Transition:
    return Transition(rows.block(row.block, place), row.writes)


def _property(row: wire.PropertyRow, rows: Rows, place: str) -> Property:
    body = rows.expression(row.body, place) if isinstance(row.body, int) else formula_of(row.body, rows, place)
    return Property(row.name, row.kind, body, row.doc)


def _coverage(row: wire.CoverageRow, rows: Rows, place: str) -> Coverage:
    return Coverage(row.name, rows.expression(row.body, place), row.doc)


def _instance(row: wire.InstanceRow, types: Mapping[str, Type], place: str) -> Instance:
    return Instance(row.name, _values(row.values, types, place), row.doc)


def _values(rows: tuple[wire.ValueRow, ...], types: Mapping[str, Type], place: str) -> tuple[tuple[str, Value], ...]:
    found: dict[str, Value] = {}
    for row in rows:
        if row.name not in types:
            raise ModelError(f"{place}: there is no parameter {shown(row.name[:60])}")
        if row.name in found:
            raise ModelError(f"{place}: parameter {shown(row.name)} has two values")
        found[row.name] = decoded(row.value, types[row.name], f"{place}.{row.name}")
    return tuple(found.items())


def _spans(table: wire.SpansRow, rows: Rows, model: Model) -> dict[int, Span]:
    for path in table.files:
        check_path(path)
    numbered = list(statements(model)) if table.statements else []
    spans: dict[int, Span] = {}
    for index, file, line, column in table.expressions:
        spans[id(rows.expression(index, "spans.expressions"))] = _span(table.files, file, line, column)
    for index, file, line, column in table.statements:
        if index >= len(numbered):
            raise ModelError(f"spans.statements: there is no statement {index}")
        spans[id(numbered[index])] = _span(table.files, file, line, column)
    return spans


def _span(files: tuple[str, ...], file: int, line: int, column: int) -> Span:
    if file >= len(files):
        raise ModelError(f"spans: there is no files[{file}]")
    return Span(files[file], line, column)
