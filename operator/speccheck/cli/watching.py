"""The observations of one SpecCheck, read from lines instead of a cluster: put in order, judged, and tracked.

Takes observations and refused lines as they come; gives what they lead to, one notice after the other, and how things
stand. `conform` and `run` share it, and it uses what the operator uses. It watches nothing: it takes what it is given,
and what it keeps does not grow with how much that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypeVar, assert_never

import msgspec

from speccheck.cli.strangers import Selecting
from speccheck.conform.drifts import Change, ObjectRef, Repeated, Resolved, Seen, Started, Tracker, object_ref
from speccheck.conform.monitors import Monitor
from speccheck.conform.protocols import Census, Gap, Judgement, Loaded, MappingOrder, Thing, Tick
from speccheck.ir.models import Model
from speccheck.rendering.conformances import NOWHERE, Place
from speccheck.resource.fields import Observe
from speccheck.resource.observing import mapping_order, policy_of, view_of
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Kind, Observation
from speccheck.sources.orderings import Counts as OrderCounts
from speccheck.sources.orderings import Ordering

TICK = timedelta(seconds=1)
"""How often, by the observations' time, it is asked what the time that passed has led to."""

KEPT_LIMIT = 20_000
LEFT_OUT_LIMIT = 20
"""How many ways not to be of a source are told apart."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A drift began, was seen again, or ended. `after`: by the time that passed since `place`, by no observation."""

    change: Change
    place: Place
    source: str = ""
    after: bool = False


@dataclass(frozen=True, slots=True)
class Gapped:
    """Something may have happened that nobody saw, in one source or ("") in all."""

    source: str
    reason: str
    time: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Rejected:
    """An observation could not be mapped, and why."""

    judgement: Judgement
    place: Place


_KINDS: dict[Kind, Literal["ADDED", "MODIFIED", "DELETED"]] = {
    Kind.ADDED: "ADDED",
    Kind.MODIFIED: "MODIFIED",
    Kind.DELETED: "DELETED",
}

_Kept = TypeVar("_Kept")
Notice: TypeAlias = Moved | Gapped | Rejected | Refused


@dataclass(slots=True)
class First:
    """How often something was, and where and how it first was."""

    count: int = 0
    place: Place = NOWHERE
    message: str = ""

    def add(self, place: Place, message: str) -> None:
        """Once more."""
        if not self.count:
            self.place, self.message = place, message
        self.count += 1


@dataclass(slots=True)
class Tally:
    """What has been counted so far. `unknown` by its reason; `left_out` by why a line is of no source."""

    observations: int = 0
    judged: int = 0
    closed: int = 0
    first: datetime | None = None
    last: datetime | None = None
    gaps: First = field(default_factory=First)
    refused: First = field(default_factory=First)
    rejected: First = field(default_factory=First)
    duplicates: int = 0
    errors: First = field(default_factory=First)
    unknown: dict[str, First] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def unsure(self) -> bool:
        """Whether anything may have been missed, or could not be judged."""
        return bool(self.gaps.count or self.refused.count or self.rejected.count or self.errors.count or self.unknown)


