"""Each form of plain Python beside its spelling with operators: one model, or one verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lang.rewriting.samples import DECLARATIONS, invariant, step
from tests.lang.specs import HEADER, Author

from speccheck.checking import CheckRequest, check
from speccheck.ir.text import model_text
from speccheck.loading import load
from speccheck.reports import Verdict

EXPRESSIONS = {
    "s.x == 0 and s.y == 0 and s.t": "And(s.x == 0, s.y == 0, s.t)",
    "s.x == 0 or s.m[9] == 1": "Or(s.x == 0, s.m[9] == 1)",
    "not s.t": "Not(s.t)",
    "True and s.t": "s.t",
    "s.t and False": "And(s.t, False)",
    "(s.x if s.t else s.y) == 0": "Ite(s.t, s.x, s.y) == 0",
    "0 <= s.x < s.y": "And(0 <= s.x, s.x < s.y)",
    "s.x == s.y == 0": "And(s.x == s.y, s.y == 0)",
    "1 in s.s": "s.s.contains(1)",
    "1 not in s.l": "~s.l.contains(1)",
    "s.x in s.m": "s.m.contains(s.x)",
    "s.x in {1, 2}": "Or(s.x == 1, s.x == 2)",
    "s.x in range(3)": "And(s.x >= 0, s.x <= 2)",
    "s.pc in (PC.A, PC.B)": "Or(s.pc == PC.A, s.pc == PC.B)",
    "(s.x, 1) in {(0, 1)}": "Or(Tuple(s.x, 1) == (0, 1))",
    "len(s.s) == 3": "s.s.size == 3",
    "len(s.m) == len(s.l)": "s.m.size == s.l.size",
    "all(x > 0 for x in s.s)": "Forall(x > 0 for x in s.s)",
    "any(x > y for x in s.s for y in s.l)": "Exists(x > y for x in s.s for y in s.l)",
    "all(s.x > i for i in (1, 2))": "And(s.x > 1, s.x > 2)",
    "any([s.t, s.x == 0])": "Or(s.t, s.x == 0)",
    "{x + 1 for x in s.s} == s.s": "Set(x + 1 for x in s.s) == s.s",
    "{s.x, 1} == s.s": "Set(s.x, 1) == s.s",
    "{k: k + 1 for k in s.s} == s.m": "Map(k + 1 for k in s.s) == s.m",
    "{(j, k): j for j in s.s for k in s.s}[(1, 2)] == 1": "Map(j for j in s.s for k in s.s)[(1, 2)] == 1",
    "{s.x: 1}[0] == 1": "Map((s.x, 1))[0] == 1",
    "[x + 1 for x in s.l] == s.l": "List(x + 1 for x in s.l) == s.l",
    "Forall(x > 1 for x in s.s if x != 1)": "Forall(x > 1 for x in s.s.filter(lambda x: x != 1))",
    "Forall(s.x < i for i in (1, 2) if s.y == i)": "And(Implies(s.y == 1, s.x < 1), Implies(s.y == 2, s.x < 2))",
    "Exists(s.x < i for i in (1, 2) if s.y == i)": "Or(And(s.y == 1, s.x < 1), And(s.y == 2, s.x < 2))",
    "min(s.s) == 1": "s.s.choose() == 1",
}


@pytest.mark.parametrize("plain", EXPRESSIONS)
def test_an_expression_in_plain_python_is_the_one_with_operators(author: Author, plain: str) -> None:
    texts = [
        model_text(author.model(DECLARATIONS + step("pass") + invariant(body))) for body in (plain, EXPRESSIONS[plain])
    ]
    assert texts[0] == texts[1]


STEPS = {
    "an if": (
        "if s.t:\n    s.x = 1\nelse:\n    s.y = 2",
        "yes, no = c.split(s.t)\nwith yes:\n    s.x = 1\nwith no:\n    s.y = 2",
    ),
    "an if without else": ("if s.t:\n    s.x = 1", "yes, no = c.split(s.t)\nwith yes:\n    s.x = 1"),
    "an elif": (
        "if s.t:\n    s.x = 1\nelif s.x == 1:\n    s.y = 2\nelse:\n    s.y = 3",
        "yes, no = c.split(s.t)\nwith yes:\n    s.x = 1\nwith no:\n"
        "    one, two = c.split(s.x == 1)\n    with one:\n        s.y = 2\n    with two:\n        s.y = 3",
    ),
    "an early return": (
        "if s.t:\n    s.x = 1\n    return\ns.x = 2",
        "yes, no = c.split(s.t)\nwith yes:\n    s.x = 1\nwith no:\n    s.x = 2",
    ),
    "an early return in the other arm": (
        "if s.t:\n    pass\nelse:\n    return\ns.x = 2",
        "yes, no = c.split(s.t)\nwith yes:\n    s.x = 2",
    ),
    "a local bound in both arms": (
        "if s.t:\n    k = 1\nelse:\n    k = s.y\ns.x = k",
        "yes, no = c.split(s.t)\nwith yes:\n    pass\nwith no:\n    pass\ns.x = Ite(s.t, 1, s.y)",
    ),
    "a match on an enum": (
        "match s.pc:\n    case PC.A:\n        s.x = 1\n    case PC.B | PC.C:\n        s.y = 2",
        "yes, no = c.split(s.pc == PC.A)\nwith yes:\n    s.x = 1\nwith no:\n    s.y = 2",
    ),
    "a Python condition": ("if 1 < 2:\n    s.x = 1\nelse:\n    s.x = 2", "s.x = 1"),
}  # fmt: skip


@pytest.mark.parametrize("what", STEPS)
def test_a_step_in_plain_python_is_the_one_with_splits(author: Author, what: str) -> None:
    plain, written = (model_text(author.model(DECLARATIONS + step(body))) for body in STEPS[what])
    assert plain == written


HOLDING = [
    "sum(x for x in s.s) == 6", "sum(1 for x in s.l) == 3", "sum(x for x in s.l) == 13", "sum(s.l) == 13", "sum(s.s, 4) == 10",
    "sum(x * y for x in s.s if x > 1 for y in s.l if y == 4) == 40", "sum(s.x + i for i in (1, 2)) == 3",
    "sum(1 for x in s.s for y in s.s if x < y) == 3", "sum(1 for i in (1, 2) if s.t for x in s.s if x > i) == 3",
    "min(s.l) == 4 and max(s.l) == 5", "min(x * x for x in s.s) == 1", "max(x * x for x in s.s) == 9", "max(-x for x in s.s) == -1",
    "min((x for x in s.s if x > 9), default=7) == 7", "max((x for x in s.s if x < 3), default=7) == 2",
    "min(s.x, 5, s.l[0]) == 0", "max(s.x, s.y + 1) == 1", "max([s.x, 3]) == 3", "min(i for i in (1, 2) if i > 1) == s.x + 2", "(s.x, [s.y]) == (0, [0]) and (s.x, 1) != (0, 2)",
    "{x for x in s.s if x > 1 if x < 3} == {2}", "{x + y for x in s.s for y in s.l if x == y} == Set(int)",
    "{i for i in (1, 2) if s.t} == {1, 2}", "{x * i for x in s.s for i in (1, 2) if x > i} == {2, 3, 6}",
    "s.t and {k: v for k, v in {1: 2}.items()} == {1: 2}", "{k: s.m[k] for k in s.m.keys if k > 1} == {3: 4}",
    "{k % 2: k for k in s.s} == {0: 2, 1: 3}", "{x: 1 for x in s.l} == {4: 1, 5: 1}",
    "[x for x in s.l if x == 4] == [4, 4]", "[x + y for x in s.l for y in s.l if x < y] == [9, 9]",
    "[i for i in (1, 2) if s.x == 0] == [1, 2]", "[x + i for x in s.l for i in (0, 1)] == [4, 5, 5, 6, 4, 5]", "[i for i in (1, 2) if s.x != 0] == List(int)",
    "[(i, x) for i in (1, 2) for x in s.l][5] == (2, 4)", "set(x for x in s.s) == s.s", "frozenset(x for x in s.s) == s.s",
    "list(x for x in s.l) == s.l", "all(any(x == y for y in s.l) for x in {4, 5})", "all(a < b for a, b in Set((1, 2), (2, 3)))",
    "all(b > 2 for a, b in Set((1, 2), (2, 3)) if a > 1)", "not any(x > 3 for x in s.s)", "any(x == 4 for x in s.l if x != 5)",
    "all([]) and not any([]) and s.t", "all(s.m[k] > 1 for k in s.m.keys)",
    "9 not in s.m and 1 in s.m", "(s.m[9] if 9 in s.m else 0) == 0", "9 in s.m and s.m[9] == 1 or s.t",
    "SetIf(x > 1 for x in s.s if x < 3) == {2}", "Map(x for x in s.s if x > 1) == {2: 2, 3: 3}", "List(x for x in s.l if x > 4) == [5]",
    "len({s.x, s.y}) == 1", "s.t and len((s.x, s.y)) == 2", "s.t and len(Tuple(1, 2)) == 2", "s.x in (s.y, 1)", "1 in [s.x, s.y + 1]",
    "s.u.match(P=lambda n: n > 2 and n < 4, Q=lambda: False)", "(lambda k: k if k > 0 else -k)(s.x - 1) == 1",
    "s.s.filter(lambda x: x > 1 and not x == 3) == {2}", "0 == s.x != 1 <= s.y + 1 in s.s", "s.x <= len([1, 2]) and s.t",
]  # fmt: skip


def test_every_form_means_what_python_says(author: Author) -> None:
    text = DECLARATIONS + step("c.assume(Val(False))") + "".join(invariant(e, f"p{n}") for n, e in enumerate(HOLDING))
    results = author.results(text)
    assert {HOLDING[n] for n in range(len(HOLDING)) if results[f"p{n}"].verdict is not Verdict.HOLDS} == set()


UNDEFINED = [
    "min(x for x in s.s if x > 9) == 0", "max(x for x in s.l if x > 9) == 0", "s.m[9] == 1 or s.t", "s.t and s.m[9] == 1",
    "all(s.m[x] > 0 for x in s.s)", "{x for x in s.s if s.m[x] > 0} == s.s", "sum(s.m[x] for x in s.s) > 0",
    "0 < s.m[9] < 2", "s.m[9] in s.s", "(1 if s.m[9] > 0 else 1) == 1",
]  # fmt: skip


def test_what_has_no_value_is_an_error(author: Author) -> None:
    text = DECLARATIONS + step("c.assume(Val(False))") + "".join(invariant(e, f"p{n}") for n, e in enumerate(UNDEFINED))
    results = author.results(text)
    assert {UNDEFINED[n] for n in range(len(UNDEFINED)) if results[f"p{n}"].verdict is not Verdict.ERROR} == set()


FUNCTIONS = """
@expr
def size(u):
    match u:
        case U.P(n) if n > 5:
            return n
        case U.P(n):
            k = n + 1
        case U.Q():
            return 0
    return k

