"""Paths in one line."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import RACE, number

from speccheck.reports import Call, Choice, Path, State
from speccheck.resource.paths import compact, counted, cut, cut_bytes


def step(name: str) -> State:
    return State((), label=(Call(name, ()),))


def test_named_steps_with_their_arguments() -> None:
    assert compact(RACE) == 'init → planner_publish(1) → deployer_apply("a", 1)'


def test_unnamed_steps_show_their_choices() -> None:
    states = (State(()), State(()), State((), choices=(Choice("by", number(2)), Choice("", "left"))))
    assert compact(Path(states)) == 'init → step → step(by=2, "left")'


def test_several_names_in_one_step_and_a_loop() -> None:
    both = State((), label=(Call("a", ()), Call("b", (("x", number(1)),))))
    assert compact(Path((State(()), both), loop=0)) == "init → a(), b(1) → back to state 0, for ever"


def test_steps_in_the_middle_are_left_out_and_counted() -> None:
    path = Path((State(()), *(step(f"s{n}") for n in range(1, 101))))
    assert compact(path, 60) == "init → s1() → s2() → (95 steps) → s98() → s99() → s100()"


def test_control_characters_are_escaped() -> None:
    hostile = State((), label=(Call("a", (("x", "\x1b[2J"),)),))
    assert compact(Path((hostile,))) == 'a("\\x1b[2J")'


@given(st.integers(0, 300), st.integers(3, 900), st.integers(1, 400))
def test_never_over_the_limit(steps: int, limit: int, width: int) -> None:
    path = Path((State(()), *(step("x" * width) for _ in range(steps))))
    assert len(compact(path, limit)) <= limit


def test_one_long_step_is_cut_by_itself() -> None:
    assert compact(replace(RACE, states=(State(()), step("x" * 400))), 600).endswith("x…")


@given(st.text(max_size=40), st.integers(4, 40))
def test_cutting_keeps_within_characters_and_bytes(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert len(cut_bytes(text, limit).encode()) <= limit
    if len(text.encode()) <= limit:
        assert cut_bytes(text, limit) == text


def test_counting() -> None:
    assert (counted(1, "step"), counted(0, "step"), counted(2, "step")) == ("1 step", "0 steps", "2 steps")
