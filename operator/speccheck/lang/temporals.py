"""Temporal formulas as authors hold them, and the operators that make them.

Takes formulas and bool expressions, which stand for themselves at this moment of a behaviour; gives formulas.
Fairness and `Enabled`, which speak of actions, are in `lang.fairness`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NoReturn

from speccheck.ir.limits import MAX_FORMULA_DEPTH, MAX_FORMULA_SIZE
from speccheck.ir.nodes import Clause, Read
from speccheck.ir.temporals import Formula, Junction, Modality, Negation, Now, Quantifier
from speccheck.ir.temporals import LeadsTo as LeadsToNode
from speccheck.ir.types import BOOL
from speccheck.ir.walks import bottom_up
from speccheck.lang.binders import Drawn
from speccheck.lang.exprs import apply, lift, node_of, wrap
from speccheck.lang.spans import span_of, spec_error


class TemporalExpr:
    """A formula about behaviours: true or false of a whole run, not of a state."""

    __slots__ = ("_depth", "_formula", "_size")

    def __init__(self, formula: Formula, below: tuple[TemporalExpr, ...] = ()) -> None:
        self._formula = formula
        self._depth: int = 1 + max((each._depth for each in below), default=0)
        self._size: int = 1 + sum(each._size for each in below)
        if self._depth > MAX_FORMULA_DEPTH or self._size > MAX_FORMULA_SIZE:
            raise spec_error(
                "formula-too-large",
                f"temporal operators nested {self._depth} deep, {self._size} in all "
                f"(at most {MAX_FORMULA_DEPTH} and {MAX_FORMULA_SIZE})",
                "write Forall(… for x in S) over a set instead of one formula an element, or several properties",
            )

    def __and__(self, other: object) -> TemporalExpr:
        return AndT(self, other)

    def __rand__(self, other: object) -> TemporalExpr:
        return AndT(other, self)

    def __or__(self, other: object) -> TemporalExpr:
        return OrT(self, other)

    def __ror__(self, other: object) -> TemporalExpr:
        return OrT(other, self)

    def __invert__(self) -> TemporalExpr:
        return NotT(self)

    def and_(self, other: object) -> TemporalExpr:
        """Both hold."""
        return AndT(self, other)

    def or_(self, other: object) -> TemporalExpr:
        """One of them holds."""
        return OrT(self, other)

    def implies(self, other: object) -> TemporalExpr:
        """The other holds where this does."""
        return ImpliesT(self, other)

    def __bool__(self) -> bool:
        raise spec_error(
            "bool-of-temporal",
            "a temporal formula has no truth value while the specification is captured",
            "join formulas with AndT(a, b), OrT(a, b), NotT(a), ImpliesT(a, b), or a & b, a | b, ~a",
        )

    def __eq__(self, other: object) -> Any:
        raise self._no_value()

    __ne__ = __eq__

    def __hash__(self) -> int:
        raise self._no_value()

    def __iter__(self) -> NoReturn:
        raise self._no_value()

    @property
    def _node(self) -> NoReturn:
        raise self._no_value()

    def __as_expr__(self) -> NoReturn:
        raise self._no_value()

    @staticmethod
    def _no_value() -> Exception:
        return spec_error(
            "temporal-as-value",
            "a temporal formula stands where a value or a bool of one state is wanted",
            "join temporal formulas with AndT, OrT, NotT, ImpliesT (or &, |, ~), not with And, Or, Not, Implies, Ite; "
            "quantify with Forall(… for x in S)",
        )

    def __repr__(self) -> str:
        return "<TemporalExpr>"


def temporal(value: object) -> TemporalExpr:
    """A formula, or what a bool says of the present state. Raises SpecError for anything else."""
    if isinstance(value, TemporalExpr):
        return value
    return TemporalExpr(Now(node_of(lift(value, BOOL))))


def formula_of(expr: TemporalExpr) -> Formula:
    """The IR's formula."""
    return expr._formula


