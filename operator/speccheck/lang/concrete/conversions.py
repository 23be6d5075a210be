"""Between what authors write, concrete values, plain Python data, and values as `ir.values` represents them.

`concrete` takes anything an author writes where an expression is expected; `typed` does so where the type is
known; `from_value`, `to_value` and `plain` go by the type. None of them evaluates anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from speccheck.errors import EvaluationError
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
from speccheck.lang.concrete.collections import List, Map
from speccheck.lang.concrete.modes import class_of
from speccheck.lang.concrete.places import Editor, Placed
from speccheck.lang.concrete.products import Record, Tuple, Union, fields_of
from speccheck.lang.concrete.scalars import Bool, Concrete, Int, Member, Nothing, Str, Tag
from speccheck.lang.concrete.sets import Set
from speccheck.lang.concrete.undefined import Undefined, forced, undefined_by
from speccheck.lang.exprs import Expr, enum_class
from speccheck.lang.spans import spec_error


def concrete(value: Any) -> Any:
    """What an author wrote, as a concrete value; Undefined where a part of it is."""
    match value:
        case Placed():
            return type(value).at(value, None) if object.__getattribute__(value, "_place") is not None else value
        case Concrete() | Undefined():
            return value
        case Editor():
            return concrete(value._)
        case Enum():
            return Member(value)
        case bool():
            return Bool(value)
        case int():
            return Int(value)
        case str():
            return Str(value)
    try:
        return _structured(value)
    except EvaluationError as error:
        return undefined_by(error)


def _structured(value: Any) -> Any:
    match value:
        case Expr():
            return forced(Concrete.captured(value))
        case set() | frozenset():
            return Set(_each(value))
        case list():
            return List(_each(value))
        case tuple():
            return Tuple(tuple(_each(value)))
        case Mapping():
            return Map(zip(_each(value.keys()), _each(value.values()), strict=True))
    convert = getattr(type(value), "__as_expr__", None)
    if convert is not None:
        return concrete(convert(value))
    kind = "None" if value is None else f"a Python {type(value).__name__}"
    raise spec_error("not-a-value", f"{kind} is not a value of the language")


def _each(values: Any) -> list[Any]:
    return [forced(concrete(value)) for value in values]


Concrete.raw = concrete


def typed(value: Any, type_: Type | None) -> Any:
    """What an author wrote where a value of a type is expected; None is any type."""
    found = value
    match value, type_:
        case (tuple() | Tuple(), ListType()):
            found = List(_each(value))
        case (tuple() | Tuple(), UnitType()) if len(value) == 0:
            found = Nothing()
        case (str(), EnumType(_, members)) if enum_class(type_) is None:
            found = Tag(str(value), members)
        case (str(), EnumType()) if not isinstance(value, Enum):
            cls = enum_class(type_)
            found = value if cls is None or value not in cls.__members__ else Member(cls[value])
        case (list(), ListType(element)):
            found = List(_typed_each(value, element))
        case (set() | frozenset(), SetType(element)):
            found = Set(_typed_each(value, element))
        case (dict(), MapType(key, item)):
            found = Map(zip(_typed_each(value.keys(), key), _typed_each(value.values(), item), strict=True))
        case (tuple(), TupleType(items)) if len(value) == len(items):
            found = Tuple(tuple(forced(typed(v, t)) for v, t in zip(value, items, strict=True)))
        case _:
            pass
    return concrete(found)


def _typed_each(values: Any, type_: Type) -> list[Any]:
    return [forced(typed(value, type_)) for value in values]


def _typed(value: Any, type_: Type | None) -> Any:
    try:
        return typed(value, type_)
    except EvaluationError as error:
        return undefined_by(error)


Concrete.typed = _typed


def from_value(value: Value, type_: Type) -> Any:
    """A value of the IR as a concrete one."""
    match type_:
        case IntType():
            return Int(value)
        case BoolType():
            return Bool(value)
        case StrType():
            return Str(value)
        case UnitType():
            return Nothing()
        case EnumType(_, members):
            cls = enum_class(type_)
            return Tag(members[value], members) if cls is None else Member(cls[members[value]])
        case SetType(element):
            return Set(from_value(v, element) for v in value)
        case ListType(element):
            return List(from_value(v, element) for v in value)
        case MapType(key, item):
            return Map({from_value(k, key): from_value(v, item) for k, v in value.items()})
        case TupleType(items):
            return Tuple(tuple(from_value(v, t) for v, t in zip(value, items, strict=True)))
        case RecordType(_, fields):
            given = {name: from_value(v, t) for v, (name, t) in zip(value, fields, strict=True)}
            return Record(type_, given, class_of(type_))
        case UnionType(_, variants):
            tag, payload = variants[value[0]]
            return Union(type_, tag, from_value(value[1], payload))


def to_value(value: Any, type_: Type) -> Value:
    """A concrete value as the IR has it; UsageError-like mistakes of type are the caller's."""
    match type_:
        case IntType():
            return int(value)
        case BoolType():
            return bool(value)
        case StrType():
            return str(value)
        case UnitType():
            return ()
        case EnumType(_, members):
            return members.index(value.name if isinstance(value, Tag) else value.member.name)
        case SetType(element):
            return frozenset(to_value(v, element) for v in value.items)
        case ListType(element):
            return tuple(to_value(v, element) for v in value.items)
        case MapType(key, item):
            return FrozenMap((to_value(k, key), to_value(v, item)) for k, v in value.entries.items())
        case TupleType(items):
            return tuple(to_value(v, t) for v, t in zip(value.items, items, strict=True))
        case RecordType(_, fields):
            given = fields_of(value)
            return tuple(to_value(given[name], t) for name, t in fields)
        case UnionType(_, variants):
            return (type_.position(value._tag), to_value(value.payload, dict(variants)[value._tag]))
