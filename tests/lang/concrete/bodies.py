"""Random bodies of actions over the state of `world`, as Python source: assignments, branches, choices, calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from tests.lang.concrete.terms import BOOL, ENUM, INT, LIST, MAP, PAIR, RECORD, SET, UNION, Terms

VARIABLES = {
    "x": INT,
    "y": INT,
    "b": BOOL,
    "e": SET,
    "m": MAP,
    "l": LIST,
    "p": PAIR,
    "r": RECORD,
    "u": UNION,
    "c": ENUM,
}
KEYED = {
    "m": ["s.m[{i}] {o} {i}", "s.m[{i}] = {i}"],
    "l": ["s.l[{i}] {o} {i}", "s.l[-1] = {i}"],
    "p": ["s.p[0] {o} {i}", "s.p[1] = {b}"],
    "r": ["s.r.f {o} {i}", "s.r.g |= {s}"],
}
"""Writes into part of a variable."""

ACTIONS = """
@action(inline=False)
def put(c: Context[World], n: Annotated[Expr, int]):
    c.assume(n < 5)
    c.state.y = n + c.state.x

@action(inline=False)
def touch(c: Context[World], k: Annotated[Expr, int], unused: Annotated[Expr, int]):
    s = c.state
    if s.m.keys.contains(k):
        s.m[k] += 1
    else:
        with c.one_of(s.e, "k") as other:
            c.assume(other != k)

@action
def flip(c: Context[World]):
    s = c.state
    stay, turn = c.alternatives("stay", "turn")
    with stay:
        pass
    with turn:
        s.b = ~s.b
"""
CALLS = {"put(c, {i})": "y", "touch(c, {i}, {i})": "m", "flip(c)": "b"}
"""Calls of other actions, and the variable that each writes."""


@dataclass
class Bodies:
    """Makes the lines of an action. `whole` and `keyed` are the variables assigned on the way to here."""

    terms: Terms
    whole: set[str] = field(default_factory=set)
    keyed: set[str] = field(default_factory=set)
    names: int = 0

    def block(self, depth: int) -> list[str]:
        """A few statements."""
        before = list(self.terms.scope)
        lines = [line for _ in range(1 + self.terms.number(0, 2)) for line in self.statement(depth)]
        self.terms.scope[:] = before
        return lines

    def statement(self, depth: int) -> list[str]:
        """One statement, with what is inside it."""
        simple = [
            self._assume,
            self._assign,
            self._assign,
            self._assign,
            self._keyed,
            self._keyed,
            self._local,
            self._call,
        ]
        nested = [self._one_of, self._alternatives, self._split, self._if, self._if] if depth > 0 else []
        return list(self.terms.pick([*simple, *nested, *nested])(depth - 1))

    def _term(self, type_: str) -> str:
        return self.terms.term(type_, self.terms.number(0, 2))

    def _filled(self, template: str) -> str:
        for mark, type_ in (("{i}", INT), ("{b}", BOOL), ("{s}", SET)):
            while mark in template:
                template = template.replace(mark, self._term(type_), 1)
        return template.replace("{o}", self.terms.pick(["=", "+=", "-="]))

    def _name(self) -> str:
        self.names += 1
        return f"w{self.names}"

    def _assume(self, depth: int) -> list[str]:
        return [f"c.assume({self._term(BOOL)})"]

    def _assign(self, depth: int) -> list[str]:
        free = sorted(set(VARIABLES) - self.whole - self.keyed)
        if not free:
            return self._assume(depth)
        name = self.terms.pick(free)
        value = self._term(VARIABLES[name])
        self.whole.add(name)
        return [f"s.{name} = {value}"]

    def _keyed(self, depth: int) -> list[str]:
        name = self.terms.pick(sorted(KEYED))
        line = self._filled(self.terms.pick(KEYED[name]))
        self.keyed.add(name)
        return [line]

    def _local(self, depth: int) -> list[str]:
        name, type_ = self._name(), self.terms.pick([INT, SET, MAP])
        value = self._term(type_)
        self.terms.scope.append((name, type_))
        return [f"{name} = {self.terms.pick(['{0}', 'c.cache({0}, {1!r})']).format(value, name)}"]

    def _call(self, depth: int) -> list[str]:
        call = self.terms.pick(sorted(CALLS))
        wrote = CALLS[call]
        if wrote in self.whole | self.keyed and wrote != "m":
            return self._assume(depth)
        line = self._filled(call)
        (self.keyed if wrote == "m" else self.whole).add(wrote)
        return [line]

    def _one_of(self, depth: int) -> list[str]:
        name = self._name()
        domain = self._term(SET)
        self.terms.scope.append((name, INT))
        inside = self.block(depth)
        return [f"with c.one_of({domain}, {name!r}) as {name}:", *_indented(inside)]

    def _arms(self, depth: int, count: int) -> list[list[str]]:
        """Blocks of which one is taken: what any of them assigns is assigned after them."""
        whole, keyed, made = set(self.whole), set(self.keyed), []
        after_whole, after_keyed = set(whole), set(keyed)
        for _ in range(count):
            self.whole, self.keyed = set(whole), set(keyed)
            made.append(self.block(depth))
            after_whole |= self.whole
            after_keyed |= self.keyed
        self.whole, self.keyed = after_whole, after_keyed
        return made

    def _alternatives(self, depth: int) -> list[str]:
        one, other = self._name(), self._name()
        first, second = self._arms(depth, 2)
        head = f"{one}, {other} = c.alternatives({one!r}, {other!r})"
        return [head, f"with {one}:", *_indented(first), f"with {other}:", *_indented(second)]

    def _split(self, depth: int) -> list[str]:
        one, other, condition = self._name(), self._name(), self._term(BOOL)
        first, second = self._arms(depth, 2)
        arms = [f"with {one}:", *_indented(first)], [f"with {other}:", *_indented(second)]
        chosen = self.terms.pick([arms[0], arms[1], arms[0] + arms[1], arms[1] + arms[0]])
        return [f"{one}, {other} = c.split({condition})", *chosen]

    def _if(self, depth: int) -> list[str]:
        condition, again = self._term(BOOL), self._term(BOOL)
        count = 2 + self.terms.number(0, 1)
        first, *rest = self._arms(depth, count)
        lines = [f"if {condition}:", *_indented(first)]
        if len(rest) == 2:
            lines += [f"elif {again}:", *_indented(rest[0])]
        return [*lines, "else:", *_indented(rest[-1])]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def source(terms: Terms) -> str:
    """The source of a `step`, and of the actions it calls."""
    lines = _indented(Bodies(terms).block(2))
    return ACTIONS + "\n@action\ndef step(c: Context[World]):\n    s = c.state\n" + "\n".join(lines) + "\n"


@st.composite
def sources(draw: st.DrawFn) -> str:
    """The sources of random steps."""
    return source(Terms(lambda low, high: int(draw(st.integers(low, high)))))
