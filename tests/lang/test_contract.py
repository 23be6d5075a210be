"""The language's tables row by row: each operation is captured, evaluated in a state, and is of the type it should be.

A row is an author's text, the type of what it makes, and its value as `value` tells it. The text is captured twice: as
an invariant that compares it with the value, and as a coverage function, whose type the Model shows.
"""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.reports import Verdict

DECLARATIONS = """
class PC(enum.Enum):
    Try = "t"
    Crit = "c"

@record
class Point:
    x: Field[int]
    y: Field[int]

@record
class Odd:
    size: Field[int]
    keys: Field[bool]
    replace: Field[int]
    values: Field[int]
    edit: Field[int]
    if_: Field[int]
    in_: Field[int]
    contains: Field[int]

@union
class Msg:
    Ping: Variant[int]
    Pair: Variant[tuple[int, bool]]
    Stop: Variant[Unit]

@state
class S(MachineStateBase):
    i: StateVar[int]
    b: StateVar[bool]
    w: StateVar[str]
    e: StateVar[PC]
    s: StateVar[set[int]]
    ss: StateVar[set[set[int]]]
    m: StateVar[dict[int, int]]
    l: StateVar[list[int]]
    t: StateVar[tuple[int, bool]]
    r: StateVar[Point]
    o: StateVar[Odd]
    u: StateVar[Msg]

@action(init=True)
def init(c: Context[S]):
    v = c.state
    v.i, v.b, v.w, v.e = 7, True, "x", PC.Try
    v.s = Set(1, 2, 3)
    v.ss = Set(Set(1), Set(1, 2))
    v.m = Map((1, 10), (2, 20), (3, 10))
    v.l = List(5, 6, 5)
    v.t = Tuple(4, True)
    v.r = Point(x=1, y=2)
    v.o = Odd(size=9, keys=True, replace=1, values=2, edit=3, if_=4, in_=5, contains=6)
    v.u = Msg.Ping(8)

@action
def step(c: Context[S]):
    c.assume(False)
"""

