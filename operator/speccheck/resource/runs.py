"""SpecCheckRuns: the body of a new one, the status it gets, and what is read back from one.

A run records one check: why it was made (its key), of which source, and what came of it. It is owned by its
SpecCheck, owns its Jobs, and is never written again once it has `finishedAt`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, assert_never

import msgspec

from speccheck.reports import Report
from speccheck.resource.bodies import Body, given, plain
from speccheck.resource.conditions import Condition, condition_in, conditions_body
from speccheck.resource.documents import Document, verdict_of
from speccheck.resource.outcomes import Answered, Failed, Waiting
from speccheck.resource.paths import counted, cut
from speccheck.resource.requests import API_VERSION, Request
from speccheck.resource.results import (
    ROWS_LIMIT,
    Row,
    archive_of,
    model_in,
    reports_in,
    rows_of,
    seconds_of,
    states_of,
)
from speccheck.resource.times import time_in, time_text

RUN_KIND = "SpecCheckRun"
RUN_LABEL = "speccheck.dev/run"
NAME_LIMIT = 60
KEY_DIGITS = 20
MESSAGE_LIMIT = 4096
TRACEPARENT = "speccheck.dev/traceparent"


class KeyLike(Protocol):
    """What a run needs of its key (see `keys.RunKey`)."""

    @property
    def base(self) -> str: ...
    @property
    def tick(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RunView:
    """A SpecCheckRun as the operator reads it. `verdict` is the worst one, None where there is no answer."""

    name: str
    namespace: str
    uid: str
    resource_version: str
    created: datetime
    key: str
    base: str
    tick: str
    generation: int
    requested_at: str
    source_digest: str
    attempt: int = 1
    finished: bool = False
    reason: str = ""
    message: str = ""
    stage: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    verdict: str | None = None
    model_digest: str = ""
    states: int = 0
    seconds: float = 0.0
    rows: tuple[Row, ...] = ()
    rows_total: int = 0
    traceparent: str = ""


def run_name(request: Request, key: str) -> str:
    """A run's name: the SpecCheck's, cut, and the first digits of the key, at most 60 characters."""
    stem = request.name.replace(".", "-")[: NAME_LIMIT - KEY_DIGITS - 1].rstrip("-")
    return f"{stem}-{key[:KEY_DIGITS]}"


def run_body(request: Request, key: KeyLike, source_digest: str, traceparent: str = "") -> Body:
    """The run to be made for a key. Its `.spec` never changes: it is what was asked for at that moment."""
    annotations = {"annotations": {TRACEPARENT: traceparent}} if traceparent else {}
    return {
        "apiVersion": API_VERSION,
        "kind": RUN_KIND,
        "metadata": {
            "name": run_name(request, key.key),
            "namespace": request.namespace,
            "labels": request.labels,
            "ownerReferences": [request.owner],
            **annotations,
        },
        "spec": _run_spec(request, key, source_digest),
    }


def _run_spec(request: Request, key: KeyLike, source_digest: str) -> Body:
    config_map = request.source.config_map
    spec = given(
        specCheck={"name": request.name, "uid": request.uid},
        generation=request.generation,
        key=key.key,
        base=key.base,
        tick=key.tick,
        requestedAt=request.requested_at,
        source=given(digest=source_digest, configMap=plain(config_map)),
        entrypoint=request.entrypoint,
    )
    if request.check is None:
        return spec
    return spec | {"check": plain(msgspec.structs.replace(request.check, schedule=None, time_zone=None))}


def run_view(body: Mapping[str, Any]) -> RunView:
    """What a SpecCheckRun's body says."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status") or {}
    finished = condition_in(status, "Finished")
    return RunView(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        created=time_in(metadata, "creationTimestamp") or datetime.fromtimestamp(0, UTC),
        key=spec["key"],
        base=spec["base"],
        tick=spec.get("tick", ""),
        generation=spec["generation"],
        requested_at=spec.get("requestedAt", ""),
        source_digest=spec["source"]["digest"],
        attempt=status.get("attempt", 1),
        finished="finishedAt" in status,
        reason=finished.get("reason", ""),
        message=finished.get("message", ""),
        stage=status.get("stage", ""),
        started_at=time_in(status, "startedAt"),
        finished_at=time_in(status, "finishedAt"),
        verdict=status.get("verdict"),
        model_digest=status.get("modelDigest", ""),
        states=status.get("states", 0),
        seconds=status.get("seconds", 0.0),
        rows=msgspec.convert(status.get("results") or (), tuple[Row, ...]),
        rows_total=status.get("resultsTotal", 0),
        traceparent=(metadata.get("annotations") or {}).get(TRACEPARENT, ""),
    )


