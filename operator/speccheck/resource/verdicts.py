"""The two verdicts of a SpecCheck: Verified, from its wanted run, and Conformant, from what was observed.

Takes what is known and the previous `.status`; gives a Judgement. A verdict stands until a new answer takes its place:
neither a check under way nor a failing environment touches it. A spec that cannot be read does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speccheck.reports import Verdict
from speccheck.resource.conditions import Truth, condition_in
from speccheck.resource.drifts import ObserveState
from speccheck.resource.paths import counted
from speccheck.resource.reasons import REASONS, Fault, is_authors, told
from speccheck.resource.requests import Check, Request
from speccheck.resource.results import Row
from speccheck.resource.runs import RunView
from speccheck.resource.sources import Missing, SourceState

_WRONG_SPEC = frozenset({"SpecInvalid", "SourceTooLarge", "SourceMissing", "ModelRefused", "CaptureCrashed"})
"""Failures that say the spec is wrong, not merely that there is no answer."""

_UNDER_WAY = frozenset({"CheckStarted", "Suspended"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verdict's condition says. `generation`: the one it is about, None for the present one."""

    truth: Truth
    reason: str
    message: str
    generation: int | None = None


def verification_of(
    request: Request, run: RunView | None, source: SourceState | None, previous: Mapping[str, Any]
) -> Judgement | None:
    """What Verified says; None where no check is asked for."""
    if request.check is None:
        return None
    if isinstance(source, Missing):
        return _without_answer(source.reason, source.message, previous)
    if run is None or not run.finished or run.reason == "Superseded":
        reason = "Suspended" if request.suspend and run is None else "CheckStarted"
        return _standing(previous) or Judgement("Unknown", reason, told(reason))
    if run.verdict is None:
        return _without_answer(run.reason, run.message, previous)
    return _answered(Verdict(run.verdict), run, request.check)


def _without_answer(reason: str, message: str, previous: Mapping[str, Any]) -> Judgement:
    if is_authors(reason):
        return Judgement("False" if reason in _WRONG_SPEC else "Unknown", reason, message)
    return _standing(previous) or Judgement("Unknown", reason, message)


def _standing(previous: Mapping[str, Any]) -> Judgement | None:
    """The verdict as it stands, None where there was none: that a check began or failed is no verdict."""
    before = condition_in(previous, "Verified")
    if not before or before["reason"] in _UNDER_WAY or _is_environments(before["reason"]):
        return None
    return Judgement(before["status"], before["reason"], before["message"], before.get("observedGeneration"))


def _is_environments(reason: str) -> bool:
    return reason in REASONS and REASONS[reason].fault is Fault.ENVIRONMENT


def _answered(verdict: Verdict, run: RunView, check: Check) -> Judgement:
    match verdict:
        case Verdict.HOLDS:
            return Judgement("True", "Holds", _all_well(run))
        case Verdict.HOLDS_WITHIN_BOUND if check.accept_bound:
            return Judgement("True", "HoldsWithinBound", f"{_all_well(run)}, {_bound_text(check)}")
        case Verdict.HOLDS_WITHIN_BOUND:
            detail = f"{_all_well(run)}, but only {_bound_text(check)}"
            return Judgement(
                "Unknown", "HoldsWithinBound", f"{detail}; set check.acceptBound to take that for verified"
            )
        case Verdict.VIOLATED:
            return Judgement("False", _broken_reason(run.rows), _worst_text(run))
        case Verdict.ERROR:
            return Judgement("False", "SpecInvalid", _worst_text(run))
        case Verdict.UNKNOWN:
            return Judgement("Unknown", "CheckIncomplete", _worst_text(run))


def _bound_text(check: Check) -> str:
    if check.method == "Simulate":
        return f"in {counted(check.walks or 0, 'random walk')} of {counted(check.max_steps or 0, 'step')}"
    return f"within {counted(check.max_steps or 0, 'step')}"


def _all_well(run: RunView) -> str:
    if not run.rows:
        return f"no property was asked for; {run.states} states"
    if run.rows_total > len(run.rows):
        return f"every property holds in every instance, {run.states} states"
    names, instances = {row.property for row in run.rows}, {row.instance for row in run.rows}
    hold = f"{len(names)} properties hold" if len(names) > 1 else "1 property holds"
    return f"{hold} in {counted(len(instances), 'instance')}, {run.states} states"