ROWS = {
    "int": [
        ("Val(3)", "int", "3"), ("v.i + 1", "int", "8"), ("v.i - 9", "int", "-2"), ("v.i * 2", "int", "14"),
        ("v.i ** 2", "int", "49"), ("-v.i", "int", "-7"), ("v.i / 2", "int", "3"), ("(-v.i) // 2", "int", "-4"),
        ("(-v.i) % 3", "int", "2"), ("v.i % -3", "int", "-2"), ("9 / v.i", "int", "1"), ("9 // v.i", "int", "1"),
        ("v.i < 8", "bool", "True"), ("v.i <= 6", "bool", "False"), ("v.i > 6", "bool", "True"), ("v.i >= 8", "bool", "False"),
        ("v.i.upto(9)", "set[int]", "{7, 8, 9}"), ("2 - v.i", "int", "-5"), ("2 * v.i", "int", "14"), ("2 ** v.i", "int", "128"),
        ("10 % v.i", "int", "3"),
    ],
    "bool": [
        ("Val(True)", "bool", "True"), ("v.b & (v.i == 7)", "bool", "True"), ("v.b | (v.i == 8)", "bool", "True"),
        ("~v.b", "bool", "False"), ("And(v.b, True, v.i == 7)", "bool", "True"), ("Or(False, v.i == 8)", "bool", "False"),
        ("Not(v.b)", "bool", "False"), ("Implies(v.b, v.i == 8)", "bool", "False"), ("v.b.and_(v.i == 7)", "bool", "True"),
        ("v.b.or_(False)", "bool", "True"), ("v.b.implies(v.i == 7)", "bool", "True"), ("Ite(v.b, 1, 2)", "int", "1"),
        ("Ite(v.i == 8, Set(int), {1})", "set[int]", "{1}"), ("Val(1).if_(v.i == 8).else_(2)", "int", "2"),
        ("Val('a').if_(v.i == 8).else_(Val('b').if_(v.b).else_('c'))", "str", "'b'"), ("And()", "bool", "True"),
        ("Or()", "bool", "False"), ("v.b == True", "bool", "True"), ("v.b != True", "bool", "False"),
    ],
    "str and enum": [
        ("Val('x')", "str", "'x'"), ("v.w == 'x'", "bool", "True"), ("v.w != 'x'", "bool", "False"), ("Val(PC.Try)", "PC", "PC.Try"),
        ("v.e == PC.Try", "bool", "True"), ("v.e.in_(Set(PC.Crit))", "bool", "False"), ("Set(*PC)", "set[PC]", "{PC.Try, PC.Crit}"),
        ("v.w.if_(v.b).else_('y')", "str", "'x'"),
    ],
    "set": [
        ("Set(1, 2)", "set[int]", "{1, 2}"), ("Set(int)", "set[int]", "set()"), ("Set(set[int])", "set[set[int]]", "set()"),
        ("Set(Point)", "set[Point]", "set()"), ("Set(1, ..., 3)", "set[int]", "{1, 2, 3}"), ("Set(1, ..., v.i)", "set[int]", "set(range(1, 8))"),
        ("Interval(2, 4)", "set[int]", "{2, 3, 4}"), ("Set(x + 1 for x in v.s)", "set[int]", "{2, 3, 4}"),
        ("SetIf(x > 1 for x in v.s)", "set[int]", "{2, 3}"), ("SetIf(x + y == 5 for x in v.s for y in v.l)", "set[tuple[int, int]]", "set()"),
        ("AllSubsets(Set(1, 2))", "set[set[int]]", "{frozenset(), frozenset({1}), frozenset({2}), frozenset({1, 2})}"),
        ("AllMaps(Set(1), Set(True, False)).size", "int", "2"),
        ("AllTuples(Set(1), Set(True, False))", "set[tuple[int, bool]]", "{(1, True), (1, False)}"),
        ("AllRecords(f=Set(1), g=Set(2)).size", "int", "1"), ("AllRecords(Point, x=v.s, y=v.s).contains(Point(3, 3))", "bool", "True"),
        ("Ints.contains(v.i)", "bool", "True"), ("UnsignedInts.contains(-v.i)", "bool", "False"),
        ("v.s | {9}", "set[int]", "{1, 2, 3, 9}"), ("v.s & {3, 9}", "set[int]", "{3}"), ("v.s - {3}", "set[int]", "{1, 2}"),
        ("v.s.union({9}, {8})", "set[int]", "{1, 2, 3, 8, 9}"), ("v.s.intersect({1, 2}, {2})", "set[int]", "{2}"),
        ("v.s.difference({1})", "set[int]", "{2, 3}"), ("v.s <= {1, 2, 3}", "bool", "True"), ("v.s < {1, 2, 3}", "bool", "False"),
        ("v.s >= {1}", "bool", "True"), ("v.s > {1, 2, 3}", "bool", "False"), ("v.s.issubset({1})", "bool", "False"),
        ("v.s.contains(2)", "bool", "True"), ("v.i.in_(v.s)", "bool", "False"), ("v.s.size", "int", "3"), ("v.s.is_empty", "bool", "False"),
        ("v.s.filter(lambda x: x != 2)", "set[int]", "{1, 3}"), ("v.s.map(lambda x: x > 1)", "set[bool]", "{False, True}"),
        ("v.s.map_to(lambda x: x > 1)", "dict[int, bool]", "{1: False, 2: True, 3: True}"), ("v.s.exists(lambda x: x == 2)", "bool", "True"),
        ("v.s.forall(lambda x: x == 2)", "bool", "False"), ("v.ss.flattened", "set[int]", "{1, 2}"),
        ("v.s.reduce(lambda a, x: a * 10 + x, 0)", "int", "123"), ("v.s.choose(lambda x: x > 1)", "int", "2"), ("v.s.choose()", "int", "1"),
        ("Set((x, y) for x in v.s for y in v.l)", "set[tuple[int, int]]", "{(x, y) for x in (1, 2, 3) for y in (5, 6)}"),
    ],
    "map": [
        ("Map((1, True), (2, False))", "dict[int, bool]", "{1: True, 2: False}"), ("Map(str, int)", "dict[str, int]", "{}"),
        ("Map(x > 1 for x in v.s)", "dict[int, bool]", "{1: False, 2: True, 3: True}"),
        ("Map(x + y for x in v.s for y in Set(0)).keys", "set[tuple[int, int]]", "{(1, 0), (2, 0), (3, 0)}"),
        ("v.m[1]", "int", "10"), ("v.m.insert(9, 1)", "dict[int, int]", "{1: 10, 2: 20, 3: 10, 9: 1}"),
        ("v.m.insert(1, 1)[1]", "int", "1"), ("v.m.replace(1, 5)[1]", "int", "5"), ("v.m.keys", "set[int]", "{1, 2, 3}"),
        ("v.m.values", "set[int]", "{10, 20}"), ("v.m.size", "int", "3"), ("v.m.is_empty", "bool", "False"),
        ("v.m.reduce(lambda acc, k, x: acc * 100 + k * 10 + x / 10, 0)", "int", "112231"), ("v.m.contains(9)", "bool", "False"),
        ("Map(x * 2 for x in v.l)", "dict[int, int]", "{5: 10, 6: 12}"),
    ],
    "list": [
        ("List(1, 2)", "list[int]", "[1, 2]"), ("List(int)", "list[int]", "[]"), ("Range(2, 5)", "list[int]", "[2, 3, 4]"),
        ("v.l[1]", "int", "6"), ("v.l[-1]", "int", "5"), ("v.l[0:2]", "list[int]", "[5, 6]"), ("v.l[-2:]", "list[int]", "[6, 5]"),
        ("v.l[-9:]", "list[int]", "[5, 6, 5]"), ("v.l[:-1]", "list[int]", "[5, 6]"), ("v.l[2:1]", "list[int]", "[]"), ("v.l[1:9]", "list[int]", "[6, 5]"),
        ("v.l + [1]", "list[int]", "[5, 6, 5, 1]"), ("v.l.replace(0, 1)", "list[int]", "[1, 6, 5]"), ("v.l.replace(-1, 1)", "list[int]", "[5, 6, 1]"),
        ("v.l.keys", "set[int]", "{0, 1, 2}"), ("v.l.size", "int", "3"), ("v.l.is_empty", "bool", "False"),
        ("v.l.filter(lambda x: x == 5)", "list[int]", "[5, 5]"), ("v.l.map(lambda x: x > 5)", "list[bool]", "[False, True, False]"),
        ("v.l.reduce(lambda a, x: a * 10 + x, 0)", "int", "565"), ("v.l.exists(lambda x: x == 6)", "bool", "True"),
        ("v.l.forall(lambda x: x == 5)", "bool", "False"), ("v.l.contains(6)", "bool", "True"), ("v.i.in_(v.l)", "bool", "False"),
        ("List(x * y for x in v.l for y in List(1, 2))", "list[int]", "[5, 10, 6, 12, 5, 10]"),
        ("List(x + k for x in v.l for k in (0, 1))", "list[int]", "[5, 6, 6, 7, 5, 6]"),
        ("List(x for x in Set(3, 1, 2))", "list[int]", "[1, 2, 3]"), ("List(k for k in (1, 2))", "list[int]", "[1, 2]"),
        ("List(x for x in v.l if x > 5)", "list[int]", "[6]"),
    ],
    "tuple": [
        ("Tuple(v.i, True)", "tuple[int, bool]", "(7, True)"), ("v.t[0]", "int", "4"), ("v.t[-1]", "bool", "True"),
        ("[a + 1 for a, b in [v.t]][0]", "int", "5"), ("v.t.replace(0, 1)", "tuple[int, bool]", "(1, True)"),
    ],
    "record": [
        ("Point(x=1, y=2).x", "int", "1"), ("Point(1, 2).y", "int", "2"), ("Record(f=1, g=True).g", "bool", "True"), ("v.r.x", "int", "1"),
        ("v.r['y']", "int", "2"), ("v.r.replace(x=5).x", "int", "5"), ("v.r._.replace(x=5).x", "int", "5"), ("v.o.size", "int", "9"),
        ("v.o.keys", "bool", "True"), ("v.o.replace", "int", "1"), ("v.o.values", "int", "2"), ("v.o.edit", "int", "3"), ("v.o.if_", "int", "4"),
        ("v.o.in_", "int", "5"), ("v.o.contains", "int", "6"), ("v.o._.replace(size=1).size", "int", "1"),
        ("v.o._.if_(v.b).else_(v.o).size", "int", "9"), ("v.o._.in_(Set(v.o))", "bool", "True"), ("v.r == Point(x=1, y=2)", "bool", "True"),
    ],
    "union": [
        ("Msg.Ping(3) == v.u", "bool", "False"), ("Msg.Stop() == v.u", "bool", "False"), ("v.u.tag == 'Ping'", "bool", "True"),
        ("v.u.match(Ping=lambda n: n, Pair=lambda p: p[0], Stop=lambda: 0)", "int", "8"), ("v.u.match(Stop=lambda: 1, default=2)", "int", "2"),
        ("Msg.Pair((1, True)).match(Pair=lambda p: p[1], default=False)", "bool", "True"),
        ("Msg.Stop().match(Stop=lambda: True, default=lambda: False)", "bool", "True"),
    ],
    "quantifiers and Python": [
        ("Forall(x < y + 3 for x in v.s for y in v.l)", "bool", "True"), ("Exists(x == y for x in v.s for y in v.l)", "bool", "False"),
        ("Forall(x > 1 for x in v.s if x != 1)", "bool", "True"), ("Exists(x == y for x in v.s if x > 2 for y in v.s if y > x)", "bool", "False"),
        ("Set(x + y for x in v.s if x > 1 for y in v.s if y < x)", "set[int]", "{3, 4, 5}"), ("Map(x for x in v.s if x > 1)", "dict[int, int]", "{2: 2, 3: 3}"),
        ("SetIf(x > 1 for x in v.s if x < 3)", "set[int]", "{2}"), ("Forall(a < 3 for a, b in Set((1, 2), (2, 3)))", "bool", "True"),
    ],
}  # fmt: skip

