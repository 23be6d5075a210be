"""One SpecCheck carried out without a cluster: captured, checked and observed here, told as a cluster would tell it.

Takes a manifest's body, the ConfigMaps beside it and a file of observations; gives the status and the Events that
the operator would write, by the same functions. The spec's code runs in a process of its own, unconfined: it is its
author's machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from speccheck.checking import CheckRequest, check
from speccheck.cli.announcements import Announcer, Watched, unfit
from speccheck.cli.excerpts import line_at, with_source_lines
from speccheck.cli.refusals import refusal_of
from speccheck.cli.specs import Unread, load
from speccheck.cli.watching import Watch
from speccheck.engines.base import Limits, Progress, Walks
from speccheck.errors import SpecError, UsageError
from speccheck.ir.json import model_digest, model_to_json
from speccheck.ir.models import Model
from speccheck.reports import Report
from speccheck.resource.documents import Document
from speccheck.resource.drifts import ObserveState
from speccheck.resource.events import About, EventBody, finished_events, run_event
from speccheck.resource.keys import wanted_key
from speccheck.resource.outcomes import Answered, Failed
from speccheck.resource.reasons import is_authors
from speccheck.resource.requests import Check, Observe, Request, request_of
from speccheck.resource.runs import RunView, finished_status, run_body, run_view
from speccheck.resource.sources import Found, Missing, SourceState, source_of
from speccheck.resource.statuses import Inputs, Refused, status
from speccheck.resource.times import time_text
from speccheck.sources.lines import Refused as RefusedLine
from speccheck.sources.observations import Observation

Body: TypeAlias = Mapping[str, Any]
Shown: TypeAlias = Callable[[str], AbstractContextManager[Progress | None]]
"""Shows that something under a title goes on."""

Lines: TypeAlias = Callable[[], Iterable[Observation | RefusedLine]]
"""Reads the observations from their beginning."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a SpecCheck is carried out with. `lines` None: there are no observations."""

    config_maps: Mapping[tuple[str, str], Body]
    lines: Lines | None
    shown: Shown


@dataclass(slots=True)
class Rehearsal:
    """What came of one SpecCheck. `failed` is how it failed, None where there is an answer or none was asked for."""

    name: str
    namespace: str
    status: Body = field(default_factory=dict)
    events: list[EventBody] = field(default_factory=list)
    reports: tuple[Report, ...] = ()
    failed: Failed | Missing | Refused | None = None
    watched: Watched | None = None


def rehearse(body: Body, stage: Stage) -> Rehearsal:
    """Carries out one SpecCheck; whatever is wrong with it is part of what comes of it."""
    try:
        request = request_of(body)
    except UsageError as error:
        return _refused(body, str(error))
    found = Rehearsal(request.name, request.namespace)
    named = request.source.config_map
    config_map = stage.config_maps.get((request.namespace, named.name)) if named else None
    source = source_of(request, config_map)
    match source:
        case Missing(reason, message):
            found.failed = source
            found.status = _status(request, source, None, None)
            found.events.append(_nothing_event(request, reason, message))
        case Found():
            _Rehearsing(request, source, stage, found).go()
    return found


def _refused(body: Body, message: str) -> Rehearsal:
    metadata = body.get("metadata") or {}
    refused = Refused(message)
    inputs = Inputs(request=refused, generation=1, previous={}, now=datetime.now(UTC))
    about = _Named(str(metadata.get("namespace") or "default"), str(metadata.get("name") or ""))
    events = [_nothing_event(about, refused.reason, message)]
    return Rehearsal(about.name, about.namespace, status(inputs), events, failed=refused)


@dataclass(frozen=True, slots=True)
class _Named:
    """A SpecCheck that is refused, as far as Events name it."""

    namespace: str
    name: str
    uid: str = ""
    generation: int = 1


def _nothing_event(about: About, reason: str, message: str) -> EventBody:
    """Why there is nothing to check."""
    return run_event(
        about, None, "SpecInvalid" if is_authors(reason) else "CheckIncomplete", message, datetime.now(UTC)
    )


def _status(request: Request, source: SourceState, run: RunView | None, observe: ObserveState | None) -> Body:
    inputs = Inputs(
        request=request,
        generation=request.generation,
        previous={},
        now=datetime.now(UTC),
        source=source,
        run=run,
        observe=observe,
    )
    return status(inputs)


