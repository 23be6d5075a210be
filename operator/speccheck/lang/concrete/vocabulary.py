"""The vocabulary's concrete meanings: And, Forall, Set, SetIf, Map, … on values. Importing this makes them known."""

from __future__ import annotations

from collections.abc import Callable
from types import GeneratorType
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.ir.types import UNIT, RecordType, UnionType
from speccheck.lang.annotations import to_type
from speccheck.lang.concrete import modes
from speccheck.lang.concrete.collections import List, Map
from speccheck.lang.concrete.conversions import concrete, typed
from speccheck.lang.concrete.loops import drawn
from speccheck.lang.concrete.plains import plain
from speccheck.lang.concrete.products import Record, Tuple, Union, fields_of
from speccheck.lang.concrete.scalars import Bool, Concrete, Int, choice
from speccheck.lang.concrete.sets import Set, all_maps, all_products, all_subsets, interval
from speccheck.lang.concrete.undefined import Undefined, forced, strict, undefined_by
from speccheck.lang.spans import spec_error


def all_hold(*conditions: object) -> Any:
    """All hold; looked at left to right, as far as needed."""
    for each in conditions:
        if isinstance(each, Undefined):
            return each
        if not each:
            return Bool(False)
    return Bool(True)


def one_holds(*conditions: object) -> Any:
    """One holds; looked at left to right, as far as needed."""
    for each in conditions:
        if isinstance(each, Undefined):
            return each
        if each:
            return Bool(True)
    return Bool(False)


@strict
def negated(condition: object) -> Any:
    """The condition does not hold."""
    return Bool(not condition)


def implied(premise: object, conclusion: object) -> Any:
    """The conclusion holds where the premise does."""
    return choice(premise, conclusion, True)


def _quantified(what: str, holds: Callable[[list[bool]], bool]) -> Callable[[object], Any]:
    @strict
    def quantified(generator: object) -> Any:
        found = forced(drawn(generator, what))
        return Bool(holds([bool(body) for _, body in found]))

    return quantified


def _is_type(value: object) -> bool:
    return isinstance(value, type) or hasattr(value, "__origin__")


def _bodies(generator: object, what: str) -> list[Any]:
    return [forced(concrete(body)) for _, body in forced(drawn(generator, what))]


def _items(items: tuple[object, ...]) -> list[Any]:
    return [forced(concrete(item)) for item in items]


@strict
def make_set(*items: Any) -> Any:
    """A set of items, of a type, a range, or of what a generator yields."""
    match items:
        case (GeneratorType() as one,):
            return Set(_bodies(one, "Set"))
        case (one,) if _is_type(one):
            to_type(one)
            return Set()
        case (low, middle, high) if middle is ...:
            return interval(int(low), int(high))
        case _:
            return Set(_items(items))


def _key(elements: tuple[Any, ...]) -> Any:
    return elements[0] if len(elements) == 1 else Tuple(elements)


@strict
def make_filtered(generator: object) -> Any:
    """`SetIf(p(x) for x in S)`."""
    return Set(_key(elements) for elements, body in forced(drawn(generator, "SetIf")) if forced(body))


@strict
def make_map(*items: Any) -> Any:
    """A map of pairs, of two types, or from the elements of a generator's loops to what it yields."""
    match items:
        case (GeneratorType() as one,):
            found = forced(drawn(one, "Map"))
            return Map({_key(elements): forced(concrete(body)) for elements, body in found})
        case (key, value) if _is_type(key) and _is_type(value):
            return Map()
        case _:
            return Map([(forced(concrete(k)), forced(concrete(v))) for k, v in items])


@strict
def make_list(*items: Any) -> Any:
    """A list of items, of a type, or of what a generator yields."""
    match items:
        case (GeneratorType() as one,):
            return List(_bodies(one, "List"))
        case (one,) if _is_type(one):
            return List()
        case _:
            return List(_items(items))


@strict
def make_tuple(*items: object) -> Any:
    """A tuple of the items."""
    return Tuple(tuple(_items(items)))


def make_plain_record(**fields: object) -> Any:
    """A record without a declared class."""
    try:
        return Record(None, {name: forced(concrete(value)) for name, value in fields.items()}, None)
    except EvaluationError as error:
        return undefined_by(error)


def make_record(type_: RecordType, args: tuple[object, ...], fields: dict[str, object]) -> Any:
    """A record of a declared class."""
    names = [name for name, _ in type_.fields]
    given = dict(zip(names, args, strict=False)) | fields
    if set(given) != set(names) or len(args) + len(fields) != len(names):
        raise spec_error("record-fields", f"{type_.name} is made with other fields", f"they are {', '.join(names)}")
    try:
        values = {name: forced(typed(given[name], t)) for name, t in type_.fields}
    except EvaluationError as error:
        return undefined_by(error)
    return Record(type_, values, modes.class_of(type_))


def make_union(type_: UnionType, tag: str, payload: tuple[object, ...]) -> Any:
    """A value of a union; a Unit variant takes no payload."""
    expected = type_.variant(tag)
    given: tuple[Any, ...] = ((),) if expected == UNIT and not payload else payload
    if len(given) != 1:
        raise spec_error("union-payload", f"{type_.name}.{tag} holds one value of type {expected}, got {len(given)}")
    try:
        return Union(type_, tag, forced(typed(given[0], expected)))
    except EvaluationError as error:
        return undefined_by(error)


@strict
def make_range(low: int, high: int) -> Any:
    """The list of integers from low up to, not including, high."""
    return List(map(Int, range(int(low), int(high))))


def _sets(values: Any) -> list[Any]:
    return [forced(concrete(value)) for value in values]


@strict
def make_all_tuples(*sets: object) -> Any:
    """All tuples with an item from each set."""
    return all_products(_sets(sets), Tuple, lambda t: t.items)


def make_all_records(cls: Any = None, /, **fields: object) -> Any:
    """All records with each field from its set."""
    type_ = None if cls is None else to_type(cls)
    names = [n for n, _ in type_.fields] if isinstance(type_, RecordType) else list(fields)
    if set(names) != set(fields):
        raise spec_error("record-fields", "AllRecords gives other fields", "one set for each field")
    try:
        sets = _sets(fields[name] for name in names)
    except EvaluationError as error:
        return undefined_by(error)
    return all_products(
        sets,
        lambda row: Record(type_, dict(zip(names, row, strict=True)), cls),
        lambda record: [fields_of(record)[name] for name in names],
    )


_MEANINGS: dict[str, Callable[..., Any]] = {
    "Val": concrete,
    "And": all_hold,
    "Or": one_holds,
    "Not": negated,
    "Implies": implied,
    "Ite": choice,
    "Forall": _quantified("Forall", all),
    "Exists": _quantified("Exists", any),
    "Set": make_set,
    "SetIf": make_filtered,
    "Interval": strict(lambda low, high: interval(int(low), int(high))),
    "Range": make_range,
    "AllSubsets": strict(lambda of: all_subsets(forced(concrete(of)))),
    "AllMaps": strict(lambda keys, values: all_maps(*_sets((keys, values)))),
    "AllTuples": make_all_tuples,
    "AllRecords": make_all_records,
    "Map": make_map,
    "List": make_list,
    "Tuple": make_tuple,
    "Record": make_plain_record,
    "make_record": make_record,
    "make_union": make_union,
    "given_value": lambda value, type_, what="": Concrete.typed(value, type_),
    "given_constant": concrete,
    "value": lambda expr: plain(forced(concrete(expr))),
}

for _name, _meaning in _MEANINGS.items():
    modes.means(_name, _meaning)
