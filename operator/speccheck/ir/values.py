"""Values of the language as plain, immutable Python data, and their canonical order.

Types are static, so values carry none: an int, bool or str is itself, an enum its member's index,
Unit the empty tuple, tuples, lists and records are tuples, a union is (variant index, payload), a
set a frozenset, a map a `FrozenMap`. Equal values are equal Python objects, whatever their history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

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

Value: TypeAlias = Any
"""int, bool, str, tuple, frozenset or FrozenMap, as the value's Type says."""


class FrozenMap(Mapping[Value, Value]):
    """An immutable, hashable map."""

    __slots__ = ("_entries", "_hash")

    def __init__(self, entries: Mapping[Value, Value] | Iterable[tuple[Value, Value]] = ()) -> None:
        self._entries: dict[Value, Value] = dict(entries)
        self._hash: int | None = None

    def __getitem__(self, key: Value) -> Value:
        return self._entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Value]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenMap) and self._entries == other._entries

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._entries.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"FrozenMap({self._entries!r})"

    def set(self, key: Value, value: Value) -> FrozenMap:
        """A copy with one entry added or replaced."""
        return FrozenMap({**self._entries, key: value})


SortKey: TypeAlias = Callable[[Value], Any]


def sort_key(type_: Type) -> SortKey | None:
    """The key that sorts values of a type canonically; None where Python's own order is it."""
    match type_:
        case IntType() | BoolType() | StrType() | UnitType() | EnumType():
            return None
        case SetType(element):
            inner = sort_key(element)
            return lambda value: sorted(value) if inner is None else sorted(map(inner, value))
        case MapType(key, value):
            return _map_key(sort_key(key) or _itself, sort_key(value) or _itself)
        case ListType(element):
            inner = sort_key(element)
            return None if inner is None else lambda value: tuple(map(inner, value))
        case TupleType() | RecordType():
            return _product_key([sort_key(part) for part in parts(type_)])
        case UnionType(_, variants):
            keys = [sort_key(payload) for _, payload in variants]
            return None if not any(keys) else _union_key(keys)


def _itself(value: Value) -> Value:
    return value


def _map_key(key: SortKey, value: SortKey) -> SortKey:
    return lambda entries: sorted((key(k), value(v)) for k, v in entries.items())


def _product_key(keys: list[SortKey | None]) -> SortKey | None:
    if not any(keys):
        return None
    return lambda value: tuple(item if key is None else key(item) for key, item in zip(keys, value, strict=True))


def _union_key(keys: list[SortKey | None]) -> SortKey:
    def key(value: Value) -> Any:
        inner = keys[value[0]]
        return (value[0], value[1] if inner is None else inner(value[1]))

    return key


def in_order(values: Iterable[Value], type_: Type) -> list[Value]:
    """The values sorted canonically; `type_` is the type of one of them."""
    return sorted(values, key=sort_key(type_))


def fits(value: Value, type_: Type) -> bool:
    """Whether a Python object is a value of the type, exactly as this module represents it."""
    match type_:
        case IntType():
            return type(value) is int
        case BoolType():
            return type(value) is bool
        case StrType():
            return type(value) is str
        case UnitType():
            return value == () and isinstance(value, tuple)
        case EnumType(_, members):
            return type(value) is int and 0 <= value < len(members)
        case SetType(element):
            return isinstance(value, frozenset) and all(fits(v, element) for v in value)
        case MapType(key, item):
            return isinstance(value, FrozenMap) and all(fits(k, key) and fits(v, item) for k, v in value.items())
        case ListType(element):
            return isinstance(value, tuple) and all(fits(v, element) for v in value)
        case TupleType() | RecordType():
            types = parts(type_)
            return isinstance(value, tuple) and len(value) == len(types) and all(map(fits, value, types))
        case UnionType(_, variants):
            return (
                isinstance(value, tuple)
                and len(value) == 2
                and type(value[0]) is int
                and 0 <= value[0] < len(variants)
                and fits(value[1], variants[value[0]][1])
            )
