"""What differs between two values, as small as it can be said."""

from __future__ import annotations

from typing import Any

import pytest

from speccheck.rendering.changes import Moved, Replaced, state_changes, value_changes
from speccheck.rendering.values import item_text
from speccheck.reports import State


def told(old: Any, new: Any) -> list[str]:
    texts = []
    for change in value_changes("x", old, new):
        match change:
            case Replaced(place, before, after):
                texts.append(f"{place}: {before} → {after}")
            case Moved(place, gone, come):
                moved = [*(f"- {item_text(item)}" for item in gone), *(f"+ {item_text(item)}" for item in come)]
                texts.append(f"{place}: {' '.join(moved)}")
    return texts


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (1, 1, []),
        (1, 2, ["x: 1 → 2"]),
        ({"#set": [1, 2]}, {"#set": [2, 3]}, ["x: - 1 + 3"]),
        ({"#map": [["a", 1], ["b", 2]]}, {"#map": [["a", 1], ["b", 3]]}, ['x["b"]: 2 → 3']),
        ({"#map": [["a", 1]]}, {"#map": [["b", 1]]}, ['x: - "a": 1 + "b": 1']),
        ({"f": 1, "g": {"h": 2}}, {"f": 1, "g": {"h": 3}}, ["x.g.h: 2 → 3"]),
        ({"#map": [[1, {"#set": []}]]}, {"#map": [[1, {"#set": [5]}]]}, ["x[1]: + 5"]),
        ([1, 2], [1, 2, 3], ["x: + [2]: 3"]),
        ([1, 2, 3], [1, 2], ["x: - [2]: 3"]),
        ([1, 2, 3], [2, 3], ["x: - [0]: 1"]),
        ([1, 2], [1, 3], ["x[1]: 2 → 3"]),
        ([1, 2, 3], [7], ["x: [1, 2, 3] → [7]"]),
        ({"#tup": [1, 2]}, {"#tup": [1, 3]}, ["x: {'#tup': [1, 2]} → {'#tup': [1, 3]}"]),
    ],
)
def test_changes_are_told_at_their_place(old: Any, new: Any, changes: list[str]) -> None:
    assert told(old, new) == changes


def test_a_tag_that_changes_is_a_new_value() -> None:
    old, new = {"tag": "A", "value": 1}, {"tag": "B", "value": 1}
    assert value_changes("x", old, new) == [Replaced("x", old, new)]


def test_variables_that_stay_are_left_out() -> None:
    old, new = State((("x", 1), ("y", 2))), State((("x", 1), ("y", 3)))
    assert state_changes(old, new) == [Replaced("y", 2, 3)]
