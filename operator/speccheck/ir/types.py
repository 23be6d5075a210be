"""The types of the specification language, as frozen data with a one-line text form.

Types compare structurally. They take no values apart; `ir.values` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class IntType:
    """Integers without bound."""

    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True, slots=True)
class BoolType:
    """False and True."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True, slots=True)
class StrType:
    """Text, compared by code point."""

    def __str__(self) -> str:
        return "str"


@dataclass(frozen=True, slots=True)
class UnitType:
    """The type with one value."""

    def __str__(self) -> str:
        return "Unit"


@dataclass(frozen=True, slots=True)
class EnumType:
    """A named, ordered choice of members."""

    name: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SetType:
    """Finite sets of one element type."""

    element: Type

    def __str__(self) -> str:
        return f"set[{self.element}]"


@dataclass(frozen=True, slots=True)
class MapType:
    """Finite maps."""

    key: Type
    value: Type

    def __str__(self) -> str:
        return f"dict[{self.key}, {self.value}]"


@dataclass(frozen=True, slots=True)
class ListType:
    """Finite sequences, indexed from 0."""

    element: Type

    def __str__(self) -> str:
        return f"list[{self.element}]"


@dataclass(frozen=True, slots=True)
class TupleType:
    """Fixed products without field names."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class RecordType:
    """A named product; fields in declared order."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    def __str__(self) -> str:
        return self.name

    def field(self, name: str) -> Type | None:
        """The type of a field, or None where there is no such field."""
        return dict(self.fields).get(name)

    def position(self, name: str) -> int:
        """The index of a field; ValueError where there is no such field."""
        return [n for n, _ in self.fields].index(name)


@dataclass(frozen=True, slots=True)
class UnionType:
    """A named, tagged sum; variants in declared order."""

    name: str
    variants: tuple[tuple[str, Type], ...]

    def __str__(self) -> str:
        return self.name

    def variant(self, tag: str) -> Type | None:
        """The payload type of a tag, or None where there is no such tag."""
        return dict(self.variants).get(tag)

    def position(self, tag: str) -> int:
        """The index of a tag; ValueError where there is no such tag."""
        return [n for n, _ in self.variants].index(tag)


Type: TypeAlias = (
    IntType
    | BoolType
    | StrType
    | UnitType
    | EnumType
    | SetType
    | MapType
    | ListType
    | TupleType
    | RecordType
    | UnionType
)

INT = IntType()
BOOL = BoolType()
STR = StrType()
UNIT = UnitType()


def parts(type_: Type) -> tuple[Type, ...]:
    """The types a type is directly built from, in order."""
    match type_:
        case SetType(element) | ListType(element):
            return (element,)
        case MapType(key, value):
            return (key, value)
        case TupleType(items):
            return items
        case RecordType(_, named) | UnionType(_, named):
            return tuple(t for _, t in named)
        case _:
            return ()


def tag_type(union: UnionType) -> EnumType:
    """The enum that `.tag` of a union yields."""
    return EnumType(f"{union.name}.tag", tuple(tag for tag, _ in union.variants))
