"""Values as short text."""

from __future__ import annotations

from typing import Any

import pytest

from speccheck.errors import ModelError
from speccheck.rendering.values import MAX_DEPTH, printable, value_lines, value_text, verify_value

ONE, TWO = {"#bigint": "1"}, {"#bigint": "2"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ONE, "1"),
        (-7, "-7"),
        (True, "True"),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ([ONE, TWO], "[1, 2]"),
        ({"#tup": [ONE, TWO]}, "(1, 2)"),
        ({"#tup": [ONE]}, "(1,)"),
        ({"#tup": []}, "()"),
        ({"#set": [ONE, TWO]}, "{1, 2}"),
        ({"#map": [["a", ONE]]}, '{"a": 1}'),
        ({"#map": []}, "{}"),
        ({"name": "a", "size": TWO}, '(name="a", size=2)'),
        ({"tag": "Free", "value": {"#tup": []}}, "Free()"),
        ({"tag": "Held", "value": "d1"}, 'Held("d1")'),
        ({"tag": "Held", "value": {"by": "d1"}}, 'Held(by="d1")'),
        ({"tag": "Held", "value": {"#set": [ONE]}}, "Held({1})"),
        ({"tag": "Held", "value": "d1", "more": ONE}, '(tag="Held", value="d1", more=1)'),
        ({"#bigint": "9" * 300}, f"{'9' * 20}…{'9' * 20} (300 digits)"),
    ],
)
def test_a_value_on_one_line(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_a_value_that_fits_stays_on_its_line() -> None:
    assert value_lines({"#set": [ONE, TWO]}, 6) == ["{1, 2}"]


def test_short_items_share_lines() -> None:
    numbers = {"#set": [{"#bigint": str(n)} for n in range(10)]}
    assert value_lines(numbers, 18) == ["{", "  0, 1, 2, 3, 4,", "  5, 6, 7, 8, 9,", "}"]


def test_long_items_have_lines_of_their_own() -> None:
    value = [{"kind": "A", "name": "first"}, {"kind": "CNAME", "name": "second"}]
    assert value_lines(value, 30) == [
        "[",
        '  (kind="A", name="first"),',
        '  (kind="CNAME",',
        '   name="second"),',
        "]",
    ]


def test_a_record_with_a_part_too_long_to_stand_beside_it_is_stacked() -> None:
    value = {"name": "first", "parts": {"#set": ["something long", "something longer"]}}
    assert value_lines(value, 30) == [
        "(",
        '  name="first",',
        "  parts={",
        '    "something long",',
        '    "something longer",',
        "  },",
        ")",
    ]


@pytest.mark.parametrize("width", range(1, 60))
def test_broken_or_not_a_value_says_the_same(width: int) -> None:
    value = {"#map": [["k", {"name": "first", "parts": {"#set": ["one", "two"]}}], ["l", {"tag": "T", "value": ONE}]]}
    broken = "".join(value_lines(value, width))
    assert bare(broken) == bare(value_text(value))


def bare(text: str) -> str:
    return text.replace(" ", "").replace(",", "")


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\x85", "\u202e", "\ud800"])
def test_nothing_unprintable_is_left(text: str) -> None:
    assert printable(text).isprintable()


def test_printable_text_is_left_alone() -> None:
    assert printable("größer → 漢字") == "größer → 漢字"


@pytest.mark.parametrize(
    "value", [ONE, 3, False, "x", [[]], {"#tup": []}, {"#map": [["k", ONE]]}, {"a": {"#set": ["x"]}}, {}]
)
def test_values_of_the_format_are_let_through(value: Any) -> None:
    verify_value(value, "x")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (None, "x: None"),
        ([1.5], r"x\[0\]: 1.5"),
        ({"#bigint": "0x1"}, "x: "),
        ({"#bigint": 3}, "x: "),
        ({"#set": [], "more": ONE}, "x: "),
        ({"#map": [["k"]]}, r"x.#map\[0\]"),
        ({"a": {"#unknown": []}}, "x.a: "),
        ({"#set": {"a": ONE}}, "x: "),
    ],
)
def test_anything_else_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(ModelError, match=place):
        verify_value(value, "x")


def test_bottomless_values_are_refused() -> None:
    value: Any = ONE
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(ModelError, match="nested"):
        verify_value(value, "x")
