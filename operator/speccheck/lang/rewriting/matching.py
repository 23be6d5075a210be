"""`match` on an expression: each pattern becomes a condition on the subject and the values of the names it binds.

A subject that is a Python value, or a concrete one, is matched by Python itself, in a function made for each case; so
the body of a case stands once, and this module is asked only about expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from speccheck.ir.nodes import Arm, Bind, Clause, Match
from speccheck.ir.nodes import Expr as Node
from speccheck.ir.types import BOOL, BoolType, EnumType, RecordType, SetType, TupleType, Type, UnionType
from speccheck.lang.activities import only_values
from speccheck.lang.binders import fresh
from speccheck.lang.constructors import And, Or
from speccheck.lang.exprs import Expr, constant, enum_type, lift, node_of, type_of, wrap
from speccheck.lang.rewriting.logic import expression_of, holds_expression
from speccheck.lang.spans import recorded, spec_error


class Pattern:
    """What a case asks of a value, told as data."""


@dataclass(frozen=True, slots=True)
class Anything(Pattern):
    """`_`, or a name."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Equal(Pattern):
    """A literal or a dotted name."""

    value: Any


@dataclass(frozen=True, slots=True)
class Either(Pattern):
    """`a | b`."""

    options: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Named(Pattern):
    """`p as name`."""

    inner: Pattern
    name: str


@dataclass(frozen=True, slots=True)
class Sequence(Pattern):
    """`(a, b)` or `[a, b]`."""

    items: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class OfClass(Pattern):
    """`U.Tag(x)`, `R(f=x)`."""

    cls: Any
    items: tuple[Pattern, ...]
    fields: tuple[tuple[str, Pattern], ...]


@dataclass(frozen=True, slots=True)
class Other(Pattern):
    """A pattern that no expression is matched with."""

    form: str


@dataclass(slots=True)
class Case:
    """One case: `test` says whether it applies, a bool or an expression; `bound` are the values of its names."""

    test: Any
    bound: tuple[Any, ...] = ()


@dataclass(slots=True)
class Subject:
    """What is matched, and which of its alternatives no case so far has taken."""

    value: Any
    symbolic: bool
    left: set[Any] | None = None
    payloads: dict[tuple[int, str], Any] = field(default_factory=dict)

    def case(
        self,
        python: Callable[[Any], tuple[Any, ...] | None],
        pattern: Callable[[], Pattern],
        names: tuple[str, ...],
        guard: Callable[..., Any] | None = None,
    ) -> Case:
        """Whether a case applies."""
        if not self.symbolic:
            found = python(self.value)
            if found is None:
                return Case(False)
            return Case(True if guard is None else guard(*found), found)
        asked = pattern()
        binding = _Binding(self.payloads)
        test = binding.matched(asked, self.value)
        bound = tuple(binding.values[name] for name in names)
        if guard is not None:
            with only_values("a case's guard"):
                kept = guard(*bound)
            return Case(kept if test is True else And(test, kept), bound)
        return Case(self._taken(asked, test), bound)

    def _taken(self, asked: Pattern, test: Any) -> Any:
        """The test, or True where only this is left."""
        if self.left is None:
            return test
        self.left -= _covered(asked, self.value)
        return True if not self.left else test


def subject(value: Any) -> Subject:
    """The subject of a `match`."""
    value = expression_of(value)
    if not holds_expression(value):
        return Subject(value, False)
    lifted = lift(value)
    return Subject(lifted, True, _alternatives(type_of(lifted)))


def _alternatives(type_: Type) -> set[Any] | None:
    match type_:
        case UnionType(_, variants):
            return {tag for tag, _ in variants}
        case EnumType(_, members):
            return set(members)
        case BoolType():
            return {True, False}
        case _:
            return None


def _covered(asked: Pattern, subject: Expr) -> set[Any]:
    """The alternatives of the subject's type that a pattern takes whole."""
    match asked:
        case Either(options):
            return set[Any]().union(*(_covered(option, subject) for option in options))
        case Named(inner):
            return _covered(inner, subject)
        case Equal(Enum() as member):
            return {member.name}
        case Equal(bool() as value):
            return {value}
        case OfClass(cls, items, fields) if not fields and all(isinstance(i, Anything) for i in items):
            return {getattr(cls, "__speccheck_tag__", None)}
        case _:
            return set()


