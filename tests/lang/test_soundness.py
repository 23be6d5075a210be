"""Spellings that Python accepts and that would say something else than their author means: each is refused, none holds."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.reports import Verdict

STATE = """
@state
class S(MachineStateBase):
    x: StateVar[int]
    A: StateVar[set[int]]
    L: StateVar[list[int]]
    m: StateVar[dict[int, int]]

@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x, s.A, s.L, s.m = 0, Set(1, 2, 3), List(5, 1, 4), Map((1, 0))
"""
IDLE = "@action\ndef step(c: Context[S]):\n    c.assume(False)\n\n"


def _property(body: str, before: str = "") -> str:
    return f"{IDLE}{before}\n@invariant\ndef p(s: S):\n    return {body}\n"


def _step(body: str, before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{before}\n@action\ndef step(c: Context[S]):\n    s = c.state\n{lines}"


DRAWN = {
    "enumerate": "Forall(s.L[i] == s.L[0] for i, x in enumerate(s.L))",
    "zip": "Forall(a == b for a, b in zip(s.L, s.L))",
    "unpacking": "Forall(Set(*s.A).size == 3 for x in s.A)",
    "a list comprehension": "Forall(len([1 for y in s.A]) == 1 for x in s.A)",
    "sorted": "Forall(x == sorted(s.A)[0] for x in s.A)",
    "iter": "Forall(x == next(iter(s.A)) for x in s.A)",
}


DRAWN_CODES = {"builtin-of-expression", "iteration-over-expression", "list-of-set"}


@pytest.mark.parametrize("how", DRAWN)
def test_elements_drawn_one_by_one_are_refused(author: Author, how: str) -> None:
    assert author.error(STATE + _property(DRAWN[how])).code in DRAWN_CODES


GENERATORS = {
    "for v in s.L:\n        yield v == 4\n        break": "loop-left-early",
    "for v in s.L:\n        break\n    yield s.x == 0": "loop-left-early",
    "for v in s.L:\n        if FLAG:\n            yield v == 4": "loop-without-yield",
    "for v in s.L:\n        pass\n    yield s.x == 0": "loop-without-yield",
}


@pytest.mark.parametrize("body", GENERATORS)
def test_loops_that_are_not_run_to_their_end_or_say_nothing_are_refused(author: Author, body: str) -> None:
    text = _property("Exists(some(s))", f"FLAG = False\ndef some(s):\n    {body}\n")
    assert author.error(STATE + text).code == GENERATORS[body]


KEPT = "kept = []\n@action(inline=False)\ndef keep(c: Context[S]):\n    kept.append(c)\n    c.state.x = 1\n"
BUMP = "@action(inline=False)\ndef bump(c: Context[S], by):\n    c.state.x += by[0]\n"
STEPS = {
    "a list as argument of a named action": (_step("bump(c, [1])", BUMP), "changeable-argument"),
    "a context kept from another action": (_step("keep(c)\nkept[0].assume(s.x == 3)", KEPT), "foreign-context"),
    "a write in a lambda": (_step("t = s.A.map(lambda a: setattr(s, 'x', 1) or a)\ns.A = t"), "side-effect"),
    "a write in a generator": (_step("c.assume(Forall((setattr(s, 'x', 1) or a > 0) for a in s.A))"), "side-effect"),
    "a write in an expression function": (
        _step("c.assume(peek(s))", "@expr\ndef peek(s: S):\n    s.x = 7\n    return s.x == 7\n"),
        "side-effect",
    ),
    "a name bound in a branch": (
        _step("nxt = s.x + 1\nyes, no = c.split(s.x >= 3)\nwith yes:\n    nxt = Val(0)\ns.x = nxt"),
        "bound-in-branch",
    ),
    "editing around branches": (
        _step("with s.editing() as u:\n    a, b = c.alternatives('a', 'b')\n    with a:\n        u.x = 1\n    with b:\n        u.A = Set(1)"),
        "branch-in-editing",
    ),
    "an edit around branches": (
        _step("e = s.m.edit()\na, b = c.alternatives('a', 'b')\nwith a:\n    e[1] = 1\nwith b:\n    e[1] = 2\ns.m = e"),
        "branch-in-editing",
    ),
    "editing without with": (_step("u = s.editing()\nu.x = 1"), "editing-without-with"),
    "a branch entered and not left": (_step("a, b = c.alternatives('a', 'b')\na.__enter__()\ns.x = 1"), "branch-order"),
    "an exception out of a branch": (
        _step("a, b = c.alternatives('a', 'b')\ntry:\n    with a:\n        {}[1]\nexcept KeyError:\n    pass\nwith b:\n    pass"),
        "branch-left",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", STEPS)
def test_effects_that_would_be_lost_or_happen_on_every_way_are_refused(author: Author, what: str) -> None:
    text, code = STEPS[what]
    assert author.error(STATE + text).code == code


LOST = {
    "another state's property": ("@state\nclass T(S):\n    y: StateVar[int]\n\n@invariant\ndef p(s: T):\n    return s.y == 0\n", "other-state"),
    "an action defined twice": ("@action\ndef a(c: Context[S]):\n    pass\n\n@action\ndef a(c: Context[S]):\n    pass\n", "lost-declaration"),
    "a step that is no action": ("def step(c):\n    pass\n\n@action\ndef a(c: Context[S]):\n    pass\n", "step-not-an-action"),
    "a Python truth": (IDLE + "@invariant\ndef p(s: S):\n    return s.x + 1 is not None\n", "constant-property"),
}  # fmt: skip


@pytest.mark.parametrize("what", LOST)
def test_what_would_be_left_out_is_refused(author: Author, what: str) -> None:
    text, code = LOST[what]
    assert author.error(STATE + text).code == code


def test_a_property_that_another_modules_replaces_is_refused(author: Author) -> None:
    author.write(STATE + IDLE + "@invariant\ndef bounded(s: S):\n    return s.x < 0\n", "first_part.py")
    text = "from first_part import *\n@invariant\ndef bounded(s: S):\n    return s.x < 9\n"
    assert author.error(text).code == "lost-declaration"


@pytest.mark.parametrize("name", ["editing", "_store"])
def test_names_that_states_have_themselves_are_refused(author: Author, name: str) -> None:
    text = STATE.replace("x: StateVar[int]", f"x: StateVar[int]\n    {name}: StateVar[int]")
    assert author.error(text + IDLE).code == "reserved-name"


def test_two_functions_as_arguments_are_two_captures(author: Author) -> None:
    text = "@expr(inline=False)\ndef ap(v: Annotated[Expr, int], f):\n    return f(v)\n" + _property(
        "And(ap(s.x, lambda v: v < 100), ap(s.x, lambda v: v < 0))"
    )
    assert author.results(STATE + text)["p"].verdict is Verdict.VIOLATED


def test_an_action_that_init_calls_is_not_a_step(author: Author) -> None:
    text = STATE.replace(
        "@action(init=True)", "@action\ndef reset(c: Context[S]):\n    c.state.x = 9\n\n@action(init=True)"
    )
    text = text.replace("    s.x, s.A", "    reset(c)\n    s.A").replace(" = 0, Set", " = Set")
    model = author.model(text + "@action\ndef mine(c: Context[S]):\n    c.assume(False)\n")
    assert [b.name for b in model.step.block[0].branches] == ["mine"]  # type: ignore[union-attr]
