"""Why an action cannot be taken: the guard that was false, its false parts, the values in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from speccheck.engines.reference.guards import WhyNot, why_not
from speccheck.errors import UsageError
from speccheck.ir.itf import decode
from speccheck.ir.types import INT as _INT
from speccheck.ir.values import FrozenMap, Value
from speccheck.loading import capture

SPEC = """
from typing import Annotated
from speccheck import *

@state
class S(MachineStateBase):
    N: Param[int]
    x: StateVar[int]
    m: StateVar[dict[int, int]]

@action(init=True)
def init(c: Context[S]):
    c.state.x, c.state.m = 0, Map((1, 0), (2, 5))

@action(inline=False)
def add(c: Context[S], by: Annotated[Expr, int]):
    s = c.state
    c.assume((s.x + by <= s.N) & (s.x != 7))
    s.x += by

@action(inline=False)
def drain(c: Context[S]):
    s = c.state
    c.assume(Forall(s.m[k] <= s.x for k in s.m.keys))
    with c.one_of(SetIf(s.m[k] > s.x for k in s.m.keys), "key") as key:
        s.m[key] = 0

@action(inline=False)
def broken(c: Context[S]):
    c.assume(c.state.m[c.state.x] > 0)

@action
def step(c: Context[S]):
    a, b, d = c.alternatives("add", "drain", "broken")
    with a:
        with c.one_of(Set(1, 2), "by") as by:
            add(c, by)
    with b:
        drain(c)
    with d:
        c.assume(c.state.x > 100)
        broken(c)

@instance
def small() -> S:
    return S(N=3)
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> object:
    file = tmp_path_factory.mktemp("guards") / "spec.py"
    file.write_text(SPEC, encoding="utf-8")
    model = capture(Path(file)).instance("small")

    def ask(name: str, x: int, m: dict[int, int] | None = None, **args: Value) -> WhyNot:
        return why_not(model, (x, FrozenMap(m or {1: 0, 2: 5})), name, args)

    return ask


def test_a_step_that_is_possible_is_shown(asked: object) -> None:
    found = asked("add", 0, by=2)  # type: ignore[operator]
    assert [(call.action, dict(call.args)) for call in found.taken[0].label] == [("add", {"by": {"#bigint": "2"}})]
    assert found.complete and not found.guards


def test_the_false_part_of_a_guard_is_told_with_its_values(asked: object) -> None:
    found = asked("add", 2, by=2)  # type: ignore[operator]
    assert not found.taken
    (guard,) = found.guards
    assert guard.ways == 1
    (part,) = guard.parts
    assert part.expression == "s.x + by <= N"
    assert part.place.startswith("spec.py:18:")
    assert {name: decode(value, _INT) for name, value in part.values} == {"x": 2, "by": 2, "N": 3}


def test_both_false_parts_are_told(asked: object) -> None:
    found = asked("add", 7, by=1)  # type: ignore[operator]
    assert [part.expression for part in found.guards[0].parts] == ["s.x + by <= N", "s.x != 7"]


def test_without_arguments_every_call_is_meant(asked: object) -> None:
    found = asked("add", 3)  # type: ignore[operator]
    assert not found.others
    assert [guard.ways for guard in found.guards] == [2]


def test_other_arguments_are_told(asked: object) -> None:
    found = asked("add", 0, by=9)  # type: ignore[operator]
    assert not found.taken and not found.guards
    assert [dict(call.args)["by"] for call in found.others] == [{"#bigint": "1"}, {"#bigint": "2"}]


def test_a_quantifier_is_told_by_its_counterexample(asked: object) -> None:
    found = asked("drain", 4)  # type: ignore[operator]
    (part,) = found.guards[0].parts
    assert part.expression == "s.m[k] <= s.x"
    assert decode(dict(part.values)["k"], _INT) == 2


def test_nothing_to_choose_from_is_told(asked: object) -> None:
    found = asked("drain", 9)  # type: ignore[operator]
    assert found.guards[0].whole.reason == "key: nothing to choose from"


def test_what_keeps_an_action_from_beginning_is_told(asked: object) -> None:
    found = asked("broken", 1)  # type: ignore[operator]
    assert not found.guards
    assert "s.x > 100" in [guard.whole.expression for guard in found.before]


def test_an_error_on_the_way_is_told(asked: object) -> None:
    found = asked("broken", 101)  # type: ignore[operator]
    assert found.error is not None and not found.complete
    assert found.error.expression == "s.m[s.x]"


def test_unknown_names_are_refused(asked: object) -> None:
    with pytest.raises(UsageError, match="no named action 'ad' in its steps; it has: add, drain, broken"):
        asked("ad", 0)  # type: ignore[operator]
    with pytest.raises(UsageError, match="add has no argument 'to'; it has: by"):
        asked("add", 0, to=1)  # type: ignore[operator]
