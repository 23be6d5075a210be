"""Events put back in order: each waits for a window, then goes on, sorted; what is missing or late becomes a gap.

Events of one emitter follow their sequence numbers where they have them, else their times; emitters among each other
follow their times. Changes of objects pass straight through. Takes observations as they come and the clock by which
they came; gives observations in order, GAPs among them. It reads no clock: `tick` says that time has passed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Any, assert_never

import msgspec

from speccheck.sources.observations import Event, Kind, Observation
from speccheck.sources.sequences import Place, Sequences

SEQ = "speccheck.seq"
"""The attribute in which a program numbers its events: one up each time, from 1 in each process."""

SEQ_LIMIT = 2**63 - 1

PROCESS = "speccheck.process"
"""The attribute that tells a process from the next one of the same instance."""

INSTANCE = "service.instance.id"
SERVICE = "service.name"

WAITING_LIMIT = 50_000
"""How many events may wait; beyond it the first go on before their time."""

LANES_LIMIT = 1_000
"""How many emitters are told apart; beyond it the one silent for longest is forgotten."""

RECENT_LIMIT = 20_000
"""How many events are remembered to know them again when they are sent twice."""

MISSING_LIMIT = 1_000
"""How many missing numbers of an emitter are remembered, to know them when they come late."""


def emitter_of(event: Event | None) -> str:
    """Who sent an event: its resource's instance, else its service and the process in it, else ""."""
    resource = None if event is None else event.attributes.get("resource")
    if event is None or not isinstance(resource, Mapping):
        return ""
    if resource.get(INSTANCE):
        return str(resource[INSTANCE])
    return "/".join(str(each) for each in (resource.get(SERVICE), event.attributes.get(PROCESS)) if each)


def seq_of(observation: Observation) -> int | None:
    """The sequence number of an observation: its own, else the one among its event's attributes."""
    if observation.event is None:
        return observation.seq
    found = observation.event.attributes.get(SEQ) if observation.seq is None else observation.seq
    numbered = isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= SEQ_LIMIT
    return found if numbered else None


@dataclass(slots=True)
class Counts:
    """What did not come in order. `duplicates` were dropped; `late` came after what they belong before, and were
    dropped, too; `missing` never came in time; `restarts`: a number was used again, for something else; `early`: went
    on before their time, as too many waited."""

    duplicates: int = 0
    late: int = 0
    missing: int = 0
    restarts: int = 0
    early: int = 0


@dataclass(slots=True)
class _Waiting:
    """An event that waits. `came` is by the receiver's clock, `number` tells which came first."""

    observation: Observation
    seq: int | None
    came: datetime
    number: int
    gone: bool = False


@dataclass(slots=True)
class _Lane:
    """One emitter's events: those with numbers, or those without."""

    emitter: str
    process: str = ""
    heap: list[tuple[Any, int, _Waiting]] = field(default_factory=list)
    last: int | None = None
    """The last number that went on."""
    time: datetime | None = None
    """The time of the last with a number that went on: clocks that go back do not change their order."""
    missing: dict[int, None] = field(default_factory=dict)
    used: int = 0

    def due(self) -> datetime:
        """When the first that waits happened, by its place in the lane."""
        time = self.heap[0][2].observation.time
        return time if self.time is None or time > self.time else self.time


class _Source:
    """One source's lanes."""

    def __init__(self) -> None:
        self.lanes: dict[tuple[str, bool], _Lane] = {}
        self.arrivals: deque[_Waiting] = deque()
        self.recent: dict[bytes, None] = {}
        self.passed: datetime | None = None
        """The latest time that went on."""

    def first(self) -> _Lane | None:
        """The lane whose first event is the next."""
        waiting = [lane for lane in self.lanes.values() if lane.heap]
        return min(waiting, key=lambda lane: (lane.due(), lane.heap[0][2].number), default=None)


