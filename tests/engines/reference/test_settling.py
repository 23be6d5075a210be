"""Choices that settle what variables become: found where the text shows them, never where another way is possible."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from speccheck.engines.base import OverBudget, State
from speccheck.engines.reference.settling import settling
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.ir.models import Model
from speccheck.ir.nodes import Choose
from speccheck.ir.walks import in_order
from speccheck.loading import load

TOP = Path(__file__).parents[3]
SPECS = sorted(path for path in (TOP / "specs").iterdir() if not path.name.startswith("_"))
OBJECTS = sorted((TOP / "examples" / "real-controllers").glob("*.py"))

HEAD = """
from typing import Annotated
from speccheck import Context, Expr, Ints, MachineStateBase, Map, Set, StateVar, action, instance, invariant, state

@state
class S(MachineStateBase):
    x: StateVar[int]
    y: StateVar[int]
    m: StateVar[dict[int, int]]

@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x = 0
    s.y = 0
    s.m = Map((1, 0), (2, 0))

@action(inline=False)
def put(c: Context[S], x: Annotated[Expr, int], y: Annotated[Expr, int]):
    c.state.x = x
    c.state.y = y

@action(inline=False)
def half(c: Context[S], x: Annotated[Expr, int]):
    s = c.state
    a, b = c.alternatives("a", "b")
    with a:
        s.x = x
    with b:
        s.y = x

@action(inline=False)
def drawn(c: Context[S]):
    with c.one_of(Set(1, 2), "d") as d:
        c.state.y = d

@invariant
def fine(s: S):
    return s.x < 100

@instance
def usual() -> S:
    return S()

@action
def step(c: Context[S]):
    s = c.state
