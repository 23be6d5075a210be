"""Where a value was read from, so that `s.m[k] = v` and `s.r.f = v` can write it back.

A place is a variable of a state, or an item or field inside another place. Writing takes a function
from the value that is there to the one that shall be, and ends in one assignment to the variable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Change: TypeAlias = Callable[[Any], Any]
"""From the expression of the value at a place to that of its new value."""


class Target(Protocol):
    """What holds whole variables; `version` tells at which the place was read."""

    def refine(self, variable: str, version: int, change: Change) -> None:
        """Assign a value built from the variable's present one."""
        ...


class Place(Protocol):
    """Something that can be written."""

    def write(self, change: Change) -> None:
        """Put a changed value here."""
        ...


@dataclass(frozen=True, slots=True)
class VariablePlace:
    """A whole variable, as read at a version; `upsert` lets keyed writes add keys."""

    target: Target
    variable: str
    version: int
    upsert: bool

    def write(self, change: Change) -> None:
        """Refine the variable."""
        self.target.refine(self.variable, self.version, change)


@dataclass(frozen=True, slots=True)
class PartPlace:
    """A part of another place: `get` reads it from the whole, `put` gives the whole with the part replaced."""

    whole: Place
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]

    def write(self, change: Change) -> None:
        """Write the whole with the part changed."""
        self.whole.write(lambda whole: self.put(whole, change(self.get(whole))))
