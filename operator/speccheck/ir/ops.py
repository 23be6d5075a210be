"""The one table of operations: how each is typed and what it means on values.

`OPS[name].result(argument types, attribute, declared type)` gives the type or raises `TypeMismatch`;
`OPS[name].meaning` computes the value from argument values (an attribute comes first, bound by
`bound_meaning`), or raises `Undefined` where the language gives none and `TooLarge` where
a value would not fit a machine. Binders (quantifiers, comprehensions, folds) are nodes, not rows here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import Any, TypeAlias

from speccheck.ir.shortfalls import ENDLESS, MAX_BITS, MAX_ELEMENTS, TooLarge, TypeMismatch, Undefined, told
from speccheck.ir.types import (
    BOOL,
    INT,
    EnumType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
    tag_type,
)
from speccheck.ir.values import FrozenMap, Value

Attribute: TypeAlias = str | int | None
"""What an operation knows statically: a field name, a tag, a tuple index."""

Rule: TypeAlias = Callable[[tuple[Type, ...], Attribute, Type | None], Type]


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. A lazy one is evaluated left to right and only as far as needed (by the engines)."""

    name: str
    result: Rule
    meaning: Callable[..., Value]
    lazy: bool = False
    takes_attribute: bool = False


@dataclass(frozen=True, slots=True)
class _Any:
    """A type variable of a row's signature."""

    name: str

    def __str__(self) -> str:
        return self.name


_A: Any = _Any("T")
_B: Any = _Any("U")


def _signature(*params: Any, result: Any, variadic: bool = False) -> Rule:
    def rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
        expected = params + params[-1:] * (len(args) - len(params)) if variadic else params
        if len(args) != len(expected):
            raise TypeMismatch(f"takes {len(expected)} operands, got {len(args)}")
        bindings: dict[str, Type] = {}
        for number, (pattern, arg) in enumerate(zip(expected, args, strict=True), 1):
            if not _unify(pattern, arg, bindings):
                raise TypeMismatch(f"operand {number} should be {_filled(pattern, bindings)}, not {arg}")
        return _filled(result, bindings)

    return rule


def _unify(pattern: Any, type_: Type, bindings: dict[str, Type]) -> bool:
    match pattern, type_:
        case _Any(name), _:
            return bindings.setdefault(name, type_) == type_
        case SetType(inner), SetType(element):
            return _unify(inner, element, bindings)
        case ListType(inner), ListType(element):
            return _unify(inner, element, bindings)
        case MapType(key, item), MapType(k, v):
            return _unify(key, k, bindings) and _unify(item, v, bindings)
        case _:
            return bool(pattern == type_)


def _filled(pattern: Any, bindings: dict[str, Type]) -> Type:
    match pattern:
        case _Any(name):
            unbound: Any = pattern
            bound: Type = bindings.get(name, unbound)
            return bound
        case SetType(inner):
            return SetType(_filled(inner, bindings))
        case ListType(inner):
            return ListType(_filled(inner, bindings))
        case MapType(key, item):
            return MapType(_filled(key, bindings), _filled(item, bindings))
        case _:
            found: Type = pattern
            return found


# --- meanings that Python has no single name for ------------------------------------------------


def _floor_div(a: int, b: int) -> int:
    if b == 0:
        raise Undefined("division by zero")
    return a // b


def _mod(a: int, b: int) -> int:
    if b == 0:
        raise Undefined("modulo by zero")
    return a % b


def _mul(a: int, b: int) -> int:
    if a.bit_length() + b.bit_length() > MAX_BITS:
        raise TooLarge(f"an integer of more than {MAX_BITS} bits")
    return a * b


def _pow(a: int, b: int) -> int:
    if b < 0:
        raise Undefined(f"negative exponent {told(b)}")
    if a not in (-1, 0, 1) and a.bit_length() * b > MAX_BITS:
        raise TooLarge(f"an integer of more than {MAX_BITS} bits")
    return int(a**b)


def _interval(low: int, high: int) -> frozenset[int]:
    _cap(high - low + 1, "a range")
    return frozenset(range(low, high + 1))


def _range(low: int, high: int) -> tuple[int, ...]:
    _cap(high - low, "a range")
    return tuple(range(low, high))


def _cap(size: int, what: str) -> None:
    if size > MAX_ELEMENTS:
        raise TooLarge(f"{what} of {told(size)} elements (limit {MAX_ELEMENTS})")