class Ordering:
    """Puts the events of any number of sources in order, each source by itself.

    `window_s`: how long an event waits for others that belong before it.
    """

    def __init__(self, window_s: float, waiting_limit: int = WAITING_LIMIT) -> None:
        self._window = timedelta(seconds=window_s)
        self._limit = waiting_limit
        self._sources: dict[str, _Source] = {}
        self._objects = Sequences()
        self._number = 0
        self._now: datetime | None = None
        self.waiting = 0
        """How many events wait."""
        self.counts = Counts()

    @property
    def due(self) -> datetime | None:
        """When the next event is to go on; None where none waits."""
        first = [source.arrivals[0].came for source in self._sources.values() if source.arrivals]
        return min(first) + self._window if first else None

    @property
    def now(self) -> datetime | None:
        """The latest that it has been; None before anything came."""
        return self._now

    def put(self, observation: Observation, now: datetime | None = None) -> list[Observation]:
        """Take in one observation that came at `now`; what goes on, in order.

        Without `now` (a file) the clock is the latest time seen in the observations themselves. What waited long enough
        before an object changed goes on before it.
        """
        now = self._clock(observation.time if now is None else now)
        if observation.kind is Kind.GAP:
            return self._gap(observation)
        if observation.event is None:
            return [*self.tick(now), *self._object(observation)]
        return [*self._event(observation, observation.event, now), *self.tick(now)]

    def tick(self, now: datetime) -> list[Observation]:
        """What goes on because it is `now`."""
        now = self._clock(now)
        return [
            each for name, source in self._sources.items() for each in self._released(name, source, now - self._window)
        ]

    def flush(self) -> list[Observation]:
        """Everything that waits, in order: nothing more will come."""
        return [each for name, source in self._sources.items() for each in self._released(name, source, None)]

    def _clock(self, now: datetime) -> datetime:
        """The clock, which never goes back."""
        self._now = now if self._now is None or now > self._now else self._now
        return self._now

    def _gap(self, gap: Observation) -> list[Observation]:
        """A gap, told before what waits as well as after it: who knows where between it belongs."""
        names = [gap.source] if gap.source else [*self._sources]
        held = [
            each for name in names if name in self._sources for each in self._released(name, self._sources[name], None)
        ]
        return [gap, *held, gap] if held else [gap]

    def _object(self, observation: Observation) -> list[Observation]:
        """A change of an object, which waits for nothing, and the gap before it where its number says so."""
        gap: list[Observation] = []
        step = self._objects.step(observation)
        match step.place:
            case Place.STALE:
                self.counts.duplicates += 1
                return []
            case Place.LATE:
                self.counts.late += 1
                return []
            case Place.AFTER_GAP:
                self.counts.missing += step.missing
                gap = [_gap_before(observation, _missing(step.missing, "", observation.seq))]
            case Place.ANEW:
                self.counts.restarts += 1
                gap = [_gap_before(observation, f"number {observation.seq} comes again, for something else")]
            case Place.NEXT:
                pass
            case _:
                assert_never(step.place)
        return [*gap, observation]

    def _event(self, observation: Observation, event: Event, now: datetime) -> list[Observation]:
        """Have an event wait; a gap where it can no longer be put in its place."""
        source = self._sources.setdefault(observation.source, _Source())
        if _known(source, observation, event):
            self.counts.duplicates += 1
            return []
        seq = seq_of(observation)
        process = str(event.attributes.get(PROCESS) or "")
        lane = self._lane(source, event, seq is not None, process)
        before: list[Observation] = []
        if process != lane.process:
            before = self._restarted(observation, lane, source, f"{lane.emitter} has started anew")
            lane.process = process
        elif seq is not None and lane.last is not None and seq <= lane.last:
            if seq in lane.missing:
                del lane.missing[seq]
                self.counts.late += 1
                return []
            before = self._restarted(observation, lane, source, _anew(lane))
        self._wait(source, lane, _Waiting(observation, seq, now, self._number))
        return before

    def _wait(self, source: _Source, lane: _Lane, waiting: _Waiting) -> None:
        order = waiting.observation.time if waiting.seq is None else waiting.seq
        heappush(lane.heap, (order, waiting.number, waiting))
        source.arrivals.append(waiting)
        self._number += 1
        self.waiting += 1

    def _restarted(self, observation: Observation, lane: _Lane, source: _Source, reason: str) -> list[Observation]:
        """An emitter that counts anew: a new process, or two that cannot be told apart."""
        self.counts.restarts += 1
        held = [*self._released(observation.source, source, None)]
        lane.last, lane.missing = None, {}
        return [*held, _gap_before(observation, reason)]

    def _lane(self, source: _Source, event: Event, numbered: bool, process: str) -> _Lane:
        at = emitter_of(event), numbered
        lane = source.lanes.get(at)
        if lane is None:
            if len(source.lanes) >= LANES_LIMIT:
                _forget(source)
            lane = source.lanes[at] = _Lane(at[0], process)
        lane.used = self._number
        return lane

    def _released(self, name: str, source: _Source, until: datetime | None) -> Iterator[Observation]:
        """What came before `until` (None: all), and whatever belongs before that."""
        while source.arrivals:
            oldest = source.arrivals[0]
            if oldest.gone:
                source.arrivals.popleft()
                continue
            if until is not None and oldest.came > until:
                if self.waiting <= self._limit:
                    return
                self.counts.early += 1
            lane = source.first()
            assert lane is not None, "what waits is in a lane"
            yield from self._next(name, source, lane)

    def _next(self, name: str, source: _Source, lane: _Lane) -> Iterator[Observation]:
        """The first of a lane, or the gap that it has become."""
        time = lane.due()
        _, _, waiting = heappop(lane.heap)
        waiting.gone = True
        self.waiting -= 1
        observation = waiting.observation
        if waiting.seq is not None:
            if lane.last is not None and waiting.seq <= lane.last:
                self.counts.restarts += 1
                yield _gap_before(observation, _anew(lane))
                return
            yield from self._hole(source, lane, waiting.seq, observation)
            lane.last = waiting.seq
        if source.passed is not None and time < source.passed:
            self.counts.late += 1
            yield _late(observation, (source.passed - time).total_seconds(), source.passed)
            return
        source.passed = time
        if waiting.seq is not None:
            lane.time = time
        yield observation

    def _hole(self, source: _Source, lane: _Lane, seq: int, observation: Observation) -> Iterator[Observation]:
        """A gap where numbers are missing before this one."""
        if lane.last is None:
            missing = range(1, seq) if source.passed is not None else range(0)
        else:
            missing = range(lane.last + 1, seq)
        if missing:
            self.counts.missing += len(missing)
            lane.missing |= dict.fromkeys(missing[-MISSING_LIMIT:])
            while len(lane.missing) > MISSING_LIMIT:
                del lane.missing[next(iter(lane.missing))]
            yield _gap_before(observation, _missing(len(missing), lane.emitter, seq))