class Watch:
    """One SpecCheck's observations, as they are taken in.

    Raises UsageError where the mapping does not fit the Model, or lets nothing be judged. `namespace` is the
    SpecCheck's, "" where nobody says.
    """

    def __init__(self, model: Model, observe: Observe, namespace: str = "", instance: str = "") -> None:
        self.order = _on_instance(mapping_order(observe), instance)
        self._monitor = Monitor(model, self.order)
        self.loaded: Loaded = self._monitor.loaded()
        self.tracker = Tracker(policy=policy_of(observe))
        self.tally = Tally()
        self._selecting = Selecting(observe.sources, namespace)
        self._ordering = Ordering(self.order.window_s)
        self._window = timedelta(seconds=self.order.window_s)
        self._settling: set[tuple[str, str]] = set()
        self._undetermined: set[str] = set()
        self._ticked: datetime | None = None
        self._at = Place()

    @property
    def census(self) -> Census:
        """How the keys stand."""
        return self._monitor.census()

    @property
    def settling(self) -> int:
        """How many breaches have not yet lasted long enough to count, and have not ended."""
        return len(self._settling)

    @property
    def undetermined(self) -> int:
        """Of how many keys it is not known which values the hidden variables have."""
        return len(self._undetermined)

    @property
    def order_counts(self) -> OrderCounts:
        """What did not come in order."""
        return self._ordering.counts

    def take(self, line: Observation | Refused) -> Iterator[Notice]:
        """Takes in one line; what it leads to."""
        match line:
            case Refused():
                yield from self._refused(line)
            case Observation(kind=Kind.GAP):
                yield from self._passed(self._ordering.put(line))
            case Observation():
                name, why = self._selecting.source_of(line)
                if why:
                    known = len(self.tally.left_out) < LEFT_OUT_LIMIT or why in self.tally.left_out
                    self.tally.left_out[why if known else "other"] += 1
                    return
                yield from self._passed(self._ordering.put(line if line.source == name else replace(line, source=name)))
            case _:
                assert_never(line)

    def end(self) -> Iterator[Notice]:
        """Nothing more will come: what still waited for others is judged."""
        yield from self._passed(self._ordering.flush())
        if self.tally.last is not None:
            yield from self._ticks(self.tally.last)

    def _refused(self, line: Refused) -> Iterator[Notice]:
        """A line that nobody can read may have been of any source: what waits is judged between two gaps."""
        self.tally.refused.add(Place(line.line, line.file), line.reason)
        yield line
        if self._ordering.now is None:
            return
        self.tracker.gap()
        for each in self._ordering.put(Observation(self._ordering.now, kind=Kind.GAP, reason=line.reason)):
            if each.kind is Kind.GAP:
                self._monitor.take(Gap(each.time))
            else:
                yield from self._one(each)

    def _passed(self, observations: Sequence[Observation]) -> Iterator[Notice]:
        for each in observations:
            yield from self._one(each)

    def _one(self, observation: Observation) -> Iterator[Notice]:
        tally, time = self.tally, observation.time
        tally.first = time if tally.first is None else min(tally.first, time)
        tally.last = time if tally.last is None else max(tally.last, time)
        yield from self._ticks(tally.last - self._window)
        self._at = Place(observation.line, observation.file)
        if observation.kind is Kind.GAP:
            yield self._gap(observation)
            return
        tally.observations += 1
        if observation.event is None and self.tracker.is_duplicate(_shown(observation)):
            tally.duplicates += 1
            return
        for judgement in self._monitor.take(view_of(observation, observation.source)):
            yield from self._judged(judgement, observation)

    def _gap(self, gap: Observation) -> Gapped:
        reason = gap.reason or "a gap without a reason"
        self._monitor.take(Gap(gap.time, gap.source))
        self.tracker.gap()
        self.tally.gaps.add(self._at, reason)
        return Gapped(gap.source, reason, gap.time, self._at)

    def _ticks(self, now: datetime) -> Iterator[Notice]:
        """What the time that passed has led to, where enough has passed to ask."""
        if self._ticked is None:
            self._ticked = now
        if now - self._ticked < TICK:
            return
        self._ticked = now
        for judgement in self._monitor.take(Tick(now)):
            self._count(judgement, after=True)
            seen = _seen(judgement)
            yield from self._moved(self.tracker.passed(judgement, seen), judgement, after=True)
        for change in self.tracker.tick(now):
            yield Moved(change, self._at, after=True)

    def _judged(self, judgement: Judgement, observation: Observation) -> Iterator[Notice]:
        if judgement.rejected:
            self.tally.rejected.add(self._at, judgement.rejected)
            yield Rejected(judgement, self._at)
        self._count(judgement, after=False)
        seen = replace(_shown(observation), object=_ref(judgement.thing))
        if observation.kind is Kind.DELETED and not judgement.closed:
            changes = (*self.tracker.deleted(seen), *self.tracker.passed(judgement, seen))
        else:
            changes = self.tracker.feed(seen, judgement)
        yield from self._moved(changes, judgement, after=False)

    def _moved(self, changes: Iterable[Change], judgement: Judgement, *, after: bool) -> Iterator[Moved]:
        for change in changes:
            yield Moved(change, self._at, judgement.source, after)

    def _count(self, judgement: Judgement, *, after: bool) -> None:
        tally, judged = self.tally, False
        tally.closed += judgement.closed
        if judgement.closed:
            self._undetermined.discard(judgement.key)
            self._settling -= {each for each in self._settling if each[0] == judgement.key}
        for result in judgement.results:
            _kept(self._settling, (judgement.key, result.property), result.reason == "Settling")
            if result.tier == "Step":
                _kept(self._undetermined, judgement.key, result.reason == "ConformsSinceAnchor")
            match result.verdict:
                case "Holds" | "Violated":
                    judged = True
                case "Error":
                    tally.errors.add(self._at, f"{result.property}: {result.message}")
                case "Unknown":
                    if result.reason != "Settling":
                        told = tally.unknown.setdefault(result.reason, First())
                        told.add(self._at, f"{judgement.key or 'the trace'}: {result.message}")
                case _:
                    assert_never(result.verdict)
        tally.judged += judged and not after


def _kept(kept: set[_Kept], each: _Kept, wanted: bool) -> None:
    """Has it in the set or not, as long as that is not too large."""
    if not wanted:
        kept.discard(each)
    elif len(kept) < KEPT_LIMIT:
        kept.add(each)


def _shown(observation: Observation) -> Seen:
    """An observation as far as drifts need it."""
    body = dict(observation.object or {})
    metadata = body.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
    kind = _KINDS[observation.kind]
    return Seen(
        observation.source, kind, observation.time, object_ref(body), version if isinstance(version, str) else ""
    )


def _seen(judgement: Judgement) -> Seen:
    """What the time has come to is about, as an observation."""
    assert judgement.time is not None, "what the time has come to has its time"
    return Seen(judgement.source, "MODIFIED", judgement.time, _ref(judgement.thing))


def _ref(thing: Thing) -> ObjectRef:
    return ObjectRef(thing.api_version, thing.kind, thing.namespace, thing.name, thing.uid)


def _on_instance(order: MappingOrder, instance: str) -> MappingOrder:
    return msgspec.structs.replace(order, instance=instance, parameters={}) if instance else order


__all__ = ["Gapped", "Moved", "Notice", "Rejected", "Repeated", "Resolved", "Started", "Watch"]
