"""The functions that make expressions: Val, Set, SetIf, Map, List, Forall, Ite, and their like."""

from __future__ import annotations

from functools import reduce
from itertools import groupby
from typing import Any

from speccheck.ir.nodes import Apply, Clause, Fold
from speccheck.ir.types import BOOL, INT, ListType, MapType, RecordType, SetType, Type
from speccheck.ir.values import FrozenMap
from speccheck.ir.walks import may_be_undefined
from speccheck.lang.annotations import to_type
from speccheck.lang.binders import Drawn, bind, clause_over, draw, fresh
from speccheck.lang.collections import SetExpr
from speccheck.lang.concrete.modes import switched
from speccheck.lang.exprs import Expr, apply, constant, lift, node_of, type_of, untyped_empty, wrap
from speccheck.lang.products import make_record
from speccheck.lang.spans import recorded, spec_error
from speccheck.lang.temporals import holds_temporal, quantified


@switched
def Val(value: object) -> Any:
    """A Python value as an expression."""
    return lift(value)


@switched
def And(*conditions: object) -> Any:
    """All hold; evaluated left to right, as far as needed. `And()` holds."""
    return _chain("and", conditions, True)


@switched
def Or(*conditions: object) -> Any:
    """One holds; evaluated left to right, as far as needed. `Or()` does not hold."""
    return _chain("or", conditions, False)


def _chain(op: str, conditions: tuple[object, ...], empty: bool) -> Any:
    lifted = [lift(c, BOOL) for c in conditions]
    if not lifted:
        return constant(BOOL, empty)
    return lifted[0] if len(lifted) == 1 else apply(op, *lifted)


@switched
def Not(condition: object) -> Any:
    """The condition does not hold."""
    return apply("not", lift(condition, BOOL))


@switched
def Implies(premise: object, conclusion: object) -> Any:
    """The conclusion holds where the premise does; evaluated only then."""
    return apply("implies", lift(premise, BOOL), lift(conclusion, BOOL))


@switched
def Ite(condition: object, then: object, otherwise: object) -> Any:
    """`then` where the condition holds, `otherwise` where it does not; only that one is evaluated."""
    first, second = _same_type(then, otherwise)
    return apply("ite", lift(condition, BOOL), first, second)


def _same_type(a: object, b: object) -> tuple[Any, Any]:
    """Two values of one type, the type of an untyped literal taken from the other."""
    if isinstance(a, Expr) or not isinstance(b, Expr):
        first = lift(a)
        return first, lift(b, type_of(first))
    second = lift(b)
    return lift(a, type_of(second)), second


@switched
def Forall(generator: object) -> Any:
    """`Forall(p(x) for x in S)`: p holds for all."""
    drawn = draw(generator, "Forall")
    return quantified("forall", drawn) if holds_temporal(drawn) else _quantified("forall", "and", True, drawn)


@switched
def Exists(generator: object) -> Any:
    """`Exists(p(x) for x in S)`: p holds for some."""
    drawn = draw(generator, "Exists")
    return quantified("exists", drawn) if holds_temporal(drawn) else _quantified("exists", "or", False, drawn)


def _quantified(op: str, joined_by: str, empty: bool, drawn: list[Drawn]) -> Any:
    parts = []
    for each in drawn:
        body = lift(each.body, BOOL)
        if each.guard is not None:
            body = apply("implies" if op == "forall" else "and", each.guard, body)
        parts.append(bind(op, BOOL, each.clauses, body) if each.clauses else body)
    if any(may_be_undefined(node_of(part)) for part in parts[1:]):
        return _of_all(op, parts)
    return _chain(joined_by, tuple(parts), empty)


def _of_all(op: str, parts: list[Any]) -> Any:
    """A quantifier over conditions of which each is evaluated, as over the elements of a set."""
    clause = clause_over(apply("list_make", *parts), "each")
    return bind(op, BOOL, (clause,), wrap(clause.local))


@switched
def Set(*items: Any) -> Any:
    """A set: of the items, `Set(T)` the empty one, `Set(lo, ..., hi)` a range, `Set(f(x) for x in S)` an image."""
    match items:
        case (one,) if _is_generator(one):
            return images(draw(one, "Set"))
        case (one,) if _is_type(one):
            return constant(SetType(to_type(one)), frozenset())
        case (low, middle, high) if middle is ...:
            return Interval(low, high)
        case ():
            raise untyped_empty("set")
        case _:
            return apply("set_make", *_alike(items))


