"""Paths as lines: headings, choices, steps that change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from speccheck.rendering.paths import call_text, hidden_choices, path_lines
from speccheck.rendering.styles import render
from speccheck.reports import Call, Choice, Path, State

ONE, TWO = {"#bigint": "1"}, {"#bigint": "2"}


def state(*choices: Choice, label: tuple[Call, ...] = (), x: Any = ONE) -> State:
    return State((("x", x),), label, choices)


def text(*states: State) -> list[str]:
    return render(path_lines(Path(states), 80), color=False).splitlines()


@pytest.mark.parametrize(
    ("choices", "args", "hidden"),
    [
        ([Choice("by", ONE)], [("by", ONE)], []),
        ([Choice("amount", ONE)], [("by", ONE)], []),
        ([Choice("by", TWO)], [("by", ONE)], [Choice("by", TWO)]),
        ([Choice("x", ONE), Choice("y", ONE)], [("x", ONE)], [Choice("y", ONE)]),
        ([Choice("y", ONE), Choice("x", ONE)], [("x", ONE)], [Choice("y", ONE)]),
        ([Choice("x", ONE), Choice("y", ONE)], [("x", ONE), ("z", ONE)], []),
        ([Choice("", "increment")], [], []),
        ([Choice("", "elsewhere")], [], []),
    ],
)
def test_choices_that_the_heading_shows_are_left_out(
    choices: list[Choice], args: list[tuple[str, Any]], hidden: list[Choice]
) -> None:
    assert hidden_choices(state(*choices, label=(Call("increment", tuple(args)),))) == hidden


def test_without_named_actions_the_branches_are_the_heading() -> None:
    step = state(Choice("", "left"), Choice("", "up"), Choice("n", TWO), x=TWO)
    assert text(state(), step)[2:] == ["1  left / up", "     n := 2", "     x: 1 → 2"]


def test_a_step_without_names_is_a_step_all_the_same() -> None:
    assert text(state(), state()) == ["0  initial state", "     x = 1", "1  step", "     nothing changes"]


def test_a_step_of_several_actions_names_each() -> None:
    label = (Call("send", (("to", "a"),)), Call("receive", ()))
    assert text(state(), state(label=label))[2:4] == ['1  send(to="a")', "   receive()"]


def test_choices_of_the_initial_state_are_told() -> None:
    lines = text(state(Choice("", "cold"), Choice("start", TWO)))
    assert lines[:3] == ["0  initial state", "     cold", "     start := 2"]


def test_what_comes_and_goes_shares_a_line_where_there_is_room() -> None:
    step = state(x={"#set": ["b", "c"]})
    assert text(state(x={"#set": ["a", "b"]}), step)[-1] == '     x: - "a"  + "c"'


def test_values_that_do_not_fit_a_line_stand_below_each_other() -> None:
    old, new = ({"#tup": [f"{letter * 40}", "x"]} for letter in "ab")
    assert text(state(x=old), state(x=new))[-4:] == [
        "1  step",
        "     x:",
        f'         ("{"a" * 40}", "x")',
        f'       → ("{"b" * 40}", "x")',
    ]


def test_numbers_of_long_paths_stand_below_each_other() -> None:
    lines = text(*[state(x={"#bigint": str(n)}) for n in range(11)])
    assert lines[0] == " 0  initial state"
    assert lines[-2:] == ["10  step", "      x: 9 → 10"]


@pytest.mark.parametrize(("depth", "left_out"), [(300, 0), (301, 1), (10_300, 10_000)])
def test_of_very_long_paths_the_middle_is_left_out(depth: int, left_out: int) -> None:
    lines = text(*[state(x={"#bigint": str(n)}) for n in range(depth + 1)])
    assert sum(line.endswith("step") for line in lines) == depth - left_out
    assert any(f"{left_out:,} steps are left out here" in line for line in lines) is bool(left_out)
    assert lines[-1].strip() == f"x: {depth - 1} → {depth}"


def test_a_call_on_one_line() -> None:
    assert call_text(Call("increment", (("by", TWO),))) == "increment(by=2)"
