"""Values to JSON data and back; what is refused, and how that is said."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ir.models import MESSAGE, PHASE, PLAN
from tests.ir.values import TYPED_VALUES, TYPES, values

from speccheck.errors import ModelError
from speccheck.ir.itf import decode, encode
from speccheck.ir.types import BOOL, INT, STR, UNIT, ListType, MapType, RecordType, SetType, TupleType, Type
from speccheck.ir.values import FrozenMap, Value

JSON = msgspec.json.Encoder(order="deterministic")


@given(TYPED_VALUES)
def test_a_value_survives_the_way_through_json(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    assert decode(msgspec.json.decode(JSON.encode(encode(value, type_))), type_) == value


@given(TYPES.flatmap(lambda type_: st.tuples(st.just(type_), values(type_), values(type_))))
def test_equal_values_and_no_others_are_equal_text(typed: tuple[Type, Value, Value]) -> None:
    type_, one, other = typed
    assert (JSON.encode(encode(one, type_)) == JSON.encode(encode(other, type_))) == (one == other)


@given(st.lists(st.integers(), unique=True), st.randoms())
def test_the_order_in_which_a_collection_was_made_does_not_show(items: list[int], random: Any) -> None:
    mixed = list(items)
    random.shuffle(mixed)
    type_ = MapType(INT, SetType(INT))
    one = FrozenMap((item, frozenset(items)) for item in items)
    other = FrozenMap((item, frozenset(mixed)) for item in mixed)
    assert JSON.encode(encode(one, type_)) == JSON.encode(encode(other, type_))
    data = encode(one, type_)
    data["#map"].reverse()
    assert decode(data, type_) == one


ENCODINGS: list[tuple[Type, Value, Any]] = [
    (INT, -7, {"#bigint": "-7"}),
    (BOOL, True, True),
    (STR, "é\n", "é\n"),
    (UNIT, (), {"#tup": []}),
    (PHASE, 1, "Crit"),
    (SetType(INT), frozenset({10, 9, -1}), {"#set": [{"#bigint": "-1"}, {"#bigint": "9"}, {"#bigint": "10"}]}),
    (SetType(PHASE), frozenset({2, 0}), {"#set": ["Try", "Done"]}),
    (MapType(STR, BOOL), FrozenMap({"b": True, "a": False}), {"#map": [["a", False], ["b", True]]}),
    (ListType(STR), ("b", "a"), ["b", "a"]),
    (TupleType((STR, BOOL)), ("x", False), {"#tup": ["x", False]}),
    (PLAN, (1, "o", frozenset()), {"epoch": {"#bigint": "1"}, "owner": "o", "ready": {"#set": []}}),
    (MESSAGE, (0, "rm"), {"tag": "Prepared", "value": "rm"}),
    (MESSAGE, (2, ()), {"tag": "Commit", "value": {"#tup": []}}),
]


@pytest.mark.parametrize(("type_", "value", "itf"), ENCODINGS, ids=lambda each: str(each)[:20])
def test_each_type_has_its_encoding(type_: Type, value: Value, itf: Any) -> None:
    assert encode(value, type_) == itf
    assert decode(itf, type_) == value


def test_plain_json_numbers_are_ints() -> None:
    assert decode([1, -2], ListType(INT)) == (1, -2)


LONG_INTS = [10**5000, -(10**5000) - 7, 2 ** (1 << 20) - 1, 10**4000, 0]


@pytest.mark.parametrize("value", LONG_INTS, ids=range(len(LONG_INTS)))
def test_integers_longer_than_python_converts_are_written_and_read(value: int) -> None:
    itf = encode(value, INT)
    assert decode(itf, INT) == value
    assert len(itf["#bigint"]) >= value.bit_length() * 0.3


MISFITS: list[tuple[Type, Any, str]] = [
    (INT, True, "expected an int, found true"),
    (INT, 1.0, "expected an int, found 1.0 (float)"),
    (INT, "1", "expected an int, found '1'"),
    (INT, {"#bigint": "1", "more": 2}, "expected an int, found an object with '#bigint', 'more'"),
    (INT, {"#bigint": "1_0"}, "expected an int in decimal digits, found an object with '#bigint'"),
    (INT, {"#bigint": "٣"}, "expected an int in decimal digits, found an object with '#bigint'"),
    (INT, {"#bigint": "9" * 400_001}, "expected an int in decimal digits, found an object with '#bigint'"),
    (BOOL, 1, "expected a bool, found 1"),
    (STR, None, "expected a str, found null"),
    (STR, 10**100, f"expected a str, found 1{'0' * 58}…"),
    (UNIT, {"#tup": [1]}, "expected Unit, {\"#tup\": []}, found an object with '#tup'"),
    (PHASE, "Cry", "expected a member of Phase (Try, Crit, Done), found 'Cry'"),
    (PHASE, 1, "expected a member of Phase (Try, Crit, Done), found 1"),
    (SetType(INT), [1], 'expected set[int], {"#set": […]}, found a list of 1'),
    (SetType(INT), {"#set": [1, {"#bigint": "1"}]}, "at [1]: expected an element that the set does not have yet"),
    (SetType(INT), {"#set": {}}, "expected set[int], {\"#set\": […]}, found an object with '#set'"),
    (MapType(STR, INT), {"#map": [["a", 1], ["a", 2]]}, "at [1].key: expected a key that the map does not have yet"),
    (MapType(STR, INT), {"#map": [["a", "b"]]}, "at [0].value: expected an int, found 'b'"),
    (MapType(STR, INT), {"#map": [["a"]]}, "at [0]: expected a pair [key, value], found a list of 1"),
    (MapType(STR, INT), {"a": 1}, "expected dict[str, int], {\"#map\": […]}, found an object with 'a'"),
    (ListType(INT), {"#set": []}, "expected list[int], a list, found an object with '#set'"),
    (TupleType((INT, INT)), {"#tup": [1]}, "expected 2 items (tuple[int, int]), found a list of 1"),
    (PLAN, {"epoch": 1, "owner": "x"}, "expected Plan, an object with exactly epoch, owner, ready, found an object"),
    (PLAN, {}, "expected Plan, an object with exactly epoch, owner, ready, found an empty object"),
    (PLAN, {"epoch": 1, "owner": "x", "ready": {"#set": [1, "y"]}}, "at .ready[1]: expected an int, found 'y'"),
    (MESSAGE, {"tag": "Abort", "value": 1}, "at .tag: expected a tag of Message (Prepared, Moved, Commit)"),
    (MESSAGE, {"tag": "Prepared"}, 'expected Message, {"tag": …, "value": …}, found an object with \'tag\''),
    (MESSAGE, {"tag": "Moved", "value": {"#tup": [1, False]}}, "at .Moved[1]: expected an int, found false"),
    (STR, {"#unserializable": "x"}, "expected a str, found an object with '#unserializable'"),
    (RecordType("\x1b[31m", ()), 5, 'expected "\\x1b[31m, an object with exactly no fields", found 5'),
]


@pytest.mark.parametrize(("type_", "itf", "message"), MISFITS, ids=range(len(MISFITS)))
def test_what_does_not_fit_is_refused_with_the_path_to_it(type_: Type, itf: Any, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        decode(itf, type_)
    assert str(raised.value).startswith(message)
    assert len(str(raised.value)) < 200


def test_text_that_json_cannot_carry_is_refused() -> None:
    with pytest.raises(ModelError, match="half of a surrogate pair at index 1 of a text: not Unicode"):
        encode("a\ud800", STR)