def _is_generator(value: object) -> bool:
    return type(value).__name__ == "generator"


def _is_type(value: object) -> bool:
    """Whether an argument names a type: a class, or a subscripted one such as set[int]."""
    return isinstance(value, type) or hasattr(value, "__origin__")


def _alike(items: tuple[object, ...]) -> list[Any]:
    """The items lifted, Python literals to the type of the first expression among them."""
    known = next((type_of(i) for i in items if isinstance(i, Expr)), None)
    first = known or type_of(lift(items[0]))
    return [lift(i, first) for i in items]


def images(drawn: list[Drawn]) -> Any:
    """The set of everything that was drawn."""
    if not drawn:
        raise untyped_empty("set")
    known = next((type_of(each.body) for each in drawn if isinstance(each.body, Expr)), None)
    parts, type_ = [], known
    for each in drawn:
        body = lift(each.body, type_)
        type_ = type_of(body)
        parts.append(_image(each, body))
    return reduce(lambda a, b: a | b, parts)


def _image(each: Drawn, body: Any) -> Any:
    type_ = SetType(type_of(body))
    if each.guard is None:
        return bind("image", type_, each.clauses, body) if each.clauses else apply("set_make", body)
    made = apply("ite", each.guard, apply("set_make", body), constant(type_, frozenset()))
    return bind("image", SetType(type_), each.clauses, made).flattened if each.clauses else made


@switched
def SetIf(generator: object) -> Any:
    """`SetIf(p(x) for x in S)`: the elements for which p holds; tuples of them where there are several `for`s."""
    drawn = draw(generator, "SetIf")
    parts = []
    for each in drawn:
        if not each.clauses:
            raise spec_error(
                "filter-domain", "SetIf ranges over no set or list expression", "write SetIf(p(x) for x in S)"
            )
        body = lift(each.body, BOOL)
        body = body if each.guard is None else apply("and", each.guard, body)
        parts.append(bind("filter", SetType(type_of(each.key)), each.clauses, body))
    if not parts:
        raise untyped_empty("set")
    return reduce(lambda a, b: a | b, parts)


@switched
def Interval(low: object, high: object) -> Any:
    """The integers from low to high, both included."""
    return apply("interval", lift(low, INT), lift(high, INT))


Ints: SetExpr = wrap(Apply(SetType(INT), "ints", ()))
"""The set of all integers. What needs every element is an evaluation error; a choice is drawn within a bound."""

UnsignedInts: SetExpr = wrap(Apply(SetType(INT), "unsigned_ints", ()))
"""The set of the integers from 0 on."""


@switched
def Range(low: object, high: object) -> Any:
    """The list of integers from low up to, not including, high."""
    return apply("range", lift(low, INT), lift(high, INT))


@switched
def AllSubsets(of: object) -> Any:
    """All subsets of a set."""
    return apply("all_subsets", lift(of))


@switched
def AllMaps(keys: object, values: object) -> Any:
    """All maps from every key to some value."""
    return apply("all_maps", lift(keys), lift(values))


@switched
def AllTuples(*sets: object) -> Any:
    """All tuples with an item from each set."""
    return apply("all_tuples", *map(lift, sets))


@switched
def AllRecords(cls: Any = None, /, **fields: object) -> Any:
    """All records with each field from its set; `AllRecords(R, f=S)` makes records of class R."""
    sets = {name: lift(domain) for name, domain in fields.items()}
    elements = {name: _element(name, domain) for name, domain in sets.items()}
    type_ = RecordType("Record", tuple(elements.items())) if cls is None else to_type(cls)
    if not isinstance(type_, RecordType) or {n for n, _ in type_.fields} != set(fields):
        raise spec_error(
            "record-fields", f"AllRecords gives {', '.join(fields) or 'no field'} for {type_}", "one set for each field"
        )
    return apply("all_records", *(sets[n] for n, _ in type_.fields), declared=SetType(type_))


def _element(name: str, domain: Any) -> Type:
    found = type_of(domain)
    if not isinstance(found, SetType):
        raise spec_error("type-mismatch", f"{name} should be a set of values, got one value of type {found}")
    return found.element


