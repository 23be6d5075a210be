"""One SpecCheck's observation: what its sources tell, judged by the evaluator; drifts tracked, changes told as Events.

Takes what feeds tell, in order; gives an ObserveState at any time. A drift is told the moment it is judged. What cannot
be judged (over budget, an evaluator that is away or has forgotten) is never taken for conformance.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from speccheck.conform.clients import EvaluatorClient, Subject
from speccheck.conform.drifts import Change as DriftChange
from speccheck.conform.drifts import Drift, ObjectRef, Repeated, Resolved, Seen, Started, Tracker, object_ref
from speccheck.conform.protocols import ITEMS_PER_MESSAGE, Census, Item, Judgement, Thing, Tick, View
from speccheck.conform.protocols import Gap as GapItem
from speccheck.kube.connections import Body
from speccheck.kube.findings import Findings
from speccheck.kube.meters import Meters
from speccheck.kube.recorders import Recorder
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.kube.tellings import KindMissing, Told
from speccheck.resource.drifts import ObserveState, Problem, forbidden_message, logs_forbidden_message
from speccheck.resource.events import drift_events, observation_event, resolved_events, series_patch
from speccheck.resource.findings import Ending
from speccheck.resource.metrics import OBSERVATION_RESULTS, OBSERVATION_TIERS
from speccheck.resource.observing import is_evental, view_of
from speccheck.resource.reasons import told
from speccheck.resource.requests import Request
from speccheck.sources.observations import Kind, Observation
from speccheck.sources.orderings import Ordering

REJECTIONS_LIMIT = 10
"""After so many observations in a row that do not fit the spec, somebody has to correct the mapping."""

MESSAGE_BYTES = 8 << 20
"""How many bytes of objects go into one message, roughly, but for a single one that is larger."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What observing is done with. `moved` hears that the state has changed in a way worth writing."""

    evaluator: EvaluatorClient
    recorder: Recorder
    findings: Findings
    meters: Meters
    moved: Callable[[], None]


@dataclass(slots=True)
class Skipped:
    """Observations that cost a worker its life, by source, object and version; they are not judged again."""

    seen: dict[tuple[str, str, str], Problem] = field(default_factory=dict)

    def add(self, seen: Seen, message: str) -> None:
        """One more; one that will not come again, as an event, need not be known again."""
        if not seen.version:
            return
        name = f"{seen.object.kind} {seen.object.name}".strip() or "an event"
        self.seen[_at(seen)] = Problem("OverBudget", f"{name}: {message}")

    def has(self, seen: Seen) -> bool:
        """Whether this was one; another version of the object puts an end to it."""
        source, identity, version = _at(seen)
        for at in [at for at in self.seen if at[:2] == (source, identity) and at[2] != version]:
            del self.seen[at]
        return _at(seen) in self.seen


def _at(seen: Seen) -> tuple[str, str, str]:
    return seen.source, seen.object.identity, seen.version