class _Rehearsing:
    """One SpecCheck whose source was found."""

    def __init__(self, request: Request, source: Found, stage: Stage, found: Rehearsal) -> None:
        self._request = request
        self._source = source
        self._stage = stage
        self._found = found
        self._started = datetime.now(UTC)

    def go(self) -> None:
        with tempfile.TemporaryDirectory(prefix="speccheck-") as folder:
            model, outcome = self._checked(Path(folder))
        run = self._run(outcome)
        self._tell_run(run)
        observe = self._observed(model)
        self._found.status = _status(self._request, self._source, run, observe)

    def _checked(self, folder: Path) -> tuple[Model | None, Answered | Failed]:
        """The Model, where there is one, and what the checker's pod would have left."""
        for name, content in self._source.files.items():
            (folder / name).write_bytes(content)
        try:
            model = load(folder / self._request.entrypoint).model
        except Unread as error:
            return None, Failed(error.reason, refusal_of(error).text, stage="capture")
        except SpecError as error:
            return None, Failed("SpecInvalid", refusal_of(error).text, stage="capture")
        except UsageError as error:
            return None, Failed("SpecInvalid", str(error), stage="capture")
        try:
            found = [self._report(model, name, left_s) for name, left_s in self._instances(model)]
        except UsageError as error:
            return model, Failed("SpecInvalid", str(error), stage="check")
        reports = tuple(with_source_lines(report, partial(line_at, folder.resolve())) for report in found)
        self._found.reports = reports
        return model, Answered(Document(self._source.digest, model_digest(model), model_to_json(model), reports))

    def _instances(self, model: Model) -> Iterable[tuple[str, float]]:
        """The instances to check, each with what is left of the time for all of them."""
        wanted = self._request.check
        if wanted is None:
            return
        started = time.monotonic()
        for name in wanted.instances or tuple(each.name for each in model.instances) or ("",):
            yield name, max(wanted.timeout_s - (time.monotonic() - started), 0.0)

    def _report(self, model: Model, instance: str, left_s: float) -> Report:
        wanted = self._request.check
        assert wanted is not None, "only a SpecCheck with a check has reports"
        request = CheckRequest(
            instances=(instance,) if instance else (),
            properties=wanted.properties,
            limits=_limits(wanted, left_s),
            source_digest=self._source.digest,
        )
        with self._stage.shown(f"{model.name} {instance}".strip()) as progress:
            (report,) = check(model, request, progress)
        return report

    def _run(self, outcome: Answered | Failed) -> RunView:
        """The run that would be kept in the cluster."""
        key = wanted_key(self._request, self._source.digest, (), self._started)
        body = run_body(self._request, key, self._source.digest)
        body["metadata"]["creationTimestamp"] = time_text(self._started)
        body["status"] = finished_status({"startedAt": time_text(self._started)}, outcome, 1, datetime.now(UTC))
        if isinstance(outcome, Failed):
            self._found.failed = outcome
        return run_view(body)

    def _tell_run(self, run: RunView) -> None:
        if self._request.check is not None or run.verdict is None:
            self._found.events.append(run_event(self._request, run, "CheckStarted", "the check has begun", run.created))
            self._found.events += finished_events(self._request, run, run.finished_at or run.created)

    def _observed(self, model: Model | None) -> ObserveState | None:
        if self._request.observe is None or model is None:
            return None
        self._found.watched = self._watched(model, self._request.observe)
        self._found.events += self._found.watched.events
        return self._found.watched.state

    def _watched(self, model: Model, observe: Observe) -> Watched:
        try:
            watch = Watch(model, observe, self._request.namespace)
        except UsageError as error:
            return unfit(error)
        announcer = Announcer(self._request)
        with self._stage.shown(f"{model.name}: observations"):
            for line in self._stage.lines() if self._stage.lines else ():
                for notice in watch.take(line):
                    announcer.take(notice)
            for notice in watch.end():
                announcer.take(notice)
        return announcer.ended(watch, model, datetime.now(UTC))


def _limits(wanted: Check, left_s: float) -> Limits:
    walks = Walks(wanted.walks or 0, wanted.seed or 0) if wanted.method == "Simulate" else None
    return Limits(wanted.max_steps, left_s, walks=walks, deadlock=wanted.deadlock)
