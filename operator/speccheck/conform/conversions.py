"""From JSON to a value of the language, by the type the variable has.

Takes plain data (what CEL gives, or JSON) and a Type; gives a value as `ir.values` represents it. An object becomes a
map (its keys read by the key's type) or a record, an array a list, set or tuple, text a str or an enum's member; the
ITF forms are read where they stand. What does not fit is refused with the path into the value; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from speccheck.ir.literals import shown
from speccheck.ir.numerals import from_decimal
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
from speccheck.ir.values import FrozenMap, Value

_EXACT_FLOAT = 1 << 53
"""Up to here a double holds every integer exactly."""


class Unfit(Exception):
    """The data is no value of the type; `path` leads into the data, `message` says what was there."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


def value_of(data: Any, type_: Type, path: str = "$") -> Value:
    """The value that plain data stands for.

    Raises Unfit where the data does not fit the type exactly.
    """
    match type_:
        case IntType():
            return _integer(data, path)
        case BoolType():
            return data if isinstance(data, bool) else _unfit(data, "true or false", path)
        case StrType():
            return data if isinstance(data, str) else _unfit(data, "text", path)
        case UnitType():
            return () if _form(data, "#tup", path) == [] else _unfit(data, 'Unit, written {"#tup": []}', path)
        case EnumType():
            return _member(data, type_, path)
        case SetType(element):
            return frozenset(_items(_form(data, "#set", path), element, "an array (a set)", path))
        case ListType(element):
            return tuple(_items(data, element, "an array", path))
        case TupleType(items):
            return _tuple(data, items, path)
        case MapType():
            return _map(data, type_, path)
        case RecordType():
            return _record(data, type_, path)
        case UnionType():
            return _union(data, type_, path)
        case _:
            assert_never(type_)


def _unfit(data: Any, wanted: str, path: str) -> Value:
    raise Unfit(path, f"should be {wanted}, and is {_told(data)}")


def _told(data: Any) -> str:
    match data:
        case None:
            return "null; give absent fields a default: get(object, 'path.to.field', default)"
        case bool():
            return "true" if data else "false"
        case int() if data.bit_length() > 64:
            return f"an integer of {data.bit_length()} bits"
        case int() | float():
            return f"the number {data!r}"
        case str():
            return f"the text {data[:40]!r}{'…' if len(data) > 40 else ''}"
        case Mapping():
            return f"an object with {_names(map(str, data))}" if data else "an empty object"
        case list() | tuple():
            return f"an array of {len(data)}"
        case _:
            return f"a {type(data).__name__}, which no variable can hold; turn it into text with string()"


def _names(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(map(shown, found[:8])) + (f" and {len(found) - 8} more" if len(found) > 8 else "")


def _form(data: Any, tag: str, path: str) -> Any:
    """What an ITF form such as {"#set": […]} holds; the data itself where it is not one."""
    if not isinstance(data, Mapping) or tag not in data:
        return data
    if len(data) != 1 or not isinstance(data[tag], list):
        raise Unfit(path, f'a {{"{tag}": …}} holds one array and nothing else')
    return data[tag]


def _integer(data: Any, path: str) -> int:
    match data:
        case bool():
            return int(_unfit(data, "an integer", path))
        case int():
            return data
        case float() if data.is_integer() and abs(data) <= _EXACT_FLOAT:
            return int(data)
        case {"#bigint": str(text), **rest} if not rest:
            return _written(text, path)
        case _:
            return int(_unfit(data, "an integer", path))


def _written(text: str, path: str) -> int:
    value = from_decimal(text)
    if value is None:
        raise Unfit(path, f"should be an integer, and is the text {text[:40]!r}")
    return value


def _member(data: Any, type_: EnumType, path: str) -> int:
    if isinstance(data, str) and data in type_.members:
        return type_.members.index(data)
    return int(_unfit(data, f"one of {type_.name}: {', '.join(type_.members)}", path))


def _items(data: Any, element: Type, wanted: str, path: str) -> list[Value]:
    if not isinstance(data, list | tuple):
        _unfit(data, wanted, path)
    return [value_of(item, element, f"{path}[{at}]") for at, item in enumerate(data)]


def _tuple(data: Any, items: tuple[Type, ...], path: str) -> tuple[Value, ...]:
    found = _form(data, "#tup", path)
    if not isinstance(found, list | tuple) or len(found) != len(items):
        _unfit(found, f"an array of {len(items)}", path)
    return tuple(value_of(found[at], type_, f"{path}[{at}]") for at, type_ in enumerate(items))


def _map(data: Any, type_: MapType, path: str) -> FrozenMap:
    pairs = _form(data, "#map", path)
    match pairs:
        case list():
            entries = [_pair(pair, type_, f"{path}[{at}]") for at, pair in enumerate(pairs)]
        case Mapping():
            entries = [_entry(key, item, type_, path) for key, item in pairs.items()]
        case _:
            _unfit(data, "an object (a map)", path)
    made = FrozenMap(entries)
    if len(made) != len(entries):
        raise Unfit(path, "two of its keys are the same key of the map")
    return made


def _pair(pair: Any, type_: MapType, path: str) -> tuple[Value, Value]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        _unfit(pair, "a key and a value", path)
    return value_of(pair[0], type_.key, f"{path}[0]"), value_of(pair[1], type_.value, f"{path}[1]")


def _entry(key: Any, item: Any, type_: MapType, path: str) -> tuple[Value, Value]:
    inside = f"{path}.{key}" if str(key).isidentifier() else f"{path}[{key!r}]"
    return _key(key, type_.key, inside), value_of(item, type_.value, inside)


def _key(key: Any, type_: Type, path: str) -> Value:
    """A key as JSON objects have them, which is text, or as CEL's maps do."""
    match type_, key:
        case IntType(), str():
            return _written(key, path)
        case BoolType(), "true" | "false":
            return key == "true"
        case ((IntType() | BoolType() | StrType() | EnumType()), _):
            return value_of(key, type_, path)
        case _:
            raise Unfit(path, f'an object has text for keys, this map {type_}; write {{"#map": [[key, value], …]}}')


def _record(data: Any, type_: RecordType, path: str) -> tuple[Value, ...]:
    if not isinstance(data, Mapping):
        _unfit(data, f"an object with the fields of {type_.name}", path)
    names = [name for name, _ in type_.fields]
    if missing := [name for name in names if name not in data]:
        there_is = _names(map(str, data))
        raise Unfit(path, f"the field {shown(missing[0])} of {type_.name} is missing; there is {there_is}")
    if extra := [str(name) for name in data if name not in names]:
        raise Unfit(path, f"{type_.name} has no field {_names(extra)}; its fields are {', '.join(names)}")
    return tuple(value_of(data[name], field, f"{path}.{name}") for name, field in type_.fields)


def _union(data: Any, type_: UnionType, path: str) -> tuple[int, Value]:
    match data:
        case {"tag": str(tag), **rest} if set(rest) <= {"value"}:
            payload = type_.variant(tag)
        case _:
            _unfit(data, f'a {type_.name}, written {{"tag": …, "value": …}}', path)
    if payload is None:
        known = _names(name for name, _ in type_.variants)
        raise Unfit(f"{path}.tag", f"{type_.name} has no variant {tag!r}; it has {known}")
    if "value" not in rest and not isinstance(payload, UnitType):
        raise Unfit(path, f"the variant {tag} needs a value")
    return type_.position(tag), value_of(rest.get("value", []), payload, f"{path}.value")