def _endless() -> Value:
    raise Undefined(ENDLESS)


def _union(a: frozenset[Value], b: frozenset[Value]) -> frozenset[Value]:
    union = a | b
    _cap(len(union), "a set")
    return union


def _concat(a: tuple[Value, ...], b: tuple[Value, ...]) -> tuple[Value, ...]:
    _cap(len(a) + len(b), "a list")
    return a + b


def _flatten(sets: frozenset[frozenset[Value]]) -> frozenset[Value]:
    found: set[Value] = set()
    for each in sets:
        found |= each
        _cap(len(found), "a set")
    return frozenset(found)


def _all_subsets(of: frozenset[Value]) -> frozenset[frozenset[Value]]:
    _cap(1 << min(len(of), 64), "the set of all subsets")
    return frozenset(frozenset(c) for n in range(len(of) + 1) for c in combinations(of, n))


def _all_maps(keys: frozenset[Value], values: frozenset[Value]) -> frozenset[FrozenMap]:
    _cap(len(values) ** min(len(keys), 64), "the set of all maps")
    return frozenset(FrozenMap(zip(keys, row, strict=True)) for row in product(values, repeat=len(keys)))


def _all_products(*sets: frozenset[Value]) -> frozenset[Value]:
    size = 1
    for each in sets:
        size *= len(each)
    _cap(size, "a product of sets")
    return frozenset(product(*sets))


def _map_make(*entries: Value) -> FrozenMap:
    return FrozenMap(zip(entries[::2], entries[1::2], strict=True))


def _map_get(m: FrozenMap, key: Value) -> Value:
    if key not in m:
        raise Undefined("the key is not in the map")
    return m[key]


def _map_replace(m: FrozenMap, key: Value, value: Value) -> FrozenMap:
    if key not in m:
        raise Undefined("the key is not in the map (declare the field UPSERT, or use insert, to add it)")
    return m.set(key, value)


def _position(items: tuple[Value, ...], index: int) -> int:
    if not 0 <= index < len(items):
        raise Undefined(f"index {told(index)} is out of range for a list of {len(items)}")
    return index


def _list_get(items: tuple[Value, ...], index: int) -> Value:
    return items[_position(items, index)]


def _list_replace(items: tuple[Value, ...], index: int, value: Value) -> tuple[Value, ...]:
    at = _position(items, index)
    return (*items[:at], value, *items[at + 1 :])


def _list_slice(items: tuple[Value, ...], low: int, high: int) -> tuple[Value, ...]:
    if low < 0 or high < 0:
        raise Undefined(f"negative bound in the slice [{told(low)}:{told(high)}]")
    return items[low:high]


def _item(index: int, items: tuple[Value, ...]) -> Value:
    return items[index]


def _with_item(index: int, items: tuple[Value, ...], value: Value) -> tuple[Value, ...]:
    return (*items[:index], value, *items[index + 1 :])


def _tuple(*items: Value) -> tuple[Value, ...]:
    return items


def _set(*items: Value) -> frozenset[Value]:
    return frozenset(items)


def _and(*items: bool) -> bool:
    return all(items)


def _or(*items: bool) -> bool:
    return any(items)


def _implies(a: bool, b: bool) -> bool:
    return not a or b


def _ite(condition: bool, then: Value, otherwise: Value) -> Value:
    return then if condition else otherwise


# --- typing rules that depend on a declared product or sum ---------------------------------------


def _tuple_rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    return TupleType(args)


def _tuple_item(args: tuple[Type, ...], attribute: Attribute) -> Type:
    match args[0], attribute:
        case TupleType(items), int(index) if 0 <= index < len(items):
            return items[index]
        case TupleType(items), _:
            raise TypeMismatch(f"a tuple of {len(items)} has no item {attribute}")
        case _:
            raise TypeMismatch(f"operand 1 should be a tuple, not {args[0]}")


def _record_field(args: tuple[Type, ...], attribute: Attribute) -> Type:
    match args[0], attribute:
        case RecordType() as record, str(name):
            found = record.field(name)
            if found is None:
                known = ", ".join(n for n, _ in record.fields)
                raise TypeMismatch(f"{record.name} has no field {name!r} (it has {known})")
            return found
        case _:
            raise TypeMismatch(f"operand 1 should be a record, not {args[0]}")