def _known(source: _Source, observation: Observation, event: Event) -> bool:
    """Whether exactly this came before; remembers it."""
    seen = (observation.time, event.name, event.attributes, observation.seq, observation.object)
    try:
        mark = blake2b(msgspec.json.encode(seen), digest_size=16).digest()
    except RecursionError:  # nested so deeply that whatever comes next refuses it
        return False
    if mark in source.recent:
        return True
    source.recent[mark] = None
    if len(source.recent) > RECENT_LIMIT:
        del source.recent[next(iter(source.recent))]
    return False


def _forget(source: _Source) -> None:
    """Forget the lane that was silent for longest, of those without anything that waits."""
    idle = [at for at, lane in source.lanes.items() if not lane.heap]
    if idle:
        del source.lanes[min(idle, key=lambda at: source.lanes[at].used)]


def _missing(count: int, emitter: str, seq: int | None) -> str:
    of = f" of {emitter}" if emitter else ""
    return f"{count} observations{of} are missing before number {seq}"


def _anew(lane: _Lane) -> str:
    who = lane.emitter or "an emitter without a name"
    return f"{who} uses a number for a second event; give each process a {INSTANCE} of its own"


def _late(observation: Observation, behind_s: float, passed: datetime) -> Observation:
    reason = f"an event came too late: {behind_s:.3f} s behind what was passed on; make `window` longer"
    return Observation(passed, observation.source, kind=Kind.GAP, reason=reason)


def _gap_before(observation: Observation, reason: str) -> Observation:
    return Observation(observation.time, observation.source, kind=Kind.GAP, reason=reason)
