"""What observation has come to for one SpecCheck: the part of its `.status` that says so, and back after a restart.

Takes an ObserveState from the rim; gives `.status.observe`, bounded, with totals counted. Which observation breaks
what is decided in `conform`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from speccheck.conform.drifts import Drift, ObjectRef
from speccheck.conform.protocols import Census, Loaded, Unjudged
from speccheck.resource.bodies import Body, given
from speccheck.resource.paths import cut
from speccheck.resource.requests import KubernetesSource, Request
from speccheck.resource.times import micro_time_text, time_of, time_text

__all__ = [
    "Drift",
    "ObjectRef",
    "ObserveState",
    "Problem",
    "drifts_from",
    "forbidden_message",
    "observe_body",
    "records_from",
    "reference_body",
    "traces_from",
]


DRIFTS_LIMIT = 50
"""How many drifts are kept in full."""

TRACES_LIMIT = 1_000
"""How many more are kept as traces."""

MESSAGE_LIMIT = 1024
OBSTACLE_LIMIT = 256
COVERAGE_LIMIT = 100
VOLATILE = ("keys", "judged", "rejected", "lastObserved", "lagSeconds", "updatedAt", "coverage", "retired")
"""What in `.status.observe` moves with every observation, and is not worth a write of its own."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why observation cannot go on: a reason of `reasons.REASONS`. `permanent`: until somebody changes something."""

    reason: str
    message: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class ObserveState:
    """How observation stands. `synced`: all objects were listed. `unjudged_keys`: keys never judged so far.

    Counts are since observation of this SpecCheck began in this process; `drifts` are the active ones, `traces` those
    from before that were not seen yet (see `conform.drifts.Tracker`).
    """

    synced: bool
    keys: int = 0
    judged: int = 0
    gaps: int = 0
    rejected: int = 0
    resolved: int = 0
    unjudged_keys: int = 0
    last_observed: datetime | None = None
    drifts: tuple[Drift, ...] = ()
    problem: Problem | None = None
    model_digest: str = ""
    traces: Mapping[str, datetime] = field(default_factory=dict)
    census: Census = field(default_factory=Census)
    loaded: Loaded | None = None
    since_anchor: bool = False
    """Whether some variables of some keys are not determined."""
    lag_s: float | None = None
    """How long the observation judged last had waited for it, since it was received."""
    records: Mapping[str, str] = field(default_factory=dict)
    """The names of SpecCheckDrifts, by the identity of the drift that each records."""

    @property
    def unknown_keys(self) -> int:
        """How many keys have no anchor, are ambiguous, or were not followed."""
        return self.census.unanchored + self.census.overflowed

    @property
    def muted(self) -> int:
        """How many active drifts are muted."""
        return sum(drift.muted for drift in self.drifts)

    @property
    def alarms(self) -> tuple[Drift, ...]:
        """The active drifts that nobody has muted, oldest first."""
        return tuple(sorted((d for d in self.drifts if not d.muted), key=lambda d: (d.since, d.identity)))


def observe_body(state: ObserveState, now: datetime) -> Body:
    """`.status.observe`: the oldest drifts in full, of the others a trace; all of them counted."""
    drifts = sorted(state.drifts, key=lambda d: (d.muted, d.since, d.identity))
    body = {
        "keys": state.keys,
        "judged": state.judged,
        "gaps": state.gaps,
        "rejected": state.rejected,
        "resolved": state.resolved,
        "driftsActive": len(drifts) + len(state.traces),
        "drifts": [_drift_body(drift, state.records) for drift in drifts[:DRIFTS_LIMIT]],
        "updatedAt": time_text(now),
    }
    last = time_text(state.last_observed) if state.last_observed else None
    body |= given(
        driftsMuted=state.muted,
        unanchored=state.census.unanchored,
        ambiguous=state.census.ambiguous,
        notFollowed=state.census.overflowed,
        retired=state.census.retired,
        coverage=_coverage(state),
    )
    traces = {drift.trace: drift.since for drift in drifts[DRIFTS_LIMIT:]} | dict(state.traces)
    kept = sorted(f"{micro_time_text(since)} {trace}" for trace, since in traces.items())[:TRACES_LIMIT]
    lag_s = round(state.lag_s, 3) if state.lag_s is not None else None
    return body | given(lastObserved=last, lagSeconds=lag_s, modelDigest=state.model_digest, moreDrifts=kept)


def _coverage(state: ObserveState) -> Body | None:
    """How often each action and property was seen; those that never were stand there with 0."""
    if state.loaded is None:
        return None
    actions = {name: state.census.actions.get(name, 0) for name in state.loaded.actions}
    properties = {name: state.census.properties.get(name, 0) for name in state.loaded.judged}
    unjudged = [_unjudged(each) for each in state.loaded.unjudged]
    return {
        "actions": dict(list(actions.items())[:COVERAGE_LIMIT]),
        "properties": dict(list(properties.items())[:COVERAGE_LIMIT]),
        "unjudged": [cut(text, MESSAGE_LIMIT) for text in unjudged[:COVERAGE_LIMIT]],
    }


