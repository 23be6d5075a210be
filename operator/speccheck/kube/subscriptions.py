"""What a watch tells, and to whom: records of changes and gaps, filtered for one subscriber, and its backlog.

A subscriber sees objects with certain labels; one that loses them is deleted to it. Where it falls far behind, what
waits is dropped, and it is told of a gap and how things stand after it. A deletion is never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from speccheck.kube.connections import ApiError, Body

BACKLOG_LIMIT = 10_000
"""How many records may wait, beyond two for each object."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object was added, changed or deleted (then as it was last known). `time`: when this was heard."""

    kind: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Body
    time: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Changes may have been missed before this; what follows makes up for them as far as can be."""

    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """Every object there is has been told, and changes are being heard."""

    time: datetime


@dataclass(frozen=True, slots=True)
class Failing:
    """The objects cannot be listed or watched at present; it is tried again."""

    error: ApiError


Record: TypeAlias = Change | Gap | Listed | Failing


class Subscription:
    """One subscriber's records, in order. `labels`: which objects it sees."""

    def __init__(self, labels: Mapping[str, str], limit: int = BACKLOG_LIMIT) -> None:
        self._labels = labels
        self._limit = limit
        self._queue: asyncio.Queue[Record] = asyncio.Queue()
        self._known: dict[str, Body] = {}

    async def batch(self, limit: int) -> list[Record]:
        """The next records: one at least, at most `limit`."""
        records = [await self._queue.get()]
        while len(records) < limit and not self._queue.empty():
            records.append(self._queue.get_nowait())
        return records

    def put(self, record: Record) -> None:
        """One more record."""
        match record:
            case Change() as change:
                seen = self._seen(change)
                if seen is None:
                    return
                record = seen
            case _:
                pass
        self._queue.put_nowait(record)
        if self._queue.qsize() > self._limit + 2 * len(self._known):
            self._start_over()

    def _seen(self, change: Change) -> Change | None:
        """The change as this subscriber sees it."""
        uid = str(change.object["metadata"]["uid"])
        before = self._known.get(uid)
        if change.kind == "DELETED" or not self._matches(change.object):
            last = self._known.pop(uid, None)
            return Change("DELETED", last, change.time) if last is not None else None
        self._known[uid] = change.object
        return Change("ADDED" if before is None else "MODIFIED", change.object, change.time)

    def _matches(self, body: Body) -> bool:
        labels = body["metadata"].get("labels") or {}
        return all(labels.get(name) == value for name, value in self._labels.items())

    def _start_over(self) -> None:
        """Drop what waits, but for deletions; say so; tell how things stand."""
        waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        deletions = [record for record in waiting if isinstance(record, Change) and record.kind == "DELETED"]
        time = max(record.time for record in waiting if isinstance(record, Change))
        restated = [Change("MODIFIED", body, time) for body in self._known.values()]
        gap = Gap(f"observations come faster than they are judged: {len(waiting)} were dropped", time)
        after: list[Record] = [gap, *deletions, *restated, Listed(time)]
        for record in after:
            self._queue.put_nowait(record)