@dataclass(slots=True)
class _Binding:
    payloads: dict[tuple[int, str], Any]
    values: dict[str, Any] = field(default_factory=dict)

    def matched(self, asked: Pattern, subject: Any) -> Any:
        """The condition under which the pattern takes the subject: True, or an expression."""
        match asked:
            case Anything(name):
                if name is not None:
                    self.values[name] = subject
                return True
            case Named(inner, name):
                self.values[name] = subject
                return self.matched(inner, subject)
            case Equal(value):
                return _equal(subject, value)
            case Either(options):
                return self._either(options, subject)
            case Sequence(items):
                return self._items(items, subject)
            case OfClass(cls, items, fields):
                return self._class(cls, items, fields, subject)
            case _:
                raise _refused(asked)

    def _either(self, options: tuple[Pattern, ...], subject: Any) -> Any:
        before = set(self.values)
        tests = [self.matched(option, subject) for option in options]
        if set(self.values) != before:
            raise spec_error(
                "match-pattern", "alternatives of a pattern that bind a name: it would have one value on each way",
                "write one case for each",
            )  # fmt: skip
        return True if any(test is True for test in tests) else Or(*tests)

    def _items(self, items: tuple[Pattern, ...], subject: Any) -> Any:
        type_ = type_of(subject)
        if not isinstance(type_, TupleType) or len(type_.items) != len(items):
            raise spec_error(
                "match-pattern",
                f"a pattern of {len(items)} items for a value of type {type_}, which it never takes",
                "such patterns are for tuples of as many items",
            )
        return _all([self.matched(item, subject[number]) for number, item in enumerate(items)])

    def _class(
        self, cls: Any, items: tuple[Pattern, ...], fields: tuple[tuple[str, Pattern], ...], subject: Any
    ) -> Any:
        type_, tag = type_of(subject), getattr(cls, "__speccheck_tag__", None)
        if isinstance(type_, UnionType) and tag is not None and cls.__speccheck_union__() == type_:
            return self._variant(tag, items + tuple(p for _, p in fields), subject)
        declared = getattr(cls, "__speccheck_type__", None)
        if isinstance(type_, RecordType) and declared is not None and declared() == type_:
            names = [n for n, _ in type_.fields]
            parts = [*zip(names, items, strict=False), *fields]
            return _all([self.matched(inner, subject[name]) for name, inner in parts])
        raise spec_error(
            "match-pattern",
            f"the pattern {getattr(cls, '__name__', cls)}(…) for a value of type {type_}, which it never takes",
            "patterns are U.Tag(x) for a union, PC.Member for an enum, literals, tuples, R(f=x) for a record, names, _",
        )

    def _variant(self, tag: str, items: tuple[Pattern, ...], subject: Any) -> Any:
        if len(items) > 1:
            raise spec_error("match-pattern", f"variant {tag!r} holds one value, the pattern asks for {len(items)}")
        test = subject.tag == tag
        if not items:
            return test
        inner = self.matched(items[0], self._payload(subject, tag))
        return test if inner is True else And(test, inner)

    def _payload(self, subject: Any, tag: str) -> Any:
        """What the variant holds, made once for all cases."""
        key = (id(node_of(subject)), tag)
        if key not in self.payloads:
            self.payloads[key] = payload(subject, tag)
        return self.payloads[key]


def _all(tests: list[Any]) -> Any:
    asked = [test for test in tests if test is not True]
    return asked[0] if len(asked) == 1 else And(*asked) if asked else True


def _equal(subject: Any, value: Any) -> Any:
    type_ = type_of(subject)
    if isinstance(value, Enum) and enum_type(type(value)) != type_:
        raise spec_error(
            "match-pattern", f"the pattern {type(value).__name__}.{value.name} for a value of type {type_}", ""
        )
    if isinstance(value, bool) and type_ == BOOL:
        return subject if value else ~subject
    return subject == value


def payload(subject: Any, tag: str) -> Any:
    """What a union's value holds where it has that tag; without a value where it has another."""
    union: Any = type_of(subject)
    type_ = union.variant(tag)
    local = fresh(type_, tag.lower())
    rest = None if len(union.variants) == 1 else _nothing(type_)
    return wrap(recorded(Match(type_, node_of(subject), (recorded(Arm(tag, local, local)),), rest)))


def _nothing(type_: Type) -> Node:
    """An expression of the type that has no value."""
    clause = Clause(fresh(type_, "none"), node_of(constant(SetType(type_), frozenset())))
    return recorded(Bind(type_, "choose", (recorded(clause),), node_of(constant(BOOL, True))))


def _refused(asked: Pattern) -> Exception:
    form = asked.form if isinstance(asked, Other) else "this pattern"
    return spec_error(
        "match-pattern",
        f"{form} for an expression",
        "patterns are U.Tag(x) for a union, PC.Member for an enum, literals, tuples, R(f=x) for a record, names, _",
    )
