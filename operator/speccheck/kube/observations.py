"""One SpecCheck's observation: records of a watch in, judged by the evaluator, drifts tracked, changes told as Events.

Takes a subscription's records; gives an ObserveState at any time. A drift is told the moment it is judged. What cannot
be judged (over budget, an evaluator that is away) is never taken for conformance: it stands as a problem until it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from speccheck.conform.clients import EvaluatorClient, EvaluatorGone, OverBudget, Subject
from speccheck.conform.drifts import Change as DriftChange
from speccheck.conform.drifts import Drift, Repeated, Resolved, Seen, Started, Tracker, object_ref
from speccheck.conform.protocols import Judgement, View
from speccheck.errors import ModelError
from speccheck.kube.meters import Meters
from speccheck.kube.recorders import Recorder
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed, Record
from speccheck.resource.drifts import ObserveState, Problem, forbidden_message
from speccheck.resource.events import drift_events, observation_event, resolved_events, series_patch
from speccheck.resource.metrics import OBSERVATION_RESULTS
from speccheck.resource.requests import Request

BATCH = 64
REJECTIONS_LIMIT = 10
"""After so many observations in a row that do not fit the spec, somebody has to correct the mapping."""

EVALUATOR_RETRY_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What observing is done with. `moved` hears that the state has changed in a way worth writing."""

    evaluator: EvaluatorClient
    recorder: Recorder
    meters: Meters
    moved: Callable[[], None]


