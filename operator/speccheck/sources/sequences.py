"""Whether a source's sequence numbers follow on: what is missing is a gap, what comes again is a duplicate.

Takes observations in the order they came; only those with a `seq` are looked at. It puts nothing in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from speccheck.sources.observations import Observation


class Place(Enum):
    """Where an observation stands among its source's others."""

    NEXT = "next"
    AFTER_GAP = "after a gap"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Step:
    """The place of one observation; `missing` counts the numbers skipped before it."""

    place: Place
    missing: int = 0


class Sequences:
    """The last sequence number of each source."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def step(self, observation: Observation) -> Step:
        """Where the observation stands; remembers it unless it is stale."""
        if observation.seq is None:
            return Step(Place.NEXT)
        last = self._last.get(observation.source)
        if last is not None and observation.seq <= last:
            return Step(Place.STALE)
        self._last[observation.source] = observation.seq
        missing = 0 if last is None else observation.seq - last - 1
        return Step(Place.AFTER_GAP, missing) if missing else Step(Place.NEXT)
