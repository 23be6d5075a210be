"""Hypothesis strategies for types of the language and their values."""

from __future__ import annotations

from hypothesis import strategies as st

from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
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

NAMES = st.sampled_from(("a", "b", "tag", "value", "#set", "epoch", "Größe"))


def _named(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[tuple[tuple[str, Type], ...]]:
    return st.lists(st.tuples(NAMES, inner), min_size=1, max_size=3, unique_by=lambda each: each[0]).map(tuple)


def _larger(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return st.one_of(
        st.builds(SetType, inner),
        st.builds(MapType, inner, inner),
        st.builds(ListType, inner),
        st.builds(TupleType, st.lists(inner, max_size=3).map(tuple)),
        st.builds(RecordType, st.just("R"), _named(inner)),
        st.builds(UnionType, st.just("U"), _named(inner)),
    )


TYPES: st.SearchStrategy[Type] = st.recursive(
    st.sampled_from((INT, BOOL, STR, UNIT, EnumType("E", ("B", "A", "C")))), _larger, max_leaves=5
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=4)
INTS = st.one_of(st.integers(-3, 3), st.integers(), st.integers(-(10**40), 10**40))


def values(type_: Type) -> st.SearchStrategy[Value]:
    """Values of a type, as `ir.values` represents them."""
    match type_:
        case IntType():
            return INTS
        case BoolType():
            return st.booleans()
        case StrType():
            return TEXTS
        case UnitType():
            return st.just(())
        case EnumType(_, members):
            return st.integers(0, len(members) - 1)
        case SetType(element):
            return st.frozensets(values(element), max_size=4)
        case MapType(key, item):
            return st.dictionaries(values(key), values(item), max_size=3).map(FrozenMap)
        case ListType(element):
            return st.lists(values(element), max_size=3).map(tuple)
        case TupleType(items):
            return st.tuples(*map(values, items))
        case RecordType(_, fields):
            return st.tuples(*(values(part) for _, part in fields))
        case UnionType(_, variants):
            return st.one_of([st.tuples(st.just(n), values(part)) for n, (_, part) in enumerate(variants)])


TYPED_VALUES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))
