"""Expressions evaluated the slow and obvious way: by recursion over the tree, remembering nothing.

It knows laziness only as Python's own, and shares with the engine nothing but the table of operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from speccheck.ir.nodes import Apply, Bind, Clause, Const, Expr, Fold, Invoke, Let, Local, Match, Param, Read
from speccheck.ir.ops import OPS, Undefined, bound_meaning
from speccheck.ir.types import MapType, SetType
from speccheck.ir.values import FrozenMap, Value, in_order

Env = Mapping[str, Callable[[], Value]]


class Failed(Exception):
    """The node that has no value."""

    def __init__(self, node: Expr) -> None:
        super().__init__()
        self.node = node


def evaluate(node: Expr, state: Mapping[str, Value], env: Env) -> Value:
    """The value of an expression; locals are functions without arguments. Raises Failed."""

    def go(inner: Expr, env: Env = env) -> Value:
        return evaluate(inner, state, env)

    match node:
        case Const(_, value):
            return value
        case Read(_, variable, _):
            return state[variable]
        case Local(_, name):
            return env[name]()
        case Apply(_, "and", args):
            return all(go(arg) for arg in args)
        case Apply(_, "or", args):
            return any(go(arg) for arg in args)
        case Apply(_, "implies", (left, right)):
            return not go(left) or go(right)
        case Apply(_, "ite", (condition, then, otherwise)):
            return go(then) if go(condition) else go(otherwise)
        case Apply():
            return _strict(node, [go(arg) for arg in node.args])
        case Let(_, local, value, body):
            return go(body, {**env, local.name: lambda: go(value)})
        case Match(_, subject, arms, default):
            tag, payload = go(subject)
            for arm in arms:
                if subject.type.position(arm.tag) == tag:  # type: ignore[union-attr]
                    return go(arm.body, {**env, arm.local.name: lambda: payload})
            assert default is not None
            return go(default)
        case Fold():
            return _fold(node, state, env)
        case Bind():
            return _bind(node, [(key, go(node.body, inner)) for key, inner in _rows(node.clauses, state, env)])
        case Param() | Invoke():
            raise NotImplementedError


def _strict(node: Apply, args: list[Value]) -> Value:
    types = tuple(arg.type for arg in node.args)
    try:
        return bound_meaning(OPS[node.op], node.attribute, types, node.type)(*args)
    except Undefined:
        raise Failed(node) from None


def _elements(domain: Expr, state: Mapping[str, Value], env: Env) -> list[Value]:
    found = evaluate(domain, state, env)
    return in_order(found, domain.type.element) if isinstance(domain.type, SetType) else list(found)


def _rows(clauses: tuple[Clause, ...], state: Mapping[str, Value], env: Env) -> Iterator[tuple[Any, Env]]:
    """Every binding of the clauses' locals, with the tuple of the values."""
    if not clauses:
        yield (), env
        return
    first, *rest = clauses
    for element in _elements(first.domain, state, env):
        bound = {**env, first.local.name: lambda element=element: element}
        for key, inner in _rows(tuple(rest), state, bound):
            yield (element, *key), inner


def _bind(node: Bind, rows: list[tuple[Any, Value]]) -> Value:
    keyed = [(key[0] if len(key) == 1 else key, value) for key, value in rows]
    match node.op:
        case "forall":
            return all(value for _, value in keyed)
        case "exists":
            return any(value for _, value in keyed)
        case "image":
            return frozenset(value for _, value in keyed)
        case "filter":
            return frozenset(key for key, value in keyed if value)
        case "mapping":
            return FrozenMap(keyed)
        case "list_map":
            return tuple(value for _, value in keyed)
        case "list_filter":
            return tuple(key for key, value in keyed if value)
        case _:
            found = [key for key, value in keyed if value]
            if not found:
                raise Failed(node)
            return found[0]


def _fold(node: Fold, state: Mapping[str, Value], env: Env) -> Value:
    if isinstance(node.collection.type, MapType):
        entries = evaluate(node.collection, state, env)
        rows: list[tuple[Value, ...]] = [(k, entries[k]) for k in in_order(entries, node.collection.type.key)]
    else:
        rows = list(product(_elements(node.collection, state, env)))
    value = evaluate(node.initial, state, env)
    for row in rows:
        bound = {item.name: lambda part=part: part for item, part in zip(node.items, row, strict=True)}
        bound[node.accumulator.name] = lambda value=value: value
        value = evaluate(node.body, state, {**env, **bound})
    return value
