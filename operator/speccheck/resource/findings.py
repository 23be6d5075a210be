"""SpecCheckDrifts: the record of one drift in full, for whoever looks into it; as bodies.

Takes a Drift with its explanation; gives the body of a new SpecCheckDrift, within limits (what is cut is counted), and
the status that it gets at its end. A SpecCheck's status and Events tell of drifts in a line; here is all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from speccheck.conform.drifts import Drift
from speccheck.conform.protocols import Explanation, Obstacle
from speccheck.resource.bodies import Body, given
from speccheck.resource.drifts import reference_body
from speccheck.resource.events import DriftEnd
from speccheck.resource.paths import cut
from speccheck.resource.requests import API_VERSION, Request
from speccheck.resource.times import micro_time_text

KIND = "SpecCheckDrift"
IDENTITY_DIGITS = 20
STEM_LIMIT = 60 - IDENTITY_DIGITS - 1

MESSAGE_LIMIT = 4096
VALUE_LIMIT = 4096
VARIABLES_LIMIT = 128
WORDS_LIMIT = 1024
DETAIL_LIMIT = 2048
OBSTACLES_LIMIT = 100
PATH_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """How a drift came to its end: when, why, and in what it was last seen."""

    drift: Drift
    at: datetime
    why: DriftEnd


def finding_name(request: Request, drift: Drift) -> str:
    """The name of a drift's record: it depends on the drift alone, so it is the same after a restart."""
    stem = request.name.replace(".", "-")[:STEM_LIMIT].rstrip("-")
    return f"{stem}-{drift.identity[:IDENTITY_DIGITS]}"


def finding_body(request: Request, drift: Drift, model_digest: str) -> Body:
    """The record to be made when a drift begins. Its `.spec` never changes."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": finding_name(request, drift),
            "namespace": request.namespace,
            "labels": request.labels,
            "ownerReferences": [request.owner],
        },
        "spec": given(
            specCheck={"name": request.name, "uid": request.uid},
            property=drift.property,
            tier=drift.tier,
            key=cut(drift.key, WORDS_LIMIT),
            object=reference_body(drift.object),
            since=micro_time_text(drift.since),
            message=cut(drift.message, MESSAGE_LIMIT),
            modelDigest=model_digest,
            **(_explained(drift.explanation, _meta(request, drift, model_digest)) if drift.explanation else {}),
        ),
    }


def finding_status(ending: Ending) -> Body:
    """The `.status` of a record whose drift is over."""
    return {
        "endedAt": micro_time_text(ending.at),
        "reason": ending.why.capitalize(),
        "count": ending.drift.count,
        "last": micro_time_text(ending.drift.last),
    }


def _meta(request: Request, drift: Drift, model_digest: str) -> Body:
    """What a path says of itself, by which `speccheck replay` knows the Model that it is of."""
    instance = (request.observe.instance if request.observe else None) or ""
    told = f"{drift.key}: what led to {drift.property}"
    return {"model_digest": model_digest, "instance": instance, "description": cut(told, WORDS_LIMIT)}


def _explained(found: Explanation, meta: Body) -> Body:
    path, omitted = _path(found.path, meta) if found.path else ("", 0)
    return given(
        claimed=cut(found.claimed, WORDS_LIMIT),
        lastGood=_values(found.last_good),
        observed=_values(found.observed),
        states=found.states,
        obstacles=[_obstacle(each) for each in found.obstacles[:OBSTACLES_LIMIT]],
        path=path,
        omittedStates=omitted or None,
    )


def _values(values: Mapping[str, Any]) -> Body:
    kept = list(values.items())[:VARIABLES_LIMIT]
    return {name: cut(_json(value), VALUE_LIMIT) for name, value in kept}


def _obstacle(each: Obstacle) -> Body:
    return {"action": cut(each.action, WORDS_LIMIT), "kind": each.kind, "detail": cut(each.detail, DETAIL_LIMIT)}


def _path(path: Mapping[str, Any], meta: Body) -> tuple[str, int]:
    """An ITF document as text, within the limit in bytes, and how many states were cut off its beginning for that."""
    path = {**path, "#meta": {**path.get("#meta", {}), **meta}}
    states = list(path.get("states") or ())
    sizes = [len(_json(state).encode()) + 1 for state in states]
    room = PATH_LIMIT - len(_json({**path, "states": []}).encode())
    kept = 0
    while kept < len(states) and sum(sizes[len(states) - kept - 1 :]) <= room:
        kept += 1
    omitted = len(states) - kept
    return (_json({**path, "states": states[omitted:]}) if kept else "", omitted)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
