"""Values read from the text that an author, or `ir.literals`, would write for them.

Takes one line of text and a type, gives a value as `ir.values` represents it. Nothing is executed: the text is
parsed as a Python expression and only literals of the language are read from it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from speccheck.errors import UsageError
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

_MAX_TEXT = 10_000


def parsed(text: str) -> ast.expr:
    """The Python expression that a text is.

    Raises UsageError where it is none, or longer than 10,000 characters.
    """
    if len(text) > _MAX_TEXT:
        raise UsageError(f"a text of {len(text):,} characters is longer than is read ({_MAX_TEXT:,})")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"{text!r} cannot be read: {told}") from None


def value_of(text: str, type_: Type) -> Value:
    """The value of the type that a text says: `{1, 2}`, `PC.Try` or `Try`, `Plan(epoch=1)`, `Set(int)`.

    Raises UsageError where it says none.
    """
    return value_from(parsed(text), type_)


def value_from(node: ast.expr, type_: Type) -> Value:
    """The value of the type that a parsed expression says; raises as `value_of` does."""
    match type_, node:
        case IntType(), ast.Constant(int(value)) if not isinstance(value, bool):
            return value
        case IntType(), ast.UnaryOp(ast.USub(), ast.Constant(int(value))) if not isinstance(value, bool):
            return -value
        case BoolType(), ast.Constant(bool(value)):
            return value
        case StrType(), ast.Constant(str(value)):
            return value
        case UnitType(), ast.Call(ast.Name("Unit"), [], []) | ast.Tuple([]):
            return ()
        case EnumType(_, members), ast.Attribute(_, name) | ast.Name(name) | ast.Constant(str(name)) if name in members:
            return members.index(name)
        case ((SetType() | MapType() | ListType() | TupleType() | RecordType() | UnionType()), _):
            return _composed(node, type_)
        case _:
            raise _no_value(node, type_)


def _composed(node: ast.expr, type_: Type) -> Value:
    match type_, node:
        case SetType(element), ast.Set(items):
            return frozenset(_each(items, element))
        case SetType(), ast.Call(ast.Name("Set"), [_]):
            return frozenset()
        case MapType(), ast.Dict([], []) | ast.Call(ast.Name("Map"), [_, _]):
            return FrozenMap()
        case MapType(key, item), ast.Dict(keys, values):
            present = [k for k in keys if k is not None]
            if len(present) == len(keys):
                return FrozenMap(zip(_each(present, key), _each(values, item), strict=True))
        case ListType(element), ast.List(items):
            return tuple(_each(items, element))
        case ListType(), ast.Call(ast.Name("List"), [_]):
            return ()
        case TupleType(types), ast.Tuple(items) if len(types) == len(items):
            return tuple(map(value_from, items, types))
        case RecordType(), ast.Call():
            return _record(node, type_)
        case UnionType(), ast.Call(ast.Attribute(_, tag) | ast.Name(tag), items, []):
            return _union(node, type_, tag, items)
        case _:
            pass
    raise _no_value(node, type_)


def _each(items: Sequence[ast.expr], type_: Type) -> list[Value]:
    return [value_from(item, type_) for item in items]


def _record(node: ast.Call, type_: RecordType) -> Value:
    names = [name for name, _ in type_.fields]
    given = dict(zip(names, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
    if set(given) != set(names) or len(node.args) + len(node.keywords) != len(names):
        raise UsageError(f"{ast.unparse(node)} should give each field of {type_.name} once: {', '.join(names)}")
    return tuple(value_from(given[name], part) for name, part in type_.fields)


def _union(node: ast.Call, type_: UnionType, tag: str, items: list[ast.expr]) -> Value:
    payload = type_.variant(tag)
    if payload is None:
        raise UsageError(f"{type_.name} has no variant {tag!r}; it has {', '.join(n for n, _ in type_.variants)}")
    if isinstance(payload, UnitType) and not items:
        return (type_.position(tag), ())
    if len(items) != 1:
        raise _no_value(node, type_)
    return (type_.position(tag), value_from(items[0], payload))


def _no_value(node: ast.expr, type_: Type) -> UsageError:
    members = f" (one of {', '.join(type_.members)})" if isinstance(type_, EnumType) else ""
    return UsageError(f"{ast.unparse(node)} is not a value of type {type_}{members}")
