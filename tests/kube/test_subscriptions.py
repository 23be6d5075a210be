"""Subscription: what one subscriber sees of a watch, and what it is told when it falls behind."""

import asyncio
from datetime import UTC, datetime

from speccheck.kube.connections import Body
from speccheck.kube.subscriptions import Change, Gap, Listed, Record, Subscription

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _body(uid: str, version: int = 1, **labels: str) -> Body:
    return {"metadata": {"uid": uid, "name": uid, "resourceVersion": str(version), "labels": labels}}


def _told(subscription: Subscription) -> list[str]:
    async def all_of_it() -> list[Record]:
        return await subscription.batch(1000)

    return [_text(record) for record in asyncio.run(all_of_it())]


def _text(record: Record) -> str:
    match record:
        case Change(kind, body, _):
            return f"{kind} {body['metadata']['uid']}@{body['metadata']['resourceVersion']}"
        case _:
            return type(record).__name__


def test_only_what_is_labelled_is_told() -> None:
    subscription = Subscription({"app": "a"})
    subscription.put(Change("ADDED", _body("1", app="a"), NOW))
    subscription.put(Change("ADDED", _body("2", app="b"), NOW))
    subscription.put(Change("DELETED", _body("2", app="b"), NOW))
    subscription.put(Listed(NOW))
    assert _told(subscription) == ["ADDED 1@1", "Listed"]


def test_an_object_that_loses_its_label_is_deleted_as_it_was_last_known() -> None:
    subscription = Subscription({"app": "a"})
    subscription.put(Change("ADDED", _body("1", 1, app="a"), NOW))
    subscription.put(Change("MODIFIED", _body("1", 2, app="b"), NOW))
    subscription.put(Change("MODIFIED", _body("1", 3, app="b"), NOW))
    subscription.put(Change("MODIFIED", _body("1", 4, app="a"), NOW))
    assert _told(subscription) == ["ADDED 1@1", "DELETED 1@1", "ADDED 1@4"]


def test_a_change_of_what_is_known_is_a_change_whatever_it_is_called() -> None:
    subscription = Subscription({})
    subscription.put(Change("MODIFIED", _body("1", 1), NOW))
    subscription.put(Change("ADDED", _body("1", 2), NOW))
    assert _told(subscription) == ["ADDED 1@1", "MODIFIED 1@2"]


def test_a_batch_is_bounded() -> None:
    subscription = Subscription({})
    for number in range(5):
        subscription.put(Change("ADDED", _body(str(number)), NOW))

    async def batches() -> list[int]:
        return [len(await subscription.batch(3)), len(await subscription.batch(3))]

    assert asyncio.run(batches()) == [3, 2]


def test_one_that_falls_behind_is_told_so_and_how_things_stand_and_every_deletion() -> None:
    subscription = Subscription({}, limit=10)
    for uid in ("gone", "stays"):
        subscription.put(Change("ADDED", _body(uid), NOW))
    subscription.put(Change("DELETED", _body("gone"), NOW))
    for version in range(2, 14):
        subscription.put(Change("MODIFIED", _body("stays", version), NOW))
    told = _told(subscription)
    assert told[:4] == ["Gap", "DELETED gone@1", "MODIFIED stays@11", "Listed"]
    assert told[4:] == ["MODIFIED stays@12", "MODIFIED stays@13"]


def test_a_gap_says_how_much_was_dropped() -> None:
    subscription = Subscription({}, limit=2)
    for version in range(1, 6):
        subscription.put(Change("MODIFIED", _body("1", version), NOW))
    gap = asyncio.run(subscription.batch(1))[0]
    assert isinstance(gap, Gap)
    assert gap.reason == "observations come faster than they are judged: 5 were dropped"
