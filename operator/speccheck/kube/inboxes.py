"""What was received, for whoever subscribed to it: one bounded inbox for each subscriber, by namespace and kind.

A delivery goes to every subscriber of its namespace, or to none: where one lacks room, the sender is to send it again
later. What may be lost so leaves a gap behind. Takes observations and their size as they came; reads no network.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from speccheck.sources.observations import Kind, Observation
from speccheck.sources.orderings import seq_of

ReceivedKind: TypeAlias = Literal["otlp", "audit"]

OBSERVATIONS_LIMIT = 10_000
"""How many observations one inbox holds."""

BYTES_LIMIT = 8 << 20
"""How many bytes, as they came, one inbox holds."""

TOTAL_BYTES_LIMIT = 64 << 20
"""How many all inboxes hold together."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    observations: Sequence[Observation]
    size: int


class Subscription:
    """One subscriber's inbox. `close` it when nobody reads it any more."""

    def __init__(self, taken: Callable[[int], None], closed: Callable[[Subscription], None]) -> None:
        self._taken = taken
        self._closed = closed
        self._deliveries: deque[_Delivery] = deque()
        self._at = 0
        self._gap = ""
        self._arrived = asyncio.Event()
        self.waiting = 0
        """How many observations wait."""
        self.size = 0
        """How many bytes they were."""

    async def batch(self, limit: int) -> list[Observation]:
        """The next observations, GAPs among them: one at least, at most `limit`. Their `source` is ""."""
        while not self.waiting and not self._gap:
            self._arrived.clear()
            await self._arrived.wait()
        batch: list[Observation] = []
        while self._deliveries and len(batch) < limit:
            batch += self._part(limit - len(batch))
        if self._gap and not self._deliveries and len(batch) < limit:
            batch.append(_gap(self._gap))
            self._gap = ""
        return batch

    def close(self) -> None:
        """Take nothing more in, and forget what waits."""
        self._taken(self.size)
        self._deliveries.clear()
        self.waiting = self.size = 0
        self._closed(self)

    def has_room(self, count: int, size: int) -> bool:
        """Whether so many observations, of so many bytes, fit in."""
        return self.waiting + count <= OBSERVATIONS_LIMIT and self.size + size <= BYTES_LIMIT

    def put(self, observations: Sequence[Observation], size: int) -> None:
        """Take a delivery in, after the gap that was left before it."""
        if self._gap:
            observations, self._gap = [_gap(self._gap), *observations], ""
        self._deliveries.append(_Delivery(observations, size))
        self.waiting += len(observations)
        self.size += size
        self._arrived.set()

    def miss(self, reason: str) -> None:
        """Something was not taken in after what waits."""
        self._gap = reason
        self._arrived.set()

    def _part(self, limit: int) -> Sequence[Observation]:
        """What is left of the first delivery, at most `limit`."""
        first = self._deliveries[0]
        part = first.observations[self._at : self._at + limit]
        self._at += len(part)
        self.waiting -= len(part)
        if self._at == len(first.observations):
            self._deliveries.popleft()
            self._at = 0
            self.size -= first.size
            self._taken(first.size)
        return part


class Inboxes:
    """Every subscriber's."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, ReceivedKind], list[Subscription]] = {}
        self._size = 0

    def subscribe(self, namespace: str, kind: ReceivedKind) -> Subscription:
        """An inbox for what a namespace sends (otlp), or for what is done in it (audit)."""
        at = namespace, kind

        def closed(subscription: Subscription) -> None:
            left = [each for each in self._all.get(at, ()) if each is not subscription]
            if left:
                self._all[at] = left
            else:
                self._all.pop(at, None)

        made = Subscription(self._took, closed)
        self._all.setdefault(at, []).append(made)
        return made

    def of(self, namespace: str, kind: ReceivedKind) -> Sequence[Subscription]:
        """Who listens to it."""
        return self._all.get((namespace, kind), ())

    def namespaces(self, kind: ReceivedKind) -> Sequence[str]:
        """Where anybody listens to this kind."""
        return [namespace for namespace, each in self._all if each == kind]

    def waiting(self, kind: ReceivedKind) -> int:
        """How many observations of a kind wait in all inboxes."""
        return sum(each.waiting for (_, of), boxes in self._all.items() if of == kind for each in boxes)

    def deliver(self, namespace: str, kind: ReceivedKind, observations: Sequence[Observation], size: int) -> bool:
        """Give observations to everybody who listens; False, and nothing given, where somebody has no room."""
        boxes = self.of(namespace, kind)
        if not observations or not boxes:
            return True
        fits = self._size + size * len(boxes) <= TOTAL_BYTES_LIMIT
        if not fits or not all(box.has_room(len(observations), size) for box in boxes):
            if not all(seq_of(each) is not None for each in observations):
                _missed(boxes)
            return False
        for box in boxes:
            box.put(observations, size)
            self._size += size
        return True

    def miss(self, namespace: str, kind: ReceivedKind, reason: str) -> None:
        """Have everybody who listens know that something was not taken in."""
        for box in self.of(namespace, kind):
            box.miss(reason)

    def _took(self, size: int) -> None:
        self._size -= size


def _missed(boxes: Sequence[Subscription]) -> None:
    """A gap where numbers will not tell whether it came again and all of it."""
    for box in boxes:
        box.miss("observations were sent faster than they were judged, and turned away")


def _gap(reason: str) -> Observation:
    return Observation(datetime.now(UTC), kind=Kind.GAP, reason=reason)
