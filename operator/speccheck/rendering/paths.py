"""A path (counterexample or witness) → lines: how it starts, then each step and only what it changed."""

from __future__ import annotations

from typing import assert_never

from speccheck.rendering.changes import Change, Moved, Replaced, state_changes
from speccheck.rendering.styles import Line, Style, indented, line
from speccheck.rendering.values import Item, identity, item_lines, item_text, value_lines, value_text
from speccheck.reports import Call, Choice, Itf, Path, State

_INDENT = 2

_BEGINNING, _END = 100, 200
"""How many steps are shown of the beginning and of the end of a path that is longer than both."""


def path_lines(path: Path, width: int) -> list[Line]:
    """The path, step by step; of a very long one, its beginning and its end.

    Steps are numbered from 1; 0 is the initial state, which is given in full.
    """
    margin = len(str(path.depth))
    left_out = _left_out(path.depth)
    lines = _numbered(0, margin, _initial_lines(path.states[0], width - margin - 2))
    for n in range(1, len(path.states)):
        if n == left_out.start and left_out:
            lines.append(
                line((f"{'⋮':>{margin}}  {len(left_out):,} steps are left out here; --itf saves all", "warning"))
            )
        if n - 1 == path.loop:
            lines.append(line((f"{'↻':>{margin}}  what follows repeats for ever", "warning")))
        if n not in left_out:
            lines += _numbered(n, margin, _step_lines(path.states[n - 1], path.states[n], width - margin - 2))
    if path.loop is not None:
        lines.append(line((f"{'↻':>{margin}}  {_repeating(path.loop, path.depth)}", "warning")))
    return lines


def _repeating(loop: int, depth: int) -> str:
    """How a lasso goes on from its last state."""
    if loop == depth:
        return "from here on it stands still, for ever: no step has to be taken"
    return f"from here it repeats for ever, as after {'the initial state' if loop == 0 else f'step {loop}'}"


def _left_out(depth: int) -> range:
    """The steps of a path that are not shown; none where it is not longer than `_BEGINNING` and `_END`."""
    return range(_BEGINNING + 1, max(depth - _END, _BEGINNING) + 1)


def _numbered(n: int, margin: int, lines: list[Line]) -> list[Line]:
    head, *rest = lines
    return [(*line((f"{n:>{margin}}", "dim"), "  "), *head), *indented(rest, margin + 2)]


def _initial_lines(state: State, width: int) -> list[Line]:
    made = [line((text, "dim")) for text in _reached_by(state, width - _INDENT)]
    lines = [line(("initial state", "bold")), *indented([*made, *_choice_lines(state, width - _INDENT)], _INDENT)]
    for name, value in state.values:
        lines += indented(_labelled(name, " = ", value_lines(value, width - _INDENT - len(name) - 3)), _INDENT)
    return lines


def _step_lines(old: State, new: State, width: int) -> list[Line]:
    changes = state_changes(old, new)
    lines = [*_heading(new, width), *indented(_choice_lines(new, width - _INDENT), _INDENT)]
    for change in changes:
        lines += indented(change_lines(change, width - _INDENT), _INDENT)
    if not changes:
        lines += indented([line(("nothing changes", "dim"))], _INDENT)
    return lines


def _heading(state: State, width: int) -> list[Line]:
    """The named actions of a step with their arguments; else the branches taken; else just that it is a step."""
    return [line((text, "bold")) for text in _reached_by(state, width) or ["step"]]


def _reached_by(state: State, width: int) -> list[str]:
    if state.label:
        return [text for call in state.label for text in _call_lines(call, width)]
    branches = [str(choice.value) for choice in state.choices if is_branch(choice)]
    return [" / ".join(branches)] if branches else []


def _call_lines(call: Call, width: int) -> list[str]:
    return value_lines({"tag": call.action, "value": dict(call.args) or {"#tup": []}}, width)


def call_text(call: Call) -> str:
    """A named action with its arguments, on one line."""
    return value_text({"tag": call.action, "value": dict(call.args) or {"#tup": []}})


def is_branch(choice: Choice) -> bool:
    """Whether a choice is of a branch, not of an element: branches are recorded without a name of their own."""
    return choice.name == ""


def _choice_lines(state: State, width: int) -> list[Line]:
    lines: list[Line] = []
    for choice in hidden_choices(state):
        lines += _labelled(choice.name, " := ", value_lines(choice.value, width - len(choice.name) - 4))
    return lines


def hidden_choices(state: State) -> list[Choice]:
    """The choices of elements that the heading of a step does not show.

    An argument shows at most one choice: the one of its name and value, else one of its value. Branches
    are in the heading, or lead to the action that is.
    """
    left = [choice for choice in state.choices if not is_branch(choice)]
    args = [(name, identity(value)) for call in state.label for name, value in call.args]
    left, args = _claim(left, args, by_name=True)
    left, _ = _claim(left, args, by_name=False)
    return left


def _claim(
    choices: list[Choice], args: list[tuple[str, bytes]], *, by_name: bool
) -> tuple[list[Choice], list[tuple[str, bytes]]]:
    """The choices that no argument shows, and the arguments that show none."""
    left, free = list(choices), []
    for name, value in args:
        shown = next((c for c in left if identity(c.value) == value and (c.name == name or not by_name)), None)
        if shown is None:
            free.append((name, value))
        else:
            left.remove(shown)
    return left, free


def _labelled(name: str, sign: str, values: list[str]) -> list[Line]:
    first, *rest = values
    return [line((name, "name"), sign, first), *(line(each) for each in rest)]


def change_lines(change: Change, width: int) -> list[Line]:
    """What has changed at one place of a state."""
    match change:
        case Replaced(place, old, new):
            return _replaced_lines(place, old, new, width)
        case Moved():
            return _moved_lines(change, width)
        case _:
            assert_never(change)


def _replaced_lines(place: str, old: Itf, new: Itf, width: int) -> list[Line]:
    flat = f"{value_text(old)} → {value_text(new)}"
    if len(place) + 2 + len(flat) <= width:
        return [line((place, "name"), f": {flat}")]
    before = [line(each) for each in value_lines(old, width - 4)]
    first, *rest = [line(each) for each in value_lines(new, width - 4)]
    return [line((place, "name"), ":"), *indented(before, 4), (*line("  → "), *first), *indented(rest, 4)]


def _moved_lines(change: Moved, width: int) -> list[Line]:
    moves: list[tuple[str, Style, tuple[Item, ...]]] = [("-", "bad", change.gone), ("+", "good", change.come)]
    flat = [(f"{sign} {', '.join(map(item_text, items))}", style) for sign, style, items in moves if items]
    if len(change.place) + sum(2 + len(text) for text, _ in flat) <= width:
        gaps = [": ", *["  "] * (len(flat) - 1)]
        return [line((change.place, "name"), *(part for pair in zip(gaps, flat, strict=True) for part in pair))]
    lines = [line((change.place, "name"), ":")]
    for sign, style, items in moves:
        for item in items:
            first, *rest = item_lines(item, width - 4)
            lines += indented([line((f"{sign} {first}", style)), *(line((f"  {each}", style)) for each in rest)], 2)
    return lines
