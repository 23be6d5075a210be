"""The observers under way: for each SpecCheck that observes, one task from its Model to its drifts.

`ensure` starts the one that a SpecCheck needs, or leaves the one that fits; `stop` ends it. What an observer comes to
is read at any time; when it changes, the SpecCheck is to be looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic

from speccheck.conform.clients import EvaluatorClient, EvaluatorGone, Forgotten, OverBudget, Subject
from speccheck.conform.drifts import Counts, Drift, Tracker
from speccheck.errors import EngineError, ModelError, UsageError
from speccheck.kube.connections import ApiError
from speccheck.kube.feeds import QUEUE_LIMIT, Feeds
from speccheck.kube.findings import Findings
from speccheck.kube.kinds import RUNS
from speccheck.kube.meters import Meters
from speccheck.kube.observations import Kept, Observing, Skipped, Tools
from speccheck.kube.queues import Key
from speccheck.kube.reads import Reader
from speccheck.kube.recorders import Recorder
from speccheck.kube.snapshots import Snapshot
from speccheck.kube.tellings import Told, Whose
from speccheck.resource.drifts import ObserveState, Problem, drifts_from, records_from, traces_from
from speccheck.resource.events import resolved_events
from speccheck.resource.findings import Ending
from speccheck.resource.observing import mapping_order, policy_of
from speccheck.resource.requests import Observe, Request
from speccheck.resource.runs import RunView, stored_model

BATCH = 64
TICK_S = 1.0
"""How often the evaluator is told that time has passed."""

SKIPPED_LIMIT = 16
"""How many objects that cost too much are passed over before nothing more is observed for a while."""

RETRY_S = 5.0
FAULT_RETRY_S = 30.0
REFRESH_S = 60.0
"""How often counts that move without end are looked at, to be written."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What observers work with."""

    reader: Reader
    feeds: Feeds
    evaluator: EvaluatorClient
    recorder: Recorder
    findings: Findings
    meters: Meters


@dataclass(frozen=True, slots=True)
class Order:
    """What an observer is to do: another order is another observer."""

    uid: str
    observe: Observe
    model_digest: str


@dataclass(frozen=True, slots=True)
class Before:
    """What an observer takes over: the drifts that were active (of some only traces, see `conform.drifts.Tracker`),
    whether there was a time that nobody observed, the counts so far, and the records of drifts by their identities."""

    drifts: tuple[Drift, ...] = ()
    traces: Mapping[str, datetime] = field(default_factory=dict)
    gap: bool = False
    counts: Counts | None = None
    records: Mapping[str, str] = field(default_factory=dict)


