"""Expressions of the scalar types: int, bool, str, enum, Unit."""

from __future__ import annotations

from typing import Any

from speccheck.ir.types import BOOL, INT, BoolType, EnumType, IntType, StrType, UnitType
from speccheck.lang.exprs import Expr, apply, lift
from speccheck.lang.spans import spec_error
from speccheck.lang.temporals import ImpliesT, TemporalExpr


def _int(op: str) -> Any:
    return lambda self, other: apply(op, self, lift(other, INT))


def _reversed_int(op: str) -> Any:
    return lambda self, other: apply(op, lift(other, INT), self)


class IntExpr(Expr, types=(IntType,)):
    """An unbounded integer. `/` and `//` are floor division, `%` is Python's."""

    __slots__ = ()

    __add__, __radd__ = _int("add"), _reversed_int("add")
    __sub__, __rsub__ = _int("sub"), _reversed_int("sub")
    __mul__, __rmul__ = _int("mul"), _reversed_int("mul")
    __truediv__, __rtruediv__ = _int("floordiv"), _reversed_int("floordiv")
    __floordiv__, __rfloordiv__ = _int("floordiv"), _reversed_int("floordiv")
    __mod__, __rmod__ = _int("mod"), _reversed_int("mod")
    __pow__, __rpow__ = _int("pow"), _reversed_int("pow")
    __lt__, __le__, __gt__, __ge__ = _int("lt"), _int("le"), _int("gt"), _int("ge")

    def __neg__(self) -> Any:
        return apply("neg", self)

    def __pos__(self) -> Any:
        return self

    def upto(self, high: object) -> Any:
        """The set of integers from this one to `high`, both included."""
        return apply("interval", self, lift(high, INT))


class BoolExpr(Expr, types=(BoolType,)):
    """A boolean. `&`, `|` and `implies` are lazy, left to right."""

    __slots__ = ()

    def __and__(self, other: object) -> Any:
        return NotImplemented if isinstance(other, TemporalExpr) else apply("and", self, lift(other, BOOL))

    def __rand__(self, other: object) -> Any:
        return apply("and", lift(other, BOOL), self)

    def __or__(self, other: object) -> Any:
        return NotImplemented if isinstance(other, TemporalExpr) else apply("or", self, lift(other, BOOL))

    def __ror__(self, other: object) -> Any:
        return apply("or", lift(other, BOOL), self)

    def __invert__(self) -> Any:
        return apply("not", self)

    def and_(self, other: object) -> Any:
        """Both hold."""
        return self & other

    def or_(self, other: object) -> Any:
        """One of them holds."""
        return self | other

    def implies(self, other: object) -> Any:
        """The other holds where this does."""
        if isinstance(other, TemporalExpr):
            return ImpliesT(self, other)
        return apply("implies", self, lift(other, BOOL))


class StrExpr(Expr, types=(StrType,)):
    """A text: equality only."""

    __slots__ = ()


class EnumExpr(Expr, types=(EnumType,)):
    """A member of an enum: equality only."""

    __slots__ = ()


class UnitExpr(Expr, types=(UnitType,)):
    """The one value of Unit."""

    __slots__ = ()


def index(value: object) -> Any:
    """A list index as an int expression; SpecError where it is not an int."""
    if isinstance(value, slice):
        raise spec_error("slice", "a slice cannot be assigned", "build the list: l[:i] + List(v) + l[i + 1:]")
    return lift(value, INT, "an index of a list")
