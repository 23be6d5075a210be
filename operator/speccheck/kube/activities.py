"""When each watch last heard from the API server: what tells a quiet watch from a dead one.

A watch is heard at every event, bookmark and answered request; a quiet one at least when its request ends and the next
is answered, so an age beyond a few such spans means that nobody listens any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

UNREADY_AFTER_S = 150.0
DEAD_AFTER_S = 900.0


@dataclass(slots=True)
class _Watch:
    heard: float
    tried: float


class Activities:
    """The watches under way: what resource, and where as whom ("" where there is one). `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watches: dict[tuple[str, str], _Watch] = {}

    def expect(self, resource: str, place: str = "") -> None:
        """A watch is to be heard of from here on."""
        now = self._clock()
        self._watches.setdefault((resource, place), _Watch(now, now))

    def heard(self, resource: str, place: str = "") -> None:
        """The API server said something."""
        now = self._clock()
        self._watches[(resource, place)] = _Watch(now, now)

    def tried(self, resource: str, place: str = "") -> None:
        """The watch asked: it is alive, whether or not the API server is."""
        self.expect(resource, place)
        self._watches[(resource, place)].tried = self._clock()

    def forget(self, resource: str, place: str = "") -> None:
        """The watch has ended on purpose."""
        self._watches.pop((resource, place), None)

    def ages(self) -> Mapping[str, float]:
        """By resource, the seconds since the most silent of its watches was heard."""
        now = self._clock()
        ages: dict[str, float] = {}
        for (resource, _), watch in self._watches.items():
            ages[resource] = max(ages.get(resource, 0.0), now - watch.heard)
        return ages

    def silent(self) -> Mapping[str, float]:
        """The resources that are not heard for so long that what they should tell is out of date."""
        return {resource: age for resource, age in self.ages().items() if age > UNREADY_AFTER_S}

    def dead(self) -> Mapping[str, float]:
        """The resources whose watch has not even asked for so long that only a restart helps."""
        now = self._clock()
        ages = {resource: now - max(watch.heard, watch.tried) for (resource, _), watch in self._watches.items()}
        return {resource: age for resource, age in ages.items() if age > DEAD_AFTER_S}
