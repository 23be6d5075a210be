"""A SpecCheck's `.status` from all that is known of it: a pure function, called at every reconcile.

Ready, Reconciling and Stalled are kstatus conditions and always there. Verified and Conformant are the verdicts, there
when a check or an observation is asked for. A failing environment leaves the last verdict as it was; whether a
verdict makes Ready False is the gate's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from speccheck.resource.bodies import Body, given, plain
from speccheck.resource.conditions import Condition, Truth, condition_in, conditions_body
from speccheck.resource.drifts import VOLATILE, ObserveState, observe_body
from speccheck.resource.reasons import REASONS, is_authors, told
from speccheck.resource.requests import Request
from speccheck.resource.results import ROWS_LIMIT
from speccheck.resource.runs import RunView
from speccheck.resource.sources import Found, Missing, SourceState
from speccheck.resource.times import time_of, time_text
from speccheck.resource.verdicts import Judgement, conformance_of, verification_of

REFRESH = timedelta(seconds=60)
"""How often counts that move all the time are written where nothing else changes."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The SpecCheck cannot be carried out as it is; `message` says why and the way out."""

    message: str
    reason: str = "SpecInvalid"


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a status depends on. `run` is the wanted run, None before it is made; `observe` None: not begun."""

    request: Request | Refused
    generation: int
    previous: Mapping[str, Any]
    now: datetime
    source: SourceState | None = None
    run: RunView | None = None
    observe: ObserveState | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a SpecCheck is under way, or stuck."""

    reason: str
    message: str


def status(inputs: Inputs) -> Body:
    """The whole `.status`."""
    verified, conformant = _verdicts(inputs)
    stalled = _stalled(inputs) or _gated(inputs, verified, conformant)
    under_way = None if stalled else _under_way(inputs, conformant)
    wanted = [
        _ready(inputs, stalled, under_way),
        _abnormal("Reconciling", under_way),
        _abnormal("Stalled", stalled),
        *_verdict_conditions(inputs, verified, conformant),
    ]
    stamped = [_stamped(condition, inputs) for condition in wanted]
    return {
        "observedGeneration": inputs.generation,
        "conditions": conditions_body(inputs.previous.get("conditions") or [], stamped, inputs.now),
        **_parts(inputs),
    }


