"""Values and names written as the author would write them, for the text of a Model.

Takes values as `ir.values` represents them and gives one line; what does not fit its type is shown as such.
"""

from __future__ import annotations

from speccheck.ir.numerals import decimal
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
from speccheck.ir.values import Value, fits, in_order


def shown(name: str) -> str:
    """A name as it is, or escaped and quoted where it could disturb a terminal or a line."""
    return name if name.isprintable() else quoted(name)


def quoted(text: str) -> str:
    """Text in double quotes on one line, with everything unprintable escaped."""
    body = "".join(_escaped(character) for character in text)
    return f'"{body}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def literal(value: Value, type_: Type) -> str:
    """The value on one line: `{1, 2}`, `{"a": 1}`, `Plan(epoch=1)`, `Msg.Prepared("rm1")`, an empty set `Set(int)`."""
    return _literal(value, type_) if fits(value, type_) else f"<no value of {shown(str(type_))}>"


def _literal(value: Value, type_: Type) -> str:
    match type_:
        case IntType():
            return decimal(value)
        case BoolType():
            return str(value)
        case StrType():
            return quoted(value)
        case UnitType():
            return "Unit()"
        case EnumType(name, members):
            return f"{shown(name)}.{shown(members[value])}"
        case SetType() | MapType() | ListType() if not value:
            return empty(type_)
        case SetType() | MapType() | ListType() | TupleType() | RecordType():
            return "".join((opening(type_), ", ".join(entries(value, type_)), closing(type_)))
        case UnionType(name, variants):
            tag, payload = variants[value[0]]
            inner = "" if isinstance(payload, UnitType) else _literal(value[1], payload)
            return f"{shown(name)}.{shown(tag)}({inner})"


def empty(type_: SetType | MapType | ListType) -> str:
    """An empty collection, as `Set(T)`, `Map(K, V)` or `List(T)`."""
    match type_:
        case SetType(element):
            return f"Set({shown(str(element))})"
        case MapType(key, item):
            return f"Map({shown(str(key))}, {shown(str(item))})"
        case ListType(element):
            return f"List({shown(str(element))})"


def opening(type_: SetType | MapType | ListType | TupleType | RecordType) -> str:
    """What stands before the entries of a value of the type."""
    match type_:
        case SetType() | MapType():
            return "{"
        case ListType():
            return "["
        case TupleType(items):
            return "(" if items else "Tuple("
        case RecordType(name):
            return f"{shown(name)}("


def closing(type_: SetType | MapType | ListType | TupleType | RecordType) -> str:
    """What stands after the entries of a value of the type."""
    match type_:
        case SetType() | MapType():
            return "}"
        case ListType():
            return "]"
        case TupleType(items):
            return ",)" if len(items) == 1 else ")"
        case RecordType():
            return ")"


def entries(value: Value, type_: SetType | MapType | ListType | TupleType | RecordType) -> list[str]:
    """The entries of a value that fits the type, in canonical order."""
    match type_:
        case SetType(element):
            return [_literal(item, element) for item in in_order(value, element)]
        case MapType(key, item):
            return [f"{_literal(k, key)}: {_literal(value[k], item)}" for k in in_order(value, key)]
        case ListType(element):
            return [_literal(item, element) for item in value]
        case TupleType(items):
            return [_literal(item, part) for item, part in zip(value, items, strict=True)]
        case RecordType(_, fields):
            return [f"{shown(n)}={_literal(item, part)}" for item, (n, part) in zip(value, fields, strict=True)]
