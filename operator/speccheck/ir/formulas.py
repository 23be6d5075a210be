"""Temporal formulas in a Model's JSON form, and back: trees of rows whose expressions stand in the document's table.

Takes formulas or rows as they are; whether a formula means anything is for `ir.verify`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from speccheck.errors import ModelError
from speccheck.ir import wire
from speccheck.ir.limits import MAX_FORMULA_DEPTH
from speccheck.ir.nodes import Clause, Expr
from speccheck.ir.rows import Rows
from speccheck.ir.temporals import (
    Enabled,
    Fairness,
    Formula,
    Junction,
    LeadsTo,
    Modality,
    Negation,
    Now,
    Occurrence,
    Quantifier,
)


def formula_row(node: Formula, at: Callable[[Expr], int], depth: int = 1) -> wire.FormulaRow:
    """The row of a formula; `at` gives the index of an expression. ModelError where it is nested too deeply."""
    if depth > MAX_FORMULA_DEPTH:
        raise ModelError(f"temporal operators are nested deeper than {MAX_FORMULA_DEPTH}")

    def row(below: Formula) -> wire.FormulaRow:
        return formula_row(below, at, depth + 1)

    match node:
        case Now(predicate):
            return wire.NowRow(at(predicate))
        case Negation(operand):
            return wire.NegationRow(row(operand))
        case Junction(op, operands):
            return wire.JunctionRow(op, tuple(map(row, operands)))
        case Modality(op, operand):
            return wire.ModalityRow(op, row(operand))
        case LeadsTo(premise, conclusion):
            return wire.LeadsToRow(row(premise), row(conclusion))
        case Quantifier(op, clauses, body):
            ranges = tuple(wire.ClauseRow(at(each.local), at(each.domain)) for each in clauses)
            return wire.QuantifierRow(op, ranges, row(body))
        case Enabled(occurrence):
            return wire.EnabledRow(occurrence.action, tuple(map(at, occurrence.args)))
        case Fairness(op, occurrence, variables):
            return wire.FairnessRow(op, occurrence.action, tuple(map(at, occurrence.args)), variables)
        case _:
            assert_never(node)


def formula_of(row: wire.FormulaRow, rows: Rows, place: str, depth: int = 1) -> Formula:
    """The formula of a row. Raises ModelError that names the place."""
    if depth > MAX_FORMULA_DEPTH:
        raise ModelError(f"{place}: temporal operators are nested deeper than {MAX_FORMULA_DEPTH}")

    def made(below: wire.FormulaRow) -> Formula:
        return formula_of(below, rows, place, depth + 1)

    match row:
        case wire.NowRow(predicate):
            return Now(rows.expression(predicate, place))
        case wire.NegationRow(operand):
            return Negation(made(operand))
        case wire.JunctionRow(op, operands):
            return Junction(op, tuple(map(made, operands)))
        case wire.ModalityRow(op, operand):
            return Modality(op, made(operand))
        case wire.LeadsToRow(premise, conclusion):
            return LeadsTo(made(premise), made(conclusion))
        case wire.QuantifierRow(quantifier, clauses, body):
            ranges = tuple(Clause(rows.local(c.local, place), rows.expression(c.domain, place)) for c in clauses)
            return Quantifier(quantifier, ranges, made(body))
        case wire.EnabledRow(action, args):
            return Enabled(Occurrence(action, rows.expressions(args, place)))
        case wire.FairnessRow(strength, action, args, variables):
            return Fairness(strength, Occurrence(action, rows.expressions(args, place)), variables)
        case _:
            assert_never(row)
