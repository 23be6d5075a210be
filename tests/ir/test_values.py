"""Values: equality, hashing, the canonical order, and what fits a type."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ir.values import TYPES, values

from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
    EnumType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
)
from speccheck.ir.values import FrozenMap, Value, fits, in_order, sort_key

COLOUR = EnumType("Colour", ("red", "green", "blue"))
POINT = RecordType("Point", (("x", INT), ("tags", SetType(STR))))
SHAPE = UnionType("Shape", (("Dot", UNIT), ("Area", SetType(INT)), ("Size", INT)))


@st.composite
def typed(draw: Callable[..., Any], count: int = 1) -> tuple[Type, list[Value]]:
    """A type and some values of it."""
    type_ = draw(TYPES)
    return type_, [draw(values(type_)) for _ in range(count)]


def naive_less(a: Value, b: Value, type_: Type) -> bool:
    """The canonical order, spelt out."""
    match type_:
        case SetType(element):
            return naive_less(sorted_naively(a, element), sorted_naively(b, element), ListType(element))
        case MapType(key, item):
            pair = TupleType((key, item))
            return naive_less(sorted_naively(a.items(), pair), sorted_naively(b.items(), pair), ListType(pair))
        case ListType(element):
            for x, y in zip(a, b, strict=False):
                if x != y:
                    return naive_less(x, y, element)
            return len(a) < len(b)
        case TupleType(parts):
            return any_first(a, b, parts)
        case RecordType(_, fields):
            return any_first(a, b, tuple(part for _, part in fields))
        case UnionType(_, variants):
            return a[0] < b[0] if a[0] != b[0] else a[1] != b[1] and naive_less(a[1], b[1], variants[a[0]][1])
        case _:
            return bool(a < b)


def any_first(a: Value, b: Value, parts: tuple[Type, ...]) -> bool:
    """Whether the first difference of two products goes one way."""
    for x, y, part in zip(a, b, parts, strict=True):
        if x != y:
            return naive_less(x, y, part)
    return False


def sorted_naively(items: Any, element: Type) -> list[Value]:
    """Insertion into place, by comparisons alone."""
    found: list[Value] = []
    for item in items:
        at = sum(naive_less(other, item, element) for other in found)
        found.insert(at, item)
    return found


@given(typed(2))
def test_sort_keys_order_as_the_language_says(sample: tuple[Type, list[Value]]) -> None:
    type_, (a, b) = sample
    key = sort_key(type_) or (lambda value: value)
    assert (key(a) < key(b)) == (a != b and naive_less(a, b, type_))
    assert (key(a) == key(b)) == (a == b)


@given(typed(5))
def test_in_order_does_not_depend_on_the_order_of_arrival(sample: tuple[Type, list[Value]]) -> None:
    type_, found = sample
    distinct = list(dict.fromkeys(found))
    assert in_order(distinct, type_) == in_order(reversed(distinct), type_)


@given(typed(1))
def test_a_value_fits_its_type(sample: tuple[Type, list[Value]]) -> None:
    type_, (value,) = sample
    assert fits(value, type_)
    assert not fits(None, type_)
    assert not fits([value], ListType(type_))


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, INT),
        (1, BOOL),
        (1, STR),
        ((), INT),
        (3, COLOUR),
        (-1, COLOUR),
        (True, COLOUR),
        ({1}, SetType(INT)),
        (frozenset([True]), SetType(INT)),
        ({1: 1}, MapType(INT, INT)),
        (FrozenMap({1: True}), MapType(INT, INT)),
        ((1,), TupleType((INT, INT))),
        ((1, 2, 3), TupleType((INT, INT))),
        ((3, 1), SHAPE),
        ((0, 1), SHAPE),
        ((True, frozenset()), SHAPE),
        ((1, frozenset(["a"]), 3), POINT),
        ([], UNIT),
        (frozenset(), UNIT),
    ],
)
def test_what_looks_alike_does_not_fit(value: object, type_: Type) -> None:
    assert not fits(value, type_)


def test_the_canonical_order_of_each_kind() -> None:
    assert in_order({10, 9, -1}, INT) == [-1, 9, 10]
    assert in_order({True, False}, BOOL) == [False, True]
    assert in_order({"b", "B", "a", "é", "ab"}, STR) == ["B", "a", "ab", "b", "é"]
    assert in_order({2, 0}, COLOUR) == [0, 2]
    assert in_order([frozenset({3}), frozenset({1, 9}), frozenset({1}), frozenset()], SetType(INT)) == [
        frozenset(),
        frozenset({1}),
        frozenset({1, 9}),
        frozenset({3}),
    ]
    assert in_order([(1, ()), (0, (2,)), (0, ())], TupleType((INT, ListType(INT)))) == [(0, ()), (0, (2,)), (1, ())]
    assert in_order([(2, 0), (1, frozenset({5})), (0, ()), (1, frozenset({4}))], SHAPE) == [
        (0, ()),
        (1, frozenset({4})),
        (1, frozenset({5})),
        (2, 0),
    ]


def test_maps_are_ordered_as_sorted_pairs() -> None:
    made = [FrozenMap({1: 5}), FrozenMap({2: 0}), FrozenMap({1: 4, 9: 9}), FrozenMap()]
    assert in_order(made, MapType(INT, INT)) == [made[3], made[2], made[0], made[1]]


def test_sets_inside_products_are_not_compared_by_inclusion() -> None:
    apart = [(frozenset({2}), 0), (frozenset({1}), 1)]
    assert in_order(apart, TupleType((SetType(INT), INT))) == apart[::-1]


class TestFrozenMap:
    def test_equal_maps_are_equal_and_hash_alike_whatever_their_history(self) -> None:
        a, b = FrozenMap({1: 2, 3: 4}), FrozenMap().set(3, 4).set(1, 0).set(1, 2)
        assert a == b
        assert hash(a) == hash(b)
        assert len({a, b}) == 1

    def test_a_map_is_not_a_dict_nor_a_set(self) -> None:
        assert FrozenMap() != {}
        assert FrozenMap() != frozenset()

    def test_set_leaves_the_old_map_as_it_was(self) -> None:
        old = FrozenMap({1: 2})
        assert old.set(1, 3)[1] == 3
        assert old.set(2, 3) == FrozenMap({2: 3, 1: 2})
        assert dict(old) == {1: 2}

    def test_it_cannot_be_assigned_to(self) -> None:
        with pytest.raises(TypeError):
            FrozenMap({1: 2})[1] = 3  # type: ignore[index]

    @given(st.dictionaries(st.integers(0, 5), st.integers(0, 5)))
    def test_it_behaves_as_its_dict(self, entries: dict[int, int]) -> None:
        made = FrozenMap(entries)
        assert dict(made) == entries
        assert len(made) == len(entries)
        assert all((key in made) == (key in entries) for key in range(6))
        assert sorted(made.items()) == sorted(entries.items())

    def test_equal_hashes_for_every_order_of_insertion(self) -> None:
        pairs = [(1, "a"), (2, "b"), (3, "c")]
        assert len({hash(FrozenMap(order)) for order in itertools.permutations(pairs)}) == 1
