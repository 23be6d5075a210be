"""What a run spent its time on, as nested stages for its trace: the Job, capture, check, each instance's exploration.

Takes times from the run, its pod and its reports; gives a Stage. Times in a pod are whole seconds, as Kubernetes has
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from speccheck.kube.traces import Stage
from speccheck.reports import Report
from speccheck.resource.runs import RunView
from speccheck.resource.times import time_in


def run_stage(run: RunView, pod: Mapping[str, Any] | None, reports: Sequence[Report]) -> Stage:
    """The whole run, from its start to its verdict."""
    start, end = run.started_at or run.created, run.finished_at or run.created
    attributes: dict[str, str | int] = {
        "k8s.namespace.name": run.namespace,
        "speccheck.run": run.name,
        "speccheck.reason": run.reason,
        "speccheck.verdict": run.verdict or "None",
        "speccheck.attempt": run.attempt,
        "speccheck.states": run.states,
    }
    within = _pod_stages(pod, reports, end) if pod is not None else ()
    return Stage("run", start, max(start, end), attributes, within, failed=run.verdict is None)


def _pod_stages(pod: Mapping[str, Any], reports: Sequence[Report], end: datetime) -> tuple[Stage, ...]:
    status = pod.get("status") or {}
    capture = _container_stage("capture", status.get("initContainerStatuses"))
    check = _container_stage("check", status.get("containerStatuses"), reports)
    start = time_in(status, "startTime") or time_in(pod["metadata"], "creationTimestamp")
    stages = tuple(stage for stage in (capture, check) if stage is not None)
    if start is None:
        return stages
    last = max([start, *(stage.end for stage in stages)]) if stages else max(start, end)
    return (Stage("job", start, last, {"k8s.pod.name": str(pod["metadata"]["name"])}, stages),)


def _container_stage(name: str, statuses: Any, reports: Sequence[Report] = ()) -> Stage | None:
    found: Mapping[str, Any] = next((each for each in statuses or () if each.get("name") == name), {})
    ended = (found.get("state") or {}).get("terminated") or {}
    start, end = time_in(ended, "startedAt"), time_in(ended, "finishedAt")
    if start is None or end is None:
        return None
    within = _explorations(reports, start)
    last = max([end, *(stage.end for stage in within)])
    return Stage(name, start, last, {"exit_code": int(ended.get("exitCode", -1))}, within, ended.get("exitCode") != 0)


def _explorations(reports: Sequence[Report], start: datetime) -> tuple[Stage, ...]:
    stages = []
    for report in reports:
        end = start + timedelta(seconds=report.stats.seconds)
        attributes: dict[str, str | int] = {
            "speccheck.instance": report.instance,
            "speccheck.verdict": report.verdict.value,
            "speccheck.states": report.stats.distinct,
        }
        stages.append(Stage(f"{report.method} {report.instance}".strip(), start, end, attributes))
        start = end
    return tuple(stages)
