"""JSON to values by type: everything that fits comes through unchanged, everything else is refused with its path."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ir.values import TYPED_VALUES, TYPES

from speccheck.conform.conversions import Unfit, value_of
from speccheck.ir.itf import encode
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
from speccheck.ir.values import FrozenMap, Value, fits

PHASE = EnumType("Phase", ("Running", "Done"))
PLAN = RecordType("Plan", (("epoch", INT), ("owner", STR)))
MESSAGE = UnionType("Message", (("Prepared", STR), ("Commit", UNIT)))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def plain(value: Value, type_: Type) -> Any:
    """The value as somebody would write it in JSON who has never heard of ITF."""
    match type_:
        case IntType() | BoolType() | StrType():
            return value
        case UnitType():
            return []
        case EnumType(_, members):
            return members[value]
        case SetType(element) | ListType(element):
            return [plain(item, element) for item in value]
        case TupleType(items):
            return [plain(item, part) for item, part in zip(value, items, strict=True)]
        case MapType((IntType() | BoolType() | StrType() | EnumType()) as key, item):
            return {_key(plain(k, key)): plain(v, item) for k, v in value.items()}
        case MapType(key, item):
            return {"#map": [[plain(k, key), plain(v, item)] for k, v in value.items()]}
        case RecordType(_, fields):
            return {name: plain(item, part) for item, (name, part) in zip(value, fields, strict=True)}
        case UnionType(_, variants):
            tag, payload = variants[value[0]]
            return {"tag": tag, "value": plain(value[1], payload)}


def _key(data: Any) -> str:
    return {True: "true", False: "false"}[data] if isinstance(data, bool) else str(data)


@given(TYPED_VALUES)
def test_every_value_comes_back_from_its_itf_form(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    assert value_of(encode(value, type_), type_) == value


@given(TYPED_VALUES)
def test_every_value_comes_back_from_plain_json(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    assert value_of(plain(value, type_), type_) == value


@given(JSON, TYPES)
def test_whatever_comes_out_is_a_value_of_the_type(data: Any, type_: Type) -> None:
    try:
        found = value_of(data, type_)
    except Unfit as error:
        assert error.path.startswith("$")
        assert "\n" not in str(error)
    else:
        assert fits(found, type_)


def test_a_strange_key_stays_on_one_line() -> None:
    with pytest.raises(Unfit) as caught:
        value_of({"a\nb": 1}, INT)
    assert str(caught.value).endswith(r'an object with "a\nb"')


@pytest.mark.parametrize(
    ("data", "type_", "value"),
    [
        (3.0, INT, 3),
        (-0.0, INT, 0),
        ({"#bigint": "-170141183460469231731687303715884105728"}, INT, -(1 << 127)),
        ({"1": "one", "-2": "two"}, MapType(INT, STR), FrozenMap({1: "one", -2: "two"})),
        ({"true": 1}, MapType(BOOL, INT), FrozenMap({True: 1})),
        ({"Done": 1}, MapType(PHASE, INT), FrozenMap({1: 1})),
        ({7: True}, MapType(INT, BOOL), FrozenMap({7: True})),
        ([1, 1, 2], SetType(INT), frozenset({1, 2})),
        ([1, "x"], TupleType((INT, STR)), (1, "x")),
        ({"owner": "a", "epoch": 2}, PLAN, (2, "a")),
        ({"tag": "Commit"}, MESSAGE, (1, ())),
        ({"tag": "Prepared", "value": "rm"}, MESSAGE, (0, "rm")),
        ({"#map": "a text"}, MapType(STR, STR), None),
    ],
)
def test_forms_that_are_read(data: Any, type_: Type, value: Value) -> None:
    if value is None:
        with pytest.raises(Unfit):
            value_of(data, type_)
    else:
        assert value_of(data, type_) == value


@pytest.mark.parametrize(
    ("data", "type_", "told"),
    [
        (
            None,
            INT,
            "$: should be an integer, and is null; give absent fields a default: get(object, 'path.to.field', default)",
        ),
        (True, INT, "$: should be an integer, and is true"),
        (2.5, INT, "$: should be an integer, and is the number 2.5"),
        (float(1 << 60), INT, "$: should be an integer, and is the number 1.152921504606847e+18"),
        (float("inf"), INT, "$: should be an integer, and is the number inf"),
        ("3", INT, "$: should be an integer, and is the text '3'"),
        ({"#bigint": "0x10"}, INT, "$: should be an integer, and is the text '0x10'"),
        (1, BOOL, "$: should be true or false, and is the number 1"),
        (b"x", STR, "$: should be text, and is a bytes, which no variable can hold; turn it into text with string()"),
        ("Idle", PHASE, "$: should be one of Phase: Running, Done, and is the text 'Idle'"),
        ({"a": 1}, SetType(INT), "$: should be an array (a set), and is an object with a"),
        ([1, [2, "x"]], ListType(ListType(INT)), "$[0]: should be an array, and is the number 1"),
        ([[1], [2, "x"]], ListType(ListType(INT)), "$[1][1]: should be an integer, and is the text 'x'"),
        ([1], TupleType((INT, INT)), "$: should be an array of 2, and is an array of 1"),
        ([], MapType(STR, INT), None),
        ("x", MapType(STR, INT), "$: should be an object (a map), and is the text 'x'"),
        ({"a": {"b-c": "x"}}, MapType(STR, MapType(STR, INT)), "$.a['b-c']: should be an integer, and is the text 'x'"),
        ({"one": 1}, MapType(INT, INT), "$.one: should be an integer, and is the text 'one'"),
        ({"1": 1, "01": 2}, MapType(INT, INT), "$: two of its keys are the same key of the map"),
        ({"a": 1}, MapType(PLAN, INT), None),
        ({"epoch": 1}, PLAN, "$: the field owner of Plan is missing; there is epoch"),
        ({"epoch": 1, "owner": "a", "age": 3}, PLAN, "$: Plan has no field age; its fields are epoch, owner"),
        ({"tag": "Abort"}, MESSAGE, "$.tag: Message has no variant 'Abort'; it has Commit, Prepared"),
        ({"tag": "Prepared"}, MESSAGE, "$: the variant Prepared needs a value"),
        ({"tag": "Prepared", "value": 1}, MESSAGE, "$.value: should be text, and is the number 1"),
        ({"#set": [1], "x": 2}, SetType(INT), '$: a {"#set": …} holds one array and nothing else'),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(data: Any, type_: Type, told: str | None) -> None:
    if told is None and data == []:
        assert value_of(data, type_) == FrozenMap()
        return
    with pytest.raises(Unfit) as caught:
        value_of(data, type_)
    assert told is None or str(caught.value) == told


def test_a_wide_object_is_told_in_short() -> None:
    with pytest.raises(Unfit) as caught:
        value_of({f"k{n:03}": n for n in range(1000)}, INT)
    assert str(caught.value).endswith("an object with k000, k001, k002, k003, k004, k005, k006, k007 and 992 more")


def test_json_itself_reads_as_values() -> None:
    data = msgspec.json.decode(b'{"a": [{"epoch": 1, "owner": "x"}]}')
    assert value_of(data, MapType(STR, SetType(PLAN))) == FrozenMap({"a": frozenset({(1, "x")})})
