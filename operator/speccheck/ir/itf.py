"""Values in the JSON encoding of the Informal Trace Format, and back, by their type.

`encode` takes a value as `ir.values` represents it and gives plain data for a JSON encoder;
`decode` takes plain data from a JSON decoder, trusts none of it, and gives a value or a ModelError.
The encoding of each type is described in docs/model-format.md. JSON text itself is not made here.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeAlias

from speccheck.errors import ModelError
from speccheck.ir.literals import shown
from speccheck.ir.numerals import decimal, from_decimal
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
)
from speccheck.ir.values import FrozenMap, Value, in_order

Itf: TypeAlias = Any
"""A value as plain JSON data: bool, str, {"#bigint": …}, list, {"#tup": …}, {"#set": …}, {"#map": …} or an object."""

_UNITS: tuple[Itf, ...] = ({"#tup": []}, {}, "U_OF_UNIT")
"""How Unit is written: here, by Quint in its early releases, by Apalache."""

_SHOWN = 60
"""Characters of an unfitting value that an error shows."""


def encode(value: Value, type_: Type) -> Itf:
    """The value as plain data; equal values give equal data, sets and maps in canonical order.

    Raises ModelError for text that is not Unicode (a lone surrogate), which JSON cannot carry.
    """
    match type_:
        case IntType():
            return {"#bigint": decimal(value)}
        case BoolType():
            return value
        case StrType():
            return _unicode(value)
        case UnitType():
            return {"#tup": []}
        case EnumType(_, members):
            return members[value]
        case SetType(element):
            return {"#set": [encode(item, element) for item in in_order(value, element)]}
        case MapType(key, item):
            return {"#map": [[encode(k, key), encode(value[k], item)] for k in in_order(value, key)]}
        case ListType(element):
            return [encode(item, element) for item in value]
        case TupleType(items):
            return {"#tup": [encode(item, part) for item, part in zip(value, items, strict=True)]}
        case RecordType(_, fields):
            return {name: encode(item, part) for item, (name, part) in zip(value, fields, strict=True)}
        case UnionType(_, variants):
            tag, payload = variants[value[0]]
            return {"tag": tag, "value": encode(value[1], payload)}


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ModelError(f"half of a surrogate pair at index {error.start} of a text: not Unicode") from None
    return text


def decode(itf: Itf, type_: Type, path: str = "") -> Value:
    """The value of the type that plain data stands for; sets and maps may come in any order.

    Raises ModelError naming the path into the data, what was expected and what was found. An
    element or key that occurs twice is refused. `path` is put in front of the path in errors.
    """
    match type_:
        case IntType():
            return _int(itf, path)
        case BoolType():
            return itf if isinstance(itf, bool) else _misfit(itf, "a bool", path)
        case StrType():
            return itf if isinstance(itf, str) else _misfit(itf, "a str", path)
        case UnitType():
            return () if itf in _UNITS else _misfit(itf, 'Unit, {"#tup": []}', path)
        case EnumType():
            return _enum(itf, type_, path)
        case SetType(element):
            return _set(_wrapped(itf, "#set", type_, path), element, path)
        case MapType():
            return _map(_wrapped(itf, "#map", type_, path), type_, path)
        case ListType(element):
            items = itf if isinstance(itf, list) else _misfit(itf, f"{type_}, a list", path)
            return tuple(decode(item, element, f"{path}[{n}]") for n, item in enumerate(items))
        case TupleType():
            return _tuple(_wrapped(itf, "#tup", type_, path), type_, path)
        case RecordType():
            return _record(itf, type_, path)
        case UnionType():
            return _union(itf, type_, path)


def _int(itf: Itf, path: str) -> int:
    match itf:
        case bool():
            return _misfit(itf, "an int", path)
        case int():
            return itf
        case {"#bigint": str(digits), **rest} if not rest:
            value = from_decimal(digits)
            return _misfit(itf, "an int in decimal digits", path) if value is None else value
        case _:
            return _misfit(itf, "an int", path)


def _enum(itf: Itf, type_: EnumType, path: str) -> int:
    if isinstance(itf, str) and itf in type_.members:
        return type_.members.index(itf)
    return _misfit(itf, f"a member of {type_} ({_few(type_.members)})", path)


def _wrapped(itf: Itf, key: str, type_: Type, path: str) -> list[Itf]:
    match itf:
        case dict() if list(itf) == [key] and isinstance(itf[key], list):
            return list(itf[key])
        case _:
            return _misfit(itf, f'{type_}, {{"{key}": […]}}', path)


def _set(items: list[Itf], element: Type, path: str) -> frozenset[Value]:
    found: set[Value] = set()
    for n, item in enumerate(items):
        value = decode(item, element, f"{path}[{n}]")
        if value in found:
            _misfit(item, "an element that the set does not have yet", f"{path}[{n}]")
        found.add(value)
    return frozenset(found)


def _map(entries: list[Itf], type_: MapType, path: str) -> FrozenMap:
    found: dict[Value, Value] = {}
    for n, entry in enumerate(entries):
        if not (isinstance(entry, list) and len(entry) == 2):
            _misfit(entry, "a pair [key, value]", f"{path}[{n}]")
        key = decode(entry[0], type_.key, f"{path}[{n}].key")
        if key in found:
            _misfit(entry[0], "a key that the map does not have yet", f"{path}[{n}].key")
        found[key] = decode(entry[1], type_.value, f"{path}[{n}].value")
    return FrozenMap(found)


def _tuple(items: list[Itf], type_: TupleType, path: str) -> tuple[Value, ...]:
    if len(items) != len(type_.items):
        _misfit(items, f"{len(type_.items)} items ({type_})", path)
    pairs = enumerate(zip(items, type_.items, strict=True))
    return tuple(decode(item, part, f"{path}[{n}]") for n, (item, part) in pairs)


def _record(itf: Itf, type_: RecordType, path: str) -> tuple[Value, ...]:
    names = tuple(name for name, _ in type_.fields)
    if not (isinstance(itf, dict) and itf.keys() == set(names)):
        _misfit(itf, f"{type_}, an object with exactly {_few(names) or 'no fields'}", path)
    return tuple(decode(itf[name], part, f"{path}.{name}") for name, part in type_.fields)


def _union(itf: Itf, type_: UnionType, path: str) -> tuple[int, Value]:
    match itf:
        case {"tag": str(tag), "value": payload, **rest} if not rest:
            part = type_.variant(tag)
            if part is None:
                known = _few(tuple(name for name, _ in type_.variants))
                _misfit(tag, f"a tag of {type_} ({known})", f"{path}.tag")
            return (type_.position(tag), decode(payload, part, f"{path}.{tag}"))
        case _:
            return _misfit(itf, f'{type_}, {{"tag": …, "value": …}}', path)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names if len(names) <= 8 else (*names[:7], f"… {len(names) - 7} more"))


def _misfit(itf: Itf, expected: str, path: str) -> NoReturn:
    place = f"at {shown(path)}: " if path else ""
    raise ModelError(f"{place}expected {shown(expected)}, found {_brief(itf)}")


def _brief(itf: Itf) -> str:
    """What was found, in few characters, however large it is."""
    match itf:
        case None:
            return "null"
        case bool():
            return "true" if itf else "false"
        case str():
            return _cut(repr(itf[:_SHOWN]))
        case int():
            return _cut(decimal(itf))
        case list():
            return f"a list of {len(itf)}"
        case dict() if itf:
            return f"an object with {_cut(', '.join(map(repr, list(itf)[:8])))}"
        case dict():
            return "an empty object"
        case _:
            return _cut(f"{itf!r} ({type(itf).__name__})")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