@expr
def number(pc):
    match pc:
        case PC.A:
            return 1
        case PC.B:
            return 2
        case PC.C:
            return 3

@expr
def named(a, b):
    match (a, b):
        case (0, y):
            return y
        case (x, 1) as both:
            return x + both[0]
        case _:
            return 7

@expr
def literal(n, t):
    match n:
        case 0 | 1:
            return 10
        case m if m < 0 and t:
            return m
        case _:
            pass
    match t:
        case True:
            return 11
        case False:
            return 12

@expr
def late(n, t):
    if t:
        match n:
            case 0:
                n = n + 1
            case _:
                return -n
        n = n + 10
    return n

@expr
def first(l, wanted):
    for i in range(3):
        if l[i] == wanted:
            return i
    return -1

@invariant
def p(s: S):
    return (
        size(s.u) == 4 and size(U.P(9)) == 9 and size(U.Q()) == 0
        and [number(PC.A), number(PC.B), number(s.pc)] == [1, 2, 1]
        and named(s.x, 5) == 5 and named(4, s.y + 1) == 8 and named(s.x + 3, 4) == 7
        and literal(s.x, s.t) == 10 and literal(s.x - 2, s.t) == -2 and literal(s.x - 2, not s.t) == 12
        and late(s.x, s.t) == 11 and late(s.x + 5, s.t) == -5 and late(s.x + 5, not s.t) == 5
        and literal(s.x + 2, s.t) == 11 and first(s.l, 5) == 1 and first(s.l, 9) == -1
    )
