"""One spec inside another by renaming."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.reports import Verdict

COUNTER = """
@state
class Counter(MachineStateBase):
    N: Param[int]
    count: StateVar[int]
    seen: StateVar[dict[int, int], UPSERT]

@action(init=True)
def init(c: Context[Counter]):
    c.state.count = 0
    c.state.seen = Map(int, int)

@action(inline=False)
def increment(c: Context[Counter], by: Annotated[Expr, int]):
    s = c.state
    c.assume(s.count + by <= s.N)
    with s.editing() as upd:
        upd.count = s.count + by
        upd.seen[s.count] = by

@action
def step(c: Context[Counter]):
    with c.one_of(Set(1, 2), "by") as by:
        increment(c, by)

@invariant
def bounded(s: Counter):
    return s.count <= s.N

@expr(inline=False)
def room(s: Counter):
    return s.N - s.count
"""

PAIR = """
import counter

@state
class Pair(MachineStateBase):
    N: Param[int]
    left: StateVar[int]
    right: StateVar[int]
    lseen: StateVar[dict[int, int], UPSERT]
    rseen: StateVar[dict[int, int], UPSERT]
{inside}

{beside}

@action(init=True)
def init(c: Context[Pair]):
    counter.init({left}(c))
    counter.init({right}(c))

@action
def step(c: Context[Pair]):
    a, b = c.alternatives("a", "b")
    with a:
        counter.step({left}(c))
    with b:
        counter.increment({right}(c), 1)

@invariant
def both(s: Pair):
    return counter.bounded({left}.view(s)) & counter.bounded({right}.view(s))

@invariant
def room(s: Pair):
    return counter.room({left}.view(s)) + counter.room({right}.view(s)) == 2 * s.N - s.left - s.right

@example
def full(s: Pair):
    return (s.left == s.N) & (s.right == 1)

@instance
def small() -> Pair:
    return Pair(N=2)
"""

SHAPES = {
    "in the class": (
        "    Left = SubMachine(counter.Counter, count='left', seen='lseen')\n    Right = SubMachine[counter.Counter](count='right', seen='rseen')",
        "", "Pair.Left", "Pair.Right",
    ),
    "beside it": (
        "", "Left = SubMachine(count='left', seen='lseen')\nRight = SubMachine(counter.Counter, count='right', seen='rseen')",
        "Left", "Right",
    ),
    "in a list": (
        "", "parts = [SubMachine(counter.Counter, count=n, seen=f'{n[0]}seen') for n in ('left', 'right')]", "parts[0]", "parts[1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_two_embeddings_of_one_machine(author: Author, shape: str) -> None:
    inside, beside, left, right = SHAPES[shape]
    author.write(COUNTER, "counter.py")
    report = author.report(PAIR.format(inside=inside, beside=beside, left=left, right=right))
    assert {p.name: p.verdict for p in report.properties} == dict.fromkeys(("both", "room", "full"), Verdict.HOLDS)
    assert len({count.action for count in report.stats.actions}) == 2
    assert all(count.action.endswith(".increment") for count in report.stats.actions)


def test_the_label_says_through_which_embedding(author: Author) -> None:
    author.write(COUNTER, "counter.py")
    inside, beside, left, right = SHAPES["in the class"]
    report = author.report(PAIR.format(inside=inside, beside=beside, left=left, right=right))
    path = next(p.path for p in report.properties if p.name == "full")
    assert path is not None
    assert [call.action for state in path.states[1:] for call in state.label] == ["Left.increment", "Right.increment"]


def test_a_parameter_may_be_a_constant_and_names_not_given_are_the_same(author: Author) -> None:
    author.write(COUNTER, "counter.py")
    text = """
import counter
@state
class Outer(MachineStateBase):
    count: StateVar[int]
    seen: StateVar[dict[int, int], UPSERT]
Three = SubMachine(counter.Counter, N=3)
@action(init=True)
def init(c: Context[Outer]):
    counter.init(Three(c))
