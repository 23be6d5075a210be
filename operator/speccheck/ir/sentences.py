"""How temporal formulas read: as their author would write them, in pieces of text.

Takes one formula and gives what stands before and after the formulas below it, or the whole of it on one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from speccheck.ir.literals import shown
from speccheck.ir.nodes import Clause
from speccheck.ir.pieces import Level, Piece, Slot, Style, separated
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
    operands,
)

_JUNCTIONS = {"and": "AndT", "or": "OrT", "implies": "ImpliesT"}
_MODALITIES = {"always": "Always", "eventually": "Eventually"}
_QUANTIFIERS = {"forall": "Forall", "exists": "Exists"}
_FAIRNESS = {"weak": "WeakFair", "strong": "StrongFair"}


def sentence(node: Formula, style: Style) -> tuple[Piece, ...]:
    """The whole formula."""
    before, after = ends(node, style)
    return (*before, *separated(sentence(each, style) for each in operands(node)), *after)


def ends(node: Formula, style: Style) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What stands before the formulas below a formula, and what after them."""
    match node:
        case Now(predicate):
            return (Slot(predicate, Level.IMPLICATION),), ()
        case Negation():
            return ("NotT(",), (")",)
        case Junction(op):
            return (f"{_JUNCTIONS[op]}(",), (")",)
        case Modality(op):
            return (f"{_MODALITIES[op]}(",), (")",)
        case LeadsTo():
            return ("LeadsTo(",), (")",)
        case Quantifier(op, clauses):
            return (f"{_QUANTIFIERS[op]}(",), (*_ranges(clauses, style), ")")
        case Enabled(occurrence):
            return (*_call("Enabled", occurrence, ()), ")"), ()
        case Fairness(op, occurrence, variables):
            return (*_call(_FAIRNESS[op], occurrence, variables), ")"), ()
        case _:
            assert_never(node)


def _ranges(clauses: tuple[Clause, ...], style: Style) -> Iterable[Piece]:
    for each in clauses:
        yield f" for {style.local(each.local.name)} in "
        yield Slot(each.domain, Level.IMPLICATION)


def _call(name: str, occurrence: Occurrence, variables: tuple[str, ...]) -> tuple[Piece, ...]:
    items: list[tuple[Piece, ...]] = [(shown(occurrence.action),)]
    items += [(Slot(arg, Level.IMPLICATION),) for arg in occurrence.args]
    if variables:
        items.append((f"vars=({', '.join(f's.{shown(v)}' for v in variables)}{',' * (len(variables) == 1)})",))
    return (f"{name}(", *separated(items))
