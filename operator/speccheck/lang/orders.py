"""The order in which a spec's Python sets are gone through: one that no hash seed and no address decides.

Python iterates over a set in an order that may differ between two runs; a capture would differ with it. Takes any
Python value; sets and frozensets come out as sorted lists, everything else as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any, cast

from speccheck.lang.spans import spec_error

_PLAIN: tuple[Any, ...] = (set.__iter__, frozenset.__iter__, {}.keys().__iter__)


def ordered(values: Any) -> Any:
    """A plain Python set's elements as a sorted list; anything else unchanged.

    Raises SpecError where the elements are objects that have no order of their own.
    """
    if not isinstance(values, set | frozenset) or type(values).__iter__ not in _PLAIN:
        return values
    return in_order(values)


def in_order(values: Iterable[Any]) -> list[Any]:
    """Python values of any types, sorted: by type, then by value."""
    found = list(values)
    return found if len(found) < 2 else sorted(found, key=order)


def order(value: Any) -> tuple[Any, ...]:
    """What values are sorted by: numbers and texts by value, enums by declaration, what holds others by those."""
    match value:
        case Enum():
            cls = type(value)
            return (2, cls.__module__, cls.__qualname__, list(cls).index(value))
        case bool() | int() | float():
            return (0, value, type(value).__name__)
        case str():
            return (1, value)
        case tuple() | list():
            return (3, [order(v) for v in value])
        case Set():
            return (4, sorted(order(v) for v in value))
        case None:
            return (5,)
        case type() | FunctionType() | BuiltinFunctionType():
            return (6, str(value.__module__), value.__qualname__)
        case _:
            return _other(value)


def _other(value: Any) -> tuple[Any, ...]:
    kind = cast(Any, type(value))
    plain = cast(Any, object)
    if kind.__lt__ is not plain.__lt__:
        return (7, kind.__qualname__, value)
    if kind.__repr__ is not plain.__repr__:
        return (8, kind.__qualname__, repr(value))
    raise spec_error(
        "unordered-set",
        f"a Python set of {kind.__name__} objects is gone through: their order differs from run to run",
        "use a list or a tuple, or sort it by something that they hold",
    )


__all__ = ["in_order", "order", "ordered"]
