"""Specs that Python makes: data types of the author's own, classes and actions made in loops, helper modules."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.loading import load
from speccheck.reports import Verdict

BAG = """
class Bag:
    \"\"\"A multiset on a map from elements to how many there are.\"\"\"

    def __init__(self, counts):
        self.counts = counts

    def __as_expr__(self):
        return Val(self.counts)

    def count(self, x):
        return Ite(self.counts.keys.contains(x), self.counts[x], 0)

    def __add__(self, x):
        return Bag(self.counts.insert(x, self.count(x) + 1))

    def __sub__(self, x):
        return Bag(self.counts.replace(x, self.counts[x] - 1))

    def __eq__(self, other):
        return Forall(self.count(k) == other.count(k) for k in self.counts.keys | other.counts.keys)

    __hash__ = None

    @property
    def size(self):
        return self.counts.reduce(lambda total, _, n: total + n, 0)


class Queue:
    def __init__(self, items):
        self.items = items

    def __as_expr__(self):
        return self.items

    def put(self, x):
        return Queue(self.items + List(x))

    @property
    def head(self):
        return self.items[0]

    def rest(self):
        return Queue(self.items[1:])
"""


def test_a_bag_and_a_queue_of_the_authors_own(author: Author) -> None:
    author.write(BAG, "bags.py")
    text = """
from bags import Bag, Queue

@state
class S(MachineStateBase):
    bag: StateVar[dict[str, int]]
    queue: StateVar[list[str]]

@action(init=True)
def init(c: Context[S]):
    c.state.bag = Bag(Map(str, int)) + "a" + "b" + "a"
    c.state.queue = Queue(List(str)).put("a").put("b")

@expr
def held(q: Annotated[Expr, list[str]]):
    return q.size

@action(inline=False)
def take(c: Context[S], bag: Annotated[Expr, dict[str, int]]):
    s = c.state
    c.assume(Bag(bag).count("a") > 0)
    s.bag = Bag(s.bag) - "a"
    s.queue = Queue(s.queue).rest()

@action
def step(c: Context[S]):
    c.assume(held(Queue(c.state.queue)) > 0)
    take(c, Bag(c.state.bag))

@invariant
def sizes(s: S):
    return And(Bag(s.bag).size >= 1, Bag(s.bag) == Bag(s.bag), Set(Queue(s.queue)).size == 1, Ite(True, Queue(s.queue), s.queue) == s.queue)

@example
def emptied(s: S):
    return And(Bag(s.bag).count("a") == 0, s.queue.is_empty, Bag(s.bag).count("zzz") == 0)
"""
    assert {n: r.verdict for n, r in author.results(text).items()} == {"sizes": Verdict.HOLDS, "emptied": Verdict.HOLDS}


def test_as_expr_has_to_give_an_expression(author: Author) -> None:
    text = """
class Odd:
    def __as_expr__(self):
        return 3

@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = Odd()
"""
    assert author.error(text).code == "as-expr"


def test_a_spec_made_by_python(author: Author) -> None:
    text = """
N = 3
S = state(type("S", (MachineStateBase,), {
    "__module__": __name__,
    "__annotations__": {"LIMIT": Param[int], **{f"x{i}": StateVar[int] for i in range(N)}},
}))

def make_init(i):
    @action(init=True)
    def init(c: Context[S]):
        setattr(c.state, f"x{i}", 0)
    return init

def make_bump(i):
    @action(inline=False)
    def bump(c: Context[S], by: Annotated[Expr, int]):
        value = getattr(c.state, f"x{i}")
        c.assume(value + by <= c.state.LIMIT)
        setattr(c.state, f"x{i}", value + by)
    return bump

def make_low(i):
    def low(s: S):
        return getattr(s, f"x{i}") <= s.LIMIT
    low.__name__ = f"low{i}"
    return invariant(low)

def make_instance(n):
    @instance
    def made() -> S:
        return S(LIMIT=n)
    return made

for i in range(N):
    globals()[f"init{i}"] = make_init(i)
    globals()[f"bump{i}"] = make_bump(i)
    globals()[f"low{i}"] = make_low(i)
for n in (1, 2):
    globals()[f"limit{n}"] = make_instance(n)

@action
def step(c: Context[S]):
    for i, branch in enumerate(c.alternatives(*[f"b{i}" for i in range(N)])):
        with branch:
            globals()[f"bump{i}"](c, 1)