def _getter(part: Callable[[tuple[Type, ...], Attribute], Type]) -> Rule:
    def rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
        _count(args, 1)
        return part(args, attribute)

    return rule


def _setter(part: Callable[[tuple[Type, ...], Attribute], Type]) -> Rule:
    def rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
        _count(args, 2)
        expected = part(args, attribute)
        if args[1] != expected:
            raise TypeMismatch(f"{attribute!r} should be {expected}, not {args[1]}")
        return args[0]

    return rule


def _count(args: tuple[Type, ...], wanted: int) -> None:
    if len(args) != wanted:
        raise TypeMismatch(f"takes {wanted} operands, got {len(args)}")


def _record_make(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    if not isinstance(declared, RecordType):
        raise TypeMismatch("a record needs its declared type")
    _count(args, len(declared.fields))
    for (name, expected), arg in zip(declared.fields, args, strict=True):
        if arg != expected:
            raise TypeMismatch(f"{declared.name}.{name} should be {expected}, not {arg}")
    return declared


def _union_make(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    if not isinstance(declared, UnionType) or not isinstance(attribute, str):
        raise TypeMismatch("a union value needs its declared type and tag")
    expected = declared.variant(attribute)
    if expected is None:
        raise TypeMismatch(f"{declared.name} has no variant {attribute!r}")
    _count(args, 1)
    if args[0] != expected:
        raise TypeMismatch(f"{declared.name}.{attribute} should hold {expected}, not {args[0]}")
    return declared


def _union_tag(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    _count(args, 1)
    if not isinstance(args[0], UnionType):
        raise TypeMismatch(f"operand 1 should be a union, not {args[0]}")
    return tag_type(args[0])


def _map_make_rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    if not args or len(args) % 2:
        raise TypeMismatch("a map is made from pairs of a key and a value")
    pair = _signature(_A, _B, result=MapType(_A, _B))
    result = pair(args[:2], None, None)
    for n in range(2, len(args), 2):
        if pair(args[n : n + 2], None, None) != result:
            raise TypeMismatch(f"entry {n // 2 + 1} is {args[n]} → {args[n + 1]}, where the first makes {result}")
    return result


def _all_tuples_rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    return SetType(TupleType(_elements(args)))


def _all_records_rule(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    if not isinstance(declared, SetType):
        raise TypeMismatch("AllRecords needs the record's declared type")
    return SetType(_record_make(_elements(args), attribute, declared.element))


def _elements(args: Iterable[Type]) -> tuple[Type, ...]:
    found = []
    for number, arg in enumerate(args, 1):
        if not isinstance(arg, SetType):
            raise TypeMismatch(f"operand {number} should be a set, not {arg}")
        found.append(arg.element)
    return tuple(found)


def _comparable(args: tuple[Type, ...], attribute: Attribute, declared: Type | None) -> Type:
    _count(args, 2)
    if args[0] != args[1]:
        raise TypeMismatch(f"{args[0]} and {args[1]} are different types and never equal")
    return BOOL


_SET = SetType(_A)
_LIST = ListType(_A)
_MAP = MapType(_A, _B)

_INT2 = _signature(INT, INT, result=INT)
_INT_CMP = _signature(INT, INT, result=BOOL)
_SET2 = _signature(_SET, _SET, result=_SET)
_SET_CMP = _signature(_SET, _SET, result=BOOL)
_BOOLS = _signature(BOOL, result=BOOL, variadic=True)


def _union_value(tag_index: int, payload: Value) -> Value:
    return (tag_index, payload)


OPS: dict[str, Op] = {
    op.name: op
    for op in (
        Op("add", _INT2, operator.add),
        Op("sub", _INT2, operator.sub),
        Op("mul", _INT2, _mul),
        Op("floordiv", _INT2, _floor_div),
        Op("mod", _INT2, _mod),
        Op("pow", _INT2, _pow),
        Op("neg", _signature(INT, result=INT), operator.neg),
        Op("lt", _INT_CMP, operator.lt),
        Op("le", _INT_CMP, operator.le),
        Op("gt", _INT_CMP, operator.gt),
        Op("ge", _INT_CMP, operator.ge),
        Op("eq", _comparable, operator.eq),
        Op("ne", _comparable, operator.ne),
        Op("not", _signature(BOOL, result=BOOL), operator.not_),
        Op("and", _BOOLS, _and, lazy=True),
        Op("or", _BOOLS, _or, lazy=True),
        Op("implies", _signature(BOOL, BOOL, result=BOOL), _implies, lazy=True),
        Op("ite", _signature(BOOL, _A, _A, result=_A), _ite, lazy=True),
        Op("interval", _signature(INT, INT, result=SetType(INT)), _interval),
        Op("ints", _signature(result=SetType(INT)), _endless),
        Op("unsigned_ints", _signature(result=SetType(INT)), _endless),
        Op("range", _signature(INT, INT, result=ListType(INT)), _range),
        Op("set_make", _signature(_A, result=_SET, variadic=True), _set),
        Op("set_union", _SET2, _union),
        Op("set_intersection", _SET2, operator.and_),
        Op("set_difference", _SET2, operator.sub),
        Op("subset", _SET_CMP, operator.le),
        Op("proper_subset", _SET_CMP, operator.lt),
        Op("set_contains", _signature(_SET, _A, result=BOOL), operator.contains),
        Op("set_size", _signature(_SET, result=INT), len),
        Op("set_flatten", _signature(SetType(_SET), result=_SET), _flatten),
        Op("all_subsets", _signature(_SET, result=SetType(_SET)), _all_subsets),
        Op("all_maps", _signature(SetType(_A), SetType(_B), result=SetType(_MAP)), _all_maps),
        Op("all_tuples", _all_tuples_rule, _all_products),
        Op("all_records", _all_records_rule, _all_products),
        Op("map_make", _map_make_rule, _map_make),
        Op("map_get", _signature(_MAP, _A, result=_B), _map_get),
        Op("map_insert", _signature(_MAP, _A, _B, result=_MAP), FrozenMap.set),
        Op("map_replace", _signature(_MAP, _A, _B, result=_MAP), _map_replace),
        Op("map_keys", _signature(_MAP, result=SetType(_A)), frozenset),
        Op("map_values", _signature(_MAP, result=SetType(_B)), lambda m: frozenset(m.values())),
        Op("map_size", _signature(_MAP, result=INT), len),
        Op("list_make", _signature(_A, result=_LIST, variadic=True), _tuple),
        Op("list_get", _signature(_LIST, INT, result=_A), _list_get),
        Op("list_slice", _signature(_LIST, INT, INT, result=_LIST), _list_slice),
        Op("list_concat", _signature(_LIST, _LIST, result=_LIST), _concat),
        Op("list_replace", _signature(_LIST, INT, _A, result=_LIST), _list_replace),
        Op("list_keys", _signature(_LIST, result=SetType(INT)), lambda items: frozenset(range(len(items)))),
        Op("list_contains", _signature(_LIST, _A, result=BOOL), operator.contains),
        Op("list_size", _signature(_LIST, result=INT), len),
        Op("tuple_make", _tuple_rule, _tuple),
        Op("tuple_get", _getter(_tuple_item), _item, takes_attribute=True),
        Op("tuple_replace", _setter(_tuple_item), _with_item, takes_attribute=True),
        Op("record_make", _record_make, _tuple),
        Op("record_get", _getter(_record_field), _item, takes_attribute=True),
        Op("record_replace", _setter(_record_field), _with_item, takes_attribute=True),
        Op("union_make", _union_make, _union_value, takes_attribute=True),
        Op("union_tag", _union_tag, lambda value: value[0]),
    )
}
"""Every strict or lazy operation of the language, by name."""


def bound_meaning(op: Op, attribute: Attribute, args: tuple[Type, ...], result: Type) -> Callable[..., Value]:
    """The operation's meaning with its attribute, a name turned into a position, already given."""
    if not op.takes_attribute:
        return op.meaning
    match (args[0] if op.name != "union_make" else result), attribute:
        case (RecordType() | UnionType()) as named, str(name):
            return partial(op.meaning, named.position(name))
        case _:
            return partial(op.meaning, attribute)


def enum_index(type_: EnumType, member: str) -> int:
    """The value of an enum member; ValueError where there is none of that name."""
    return type_.members.index(member)


__all__ = [
    "MAX_BITS",
    "MAX_ELEMENTS",
    "OPS",
    "Attribute",
    "Op",
    "TooLarge",
    "TypeMismatch",
    "Undefined",
    "bound_meaning",
    "enum_index",
]
