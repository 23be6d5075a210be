"""Each form of an action, run concretely, takes the steps of the captured Model."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from tests.lang.concrete.agreements import agreements, shown, value
from tests.lang.concrete.bodies import sources
from tests.lang.concrete.modules import imported
from tests.lang.concrete.world import driven, states

from speccheck.errors import SpecError
from speccheck.lang.rewriting.hooks import Hooks

HEADER = "import enum\nfrom typing import Annotated\nfrom speccheck import *\nfrom speccheck import flow\n"

STATE = """
class Mode(enum.Enum):
    OFF = "off"
    ON = "on"

@record
class Slot:
    owner: Field[str]
    count: Field[int]

    def doubled(self):
        return self.count * 2

@union
class Message:
    Put: Variant[int]
    Take: Variant[Unit]

@state
class S(MachineStateBase):
    N: Param[int]
    x: StateVar[int]
    y: StateVar[int]
    mode: StateVar[Mode]
    slot: StateVar[Slot]
    box: StateVar[set[Message]]
    last: StateVar[Message]
    m: StateVar[dict[str, int]]
    u: StateVar[dict[int, int], UPSERT]
    deep: StateVar[dict[str, dict[str, Slot]]]
    l: StateVar[list[int]]
    pair: StateVar[tuple[int, bool]]

@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x, s.y = 0, 1
    s.mode = Mode.OFF
    s.slot = Slot(owner="", count=0)
    s.box = Set(Message)
    s.last = Message.Take()
    s.m = Map(("a", 0), ("b", 1))
    s.u = Map(int, int)
    s.deep = Map(("p", Map(("q", Slot(owner="o", count=1)))))
    s.l = List(3, 1, 2)
    s.pair = Tuple(0, True)

@instance
def small() -> S:
    return S(N=3)

@invariant
def bounded(s: S):
    return s.x <= s.N

@example
def partial(s: S):
    return s.m["a"] // s.x == 1
