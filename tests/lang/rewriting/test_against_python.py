"""Random small functions in plain Python, captured and evaluated, against Python itself running the same text."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.lang.specs import HEADER

from speccheck.checking import CheckRequest, check
from speccheck.loading import load
from speccheck.reports import Verdict

STATE = """
@state
class S(MachineStateBase):
    a: StateVar[int]
    b: StateVar[int]
    p: StateVar[bool]

@action(init=True)
def init(c: Context[S]):
    with c.one_of(Set(-1, 0, 2), "a") as a, c.one_of(Set(0, 1), "b") as b, c.one_of(Set(True, False), "p") as p:
        c.state.a = a
        c.state.b = b
        c.state.p = p

@action
def step(c: Context[S]):
    c.assume(Val(False))
"""
VALUES = [(a, b, p) for a in (-1, 0, 2) for b in (0, 1) for p in (True, False)]


class Writer:
    """Writes a random function of a, b and p whose locals are ints, always ending in a return."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = 0

    def number(self, names: list[str], depth: int = 2) -> str:
        if depth == 0 or self._random.random() < 0.3:
            return self._random.choice([*names, *names, str(self._random.randint(-2, 3))])
        one = lambda: self.number(names, depth - 1)  # noqa: E731 - a short name for a long line
        return self._random.choice(
            [
                lambda: f"({one()} + {one()})",
                lambda: f"({one()} - {one()})",
                lambda: f"({one()} if {self.truth(names, depth - 1)} else {one()})",
                lambda: f"min({one()}, {one()})",
                lambda: f"max({one()}, {one()})",
                lambda: f"sum(i * {one()} for i in (1, 2, 3) if {self.truth([*names, 'i'], depth - 1)})",
                lambda: f"sum(({one()}, {one()}))",
                lambda: f"abs_({one()})",
            ]
        )()

    def truth(self, names: list[str], depth: int = 2) -> str:
        if depth == 0 or self._random.random() < 0.2:
            return self._random.choice(["p", f"{self._random.choice(names)} > 0", "True"])
        one = lambda: self.truth(names, depth - 1)  # noqa: E731 - likewise
        number = lambda: self.number(names, depth - 1)  # noqa: E731 - likewise
        return self._random.choice(
            [
                lambda: f"({one()} and {one()})",
                lambda: f"({one()} or {one()})",
                lambda: f"(not {one()})",
                lambda: f"({number()} < {number()} <= {number()})",
                lambda: f"({number()} == {number()})",
                lambda: f"({number()} in ({number()}, {number()}))",
                lambda: f"({number()} not in {{{number()}, 1}})",
                lambda: f"any({number()} > i for i in (0, 1) if {one()})",
                lambda: f"all({number()} != i for i in (0, 1, 2))",
            ]
        )()

    def block(self, names: list[str], depth: int, indent: str) -> list[str]:
        lines: list[str] = []
        for _ in range(self._random.randint(1, 3)):
            lines += [indent + line for line in self.statement(names, depth)]
        return lines

    def statement(self, names: list[str], depth: int) -> list[str]:
        kind = self._random.random()
        if depth == 0 or kind < 0.3:
            return [f"{self._random.choice(names[2:])} = {self.number(names)}"]
        if kind < 0.4:
            return [f"{self._random.choice(names[2:])} += {self.number(names, 1)}"]
        if kind < 0.5:
            return [f"return {self.number(names)}"]
        if kind < 0.6:
            return ["for i in (0, 1):", *self.block([*names, "i"], depth - 1, "    ")]
        if kind < 0.68:
            return [
                f"match {self.number(names, 1)}:",
                "    case 0 | 1:",
                *self.block(names, depth - 1, "        "),
                f"    case n if {self.truth([*names, 'n'], 1)}:",
                *self.block([*names, "n"][:-1], depth - 1, "        "),
                "    case _:",
                *self.block(names, depth - 1, "        "),
            ]
        made = [f"if {self.truth(names)}:", *self.block(names, depth - 1, "    ")]
        if self._random.random() < 0.4:
            made += [f"elif {self.truth(names)}:", *self.block(names, depth - 1, "    ")]
        if self._random.random() < 0.6:
            made += ["else:", *self.block(names, depth - 1, "    ")]
        return made

    def function(self, name: str) -> str:
        names = ["a", "b", "x", "y"]
        body = ["x = a", "y = 1", *self.block(names, 3, ""), f"return {self.number(names)}"]
        return f"def {name}(a, b, p):\n" + "".join(f"    {line}\n" for line in body)