FLAT = [(kind, *row) for kind, rows in ROWS.items() for row in rows]


def spec(rows: list[tuple[str, str, str, str]]) -> str:
    parts = [
        f"@invariant\ndef p{n}(v: S):\n    return ({text}) == ({expected})\n\n@coverage\ndef c{n}(v: S):\n    return {text}\n"
        for n, (_, text, _, expected) in enumerate(rows)
    ]
    return DECLARATIONS + "\n".join(parts)


def test_every_operation_of_the_tables_has_the_value_the_language_says(author: Author) -> None:
    results = author.results(spec(FLAT))
    wrong = {FLAT[n][1]: results[f"p{n}"] for n in range(len(FLAT)) if results[f"p{n}"].verdict is not Verdict.HOLDS}
    assert wrong == {}


def test_every_operation_of_the_tables_has_the_type_the_language_says(author: Author) -> None:
    model = author.model(spec(FLAT))
    types = {FLAT[n][1]: str(each.body.type) for n, each in enumerate(model.coverages)}
    assert types == {text: type_ for _, text, type_, _ in FLAT}


MISUSED = {
    "v.i + True": "type-mismatch", "v.i < 'a'": "type-mismatch", "v.b + 1": "no-such-operation", "v.w < 'y'": "no-such-operation",
    "v.e == 'Try'": "type-mismatch", "v.w + 'y'": "no-such-operation", "Set(1, 'a')": "type-mismatch", "Set()": "untyped-empty",
    "List()": "untyped-empty", "Map()": "untyped-empty", "v.s | {'a'}": "type-mismatch", "v.s.contains('a')": "type-mismatch",
    "v.s.filter(lambda x: x)": "type-mismatch", "v.s.flattened": "type-mismatch", "v.s.reduce(lambda a, x: x > 0, 0)": "type-mismatch",
    "v.m['a']": "type-mismatch", "v.m.insert(1, True)": "type-mismatch", "v.m.filter(lambda k: True)": "no-such-operation",
    "v.l['a']": "type-mismatch", "v.l + [True]": "type-mismatch", "v.l[::2]": "slice-step", "v.l.union(v.l)": "no-such-operation",
    "v.t[2]": "type-mismatch", "v.t[v.i]": "tuple-index", "v.t.replace(5, 1)": "tuple-index", "v.r.z": "no-such-field",
    "v.r.replace(z=1)": "no-such-field", "Point(x=1)": "record-fields", "Point(1, 2, 3)": "record-fields", "v.r['z']": "type-mismatch",
    "v.u.match(Ping=lambda n: 1)": "match-arms", "v.u.match(Pong=lambda: 1, default=0)": "match-arms", "Msg.Ping()": "union-payload",
    "Msg.Ping(True)": "type-mismatch", "v.u.match(Ping=lambda n: n, default=True)": "type-mismatch", "AllSubsets(v.i)": "type-mismatch",
    "AllMaps(v.s, v.i)": "type-mismatch", "AllRecords(Point, x=v.s)": "record-fields", "Ite(v.i, 1, 2)": "type-mismatch",
    "Ite(v.b, 1, True)": "type-mismatch", "Forall(x for x in v.s)": "type-mismatch", "Interval(1, True)": "type-mismatch",
    "v.i.upto('a')": "type-mismatch", "Val(None)": "not-a-value", "Val(1.5)": "not-a-value", "Val(object())": "not-a-value",
}  # fmt: skip


