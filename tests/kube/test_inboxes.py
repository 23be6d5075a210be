"""Inboxes: who hears what, how much waits, and the gap that is left by what did not fit."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.kube.receiving import batch

from speccheck.kube import inboxes
from speccheck.kube.inboxes import Inboxes
from speccheck.sources.observations import Event, Kind, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def events(*names: str) -> list[Observation]:
    return [Observation(NOON, event=Event(name)) for name in names]


def told(observations: list[Observation]) -> list[str]:
    return ["GAP" if each.kind is Kind.GAP else each.event.name if each.event else "" for each in observations]


def test_batches_go_across_deliveries_and_keep_their_order() -> None:
    made = Inboxes()
    box = made.subscribe("ns", "otlp")
    for names in ("ab", "cde", "f"):
        assert made.deliver("ns", "otlp", events(*names), 10)
    assert (box.waiting, box.size) == (6, 30)
    parts = [told(asyncio.run(box.batch(limit))) for limit in (1, 3, 10)]
    assert parts == [["a"], ["b", "c", "d"], ["e", "f"]]
    assert (box.waiting, box.size, made._size) == (0, 0, 0)


def test_a_batch_waits_until_there_is_something() -> None:
    async def body() -> None:
        made = Inboxes()
        box = made.subscribe("ns", "otlp")
        waiting = asyncio.create_task(box.batch(5))
        await asyncio.sleep(0)
        made.deliver("ns", "otlp", events("a"), 1)
        assert told(await waiting) == ["a"]
        waiting = asyncio.create_task(box.batch(5))
        await asyncio.sleep(0)
        made.miss("ns", "otlp", "lost")
        assert told(await waiting) == ["GAP"]

    asyncio.run(body())


def test_kinds_and_namespaces_are_apart() -> None:
    made = Inboxes()
    boxes = [made.subscribe("a", "otlp"), made.subscribe("a", "audit"), made.subscribe("b", "otlp")]
    made.deliver("a", "otlp", events("x"), 1)
    assert [box.waiting for box in boxes] == [1, 0, 0]
    assert (made.namespaces("otlp"), made.namespaces("audit")) == (["a", "b"], ["a"])
    assert (made.waiting("otlp"), made.waiting("audit")) == (1, 0)


def test_where_one_has_no_room_nobody_gets_it_and_all_know() -> None:
    made = Inboxes()
    slow, quick = made.subscribe("ns", "otlp"), made.subscribe("ns", "otlp")
    assert made.deliver("ns", "otlp", events("a"), inboxes.BYTES_LIMIT)
    asyncio.run(batch(quick, 1))
    assert not made.deliver("ns", "otlp", events("b"), 1)
    assert told(asyncio.run(batch(quick, 1))) == ["GAP"]
    assert told(asyncio.run(slow.batch(9))) == ["a", "GAP"]
    assert made.deliver("ns", "otlp", events("b"), 1)
    assert told(asyncio.run(slow.batch(9))) == ["b"]


def test_a_gap_stands_where_something_was_left_out() -> None:
    made = Inboxes()
    box = made.subscribe("ns", "otlp")
    made.deliver("ns", "otlp", events("a"), 1)
    made.miss("ns", "otlp", "first")
    made.miss("ns", "otlp", "second")
    made.deliver("ns", "otlp", events("b"), 1)
    found = asyncio.run(box.batch(9))
    assert told(found) == ["a", "GAP", "b"]
    assert found[1].reason == "second"


def test_all_inboxes_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "TOTAL_BYTES_LIMIT", 100)
    made = Inboxes()
    first, _ = made.subscribe("a", "otlp"), made.subscribe("b", "otlp")
    assert made.deliver("a", "otlp", events("x"), 80)
    assert not made.deliver("b", "otlp", events("x"), 80)
    first.close()
    assert made.deliver("b", "otlp", events("x"), 80)


def test_who_closes_hears_nothing_more_and_leaves_nothing_behind() -> None:
    made = Inboxes()
    one, two = made.subscribe("ns", "otlp"), made.subscribe("ns", "otlp")
    one.close()
    one.close()
    made.deliver("ns", "otlp", events("a"), 5)
    assert (one.waiting, two.waiting, made._size) == (0, 1, 5)
    two.close()
    assert (made._all, made._size) == ({}, 0)
