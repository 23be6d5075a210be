"""Memos: what equal objects share, and what tells objects apart."""

from __future__ import annotations

from typing import Any

import pytest

from speccheck.conform import memos
from speccheck.conform.memos import Memo
from speccheck.conform.projections import Projection

PART = Projection((("spec",),))


def test_equal_objects_share_what_is_remembered() -> None:
    memo = Memo(PART)
    memo.of({"spec": {"n": 1}}).values["place"] = 7
    memo.of({"spec": {"n": 2}})
    assert memo.of({"spec": {"n": 1}}).values == {"place": 7}


@pytest.mark.parametrize("other", [1.0, True, "1", None, [1]])
def test_values_of_other_types_are_other_values(other: Any) -> None:
    memo = Memo(PART)
    memo.of({"spec": 1}).values["place"] = 7
    assert memo.of({"spec": other}).values == {}


@pytest.mark.parametrize("strange", [1 << 70, {1, 2, 3}.__iter__(), "x" * 10_000])
def test_what_cannot_be_told_apart_or_is_large_is_not_remembered(strange: Any) -> None:
    memo = Memo(PART)
    memo.of({"spec": strange}).values["place"] = 7
    assert memo.of({"spec": strange}).values == {}


def test_whole_objects_are_not_remembered() -> None:
    memo = Memo(Projection(None))
    memo.of({"spec": 1}).values["place"] = 7
    assert memo.of({"spec": 1}).values == {}


def test_what_was_not_seen_for_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memos, "OBJECTS_KEPT", 2)
    memo = Memo(PART)
    for n in (1, 2, 1, 3):
        memo.of({"spec": n}).values["place"] = n
    assert [memo.of({"spec": n}).values.get("place") for n in (1, 2)] == [1, None]
