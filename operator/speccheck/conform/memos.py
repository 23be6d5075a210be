"""What expressions gave for objects seen before, by what they look at of them.

Takes what a `Projection` left of an object; gives what is remembered of equal ones, to read and to add to. Objects kept
whole are all different (each has a version of its own), so nothing of them is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from speccheck.conform.projections import Projection
from speccheck.engines.recents import Recent
from speccheck.ir.values import Value

OBJECTS_KEPT = 2_048
"""Of how many different objects, seen last, is remembered for certain what expressions gave."""

BYTES_KEPT = 4_096
"""Larger ones, in bytes, are not remembered."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of equal objects, by the place of an expression: what it gave, and the value made of that."""

    given: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)


class Memo:
    """What is remembered of the objects of one source; those not seen lately go first."""

    def __init__(self, projection: Projection) -> None:
        self._is_whole = projection.paths is None
        self._kept: Recent[bytes, Known] = Recent(OBJECTS_KEPT)
        self._latest: tuple[object, Known] = (None, Known())

    def of(self, seen: Mapping[str, Any]) -> Known:
        """What is remembered of objects that equal this one, to the type of each number."""
        if self._latest[0] is not seen:
            self._latest = (seen, self._find(seen))
        return self._latest[1]

    def _find(self, seen: Mapping[str, Any]) -> Known:
        if self._is_whole:
            return Known()
        try:
            key = msgspec.msgpack.encode(seen)
        except (OverflowError, TypeError, ValueError, RecursionError):
            return Known()  # whatever is wrong with it, running an expression tells better
        if len(key) > BYTES_KEPT:
            return Known()
        found = self._kept.get(key)
        if found is None:
            found = Known()
            self._kept.put(key, found)
        return found