HELPER = "def abs_(n):\n    if n < 0:\n        return -n\n    return n\n"
IN_STEP = """
@state
class S(MachineStateBase):
    a: StateVar[int]
    b: StateVar[int]
    p: StateVar[bool]
    m: StateVar[dict[int, int]]
    done: StateVar[bool]

@action(init=True)
def init(c: Context[S]):
    with c.one_of(Set(-1, 0, 2), "a") as a, c.one_of(Set(0, 1), "b") as b, c.one_of(Set(True, False), "p") as p:
        c.state.a = a
        c.state.b = b
        c.state.p = p
    c.state.m = Map((0, 0), (1, 1), (2, 0))
    c.state.done = False
"""


def _expected(text: str, name: str) -> dict[tuple[Any, ...], int]:
    scope: dict[str, Any] = {}
    exec(HELPER + text, scope)  # noqa: S102 - the text was written above
    return {values: int(scope[name](*values)) for values in VALUES}


def _told(table: dict[tuple[Any, ...], Any]) -> str:
    return ", ".join(f"({key}, {value})" for key, value in table.items())


def _wrong(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    (report,) = check(load(path).model, CheckRequest())
    assert report.stats.distinct >= len(VALUES)
    return [p.name for p in report.properties if p.verdict is not Verdict.HOLDS]


@pytest.mark.parametrize("seed", range(12))
def test_random_functions_mean_what_python_means(tmp_path: Path, seed: int) -> None:
    writer, parts = Writer(seed), [HEADER, STATE, HELPER]
    for number in range(25):
        text = writer.function(f"f{number}")
        table = _told(_expected(text, f"f{number}"))
        call = f"f{number}(s.a, s.b, s.p)"
        parts += [text, f"@invariant\ndef i{number}(s: S):\n    return Map({table})[(s.a, s.b, s.p)] == {call}\n"]
    path = tmp_path / "spec.py"
    assert _wrong(path, "\n".join(parts)) == [], path.read_text()


@pytest.mark.parametrize("seed", range(100, 108))
def test_random_functions_called_in_a_step_mean_what_python_means(tmp_path: Path, seed: int) -> None:
    writer = Writer(seed)
    for _ in range(6):
        text = writer.function("f")
        table = _told(_expected(text, "f"))
        step = (
            "@action\ndef step(c: Context[S]):\n    s = c.state\n    c.assume(not s.done)\n"
            "    s.m[2] = f(s.a, s.b, s.p)\n    s.done = True\n"
        )
        held = f"@invariant\ndef i(s: S):\n    return Map({table})[(s.a, s.b, s.p)] == s.m[2] if s.done else True\n"
        path = tmp_path / "spec.py"
        assert _wrong(path, "\n".join([HEADER, IN_STEP, HELPER, text, step, held])) == [], path.read_text()


class _State:
    """A plain state, for Python itself."""

    def __init__(self) -> None:
        self.m = {0: 0, 1: 1, 2: 0}


def _on_state(text: str) -> str:
    """The function with its locals x and y, and its result, in the state."""
    text = re.sub(r"\breturn (.*)", r"s.m[2] = \1; return", text.replace("def f(a", "def f(s, a"))
    return re.sub(r"\by\b", "s.m[1]", re.sub(r"\bx\b", "s.m[0]", text))


@pytest.mark.parametrize("seed", range(200, 210))
def test_random_steps_change_the_state_as_python_does(tmp_path: Path, seed: int) -> None:
    writer = Writer(seed)
    for _ in range(6):
        text = _on_state(writer.function("f"))
        scope: dict[str, Any] = {}
        exec(HELPER + text, scope)  # noqa: S102 - the text was written above
        table: dict[tuple[Any, ...], Any] = {}
        for values in VALUES:
            plain = _State()
            scope["f"](plain, *values)
            table[values] = {k: int(v) for k, v in plain.m.items()}
        step = (
            "@action\ndef step(c: Context[S]):\n    s = c.state\n    c.assume(not s.done)\n"
            "    f(s, s.a, s.b, s.p)\n    s.done = True\n"
        )
        held = f"@invariant\ndef i(s: S):\n    return Map({_told(table)})[(s.a, s.b, s.p)] == s.m if s.done else True\n"
        path = tmp_path / "spec.py"
        assert _wrong(path, "\n".join([HEADER, IN_STEP, HELPER, text, step, held])) == [], path.read_text()
