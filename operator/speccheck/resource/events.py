"""Events (events.k8s.io/v1) as bodies: what happened to a SpecCheck and to the objects it observes.

Names are hashes of what an Event is about, so writing one again is a conflict and not a second Event. A note is
1 kB at most. A drift that goes on is told by patching `series`, the one field of an Event that may change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from speccheck.rendering.values import printable
from speccheck.resource.bodies import Body, given
from speccheck.resource.drifts import Drift, ObjectRef, reference_body
from speccheck.resource.paths import counted, cut_bytes
from speccheck.resource.reasons import REASONS, Fault
from speccheck.resource.requests import API_VERSION, KIND, Request
from speccheck.resource.results import Row
from speccheck.resource.runs import RUN_KIND, RunView
from speccheck.resource.times import micro_time_text
from speccheck.resource.verdicts import row_text, shortest_broken

NOTE_LIMIT_BYTES = 1024
NAME_LIMIT = 253
HASH_DIGITS = 20
SERIES_EVERY = timedelta(seconds=30)
CONTROLLER = "speccheck.dev/operator"
INSTANCE = "speccheck-operator"
CLUSTER_NAMESPACE = "default"
"""Where Events on objects without a namespace go, as everywhere in Kubernetes."""

EventReason: TypeAlias = Literal[
    "CheckStarted",
    "CheckSucceeded",
    "InvariantViolated",
    "TemporalViolated",
    "ExampleNotFound",
    "CheckIncomplete",
    "CheckTimedOut",
    "SpecInvalid",
    "DriftDetected",
    "DriftResolved",
    "ObservationGap",
    "ObservationRejected",
]
"""Every reason an Event may have."""

DriftEnd: TypeAlias = Literal["holds", "gone", "quiet", "unjudged"]
"""Why a drift is over: its property holds, its object is gone, no other step broke the spec for long enough, or its
property is no longer asked for."""

_ENDS: dict[DriftEnd, str] = {
    "holds": "{property} holds again after {lasted}",
    "quiet": "{property}: nothing else broke the spec since; it lasted {lasted}",
    "gone": "the object that broke {property} for {lasted} is gone",
    "unjudged": "{property} is not judged any more; it was broken for {lasted}",
}

_NORMAL = frozenset({"CheckStarted", "CheckSucceeded", "DriftResolved"})
_TIMEOUTS = frozenset({"CheckTimedOut", "CaptureTimedOut"})


@dataclass(frozen=True, slots=True)
class EventBody:
    """An Event to create, with where it goes. That it is there already means that it was told."""

    namespace: str
    name: str
    body: Body


class About(Protocol):
    """The SpecCheck that an Event is on: a Request, or what names one whose request is refused."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def generation(self) -> int: ...


def run_event(request: About, run: RunView | None, reason: EventReason, note: str, now: datetime) -> EventBody:
    """An Event on a SpecCheck, about a run where there is one: at most one for each run (or generation) and reason."""
    about = run.key if run else str(request.generation)
    related = _run_reference(run) if run else None
    return _event(_speccheck(request), related, reason, note, (request.uid, about, reason), now)


def finished_events(request: Request, run: RunView, now: datetime) -> tuple[EventBody, ...]:
    """What a finished run has to tell. A run that another has taken the place of tells nothing."""
    if not run.finished or run.reason == "Superseded":
        return ()
    return tuple(run_event(request, run, reason, note, now) for reason, note in _tidings(run))


def _tidings(run: RunView) -> list[tuple[EventReason, str]]:
    match run.verdict:
        case None:
            return [(_failure_reason(run.reason), run.message)]
        case "Holds" | "HoldsWithinBound":
            return [("CheckSucceeded", run.message)]
        case "Violated":
            return _violations(run)
        case "Error":
            return [("SpecInvalid", _first_text(run))]
        case _:
            return [("CheckIncomplete", _first_text(run))]


def _failure_reason(reason: str) -> EventReason:
    if reason in _TIMEOUTS:
        return "CheckTimedOut"
    return "SpecInvalid" if reason in REASONS and REASONS[reason].fault is Fault.AUTHOR else "CheckIncomplete"


def _violations(run: RunView) -> list[tuple[EventReason, str]]:
    """One Event for broken invariants (a deadlock is one), one for behaviours, one for examples that were not found."""
    safety = shortest_broken(run.rows, "invariant") or shortest_broken(run.rows, "deadlock")
    temporal = shortest_broken(run.rows, "temporal")
    example = shortest_broken(run.rows, "example")
    told: list[tuple[EventReason, str]] = []
    if safety is not None:
        told.append(("InvariantViolated", _note(run, safety)))
    if temporal is not None:
        told.append(("TemporalViolated", _note(run, temporal)))
    if example is not None:
        told.append(("ExampleNotFound", _note(run, example)))
    return told or [("InvariantViolated", f"see SpecCheckRun {run.name}")]


