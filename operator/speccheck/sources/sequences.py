"""Whether a source's sequence numbers follow on: what is missing is a gap, what comes again is a duplicate.

Takes observations in the order they came; only those with a `seq` are looked at. It puts nothing in order. A number
that comes again with something else counts anew: another recording, or a source that was started again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

import msgspec

from speccheck.sources.observations import Observation

KEPT = 1_000
"""How many numbers of a source are remembered with what they stood for, and how many that are missing."""


class Place(Enum):
    """Where an observation stands among its source's others. LATE: a number that was missing; ANEW: one that is used
    for something else."""

    NEXT = "next"
    AFTER_GAP = "after a gap"
    STALE = "stale"
    LATE = "late"
    ANEW = "anew"


@dataclass(frozen=True, slots=True)
class Step:
    """The place of one observation; `missing` counts the numbers skipped before it."""

    place: Place
    missing: int = 0


@dataclass(slots=True)
class _Source:
    """The last number of a source; the latest numbers with what they stood for; the latest that never came."""

    last: int
    marks: dict[int, bytes] = field(default_factory=dict)
    missing: dict[int, None] = field(default_factory=dict)


class Sequences:
    """The last sequence numbers of each source."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def step(self, observation: Observation) -> Step:
        """Where the observation stands; remembers it unless it is stale or late."""
        seq = observation.seq
        if seq is None:
            return Step(Place.NEXT)
        source = self._sources.get(observation.source)
        if source is None:
            self._sources[observation.source] = _Source(seq, {seq: _mark(observation)})
            return Step(Place.NEXT)
        if seq <= source.last:
            return self._again(source, seq, observation)
        skipped = range(source.last + 1, seq)
        source.missing |= dict.fromkeys(skipped[-KEPT:])
        source.marks[seq] = _mark(observation)
        source.last = seq
        _cut(source.missing)
        _cut(source.marks)
        return Step(Place.AFTER_GAP, len(skipped)) if skipped else Step(Place.NEXT)

    def _again(self, source: _Source, seq: int, observation: Observation) -> Step:
        if seq in source.missing:
            del source.missing[seq]
            return Step(Place.LATE)
        mark = _mark(observation)
        if source.marks.get(seq) == mark:
            return Step(Place.STALE)
        self._sources[observation.source] = _Source(seq, {seq: mark})
        return Step(Place.ANEW)


def _mark(observation: Observation) -> bytes:
    """What tells an observation from every other."""
    try:
        seen = msgspec.json.encode((observation.time, observation.kind.value, observation.object))
    except RecursionError:  # nested so deeply that whatever comes next refuses it
        return b""
    return blake2b(seen, digest_size=16).digest()


def _cut(kept: dict[int, bytes] | dict[int, None]) -> None:
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