@switched
def Map(*items: Any) -> Any:
    """A map: `Map((k, v), …)`, `Map(K, V)` the empty one, `Map(f(x) for x in S)` keyed by x (or a tuple)."""
    match items:
        case (one,) if _is_generator(one):
            return mappings(draw(one, "Map"))
        case (key, value) if _is_type(key) and _is_type(value):
            return constant(MapType(to_type(key), to_type(value)), FrozenMap())
        case ():
            raise untyped_empty("map")
        case _:
            return _entries(items)


def _entries(items: tuple[Any, ...]) -> Any:
    pairs = []
    for item in items:
        if not isinstance(item, tuple) or len(item) != 2:
            raise spec_error(
                "map-entry", "a map is made from pairs of a key and a value", "write Map((k, v), (k2, v2))"
            )
        pairs.append(item)
    keys, values = _alike(tuple(k for k, _ in pairs)), _alike(tuple(v for _, v in pairs))
    return apply("map_make", *(e for pair in zip(keys, values, strict=True) for e in pair))


def mappings(drawn: list[Drawn]) -> Any:
    """The map from what was ranged over to what was drawn."""
    if len(drawn) != 1 or not drawn[0].clauses:
        raise spec_error("map-domain", "Map ranges over no set or list expression", "write Map(f(x) for x in S)")
    _unguarded(drawn, "Map")
    body = lift(drawn[0].body)
    return bind("mapping", MapType(type_of(drawn[0].key), type_of(body)), drawn[0].clauses, body)


@switched
def List(*items: Any) -> Any:
    """A list: of the items, `List(T)` the empty one, `List(f(x) for x in l)` over a list."""
    match items:
        case (one,) if _is_generator(one):
            return listed(draw(one, "List", shared=True))
        case (one,) if _is_type(one):
            return constant(ListType(to_type(one)), ())
        case ():
            raise untyped_empty("list")
        case _:
            return apply("list_make", *_alike(items))


def listed(drawn: list[Drawn]) -> Any:
    """The list of everything that was drawn, in order."""
    _unguarded(drawn, "List")
    if not drawn:
        raise untyped_empty("list")
    if not any(each.clauses for each in drawn):
        return apply("list_make", *_alike(tuple(each.body for each in drawn)))
    return _concatenated([(each.clauses, lift(each.body)) for each in drawn])


def _concatenated(rows: list[tuple[tuple[Clause, ...], Any]]) -> Any:
    """The bodies in the order in which nested loops come to them; a set is gone through in canonical order."""
    groups = [(clause, list(group)) for clause, group in groupby(rows, lambda row: row[0][0] if row[0] else None)]
    made = [_group(clause, [(clauses[1:], body) for clauses, body in group]) for clause, group in groups]
    return reduce(lambda a, b: a + b, made)


def _group(clause: Clause | None, rows: list[tuple[tuple[Clause, ...], Any]]) -> Any:
    if clause is None:
        return apply("list_make", *(body for _, body in rows))
    (inner, body), *others = rows
    if not others and not inner and isinstance(clause.domain.type, ListType):
        return bind("list_map", ListType(type_of(body)), (clause,), body)
    found = _concatenated(rows)
    type_ = type_of(found)
    accumulator = fresh(type_, "listed")
    joined = apply("list_concat", wrap(accumulator), found)
    items, empty = (clause.local,), node_of(constant(type_, ()))
    return wrap(recorded(Fold(type_, clause.domain, empty, accumulator, items, node_of(joined))))


def _unguarded(drawn: list[Drawn], what: str) -> None:
    if any(each.guard is not None for each in drawn):
        raise spec_error(
            "guard-of-expression",
            f"{what} over a Python iterable with an `if` on an expression: how many elements there are is not known",
            "range over an expression (Interval(lo, hi), s.S), or build the parts with Ite(p, a, b)",
        )


@switched
def Tuple(*items: object) -> Any:
    """A tuple of the items."""
    return apply("tuple_make", *map(lift, items))


@switched
def Record(**fields: object) -> Any:
    """A record without a declared class; its type is its fields, in the order given."""
    lifted = {name: lift(value) for name, value in fields.items()}
    type_ = RecordType("Record", tuple((name, type_of(value)) for name, value in lifted.items()))
    return make_record(type_, (), dict(lifted))
