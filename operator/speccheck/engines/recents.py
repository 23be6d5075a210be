"""What was asked for lately, so that it need not be found out again; what was not is forgotten.

Two generations: what is asked for comes into the young one. Once that is full, or was used so often, it becomes the
old one, and what the old one before it still had is gone. So a few entries that come once each, without end, do not
add up until there is no room left, and what is there is what the last uses were about.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

USES = 50_000
"""After how many uses a generation is old, however little is in it."""


class Recent(Generic[K, V]):
    """Values by key: for certain the last `kept` different ones put in or asked for; never more than twice as many."""

    __slots__ = ("_kept", "_left", "_old", "_uses", "_young")

    def __init__(self, kept: int, uses: int = USES) -> None:
        self._kept = kept
        self._uses = self._left = uses
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """The value of a key, None where it was never put in, or not asked for in long."""
        found = self._young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is None:
                return None
            self.put(key, found)
        self._left -= 1
        if self._left < 0:
            self._turn()
        return found

    def put(self, key: K, value: V) -> None:
        """Remembers the value of a key that has none."""
        self._young[key] = value
        if len(self._young) >= self._kept:
            self._turn()

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._left = self._uses