class Observer:
    """One SpecCheck's observer, which takes over from `before`."""

    def __init__(
        self, request: Request, run: RunView, before: Before, around: Surroundings, moved: Callable[[], None]
    ) -> None:
        assert request.observe is not None, "only an observing SpecCheck has an observer"
        self.order = Order(request.uid, request.observe, run.model_digest)
        self._request = request
        self._observe = request.observe
        self._run = run
        self._before = before
        self._around = around
        self._moved = moved
        self._problem: Problem | None = None
        self._observing: Observing | None = None
        self._tracker: Tracker | None = None
        self._skipped = Skipped()
        self._one_by_one = False

    def state(self) -> ObserveState:
        """How observation stands, also before it has begun."""
        if self._observing is not None:
            return self._observing.state()
        return ObserveState(
            False,
            drifts=self._before.drifts,
            problem=self._problem,
            model_digest=self._run.model_digest,
            traces=self._before.traces,
            records=self._before.records,
        )

    def standing(self) -> Before:
        """What another observer takes over from this one."""
        state = self.state()
        return Before(state.drifts, state.traces, records=state.records)

    async def run(self) -> None:
        """Observe until cancelled, or until there is nothing to be done about what is asked for."""
        while True:
            retry_s = FAULT_RETRY_S
            try:
                await self._follow(await self._loaded())
            except OverBudget as error:
                retry_s = self._over_budget(str(error))
            except (Forgotten, EvaluatorGone) as error:
                _log.warning("%s/%s: %s", self._request.namespace, self._request.name, error)
                gone = isinstance(error, EvaluatorGone)
                self._stuck(Problem("EvaluatorUnavailable", str(error)) if gone else None)
                retry_s = RETRY_S if gone else 0.0
            except (UsageError, ModelError) as error:
                self._stuck(Problem("SpecInvalid", f"observe: {error}", permanent=True))
                return
            except Exception as error:  # noqa: BLE001 - told as a problem, and begun anew
                _log.exception("the observer of %s/%s failed", self._request.namespace, self._request.name)
                self._stuck(Problem("WatchFailed", f"a fault of speccheck: {error}"))
            await asyncio.sleep(retry_s)

    async def _follow(self, subject: Subject) -> None:
        """Take in what the sources tell, for as long as the evaluator remembers."""
        around, before = self._around, self._before
        tools = Tools(around.evaluator, around.recorder, around.findings, around.meters, self._moved)
        self._tracker = Tracker(self._still_judged(subject), before.traces, policy_of(self._observe))
        self._tracker.counts = before.counts or self._tracker.counts
        digest = self._run.model_digest
        self._problem = None
        kept = Kept(self._tracker, dict(before.records))
        self._observing = Observing(self._request, subject, kept, tools, self._skipped, digest)
        if before.gap:
            self._observing.unobserved()
        queue: asyncio.Queue[Told] = asyncio.Queue(QUEUE_LIMIT)
        whose = Whose(self._request.namespace, self._user())
        feeds = [
            asyncio.create_task(self._around.feeds.run(source, whose, queue.put), name=f"source {source.name}")
            for source in self._observe.sources
        ]
        try:
            await self._taking(self._observing, queue, feeds)
        finally:
            for feed in feeds:
                feed.cancel()
            await asyncio.wait(feeds)
            with suppress(EngineError):
                await self._around.evaluator.drop(subject)

    async def _taking(
        self, observing: Observing, queue: asyncio.Queue[Told], feeds: Sequence[asyncio.Task[None]]
    ) -> None:
        ticked = monotonic()
        while True:
            batch = await _batch(queue, TICK_S)
            await observing.take(batch, self._one_by_one)
            if monotonic() - ticked >= TICK_S:
                ticked = monotonic()
                await observing.tick(datetime.now(UTC))
            for feed in feeds:
                if feed.done() and not feed.cancelled() and (error := feed.exception()) is not None:
                    raise error

    def _over_budget(self, message: str) -> float:
        """What took too much is looked for one by one, and then passed over; how long to wait before going on."""
        culprit = self._observing.pending if self._observing is not None else None
        if culprit is not None and self._one_by_one:
            self._skipped.add(culprit, message)
            self._around.meters.add(
                "speccheck_observations_total",
                tier="State",
                result="unknown",
                namespace=self._request.namespace,
                speccheck=self._request.name,
            )
        self._one_by_one = culprit is not None and not self._one_by_one
        if culprit is None or len(self._skipped.seen) > SKIPPED_LIMIT:
            self._stuck(Problem("OverBudget", message))
            return FAULT_RETRY_S
        self._stuck(None)
        return 0.0

    def _still_judged(self, subject: Subject) -> tuple[Drift, ...]:
        """The drifts from before whose property is still judged; the others are over."""
        over = [drift for drift in self._before.drifts if not self._is_judged(drift, subject)]
        for drift in over:
            now = datetime.now(UTC)
            self._around.findings.end(self._request, Ending(drift, now, "unjudged"))
            for event in resolved_events(self._request, drift, now, "unjudged"):
                self._around.recorder.tell(event)
        return tuple(drift for drift in self._before.drifts if drift not in over)

    def _is_judged(self, drift: Drift, subject: Subject) -> bool:
        if drift.tier == "Step":
            return "Step" in self._observe.tiers
        return drift.tier in self._observe.tiers and drift.property in subject.loaded.judged

    async def _loaded(self) -> Subject:
        """The Model and the mapping in the evaluator, however long that takes.

        Raises Refused or ModelError where they are wrong.
        """
        while True:
            try:
                model = await self._model()
                mapping, whose = mapping_order(self._observe), f"{self._request.uid}/{self._request.generation}"
                return await self._around.evaluator.load(self._request.namespace, model, mapping, whose)
            except OverBudget as error:
                self._stuck(Problem("OverBudget", str(error)))
            except EvaluatorGone as error:
                self._stuck(Problem("EvaluatorUnavailable", str(error)))
            except ApiError as error:
                _log.warning("%s/%s: %s", self._request.namespace, self._request.name, error)
            await asyncio.sleep(RETRY_S)

    async def _model(self) -> bytes:
        body = await self._around.reader.get(RUNS, self._run.namespace, self._run.name)
        model = await asyncio.to_thread(stored_model, body) if body is not None else None
        if model is None:
            raise ModelError(f"SpecCheckRun {self._run.name} holds no Model; it was too large to be kept")
        return model

    def _user(self) -> str:
        return f"system:serviceaccount:{self._request.namespace}:{self._observe.service_account_name}"

    def _stuck(self, problem: Problem | None) -> None:
        """Nothing is observed for now; what is known so far stands."""
        counts = self._tracker.counts if self._tracker is not None else None
        self._before = replace(self.standing(), gap=self._observing is not None or self._before.gap, counts=counts)
        self._observing = None
        if problem != self._problem:
            self._problem = problem
            self._moved()


async def _batch(queue: asyncio.Queue[Told], patience_s: float) -> list[Told]:
    """What has been told, some at least where anything comes within so many seconds."""
    batch: list[Told] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            batch.append(await queue.get())
    while batch and len(batch) < BATCH and not queue.empty():
        batch.append(queue.get_nowait())
    return batch


class Observers:
    """The observers by SpecCheck. `moved` hears which SpecCheck is to be looked at."""

    def __init__(self, around: Surroundings, moved: Callable[[Key], None]) -> None:
        self._around = around
        self._moved = moved
        self._running: dict[Key, tuple[Observer, asyncio.Task[None]]] = {}

    async def ensure(self, snapshot: Snapshot, request: Request, run: RunView | None) -> ObserveState | None:
        """The state of the observer that a SpecCheck needs, started if need be; None where it needs none yet."""
        key = snapshot.key
        if request.observe is None or request.suspend or run is None:
            await self.stop(key)
            return None
        running = self._running.get(key)
        if running is None or running[0].order != Order(request.uid, request.observe, run.model_digest):
            before = running[0].standing() if running else _before(snapshot)
            await self.stop(key)
            observer = Observer(request, run, before, self._around, lambda: self._moved(key))
            task = asyncio.create_task(observer.run(), name=f"observer of {key}")
            self._running[key] = running = (observer, task)
        return running[0].state()

    async def stop(self, key: Key) -> None:
        """End a SpecCheck's observer, if it has one."""
        running = self._running.pop(key, None)
        if running is not None:
            running[1].cancel()
            await asyncio.wait([running[1]])

    async def stop_all(self) -> None:
        """End them all."""
        for key in [*self._running]:
            await self.stop(key)


def _before(snapshot: Snapshot) -> Before:
    """What was observed before this process began."""
    status = snapshot.status
    drifts, traces, records = drifts_from(status), traces_from(status), records_from(status)
    return Before(drifts, traces, gap=bool(status.get("observe")), records=records)
