"""The runs of a SpecCheck, moved on by one step: made, given a Job, followed to their end, given up, thinned out.

Takes a Snapshot and the key of the run that should be; writes what is missing and gives the run as it is then. Each
step may be the last before a crash: the next look finds what was done, and does the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from speccheck.kube.connections import ApiError, Body
from speccheck.kube.kinds import JOBS, PODS, POLICIES, RUNS
from speccheck.kube.meters import Meters
from speccheck.kube.reads import Reader
from speccheck.kube.recorders import Recorder
from speccheck.kube.slots import Slots
from speccheck.kube.snapshots import Snapshot
from speccheck.kube.stages import run_stage
from speccheck.kube.traces import Tracer
from speccheck.kube.writes import Writer
from speccheck.reports import Report
from speccheck.resource.events import finished_events, run_event
from speccheck.resource.frames import LOG_LIMIT_BYTES
from speccheck.resource.jobs import Settings, has_room, job_body, job_name
from speccheck.resource.keys import RunKey
from speccheck.resource.outcomes import (
    ATTEMPTS,
    Answered,
    Failed,
    Look,
    NeedsLog,
    Waiting,
    answered,
    outcome_of,
    superseded,
)
from speccheck.resource.policies import network_policy_body
from speccheck.resource.reasons import REASONS, told
from speccheck.resource.requests import Request
from speccheck.resource.runs import (
    RUN_LABEL,
    RunView,
    expired,
    finished_status,
    reopened,
    run_body,
    run_name,
    run_view,
    waiting_status,
)
from speccheck.resource.runs import superseded as taken_over
from speccheck.resource.sources import Found

FRESH = timedelta(minutes=10)
"""How long after its end a run's Events are told again by an operator that has just started."""

_log = logging.getLogger(__name__)