def _unjudged(each: Unjudged) -> str:
    return f"{each.property}: {each.reason or 'not mapped: ' + ', '.join(each.variables)}"


def _drift_body(drift: Drift, records: Mapping[str, str]) -> Body:
    record = records.get(drift.identity)
    return given(muteReason=drift.mute_reason or None, obstacles=_obstacles(drift), record=record) | {
        "identity": drift.identity,
        "property": drift.property,
        "tier": drift.tier,
        "key": cut(drift.key, MESSAGE_LIMIT),
        "object": reference_body(drift.object),
        "since": micro_time_text(drift.since),
        "last": micro_time_text(drift.last),
        "count": drift.count,
        "message": cut(drift.message, MESSAGE_LIMIT),
        "muted": drift.muted,
    }


def _obstacles(drift: Drift) -> list[str] | None:
    return [cut(text, OBSTACLE_LIMIT) for text in drift.obstacles] or None


def reference_body(reference: ObjectRef) -> Body:
    """An object reference as Kubernetes writes it."""
    return given(
        apiVersion=reference.api_version,
        kind=reference.kind,
        namespace=reference.namespace,
        name=reference.name,
        uid=reference.uid,
    )


def drifts_from(status: Mapping[str, Any]) -> tuple[Drift, ...]:
    """The active drifts kept in a SpecCheck's `.status`, for an observer that starts anew."""
    return tuple(map(_drift_of, (status.get("observe") or {}).get("drifts") or []))


def records_from(status: Mapping[str, Any]) -> Mapping[str, str]:
    """The names of the active drifts' records, by the drifts' identities."""
    found = (status.get("observe") or {}).get("drifts") or []
    return {drift["identity"]: drift["record"] for drift in found if "identity" in drift and "record" in drift}


def traces_from(status: Mapping[str, Any]) -> Mapping[str, datetime]:
    """Of the active drifts that are not kept in full there: since when each is, by its trace."""
    pairs = (text.split(" ") for text in (status.get("observe") or {}).get("moreDrifts") or [])
    return {trace: time_of(since) for since, trace in pairs}


def _drift_of(body: Mapping[str, Any]) -> Drift:
    found = body.get("object") or {}
    return Drift(
        property=body["property"],
        tier=body["tier"],
        key=body.get("key", ""),
        object=ObjectRef(*(found.get(name, "") for name in ("apiVersion", "kind", "namespace", "name", "uid"))),
        since=time_of(body["since"]),
        last=time_of(body.get("last") or body["since"]),
        count=body["count"],
        message=body.get("message", ""),
        muted=body.get("muted", False),
        mute_reason=body.get("muteReason", ""),
        obstacles=tuple(body.get("obstacles") or ()),
    )


def forbidden_message(request: Request, source: KubernetesSource, resource: str, *, clusterwide: bool = False) -> str:
    """What to apply so that the SpecCheck's service account may see what it observes; `resource` is the plural name.

    `clusterwide`: they have no namespace.
    """
    observe = request.observe
    assert observe is not None, "only an observing SpecCheck can be forbidden to see"
    everywhere = clusterwide or source.namespace == "*"
    namespace = source.namespace or request.namespace
    place = "the cluster" if clusterwide else "all namespaces" if everywhere else f"namespace {namespace}"
    group = source.api_version.rpartition("/")[0]
    role, where = ("clusterrole", "") if everywhere else ("role", f" -n {namespace}")
    account = f"{request.namespace}:{observe.service_account_name}"
    return (
        f"service account {observe.service_account_name} of namespace {request.namespace} may not list and watch "
        f"{resource} in {place}; grant it: "
        f"kubectl create {role} speccheck-{resource}{where} --verb=get,list,watch "
        f"--resource={resource}{f'.{group}' if group else ''} && "
        f"kubectl create {role}binding speccheck-{resource}-{observe.service_account_name}{where} "
        f"--{role}=speccheck-{resource} --serviceaccount={account}"
    )


def logs_forbidden_message(request: Request) -> str:
    """What to apply so that the SpecCheck's service account may read what pods write to their logs."""
    observe = request.observe
    assert observe is not None, "only an observing SpecCheck can be forbidden to see"
    where, account = f" -n {request.namespace}", observe.service_account_name
    return (
        f"service account {account} of namespace {request.namespace} may not watch pods and read their logs; grant it: "
        f"kubectl create role speccheck-logs{where} --verb=get,list,watch --resource=pods,pods/log && "
        f"kubectl create rolebinding speccheck-logs-{account}{where} --role=speccheck-logs "
        f"--serviceaccount={request.namespace}:{account}"
    )