"""

STEPS = {
    "an assignment": ("with c.one_of(Set(1, 2), 'v') as v:\n    s.x = v", {"v": "x"}),
    "one after the block": ("with c.one_of(Set(1, 2), 'v') as v:\n    pass\ns.x = v", {"v": "x"}),
    "a call's argument": ("with c.one_of(Set(1, 2), 'v') as v:\n    put(c, 3, v)", {"v": "y"}),
    "two variables": ("with c.one_of(Set(1, 2), 'v') as v:\n    put(c, v, v)", {"v": "xy"}),
    "a choice in an action": ("drawn(c)", {"d": "y"}),
    "a value kept for later": ("with c.one_of(Set(1, 2), 'v') as v:\n    s.x = c.cache(v, 'kept')", {"v": "x"}),
    "something made of it": ("with c.one_of(Set(1, 2), 'v') as v:\n    s.x = v + 0", {}),
    "a map's value": ("with c.one_of(Set(1, 2), 'v') as v:\n    s.m[v] = v", {}),
    "a map that is refined": (
        "with c.one_of(Set(Map((1, 7)), Map((1, 8), (2, 9))), 'v') as v:\n    s.m = v\n    s.m[1] = 5",
        {},
    ),
    "one of two ways": ("with c.one_of(Set(1, 2), 'v') as v:\n    half(c, v)", {}),
    "every way": (
        "with c.one_of(Set(1, 2), 'v') as v:\n    a, b = c.alternatives('a', 'b')\n"
        "    with a:\n        s.x = v\n    with b:\n        put(c, v, 4)",
        {"v": "x"},
    ),
    "a way of its own": (
        "a, b = c.alternatives('a', 'b')\nwith a:\n    with c.one_of(Set(1, 2), 'v') as v:\n        s.x = v\n"
        "with b:\n    s.x = 9",
        {"v": "x"},
    ),
    "a split": (
        "with c.one_of(Set(1, 2), 'v') as v:\n    if s.x > 1:\n        s.x = v\n    else:\n        s.y = v",
        {},
    ),
    "a domain of an earlier choice": (
        "with c.one_of(Set(1, 2), 'v') as v, c.one_of(Set(v, v + 1), 'w') as w:\n    put(c, w, v)",
        {"v": "y", "w": "x"},
    ),
    "a step that is all there was": ("with c.one_of(Set(1, 2), 'v') as v:\n    c.assume(v > s.x)", {}),
}


def captured(tmp_path: Path, body: str, *, before: str = "") -> Model:
    text = HEAD.replace("@action\ndef step", f"{before}\n@action\ndef step")
    (tmp_path / "spec.py").write_text(text + "".join(f"    {line}\n" for line in body.splitlines()))
    return load(tmp_path / "spec.py").model.instance("usual")


@pytest.mark.parametrize("what", STEPS)
def test_what_a_choice_settles(tmp_path: Path, what: str) -> None:
    body, wanted = STEPS[what]
    model = captured(tmp_path, body)
    found = settling(model)
    blocks = [model.step.block, *(action.block for action in model.actions)]
    choices = [each for block in blocks for each in in_order(block) if isinstance(each, Choose)]
    names = [variable.name for variable in model.variables]
    told = {
        each.name: "".join(sorted(names[slot] for slot in found[id(each)])) for each in choices if id(each) in found
    }
    assert told == wanted
    agrees(ReferenceStepper(model), 30)


def test_an_action_called_in_two_ways_settles_what_both_do(tmp_path: Path) -> None:
    body = "a, b = c.alternatives('a', 'b')\nwith a:\n    drawn(c)\nwith b:\n    drawn(c)\n    s.y = 7"
    before = (
        "@action(inline=False)\ndef over(c: Context[S]):\n    with c.one_of(Set(1, 2), 'd') as d:\n"
        "        c.state.m[1] = d\n        c.state.x = d\n"
    )
    model = captured(tmp_path, body.replace("    drawn(c)\n    s.y = 7", "    over(c)\n    s.m[1] = 7"), before=before)
    found = {slot for slots in settling(model).values() for slot in slots}
    assert found == {0, 1}
    agrees(ReferenceStepper(model), 30)


def test_a_choice_without_end_is_taken_where_it_is_known_what_came_of_it(tmp_path: Path) -> None:
    stepper = ReferenceStepper(captured(tmp_path, "with c.one_of(Ints, 'v') as v:\n    c.assume(v > s.x)\n    s.x = v"))
    (state,) = stepper.initials()
    with pytest.raises(OverBudget):
        stepper.successors(state)
    (found,) = stepper.leading(state, {0: 10**30})
    assert found.state == (10**30, *state[1:])
    assert stepper.leading(state, {0: -1}) == ()


@pytest.mark.parametrize("path", [*SPECS, *OBJECTS], ids=lambda path: path.stem)
def test_it_finds_what_the_whole_search_finds(path: Path) -> None:
    model = spec(path)
    for instance in model.instances[:2]:
        agrees(ReferenceStepper(model.instance(instance.name)), 40)


@cache
def spec(path: Path) -> Model:
    return load(path).model


def agrees(stepper: ReferenceStepper, states: int) -> None:
    """Of random states, and of what steps lead to or others, all or some slots fixed: the answers are the same."""
    rng = random.Random(1)
    waiting: list[State] = list(stepper.initials())
    seen = set(waiting)
    for _ in range(states):
        if not waiting:
            return
        state = waiting.pop(rng.randrange(len(waiting)))
        ways = stepper.successors(state)
        new = dict.fromkeys(way.state for way in ways if way.state not in seen)
        seen.update(new)
        waiting += new
        for goal in goals(rng, [*(way.state for way in ways), state]):
            slots = range(len(goal)) if rng.random() < 0.5 else rng.sample(range(len(goal)), rng.randint(0, len(goal)))
            fixed = {slot: goal[slot] for slot in slots}
            wanted = tuple(way for way in ways if all(way.state[slot] == value for slot, value in fixed.items()))
            assert tuple(stepper.leading(state, fixed)) == wanted, (state, fixed)


def goals(rng: random.Random, states: Sequence[State]) -> list[State]:
    """Some of these states, and one that is made of two of them."""
    one, other = rng.choice(states), rng.choice(states)
    return [one, other, tuple(rng.choice(pair) for pair in zip(one, other, strict=True))]
