"""What holding observations to a spec has come to → text: each drift with its explanation, and the whole in the end.

Takes drifts and totals as plain data; judges nothing. A drift is told for whoever is on call: what broke where, what
was the last state that was fine, what was observed, and why each action of the spec does not explain it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never

from speccheck.conform.protocols import Explanation, Obstacle, Thing, Tier, Unjudged
from speccheck.rendering.changes import state_changes
from speccheck.rendering.paths import change_lines
from speccheck.rendering.styles import EMPTY, Line, Style, indented, line, paragraph, render
from speccheck.rendering.text import Look
from speccheck.rendering.values import value_lines
from speccheck.rendering.verdicts import counted
from speccheck.reports import Itf, State

OBSTACLES_SHOWN = 8
_FEW = 5

Answer: TypeAlias = Literal["Conformant", "Drift", "Unknown"]

_ANSWERS: dict[Answer, tuple[str, Style]] = {
    "Conformant": ("✓ Conformant", "good"),
    "Drift": ("✗ Drift", "bad"),
    "Unknown": ("? Unknown", "warning"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an observation was read from: a line of a file ("" where there is only one), 0 where from none."""

    line: int = 0
    file: str = ""

    def __str__(self) -> str:
        if not self.line:
            return "the time that passed"
        return f"{self.file}:{self.line}" if self.file else f"line {self.line}"


NOWHERE = Place()
"""Where no line says it."""


@dataclass(frozen=True, slots=True)
class DriftShown:
    """A drift at its beginning. `after`: no observation broke it, but the time that passed since the one at `place`.
    `muted`: why it is muted, "" where it is not."""

    property: str
    tier: Tier
    key: str
    thing: Thing
    source: str
    time: datetime
    place: Place
    message: str
    explanation: Explanation | None = None
    muted: str = ""
    after: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why the answer is not known: how often, where first, and what to do. `name` is one stable word."""

    name: str
    count: int
    message: str
    place: Place = NOWHERE
    way_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What it has all come to.

    `drifts`, `muted` and `active`: how many began, of them muted, not over at the end. `actions` and `properties`: how
    often each was seen or judged. `notes` are remarks without weight.
    """

    spec: str
    instance: str
    answer: Answer
    observations: int
    judged: int
    keys: int
    files: int = 1
    first: datetime | None = None
    last: datetime | None = None
    drifts: int = 0
    muted: int = 0
    active: int = 0
    untold: int = 0
    troubles: tuple[Trouble, ...] = ()
    actions: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, int] = field(default_factory=dict)
    unjudged: tuple[Unjudged, ...] = ()
    hidden: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ("State", "Step", "Time")
    notes: tuple[str, ...] = ()


def drift_text(drift: DriftShown, look: Look) -> str:
    """A drift, told in full."""
    width = look.width - 2
    body: list[Line] = [line((_subject(drift), "dim"))]
    explained = drift.explanation is not None and bool(drift.explanation.obstacles)
    body += paragraph(drift.message, width) if drift.message and not explained else []
    body += paragraph(f"muted: {drift.muted}", width, "warning") if drift.muted else []
    if drift.explanation is not None and drift.tier == "Step":
        body += _explanation_lines(drift.explanation, width)
    return render([*_drift_heading(drift), *indented(body, 2), EMPTY], color=look.color)


def drift_line(drift: DriftShown, look: Look) -> str:
    """A drift on one line, where there are many."""
    return render(_drift_heading(drift), color=look.color)


def ended_text(name: str, key: str, lasted_s: float, why: str, place: Place, look: Look) -> str:
    """That a drift is over, on one line."""
    told = f"✓ {place}  {key or 'the trace'}: {name} {why} after {span_text(lasted_s)}"
    return render([line((told, "good")), EMPTY], color=look.color)


def _drift_heading(drift: DriftShown) -> list[Line]:
    style: Style = "warning" if drift.muted else "bad"
    where = f"after {drift.place}" if drift.after else str(drift.place)
    key = f"  {drift.key}" if drift.key else ""
    sign = "✗" if not drift.muted else "–"
    return [line((f"{sign} {where}{key}: {_sentence(drift)}", style), (f"  [{drift.tier}]", "dim"))]


def _sentence(drift: DriftShown) -> str:
    match drift.tier:
        case "State":
            return f"{drift.property} does not hold"
        case "Time":
            return f"{drift.property} is overdue"
        case "Step":
            claimed = drift.explanation.claimed if drift.explanation else ""
            if claimed or drift.property != "step":
                return f"{claimed or drift.property} was not possible"
            return "no step of the spec leads here"
        case _:
            assert_never(drift.tier)


