"""The observations of one SpecCheck, read from lines instead of a cluster: judged, tracked and told as Events.

Takes observations and refused lines in their order; gives the ObserveState and the Events that the operator would
have come to. What it does not do is watch: it takes what it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, assert_never

from speccheck.conform.drifts import Change, Repeated, Resolved, Seen, Started, Tracker, object_ref
from speccheck.conform.judgements import Assessor
from speccheck.conform.protocols import MappingOrder, SourceOrder, View
from speccheck.engines.base import Limits
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model
from speccheck.resource.drifts import Drift, ObserveState, Problem
from speccheck.resource.events import EventBody, drift_events, observation_event, resolved_events, series_patch
from speccheck.resource.requests import Observe, ObserveSource, Request
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Kind, Observation
from speccheck.sources.sequences import Place, Sequences

REJECTIONS_LIMIT = 10
"""After so many observations in a row that do not fit the spec, somebody has to correct the mapping."""

OBSERVATION_S = 10.0
"""How long judging one observation may take before its invariants have no result."""

WHYS_LIMIT = 20
"""How many ways not to be of a source are told apart."""

EVENTS_LIMIT = 1_000
"""How many Events are kept; more are counted."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What observing has come to. `drifted`: whether anything broke the spec at any time; `unsure`: whether anything
    may have been missed, or could not be judged; `left_out`: how many lines are not of its source, by why."""

    state: ObserveState
    events: tuple[EventBody, ...]
    drifted: bool
    unsure: bool
    dropped_events: int = 0
    refused_lines: tuple[Refused, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


class Watch:
    """One SpecCheck's observations, as they are taken in."""

    def __init__(self, request: Request, observe: Observe, model: Model) -> None:
        self._request = request
        self._source = observe.sources[0]
        self._digest = model_digest(model)
        self._tracker = Tracker()
        self._sequences = Sequences()
        self._events: list[EventBody] = []
        self._names: set[tuple[str, str]] = set()
        self._dropped = 0
        self._refused: list[Refused] = []
        self._left_out: Counter[str] = Counter()
        self._drifted = False
        self._problem: Problem | None = None
        self._assessor: Assessor | None = None
        try:
            self._assessor = Assessor(model, _order(observe), Limits(timeout_s=OBSERVATION_S))
            self._assessor.loaded()
        except UsageError as error:
            self._problem = Problem("SpecInvalid", f"observe: {error}", permanent=True)

    def take(self, line: Observation | Refused) -> None:
        """Takes in what one line says, if it is about this SpecCheck's source."""
        if self._problem is not None:
            return
        match line:
            case Refused():
                self._refused = [*self._refused, line][:10]
                self._tracker.gap()
            case Observation() if why := _stranger(line, self._request, self._source):
                self._left_out[why if len(self._left_out) < WHYS_LIMIT else "other"] += 1
            case Observation():
                self._take(line)
            case _:
                assert_never(line)

    def ended(self, now: datetime) -> Watched:
        """What it has all come to."""
        counts = self._tracker.counts
        self._add_series(now)
        problem = self._problem
        if problem is None and counts.in_a_row >= REJECTIONS_LIMIT:
            problem = Problem("ObservationRejected", counts.last_rejection, permanent=True)
        state = ObserveState(
            synced=True,
            keys=self._tracker.keys,
            judged=counts.judged,
            gaps=counts.gaps,
            rejected=counts.rejected,
            resolved=counts.resolved,
            unjudged_keys=self._tracker.unjudged_keys,
            last_observed=counts.last_observed,
            drifts=self._tracker.active,
            problem=problem,
            model_digest=self._digest,
        )
        unsure = bool(counts.gaps or counts.rejected or counts.errors or counts.overflowed or not counts.judged)
        return Watched(
            state, tuple(self._events), self._drifted, unsure, self._dropped, tuple(self._refused), self._left_out
        )

    def _take(self, observation: Observation) -> None:
        step = self._sequences.step(observation)
        if step.place is Place.STALE:
            return
        if step.place is Place.AFTER_GAP:
            self._gap(
                f"{step.missing} observations of {observation.source or 'the source'} are missing", observation.time
            )
        match observation.kind:
            case Kind.GAP:
                self._gap(observation.reason or "a gap without a reason", observation.time)
            case Kind.DELETED:
                self._told(self._tracker.deleted(self._seen(observation, "DELETED")))
            case Kind.ADDED | Kind.MODIFIED:
                self._judge(observation)
            case _:
                assert_never(observation.kind)

    def _gap(self, why: str, time: datetime) -> None:
        self._tracker.gap()
        self._add(observation_event(self._request, "ObservationGap", why, time.isoformat(), time))

    def _judge(self, observation: Observation) -> None:
        seen = self._seen(observation, "ADDED" if observation.kind is Kind.ADDED else "MODIFIED")
        if self._assessor is None or self._tracker.is_duplicate(seen):
            return
        judgement = self._assessor.judge(_view(observation, self._source.name))
        if judgement.rejected:
            note = f"{seen.object.kind or 'observation'} {seen.object.name}: {judgement.rejected}"
            minute = seen.time.strftime("%Y-%m-%dT%H:%M")
            self._add(observation_event(self._request, "ObservationRejected", note, minute, seen.time))
        self._told(self._tracker.feed(seen, judgement))

    def _seen(self, observation: Observation, kind: Literal["ADDED", "MODIFIED", "DELETED"]) -> Seen:
        body = observation.object or {}
        metadata = body.get("metadata")
        version = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
        found = object_ref(body)
        return Seen(self._source.name, kind, observation.time, found, version if isinstance(version, str) else "")

    def _told(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            match change:
                case Started(drift):
                    self._drifted = True
                    self._add(*drift_events(self._request, drift, drift.since))
                case Resolved(drift, at, why):
                    self._add(*resolved_events(self._request, drift, at, why))
                    self._patch(drift, at)
                case Repeated():
                    continue
                case _:
                    assert_never(change)

    def _add(self, *events: EventBody) -> None:
        """Keeps Events, each once: the cluster takes no second one of the same name."""
        for event in events:
            if (event.namespace, event.name) in self._names:
                continue
            if len(self._events) < EVENTS_LIMIT:
                self._names.add((event.namespace, event.name))
                self._events.append(event)
            else:
                self._dropped += 1

    def _add_series(self, now: datetime) -> None:
        for drift in self._tracker.active:
            self._patch(drift, now)

    def _patch(self, drift: Drift, now: datetime) -> None:
        """Says on a drift's Events how often it was seen."""
        patch = series_patch(drift.count, drift.last, None, now)
        names = {(event.namespace, event.name) for event in drift_events(self._request, drift, drift.since)}
        for event in self._events if patch else ():
            if (event.namespace, event.name) in names:
                event.body.update(patch or {})


def _order(observe: Observe) -> MappingOrder:
    sources = tuple(SourceOrder(source.name, source.key) for source in observe.sources)
    return MappingOrder(sources, observe.variables, observe.instance, observe.parameters)


def _view(observation: Observation, source: str) -> View:
    event = observation.event
    shown = None if event is None else {"name": event.name, "attributes": dict(event.attributes)}
    return View(source, observation.time, None if observation.object is None else dict(observation.object), shown)


def _stranger(observation: Observation, request: Request, source: ObserveSource) -> str:
    """Why an observation is not of a source: it says so, or shows an object that the source does not select, as far as
    the object says what it is. "" where it is."""
    if observation.source:
        return "" if observation.source == source.name else f"of source {observation.source}, not {source.name}"
    if observation.object is None:
        return ""
    found, wanted = object_ref(dict(observation.object)), source.kubernetes
    named = (
        ("apiVersion", found.api_version, wanted.api_version),
        ("kind", found.kind, wanted.kind),
        ("namespace", found.namespace, wanted.namespace or request.namespace),
    )
    for name, is_, should_be in named:
        if is_ not in ("", should_be):
            return f"of {name} {is_}, not {should_be}"
    return _unlabelled(observation.object, wanted.selector.match_labels)


def _unlabelled(body: Mapping[str, Any], wanted: Mapping[str, str]) -> str:
    metadata = body.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    given = labels if isinstance(labels, Mapping) else {}
    lacking = next((f"{name}={value}" for name, value in wanted.items() if given.get(name) != value), None)
    return f"without label {lacking}" if lacking else ""
