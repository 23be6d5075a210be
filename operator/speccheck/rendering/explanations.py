"""Why an action cannot be taken, and what expressions are worth along a path → text and plain data.

Takes what `engines.reference.guards` found and values in ITF; adds nothing to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speccheck.engines.reference.guards import Guard, WhyNot
from speccheck.rendering.paths import call_text
from speccheck.rendering.styles import EMPTY, Line, Style, indented, line, paragraph, render
from speccheck.rendering.text import Look
from speccheck.rendering.values import value_lines, value_text
from speccheck.reports import Evaluation, Itf, State


@dataclass(frozen=True, slots=True)
class Watched:
    """An expression and its value in each state of a path; `why` says why it has none there, by state."""

    expression: str
    values: tuple[Itf | None, ...]
    why: tuple[str, ...]


def why_not_text(found: WhyNot, where: str, look: Look) -> str:
    """The answer for people; `where` names the state."""
    title = line((call_text(found.call), "bold"), f" {where}: ", _verdict(found))
    return render([title, *indented(_answer(found, look.width - 2), 2)], color=look.color)


def _verdict(found: WhyNot) -> tuple[str, Style]:
    if found.taken:
        return ("possible", "good")
    return ("not possible", "bad") if found.complete else ("not seen", "warning")


def _answer(found: WhyNot, width: int) -> list[Line]:
    lines = [each for state in found.taken for each in _taken(state)]
    if not found.taken:
        lines += _guards("It began, and", found.guards, width)
        if not found.guards:
            lines += paragraph("No way of taking a step comes to it with these arguments.", width)
            lines += [line(f"with others it does: {call_text(each)}") for each in found.others]
            lines += [] if found.others else _guards("What ended the ways:", found.before, width)
    if found.error is not None:
        lines += [EMPTY, line(("An expression has no value on the way:", "warning")), *_evaluation(found.error, width)]
    elif not found.complete and not found.taken:
        lines += [EMPTY, *paragraph("There are more ways than were looked at.", width, "warning")]
    return lines


def _taken(state: State) -> list[Line]:
    label = ", ".join(call_text(call) for call in state.label)
    return [line(f"by the step {label or 'without a name'}")]


def _guards(head: str, guards: Sequence[Guard], width: int) -> list[Line]:
    lines = [line(head)] if guards else []
    for guard in guards:
        ways = f"  ({guard.ways} way{'s' * (guard.ways != 1)})"
        shown = guard.parts or (guard.whole,)
        for n, part in enumerate(shown):
            lines += indented(_evaluation(part, width - 2, ways if n == 0 else ""), 2)
    return lines


def _evaluation(found: Evaluation, width: int, note: str = "") -> list[Line]:
    place = f"  {found.place}" if found.place else ""
    lines = [line((found.expression, "bold"), f" {found.reason}", (f"{place}{note}", "dim"))]
    for name, value in found.values:
        first, *rest = value_lines(value, width - len(name) - 5)
        lines += [line("  ", (name, "name"), " = ", first), *(line("  ", each) for each in rest)]
    return lines


def why_not_json(found: WhyNot) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "action": found.call.action,
        "args": dict(found.call.args),
        "possible": bool(found.taken),
        "complete": found.complete,
        "guards": [_guard_json(each) for each in found.guards],
        "before": [_guard_json(each) for each in found.before],
        "others": [{"action": each.action, "args": dict(each.args)} for each in found.others],
        "error": None if found.error is None else _evaluation_json(found.error),
    }


def _guard_json(guard: Guard) -> dict[str, Any]:
    return {
        **_evaluation_json(guard.whole),
        "ways": guard.ways,
        "parts": [_evaluation_json(part) for part in guard.parts],
    }


def _evaluation_json(found: Evaluation) -> dict[str, Any]:
    return {
        "expression": found.expression,
        "reason": found.reason,
        "place": found.place,
        "values": dict(found.values),
    }


def watched_text(watched: Sequence[Watched], labels: Sequence[str], look: Look) -> str:
    """The expressions along a path: a line where a value changes; `labels` say how each state was reached."""
    lines: list[Line] = []
    margin = len(str(len(labels) - 1))
    for n, label in enumerate(labels):
        told = [each for each in watched if n == 0 or _at(each, n) != _at(each, n - 1)]
        lines.append(line((f"{n:>{margin}}", "dim"), "  ", (label, "bold")))
        for each in told:
            value = _at(each, n)
            style: Style = "warning" if each.values[n] is None else "plain"
            lines.append(line(" " * (margin + 4), (each.expression, "name"), " = ", (value, style)))
    return render(lines, color=look.color)


def _at(watched: Watched, n: int) -> str:
    value = watched.values[n]
    return f"no value: {watched.why[n]}" if value is None else value_text(value)


def watched_json(watched: Sequence[Watched]) -> list[dict[str, Any]]:
    """The same for programs: a value, or why there is none, for each state."""
    return [
        {
            "expression": each.expression,
            "values": [
                {"why": why} if value is None else {"value": value}
                for value, why in zip(each.values, each.why, strict=True)
            ],
        }
        for each in watched
    ]
