"""Warnings: each kind is given where it should be, and not where it should not."""

from __future__ import annotations

from pathlib import Path

import pytest

from speccheck.linting import Linted, lint
from speccheck.loading import capture

ROOT = Path(__file__).resolve().parents[1]

SPEC = """
from typing import Annotated
from speccheck import *

@state
class S(MachineStateBase):
    N: Param[int]
    UNUSED: Param[int]
    x: StateVar[int]
    ticks: StateVar[int]
    m: StateVar[dict[int, int]]

@action(init=True)
def init(c: Context[S]):
    c.state.x, c.state.ticks, c.state.m = 0, 0, Map((1, 1), (2, 1))

@action(inline=False)
def add(c: Context[S], by: Annotated[Expr, int], why: Annotated[Expr, int]):
    c.assume(c.state.x + by <= c.state.N)
    c.state.x += by
    c.state.ticks = 1 - c.state.ticks

@action(inline=False)
def never(c: Context[S]):
    c.assume(c.state.x > 100)

@action
def step(c: Context[S]):
    a, b = c.alternatives("a", "b")
    with a:
        add(c, 1, 2)
    with b:
        never(c)

@invariant
def constant(s: S):
    return s.N >= 0

@invariant
def vacuous(s: S):
    return Implies(s.x > 50, s.x < 60)

@invariant
def empty_range(s: S):
    return Forall(s.m[k] > 0 for k in SetIf(s.m[k] > 9 for k in s.m.keys))

@invariant
def sensible(s: S):
    return Implies(s.x > 0, s.x <= 2) & (s.m.values.reduce(lambda acc, v: acc + v, 0) == 1)

@example
def against(s: S):
    return s.x == 3

@example
def fine(s: S):
    return s.x == 2

@instance
def small() -> S:
    return S(N=3, UNUSED=0)
"""


def linted(directory: Path, text: str, timeout_s: float | None = 20.0) -> Linted:
    file = directory / "spec.py"
    file.write_text(text, encoding="utf-8")
    return lint(capture(file), timeout_s)


def test_each_kind_of_warning_is_given_once_at_its_place(tmp_path: Path) -> None:
    found = linted(tmp_path, SPEC)
    assert not found.undecided
    told = {(each.code, each.span.line if each.span else 0, each.message.split(":")[0]) for each in found.warnings}
    assert told == {
        ("unused-parameter", 0, "parameter 'UNUSED' of S is used nowhere"),
        ("unused-variable", 15, "variable 'ticks' is assigned, and nothing but its own next value depends on it"),
        ("unused-argument", 19, "action add does not use its argument 'why'"),
        ("never-taken", 25, "action never is never taken in any instance"),
        ("constant-property", 37, "invariant constant mentions no variable"),
        ("vacuous-invariant", 41, "invariant vacuous says nothing of any reachable state here"),
        ("vacuous-invariant", 45, "invariant empty_range says nothing of any reachable state here"),
        ("folded-values", 49, "s.m.values is a set"),
        ("contradicting-example", 53, "example against is only found in states that break an invariant"),
    }


def test_what_one_instance_shows_is_no_warning(tmp_path: Path) -> None:
    more = "\n@instance\ndef large() -> S:\n    return S(N=101, UNUSED=0)\n"
    found = linted(tmp_path, SPEC + more)
    codes = [each.code for each in found.warnings]
    assert "never-taken" not in codes
    assert [each.message for each in found.warnings if "vacuous:" in each.message] == []
    assert codes.count("vacuous-invariant") == 1


def test_what_needs_every_state_is_not_said_of_a_part_of_them(tmp_path: Path) -> None:
    endless = SPEC.replace("c.assume(c.state.x + by <= c.state.N)", "pass")
    found = linted(tmp_path, endless, timeout_s=0.2)
    assert found.undecided == ("instance small: stopped at the time limit of 0.2 s",)
    assert {each.code for each in found.warnings} & {"never-taken", "vacuous-invariant"} == set()
    assert "unused-variable" in {each.code for each in found.warnings}


@pytest.mark.parametrize("name", ["dns_balancer", "lease_election.py", "deployment_rollout.py"])
def test_the_specs_of_the_repository_give_no_warning(name: str) -> None:
    assert lint(capture(ROOT / "specs" / name), 60.0).warnings == ()