def _subject(drift: DriftShown) -> str:
    thing = drift.thing
    name = "/".join(each for each in (thing.namespace, thing.name) if each)
    parts = [f"{thing.kind} {name}".strip(), f"source {drift.source}" if drift.source else "", time_text(drift.time)]
    return ", ".join(each for each in parts if each)


def time_text(time: datetime) -> str:
    """A time as its observation has it, to the millisecond where it has any."""
    return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds").replace("+00:00", "Z")


def span_text(seconds: float) -> str:
    """A length of time in the two units that matter: `1 h 5 min`, `12 min 3 s`, `2.5 s`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, left_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left_s} s" if left_s else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days {hours % 24} h" if hours % 24 else f"{hours // 24} days"


def _explanation_lines(found: Explanation, width: int) -> list[Line]:
    lines: list[Line] = []
    if found.last_good:
        among = f", one of {found.states:,} that were possible" if found.states > 1 else ""
        lines += [EMPTY, line((f"last good state{among}", "bold"))]
        for name, value in found.last_good.items():
            lines += indented(_valued(name, value, width - 2), 2)
    if found.observed or found.claimed:
        lines += [EMPTY, line(("observed", "bold")), *indented(_observed_lines(found, width - 2), 2)]
    if found.obstacles:
        lines += [EMPTY, line(("why nothing explains it, nearest first", "bold"))]
        lines += indented(_obstacle_lines(found.obstacles, width - 2), 2)
    return lines


def _valued(name: str, value: Itf, width: int) -> list[Line]:
    first, *rest = value_lines(value, width - len(name) - 3)
    return [line((name, "name"), " = ", first), *(line(each) for each in rest)]


def _observed_lines(found: Explanation, width: int) -> list[Line]:
    """The action that was named, and what is different from the last good state."""
    lines = [line("the action ", (found.claimed, "bold"))] if found.claimed else []
    before = {name: found.last_good[name] for name in found.observed if name in found.last_good}
    changes = state_changes(State(tuple(before.items())), State(tuple(found.observed.items())))
    for change in changes:
        lines += change_lines(change, width)
    for name, value in found.observed.items():
        if name not in before:
            lines += _valued(name, value, width)
    if found.observed and not changes and before:
        lines.append(line(("no change of what is observed", "dim")))
    return lines


def _obstacle_lines(obstacles: Sequence[Obstacle], width: int) -> list[Line]:
    lines: list[Line] = []
    for each in obstacles[:OBSTACLES_SHOWN]:
        lines.append(line((each.action, "bold"), f"  {_KINDS[each.kind]}"))
        lines += indented(paragraph(each.detail, width - 2), 2)
    left = len(obstacles) - OBSTACLES_SHOWN
    return [*lines, line((f"and {left} more; --json has all", "dim"))] if left > 0 else lines


_KINDS: dict[str, str] = {"guard": "was not enabled", "mismatch": "would have done something else", "unknown": ""}


def totals_text(totals: Totals, look: Look) -> str:
    """The answer, why it is that, and what was never looked at."""
    name = f"{totals.spec}, instance {totals.instance}" if totals.instance else totals.spec
    lines = [line((name, "bold"), ": ", _ANSWERS[totals.answer])]
    lines += indented(_counts(totals), 2)
    reasons = [*_drift_count(totals), *(each for t in totals.troubles for each in _trouble_lines(t, look.width - 4))]
    lines += [EMPTY, *indented(reasons, 2)] if reasons else []
    coverage = [each for block in _coverage(totals, look.width - 2) if block for each in block]
    lines += [EMPTY, *indented(coverage, 2)] if coverage else []
    return render(lines, color=look.color)


def _counts(totals: Totals) -> list[Line]:
    files = f" in {totals.files} files" if totals.files > 1 else ""
    keys = f" of {counted(totals.keys, 'key')}" if totals.keys else ""
    lines = [line(f"{counted(totals.observations, 'observation')}{keys}{files}, {totals.judged:,} judged")]
    if totals.first and totals.last:
        lasting = span_text((totals.last - totals.first).total_seconds())
        span = f"from {time_text(totals.first)} to {time_text(totals.last)}, {lasting}"
        lines.append(line((span, "dim")))
    return lines


def _drift_count(totals: Totals) -> list[Line]:
    if not totals.drifts:
        return []
    loud = totals.drifts - totals.muted
    told = [f"{totals.active:,} not over at the end"] if totals.active else ["all over at the end"]
    told += [f"{totals.muted:,} more muted, which do not count"] if totals.muted and loud else []
    told += [f"{totals.untold:,} not shown"] if totals.untold else []
    if not loud:
        return [line((f"– {counted(totals.muted, 'drift')}, muted: {', '.join(told)}", "warning"))]
    return [line((f"✗ {counted(loud, 'drift')}: {', '.join(told)}", "bad"))]


def _trouble_lines(trouble: Trouble, width: int) -> list[Line]:
    first = "first at " if trouble.count > 1 else ""
    where = f" ({first}{trouble.place})" if trouble.place.line else ""
    head, *rest = paragraph(f"{trouble.message}{where}", width, "warning")
    lines = [(*line(("? ", "warning")), *head), *indented(rest, 2)]
    return [*lines, *indented(paragraph(trouble.way_out, width - 2, "dim"), 4)] if trouble.way_out else lines


def _coverage(totals: Totals, width: int) -> list[list[Line]]:
    seen = [f"{name} {count:,}" for name, count in totals.actions.items() if count]
    idle = [name for name, count in totals.actions.items() if not count]
    judged = [f"{name} {count:,}" for name, count in totals.properties.items() if count]
    silent = [name for name, count in totals.properties.items() if not count]
    return [
        paragraph(f"Actions seen: {', '.join(seen)}.", width, "dim") if seen else [],
        paragraph(f"Actions never seen: {', '.join(idle)}.", width, "warning") if idle else [],
        paragraph(f"Properties judged: {', '.join(judged)}.", width, "dim") if judged else [],
        paragraph(f"Properties never judged: {', '.join(silent)}.", width, "warning") if silent else [],
        *(paragraph(_unjudged_text(each), width, "warning") for each in totals.unjudged),
        paragraph(f"Hidden variables: {', '.join(totals.hidden)}.", width, "dim") if totals.hidden else [],
        *(paragraph(each, width, "dim") for each in totals.notes),
    ]


def _unjudged_text(unjudged: Unjudged) -> str:
    why = unjudged.reason or f"{', '.join(unjudged.variables)} not mapped"
    return f"Cannot be judged: {unjudged.property} ({why})."


def drift_json(drift: DriftShown) -> dict[str, Any]:
    """A drift for programs; values are ITF."""
    return {
        "property": drift.property,
        "tier": drift.tier,
        "key": drift.key,
        "object": _given(drift.thing),
        "source": drift.source,
        "time": time_text(drift.time),
        **place_json(drift.place),
        "overdue": drift.after,
        "message": drift.message,
        "muted": drift.muted or None,
        "explanation": None if drift.explanation is None else _explanation_json(drift.explanation),
    }


def place_json(place: Place) -> dict[str, Any]:
    """Where an observation was read from, for programs."""
    return {"file": place.file or None, "line": place.line or None}


def _given(thing: Thing) -> dict[str, str]:
    named = {
        "apiVersion": thing.api_version,
        "kind": thing.kind,
        "namespace": thing.namespace,
        "name": thing.name,
        "uid": thing.uid,
    }
    return {name: value for name, value in named.items() if value}


def _explanation_json(found: Explanation) -> dict[str, Any]:
    return {
        "lastGood": found.last_good,
        "states": found.states,
        "observed": found.observed,
        "claimed": found.claimed,
        "obstacles": [
            {"action": each.action, "kind": each.kind, "detail": each.detail, "distance": each.distance}
            for each in found.obstacles
        ],
        "path": found.path,
    }


def totals_json(totals: Totals) -> dict[str, Any]:
    """What it has all come to, for programs."""
    return {
        "spec": totals.spec,
        "instance": totals.instance,
        "answer": totals.answer,
        "observations": totals.observations,
        "judged": totals.judged,
        "keys": totals.keys,
        "first": totals.first and time_text(totals.first),
        "last": totals.last and time_text(totals.last),
        "driftCounts": {"total": totals.drifts, "muted": totals.muted, "active": totals.active},
        "troubles": [
            {"name": each.name, "count": each.count, "message": each.message, "first": place_json(each.place)}
            for each in totals.troubles
        ],
        "coverage": {"actions": dict(totals.actions), "properties": dict(totals.properties)},
        "unjudged": [
            {"property": each.property, "variables": list(each.variables), "reason": each.reason}
            for each in totals.unjudged
        ],
        "hidden": list(totals.hidden),
        "tiers": list(totals.tiers),
        "notes": list(totals.notes),
    }
