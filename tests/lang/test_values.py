"""Every operation on every type, evaluated through a whole check: what the language says, the engine answers."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.reports import Verdict

DECLARATIONS = """
class Colour(enum.Enum):
    RED = 1
    GREEN = 2

@record
class Point:
    x: Field[int]
    y: Field[int]

@record
class Odd:
    size: Field[int]
    replace: Field[bool]

@union
class Message:
    Ping: Variant[int]
    Stop: Variant[Unit]

@state
class S(MachineStateBase):
    i: StateVar[int]
    s: StateVar[set[int]]
    m: StateVar[dict[str, int]]
    l: StateVar[list[int]]
    t: StateVar[tuple[int, bool]]
    r: StateVar[Point]
    o: StateVar[Odd]
    u: StateVar[Message]
    c: StateVar[Colour]

@action(init=True)
def init(c: Context[S]):
    v = c.state
    v.i = 7
    v.s = Set(3, 1, 2)
    v.m = Map(("a", 1), ("b", 2))
    v.l = List(5, 6, 5)
    v.t = (4, True)
    v.r = Point(x=1, y=2)
    v.o = Odd(9, False)
    v.u = Message.Ping(8)
    v.c = Colour.GREEN

@action
def step(c: Context[S]):
    c.assume(False)
"""

TRUE = [
    # integers
    "v.i + 1 == 8", "1 + v.i == 8", "v.i - 9 == -2", "9 - v.i == 2", "v.i * 2 == 14", "v.i // 2 == 3", "v.i / 2 == 3",
    "(-v.i) // 2 == -4", "(-v.i) % 3 == 2", "v.i % 3 == 1", "v.i ** 2 == 49", "2 ** v.i == 128", "-v.i < 0", "+v.i > 6",
    "v.i >= 7", "v.i <= 7", "7 <= v.i", "v.i != 6", "v.i.upto(9) == Set(7, 8, 9)", "v.i.upto(1).is_empty",
    # booleans
    "(v.i == 7) & True", "False | (v.i == 7)", "~(v.i == 6)", "And(v.i == 7, True)", "Or(False, v.i == 7)", "Not(v.i == 6)",
    "And()", "Not(Or())", "Implies(v.i == 6, False)", "(v.i == 6).implies(v.i == 5)", "(v.i == 7).and_(True)",
    "(v.i == 6).or_(True)", "Ite(v.i == 7, 1, 2) == 1", "Val(1).if_(v.i == 6).else_(2) == 2",
    "Val(1).if_(v.i == 6).else_(Val(2).if_(v.i == 7).else_(3)) == 2",
    # laziness: the right operand has no value
    "Or(v.i == 7, v.m['z'] == 1)", "~And(v.i == 6, v.m['z'] == 1)", "Implies(v.i == 6, v.m['z'] == 1)",
    "(v.i == 7) | (v.m['z'] == 1)", "Ite(v.i == 7, 1, v.m['z']) == 1",
    # enums, strings
    "v.c == Colour.GREEN", "v.c != Colour.RED", "Val('x') == 'x'", "v.c.in_(Set(Colour.RED, Colour.GREEN))",
    # sets
    "v.s == {1, 2, 3}", "v.s.size == 3", "~v.s.is_empty", "Set(int).is_empty", "v.s.contains(2)", "Val(2).in_(v.s)",
    "v.s | {4} == Set(1, ..., 4)", "v.s & {1, 9} == {1}", "v.s - {1} == {2, 3}", "{1, 9} - v.s == {9}", "v.s.union({4}, {5}).size == 5",
    "v.s.intersect({1}) == {1}", "v.s.difference({1}, {2}) == {3}", "Set(1) <= v.s", "Set(1) < v.s", "~(v.s < v.s)",
    "v.s >= {1}", "v.s > {1}", "v.s.issubset({1, 2, 3, 4})", "v.s.filter(lambda x: x > 1) == {2, 3}",
    "v.s.map(lambda x: x % 2) == {0, 1}", "v.s.map_to(lambda x: x * x)[3] == 9", "v.s.exists(lambda x: x == 3)",
    "v.s.forall(lambda x: x > 0)", "Set(Set(1), Set(2)).flattened == {1, 2}", "v.s.reduce(lambda a, x: a * 10 + x, 0) == 123",
    "v.s.choose(lambda x: x > 1) == 2", "Set(x + y for x in v.s for y in v.s if_ok) == Set(2, ..., 6)".replace(" if_ok", ""),
    "SetIf(x > 1 for x in v.s) == {2, 3}", "SetIf(x + y == 6 for x in v.s for y in v.s) == Set((3, 3))",
    "Set((x, y) for x in v.s for y in Interval(1, x)).size == 6", "AllSubsets(v.s).size == 8", "AllSubsets(v.s).contains({1, 3})",
    "AllMaps(Set('p', 'q'), v.s).size == 9", "AllTuples(v.s, Set(True)).contains((1, True))",
    "AllRecords(Point, x=v.s, y=Set(0)) == Set(Point(x=a, y=0) for a in v.s)", "Interval(2, 1) == Set(int)",
    "Set(x for x in v.l) == {5, 6}", "Set(k * 2 for k in [1, 2]) == {2, 4}",
    # quantifiers
    "Forall(x < y + 3 for x in v.s for y in v.s)", "Exists(x + y == 6 for x in v.s for y in v.s)",
    "~Exists(x == y for x in v.s for y in v.l)", "Forall(x > 4 for x in v.l)", "Forall(x > i for i in range(1) for x in v.s)",
    "Forall(Exists(x == y for y in v.s) for x in v.s)", "Forall(a < 3 for a, b in Set((1, 2), (2, 3)))",
    # maps
    "v.m['a'] == 1", "v.m.size == 2", "v.m.keys == Set('a', 'b')", "v.m.values == {1, 2}", "v.m.insert('c', 3)['c'] == 3",
    "v.m.replace('a', 5)['a'] == 5", "v.m.reduce(lambda acc, k, x: acc * 10 + x, 0) == 12", "Map(str, int).is_empty",
    "Map(x + 1 for x in v.s)[2] == 3", "Map(x + y for x in v.s for y in v.s)[(1, 2)] == 3", "v.m == {'b': 2, 'a': 1}",
    "v.m.contains('a')",
    # lists
    "v.l[0] == 5", "v.l[-1] == 5", "v.l[1:] == [6, 5]", "v.l[:1] == [5]", "v.l[0:9].size == 3", "(v.l + [1]).size == 4",
    "([1] + v.l)[0] == 1", "v.l.replace(1, 0) == [5, 0, 5]", "v.l.keys == {0, 1, 2}", "v.l.filter(lambda x: x == 5).size == 2",
    "v.l.map(lambda x: x - 5) == [0, 1, 0]", "v.l.reduce(lambda a, x: a * 10 + x, 0) == 565", "v.l.contains(6)",
    "v.l.exists(lambda x: x == 6)", "v.l.forall(lambda x: x > 1)", "Range(1, 3) == [1, 2]", "List(int).is_empty",
    "List(x + 1 for x in v.l) == [6, 7, 6]",
    # tuples
    "v.t[0] == 4", "v.t[-1]", "v.t.replace(0, 1) == (1, True)", "Tuple(v.i, 2) == (7, 2)",
    # records
    "v.r.x == 1", "v.r['y'] == 2", "v.r.replace(x=3) == Point(x=3, y=2)", "v.r._.replace(x=3).x == 3", "v.o.size == 9",
    "~v.o.replace", "v.o._.replace(size=1).size == 1", "Record(a=1, b=True).b", "v.r.in_(Set(v.r))",
    # unions
    "v.u.tag == 'Ping'", "v.u.tag != 'Stop'", "v.u == Message.Ping(8)", "v.u != Message.Stop()",
    "v.u.match(Ping=lambda n: n, Stop=lambda: 0) == 8", "v.u.match(Stop=lambda _: False, default=True)",
    # plain Python
    "v.i == 7 and v.t[1]", "v.i == 6 or v.t[1]", "not v.i == 6", "1 in v.s", "9 not in v.s", "len(v.s) == 3", "0 < v.i < 9",
    "all(x > 0 for x in v.s)", "any(x > 2 for x in v.s)", "Forall(x > 1 for x in v.s if x > 1)", "{v.i} == Set(7)",
    "[x for x in v.l if x > 5] == [6]", "{x for x in v.s if x > 1} == {2, 3}", "(1 if v.i == 7 else 2) == 1",
]  # fmt: skip


def test_every_operation_means_what_the_language_says(author: Author) -> None:
    properties = [f"@invariant\ndef p{n}(v: S):\n    return {text}\n" for n, text in enumerate(TRUE)]
    results = author.results(DECLARATIONS + "\n".join(properties))
    wrong = {
        TRUE[n]: results[f"p{n}"].verdict for n in range(len(TRUE)) if results[f"p{n}"].verdict is not Verdict.HOLDS
    }
    assert wrong == {}


UNDEFINED = [
    "v.m['z'] == 1", "v.m.replace('z', 1).size == 1", "v.l[3] == 0", "v.l[0 - v.i] == 0", "v.i // (v.i - 7) == 0",
    "v.i % (v.i - 7) == 0", "v.i ** (0 - v.i) == 0", "v.s.choose(lambda x: x > 9) == 0", "v.l.replace(9, 0).size == 3",
    "Forall(v.l[x] > 9 for x in Set(0, 9))", "Exists((v.l[x] > 0) for x in Set(0, 9))",
]  # fmt: skip


def test_operations_without_a_value_are_errors_and_never_hold(author: Author) -> None:
    properties = [f"@invariant\ndef p{n}(v: S):\n    return {text}\n" for n, text in enumerate(UNDEFINED)]
    results = author.results(DECLARATIONS + "\n".join(properties))
    assert {UNDEFINED[n]: results[f"p{n}"].verdict for n in range(len(UNDEFINED))} == dict.fromkeys(
        UNDEFINED, Verdict.ERROR
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("v.i", "type-mismatch"),
        ("v.i == True", "type-mismatch"),
        ("v.i and v.t[1]", "type-mismatch"),
        ("1 in v.i", "in-on-expression"),
        ("len(v.i) == 1", "len-of-expression"),
        ("[x for x in v.s] == []", "list-of-set"),
        ("v.z == 1", "no-such-variable"),
        ("v.r.z == 1", "no-such-field"),
        ("v.c < v.c", "no-such-operation"),
        ("Set() == v.s", "untyped-empty"),
        ("v.s == {1, 'a'}", "type-mismatch"),
        ("v.u.match(Ping=lambda n: True)", "match-arms"),
        ("v.u.tag == 'Pong'", "no-such-variant"),
        ("v.t[2] == 1", "type-mismatch"),
        ("f'{v.i}' == 'a'", "text-of-expression"),
        ("v.i + 1.5 == 2", "not-a-value"),
        ("v.i == None", "not-a-value"),
        ("Point(x=1) == v.r", "record-fields"),
        ("v.s.choose(lambda x: x)", "type-mismatch"),
        ("{v.i: 1}.get(v.i) == v.s", "no-such-operation"),
        ("v.m.keys.filter(lambda a, b: True).is_empty", "wrong-arity"),
        ("Forall(v.s)", "not-a-generator"),
        ("v.i.in_(v.i.upto)", "not-a-value"),
    ],
)
def test_what_is_not_of_the_language_is_refused_at_its_line(author: Author, text: str, code: str) -> None:
    error = author.error(DECLARATIONS + f"@invariant\ndef p(v: S):\n    return {text}\n")
    assert error.code == code
    assert error.span is not None
    assert text in error.source_line


def test_a_python_loop_inside_a_generators_call_is_not_taken_for_its_clause(author: Author) -> None:
    text = DECLARATIONS + (
        "def helper(v):\n    for y in v.s:\n        return y > 1\n\n"
        "@invariant\ndef p(v: S):\n    return Forall(helper(v) for x in v.s)\n"
    )
    assert author.error(text).code == "iteration-over-expression"


def test_a_lambdas_local_that_escapes_is_refused(author: Author) -> None:
    text = DECLARATIONS + (
        "@invariant\ndef p(v: S):\n    kept = []\n    _ = v.s.filter(lambda x: kept.append(x) or True)\n    return kept[0] > 0\n"
    )
    error = author.error(text)
    assert error.code == "out-of-scope"
    assert "'x'" in error.message
