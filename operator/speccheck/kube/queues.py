"""A queue of keys to be worked on: one at a time for each key, several keys at once, later again where it failed.

A key stands for something to be looked at anew, so many wishes for one key are one. Nothing is lost: a wish that comes
while its key is worked on is granted afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

RETRY_FIRST_S = 0.5
RETRY_LIMIT_S = 300.0

_log = logging.getLogger(__name__)


class Key(NamedTuple):
    """The namespace and the name of a SpecCheck."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


Work = Callable[[Key], Awaitable[float | None]]
"""Looks at what a key stands for; gives the seconds after which it wants to look again, None for no wish."""


class Queue:
    """The keys that wait, and `workers` that take them. `told` hears how each piece of work ended."""

    def __init__(self, work: Work, workers: int, told: Callable[[Key, BaseException | None], None]) -> None:
        self._work = work
        self._workers = workers
        self._told = told
        self._waiting: asyncio.Queue[Key] = asyncio.Queue()
        self._listed: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    @property
    def failing(self) -> int:
        """How many keys failed when they were last worked on."""
        return len(self._failures)

    def add(self, key: Key) -> None:
        """Have a key worked on as soon as may be."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._listed:
            self._listed.add(key)
            self._waiting.put_nowait(key)

    def add_after(self, key: Key, delay_s: float) -> None:
        """Have a key worked on after a while, or before if somebody asked for that."""
        loop = asyncio.get_running_loop()
        before = self._timers.get(key)
        if before is not None and not before.cancelled() and before.when() <= loop.time() + delay_s:
            return
        self._drop_timer(key)
        self._timers[key] = loop.call_later(delay_s, self._due, key)

    def forget(self, key: Key) -> None:
        """Drop the wish for later and the count of failures."""
        self._drop_timer(key)
        self._failures.pop(key, None)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._workers):
                    group.create_task(self._worker(), name=f"worker {number}")
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _worker(self) -> None:
        while True:
            key = await self._waiting.get()
            self._listed.discard(key)
            self._running.add(key)
            try:
                await self._one(key)
            finally:
                self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)

    async def _one(self, key: Key) -> None:
        self._drop_timer(key)
        try:
            wish_s = await self._work(key)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told and tried again
            self._failures[key] = self._failures.get(key, 0) + 1
            self._told(key, error)
            wish_s = retry_delay_s(self._failures[key])
        else:
            self._failures.pop(key, None)
            self._told(key, None)
        if wish_s is not None:
            self.add_after(key, wish_s)

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _drop_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def retry_delay_s(failures: int) -> float:
    """How long to wait after so many failures in a row: twice as long each time, spread, bounded."""
    longest = min(RETRY_LIMIT_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 20))
    return longest * random.uniform(0.75, 1.0)