class NotYet(Exception):
    """Something of an earlier object of the same name is still there; it goes by itself."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What checks are carried out with."""

    reader: Reader
    writer: Writer
    recorder: Recorder
    meters: Meters
    tracer: Tracer
    slots: Slots
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What an outcome was told by."""

    outcome: Waiting | Answered | Failed
    pod: Body | None = None


class Checks:
    """Moves runs on. Every method raises ApiError where the API server does not do as asked."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._told: set[str] = set()

    async def follow(self, snapshot: Snapshot, request: Request, source: Found, key: RunKey) -> RunView | None:
        """The run of that key after a step; None where there is none and a suspended SpecCheck gets none."""
        name = run_name(request, key.key)
        view = snapshot.run(name)
        if view is not None and reopened(view):
            await self._tools.writer.delete(RUNS, view.namespace, view.name, view.uid)
            view = None
        if view is not None and view.finished:
            self._tell(request, view, snapshot.now)
            return view
        if view is None and request.suspend:
            return None
        body = await self._tools.reader.get(RUNS, request.namespace, name) if view else None
        return await self._step(request, source, body or await self._made(request, source, key))

    async def give_up(self, snapshot: Snapshot, key: RunKey | None) -> None:
        """End every unfinished run but that of the key, its Jobs first."""
        open_runs = taken_over(snapshot.runs, key) if key else tuple(r for r in snapshot.runs if not r.finished)
        for run in open_runs:
            for attempt in range(1, ATTEMPTS + 1):
                await self._remove_job(run, attempt)
            body = await self._tools.reader.get(RUNS, run.namespace, run.name)
            if body is not None and not run_view(body).finished:
                status = finished_status(body.get("status") or {}, superseded(), run.attempt, snapshot.now)
                await self._tools.writer.set_status(RUNS, body, status)

    async def thin_out(self, snapshot: Snapshot, request: Request, keep: Collection[str]) -> None:
        """Delete the finished runs beyond the history's limit, and with them what they own."""
        for run in expired(snapshot.runs, request.history_limit, keep):
            await self._tools.writer.delete(RUNS, run.namespace, run.name, run.uid)

    async def _remove_job(self, run: RunView, attempt: int) -> None:
        job = await self._tools.reader.get(JOBS, run.namespace, job_name(run.name, attempt))
        if job is not None and _controller(job) == run.uid:
            await self._tools.writer.delete(JOBS, run.namespace, job["metadata"]["name"], job["metadata"]["uid"])

    async def _made(self, request: Request, source: Found, key: RunKey) -> Body:
        """A new run; or the one that another write made meanwhile."""
        with self._tools.tracer.reconcile(request.namespace, request.name) as traceparent:
            body = run_body(request, key, source.digest, traceparent)
            made = await self._tools.writer.create(RUNS, request.namespace, body)
        if made is not None:
            return made
        found = await self._tools.reader.get(RUNS, request.namespace, body["metadata"]["name"])
        if found is None or "deletionTimestamp" in found["metadata"]:
            raise NotYet(f"SpecCheckRun {body['metadata']['name']} is being deleted")
        return found

    async def _step(self, request: Request, source: Found, body: Body) -> RunView:
        run = run_view(body)
        await self._ensure_policy(request)
        job = await self._tools.reader.get(JOBS, run.namespace, job_name(run.name, run.attempt))
        if job is None:
            evidence = _Evidence(await self._start(request, source, body, run))
        elif _controller(job) != run.uid:
            evidence = _Evidence(_blocked(job))
        else:
            evidence = await self._looked_at(job, run)
        return await self._noted(request, body, run, evidence)

    async def _ensure_policy(self, request: Request) -> None:
        wanted = network_policy_body(request)
        found = await self._tools.reader.get(POLICIES, request.namespace, wanted["metadata"]["name"])
        if found is None:
            found = await self._tools.writer.create(POLICIES, request.namespace, wanted)
        if found is None or _controller(found) != request.uid:
            raise NotYet(f"NetworkPolicy {wanted['metadata']['name']} belongs to something else, and is to go first")
        if found["spec"] != wanted["spec"]:
            await self._tools.writer.replace(POLICIES, found | {"spec": wanted["spec"]})

    async def _start(self, request: Request, source: Found, body: Body, run: RunView) -> Waiting | Failed:
        """The Job for the present attempt, if there is room for one."""
        async with self._tools.slots.admission:
            if not has_room(self._tools.slots.active, run.namespace, self._tools.settings):
                return Waiting("Queued", REASONS["Queued"].meaning)
            wanted = job_body(request, body, source, self._tools.settings, run.attempt)
            try:
                made = await self._tools.writer.create(JOBS, run.namespace, wanted)
            except ApiError as error:
                if error.invalid or error.forbidden:
                    return Failed("PodTemplateRefused", told("PodTemplateRefused", error.message))
                raise
            if made is not None:
                self._tools.slots.seen(made)
        if run.attempt == 1:
            note = f"checking source {source.digest[:19]} in SpecCheckRun {run.name}"
            self._tools.recorder.tell(run_event(request, run, "CheckStarted", note, _now()))
        return Waiting("CheckStarted", REASONS["CheckStarted"].meaning)

    async def _looked_at(self, job: Body, run: RunView) -> _Evidence:
        """What the Job and its pods say by now."""
        self._tools.slots.seen(job)
        pods = await self._tools.reader.listed(PODS, run.namespace, {RUN_LABEL: run.name})
        patience = timedelta(seconds=self._tools.settings.grace_s)
        outcome = outcome_of(job, pods, Look(_now(), patience, Waiting(run.reason, run.message)))
        match outcome:
            case NeedsLog(name):
                pod = next(pod for pod in pods if pod["metadata"]["name"] == name)
                return _Evidence(await self._answer(run, pod), pod)
            case Waiting() | Failed():
                mine = [pod for pod in pods if _controller(pod) == job["metadata"]["uid"]]
                return _Evidence(outcome, mine[-1] if mine else None)
            case _:
                assert_never(outcome)

    async def _answer(self, run: RunView, pod: Body) -> Answered | Failed:
        log = await self._tools.reader.log(run.namespace, pod["metadata"]["name"], "check", LOG_LIMIT_BYTES + 1)
        return await asyncio.to_thread(answered, log, pod, run.source_digest)

    async def _noted(self, request: Request, body: Body, run: RunView, evidence: _Evidence) -> RunView:
        """The run with the outcome in its status; written only where that says something new."""
        previous = body.get("status") or {}
        match evidence.outcome:
            case Waiting() as waiting:
                status = waiting_status(previous, waiting, run.attempt, _now())
                if (run.reason, run.message, run.started_at is None) == (waiting.reason, waiting.message, False):
                    return run
                return await self._written(body, status)
            case Failed(retry=True) as failed if run.attempt < ATTEMPTS:
                _log.warning("run %s/%s is tried again: %s", run.namespace, run.name, failed.message)
                again = Waiting(failed.reason, failed.message)
                return await self._written(body, waiting_status(previous, again, run.attempt + 1, _now()))
            case Answered() | Failed() as outcome:
                status = await asyncio.to_thread(finished_status, previous, outcome, run.attempt, _now())
                finished = await self._written(body, status)
                reports = outcome.document.reports if isinstance(outcome, Answered) else ()
                self._count(finished, evidence.pod, reports)
                self._tell(request, finished, _now())
                return finished
            case _:
                assert_never(evidence.outcome)

    async def _written(self, body: Body, status: Body) -> RunView:
        return run_view(await self._tools.writer.set_status(RUNS, body, status))

    def _count(self, run: RunView, pod: Body | None, reports: tuple[Report, ...]) -> None:
        verdict = run.verdict or "None"
        self._tools.meters.add("speccheck_checks_total", namespace=run.namespace, verdict=verdict)
        if run.started_at and run.finished_at:
            seconds = (run.finished_at - run.started_at).total_seconds()
            self._tools.meters.record("speccheck_check_duration_seconds", seconds, verdict=verdict)
        self._tools.tracer.add(run.traceparent, run_stage(run, pod, reports))
        _log.info("run %s/%s ended: %s, %s", run.namespace, run.name, verdict, run.reason)

    def _tell(self, request: Request, run: RunView, now: datetime) -> None:
        """The Events of a run that has just ended, also where the operator was away at that moment."""
        if run.uid in self._told or run.finished_at is None or now - run.finished_at > FRESH:
            return
        self._told.add(run.uid)
        for event in finished_events(request, run, now):
            self._tools.recorder.tell(event)


def _blocked(job: Body) -> Waiting:
    name = job["metadata"]["name"]
    return Waiting("PodNotStarted", f"a Job {name} is there that the operator did not make; delete it")


def _controller(body: Body) -> str | None:
    owners: list[dict[str, Any]] = body["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), None)


def _now() -> datetime:
    return datetime.now(UTC)