"""

BODIES = {
    "reads and writes": "old = s.x\ns.x += 1\ns.y = old\nc.assume(s.x <= s.N)",
    "keyed writes": "s.m['a'] += 1\nc.assume(s.m['a'] < 4)\ns.l[0] = s.m['b']\ns.l[-1] += 1\ns.slot.count += s.x\ns.pair[0] = s.x",
    "nested keyed writes": "s.deep['p']['q'].count += 1\ns.deep['p']['q'].owner = 'z'\nc.assume(s.deep['p']['q'].count < 4)",
    "a key that is missing": "s.m['c'] = 1",
    "a nested key that is missing": "s.deep['x']['q'].count = 1",
    "upsert": "c.assume(s.u.size < 3)\ns.u[s.u.size] = s.x\ns.u[7] = 1",
    "upsert with a read": "s.u[9] += 1",
    "whole, then keyed": "s.m = s.m.insert('c', 0)\ns.m['c'] += 1",
    "an undefined value nobody uses": "v = s.m['zz'] // 0\nw = c.cache(s.l[9], 'w')\ns.x = 1",
    "an undefined value that is used": "v = s.m['zz']\nc.assume(s.x == 0)\ns.x = v",
    "an undefined guard after a false one": "c.assume(s.x == 5)\nc.assume(s.m['zz'] == 0)",
    "editing": "with s.editing() as upd:\n    upd.x = s.y\n    upd.y = upd.x\n    upd.m['a'] = upd.m['b']\n    upd.m['b'] = upd.m['a']",
    "edit": "with s.m.edit() as e:\n    e['a'] = 5\n    e['new'] = s.x\ns.m = e\nwith s.slot.edit() as r:\n    r.count = 2\ns.slot = r",
    "one_of": "with c.one_of(Set(2, 0, 1), 'v') as v:\n    s.x = v\ns.y = v",
    "one_of nothing": "with c.one_of(Set(int), 'v') as v:\n    s.x = v",
    "one_of twice": "with c.one_of(Set(Tuple(1, 2), Tuple(0, 3)), 'p') as (a, b), c.one_of(Interval(a, b), 'v') as v:\n    s.x = v",
    "alternatives": "a, b = c.alternatives('a', 'b')\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2\n    s.m['b'] = 9\ns.y = s.x",
    "alternatives drawn": "alts = iter(c.alternatives('a', 'b'))\nwith next(alts):\n    s.x = 1\nwith next(alts):\n    pass\ns.y = s.x",
    "split": "yes, no = c.split(s.x < 2)\nwith yes:\n    s.x += 1\nwith no:\n    s.x = 0",
    "split without an entered branch": "yes, no = c.split(s.l[9] > 0)\ns.x = 1",
    "nested branches": "a, b = c.alternatives('a', 'b')\nwith a:\n    p, q = c.split(s.x == 0)\n    with q:\n        c.assume(s.x < 3)\n        s.x += 1\n    with p:\n        s.x = 1\nwith b, c.one_of(s.l.keys, 'i') as i:\n    s.l[i] = 0",
    "if": "if s.x < 1:\n    s.x += 1\nelif s.x == 1 and s.y > 0:\n    s.x = 2\n    s.y = 0\nelse:\n    s.x = 0",
    "if that binds": "if s.x > 0:\n    d = s.y\nelse:\n    d = 5\ns.y = d\ns.x = 1",
    "if that returns": "if s.x > 1:\n    return\ns.x += 1",
    "match": "match s.last:\n    case Message.Put(n):\n        s.x = n\n        s.last = Message.Take()\n    case Message.Take():\n        s.last = Message.Put(s.y + 1)",
    "match on an enum": "match s.mode:\n    case Mode.ON:\n        s.mode = Mode.OFF\n    case _:\n        s.mode = Mode.ON",
    "named actions": "put(c, s.x)\nouter(c)",
    "named in branches": "a, b = c.alternatives('a', 'b')\nwith a:\n    put(c, by=2)\nwith b:\n    outer(c)",
    "methods of records": "s.x = s.slot.doubled()\ns.slot = s.slot.replace(count=s.y)\nc.assume(s.slot._.in_(Set(s.slot)))",
    "constants of the module": "with c.one_of(VALUES, 'v') as v:\n    s.x = v + TABLE['five']",
    "loops over Python": "for k in ('a', 'b'):\n    s.m[k] += 1\nc.assume(all(s.m[k] < 4 for k in ('a', 'b')))",
    "helpers": "s.x = twice(s, s.y) + safe(s.m, 'zz') + chosen(s)",
    "flows": "s.x = graded(s.y) + graded(s.x)\nc.assume(s.x < 9)",
    "machines inside machines": "bump(Left(c), 1)\nbump(Right(c), s.y)\nc.assume(small_enough(Left.view(s)))",
    "unions in sets": "s.box |= Set(Message.Put(s.x))\nwith c.one_of(s.box, 'b') as b:\n    s.y = b.match(Put=lambda n: n + 1, Take=lambda: 0)\n    c.assume(b.tag == 'Put')",
    "large sets": "c.assume(AllSubsets(Interval(1, 60)).contains(Set(1, 5)))\nc.assume(Ints.contains(s.x))\nc.assume(~UnsignedInts.contains(0 - s.y - 1))\ns.x = 1",
}  # fmt: skip

REST = """
VALUES = Set(0, 1)
TABLE = {"five": Val(5)}

@action(inline=False)
def put(c: Context[S], by: Annotated[Expr, int]):
    s = c.state
    c.assume(s.y + by < 9)
    s.box |= Set(Message.Put(by))

@action(inline=False)
def outer(c: Context[S]):
    inner(c, Mode.ON)

@action(inline=False)
def inner(c: Context[S], mode: Annotated[Expr, Mode]):
    c.state.mode = mode

@expr
def twice(s: S, n: Annotated[Expr, int]):
    if n > 3:
        return n
    return n * 2