class Observation:
    """What was observed for one SpecCheck, since `subject` was loaded. `tracker` knows the drifts from before."""

    def __init__(self, request: Request, subject: Subject, tracker: Tracker, tools: Tools, model_digest: str) -> None:
        assert request.observe is not None, "only an observing SpecCheck is observed for"
        self._request = request
        self._source = request.observe.sources[0]
        self._subject = subject
        self._tools = tools
        self._model_digest = model_digest
        self._tracker = tracker
        self._synced = False
        self._failing: Problem | None = None
        self._unjudged: dict[str, Problem] = {}
        self._patched: dict[str, datetime] = {}
        self._labels = {"namespace": request.namespace, "speccheck": request.name}
        self._begin()

    def state(self) -> ObserveState:
        """How observation stands."""
        counts = self._tracker.counts
        return ObserveState(
            synced=self._synced,
            keys=self._tracker.keys,
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
        )

    def unobserved(self) -> None:
        """There was a time before this that nobody observed. It is counted; no Event tells what was meant to be."""
        self._tracker.gap()
        self._tools.meters.add("speccheck_gaps_total", **self._labels)

    async def take(self, records: Sequence[Record]) -> None:
        """Take in records, in order."""
        before = self._standing()
        pending: list[Change] = []
        for record in records:
            match record:
                case Change(kind="ADDED" | "MODIFIED") as change:
                    pending.append(change)
                case _:
                    await self._judge(pending)
                    pending = []
                    self._mark(record)
        await self._judge(pending)
        if self._standing() != before:
            self._tools.moved()
        self._measure()

    def _mark(self, record: Record) -> None:
        """A record that needs no judgement."""
        match record:
            case Change() as gone:
                seen = _seen(gone, self._source.name)
                self._unjudged.pop(seen.object.identity, None)
                self._told(self._tracker.deleted(seen))
            case Gap(reason, time):
                self._gap(reason, time)
            case Listed(time):
                self._failing, self._synced = None, True
                self._told(self._tracker.synced(time))
            case Failing(error) if error.forbidden:
                message = forbidden_message(self._request, _resource(error.message))
                self._failing = Problem("ObserverForbidden", message, permanent=True)
            case Failing(error):
                self._failing = Problem("WatchFailed", error.message)
            case _:
                assert_never(record)

    def _gap(self, reason: str, time: datetime) -> None:
        self.unobserved()
        event = observation_event(self._request, "ObservationGap", reason, time.isoformat(), _now())
        self._tools.recorder.tell(event)
        self._tools.moved()

    async def _judge(self, changes: Sequence[Change]) -> None:
        """Have changes judged, in batches, and take in what comes of them."""
        fresh = [change for change in changes if not self._tracker.is_duplicate(_seen(change, self._source.name))]
        for start in range(0, len(fresh), BATCH):
            await self._batch(fresh[start : start + BATCH])

    async def _batch(self, changes: Sequence[Change]) -> None:
        """Judge a batch; one that is over budget is split until what costs too much stands alone."""
        views = tuple(View(self._source.name, change.time, change.object) for change in changes)
        try:
            judgements = await self._judged(views)
        except (OverBudget, ModelError) as error:
            if len(changes) > 1:
                half = len(changes) // 2
                await self._batch(changes[:half])
                await self._batch(changes[half:])
            else:
                self._over_budget(changes[0], str(error))
            return
        for change, judgement in zip(changes, judgements, strict=True):
            self._feed(change, judgement)

    async def _judged(self, views: tuple[View, ...]) -> tuple[Judgement, ...]:
        """The judgements, however long the evaluator is away."""
        while True:
            try:
                judgements = await self._tools.evaluator.judge(self._subject, views)
            except EvaluatorGone as error:
                self._failing = Problem("EvaluatorUnavailable", str(error))
                self._tools.moved()
                _log.warning("%s/%s: %s", self._request.namespace, self._request.name, error)
                await asyncio.sleep(EVALUATOR_RETRY_S)
                continue
            if self._failing is not None and self._failing.reason == "EvaluatorUnavailable":
                self._failing = None
            return judgements

    def _over_budget(self, change: Change, message: str) -> None:
        name = change.object["metadata"]["name"]
        seen = _seen(change, self._source.name)
        self._unjudged[seen.object.identity] = Problem("OverBudget", f"{seen.object.kind} {name}: {message}")
        self._count("unknown")

    def _feed(self, change: Change, judgement: Judgement) -> None:
        seen = _seen(change, self._source.name)
        self._unjudged.pop(seen.object.identity, None)
        self._told(self._tracker.feed(seen, judgement))
        self._count(_result(judgement))
        lag_s = (_now() - change.time).total_seconds()
        self._tools.meters.record("speccheck_observation_lag_seconds", lag_s, namespace=self._request.namespace)
        if judgement.rejected:
            self._reject(seen, judgement.rejected)

    def _reject(self, seen: Seen, why: str) -> None:
        note = f"{seen.object.kind} {seen.object.name}: {why}"
        minute = seen.time.strftime("%Y-%m-%dT%H:%M")
        self._tools.recorder.tell(observation_event(self._request, "ObservationRejected", note, minute, _now()))

    def _told(self, changes: Sequence[DriftChange]) -> None:
        for change in changes:
            match change:
                case Started(drift):
                    for event in drift_events(self._request, drift, _now()):
                        self._tools.recorder.tell(event)
                    self._tools.moved()
                case Repeated(drift):
                    self._again(drift)
                case Resolved(drift, at, why):
                    self._patched.pop(drift.identity, None)
                    for event in resolved_events(self._request, drift, at, why):
                        self._tools.recorder.tell(event)
                    self._tools.moved()
                case _:
                    assert_never(change)

    def _again(self, drift: Drift) -> None:
        patch = series_patch(drift.count, drift.last, self._patched.get(drift.identity), _now())
        if patch is not None:
            self._patched[drift.identity] = _now()
            for event in drift_events(self._request, drift, _now()):
                self._tools.recorder.tell_again(event, patch)

    def _standing(self) -> tuple[Problem | None, bool, bool, bool]:
        """What conditions depend on, but for drifts."""
        state = self.state()
        return state.problem, state.synced, state.unjudged_keys > 0, state.judged > 0

    def _problem(self) -> Problem | None:
        counts = self._tracker.counts
        if self._failing is not None:
            return self._failing
        if counts.in_a_row >= REJECTIONS_LIMIT:
            return Problem("ObservationRejected", counts.last_rejection, permanent=True)
        return next(iter(self._unjudged.values()), None)

    def _begin(self) -> None:
        """Have each counter there at 0: a rate sees the first drift and the first gap only so."""
        self._tools.meters.add("speccheck_gaps_total", 0, **self._labels)
        for result in OBSERVATION_RESULTS:
            self._count(result, 0)

    def _count(self, result: str, amount: int = 1) -> None:
        self._tools.meters.add("speccheck_observations_total", amount, tier="State", result=result, **self._labels)

    def _measure(self) -> None:
        state, meters = self.state(), self._tools.meters
        meters.set("speccheck_drifts_active", len(state.alarms), **self._labels)
        meters.set("speccheck_observed_keys", state.keys, **self._labels)
        if state.last_observed is not None:
            at = state.last_observed.timestamp()
            meters.set("speccheck_last_observation_timestamp_seconds", at, **self._labels)


def _result(judgement: Judgement) -> str:
    if judgement.rejected:
        return "rejected"
    verdicts = {result.verdict for result in judgement.results}
    if "Violated" in verdicts:
        return "drifts"
    return "conforms" if verdicts == {"Holds"} else "unknown"


def _seen(change: Change, source: str) -> Seen:
    version = str(change.object["metadata"].get("resourceVersion") or "")
    return Seen(source, change.kind, change.time, object_ref(change.object), version)


def _resource(message: str) -> str:
    """The plural name in a refusal of the API server's: `configmaps is forbidden: …`."""
    words = message.rpartition(": 403: ")[2].split()
    return words[0].partition(".")[0] if words else "objects"


def _now() -> datetime:
    return datetime.now(UTC)