def _note(run: RunView, row: Row) -> str:
    others = sum(1 for each in run.rows if each.verdict == row.verdict and each.kind == row.kind) - 1
    return f"{row_text(row)}{f' (and {others} more)' if others else ''}"


def _first_text(run: RunView) -> str:
    row = next((row for row in run.rows if row.verdict == run.verdict), None)
    return row_text(row) if row else run.message


def drift_events(request: Request, drift: Drift, now: datetime, record: str = "") -> tuple[EventBody, ...]:
    """A drift told twice: on the object that breaks the spec, and on the SpecCheck that says so.

    Where no object is known, or only from what a program says of a namespace that is not watched, it is told on the
    SpecCheck alone.

    The names depend on the drift alone, so they are those to patch as long as it lasts. `record`: the SpecCheckDrift
    that has all of it, if there is one.
    """
    own = ("", drift.object.name, f"{drift.object.namespace}/{drift.object.name}")
    key = "" if drift.key in own else f", key {drift.key}"
    more = f"; in full: SpecCheckDrift {record}" if record else ""
    about = f"(SpecCheck {request.namespace}/{request.name}{key}{more})"
    limit = NOTE_LIMIT_BYTES - len(about.encode()) - 1
    note = f"{cut_bytes(f'{drift.property}: {drift.message}', limit)} {about}"
    return _pair(request, drift, "DriftDetected", note, now)


def resolved_events(request: Request, drift: Drift, now: datetime, why: DriftEnd) -> tuple[EventBody, ...]:
    """The end of a drift, told where its beginning was."""
    lasted_s = int((now - drift.since).total_seconds())
    lasted = f"{lasted_s} s and {counted(drift.count, 'observation')}"
    ended = _ENDS[why].format(property=drift.property, lasted=lasted)
    note = f"{ended} (SpecCheck {request.namespace}/{request.name})"
    return _pair(request, drift, "DriftResolved", note, now)


def _pair(request: Request, drift: Drift, reason: EventReason, note: str, now: datetime) -> tuple[EventBody, ...]:
    parts = (request.uid, drift.identity, reason)
    thing = reference_body(drift.object) if _may_be_told(request, drift.object) else None
    own = _event(_speccheck(request), thing, reason, note, (*parts, "speccheck"), now)
    if thing is None:
        return (own,)
    return _event(thing, _speccheck(request), reason, note, (*parts, "object"), now), own


def _may_be_told(request: Request, thing: ObjectRef) -> bool:
    """Whether an Event may go to an object: that a program names one elsewhere is no reason to write there."""
    if not (thing.kind and thing.name):
        return False
    if thing.namespace == request.namespace or request.observe is None:
        return True
    watched = (source.kubernetes for source in request.observe.sources if source.kubernetes is not None)
    return any(
        (each.api_version, each.kind) == (thing.api_version, thing.kind)
        and (not thing.namespace or each.namespace in ("*", thing.namespace))
        for each in watched
    )


def observation_event(request: Request, reason: EventReason, note: str, key: str, now: datetime) -> EventBody:
    """An Event on a SpecCheck about its observations; at most one for each `key`."""
    return _event(_speccheck(request), None, reason, note, (request.uid, key, reason), now)


def series_patch(count: int, last: datetime, patched_at: datetime | None, now: datetime) -> Body | None:
    """The merge patch by which an Event says that it has happened again; None while there is nothing to say.

    `count` is of all occurrences, the first included; `patched_at` is when it was last patched (None: never).
    """
    if count < 2 or (patched_at is not None and now - patched_at < SERIES_EVERY):
        return None
    return {"series": {"count": count, "lastObservedTime": micro_time_text(last)}}


def _event(
    regarding: Body, related: Body | None, reason: EventReason, note: str, parts: tuple[str, ...], now: datetime
) -> EventBody:
    namespace = regarding.get("namespace") or CLUSTER_NAMESPACE
    name = _name(str(regarding.get("name") or ""), parts)
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "speccheck"},
        },
        "eventTime": micro_time_text(now),
        "reportingController": CONTROLLER,
        "reportingInstance": INSTANCE,
        "action": _action(reason),
        "reason": reason,
        "regarding": regarding,
        "note": cut_bytes(" ".join(map(printable, note.split())), NOTE_LIMIT_BYTES),
        "type": "Normal" if reason in _NORMAL else "Warning",
    }
    return EventBody(namespace, name, body | given(related=related))


def _action(reason: EventReason) -> str:
    return "Observe" if reason.startswith(("Drift", "Observation")) else "Check"


def _name(stem: str, parts: tuple[str, ...]) -> str:
    hashed = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:HASH_DIGITS]
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in stem.lower())
    return f"{safe[: NAME_LIMIT - HASH_DIGITS - 1].strip('-.') or 'object'}.{hashed}"


def _speccheck(request: About) -> Body:
    return reference_body(ObjectRef(API_VERSION, KIND, request.namespace, request.name, request.uid))


def _run_reference(run: RunView) -> Body:
    return reference_body(ObjectRef(API_VERSION, RUN_KIND, run.namespace, run.name, run.uid))
