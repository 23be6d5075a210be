r"""The canonical order as TLA+ operators: one `Precedes_…` a type, and `Least_…` where the least element is taken.

TLA+ orders only numbers. Strings are ordered by a list of all strings of the model and its instance (no operation
makes others), enums and tags by the list of their members, everything else from its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from speccheck.exchange.constants import field_names, payload_name, string
from speccheck.exchange.names import Names
from speccheck.ir.types import (
    BoolType,
    EnumType,
    IntType,
    ListType,
    MapType,
    RecordType,
    SetType,
    StrType,
    TupleType,
    Type,
    UnionType,
    UnitType,
    parts,
)


class Orders:
    """The operators that a module has come to need, each before those that use it."""

    def __init__(self, names: Names, strings: Iterable[str], require: Callable[[str], str]) -> None:
        self._names = names
        self._strings = sorted(strings)
        self._require = require
        self._string_order = ""
        self._precedes: dict[Type, str] = {}
        self._least: dict[Type, str] = {}
        self._helpers: dict[tuple[str, Type], str] = {}
        self.definitions: list[str] = []

    def least(self, type_: Type) -> str:
        """The operator that gives the canonically least element of a set of such values."""
        if type_ not in self._least:
            is_int = isinstance(type_, IntType)
            later = "x <= y" if is_int else f"~{self._precedes_name(type_)}(y, x)"
            name = self._least[type_] = self._names.fresh("Least" if is_int else f"Least_{type_}")
            self.definitions.append(rf"{name}(set) == CHOOSE x \in set : \A y \in set : {later}")
        return self._least[type_]

    def _precedes_name(self, type_: Type) -> str:
        if type_ not in self._precedes:
            body = self._body(type_)
            name = self._names.fresh(f"Precedes_{type_}")
            self._precedes[type_] = name
            self.definitions.append(f"{name}(a, b) == {body}")
        return self._precedes[type_]

    def before(self, type_: Type, a: str, b: str) -> str:
        """That one value precedes another."""
        return f"{a} < {b}" if isinstance(type_, IntType) else f"{self._precedes_name(type_)}({a}, {b})"

    def _body(self, type_: Type) -> str:
        match type_:
            case IntType():
                return "a < b"
            case BoolType():
                return r"~a /\ b"
            case StrType():
                return self._by_place(self._listed_strings())
            case UnitType():
                return "FALSE"
            case EnumType(_, members):
                return self._by_place(_listed(members))
            case SetType(element):
                listed = self._sorted(element)
                return f"{self._lists(element)}({listed}(a), {listed}(b))"
            case MapType(key, value):
                return self._maps(key, value)
            case ListType(element):
                return f"{self._lists(element)}(a, b)"
            case TupleType(items):
                return self._products([(f"a[{n}]", f"b[{n}]", item) for n, item in enumerate(items, 1)])
            case RecordType():
                pairs = zip(field_names(type_), parts(type_), strict=True)
                return self._products([(f"a.{name}", f"b.{name}", part) for name, part in pairs])
            case UnionType():
                return self._unions(type_)

    def _by_place(self, order: str) -> str:
        self._require("Place")
        return f"Place({order}, a) < Place({order}, b)"

    def _listed_strings(self) -> str:
        if not self._string_order:
            self._string_order = self._names.fresh("StringOrder")
            self.definitions.append(f"{self._string_order} == {_listed(self._strings)}")
        return self._string_order

    def _products(self, items: list[tuple[str, str, Type]]) -> str:
        """Lexicographically."""
        found = "FALSE"
        for n, (a, b, type_) in enumerate(reversed(items)):
            first = self.before(type_, a, b)
            found = first if n == 0 else rf"{first} \/ ({a} = {b} /\ ({found}))"
        return found

    def _unions(self, type_: UnionType) -> str:
        self._require("Place")
        order = _listed(tag for tag, _ in type_.variants)
        arms = [
            f"a.tag = {string(tag)} -> {self.before(payload, f'a.{name}', f'b.{name}')}"
            for tag, payload in type_.variants
            if not isinstance(payload, UnitType)
            for name in [payload_name(type_, tag)]
        ]
        inside = f"CASE {' [] '.join([*arms, 'OTHER -> FALSE'])}" if arms else "FALSE"
        return f"IF a.tag # b.tag THEN Place({order}, a.tag) < Place({order}, b.tag) ELSE {inside}"

    def _sorted(self, element: Type) -> str:
        """The operator that gives a set as the list of its elements in order."""
        return self._helper(
            "Sorted",
            element,
            lambda name: (
                f"RECURSIVE {name}(_)\n"
                rf"{name}(set) == IF set = {{}} THEN <<>> ELSE LET x == {self.least(element)}(set)"
                rf" IN <<x>> \o {name}(set \ {{x}})"
            ),
        )

    def _lists(self, element: Type) -> str:
        """The operator that compares lists: the first difference decides, else the length."""
        return self._helper(
            "PrecedesList",
            element,
            lambda name: (
                f"RECURSIVE {name}(_, _)\n"
                f"{name}(a, b) ==\n"
                "  IF a = <<>> THEN b # <<>>\n"
                "  ELSE IF b = <<>> THEN FALSE\n"
                f"  ELSE IF a[1] = b[1] THEN {name}(Tail(a), Tail(b))\n"
                f"  ELSE {self.before(element, 'a[1]', 'b[1]')}"
            ),
        )

    def _maps(self, key: Type, value: Type) -> str:
        pair = TupleType((key, value))
        listed = self._sorted(pair)
        compare = self._lists(pair)
        pairs = r"{{ <<k, {0}[k]>> : k \in DOMAIN {0} }}"
        return f"{compare}({listed}({pairs.format('a')}), {listed}({pairs.format('b')}))"

    def _helper(self, wish: str, element: Type, text: Callable[[str], str]) -> str:
        key = (wish, element)
        if key not in self._helpers:
            name = self._names.fresh(f"{wish}_{element}")
            definition = text(name)
            self._helpers[key] = name
            self.definitions.append(definition)
        return self._helpers[key]


def _listed(names: Iterable[str]) -> str:
    return f"<<{', '.join(map(string, names))}>>"