"""


def test_functions_with_match_and_loops_mean_what_python_says(author: Author) -> None:
    assert author.results(DECLARATIONS + step("c.assume(Val(False))") + FUNCTIONS)["p"].verdict is Verdict.HOLDS


JUGS = {
    "with operators": """
        fill, empty, pour = c.alternatives("fill", "empty", "pour")
        with fill:
            s.big = 5
        with empty:
            s.small = 0
        with pour:
            moved = Ite(s.big + s.small <= 3, s.big, 3 - s.small)
            with s.editing() as upd:
                upd.big = s.big - moved
                upd.small = s.small + moved
""",
    "in plain Python": """
        with c.one_of(Set("fill", "empty", "pour"), "how") as how:
            if how == "fill":
                s.big = 5
            elif how == "empty":
                s.small = 0
            else:
                moved = min(s.big, 3 - s.small)
                s.big, s.small = s.big - moved, s.small + moved
""",
}


def test_the_jugs_in_both_styles_have_the_same_states(tmp_path: Path) -> None:
    text = """
@state
class J(MachineStateBase):
    big: StateVar[int]
    small: StateVar[int]

@action(init=True)
def init(c: Context[J]):
    c.state.big, c.state.small = 0, 0

@action
def step(c: Context[J]):
    s = c.state
    if True:
{body}
@invariant
def never_four(s: J):
    return s.big != 4
"""
    counts = []
    for number, body in enumerate(JUGS.values()):
        path = tmp_path / f"jugs{number}.py"
        path.write_text(HEADER + text.replace("{body}", body), encoding="utf-8")
        (report,) = check(load(path).model, CheckRequest())
        counts.append((report.stats.distinct, report.verdict, report.depth))
    assert counts[0] == counts[1]
    assert counts[0][1] is Verdict.VIOLATED
