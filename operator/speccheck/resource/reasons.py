"""The reasons that conditions, runs and Events give: each a constant of the API, with what it means and the way out.

A reason is never renamed. `fault` says whose turn it is: the author's (the spec has to change: the verdict is
touched), the environment's (the last verdict stands), or nobody's (it goes on by itself, or all is well).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """Whose turn it is to act."""

    AUTHOR = "author"
    ENVIRONMENT = "environment"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means, and what to do about it ("" for nothing)."""

    fault: Fault
    meaning: str
    way_out: str = ""


_AGAIN = "change the annotation speccheck.dev/requested-at to check again"


def _author(meaning: str, way_out: str) -> Reason:
    return Reason(Fault.AUTHOR, meaning, way_out)


def _environment(meaning: str, way_out: str) -> Reason:
    return Reason(Fault.ENVIRONMENT, meaning, way_out)


def _nobody(meaning: str) -> Reason:
    return Reason(Fault.NOBODY, meaning)


REASONS = {
    # what a spec's author puts right
    "SpecInvalid": _author("the SpecCheck or its spec is wrong", "correct it; a changed source is checked at once"),
    "CaptureTimedOut": _author(
        "reading the spec took too long", "a spec only declares: look for a loop that never ends in its modules"
    ),
    "CaptureOutOfMemory": _author(
        "reading the spec took too much memory",
        "make the spec's constants smaller, or raise podTemplate.resources.limits.memory",
    ),
    "CaptureCrashed": _author("the process that read the spec ended by itself", "a spec must not exit, fork or kill"),
    "ModelTooLarge": _author("the spec's model is too large to be handed on", "make the spec smaller"),
    "ModelRefused": _author("what the spec was read as is no model", "correct the spec; it must not write files"),
    "SourceTooLarge": _author("the spec's files are too large", "make the spec smaller"),
    "SourceMissing": _author("the entrypoint is not among the spec's files", "add it, or name another as entrypoint"),
    "ResourcesRefused": _author("podTemplate.resources is above the operator's ceiling", "ask for less"),
    "PodTemplateRefused": _author("the API server refuses the checker's Job", "correct spec.podTemplate"),
    # what the cluster's keeper puts right; the last verdict stands
    "SourceNotFound": _environment("the ConfigMap is not there", "apply it; the check starts by itself"),
    "SourceChanged": _environment("the source changed while it was read", _AGAIN),
    "CheckTimedOut": _environment(
        "the checker did not end in time", "raise check.timeout, set check.maxSteps or check smaller instances"
    ),
    "OutOfMemory": _environment(
        "the checker was killed for the memory it used",
        "raise podTemplate.resources.limits.memory, set check.maxSteps or check smaller instances",
    ),
    "CheckFailed": _environment("the checker failed", f"see its pod's log, then {_AGAIN}"),
    "CaptureFailed": _environment("the capture stage failed", f"see its pod's log, then {_AGAIN}"),
    "SandboxUnavailable": _environment(
        "the node cannot confine the spec", "use nodes whose kernel and runtime allow seccomp filters"
    ),
    "Evicted": _environment("the node took the checker's pod away", _AGAIN),
    "StorageExceeded": _environment("the checker's pod used too much disk", f"see its pod's log, then {_AGAIN}"),
    "ImagePullFailed": _environment(
        "the checker's image cannot be pulled",
        f"check the operator's image and podTemplate.imagePullSecrets, then {_AGAIN}",
    ),
    "Unschedulable": _environment(
        "no node takes the checker's pod", f"free room, or change spec.podTemplate; else {_AGAIN}"
    ),
    "PodNotStarted": _environment("the checker's pod did not start", f"kubectl describe its Job, then {_AGAIN}"),
    "ReportLost": _environment("the checker's report did not arrive whole", _AGAIN),
    "ObserverForbidden": _environment("the observing service account may not see the objects", "grant it the Role"),
    "KindUnknown": _environment("the cluster has no such kind", "install its CRD, or correct observe.sources"),
    "WatchFailed": _environment("the objects cannot be watched", "it is tried again by itself"),
    "EvaluatorUnavailable": _environment("the evaluator does not answer", "it is tried again by itself"),
    "OverBudget": _environment(
        "evaluating an observation took more than its budget", "make the expressions or the spec's properties simpler"
    ),
    "ObservationRejected": _author(
        "observations do not fit the spec's variables", "correct the expressions in observe"
    ),
    # how things go on
    "Queued": _nobody("the check waits for other checks to end"),
    "CheckStarted": _nobody("the check is under way"),
    "Superseded": _nobody("the SpecCheck or its source changed, and another run takes this one's place"),
    "ObservationStarting": _nobody("the objects are being listed"),
    "AwaitingObservation": _nobody("nothing was judged yet, and the gate asks for a verdict"),
    "Suspended": _nobody("spec.suspend is true: nothing is started, and the last verdicts stand"),
    "Reconciled": _nobody("what was asked for is done"),
    "Idle": _nobody("nothing is under way"),
    # verdicts
    "Holds": _nobody("every property asked for holds"),
    "HoldsWithinBound": _nobody("every property holds as far as the bound asked for"),
    "InvariantViolated": _nobody("a reachable state breaks an invariant"),
    "TemporalViolated": _nobody("a behaviour breaks a temporal property"),
    "ExampleNotFound": _nobody("no reachable state shows an example"),
    "DeadlockFound": _nobody("a reachable state has no step"),
    "CheckIncomplete": _nobody("a limit was reached before the answer"),
    "CheckSucceeded": _nobody("the check ended, and nothing is wrong"),
    "CheckCompleted": _nobody("the check ended with an answer"),
    "NothingObserved": _nobody("no observation was judged yet"),
    "Ambiguous": _nobody("for some keys no observation could be judged"),
    "NoAnchor": _nobody("for some keys no state of the spec is known that their steps could begin from"),
    "Conforms": _nobody("every judged observation conforms"),
    "ConformsSinceAnchor": _nobody(
        "every judged observation conforms with some state of the spec; hidden variables are not determined"
    ),
    "DriftDetected": _nobody("a live object breaks the spec"),
    "DriftResolved": _nobody("a drift has ended"),
    "ObservationGap": _nobody("observations may have been missed"),
    "NotVerified": _nobody("the gate asks for a verdict that is not there"),
    "NotConformant": _nobody("the gate asks for conformance that is not there"),
}
"""Every reason."""


def told(reason: str, detail: str = "") -> str:
    """A message for a reason: the detail where there is one, else what it means; then the way out."""
    known = REASONS[reason]
    said = detail.strip().rstrip(".;: ") or known.meaning
    return f"{said}; {known.way_out}" if known.way_out and known.way_out not in said else said


def is_authors(reason: str) -> bool:
    """Whether the spec's author has to act; False for an unknown reason."""
    return reason in REASONS and REASONS[reason].fault is Fault.AUTHOR
