"""What has become of a run: from its Job, the Job's pod and what the pod left, to one Outcome.

Takes bodies as the API gives them; gives Waiting (it goes on), NeedsLog (the check ended well: read its log), Failed
(with a reason of `reasons.REASONS`), and from the log Answered or Failed. Only pods that the Job controls count: any
other may carry the same labels. It starts and deletes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from speccheck.errors import ModelError
from speccheck.rendering.values import printable
from speccheck.resource.documents import Document, Refusal, refusal_from
from speccheck.resource.frames import unframe
from speccheck.resource.paths import cut
from speccheck.resource.reasons import REASONS, told
from speccheck.resource.times import time_in

Stage: TypeAlias = Literal["capture", "check", ""]
Status: TypeAlias = Mapping[str, Any]

ATTEMPTS = 2
"""How often a run is tried where its outcome says that another try may help."""

DIAGNOSTIC_LIMIT = 3000

_HELD_UP = frozenset({"Unschedulable", "ImagePullFailed", "PodNotStarted"})
"""What a run waits for that, when the Job's time is over, is why it has no answer."""

_HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"}) | _HOPELESS
_NOT_STARTED = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_CAPTURE_REASONS = frozenset(
    {
        "SpecInvalid",
        "CaptureTimedOut",
        "CaptureOutOfMemory",
        "CaptureCrashed",
        "ModelTooLarge",
        "ModelRefused",
        "SourceTooLarge",
        "SourceMissing",
        "SandboxUnavailable",
        "CaptureFailed",
    }
)
_CHECK_REASONS = frozenset({"SpecInvalid", "ModelTooLarge", "ModelRefused", "SandboxUnavailable", "CheckFailed"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run goes on; what it waits for."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class NeedsLog:
    """The check's container ended well: its log has the document."""

    pod: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The run has a result that its pod vouches for."""

    document: Document


@dataclass(frozen=True, slots=True)
class Failed:
    """The run has no result. `retry`: another try of the same may have one."""

    reason: str
    message: str
    retry: bool = False
    stage: Stage = ""


@dataclass(frozen=True, slots=True)
class Look:
    """When a Job is looked at, what its run was seen to wait for before, and how long a container may try to start."""

    now: datetime
    patience: timedelta
    waited: Waiting | None = None


def outcome_of(
    job: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]], look: Look
) -> Waiting | NeedsLog | Failed:
    """What a Job and its pods say by now. `job` None: there is none yet."""
    if job is None:
        return _waiting("Queued")
    ended = _failed_condition(job)
    pod = _pod_of(job, pods)
    if pod is None:
        return _without_pod(job, ended, look.waited)
    outcome = _pod_outcome(pod, look)
    return _at_the_end(outcome, ended, pod, look) if isinstance(outcome, Waiting) and ended is not None else outcome


def answered(log: bytes, pod: Mapping[str, Any], source_digest: str) -> Answered | Failed:
    """What the log of a check that ended well holds; `source_digest` is the one the run is about."""
    message = str(_terminated(_container(pod, "check")).get("message") or "")
    try:
        document = unframe(log, message)
    except ModelError as error:
        return _failed("ReportLost", f"the checker's report did not arrive whole: {error}", "check", retry=True)
    if document.source_digest != source_digest:
        return _failed(
            "SourceChanged",
            f"the pod read source {document.source_digest}, and the run is about {source_digest}",
            "capture",
            retry=True,
        )
    return Answered(document)


def superseded() -> Failed:
    """The outcome of a run that another takes the place of."""
    return _failed("Superseded")


def _pod_of(job: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    uid = job["metadata"]["uid"]
    mine = [pod for pod in pods if _controller(pod) == uid]
    return max(mine, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""), default=None)


def _controller(body: Mapping[str, Any]) -> str | None:
    owners = body["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), None)


def _failed_condition(job: Mapping[str, Any]) -> Status | None:
    """The condition that says a Job has failed, None while it has not."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == "Failed" and c.get("status") == "True"), None)


def _without_pod(job: Mapping[str, Any], ended: Status | None, waited: Waiting | None) -> Waiting | Failed:
    """No pod is there: not yet, or no more. What it was last seen to wait for is all that is known of it then."""
    held_up = waited if waited is not None and waited.reason in _HELD_UP else None
    if ended is None:
        if (job.get("status") or {}).get("succeeded"):
            return _failed("ReportLost", "the pod is gone", "check", retry=True)
        return held_up or _waiting("CheckStarted")
    if ended.get("reason") != "DeadlineExceeded":
        return _failed("ReportLost", "the pod was deleted before its report could be read", retry=True)
    if held_up is not None:
        return _failed(held_up.reason, held_up.message)
    return _failed("CheckTimedOut", "the Job passed its deadline, and its pod is gone", "check")


def _pod_outcome(pod: Mapping[str, Any], look: Look) -> Waiting | NeedsLog | Failed:
    check = _terminated(_container(pod, "check"))
    if check and check.get("exitCode") == 0:
        return NeedsLog(str(pod["metadata"]["name"]))
    return _taken_away(pod, look) or _stage_outcome(pod) or _start_outcome(pod, look)


def _taken_away(pod: Mapping[str, Any], look: Look) -> Failed | None:
    """The pod as a whole was stopped from outside: by its deadline, for its disk use, or by the node."""
    status = pod.get("status") or {}
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if reason == "DeadlineExceeded":
        return _overdue(pod, look)
    if reason == "Evicted" and "ephemeral" in message:
        return _failed("StorageExceeded", message)
    disrupted = _condition(status, "DisruptionTarget")
    if reason in ("Evicted", "Preempting", "NodeLost", "Shutdown", "Terminated") or disrupted.get("status") == "True":
        return _failed("Evicted", message or str(disrupted.get("message") or ""), retry=True)
    return None


def _overdue(pod: Mapping[str, Any], look: Look) -> Failed:
    """Its time is over: that of a stage, or of what it waited for before any stage began."""
    status = pod.get("status") or {}
    capture = _named(status.get("initContainerStatuses"), "capture").get("state") or {}
    if capture.keys() - {"waiting"}:
        return _timed_out(status)
    held_up = _start_outcome(pod, look)
    if held_up.reason == "CheckStarted" and look.waited is not None:
        held_up = look.waited
    return _failed(*((held_up.reason, held_up.message) if held_up.reason in _HELD_UP else ("PodNotStarted", "")))


def _timed_out(status: Status) -> Failed:
    captured = _terminated(_named(status.get("initContainerStatuses"), "capture")).get("exitCode") == 0
    if captured:
        return _failed("CheckTimedOut", "the checker did not end in time", "check")
    return _failed("CaptureTimedOut", "the spec was not read in time", "capture")


def _stage_outcome(pod: Mapping[str, Any]) -> Failed | None:
    """A container ended, and not well. One without last words in a pod being deleted was stopped: the Job tells why."""
    failed = _ended_badly(pod)
    stopped = failed is not None and failed.retry and "deletionTimestamp" in pod["metadata"]
    return None if stopped else failed


def _ended_badly(pod: Mapping[str, Any]) -> Failed | None:
    capture = _terminated(_container(pod, "capture"))
    if capture and capture.get("exitCode") != 0:
        return _capture_failed(capture)
    check = _terminated(_container(pod, "check"))
    return _check_failed(check) if check else None


def _capture_failed(ended: Status) -> Failed:
    refusal = refusal_from(str(ended.get("message") or ""))
    if refusal is not None and refusal.reason in _CAPTURE_REASONS:
        return _refused(refusal, "capture")
    if ended.get("reason") == "OOMKilled":
        return _failed("CaptureOutOfMemory", "", "capture")
    return _failed("CaptureFailed", f"the capture stage {_end_text(ended)}", "capture", retry=True)


def _check_failed(ended: Status) -> Failed:
    if ended.get("reason") == "OOMKilled":
        return _failed("OutOfMemory", "", "check")
    refusal = refusal_from(str(ended.get("message") or ""))
    if refusal is not None and refusal.reason in _CHECK_REASONS:
        return _refused(refusal, "check")
    return _failed("CheckFailed", f"the checker {_end_text(ended)}", "check", retry=True)


def _refused(refusal: Refusal, stage: Stage) -> Failed:
    """The stage's own words, bounded and without control characters: part of them may be the spec's doing."""
    lines = [printable(line) for line in refusal.text.splitlines() if line.strip()]
    return _failed(refusal.reason, cut("\n".join(lines), DIAGNOSTIC_LIMIT), stage)


def _end_text(ended: Status) -> str:
    cause = f" ({ended['reason']})" if ended.get("reason") not in (None, "Error", "Completed") else ""
    return f"ended with status {ended.get('exitCode')}{cause} and left no diagnostic"


def _start_outcome(pod: Mapping[str, Any], look: Look) -> Waiting | Failed:
    """No container has ended: whether one waits for something, and whether that is worth waiting for."""
    status = pod.get("status") or {}
    for name in ("capture", "check"):
        waiting = (_container(pod, name).get("state") or {}).get("waiting") or {}
        reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
        if reason in _IMAGE | _NOT_STARTED:
            told_as = "ImagePullFailed" if reason in _IMAGE else "PodNotStarted"
            patient = reason not in _HOPELESS and not _is_out_of_patience(pod, look)
            detail = cut(f"{reason}: {message}", DIAGNOSTIC_LIMIT)
            return Waiting(told_as, detail) if patient else _failed(told_as, detail)
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Waiting("Unschedulable", cut(str(scheduled.get("message") or ""), DIAGNOSTIC_LIMIT))
    return _waiting("CheckStarted")


def _is_out_of_patience(pod: Mapping[str, Any], look: Look) -> bool:
    made = time_in(pod["metadata"], "creationTimestamp")
    return made is not None and look.now - made > look.patience


def _at_the_end(waiting: Waiting, ended: Status, pod: Mapping[str, Any], look: Look) -> Failed:
    """The Job has failed while its pod still seemed to go on."""
    if waiting.reason != "CheckStarted":
        return _failed(waiting.reason, waiting.message)
    if ended.get("reason") != "DeadlineExceeded":
        return _failed("ReportLost", "the pod was stopped before it had a report", retry=True)
    return _overdue(pod, look)


def _container(pod: Mapping[str, Any], name: str) -> Status:
    status = pod.get("status") or {}
    return _named(status.get("initContainerStatuses"), name) or _named(status.get("containerStatuses"), name)


def _named(statuses: Any, name: str) -> Status:
    return next((each for each in statuses or [] if each.get("name") == name), {})


def _terminated(container: Status) -> Status:
    return (container.get("state") or {}).get("terminated") or {}


def _condition(status: Status, kind: str) -> Status:
    return next((c for c in status.get("conditions") or [] if c.get("type") == kind), {})


def _waiting(reason: str) -> Waiting:
    return Waiting(reason, REASONS[reason].meaning)


def _failed(reason: str, detail: str = "", stage: Stage = "", *, retry: bool = False) -> Failed:
    return Failed(reason, told(reason, detail), retry, stage)