"""
    model = author.model(text)
    assert [a.name for a in model.actions] == ["bump0", "bump1", "bump2"]
    assert [p.name for p in model.properties] == ["low0", "low1", "low2"]
    assert [i.name for i in model.instances] == ["limit1", "limit2"]
    assert {v.name for v in model.variables} == {"x0", "x1", "x2"}
    from_one = author.directory / "spec.py"
    assert load(from_one).model.name == "spec"


def test_an_action_may_be_named_after_it_is_made(author: Author) -> None:
    text = """
@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

def make(k):
    @action(inline=False)
    def act(c: Context[S]):
        c.state.x = k
    act.__name__ = f"set_{k}"
    return act

acts = [make(k) for k in (1, 2)]

@action
def step(c: Context[S]):
    a, b = c.alternatives("a", "b")
    with a:
        acts[0](c)
    with b:
        acts[1](c)
"""
    assert [a.name for a in author.model(text).actions] == ["set_1", "set_2"]


def test_helper_modules_and_packages_beside_the_spec(author: Author) -> None:
    package = author.directory / "parts"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from parts.kinds import *\n")
    (package / "kinds.py").write_text(
        "import enum\nfrom speccheck import *\n\nclass Mode(enum.Enum):\n    ON = 1\n    OFF = 2\n\n"
        "@record\nclass Lamp:\n    mode: Field[Mode]\n    level: Field[int]\n"
    )
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "moves.py").write_text(
        "from ..kinds import Lamp, Mode\nfrom speccheck import *\n\n@expr\ndef toggled(r: Annotated[Expr, Lamp]):\n"
        "    return r.replace(mode=Ite(r.mode == Mode.ON, Mode.OFF, Mode.ON), level=r.level + 1)\n".replace(
            "from speccheck import *", "from typing import Annotated\nfrom speccheck import *"
        )
    )
    text = """
from parts import Lamp, Mode
from parts.inner.moves import toggled

@state
class S(MachineStateBase):
    lamp: StateVar[Lamp]

@action(init=True)
def init(c: Context[S]):
    c.state.lamp = Lamp(mode=Mode.OFF, level=0)

@action
def step(c: Context[S]):
    c.assume(c.state.lamp.level < 4)
    c.state.lamp = toggled(c.state.lamp)

@invariant
def odd_is_on(s: S):
    return (s.lamp.mode == Mode.ON) == (s.lamp.level % 2 == 1)
"""
    loaded = load(author.write(text))
    assert loaded.files == (
        "parts/__init__.py",
        "parts/inner/__init__.py",
        "parts/inner/moves.py",
        "parts/kinds.py",
        "spec.py",
    )
    report = author.report(text)
    assert (report.properties[0].verdict, report.stats.distinct) == (Verdict.HOLDS, 5)


@pytest.mark.parametrize(
    "fields",
    ["size", "keys", "replace", "values", "filter", "tag", "match", "contains", "edit", "if_", "in_", "refine"],
)
def test_a_field_named_like_an_operation_is_read_and_written(author: Author, fields: str) -> None:
    text = f"""
@record
class R:
    {fields}: Field[int]
    other: Field[int]

@state
class S(MachineStateBase):
    r: StateVar[R]
    m: StateVar[dict[int, R]]

@action(init=True)
def init(c: Context[S]):
    c.state.r = R({fields}=1, other=2)
    c.state.m = Map((1, R(1, 2)))

@action
def step(c: Context[S]):
    c.assume(c.state.r.{fields} == 1)
    c.state.r.{fields} += 4
    c.state.m[1].{fields} = 7
    c.state.m[1].other -= 1

@example
def stepped(s: S):
    return And(s.r.{fields} == 5, s.r["{fields}"] == 5, s.m[1] == R({fields}=7, other=1), s.r._.replace({fields}=0).{fields} == 0)

@invariant
def edited(s: S):
    with s.r._.edit() as e:
        e.{fields} = 3
    return And(e._.{fields} == 3, e._.other == 2)
"""
    assert {r.verdict for r in author.results(text).values()} == {Verdict.HOLDS}


ONE = "from speccheck import *\n\n@invariant\ndef safe(s):\n    return s.x == 0\n"

USES = """
@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

@action
def step(c: Context[S]):
    c.assume(False)

@invariant
def safe(s: S):
    return Val(True)
"""


def test_a_definition_that_replaces_an_imported_one_is_not_lost_silently(author: Author) -> None:
    author.write(ONE, "one.py")
    assert author.error("from one import *\n" + USES).code == "lost-declaration"
    assert author.error("from one import safe\n" + USES).code == "lost-declaration"
    assert [p.name for p in author.model("import one\n" + USES).properties] == ["safe"]
    author.write("import one\n", "helper.py")
    assert [p.name for p in author.model("import helper\n" + USES).properties] == ["safe"]
