"""Events, written in the background: what is told here never holds up or fails what it tells of.

Takes Events with deterministic names; writes them at a bounded rate, namespaces taking turns, from a bounded queue, and
counts what it gives up. One that exists has been told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass

from speccheck.errors import EngineError
from speccheck.kube.connections import ApiError, Body
from speccheck.kube.kinds import EVENTS
from speccheck.kube.meters import Meters
from speccheck.kube.retries import is_passing, retrying
from speccheck.kube.writes import Writer
from speccheck.resource.events import EventBody

QUEUE_LIMIT = 1000
"""How many Events of one namespace may wait."""

TOTAL_LIMIT = 10_000
BURST = 100
RATE_PER_S = 10.0
DRAIN_TIMEOUT_S = 3.0

LOSSES = ("full", "refused", "unreachable", "fault", "shutdown")
"""Why an Event is given up."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Telling:
    """An Event to be made; with a patch: one to be patched, and made where it has gone."""

    event: EventBody
    patch: Body | None = None


class Bucket:
    """A token bucket: `burst` at once, then `rate_per_s`."""

    def __init__(self, burst: int, rate_per_s: float) -> None:
        self._burst = float(burst)
        self._rate_per_s = rate_per_s
        self._tokens = self._burst
        self._at = 0.0

    def wait_s(self, now: float) -> float:
        """Take a token, and give the seconds to wait until it is there."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s) if self._at else self._burst
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate_per_s)

    def take_now(self, now: float) -> bool:
        """Take a token if there is one, without waiting for it."""
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s) if self._at else self._burst
        self._at, self._tokens = now, tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1


class _Turns(asyncio.Queue[_Telling]):
    """What waits to be written: namespaces take turns, so a flood in one holds up no other; each keeps its order."""

    def _init(self, maxsize: int) -> None:
        self._waiting: OrderedDict[str, deque[_Telling]] = OrderedDict()
        self._size = 0

    def _put(self, item: _Telling) -> None:
        self._waiting.setdefault(item.event.namespace, deque()).append(item)
        self._size += 1

    def _get(self) -> _Telling:
        namespace, items = self._waiting.popitem(last=False)
        item = items.popleft()
        if items:
            self._waiting[namespace] = items
        self._size -= 1
        return item

    def qsize(self) -> int:
        """How many wait."""
        return self._size

    def empty(self) -> bool:
        """Whether none waits."""
        return not self._size

    def of(self, namespace: str) -> int:
        """How many of a namespace wait."""
        return len(self._waiting.get(namespace, ()))


class Recorder:
    """Tells Events. `tell` and `tell_again` neither wait nor raise."""

    def __init__(self, writer: Writer, meters: Meters) -> None:
        self._writer = writer
        self._meters = meters
        self._queue = _Turns(TOTAL_LIMIT)
        self._in_hand = 0
        self._bucket = Bucket(BURST, RATE_PER_S)
        for why in LOSSES:
            self._drop(why, 0)  # a rate sees the first loss only in a counter that was there at 0

    def tell(self, event: EventBody) -> None:
        """Have an Event made, unless it exists."""
        self._put(_Telling(event))

    def tell_again(self, event: EventBody, patch: Body) -> None:
        """Have an Event patched that happened again; where it has gone by now, it is made anew."""
        self._put(_Telling(event, patch))

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            telling = await self._queue.get()
            self._in_hand = 1
            await asyncio.sleep(self._bucket.wait_s(asyncio.get_running_loop().time()))
            await self._write(telling)
            self._in_hand = 0
            self._queue.task_done()

    async def drain(self) -> None:
        """Wait a little for what is still to be written; the rest is lost, and with it the one being written then."""
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await self._queue.join()
        except TimeoutError:
            self._drop("shutdown", self._queue.qsize() + self._in_hand)

    def _put(self, telling: _Telling) -> None:
        if self._queue.full() or self._queue.of(telling.event.namespace) >= QUEUE_LIMIT:
            self._drop("full")
        else:
            self._queue.put_nowait(telling)

    async def _write(self, telling: _Telling) -> None:
        try:
            await retrying()(self._once, telling)
        except EngineError as error:
            _log.warning("Event %s/%s was not written: %s", telling.event.namespace, telling.event.name, error)
            self._drop("refused" if isinstance(error, ApiError) and not is_passing(error) else "unreachable")
        except Exception:  # noqa: BLE001 - a lost Event is never more than a lost Event
            _log.exception("Event %s/%s was not written", telling.event.namespace, telling.event.name)
            self._drop("fault")

    async def _once(self, telling: _Telling) -> None:
        event = telling.event
        if telling.patch is not None and await self._writer.merge(EVENTS, event.namespace, event.name, telling.patch):
            return
        if await self._writer.create(EVENTS, event.namespace, event.body) is not None:
            self._meters.add("speccheck_events_total", reason=event.body["reason"])

    def _drop(self, why: str, count: int = 1) -> None:
        self._meters.add("speccheck_events_dropped_total", count, why=why)
