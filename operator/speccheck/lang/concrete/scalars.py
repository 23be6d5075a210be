"""Concrete scalars: integers, booleans, texts, enum members, Unit; and what every concrete value has in common.

Written naively on Python's own data, on purpose: nothing here knows `ir.ops` or the evaluation of expressions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from speccheck.errors import EvaluationError
from speccheck.lang.concrete.undefined import Undefined, strict


class Concrete:
    """What every concrete value has.

    `raw` converts what an author wrote, `typed` to a type that is known (both set by
    `conversions`), `captured` gives the value of an expression without state (set by `expressions`).
    """

    __slots__ = ()
    raw: ClassVar[Callable[[object], Any]]
    typed: ClassVar[Callable[[object, Any], Any]]
    captured: ClassVar[Callable[[Any], Any]]
    interval: ClassVar[Callable[[int, int], Any]]

    def if_(self, condition: object) -> Conditional:
        """`a.if_(c).else_(b)`: a where c holds, b where it does not."""
        return Conditional(self, condition)

    def in_(self, domain: object) -> Any:
        """Whether this value is an element of a set or list."""
        return Concrete.raw(domain).contains(self)


class Conditional:
    """The first half of `a.if_(c).else_(b)`."""

    def __init__(self, then: object, condition: object) -> None:
        self._then = then
        self._condition = condition

    def else_(self, otherwise: object) -> Any:
        """The value that the condition says."""
        return choice(self._condition, self._then, otherwise)


def choice(condition: object, then: object, otherwise: object) -> Any:
    """The one or the other, where the condition has a value."""
    if isinstance(condition, Undefined):
        return condition
    return Concrete.raw(then if condition else otherwise)


def _then(value: Undefined, condition: object) -> Conditional:
    return Conditional(value, condition)


Undefined.if_ = _then  # type: ignore[attr-defined]


class Bool(Concrete):
    """False or True, with a truth value of its own. `&`, `|` and `implies` are lazy, left to right."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = bool(value)

    def __bool__(self) -> bool:
        return self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return repr(self._value)

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(isinstance(other, bool | Bool) and self._value is bool(other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    def __and__(self, other: object) -> Any:
        return Concrete.raw(other) if self._value else self

    def __rand__(self, other: object) -> Any:
        return self if other else Bool(False)

    def __or__(self, other: object) -> Any:
        return self if self._value else Concrete.raw(other)

    def __ror__(self, other: object) -> Any:
        return Bool(True) if other else self

    def __invert__(self) -> Bool:
        return Bool(not self._value)

    and_ = __and__
    or_ = __or__

    def implies(self, other: object) -> Any:
        """The other holds where this does."""
        return Concrete.raw(other) if self._value else Bool(True)


def _divided(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("division by zero")
    return a // b


def _remainder(a: int, b: int) -> int:
    if b == 0:
        raise EvaluationError("modulo by zero")
    return a % b


def _power(a: int, b: int) -> int:
    if b < 0:
        raise EvaluationError(f"negative exponent {b}")
    return int(a**b)


def _makes_int(operation: Callable[[int, int], int]) -> Any:
    return strict(lambda self, other: Int(operation(int(self), operator.index(other))))


def _makes_int_reversed(operation: Callable[[int, int], int]) -> Any:
    return strict(lambda self, other: Int(operation(operator.index(other), int(self))))


def _compares(operation: Callable[[int, int], bool]) -> Any:
    return strict(lambda self, other: Bool(operation(int(self), operator.index(other))))


class Int(int, Concrete):
    """An integer: `/` and `//` are floor division."""

    __slots__ = ()

    __add__, __radd__ = _makes_int(operator.add), _makes_int_reversed(operator.add)
    __sub__, __rsub__ = _makes_int(operator.sub), _makes_int_reversed(operator.sub)
    __mul__, __rmul__ = _makes_int(operator.mul), _makes_int_reversed(operator.mul)
    __truediv__, __rtruediv__ = _makes_int(_divided), _makes_int_reversed(_divided)
    __floordiv__, __rfloordiv__ = _makes_int(_divided), _makes_int_reversed(_divided)
    __mod__, __rmod__ = _makes_int(_remainder), _makes_int_reversed(_remainder)
    __pow__, __rpow__ = _makes_int(_power), _makes_int_reversed(_power)
    __lt__, __le__ = _compares(operator.lt), _compares(operator.le)
    __gt__, __ge__ = _compares(operator.gt), _compares(operator.ge)

    def __neg__(self) -> Int:
        return Int(-int(self))

    def __pos__(self) -> Int:
        return self

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(isinstance(other, int) and int(self) == int(other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    __hash__ = int.__hash__

    @strict
    def upto(self, high: int) -> Any:
        """The set of integers from this one to `high`, both included."""
        return Concrete.interval(int(self), int(high))


class Str(str, Concrete):
    """A text: equality only."""

    __slots__ = ()

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(isinstance(other, str) and str(self) == str(other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return str.__str__(self)


class Member(Concrete):
    """A member of an author's enum: equality only, with the member itself too."""

    __slots__ = ("member",)

    def __init__(self, member: Enum) -> None:
        self.member = member

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.member is (other.member if isinstance(other, Member) else other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    def __hash__(self) -> int:
        return hash(self.member)

    def __repr__(self) -> str:
        return str(self.member)


class Tag(Concrete):
    """A union's tag: equality with another of the union, or with its name."""

    __slots__ = ("name", "tags")

    def __init__(self, name: str, tags: tuple[str, ...]) -> None:
        self.name = name
        self.tags = tags

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.name == (other.name if isinstance(other, Tag) else other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


class Nothing(Concrete):
    """The one value of Unit."""

    __slots__ = ()

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(isinstance(other, Nothing) or other == ())

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(not self == other)

    def __hash__(self) -> int:
        return hash(())

    def __repr__(self) -> str:
        return "()"
