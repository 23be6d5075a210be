"""Where a concrete value was read from, so that `s.m[k] = v` and `s.r.f = v` can write it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from speccheck.lang.concrete.scalars import Concrete
from speccheck.lang.spans import spec_error

Change: TypeAlias = Callable[[Any], Any]
"""From the value at a place to its new value."""


class Place(Protocol):
    """Something that can be written; `upsert` says that keyed writes may add keys."""

    upsert: bool

    def write(self, change: Change) -> None:
        """Put a changed value here."""
        ...


class Part:
    """A part of another place: `get` reads it from the whole, `put` gives the whole with the part replaced."""

    upsert = False

    def __init__(self, whole: Place, get: Change, put: Callable[[Any, Any], Any]) -> None:
        self._whole = whole
        self._get = get
        self._put = put

    def write(self, change: Change) -> None:
        """Write the whole with the part changed."""
        self._whole.write(lambda whole: self._put(whole, change(self._get(whole))))


class Placed(Concrete):
    """A structured value, which may have been read from a place."""

    __slots__ = ("_place",)
    _place: Place | None

    def at(self, place: Place | None) -> Any:
        """The same value, as read from a place."""
        raise NotImplementedError

    def position(self) -> Any:
        """What sorts such values canonically."""
        raise NotImplementedError


def write(value: Placed, change: Change, what: str) -> None:
    """Change a value where it was read from; a SpecError where that is not part of the state."""
    place = object.__getattribute__(value, "_place")
    if place is None:
        raise spec_error(
            "assignment-to-value",
            f"assignment to {what} of a value that is not part of the state",
            "assign through the state (s.m[k] = v), or make a changed copy: .replace(…), .insert(k, v), .edit()",
        )
    place.write(change)


def part(value: Any, whole: Placed, get: Change, put: Callable[[Any, Any], Any]) -> Any:
    """A part that was read from a value, with its place where the whole has one."""
    place = object.__getattribute__(whole, "_place")
    return type(value).at(value, Part(place, get, put)) if place is not None and isinstance(value, Placed) else value


class Editor:
    """A value under change: assignments to its items or fields replace them in a copy."""

    upsert = True

    def __init__(self, value: Any) -> None:
        object.__setattr__(self, "_edited", value)

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    @property
    def _(self) -> Any:
        """The changed value."""
        return self._edited

    def write(self, change: Change) -> None:
        """Take a change."""
        object.__setattr__(self, "_edited", change(self._edited))

    def _value(self) -> Any:
        return type(self._edited).at(self._edited, self)

    def __getitem__(self, key: object) -> Any:
        return self._value()[key]

    def __setitem__(self, key: object, value: object) -> None:
        self._value()[key] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._value(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._value(), name, value)
