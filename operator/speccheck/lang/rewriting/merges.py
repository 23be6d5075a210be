"""One value out of two: what a local, or a function's result, is after an `if` on an expression.

Takes the condition and the values of both ways; gives the one object where they are the same, an `Ite` where both are
values of the language, item by item for tuples, and otherwise an `Unmerged`, which raises where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from speccheck.errors import SpecError
from speccheck.lang.constructors import Ite
from speccheck.lang.exprs import Expr
from speccheck.lang.rewriting.unmerged import Unmerged
from speccheck.lang.spans import attempted


class Unbound:
    """What stands for a local that has no value."""


UNBOUND = Unbound()


@dataclass(frozen=True, slots=True)
class Local:
    """A local that an `if` may bind anew: its name, and the lines that bind it in each arm (0: none does)."""

    name: str
    then_line: int
    else_line: int

    @property
    def lines(self) -> str:
        """Where it is bound, for a message."""
        bound = [str(line) for line in (self.then_line, self.else_line) if line]
        return f"line{'s' if len(bound) > 1 else ''} {' and '.join(bound)}"


def merged(condition: Any, then: Any, otherwise: Any, local: Local) -> Any:
    """The value of a local after both arms."""
    if then is otherwise or _same_constant(then, otherwise):
        return then
    for value in (then, otherwise):
        if isinstance(value, Unmerged):
            return value
    if isinstance(then, Unbound) or isinstance(otherwise, Unbound):
        return _unmerged(local, "has a value on one way only", f"give it one before the `if`: {local.name} = …")
    try:
        with attempted():
            return _chosen(condition, then, otherwise)
    except SpecError as error:
        why = error.message
    return _unmerged(local, f"has two values that cannot be merged: {why}", "let both be values of one type")


def _unmerged(local: Local, what: str, hint: str) -> Unmerged:
    message = f"{local.name!r}, bound under an `if` on an expression in {local.lines}, {what}"
    return Unmerged("unmerged", message, hint)


def _chosen(condition: Any, then: Any, otherwise: Any) -> Any:
    if type(then) is tuple and type(otherwise) is tuple and len(then) == len(otherwise):
        return tuple(_part(condition, a, b) for a, b in zip(then, otherwise, strict=True))
    return Ite(condition, then, otherwise)


def _part(condition: Any, then: Any, otherwise: Any) -> Any:
    if then is otherwise or _same_constant(then, otherwise):
        return then
    return _chosen(condition, then, otherwise)


def _same_constant(one: Any, other: Any) -> bool:
    """Whether two Python values are the same constant of the language."""
    if type(one) is not type(other) or isinstance(one, Expr):
        return False
    if isinstance(one, bool | int | str | Enum):
        return bool(one == other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(a is b or _same_constant(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping):
        same = list(one) == list(other) if all(isinstance(k, bool | int | str | Enum) for k in one) else False
        return same and all(one[k] is other[k] or _same_constant(one[k], other[k]) for k in one)
    return isinstance(one, frozenset | set) and bool(one == other)


def result(condition: Any, then: Any, otherwise: Any) -> Any:
    """The result of a function that returns on both ways.

    Raises SpecError where the two cannot be one value.
    """
    for value in (then, otherwise):
        if isinstance(value, Unmerged):
            raise value.error()
    return None if then is None and otherwise is None else _chosen(condition, then, otherwise)
