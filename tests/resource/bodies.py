"""Bodies, reports and times that the tests of the resource layer share."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from speccheck.reports import Bounds, Call, Evaluation, Path, PropertyResult, Report, State, Stats, Verdict
from speccheck.resource.documents import Document
from speccheck.resource.frames import frame
from speccheck.resource.jobs import Settings, job_body
from speccheck.resource.keys import RunKey, base_key, run_key
from speccheck.resource.outcomes import Answered
from speccheck.resource.requests import Request, request_of
from speccheck.resource.runs import RunView, finished_status, run_body, run_view
from speccheck.resource.sources import Found, source_of

Body = dict[str, Any]

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
CREATED = "2026-11-20T08:00:00Z"
UID = "6f1a2b3c-0000-4000-8000-000000000001"
RUN_UID = "6f1a2b3c-0000-4000-8000-000000000002"
JOB_UID = "6f1a2b3c-0000-4000-8000-000000000003"
DIGEST = "sha256:" + "ab" * 32
MODEL = b'{"format":1,"name":"dns_balancer"}'
SPEC = "from speccheck import *\n"
SETTINGS = Settings("speccheck.dev/speccheck:0.1.0")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def merged(body: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396) applied."""
    if not isinstance(patch, dict):
        return patch
    result = dict(body) if isinstance(body, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


BASE: Body = {
    "apiVersion": "speccheck.dev/v1alpha1",
    "kind": "SpecCheck",
    "metadata": {
        "name": "dns-balancer",
        "namespace": "platform",
        "uid": UID,
        "generation": 3,
        "creationTimestamp": CREATED,
    },
    "spec": {
        "source": {"inline": {"files": {"dns_balancer.py": SPEC}}},
        "entrypoint": "dns_balancer.py",
        "check": {},
    },
}

OBSERVE: Body = {
    "serviceAccountName": "dns-observer",
    "sources": [
        {
            "name": "zone",
            "key": 'object.metadata.labels["zone"]',
            "kubernetes": {"apiVersion": "v1", "kind": "ConfigMap", "selector": {"matchLabels": {"app": "dns"}}},
        }
    ],
    "instance": "production",
    "variables": {"zone_records": "json(zone.data.records)"},
}

FROM_CONFIG_MAP: Body = {"spec": {"source": {"inline": None, "configMap": {"name": "dns-spec"}}}}


def speccheck(patch: Body | None = None) -> Body:
    """A SpecCheck's body: the base with a merge patch."""
    return deepcopy(merged(BASE, patch or {}))


def request(spec: Body | None = None, **metadata: Any) -> Request:
    return request_of(speccheck({"spec": spec or {}, "metadata": metadata}))


def found(asked: Request) -> Found:
    files = {"data": {"dns_balancer.py": SPEC, "dns.py": "x = 1\n"}}
    source = source_of(asked, files)
    assert isinstance(source, Found)
    return source


def number(value: int) -> Body:
    return {"#bigint": str(value)}


RACE = Path(
    (
        State((("plan", number(0)),)),
        State((("plan", number(1)),), label=(Call("planner_publish", (("plan", number(1)),)),)),
        State((("plan", number(2)),), label=(Call("deployer_apply", (("deployer", "a"), ("plan", number(1)))),)),
    )
)


def result(name: str, verdict: Verdict, reason: str, kind: str = "invariant", **fields: Any) -> PropertyResult:
    return PropertyResult(name, kind, verdict, reason, **fields)


HOLDS = result("bounded", Verdict.HOLDS, "SpaceExhausted")
WITHIN = result("bounded", Verdict.HOLDS_WITHIN_BOUND, "BoundCompleted")
VIOLATED = result("no_inconsistent_root", Verdict.VIOLATED, "InvariantViolated", path=RACE)
NOT_FOUND = result("gc_fires", Verdict.VIOLATED, "NoWitness", "example")
LASSO = Path((*RACE.states, RACE.states[0]), loop=0)
STARVED = result("everybody_served", Verdict.VIOLATED, "BehaviourFound", "temporal", path=LASSO)
STANDING = result("served", Verdict.VIOLATED, "BehaviourFound", "temporal", path=Path(RACE.states, loop=RACE.depth))
UNDECIDED = result("bounded", Verdict.UNKNOWN, "Timeout", message="the time limit of 600 s was reached")
FAILED = result(
    "ratio",
    Verdict.ERROR,
    "EvaluationError",
    error=Evaluation("division by zero", "s.x // s.y", "dns_balancer.py:12:12"),
)


def report(*results: PropertyResult, instance: str = "n3", states: int = 288) -> Report:
    stats = Stats(states, 1146, 11, 1.25)
    return Report("dns_balancer", instance, DIGEST, "reference", "Explore", Bounds(), results, stats, DIGEST)


def document(*reports: Report, source_digest: str = DIGEST) -> Document:
    return Document(source_digest, DIGEST, MODEL, reports or (report(HOLDS),))


def key_of(asked: Request, source_digest: str = DIGEST, tick: str = "") -> RunKey:
    base = base_key(asked, source_digest)
    return RunKey(base, tick, run_key(base, tick))


def run(
    asked: Request, status: Body | None = None, *, tick: str = "", created: str = CREATED, uid: str = RUN_UID
) -> Body:
    """A SpecCheckRun's body as the API gives it back."""
    body = run_body(asked, key_of(asked, tick=tick), DIGEST)
    body["metadata"] |= {"uid": uid, "creationTimestamp": created, "resourceVersion": "7"}
    return body | ({"status": status} if status is not None else {})


def finished(asked: Request, outcome: Any, **fields: Any) -> RunView:
    return run_view(run(asked, finished_status({}, outcome, 1, NOW), **fields))


def answered_run(asked: Request, *reports: Report) -> RunView:
    return finished(asked, Answered(document(*reports)))


def job(asked: Request, *conditions: Body, **status: Any) -> Body:
    body = job_body(asked, run(asked), found(asked), SETTINGS, 1)
    body["metadata"]["uid"] = JOB_UID
    return body | {"status": {"conditions": list(conditions), **status}}


def failed_job(asked: Request, reason: str) -> Body:
    return job(asked, {"type": "Failed", "status": "True", "reason": reason, "message": "…"})


DONE: Body = {"terminated": {"exitCode": 0, "reason": "Completed"}}
RUNNING: Body = {"running": {"startedAt": CREATED}}


def pod(capture: Body, check: Body | None = None, status: Body | None = None, **metadata: Any) -> Body:
    """A Job's pod by the states of its two containers."""
    return {
        "metadata": {
            "name": "dns-balancer-1-abcde",
            "creationTimestamp": "2026-11-22T09:59:30Z",
            "ownerReferences": [{"kind": "Job", "name": "j", "uid": JOB_UID, "controller": True}],
            **metadata,
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [{"name": "capture", "state": capture}],
            "containerStatuses": [{"name": "check", "state": check or {"waiting": {"reason": "PodInitializing"}}}],
            **(status or {}),
        },
    }


def answered_pod(told: Document) -> tuple[Body, bytes]:
    """A pod whose check ended well, and its log."""
    framed = frame(told)
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "message": framed.message.decode()}}
    return pod(DONE, done), framed.log