def waiting_status(previous: Mapping[str, Any], waiting: Waiting, attempt: int, now: datetime) -> Body:
    """The `.status` of a run that goes on."""
    started = previous.get("startedAt") or (None if waiting.reason == "Queued" else time_text(now))
    status = given(attempt=attempt, startedAt=started)
    return status | _finished(previous, Condition("Finished", "False", waiting.reason, _message(waiting.message)), now)


def finished_status(previous: Mapping[str, Any], outcome: Answered | Failed, attempt: int, now: datetime) -> Body:
    """The last `.status` of a run."""
    times = {"startedAt": previous.get("startedAt") or time_text(now), "finishedAt": time_text(now)}
    status: Body = {"attempt": attempt} | times
    match outcome:
        case Failed(reason, message, _, stage):
            condition = Condition("Finished", "True", reason, _message(message))
            status |= {"stage": stage} if stage else {}
        case Answered(document):
            status |= _answer(document)
            condition = Condition("Finished", "True", "CheckCompleted", _summary(document))
        case _:
            assert_never(outcome)
    return status | _finished(previous, condition, now)


def _answer(document: Document) -> Body:
    rows, archive = rows_of(document), archive_of(document)
    return {
        "sourceDigest": document.source_digest,
        "modelDigest": document.model_digest,
        "verdict": verdict_of(document),
        "states": states_of(document),
        "seconds": seconds_of(document),
        "results": plain(rows[:ROWS_LIMIT]),
        "resultsTotal": len(rows),
        **given(reports=archive.reports, model=archive.model, omittedPaths=archive.omitted_paths or None),
    }


def _summary(document: Document) -> str:
    if not document.reports:
        return "the spec was read; no check was asked for"
    names = {result.name for report in document.reports for result in report.properties}
    properties = "1 property" if len(names) == 1 else f"{len(names)} properties"
    instances = counted(len(document.reports), "instance")
    return f"{verdict_of(document)}: {properties} in {instances}, {states_of(document)} states"


def _finished(previous: Mapping[str, Any], condition: Condition, now: datetime) -> Body:
    return {"conditions": conditions_body(previous.get("conditions") or [], [condition], now)}


def _message(text: str) -> str:
    return cut(text, MESSAGE_LIMIT)


def stored_model(body: Mapping[str, Any]) -> bytes | None:
    """The Model's JSON kept in a run, None where there is none; ModelError where it does not unpack."""
    return model_in(body.get("status") or {})


def stored_reports(body: Mapping[str, Any]) -> tuple[Report, ...]:
    """The reports kept in a run; ModelError where they do not unpack."""
    return reports_in(body.get("status") or {})


def model_run(request: Request, wanted: RunView | None, runs: Sequence[RunView]) -> RunView | None:
    """The run whose Model observation uses: the wanted one once it has one, until then the last that fits.

    It fits if it is of the same source, or of the same generation: then the mapping is the one it was used with.
    """
    if wanted is not None and wanted.model_digest:
        return wanted
    digest = wanted.source_digest if wanted else ""
    fitting = [r for r in runs if r.model_digest and (r.source_digest == digest or r.generation == request.generation)]
    return max(fitting, key=lambda run: (run.created, run.name), default=None)


def superseded(runs: Sequence[RunView], wanted: KeyLike) -> tuple[RunView, ...]:
    """The unfinished runs that another key has taken the place of."""
    return tuple(run for run in runs if not run.finished and run.key != wanted.key)


def reopened(wanted: RunView) -> bool:
    """Whether a wanted run was given up for another and is wanted after all: it is to be deleted and made again."""
    return wanted.finished and wanted.reason == "Superseded"


def expired(runs: Sequence[RunView], limit: int, keep: Collection[str]) -> tuple[RunView, ...]:
    """The finished runs beyond the newest `limit`, but for those named in `keep`."""
    finished = sorted((run for run in runs if run.finished), key=lambda run: (run.created, run.name), reverse=True)
    return tuple(run for run in finished[limit:] if run.name not in keep)