@action
def step(c: Context[Outer]):
    counter.step(Three(c))
@invariant
def low(s: Outer):
    return Three.view(s).count <= 3
@example
def three(s: Outer):
    return s.count == 3
"""
    assert {r.verdict for r in author.results(text).values()} == {Verdict.HOLDS}


def test_an_embedding_inside_an_embedding(author: Author) -> None:
    author.write(COUNTER, "counter.py")
    text = """
import counter
@state
class Middle(MachineStateBase):
    N: Param[int]
    mid: StateVar[int]
    seen: StateVar[dict[int, int], UPSERT]
    Inner = SubMachine(counter.Counter, count="mid")
@state
class Outer(MachineStateBase):
    N: Param[int]
    out: StateVar[int]
    seen: StateVar[dict[int, int], UPSERT]
    Sub = SubMachine(Middle, mid="out")
@action(init=True)
def init(c: Context[Outer]):
    counter.init(Middle.Inner(Outer.Sub(c)))
@action
def step(c: Context[Outer]):
    counter.increment(Middle.Inner(Outer.Sub(c)), 1)
@invariant
def low(s: Outer):
    return counter.bounded(Middle.Inner.view(Outer.Sub.view(s))) & (s.out >= 0)
@instance
def two() -> Outer:
    return Outer(N=2)
"""
    report = author.report(text)
    assert report.properties[0].verdict is Verdict.HOLDS
    assert [count.action for count in report.stats.actions] == ["Sub.Inner.increment"]


WRONG = {
    "submachine-missing": "SubMachine(counter.Counter, count='nowhere', seen='lseen')",
    "submachine-type": "SubMachine(counter.Counter, count='lseen', seen='lseen')",
    "submachine-name": "SubMachine(counter.Counter, cuont='left', seen='lseen')",
    "submachine-kind": "SubMachine(counter.Counter, count='N', seen='lseen')",
    "submachine-state": "SubMachine(int, count='left')",
}


@pytest.mark.parametrize("code", WRONG)
def test_a_renaming_that_does_not_fit_is_refused(author: Author, code: str) -> None:
    author.write(COUNTER, "counter.py")
    beside = f"Left = {WRONG[code]}\nRight = SubMachine(count='right', seen='rseen')"
    assert author.error(PAIR.format(inside="", beside=beside, left="Left", right="Right")).code == code


def test_without_a_class_what_is_called_says_what_it_needs(author: Author) -> None:
    author.write(COUNTER, "counter.py")
    beside = "Left = SubMachine(count='left')\nRight = SubMachine(count='right', seen='rseen')"
    error = author.error(PAIR.format(inside="", beside=beside, left="Left", right="Right"))
    assert error.code == "submachine-missing"
    assert "'seen'" in error.message


@pytest.mark.parametrize(
    ("wrong", "code"), [("Left(s)", "submachine-context"), ("Left.view(3)", "submachine-view"), ("Left.view(s).zzz", "no-such-variable")]
)  # fmt: skip
def test_a_view_and_a_context_are_not_the_same(author: Author, wrong: str, code: str) -> None:
    author.write(COUNTER, "counter.py")
    inside, beside, left, right = SHAPES["beside it"]
    text = PAIR.format(
        inside=inside, beside=beside.replace("(count='left'", "(counter.Counter, count='left'"), left=left, right=right
    )
    assert author.error(text + f"\n@invariant\ndef odd(s: Pair):\n    return {wrong} == 1\n").code == code


def test_a_parameter_is_not_assigned_through_it(author: Author) -> None:
    author.write(COUNTER + "\n@action\ndef bad(c: Context[Counter]):\n    c.state.N = 2\n", "counter.py")
    inside, beside, left, right = SHAPES["beside it"]
    text = PAIR.format(inside=inside, beside=beside, left=left, right=right)
    assert author.error(text.replace("counter.step(Left(c))", "counter.bad(Left(c))")).code == "parameter-assigned"