@pytest.mark.parametrize("text", MISUSED)
def test_a_misuse_is_refused_at_its_line(author: Author, text: str) -> None:
    error = author.error(DECLARATIONS + f"@coverage\ndef p(v: S):\n    return {text}\n")
    assert (error.code, error.span is not None and text in error.source_line) == (MISUSED[text], True)


UNDEFINED = {
    "v.m[9]": "the key is not in the map", "v.m.replace(9, 1)": "the key is not in the map", "v.l[3]": "out of range",
    "v.l[-4]": "out of range", "v.l.replace(3, 1)": "out of range", "v.s.choose(lambda x: x > 9)": "choose",
    "v.i // (v.i - 7)": "division by zero", "v.i % (v.i - 7)": "modulo by zero", "v.i ** (-v.i)": "negative exponent",
    "Set(x for x in Ints)": "infinite set", "Forall(x == x for x in Ints)": "infinite set", "Ints.size": "infinite set",
    "Ints.map(lambda x: x)": "infinite set", "UnsignedInts.is_empty": "infinite set", "Ints.choose(lambda x: x > 3)": "infinite set",
    "Ints.reduce(lambda a, x: a, 0)": "infinite set", "AllSubsets(Ints).size": "infinite set", "AllTuples(Ints, v.s).size": "infinite set",
    "Set(Ints)": "infinite set", "Ints | v.s": "infinite set", "Ints - v.s": "infinite set", "Ints & UnsignedInts": "infinite set",
    "(Ints - v.s).size": "infinite set", "Ints.filter(lambda x: x > 3)": "infinite set",
}  # fmt: skip


def test_an_operation_without_a_value_is_an_error_of_its_property(author: Author) -> None:
    parts = [
        f"@invariant\ndef p{n}(v: S):\n    return Val({t}) == ({t})\n" if "Forall" not in t else f"@invariant\ndef p{n}(v: S):\n    return {t}\n"
        for n, t in enumerate(UNDEFINED)
    ]  # fmt: skip
    results = author.results(DECLARATIONS + "\n".join(parts))
    told = {t: results[f"p{n}"] for n, t in enumerate(UNDEFINED)}
    assert {t for t, r in told.items() if r.verdict is not Verdict.ERROR} == set()
    assert {
        t: r.error and r.error.reason
        for t, r in told.items()
        if UNDEFINED[t] not in (r.error.reason if r.error else "")
    } == {}
