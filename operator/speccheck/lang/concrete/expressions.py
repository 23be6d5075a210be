"""Expressions of the IR read naively, on concrete values.

What a spec's module makes while it is imported (`NODES = Interval(1, 3)`) is captured before any concrete execution
runs; this is how such constants get their concrete values. It shares nothing with `evaluation` and takes its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from speccheck.errors import EvaluationError, UsageError
from speccheck.ir.nodes import Apply, Bind, Clause, Const, Expr, Fold, Invoke, Let, Local, Match, Param, Read
from speccheck.ir.types import RecordType, SetType, UnionType
from speccheck.lang.concrete import modes
from speccheck.lang.concrete.collections import List, Map
from speccheck.lang.concrete.conversions import from_value
from speccheck.lang.concrete.products import Record, Tuple, Union, fields_of, replaced
from speccheck.lang.concrete.scalars import Bool, Concrete, Int
from speccheck.lang.concrete.sets import Set, all_maps, all_products, all_subsets, endless, interval
from speccheck.lang.concrete.undefined import Undefined, forced, undefined_by
from speccheck.lang.exprs import node_of

Names = Mapping[str, Any]

Concrete.captured = lambda expression: evaluate(node_of(expression))


def evaluate(node: Expr, names: Names | None = None, state: Names | None = None) -> Any:
    """The concrete value of an expression, Undefined where it has none.

    `names` are the values of locals, `state` those of variables and parameters. Raises UsageError for a name that
    has no value, and for a call of a named function.
    """
    try:
        return _value(node, names or {}, state or {})
    except EvaluationError as error:
        return undefined_by(error)


def _value(node: Expr, names: Names, state: Names) -> Any:
    match node:
        case Const(type_, value):
            return from_value(value, type_)
        case Param(_, name) | Read(_, name, _):
            return _known(state, name)
        case Local(_, name):
            found = _known(names, name)
            return found() if callable(found) and not isinstance(found, Undefined) else found
        case Apply():
            return _apply(node, names, state)
        case Bind():
            return _bind(node, names, state)
        case Fold():
            return _fold(node, names, state)
        case Let(_, local, value, body):
            return evaluate(body, {**names, local.name: lambda: evaluate(value, names, state)}, state)
        case Match():
            return _match(node, names, state)
        case Invoke(_, function, _):
            raise UsageError(f"the named function {function!r} is called in a constant of the module")
        case _:
            assert_never(node)


def _known(values: Names, name: str) -> Any:
    if name not in values:
        raise UsageError(f"the expression depends on {name.rsplit('.', 1)[0]!r}, which has no value here")
    return values[name]


def _apply(node: Apply, names: Names, state: Names) -> Any:
    def value(number: int) -> Any:
        return evaluate(node.args[number], names, state)

    every = range(len(node.args))
    match node.op:
        case "and":
            return Bool(all(map(value, every)))
        case "or":
            return Bool(any(map(value, every)))
        case "implies":
            return value(1) if value(0) else Bool(True)
        case "ite":
            return value(1) if value(0) else value(2)
        case _:
            return _strict(node, [forced(value(n)) for n in every])


def _strict(node: Apply, args: list[Any]) -> Any:
    at: Any = node.attribute
    match node.op, node.type:
        case "tuple_make", _:
            return Tuple(tuple(args))
        case "tuple_get", _:
            return args[0].items[at]
        case "tuple_replace", _:
            return args[0].replace(at, args[1])
        case "record_make", RecordType(_, fields):
            return Record(node.type, dict(zip((n for n, _ in fields), args, strict=True)), modes.class_of(node.type))
        case "record_get", _:
            return fields_of(args[0])[at]
        case "record_replace", _:
            return replaced(args[0], {at: args[1]})
        case "union_make", UnionType():
            return Union(node.type, at, args[0])
        case "all_tuples", _:
            return all_products(args, Tuple, lambda t: t.items)
        case "all_records", SetType(RecordType(_, fields) as type_):
            return _all_records(type_, args)
        case _:
            return _MEANINGS[node.op](*args)


def _all_records(type_: RecordType, sets: list[Set]) -> Set:
    names = [name for name, _ in type_.fields]
    return all_products(
        sets,
        lambda row: Record(type_, dict(zip(names, row, strict=True)), modes.class_of(type_)),
        lambda record: fields_of(record).values(),
    )


def _list_slice(items: List, low: Int, high: Int) -> Any:
    return items[low:high]


_MEANINGS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "not": lambda a: ~a,
    "interval": lambda low, high: interval(int(low), int(high)),
    "ints": lambda: endless(lambda n: True),
    "unsigned_ints": lambda: endless(lambda n: n >= 0),
    "range": lambda low, high: List(map(Int, range(low, high))),
    "set_make": lambda *items: Set(items),
    "set_union": lambda a, b: a | b,
    "set_intersection": lambda a, b: a & b,
    "set_difference": lambda a, b: a - b,
    "set_contains": lambda a, b: a.contains(b),
    "subset": lambda a, b: a <= b,
    "proper_subset": lambda a, b: a < b,
    "set_size": lambda a: a.size,
    "set_flatten": lambda a: a.flattened,
    "all_subsets": all_subsets,
    "all_maps": all_maps,
    "map_make": lambda *entries: Map(zip(entries[::2], entries[1::2], strict=True)),
    "map_get": lambda m, k: m[k],
    "map_insert": lambda m, k, v: m.insert(k, v),
    "map_replace": lambda m, k, v: m.replace(k, v),
    "map_keys": lambda m: m.keys,
    "map_values": lambda m: m.values,
    "map_size": lambda m: m.size,
    "list_make": lambda *items: List(items),
    "list_get": lambda items, at: items[at],
    "list_slice": _list_slice,
    "list_concat": lambda a, b: a + b,
    "list_replace": lambda items, at, value: items.replace(at, value),
    "list_keys": lambda items: items.keys,
    "list_contains": lambda items, item: items.contains(item),
    "list_size": lambda items: items.size,
    "union_tag": lambda u: u.tag,
}


def _bindings(clauses: tuple[Clause, ...], names: Names, state: Names) -> Iterator[tuple[Names, list[Any]]]:
    if not clauses:
        yield names, []
        return
    first, *rest = clauses
    domain = forced(evaluate(first.domain, names, state))
    for element in domain.ordered() if isinstance(domain, Set) else domain.items:
        for inner, elements in _bindings(tuple(rest), {**names, first.local.name: element}, state):
            yield inner, [element, *elements]


def _bind(node: Bind, names: Names, state: Names) -> Any:
    found = [
        (elements[0] if len(elements) == 1 else Tuple(tuple(elements)), forced(evaluate(node.body, inner, state)))
        for inner, elements in _bindings(node.clauses, names, state)
    ]
    match node.op:
        case "forall":
            return Bool(all(body for _, body in found))
        case "exists":
            return Bool(any(body for _, body in found))
        case "image":
            return Set(body for _, body in found)
        case "filter":
            return Set(key for key, body in found if body)
        case "mapping":
            return Map(found)
        case "list_map":
            return List(body for _, body in found)
        case "list_filter":
            return List(key for key, body in found if body)
        case "choose":
            chosen = [key for key, body in found if body]
            return chosen[0] if chosen else Undefined("choose: no element satisfies the condition")
        case _:
            raise UsageError(f"the binder {node.op!r} has no concrete meaning")


def _fold(node: Fold, names: Names, state: Names) -> Any:
    collection = forced(evaluate(node.collection, names, state))
    result = forced(evaluate(node.initial, names, state))
    for row in _rows(collection):
        bound = dict(zip((i.name for i in node.items), row, strict=True))
        result = forced(evaluate(node.body, {**names, node.accumulator.name: result, **bound}, state))
    return result


def _rows(collection: Any) -> list[tuple[Any, ...]]:
    if isinstance(collection, Map):
        return [(key, collection.entries[key]) for key in collection.keys.ordered()]
    return [(x,) for x in (collection.ordered() if isinstance(collection, Set) else collection.items)]


def _match(node: Match, names: Names, state: Names) -> Any:
    subject = forced(evaluate(node.subject, names, state))
    for arm in node.arms:
        if arm.tag == subject.tag.name:
            return evaluate(arm.body, {**names, arm.local.name: subject.payload}, state)
    assert node.default is not None
    return evaluate(node.default, names, state)
