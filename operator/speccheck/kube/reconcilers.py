"""One look at a SpecCheck: what there is, what should be, one step towards it, and its status.

Level-triggered: whatever the reason for a look, it reads everything anew and does what is missing. It may end at any
point and be begun again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from speccheck.kube.checks import Checks
from speccheck.kube.connections import Body
from speccheck.kube.kinds import SPEC_CHECKS
from speccheck.kube.meters import Meters
from speccheck.kube.observers import REFRESH_S, Observers
from speccheck.kube.queues import Key
from speccheck.kube.recorders import Recorder
from speccheck.kube.references import References
from speccheck.kube.snapshots import Snapshot, Snapshots
from speccheck.kube.writes import Writer
from speccheck.resource.conditions import condition_in
from speccheck.resource.drifts import ObserveState
from speccheck.resource.events import EventReason, run_event
from speccheck.resource.keys import wanted_key
from speccheck.resource.metrics import TRUTH_VALUES
from speccheck.resource.reasons import is_authors
from speccheck.resource.requests import Request
from speccheck.resource.runs import RunView, model_run
from speccheck.resource.schedules import next_wake
from speccheck.resource.sources import Found, Missing
from speccheck.resource.statuses import Inputs, Refused, changed, status

POLL_S = 3.0
"""How often a run under way is looked at: what holds up its pod is told by the pod alone, which nobody watches."""

_GAUGES = {"Verified": "speccheck_verified", "Conformant": "speccheck_conformant", "Ready": "speccheck_ready"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look has come to: the wanted run and how observation stands, None where there is none."""

    run: RunView | None = None
    observe: ObserveState | None = None


@dataclass(frozen=True, slots=True)
class _Named:
    """A SpecCheck by what its Events go by."""

    namespace: str
    name: str
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What a look is done with. `resync_s`: how long a SpecCheck goes unseen where nothing happens."""

    snapshots: Snapshots
    checks: Checks
    observers: Observers
    references: References
    recorder: Recorder
    writer: Writer
    meters: Meters
    resync_s: float


class Reconciler:
    """Looks at SpecChecks. Raises ApiError where the API server does not do as asked; then it is to be tried again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def look(self, key: Key) -> float | None:
        """One look; gives the seconds after which another is due, None where the SpecCheck is gone."""
        snapshot = await self._parts.snapshots.take(key, datetime.now(UTC))
        if snapshot is None:
            await self._forget(key)
            return None
        seen = await self._carried_out(snapshot)
        await self._tell(snapshot, seen)
        return self._wish_s(snapshot, seen)

    async def _forget(self, key: Key) -> None:
        self._parts.snapshots.forget(key)
        self._parts.references.forget(key)
        await self._parts.observers.stop(key)
        self._parts.meters.drop(namespace=key.namespace, speccheck=key.name)

    async def _carried_out(self, snapshot: Snapshot) -> _Seen:
        match snapshot.request:
            case Refused():
                await self._parts.checks.give_up(snapshot, None)
                await self._parts.observers.stop(snapshot.key)
                return _Seen()
            case Request() as request:
                named = request.source.config_map
                self._parts.references.set(snapshot.key, named.name if named else None)
                return await self._requested(snapshot, request)

    async def _requested(self, snapshot: Snapshot, request: Request) -> _Seen:
        run = None
        if isinstance(snapshot.source, Found):
            key = wanted_key(request, snapshot.source.digest, snapshot.runs, snapshot.now)
            await self._parts.checks.give_up(snapshot, key)
            run = await self._parts.checks.follow(snapshot, request, snapshot.source, key)
        else:
            await self._parts.checks.give_up(snapshot, None)
        used = model_run(request, run, snapshot.runs)
        keep = {each.name for each in (run, used) if each is not None}
        await self._parts.checks.thin_out(snapshot, request, keep)
        return _Seen(run, await self._parts.observers.ensure(snapshot, request, used))

    async def _tell(self, snapshot: Snapshot, seen: _Seen) -> None:
        """Write the status where it says something new."""
        metadata = snapshot.body["metadata"]
        inputs = Inputs(
            request=snapshot.request,
            generation=int(metadata["generation"]),
            previous=snapshot.status,
            now=snapshot.now,
            source=snapshot.source,
            run=seen.run,
            observe=seen.observe,
        )
        wanted = status(inputs)
        if changed(snapshot.status, wanted):
            self._announce(snapshot)
            await self._parts.writer.set_status(SPEC_CHECKS, snapshot.body, wanted)
        self._measure(snapshot.key, wanted)

    def _announce(self, snapshot: Snapshot) -> None:
        """Tell in an Event why there is nothing to check: once for each generation and reason, by the Event's name."""
        match snapshot:
            case Snapshot(request=Refused(message, reason)) | Snapshot(source=Missing(reason, message)):
                metadata = snapshot.body["metadata"]
                about = _Named(*snapshot.key, str(metadata["uid"]), int(metadata["generation"]))
                told_as: EventReason = "SpecInvalid" if is_authors(reason) else "CheckIncomplete"
                self._parts.recorder.tell(run_event(about, None, told_as, message, snapshot.now))
            case _:
                pass

    def _measure(self, key: Key, wanted: Body) -> None:
        for condition, gauge in _GAUGES.items():
            found = condition_in(wanted, condition)
            if found:
                self._parts.meters.set(
                    gauge, TRUTH_VALUES[found["status"]], namespace=key.namespace, speccheck=key.name
                )

    def _wish_s(self, snapshot: Snapshot, seen: _Seen) -> float:
        if seen.run is not None and not seen.run.finished:
            return POLL_S
        wake = next_wake(snapshot.request, snapshot.now) if isinstance(snapshot.request, Request) else None
        until_wake_s = (wake - datetime.now(UTC)).total_seconds() if wake else self._parts.resync_s
        return max(0.5, min(until_wake_s, self._parts.resync_s, REFRESH_S if seen.observe else self._parts.resync_s))