@expr(inline=False)
def safe(m: Annotated[Expr, dict[str, int]], key: Annotated[Expr, str]):
    return m[key] if key in m else 0

@expr
@with_flow
def graded(n: Annotated[Expr, int]):
    with flow.if_(n > 2):
        flow.return_(1)
    with flow.elif_(n == 0):
        flow.return_(n + 3)
    flow.return_(10 // n)

Left = SubMachine(Inner, count="x", LIMIT="N")
Right = SubMachine(Inner, count="y", LIMIT=4)

@expr(cache_args=False)
def chosen(s: S):
    return Set(1, 2).choose(lambda v: v > s.x - 5)
"""


INNER = """
@state
class Inner(MachineStateBase):
    LIMIT: Param[int]
    count: StateVar[int]

@action(inline=False)
def bump(c: Context[Inner], by: Annotated[Expr, int]):
    c.assume(c.state.count + by <= c.state.LIMIT)
    c.state.count += by

@expr
def small_enough(s: Inner):
    return s.LIMIT > s.count - 9
"""


def written(folder: Path, text: str) -> Path:
    """The entry module of that text, beside a module that holds another machine."""
    (folder / "inner.py").write_text(HEADER + INNER, encoding="utf-8")
    (folder / "spec.py").write_text(f"{HEADER}from inner import Inner, bump, small_enough\n{text}", encoding="utf-8")
    return folder / "spec.py"


def indented(body: str) -> str:
    """A body of an action."""
    return "".join(f"    {line}\n" for line in dedent(body).splitlines())


@pytest.mark.parametrize("name", BODIES)
def test_an_action_run_concretely_agrees_with_its_model(name: str, tmp_path: Path) -> None:
    step = f"@action\ndef step(c: Context[S]):\n    s = c.state\n{indented(BODIES[name])}"
    with imported(written(tmp_path, f"{STATE}{REST}\n{step}")) as module:
        (found,) = agreements(module)
        found.breadth_first(12)
        assert found.compared > 0


ROOTS = """
@action(init=True)
def more(c: Context[S]):
    c.state.x = c.state.y + 1

@action
def first(c: Context[S]):
    c.state.x = 2

@action(inline=False)
def second(c: Context[S]):
    part(c)
    c.assume(c.state.x > 0)

@action
def part(c: Context[S]):
    with c.one_of(Set(0, 1), "v") as v:
        c.state.y = v
"""


def test_the_actions_of_a_module_without_step_are_its_steps(tmp_path: Path) -> None:
    with imported(written(tmp_path, STATE.replace("s.x, s.y = 0, 1", "s.y = 1") + ROOTS)) as module:
        (found,) = agreements(module)
        assert found.breadth_first(12)
        labels = {(way.choices[0][1], *(name for name, _ in way.calls)) for way in found.step(found.initial()[0].state)}
    assert labels == {("first",), ("second", "second")}


def test_without_rewriting_a_branch_that_is_not_taken_is_refused(tmp_path: Path) -> None:
    body = "a, b = c.alternatives('a', 'b')\nwith a:\n    s.x = 1\nwith b:\n    s.x = 2"
    step = f"@action\ndef step(c: Context[S]):\n    s = c.state\n{indented(body)}"
    with imported(written(tmp_path, f"{STATE}\n{step}")) as module:
        (found,) = agreements(module)
        vars(module)["__speccheck__"] = _Unasked()
        state = found.initial()[0].state
        with pytest.raises(SpecError) as caught:
            found.concrete.steps(state)
    assert caught.value.code == "branch-not-skipped"


class _Unasked(Hooks):
    """Hooks that run every branch, as Python does where nothing is rewritten."""

    @staticmethod
    def taken(entered: object) -> bool:
        return True


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(sources())
def test_random_actions_take_the_same_steps(text: str) -> None:
    captured, concrete = driven(text)
    for state in states():
        assert shown(value(concrete.steps, state, {})) == shown(value(captured.steps, state, {})), text
