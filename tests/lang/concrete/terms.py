"""Random expressions of the language, as Python source over the state of `world`; typed, so that they can be captured.

A term is text: it is executed as an author's code would be, once captured and once on values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Maker = Callable[["Terms", int], str]

INT, BOOL, SET, SETS, MAP, LIST, PAIR, RECORD, UNION, ENUM = (
    "int", "bool", "set", "sets", "map", "list", "pair", "record", "union", "enum",
)  # fmt: skip
TYPES = (INT, BOOL, SET, SETS, MAP, LIST, PAIR, RECORD, UNION, ENUM)


@dataclass
class Terms:
    """Makes terms of numbers between two bounds; `plain` also in the plain-Python spellings, which need rewriting."""

    number: Callable[[int, int], int]
    plain: bool = False
    scope: list[tuple[str, str]] = field(default_factory=list)
    names: int = 0

    def pick(self, options: Any) -> Any:
        """One of the options."""
        return options[self.number(0, len(options) - 1)]

    def term(self, type_: str, depth: int) -> str:
        """A term of a type, nested at most so deeply."""
        bound = [name for name, kind in self.scope if kind == type_]
        if depth <= 0 or self.number(0, 5) == 3:
            return str(self.pick(bound if bound and self.number(0, 1) else LEAVES[type_]))
        makers = MAKERS[type_] + (PLAIN.get(type_, []) if self.plain else [])
        return str(self.pick(makers)(self, depth - 1))

    def bound(self, type_: str, make: Callable[[str], str]) -> str:
        """A term in which a fresh name stands for a value of a type."""
        self.names += 1
        name = f"v{self.names}"
        self.scope.append((name, type_))
        text = make(name)
        self.scope.remove((name, type_))
        return text


LEAVES: dict[str, list[str]] = {
    INT: ["Val(0)", "Val(1)", "Val(-1)", "Val(2)", "s.x", "s.y", "s.N"],
    BOOL: ["Val(True)", "Val(False)", "s.b"],
    SET: ["s.e", "Set(int)", "Set(Val(1), Val(2))"],
    SETS: ["Set(s.e)", "Set(set[int])"],
    MAP: ["s.m", "Map(int, int)", "Map((Val(0), s.x), (Val(1), s.y))"],
    LIST: ["s.l", "List(int)", "List(s.x, s.y)"],
    PAIR: ["s.p", "Tuple(s.x, s.b)"],
    RECORD: ["s.r", "R(f=s.x, g=s.e)"],
    UNION: ["s.u", "U.A(s.x)", "U.B()"],
    ENUM: ["Val(E.P)", "Val(E.Q)", "s.c"],
}


def _of(template: str, *types: str) -> Maker:
    """A maker from a template with one {} for each type."""

    def make(t: Terms, depth: int) -> str:
        return template.format(*(t.term(kind, depth) for kind in types))

    return make


def _over(template: str, body: str, element: str = INT, domain: str = SET) -> Maker:
    """A maker of a binder: {x} is the bound name, {body} and {domain} are terms."""

    def make(t: Terms, depth: int) -> str:
        over = t.term(domain, depth)
        return t.bound(element, lambda x: template.format(x=x, body=t.term(body, depth), domain=over))

    return make


def _nested(template: str, body: str) -> Maker:
    """A maker of a binder with two loops, the second over what may depend on the first element."""

    def make(t: Terms, depth: int) -> str:
        first = t.term(SET, depth)

        def inner(x: str) -> str:
            second = t.term(t.pick((SET, LIST)), depth)
            return t.bound(
                INT, lambda y: template.format(x=x, y=y, body=t.term(body, depth), first=first, second=second)
            )

        return t.bound(INT, inner)

    return make


def _fold(template: str, domain: str) -> Maker:
    def make(t: Terms, depth: int) -> str:
        over, start = t.term(domain, depth), t.term(INT, depth)

        def inner(acc: str) -> str:
            def again(x: str) -> str:
                if domain != MAP:
                    return template.format(acc=acc, x=x, body=t.term(INT, depth), domain=over, start=start)
                return t.bound(
                    INT,
                    lambda y: template.format(
                        acc=acc, x=f"{x}, {y}", body=t.term(INT, depth), domain=over, start=start
                    ),
                )

            return t.bound(INT, again)

        return t.bound(INT, inner)

    return make


def _match(template: str, result: str) -> Maker:
    def make(t: Terms, depth: int) -> str:
        subject, other = t.term(UNION, depth), t.term(result, depth)
        return t.bound(INT, lambda x: template.format(subject=subject, x=x, body=t.term(result, depth), other=other))

    return make


_SAME = [f"({{}} {symbol} {{}})" for symbol in ("==", "!=")]


def _anything(t: Terms, depth: int) -> str:
    kind = t.pick(TYPES)
    return str(t.pick(_SAME)).format(t.term(kind, depth), t.term(kind, depth))


def _choice(t: Terms, depth: int, kind: str) -> str:
    condition, then, otherwise = t.term(BOOL, depth), t.term(kind, depth), t.term(kind, depth)
    template = t.pick(["Ite({1}, {0}, {2})", "{0}.if_({1}).else_({2})"])
    return str(template).format(then, condition, otherwise)


def _partly(t: Terms, depth: int) -> str:
    """A comparison that for some elements of a loop has no value."""
    names = [name for name, kind in t.scope if kind == INT] or ["s.x"]
    template = t.pick(["((3 // ({} - {})) {} {})", "(s.m[{} - {}] {} {})", "(s.l[{} - {}] {} {})"])
    return str(template).format(t.pick(names), t.number(0, 2), t.pick(["<", ">=", "=="]), t.number(-1, 1))


_REDUCE = "{domain}.reduce(lambda {acc}, {x}: {body}, {start})"

MAKERS: dict[str, list[Maker]] = {
    INT: [
        *(_of(f"({{}} {symbol} {{}})", INT, INT) for symbol in ("+", "-", "*", "/", "//", "%", "//", "%")),
        _of("(-{})", INT), _of("({} ** 2)", INT), _of("(3 - {})", INT), _of("(1 // {})", INT), _of("({} // 0)", INT),
        _of("{}.size", SET), _of("{}.size", MAP), _of("{}.size", LIST), _of("{}.size", SETS),
        _of("{}[{}]", MAP, INT), _of("{}[{}]", LIST, INT), _of("{}[-1]", LIST), _of("{}[0]", PAIR), _of("{}.f", RECORD),
        _over("{domain}.choose(lambda {x}: {body})", BOOL), _of("{}.choose()", SET),
        _fold(_REDUCE, SET), _fold(_REDUCE, LIST), _fold(_REDUCE, MAP),
        _match("{subject}.match(A=lambda {x}: {body}, B=lambda: {other})", INT),
        _match("{subject}.match(A=lambda {x}: {body}, default={other})", INT),
        lambda t, d: _choice(t, d, INT),
    ],
    BOOL: [
        *(_of(f"({{}} {symbol} {{}})", INT, INT) for symbol in ("<", "<=", ">", ">=")),
        _anything, _anything, _partly, _partly, _partly,
        _of("({} & {})", BOOL, BOOL), _of("({} | {})", BOOL, BOOL), _of("(~{})", BOOL), _of("Not({})", BOOL),
        _of("And({}, {})", BOOL, BOOL), _of("Or({}, {}, {})", BOOL, BOOL, BOOL), _of("Implies({}, {})", BOOL, BOOL),
        _of("{}.implies({})", BOOL, BOOL), _of("{}.and_({})", BOOL, BOOL), _of("{}.or_({})", BOOL, BOOL),
        _over("Forall({body} for {x} in {domain})", BOOL), _over("Exists({body} for {x} in {domain})", BOOL),
        _over("Exists({body} for {x} in {domain})", BOOL, INT, LIST),
        _over("Forall({body} for {x} in {domain})", BOOL, SET, SETS),
        _nested("Forall({body} for {x} in {first} for {y} in {second})", BOOL),
        _over("{domain}.exists(lambda {x}: {body})", BOOL), _over("{domain}.forall(lambda {x}: {body})", BOOL),
        _over("{domain}.forall(lambda {x}: {body})", BOOL, INT, LIST),
        _of("{}.contains({})", SET, INT), _of("{}.in_({})", INT, SET), _of("{}.in_({})", INT, LIST),
        _of("{}.contains({})", LIST, INT), _of("{}.contains({})", SETS, SET), _of("{}.keys.contains({})", MAP, INT),
        _of("({} <= {})", SET, SET), _of("({} < {})", SET, SET), _of("({} >= {})", SET, SET), _of("({} > {})", SET, SET),
        _of("{}.issubset({})", SET, SET), _of("{}.is_empty", SET), _of("{}.is_empty", MAP), _of("{}.is_empty", LIST),
        _of("{}[1]", PAIR), _of("({}.tag == 'A')", UNION), _of("AllSubsets({}).contains({})", SET, SET),
        _of("And({0}.keys.contains({1}), {0}[{1}] > 0)", MAP, INT),
        lambda t, d: _choice(t, d, BOOL),
    ],
    SET: [
        *(_of(f"({{}} {symbol} {{}})", SET, SET) for symbol in ("|", "&", "-")),
        _of("Set({}, {})", INT, INT), _of("{}.union({})", SET, SET), _of("{}.intersect({}, {})", SET, SET, SET),
        _of("{}.difference({})", SET, SET), _of("Interval({} % 3, {} % 5)", INT, INT), _of("(0 - {} % 3).upto(2)", INT),
        _of("Set({} % 3, ..., 3)", INT), _of("{}.keys", MAP), _of("{}.values", MAP), _of("{}.keys", LIST), _of("{}.g", RECORD),
        _of("{}.flattened", SETS), _of("{}.choose()", SETS),
        _over("{domain}.filter(lambda {x}: {body})", BOOL), _over("{domain}.map(lambda {x}: {body})", INT),
        _over("Set({body} for {x} in {domain})", INT), _over("SetIf({body} for {x} in {domain})", BOOL),
        _over("Set({body} for {x} in {domain})", INT, INT, LIST),
        _nested("Set({body} for {x} in {first} for {y} in {second})", INT),
        _nested("Set({x} - {y} for {x} in {first} for {y} in {second} )", INT),
        _nested("SetIf({body} for {x} in {first} for {y} in {second}).map(lambda a, b: a + b)", BOOL),
        lambda t, d: _choice(t, d, SET),
    ],
    SETS: [
        _of("Set({}, {})", SET, SET), _of("AllSubsets({} & Set(0, 1, 2))", SET), _of("({} | {})", SETS, SETS),
        _over("Set({body} for {x} in {domain})", SET), _over("{domain}.filter(lambda {x}: {body})", BOOL, SET, SETS),
    ],
    MAP: [
        _of("Map(({}, {}), ({}, {}))", INT, INT, INT, INT), _of("{}.insert({}, {})", MAP, INT, INT),
        _of("{}.replace({}, {})", MAP, INT, INT), _over("Map({body} for {x} in {domain})", INT),
        _over("{domain}.map_to(lambda {x}: {body})", INT), lambda t, d: _choice(t, d, MAP),
        _of("AllMaps({} & Set(0, 1), Set(1, 2)).choose()", SET),
    ],
    LIST: [
        _of("List({}, {})", INT, INT), _of("Range({} % 3, {} % 4)", INT, INT), _of("({} + {})", LIST, LIST),
        _of("{}[{}:{}]", LIST, INT, INT), _of("{}[1:]", LIST), _of("{}[:-1]", LIST), _of("{}.replace({}, {})", LIST, INT, INT),
        _over("{domain}.filter(lambda {x}: {body})", BOOL, INT, LIST), _over("{domain}.map(lambda {x}: {body})", INT, INT, LIST),
        _over("List({body} for {x} in {domain})", INT, INT, LIST), lambda t, d: _choice(t, d, LIST),
    ],
    PAIR: [
        _of("Tuple({}, {})", INT, BOOL), _of("{}.replace(0, {})", PAIR, INT), _of("{}.replace(-1, {})", PAIR, BOOL),
        _of("AllTuples({}, Set(True, False)).choose()", SET), lambda t, d: _choice(t, d, PAIR),
    ],
    RECORD: [
        _of("R(f={}, g={})", INT, SET), _of("{}.replace(f={})", RECORD, INT), _of("{}.replace(g={})", RECORD, SET),
        _of("AllRecords(R, f={}, g={}).choose()", SET, SETS), lambda t, d: _choice(t, d, RECORD),
    ],
    UNION: [_of("U.A({})", INT), lambda t, d: _choice(t, d, UNION)],
    ENUM: [lambda t, d: _choice(t, d, ENUM), _match("{subject}.match(A=lambda {x}: {body}, default={other})", ENUM)],
}  # fmt: skip

PLAIN: dict[str, list[Maker]] = {
    INT: [
        _of("({0} if {1} else {2})", INT, BOOL, INT), _of("len({})", SET), _of("len({})", LIST),
        _over("sum({body} for {x} in {domain})", INT), _of("min({}, {})", INT, INT),
    ],
    BOOL: [
        _of("({} and {})", BOOL, BOOL), _of("({} or {})", BOOL, BOOL), _of("(not {})", BOOL),
        _of("({} < {} <= {})", INT, INT, INT), _of("({} in {})", INT, SET), _of("({} not in {})", INT, MAP),
        _of("({1} in {0} and {0}[{1}] > 0)", MAP, INT),
        _over("all({body} for {x} in {domain})", BOOL), _over("any({body} for {x} in {domain})", BOOL),
        _over("Forall({body} for {x} in {domain} if {x} > 0)", BOOL),
    ],
    SET: [
        _over("{{{body} for {x} in {domain}}}", INT), _over("{{{x} for {x} in {domain} if {body}}}", BOOL),
        _of("({0} if {1} else {2})", SET, BOOL, SET),
    ],
    MAP: [_over("{{{x}: {body} for {x} in {domain}}}", INT)],
    LIST: [_over("[{body} for {x} in {domain}]", INT, INT, LIST)],
}  # fmt: skip
"""Makers of the plain-Python spellings."""


@st.composite
def terms(draw: Any, plain: bool = False) -> str:
    """The source of a term of any type."""
    made = Terms(lambda low, high: int(draw(st.integers(low, high))), plain)
    return made.term(made.pick(TYPES), 1 + made.number(0, 3))
