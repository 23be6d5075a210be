"""Closed expressions and their values: what parameters are given, and what `value(e)` tells."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

from speccheck.evaluation.evaluations import compiled
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.evaluation.scopes import Context, Routine, Scope
from speccheck.ir.nodes import Expr as Node
from speccheck.ir.nodes import Param, Read, children
from speccheck.ir.ops import TooLarge
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
from speccheck.ir.values import Value
from speccheck.lang.concrete.modes import switched
from speccheck.lang.exprs import enum_class, lift, node_of
from speccheck.lang.spans import spec_error


def evaluated(expr: object) -> Value:
    """The value, as `ir.values` represents it, of an expression that depends on no state.

    Raises SpecError where it depends on one or has no value.
    """
    node = node_of(lift(expr))
    _closed(node)
    scope = Scope(Context({}, lambda work: None, _no_function), compiled, [node])
    try:
        code = scope.code(node)
        return code.run(scope.blank())
    except (EvaluationFailed, TooLarge) as error:
        raise spec_error("no-value", f"the expression has no value: {error}") from None


def _closed(root: Node) -> None:
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Read | Param):
            name = node.variable if isinstance(node, Read) else node.name
            raise spec_error(
                "not-closed", f"the expression depends on {name!r}, which has no value here", "use constants only"
            )
        waiting.extend(children(node))


def _no_function(name: str) -> Routine:
    raise spec_error("not-closed", f"the named function {name!r} is called outside of a specification")


@switched
def value(expr: object) -> Any:
    """A closed expression's value as plain Python data.

    int, bool, str, an enum member, a frozenset, dict, list or tuple; a record is a frozen dataclass of
    its fields, a union a `Tagged`. Raises SpecError where the expression depends on a state or has no value.
    """
    return plain(evaluated(expr), lift(expr)._node.type)


@dataclass(frozen=True)
class Tagged:
    """A union's value outside of expressions."""

    tag: str
    value: Any


def plain(found: Value, type_: Type) -> Any:
    """A value of the IR as plain Python data."""
    match type_:
        case IntType() | BoolType() | StrType() | UnitType():
            return found
        case EnumType(_, members):
            cls = enum_class(type_)
            return members[found] if cls is None else cls[members[found]]
        case SetType(element):
            return frozenset(plain(v, element) for v in found)
        case ListType(element):
            return [plain(v, element) for v in found]
        case MapType(key, item):
            return {plain(k, key): plain(v, item) for k, v in found.items()}
        case TupleType(items):
            return tuple(plain(v, t) for v, t in zip(found, items, strict=True))
        case RecordType(name, fields):
            made = make_dataclass(name, [n for n, _ in fields], frozen=True)
            return made(*(plain(v, t) for v, (_, t) in zip(found, fields, strict=True)))
        case UnionType(_, variants):
            tag, payload = variants[found[0]]
            return Tagged(tag, plain(found[1], payload))
