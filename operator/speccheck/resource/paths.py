"""A path in one line, for a status or an Event: `init → planner_publish(1) → deployer_apply("a", 1)`.

Takes a Path of a Report; gives text within a limit. Whole paths, with what changed in each state, are for the
renderings of a Report.
"""

from __future__ import annotations

from speccheck.rendering.paths import is_branch
from speccheck.rendering.values import printable, value_text
from speccheck.reports import Call, Path, State

ARROW = " → "
STEP_LIMIT = 160


def compact(path: Path, limit: int = 600) -> str:
    """The labels of a path's steps. Over the limit (in characters), steps in the middle are left out and counted."""
    steps = [_step_text(state, first=n == 0) for n, state in enumerate(path.states)]
    if path.loop is not None:
        steps.append("stands still for ever" if path.loop == path.depth else f"back to state {path.loop}, for ever")
    shown, kept = ARROW.join(steps), len(steps)
    while len(shown) > limit and kept > 2:
        kept -= 1
        shown = ARROW.join(_shortened(steps, kept))
    return cut(shown, limit)


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural but for one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def cut(text: str, limit: int) -> str:
    """The text within a limit of characters, its end replaced by `…` where it is longer."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_bytes(text: str, limit: int) -> str:
    """The text within a limit of UTF-8 bytes, its end replaced by `…` where it is longer."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len("…".encode())].decode(errors="ignore").rstrip() + "…"


def _shortened(steps: list[str], kept: int) -> list[str]:
    head, tail = (kept + 1) // 2, kept // 2
    return [*steps[:head], f"({len(steps) - kept} steps)", *steps[len(steps) - tail :]]


def _call_text(call: Call) -> str:
    return f"{call.action}({', '.join(value_text(value) for _, value in call.args)})"


def _step_text(state: State, *, first: bool) -> str:
    if state.label:
        return cut(printable(", ".join(map(_call_text, state.label))), STEP_LIMIT)
    if first:
        return "init"
    choices = [value_text(c.value) if is_branch(c) else f"{c.name}={value_text(c.value)}" for c in state.choices]
    return cut(printable(f"step({', '.join(choices)})"), STEP_LIMIT) if choices else "step"
