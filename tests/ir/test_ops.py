"""The table of operations: what each means, where it means nothing, and how it is typed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.ir.ops import (
    MAX_BITS,
    MAX_ELEMENTS,
    OPS,
    TooLarge,
    TypeMismatch,
    Undefined,
    bound_meaning,
    enum_index,
)
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
from speccheck.ir.values import FrozenMap, Value

POINT = RecordType("Point", (("x", INT), ("y", STR)))
SHAPE = UnionType("Shape", (("Dot", UNIT), ("Size", INT)))
COLOUR = EnumType("Colour", ("red", "green"))
S, L, M = SetType(INT), ListType(INT), MapType(INT, STR)


def mean(op: str, *args: Value) -> Value:
    """What an operation without attribute gives."""
    return OPS[op].meaning(*args)


def typed(op: str, *args: Type, attribute: str | int | None = None, declared: Type | None = None) -> Type:
    """The type an operation gives."""
    return OPS[op].result(args, attribute, declared)


whole = st.integers(-10, 10)
sets = st.frozensets(st.integers(0, 6))
lists = st.lists(st.integers(0, 6), max_size=6).map(tuple)


class TestIntegers:
    @given(whole, whole)
    def test_arithmetic_is_pythons(self, a: int, b: int) -> None:
        assert (mean("add", a, b), mean("sub", a, b), mean("mul", a, b), mean("neg", a)) == (a + b, a - b, a * b, -a)
        assert (mean("lt", a, b), mean("le", a, b), mean("gt", a, b), mean("ge", a, b)) == (
            a < b,
            a <= b,
            a > b,
            a >= b,
        )

    @given(whole, whole.filter(bool))
    def test_division_floors_and_modulo_has_the_divisors_sign(self, a: int, b: int) -> None:
        quotient, rest = mean("floordiv", a, b), mean("mod", a, b)
        assert quotient * b + rest == a
        assert 0 <= rest < b or b < rest <= 0

    @pytest.mark.parametrize(("op", "why"), [("floordiv", "division by zero"), ("mod", "modulo by zero")])
    def test_dividing_by_zero_is_undefined(self, op: str, why: str) -> None:
        with pytest.raises(Undefined, match=why):
            mean(op, 1, 0)

    def test_powers(self) -> None:
        assert [mean("pow", 2, 10), mean("pow", -3, 3), mean("pow", 0, 0), mean("pow", -1, 10**30 + 1)] == [
            1024,
            -27,
            1,
            -1,
        ]
        with pytest.raises(Undefined, match="negative exponent -1"):
            mean("pow", 2, -1)

    def test_integers_that_would_not_fit_are_too_large_at_once(self) -> None:
        started = time.monotonic()
        for op, args in [("pow", (3, 10**12)), ("pow", (7, 10**4000)), ("mul", (1 << MAX_BITS, 2))]:
            with pytest.raises(TooLarge, match="bits"):
                mean(op, *args)
        assert time.monotonic() - started < 60

    def test_messages_can_tell_of_integers_of_any_length(self) -> None:
        huge = 1 << 100_000
        with pytest.raises(Undefined, match=r"negative exponent -2\*\*100000 or more"):
            mean("pow", 2, -huge)
        with pytest.raises(TooLarge, match=r"a range of 2\*\*100000 or more elements"):
            mean("interval", 0, huge)
        with pytest.raises(Undefined, match=r"index 2\*\*100000 or more is out of range for a list of 1"):
            mean("list_get", (1,), huge)
        with pytest.raises(Undefined, match=r"negative bound in the slice \[-2\*\*100000 or more:1\]"):
            mean("list_slice", (1,), -huge, 1)


class TestRanges:
    @given(whole, whole)
    def test_an_interval_includes_both_ends_and_a_range_its_first(self, low: int, high: int) -> None:
        assert mean("interval", low, high) == {n for n in range(-20, 20) if low <= n <= high}
        assert mean("range", low, high) == tuple(n for n in range(-20, 20) if low <= n < high)

    def test_the_largest_range_is_built_and_the_next_is_not(self) -> None:
        assert len(mean("range", 0, MAX_ELEMENTS)) == MAX_ELEMENTS
        for op, high in [("range", MAX_ELEMENTS + 1), ("interval", MAX_ELEMENTS)]:
            with pytest.raises(TooLarge, match=f"a range of {MAX_ELEMENTS + 1} elements"):
                mean(op, 0, high)

    def test_ranges_far_from_zero(self) -> None:
        assert mean("range", 10**30, 10**30 + 2) == (10**30, 10**30 + 1)


class TestSets:
    @given(sets, sets)
    def test_set_algebra(self, a: frozenset[int], b: frozenset[int]) -> None:
        assert mean("set_union", a, b) == {*a, *b}
        assert mean("set_intersection", a, b) == {x for x in a if x in b}
        assert mean("set_difference", a, b) == {x for x in a if x not in b}
        assert mean("subset", a, b) == all(x in b for x in a)
        assert mean("proper_subset", a, b) == (mean("subset", a, b) and a != b)
        assert mean("set_size", a) == len(set(a))
        assert mean("set_flatten", frozenset([a, b])) == a | b

    @given(sets)
    def test_all_subsets_are_all_and_each_once(self, of: frozenset[int]) -> None:
        found = mean("all_subsets", of)
        assert len(found) == 2 ** len(of)
        assert all(each <= of for each in found)

    @given(st.frozensets(st.integers(0, 2)), st.frozensets(st.integers(5, 7)))
    def test_all_maps_have_each_value_for_each_key(self, keys: frozenset[int], values: frozenset[int]) -> None:
        found = mean("all_maps", keys, values)
        assert len(found) == len(values) ** len(keys)
        assert all(set(each) == keys and set(each.values()) <= values for each in found)

    def test_products(self) -> None:
        two, none = frozenset([1, 2]), frozenset[int]()
        assert mean("all_tuples", two, frozenset("a")) == {(1, "a"), (2, "a")}
        assert mean("all_records", two, none) == frozenset()
        assert mean("all_tuples") == {()}

    @pytest.mark.parametrize(
        ("op", "args"),
        [
            ("all_subsets", (frozenset(range(21)),)),
            ("all_subsets", (frozenset(range(5000)),)),
            ("all_maps", (frozenset(range(500)), frozenset(range(500)))),
            ("all_tuples", (frozenset(range(2000)),) * 2),
            ("all_tuples", (frozenset(range(2)),) * 20_000),
            ("set_union", (frozenset(range(MAX_ELEMENTS)), frozenset([-1]))),
            ("list_concat", (tuple(range(MAX_ELEMENTS)), (1,))),
            ("set_flatten", (frozenset([frozenset(range(MAX_ELEMENTS)), frozenset([-1])]),)),
        ],
    )
    def test_what_would_have_too_many_elements_is_not_built(self, op: str, args: tuple[Any, ...]) -> None:
        with pytest.raises(TooLarge, match=rf"elements \(limit {MAX_ELEMENTS}\)"):
            mean(op, *args)


class TestMaps:
    m = FrozenMap({1: "a", 2: "b"})

    def test_looking_up(self) -> None:
        assert mean("map_get", self.m, 2) == "b"
        with pytest.raises(Undefined, match="the key is not in the map"):
            mean("map_get", self.m, 3)

    def test_insert_adds_or_replaces_and_replace_needs_the_key(self) -> None:
        assert mean("map_insert", self.m, 3, "c") == FrozenMap({1: "a", 2: "b", 3: "c"})
        assert mean("map_insert", self.m, 1, "c") == mean("map_replace", self.m, 1, "c") == FrozenMap({1: "c", 2: "b"})
        with pytest.raises(Undefined, match="UPSERT"):
            mean("map_replace", self.m, 3, "c")

    def test_parts(self) -> None:
        assert mean("map_keys", self.m) == {1, 2}
        assert mean("map_values", mean("map_insert", self.m, 3, "a")) == {"a", "b"}
        assert mean("map_size", self.m) == 2
        assert mean("map_make", 1, "x", 1, "a", 2, "b") == self.m


class TestLists:
    @given(lists, st.integers(-3, 8))
    def test_reading_and_replacing_within_bounds_only(self, items: tuple[int, ...], at: int) -> None:
        if 0 <= at < len(items):
            assert mean("list_get", items, at) == items[at]
            assert mean("list_replace", items, at, 9) == tuple(9 if n == at else x for n, x in enumerate(items))
        else:
            for op, rest in [("list_get", ()), ("list_replace", (9,))]:
                with pytest.raises(Undefined, match=f"index {at} is out of range for a list of {len(items)}"):
                    mean(op, items, at, *rest)

    @given(lists, st.integers(0, 8), st.integers(0, 8))
    def test_slices_are_cut_at_the_end(self, items: tuple[int, ...], low: int, high: int) -> None:
        assert mean("list_slice", items, low, high) == items[low:high]

    @pytest.mark.parametrize(("low", "high"), [(-1, 2), (0, -1)])
    def test_negative_bounds_of_a_slice_are_undefined(self, low: int, high: int) -> None:
        with pytest.raises(Undefined, match="negative bound"):
            mean("list_slice", (1, 2, 3), low, high)

    @given(lists, lists)
    def test_the_rest(self, a: tuple[int, ...], b: tuple[int, ...]) -> None:
        assert mean("list_concat", a, b) == a + b
        assert mean("list_keys", a) == set(range(len(a)))
        assert mean("list_size", a) == len(a)
        assert all(mean("list_contains", a, x) == (x in a) for x in range(8))
        assert mean("list_make", *a) == a


class TestProductsAndSums:
    def test_an_attribute_becomes_a_position(self) -> None:
        x = bound_meaning(OPS["record_get"], "y", (POINT,), STR)
        assert x((1, "a")) == "a"
        put = bound_meaning(OPS["record_replace"], "x", (POINT, INT), POINT)
        assert put((1, "a"), 2) == (2, "a")
        second = bound_meaning(OPS["tuple_get"], 1, (TupleType((INT, INT)),), INT)
        assert second((5, 6)) == 6
        changed = bound_meaning(OPS["tuple_replace"], 0, (TupleType((INT, INT)), INT), TupleType((INT, INT)))
        assert changed((5, 6), 7) == (7, 6)
        made = bound_meaning(OPS["union_make"], "Size", (INT,), SHAPE)
        assert made(4) == (1, 4)
        assert mean("union_tag", (1, 4)) == 1
        assert bound_meaning(OPS["add"], None, (INT, INT), INT)(1, 2) == 3

    def test_enums(self) -> None:
        assert enum_index(COLOUR, "green") == 1
        with pytest.raises(ValueError, match="not in tuple"):
            enum_index(COLOUR, "blue")


class TestLogic:
    @given(st.lists(st.booleans(), min_size=1), st.booleans())
    def test_the_plain_meanings(self, items: list[bool], a: bool) -> None:
        assert mean("and", *items) == all(items)
        assert mean("or", *items) == any(items)
        assert mean("implies", items[0], a) == (a or not items[0])
        assert mean("not", a) == (not a)
        assert mean("ite", a, 1, 2) == (1 if a else 2)

    def test_only_these_are_lazy(self) -> None:
        assert {name for name, op in OPS.items() if op.lazy} == {"and", "or", "implies", "ite"}


class TestTypes:
    @pytest.mark.parametrize(
        ("op", "args", "expected"),
        [
            ("add", (INT, INT), INT),
            ("lt", (INT, INT), BOOL),
            ("eq", (S, S), BOOL),
            ("and", (BOOL,) * 5, BOOL),
            ("ite", (BOOL, S, S), S),
            ("interval", (INT, INT), S),
            ("range", (INT, INT), L),
            ("set_make", (STR, STR), SetType(STR)),
            ("set_union", (S, S), S),
            ("set_contains", (S, INT), BOOL),
            ("set_flatten", (SetType(S),), S),
            ("all_subsets", (S,), SetType(S)),
            ("all_maps", (S, SetType(STR)), SetType(M)),
            ("all_tuples", (S, SetType(STR)), SetType(TupleType((INT, STR)))),
            ("map_make", (INT, STR, INT, STR), M),
            ("map_get", (M, INT), STR),
            ("map_insert", (M, INT, STR), M),
            ("map_keys", (M,), S),
            ("map_values", (M,), SetType(STR)),
            ("list_make", (INT,), L),
            ("list_slice", (L, INT, INT), L),
            ("list_keys", (L,), S),
            ("tuple_make", (INT, STR), TupleType((INT, STR))),
            ("union_tag", (SHAPE,), EnumType("Shape.tag", ("Dot", "Size"))),
        ],
    )
    def test_results(self, op: str, args: tuple[Type, ...], expected: Type) -> None:
        assert typed(op, *args) == expected

    def test_results_that_need_an_attribute_or_a_declaration(self) -> None:
        assert typed("record_get", POINT, attribute="y") == STR
        assert typed("record_replace", POINT, INT, attribute="x") == POINT
        assert typed("record_make", INT, STR, declared=POINT) == POINT
        assert typed("tuple_get", TupleType((INT, STR)), attribute=1) == STR
        assert typed("union_make", INT, attribute="Size", declared=SHAPE) == SHAPE
        assert typed("all_records", S, SetType(STR), declared=SetType(POINT)) == SetType(POINT)

    @pytest.mark.parametrize(
        ("op", "args", "words"),
        [
            ("add", (INT, BOOL), "operand 2 should be int, not bool"),
            ("add", (INT,), "takes 2 operands, got 1"),
            ("and", (BOOL, INT), "operand 2 should be bool, not int"),
            ("and", (), "takes 1 operands, got 0"),
            ("eq", (INT, STR), "int and str are different types and never equal"),
            ("set_contains", (S, STR), "operand 2 should be int, not str"),
            ("set_union", (S, SetType(STR)), r"operand 2 should be set\[int\], not set\[str\]"),
            ("set_flatten", (S,), r"operand 1 should be set\[set\[T\]\], not set\[int\]"),
            ("map_get", (M, STR), "operand 2 should be int, not str"),
            ("map_make", (INT,), "pairs of a key and a value"),
            ("map_make", (INT, STR, STR, INT), "entry 2 is str → int"),
            ("ite", (INT, S, S), "operand 1 should be bool, not int"),
            ("ite", (BOOL, S, L), r"operand 3 should be set\[int\], not list\[int\]"),
            ("all_tuples", (S, INT), "operand 2 should be a set, not int"),
            ("union_tag", (INT,), "operand 1 should be a union, not int"),
            ("record_make", (INT,), "a record needs its declared type"),
            ("union_make", (INT,), "needs its declared type and tag"),
        ],
    )
    def test_misfits_say_what_was_expected(self, op: str, args: tuple[Type, ...], words: str) -> None:
        with pytest.raises(TypeMismatch, match=words):
            typed(op, *args)

    def test_misfits_of_products_and_sums(self) -> None:
        with pytest.raises(TypeMismatch, match=r"Point has no field 'z' \(it has x, y\)"):
            typed("record_get", POINT, attribute="z")
        with pytest.raises(TypeMismatch, match="'x' should be int, not str"):
            typed("record_replace", POINT, STR, attribute="x")
        with pytest.raises(TypeMismatch, match="a tuple of 1 has no item 1"):
            typed("tuple_get", TupleType((INT,)), attribute=1)
        with pytest.raises(TypeMismatch, match=r"Point\.y should be str, not int"):
            typed("record_make", INT, INT, declared=POINT)
        with pytest.raises(TypeMismatch, match="Shape has no variant 'Area'"):
            typed("union_make", INT, attribute="Area", declared=SHAPE)
        with pytest.raises(TypeMismatch, match=r"Shape\.Dot should hold Unit, not int"):
            typed("union_make", INT, attribute="Dot", declared=SHAPE)
