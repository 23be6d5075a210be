"""The observers under way: for each SpecCheck that observes, one task from its Model to its drifts.

`ensure` starts the one that a SpecCheck needs, or leaves the one that fits; `stop` ends it. What an observer comes to
is read at any time; when it changes, the SpecCheck is to be looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from speccheck.conform.clients import EvaluatorClient, EvaluatorGone, OverBudget, Subject
from speccheck.conform.drifts import Drift, Tracker
from speccheck.conform.protocols import MappingOrder, SourceOrder
from speccheck.errors import ModelError, UsageError
from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.kinds import RUNS, Kind, discovered
from speccheck.kube.meters import Meters
from speccheck.kube.observations import BATCH, Observation, Tools
from speccheck.kube.queues import Key
from speccheck.kube.reads import Reader
from speccheck.kube.recorders import Recorder
from speccheck.kube.snapshots import Snapshot
from speccheck.kube.watches import Place, Watches
from speccheck.resource.drifts import ObserveState, Problem, drifts_from, traces_from
from speccheck.resource.events import resolved_events
from speccheck.resource.reasons import told
from speccheck.resource.requests import Observe, Request
from speccheck.resource.runs import RunView, stored_model

RETRY_S = 5.0
KIND_RETRY_S = 30.0
FAULT_RETRY_S = 30.0
REFRESH_S = 60.0
"""How often counts that move without end are looked at, to be written."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What observers work with."""

    reader: Reader
    connection: Connection
    watches: Watches
    evaluator: EvaluatorClient
    recorder: Recorder
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
    and whether there was a time that nobody observed."""

    drifts: tuple[Drift, ...] = ()
    traces: Mapping[str, datetime] = field(default_factory=dict)
    gap: bool = False


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
        self._observation: Observation | None = None

    def state(self) -> ObserveState:
        """How observation stands, also before it has begun."""
        if self._observation is not None:
            return self._observation.state()
        return ObserveState(
            False,
            drifts=self._before.drifts,
            problem=self._problem,
            model_digest=self._run.model_digest,
            traces=self._before.traces,
        )

    def standing(self) -> Before:
        """What another observer takes over from this one."""
        state = self.state()
        return Before(state.drifts, state.traces)

    async def run(self) -> None:
        """Observe until cancelled, or until there is nothing to be done about what is asked for."""
        while True:
            try:
                subject = await self._loaded()
                await self._follow(subject, Place(await self._kind(), self._namespace(), self._user()))
            except (UsageError, ModelError) as error:
                self._stuck(Problem("SpecInvalid", f"observe: {error}", permanent=True))
                return
            except Exception as error:  # noqa: BLE001 - told as a problem, and begun anew
                _log.exception("the observer of %s/%s failed", self._request.namespace, self._request.name)
                self._stuck(Problem("WatchFailed", f"a fault of speccheck: {error}"))
            await asyncio.sleep(FAULT_RETRY_S)

    async def _follow(self, subject: Subject, place: Place) -> None:
        tools = Tools(self._around.evaluator, self._around.recorder, self._around.meters, self._moved)
        labels = self._observe.sources[0].kubernetes.selector.match_labels
        async with self._around.watches.subscribed(place, labels) as subscription:
            tracker = Tracker(self._still_judged(subject), self._before.traces)
            self._observation = Observation(self._request, subject, tracker, tools, self._run.model_digest)
            if self._before.gap:
                self._observation.unobserved()
            while True:
                await self._observation.take(await subscription.batch(BATCH))

    def _still_judged(self, subject: Subject) -> tuple[Drift, ...]:
        """The drifts from before whose property is still judged; the others are over."""
        judged = subject.loaded.judged
        for drift in self._before.drifts:
            if drift.property not in judged:
                for event in resolved_events(self._request, drift, datetime.now(UTC), "unjudged"):
                    self._around.recorder.tell(event)
        return tuple(drift for drift in self._before.drifts if drift.property in judged)

    async def _loaded(self) -> Subject:
        """The Model and the mapping in the evaluator, however long that takes.

        Raises Refused or ModelError where they are wrong.
        """
        while True:
            try:
                model = await self._model()
                return await self._around.evaluator.load(self._request.namespace, model, _mapping(self._observe))
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

    async def _kind(self) -> Kind:
        """The kind to be observed, once the cluster has it."""
        wanted = self._observe.sources[0].kubernetes
        while True:
            try:
                found = await discovered(self._around.connection, wanted.api_version, wanted.kind)
            except ApiError as error:
                self._stuck(Problem("WatchFailed", error.message))
            else:
                if found is not None:
                    self._problem = None
                    return found
                lacking = f"the cluster has no kind {wanted.kind} of {wanted.api_version}"
                self._stuck(Problem("KindUnknown", told("KindUnknown", lacking), permanent=True))
            await asyncio.sleep(KIND_RETRY_S)

    def _namespace(self) -> str:
        return self._observe.sources[0].kubernetes.namespace or self._request.namespace

    def _user(self) -> str:
        return f"system:serviceaccount:{self._request.namespace}:{self._observe.service_account_name}"

    def _stuck(self, problem: Problem) -> None:
        self._before = replace(self.standing(), gap=self._observation is not None)
        self._observation = None
        if problem != self._problem:
            self._problem = problem
            self._moved()


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
    return Before(drifts_from(status), traces_from(status), gap=bool(status.get("observe")))


def _mapping(observe: Observe) -> MappingOrder:
    return MappingOrder(
        sources=tuple(SourceOrder(source.name, source.key) for source in observe.sources),
        variables=observe.variables,
        instance=observe.instance,
        parameters=observe.parameters,
    )