def changed(previous: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a `.status` is worth writing: something changed, or mere counts have moved for a while."""
    if _settled(previous) != _settled(wanted):
        return True
    before, after = (each.get("observe") or {} for each in (previous, wanted))
    moved = any(before.get(name) != after.get(name) for name in VOLATILE if name != "updatedAt")
    return moved and time_of(after["updatedAt"]) - time_of(before["updatedAt"]) >= REFRESH


def _settled(body: Mapping[str, Any]) -> Body:
    observe = {name: value for name, value in (body.get("observe") or {}).items() if name not in VOLATILE}
    drifts = [{**drift, "count": 0, "last": ""} for drift in observe.get("drifts") or []]
    return {**body, "observe": observe | {"drifts": drifts}}


def _verdicts(inputs: Inputs) -> tuple[Judgement | None, Judgement | None]:
    """What Verified and Conformant say; None where they are not asked for."""
    match inputs.request:
        case Refused(message, reason):
            truth: Truth = "False" if reason == "SpecInvalid" else "Unknown"
            blind = Judgement("Unknown", reason, message) if condition_in(inputs.previous, "Conformant") else None
            return Judgement(truth, reason, message), blind
        case request:
            verified = verification_of(request, inputs.run, inputs.source, inputs.previous)
            return verified, conformance_of(request, inputs.observe, inputs.previous)


def _stalled(inputs: Inputs) -> Cause | None:
    """What nobody but a person can move on."""
    match inputs.request, inputs.source, inputs.run:
        case Refused(message, reason), _, _:
            return Cause(reason, message)
        case _, Missing(reason, message), _ if is_authors(reason):
            return Cause(reason, message)
        case _, _, RunView(finished=True, verdict=None) as run if run.reason != "Superseded":
            return Cause(run.reason, run.message)
    problem = inputs.observe.problem if inputs.observe else None
    return Cause(problem.reason, problem.message) if problem and problem.permanent else None


def _gated(inputs: Inputs, verified: Judgement | None, conformant: Judgement | None) -> Cause | None:
    """A verdict that the gate does not let pass."""
    if isinstance(inputs.request, Refused) or _run_open(inputs):
        return None
    gate = inputs.request.gate
    strict: frozenset[Truth] = frozenset({"False", "Unknown"}) if gate.on_unknown == "Fail" else frozenset({"False"})
    if gate.verified and verified and verified.truth in strict:
        return Cause("NotVerified", f"gate.verified: {verified.message}")
    failing = strict if _judged(inputs) else frozenset({"False"})
    if gate.conformant and conformant and conformant.truth in failing:
        return Cause("NotConformant", f"gate.conformant: {conformant.message}")
    return None


def _judged(inputs: Inputs) -> bool:
    return inputs.observe is not None and inputs.observe.synced and inputs.observe.judged > 0


def _run_open(inputs: Inputs) -> bool:
    """Whether the wanted run has yet to end (a suspended SpecCheck waits for none)."""
    request = inputs.request
    if isinstance(request, Refused) or (request.suspend and inputs.run is None):
        return False
    return inputs.run is None or not inputs.run.finished or inputs.run.reason == "Superseded"


def _under_way(inputs: Inputs, conformant: Judgement | None) -> Cause | None:
    """What goes on by itself."""
    request = inputs.request
    if isinstance(request, Refused):
        return None
    if isinstance(inputs.source, Missing):
        return Cause(inputs.source.reason, inputs.source.message)
    if _run_open(inputs):
        run = inputs.run
        known = run is not None and run.reason and not run.finished
        return Cause(run.reason, run.message) if run and known else _meant("CheckStarted")
    return _observation_under_way(request, inputs.observe, conformant)


def _observation_under_way(
    request: Request, observe: ObserveState | None, conformant: Judgement | None
) -> Cause | None:
    if request.observe is None or (request.suspend and observe is None):
        return None
    if observe is not None and observe.problem is not None:
        return Cause(observe.problem.reason, observe.problem.message)
    if observe is None or not observe.synced:
        return _meant("ObservationStarting")
    gate = request.gate
    unknown = conformant is not None and conformant.truth == "Unknown"
    return _meant("AwaitingObservation") if gate.conformant and gate.on_unknown == "Fail" and unknown else None


def _ready(inputs: Inputs, stalled: Cause | None, under_way: Cause | None) -> Condition:
    if stalled is not None:
        return Condition("Ready", "False", stalled.reason, stalled.message)
    if under_way is not None:
        truth: Truth = "True" if _was_ready(inputs) else "Unknown"
        return Condition("Ready", truth, under_way.reason, under_way.message)
    request = inputs.request
    if not isinstance(request, Refused) and request.suspend:
        return Condition("Ready", "True", "Suspended", REASONS["Suspended"].meaning)
    return Condition("Ready", "True", "Reconciled", REASONS["Reconciled"].meaning)


def _was_ready(inputs: Inputs) -> bool:
    """Whether the same request for the same source was ready before: then another look at it changes nothing."""
    same_source = (
        isinstance(inputs.source, Found)
        and (inputs.previous.get("source") or {}).get("digest") == inputs.source.digest
        and inputs.previous.get("observedGeneration") == inputs.generation
    )
    return same_source and condition_in(inputs.previous, "Ready").get("status") == "True"


def _abnormal(kind: str, cause: Cause | None) -> Condition:
    """A condition that is True only while something is out of the ordinary."""
    return Condition(kind, "True", cause.reason, cause.message) if cause else Condition(kind, "False", "Idle", "")


def _verdict_conditions(inputs: Inputs, verified: Judgement | None, conformant: Judgement | None) -> list[Condition]:
    pairs = (("Verified", verified), ("Conformant", conformant))
    return [Condition(kind, j.truth, j.reason, j.message, j.generation) for kind, j in pairs if j is not None]


def _stamped(condition: Condition, inputs: Inputs) -> Condition:
    """The condition with the generation it is about: the present one, but for a verdict that stands from before."""
    if condition.generation is not None:
        return condition
    return Condition(condition.type, condition.status, condition.reason, condition.message, inputs.generation)


def _meant(reason: str) -> Cause:
    return Cause(reason, told(reason))


def _parts(inputs: Inputs) -> Body:
    """`source`, `run`, `check` and `observe`; what is not known anew stands as it was, while it is asked for."""
    request, previous = inputs.request, inputs.previous
    source = {"digest": inputs.source.digest} if isinstance(inputs.source, Found) else previous.get("source")
    run = _run_part(inputs.run) if inputs.run else previous.get("run")
    check = _check_part(inputs.run) if inputs.run and inputs.run.verdict else previous.get("check")
    observe = observe_body(inputs.observe, inputs.now) if inputs.observe else previous.get("observe")
    if not isinstance(request, Refused):
        check = check if request.check else None
        observe = observe if request.observe else None
    return given(source=source, run=run, check=check, observe=observe)


def _run_part(run: RunView) -> Body:
    ended = time_text(run.finished_at) if run.finished_at else None
    return given(name=run.name, attempt=run.attempt, reason=run.reason or "Queued", finishedAt=ended)


def _check_part(run: RunView) -> Body:
    """What the last answered run says, its rows bounded."""
    return {
        "run": run.name,
        "verdict": run.verdict,
        "sourceDigest": run.source_digest,
        "modelDigest": run.model_digest,
        "states": run.states,
        "seconds": run.seconds,
        "results": plain(run.rows[:ROWS_LIMIT]),
        "resultsTotal": run.rows_total,
        **given(finishedAt=time_text(run.finished_at) if run.finished_at else None),
    }