def _broken_reason(rows: Sequence[Row]) -> str:
    """An invariant's violation before a deadlock, that before a behaviour, and that before an example not found."""
    broken = {row.kind for row in rows if row.verdict == Verdict.VIOLATED.value}
    if "invariant" in broken:
        return "InvariantViolated"
    if "deadlock" in broken:
        return "DeadlockFound"
    return "TemporalViolated" if "temporal" in broken else "ExampleNotFound"


def shortest_broken(rows: Sequence[Row], kind: str) -> Row | None:
    """The violated row of a kind with the shortest path."""
    broken = [row for row in rows if row.verdict == Verdict.VIOLATED.value and row.kind == kind]
    return min(broken, key=lambda row: row.depth, default=None)


def row_text(row: Row) -> str:
    """What a row says, in one line."""
    where = f"{row.property} in {row.instance}" if row.instance else row.property
    match row.verdict, row.kind:
        case Verdict.VIOLATED.value, "example":
            return f"{where}: no reachable state shows it, {row.states} states"
        case Verdict.VIOLATED.value, _:
            return f"{where} is violated after {counted(row.depth, 'step')}: {row.path or row.message}"
        case Verdict.ERROR.value, _:
            return f"{where} cannot be evaluated: {row.message}"
        case _:
            return f"{where}: {row.verdict}, {row.reason}{f': {row.message}' if row.message else ''}"


def _worst_text(run: RunView) -> str:
    """The first row of the worst verdict, an invariant's shortest path before all; how many more there are."""
    alike = [row for row in run.rows if row.verdict == run.verdict]
    if not alike:
        return f"{run.verdict}: see SpecCheckRun {run.name}"
    kinds = ("invariant", "deadlock", "temporal", "example")
    first = next((row for kind in kinds if (row := shortest_broken(alike, kind))), alike[0])
    more = f" (and {len(alike) - 1} more)" if len(alike) > 1 else ""
    return row_text(first) + more


def conformance_of(request: Request, observe: ObserveState | None, previous: Mapping[str, Any]) -> Judgement | None:
    """What Conformant says: False while an unmuted drift is active; True only where all keys were judged.

    None where no observation is asked for.
    """
    if request.observe is None:
        return None
    if observe is None:
        return _not_observing(request, previous)
    if observe.alarms:
        return _drifting(observe)
    if observe.problem is not None:
        return Judgement("Unknown", observe.problem.reason, observe.problem.message)
    if not observe.synced:
        return Judgement("Unknown", "ObservationStarting", told("ObservationStarting"))
    if observe.judged == 0:
        return Judgement("Unknown", "NothingObserved", "no observation was judged yet; see status.observe for counts")
    if observe.census.ambiguous or observe.census.overflowed:
        return Judgement("Unknown", "Ambiguous", told("Ambiguous", _unfollowed(observe)))
    if observe.census.unanchored:
        return Judgement("Unknown", "NoAnchor", told("NoAnchor", counted(observe.census.unanchored, "key")))
    if observe.unjudged_keys:
        return Judgement("Unknown", "Ambiguous", REASONS["Ambiguous"].meaning)
    reason = "ConformsSinceAnchor" if observe.since_anchor else "Conforms"
    return Judgement("True", reason, REASONS[reason].meaning)


def _unfollowed(observe: ObserveState) -> str:
    return f"{counted(observe.census.ambiguous + observe.census.overflowed, 'key')} beyond what can be followed"


def _not_observing(request: Request, previous: Mapping[str, Any]) -> Judgement:
    """Nothing is watched: drift that was seen stands, conformance does not."""
    before = condition_in(previous, "Conformant")
    if before.get("status") == "False":
        return Judgement("False", before["reason"], before["message"], before.get("observedGeneration"))
    reason = "Suspended" if request.suspend else "ObservationStarting"
    return Judgement("Unknown", reason, told(reason))


def _drifting(observe: ObserveState) -> Judgement:
    first, *others = observe.alarms
    thing = first.object
    at = f"{thing.kind} {thing.namespace}/{thing.name}".replace(" /", " ") if thing.kind else f"key {first.key}".strip()
    more = f" (and {counted(len(others), 'more drift')})" if others else ""
    return Judgement("False", "DriftDetected", f"{at} breaks {first.property}: {first.message}{more}")