def Always(formula: object) -> TemporalExpr:
    """It holds now and at every later moment."""
    return _modality("always", formula)


def Eventually(formula: object) -> TemporalExpr:
    """It holds now or at some later moment."""
    return _modality("eventually", formula)


def _modality(op: Literal["always", "eventually"], formula: object) -> TemporalExpr:
    inner = temporal(formula)
    return TemporalExpr(Modality(op, inner._formula), (inner,))


def LeadsTo(premise: object, conclusion: object) -> TemporalExpr:
    """Whenever the premise holds, the conclusion holds then or later."""
    first, second = temporal(premise), temporal(conclusion)
    return TemporalExpr(LeadsToNode(first._formula, second._formula), (first, second))


def AndT(*formulas: object) -> TemporalExpr:
    """All hold. `AndT()` holds."""
    return _junction("and", formulas)


def OrT(*formulas: object) -> TemporalExpr:
    """One holds. `OrT()` does not hold."""
    return _junction("or", formulas)


def ImpliesT(premise: object, conclusion: object) -> TemporalExpr:
    """The conclusion holds where the premise does."""
    return _junction("implies", (premise, conclusion))


def NotT(formula: object) -> TemporalExpr:
    """It does not hold."""
    inner = temporal(formula)
    if isinstance(inner._formula, Now):
        return temporal(apply("not", wrap(inner._formula.predicate)))
    return TemporalExpr(Negation(inner._formula), (inner,))


def _junction(op: Literal["and", "or", "implies"], formulas: tuple[object, ...]) -> TemporalExpr:
    """Formulas that are all of the present state stay one predicate, as lazy as And, Or and Implies are."""
    parts = tuple(map(temporal, formulas))
    if len(parts) == 1:
        return parts[0]
    predicates = [each._formula.predicate for each in parts if isinstance(each._formula, Now)]
    if parts and len(predicates) == len(parts):
        return temporal(apply(op, *map(wrap, predicates)))
    return TemporalExpr(Junction(op, tuple(each._formula for each in parts)), parts)


def quantified(op: Literal["forall", "exists"], drawn: list[Drawn]) -> TemporalExpr:
    """`Forall` or `Exists` of what was drawn from a generator that yields temporal formulas."""
    parts = []
    for each in drawn:
        body = temporal(each.body)
        if each.guard is not None:
            body = ImpliesT(each.guard, body) if op == "forall" else AndT(each.guard, body)
        if each.clauses:
            for clause in each.clauses:
                _constant(clause)
            body = TemporalExpr(Quantifier(op, each.clauses, body._formula), (body,))
        parts.append(body)
    return _junction("and" if op == "forall" else "or", tuple(parts))


def _constant(clause: Clause) -> None:
    reads = [node for node in bottom_up([clause.domain], set()) if isinstance(node, Read)]
    if reads:
        raise spec_error(
            "temporal-domain",
            f"a temporal formula ranges over a set that changes from step to step: it reads {reads[0].variable!r}",
            "range over what is fixed in a run (a parameter, Interval(lo, hi)) and say in the body when an element "
            "counts: Forall(LeadsTo(x.in_(s.S), p(x)) for x in s.ALL)",
            span=span_of(reads[0]),
        )


def holds_temporal(drawn: list[Drawn]) -> bool:
    """Whether a generator yields temporal formulas."""
    return any(isinstance(each.body, TemporalExpr) for each in drawn)


def conjunction(plain: Callable[..., Any], *operands: Any) -> Any:
    """`AndT` where an operand is a temporal formula, else what `plain` makes of them."""
    return AndT(*operands) if any(isinstance(o, TemporalExpr) for o in operands) else plain(*operands)


def disjunction(plain: Callable[..., Any], *operands: Any) -> Any:
    """`OrT` where an operand is a temporal formula, else what `plain` makes of them."""
    return OrT(*operands) if any(isinstance(o, TemporalExpr) for o in operands) else plain(*operands)