@dataclass(frozen=True, slots=True)
class _Pending:
    """Something to be judged: the item, what was seen, and when it was heard; None for what no object shows."""

    item: Item
    seen: Seen | None = None
    heard: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The drifts of a SpecCheck, and the names of their records by their identities; both go on changing."""

    tracker: Tracker
    records: dict[str, str]


class Observing:
    """What was observed for one SpecCheck, since `subject` was loaded. `kept` knows the drifts from before."""

    def __init__(
        self, request: Request, subject: Subject, kept: Kept, tools: Tools, skipped: Skipped, model_digest: str
    ) -> None:
        assert request.observe is not None, "only an observing SpecCheck is observed for"
        self._request = request
        self._observe = request.observe
        self._sources = {source.name: source for source in request.observe.sources}
        self._subject = subject
        self._tools = tools
        self._model_digest = model_digest
        self._tracker = kept.tracker
        self._records = kept.records
        self._lag_s: float | None = None
        self._skipped = skipped
        self._ordering = Ordering(request.observe.seconds["window"])
        windows = [
            timedelta(seconds=request.observe.seconds["window"]) for s in request.observe.sources if is_evental(s)
        ]
        self._held_back = max(windows, default=timedelta())
        """How long an event may wait before it is judged: so much earlier the time is that has certainly passed."""
        self._listed: set[str] = set()
        self._failing: dict[str, Problem] = {}
        self._census = Census()
        self._undetermined: set[str] = set()
        self._bodies: dict[str, dict[str, Body]] = {source.name: {} for source in request.observe.sources}
        self._stale = False
        """Whether there was a gap since all objects were judged: those that did not change have to be, once more."""
        self._pending: list[_Pending] = []
        self._patched: dict[str, datetime] = {}
        self._labels = {"namespace": request.namespace, "speccheck": request.name}
        self._begin()

    def state(self) -> ObserveState:
        """How observation stands."""
        counts = self._tracker.counts
        return ObserveState(
            synced=self._listed >= self._sources.keys(),
            keys=self._census.keys,
            judged=counts.judged,
            gaps=counts.gaps,
            rejected=counts.rejected,
            resolved=counts.resolved,
            unjudged_keys=self._tracker.unjudged_keys,
            last_observed=counts.last_observed,
            drifts=self._tracker.active,
            problem=self._problem(),
            model_digest=self._model_digest,
            traces=self._tracker.traces,
            census=self._census,
            loaded=self._subject.loaded,
            since_anchor=bool(self._undetermined),
            lag_s=self._lag_s,
            records=dict(self._records),
        )

    def unobserved(self) -> None:
        """There was a time before this that nobody observed. It is counted; no Event tells what was meant to be."""
        self._tracker.gap()
        self._tools.meters.add("speccheck_gaps_total", **self._labels)

    async def take(self, batch: Sequence[Told], one_by_one: bool = False) -> None:
        """Take in what sources tell, in order. Raises Forgotten, OverBudget, EvaluatorGone, or ModelError."""
        before = self._standing()
        for each in batch:
            await self._one(each)
            if one_by_one:
                await self._judge_pending()
        await self._judge_pending()
        await self._restate(one_by_one)
        self._settle(before)

    async def tick(self, now: datetime) -> None:
        """It is this late. Raises as `take` does."""
        before = self._standing()
        for observation in self._ordering.tick(now):
            await self._ordered(observation)
        self._pending.append(_Pending(Tick(now - self._held_back)))
        await self._judge_pending()
        self._tell(self._tracker.tick(now))
        self._settle(before)

    # --- what is told --------------------------------------------------------------------------------

    async def _one(self, each: Told) -> None:
        match each.record:
            case Change() as change:
                self._changed(each.source, change)
            case Observation() as observation:
                for ordered in self._ordering.put(replace(observation, source=each.source), _now()):
                    await self._ordered(ordered)
            case Gap(reason, time):
                self._gap(each.source, reason, time)
            case Listed(time):
                await self._synced(each.source, time)
            case Failing(error) if error.forbidden:
                self._fail(each.source, self._forbidden(each.source, error.message))
            case Failing(error):
                self._fail(each.source, Problem("WatchFailed", f"source {each.source}: {error.message}"))
            case KindMissing(message):
                self._fail(each.source, Problem("KindUnknown", told("KindUnknown", message), permanent=True))
            case _:
                assert_never(each.record)

    async def _restate(self, one_by_one: bool) -> None:
        """After a gap, once all is listed again: objects that did not change tell where their keys stand."""
        watched = {name for name, source in self._sources.items() if source.kubernetes is not None}
        if not self._stale or not self._listed >= watched:
            return
        self._stale = False
        for source in watched:
            for body in [*self._bodies[source].values()]:
                self._judge_change(source, Change("MODIFIED", body, _now()), live=False)
                if one_by_one:
                    await self._judge_pending()
        await self._judge_pending()

    def _changed(self, source: str, change: Change) -> None:
        uid = str(change.object["metadata"]["uid"])
        if change.kind == "DELETED":
            self._bodies[source].pop(uid, None)
        else:
            self._bodies[source][uid] = change.object
        self._judge_change(source, change, live=source in self._listed)

    def _judge_change(self, source: str, change: Change, *, live: bool) -> None:
        seen = _seen(source, change)
        if self._tracker.is_duplicate(seen) or (change.kind != "DELETED" and self._skipped.has(seen)):
            return
        view = View(source, change.time, change.kind, change.object, live=live)
        self._pending.append(_Pending(view, seen, change.time))

    async def _ordered(self, observation: Observation) -> None:
        if observation.kind is Kind.GAP:
            self._gap(observation.source, observation.reason, observation.time)
            return
        seen = _seen_of(observation)
        if not self._skipped.has(seen):
            self._pending.append(_Pending(view_of(observation, observation.source), seen, _now()))

    def _gap(self, source: str, reason: str, time: datetime) -> None:
        """Changes may have been missed; until a watch has listed again, what is added was not created just now."""
        self._pending.append(_Pending(GapItem(time, source)))
        self._stale = True
        if source in self._sources and self._sources[source].kubernetes is not None:
            self._listed.discard(source)
        self.unobserved()
        event = observation_event(self._request, "ObservationGap", reason, time.isoformat(), _now())
        self._tools.recorder.tell(event)
        self._tools.moved()

    async def _synced(self, source: str, time: datetime) -> None:
        await self._judge_pending()
        self._failing.pop(source, None)
        self._listed.add(source)
        if self._listed >= self._sources.keys():
            self._tell(self._tracker.synced(time))

    def _forbidden(self, source: str, message: str) -> Problem:
        wanted = self._sources[source].kubernetes
        if wanted is None:
            return Problem("ObserverForbidden", logs_forbidden_message(self._request), permanent=True)
        alone = wanted.namespace is None and "at the cluster scope" in message
        grant = forbidden_message(self._request, wanted, _resource(message), clusterwide=alone)
        return Problem("ObserverForbidden", grant, permanent=True)

    def _fail(self, source: str, problem: Problem) -> None:
        self._failing[source] = problem

    # --- judging -------------------------------------------------------------------------------------

    async def _judge_pending(self) -> None:
        """Have all that waits judged, and take in what comes of it."""
        while self._pending:
            part = _message(self._pending)
            judged = await self._tools.evaluator.judge(self._subject, tuple(each.item for each in part))
            del self._pending[: len(part)]
            self._census = judged.census
            for each, judgements in zip(part, judged.judgements, strict=True):
                for judgement in judgements:
                    self._feed(each, judgement)

    @property
    def pending(self) -> Seen | None:
        """The first observation that is being judged, if there is one."""
        return next((each.seen for each in self._pending if each.seen is not None), None)

    def _feed(self, pending: _Pending, judgement: Judgement) -> None:
        if pending.seen is None:
            self._tell(self._tracker.passed(judgement, _seen_in(judgement)))
        else:
            seen = replace(pending.seen, object=_ref(judgement.thing))
            self._tell(self._tracker.feed(seen, judgement))
            if pending.heard is not None:
                self._lag_s = lag_s = (_now() - pending.heard).total_seconds()
                self._tools.meters.record("speccheck_observation_lag_seconds", lag_s, namespace=self._request.namespace)
            if judgement.rejected:
                self._reject(seen, judgement.rejected)
        self._note(judgement)

    def _note(self, judgement: Judgement) -> None:
        if judgement.rejected:
            self._count("State", "rejected")
        if judgement.closed:
            self._undetermined.discard(judgement.key)
        for result in judgement.results:
            self._count(result.tier, _RESULTS[result.verdict])
            if result.tier == "Step" and result.reason == "ConformsSinceAnchor":
                self._undetermined.add(judgement.key)
            elif result.tier == "Step":
                self._undetermined.discard(judgement.key)

    def _reject(self, seen: Seen, why: str) -> None:
        note = f"{seen.object.kind or 'event'} {seen.object.name}: {why}"
        minute = seen.time.strftime("%Y-%m-%dT%H:%M")
        self._tools.recorder.tell(observation_event(self._request, "ObservationRejected", note, minute, _now()))

    # --- what comes of it ----------------------------------------------------------------------------

    def _tell(self, changes: Sequence[DriftChange]) -> None:
        for change in changes:
            match change:
                case Started(drift):
                    if not drift.muted:
                        self._start(drift)
                    self._tools.moved()
                case Repeated(drift):
                    self._again(change)
                case Resolved(drift, at, why):
                    self._patched.pop(drift.identity, None)
                    if self._records.pop(drift.identity, ""):
                        self._tools.findings.end(self._request, Ending(drift, at, why))
                    for event in () if drift.muted else resolved_events(self._request, drift, at, why):
                        self._tools.recorder.tell(event)
                    self._tools.moved()
                case _:
                    assert_never(change)

    def _start(self, drift: Drift) -> None:
        record = self._tools.findings.begin(self._request, drift, self._model_digest)
        if record:
            self._records[drift.identity] = record
        for event in drift_events(self._request, drift, _now(), record):
            self._tools.recorder.tell(event)

    def _again(self, repeated: Repeated) -> None:
        drift = repeated.drift
        patch = series_patch(drift.count, drift.last, self._patched.get(drift.identity), _now())
        if patch is not None and not drift.muted:
            self._patched[drift.identity] = _now()
            record = self._records.get(drift.identity, "")
            for event in drift_events(self._request, drift, _now(), record):
                self._tools.recorder.tell_again(event, patch)

    def _standing(self) -> tuple[object, ...]:
        """What conditions depend on, but for drifts."""
        state = self.state()
        unsure = (state.unjudged_keys > 0, self._census.unanchored > 0, self._census.ambiguous > 0)
        return state.problem, state.synced, *unsure, state.judged > 0, state.since_anchor

    def _settle(self, before: tuple[object, ...]) -> None:
        if self._standing() != before:
            self._tools.moved()
        self._measure()

    def _problem(self) -> Problem | None:
        counts = self._tracker.counts
        if self._failing:
            return next(iter(self._failing.values()))
        if counts.in_a_row >= REJECTIONS_LIMIT:
            return Problem("ObservationRejected", counts.last_rejection, permanent=True)
        return next(iter(self._skipped.seen.values()), None)

    def _begin(self) -> None:
        """Have each counter there at 0: a rate sees the first drift and the first gap only so."""
        self._tools.meters.add("speccheck_gaps_total", 0, **self._labels)
        for tier in OBSERVATION_TIERS:
            for result in OBSERVATION_RESULTS:
                self._count(tier, result, 0)

    def _count(self, tier: str, result: str, amount: int = 1) -> None:
        self._tools.meters.add("speccheck_observations_total", amount, tier=tier, result=result, **self._labels)

    def _measure(self) -> None:
        state, meters = self.state(), self._tools.meters
        meters.set("speccheck_drifts_active", len(state.alarms), **self._labels)
        meters.set("speccheck_drifts_muted", state.muted, **self._labels)
        meters.set("speccheck_observed_keys", state.keys, **self._labels)
        meters.set("speccheck_unanchored_keys", self._census.unanchored, **self._labels)
        meters.set("speccheck_ambiguous_keys", self._census.ambiguous, **self._labels)
        unseen = [name for name in self._subject.loaded.actions if not self._census.actions.get(name)]
        meters.set("speccheck_actions_never_seen", len(unseen), **self._labels)
        if state.last_observed is not None:
            at = state.last_observed.timestamp()
            meters.set("speccheck_last_observation_timestamp_seconds", at, **self._labels)


_RESULTS = {"Holds": "conforms", "Violated": "drifts", "Error": "unknown", "Unknown": "unknown"}


def _message(pending: Sequence[_Pending]) -> list[_Pending]:
    """As much of what waits as goes into one message."""
    part: list[_Pending] = []
    size = 0
    for each in pending[:ITEMS_PER_MESSAGE]:
        size += _size(each.item)
        if part and size > MESSAGE_BYTES:
            break
        part.append(each)
    return part


def _size(item: Item) -> int:
    """About how long an item is as JSON; objects out of a watch are small, those out of an audit may be large."""
    match item:
        case View(object=body) if body is not None:
            return 200 + _weight(body, 4)
        case _:
            return 200


def _weight(data: Any, depth: int) -> int:
    match data:
        case dict() if depth:
            return sum(len(name) + _weight(each, depth - 1) for name, each in data.items())
        case list() if depth:
            return sum(_weight(each, depth - 1) for each in data)
        case str():
            return len(data)
        case dict() | list():
            return 64 * len(data)
        case _:
            return 8


def _seen(source: str, change: Change) -> Seen:
    version = str(change.object["metadata"].get("resourceVersion") or "")
    return Seen(source, change.kind, change.time, object_ref(change.object), version)


def _seen_of(observation: Observation) -> Seen:
    body = None if observation.object is None else dict(observation.object)
    gone = observation.kind is Kind.DELETED
    return Seen(observation.source, "DELETED" if gone else "MODIFIED", observation.time, object_ref(body))


def _seen_in(judgement: Judgement) -> Seen:
    """What the time has come to is about, as an observation."""
    return Seen(judgement.source, "MODIFIED", judgement.time or _now(), _ref(judgement.thing))


def _ref(thing: Thing) -> ObjectRef:
    return ObjectRef(thing.api_version, thing.kind, thing.namespace, thing.name, thing.uid)


def _resource(message: str) -> str:
    """The plural name in a refusal of the API server's: `configmaps is forbidden: …`."""
    words = message.rpartition(": 403: ")[2].split()
    return words[0].partition(".")[0] if words else "objects"


def _now() -> datetime:
    return datetime.now(UTC)
