"""The nodes of temporal formulas: what a property says of whole behaviours.

A behaviour is an infinite sequence of states in which each two neighbours are one step apart or equal (stuttering is
always allowed; a state without a step is repeated for ever). The operators mean what they mean in Lamport's Temporal
Logic of Actions ("The temporal logic of actions", ACM TOPLAS 16(3), 1994). At the leaves stand ordinary expressions,
whose reads are of version 0. Formulas are trees; nodes compare by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from speccheck.ir.nodes import Clause, Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Now:
    """A predicate of the state that a behaviour is in: a bool. It is evaluated in every reachable state."""

    predicate: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Negation:
    """The operand does not hold."""

    operand: Formula


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Junction:
    """All operands hold, or one of them; `implies` has two."""

    op: Literal["and", "or", "implies"]
    operands: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Modality:
    """The operand holds of every suffix of the behaviour, or of some."""

    op: Literal["always", "eventually"]
    operand: Formula


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LeadsTo:
    """Whenever the premise holds, the conclusion holds then or later."""

    premise: Formula
    conclusion: Formula


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quantifier:
    """The body holds for all or for some elements; the domains read no variable, so they are constant in a run."""

    op: Literal["forall", "exists"]
    clauses: tuple[Clause, ...]
    body: Formula


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Occurrence:
    """A whole step whose label contains the named action with these arguments, evaluated where the step begins."""

    action: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Enabled:
    """The state that a behaviour is in has such a step, whether it changes anything or not."""

    occurrence: Occurrence


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fairness:
    """Of such steps that change one of the variables (all variables where none is listed).

    weak: they are infinitely often not possible, or infinitely often taken;
    strong: they are from some point on never possible, or infinitely often taken.
    """

    op: Literal["weak", "strong"]
    occurrence: Occurrence
    variables: tuple[str, ...] = ()


Formula: TypeAlias = Now | Negation | Junction | Modality | LeadsTo | Quantifier | Enabled | Fairness


def operands(node: Formula) -> tuple[Formula, ...]:
    """The formulas directly below a formula, in reading order."""
    match node:
        case Now() | Enabled() | Fairness():
            return ()
        case Negation(operand) | Modality(_, operand) | Quantifier(_, _, operand):
            return (operand,)
        case Junction(_, found):
            return found
        case LeadsTo(premise, conclusion):
            return (premise, conclusion)
        case _:
            assert_never(node)


def leaves(node: Formula) -> tuple[Expr, ...]:
    """The expressions directly in a formula, in reading order."""
    match node:
        case Now(predicate):
            return (predicate,)
        case Quantifier(_, clauses):
            return tuple(clause.domain for clause in clauses)
        case Enabled(occurrence) | Fairness(_, occurrence):
            return occurrence.args
        case Negation() | Junction() | Modality() | LeadsTo():
            return ()
        case _:
            assert_never(node)


def formulas(root: Formula) -> Iterator[Formula]:
    """A formula and all below it, outer before inner, in reading order."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(operands(node)))


def formula_expressions(root: Formula) -> tuple[Expr, ...]:
    """Every expression that stands in a formula, in reading order."""
    return tuple(expr for node in formulas(root) for expr in leaves(node))


def occurrences(root: Formula) -> Iterator[Occurrence]:
    """Every occurrence of a named action that a formula speaks of, in reading order."""
    for node in formulas(root):
        match node:
            case Enabled(occurrence) | Fairness(_, occurrence):
                yield occurrence
            case _:
                pass
