"""A deployer: carries the newest plan into the zone, then cleans up. Run it with: python deployer.py NAME

It knows the zone as its watch last showed it. Between its writes it is slow at times; that is where the race is.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from time import monotonic
from typing import Any

import kopf
import stores
import zones
from settings import settings

from speccheck import observe

NAME = sys.argv[1] if len(sys.argv) > 1 else "deployer-a"
SETTINGS = settings()


class Deployer:
    """One deployer's work. `seen` is the zone as it was last heard of; `held_since` when this lock was first seen."""

    def __init__(self, store: stores.Store) -> None:
        self.store = store
        self.seen: zones.Zone | None = None
        self.held_since: tuple[tuple[str, int], float] = ((zones.NOBODY, 0), 0.0)
        self.heard = asyncio.Event()

    def hear(self, zone: zones.Zone) -> None:
        """The watch brought a zone."""
        self.seen = zone
        if zone.lock != self.held_since[0]:
            self.held_since = (zone.lock, monotonic())
        self.heard.set()

    async def work(self) -> None:
        """Carry one plan after the other."""
        while True:
            with contextlib.suppress(TimeoutError):  # nothing was heard, but a lock may have been held for too long
                await asyncio.wait_for(self.heard.wait(), SETTINGS.lock_timeout_s)
            self.heard.clear()
            if self.seen is not None and self.seen.newest > self.seen.live and self.may_take(self.seen):
                await self.carry(self.seen.newest)

    def may_take(self, zone: zones.Zone) -> bool:
        """Whether the lock is free, or has been held for so long that its holder must be dead."""
        return zone.lock[0] == zones.NOBODY or monotonic() - self.held_since[1] > SETTINGS.lock_timeout_s

    async def carry(self, plan: int) -> None:
        """Take the lock for a plan, write it, clean up: three transactions, with time between them."""
        await asyncio.sleep(SETTINGS.pause())
        if not await self.write("deployer_lock", partial(zones.take_lock, deployer=NAME, plan=plan)):
            return
        await asyncio.sleep(SETTINGS.pause())
        rules = SETTINGS.rules
        if not await self.write("deployer_apply", partial(zones.apply, deployer=NAME, plan=plan, rules=rules)):
            return
        await asyncio.sleep(SETTINGS.pause())
        await self.write("deployer_gc", partial(zones.clean_up, deployer=NAME, plan=plan, rules=rules))

    async def write(self, action: str, how: Any) -> bool:
        """One transaction, and say so."""
        done = await asyncio.to_thread(self.store.change, how)
        if done is not None:
            observe.action(action, deployer=NAME, zone=f"{SETTINGS.namespace}/{SETTINGS.zone}")
        return done is not None


@kopf.on.startup()
async def begin(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: Any) -> None:
    """Begin to work."""
    settings.posting.enabled = False
    memo.deployer = Deployer(stores.Store(stores.connected(), SETTINGS.namespace, SETTINGS.zone))
    memo.task = asyncio.create_task(memo.deployer.work())


@kopf.on.event("v1", "configmaps", labels=stores.LABELS)
async def hear(memo: kopf.Memo, body: kopf.Body, name: str, **_: Any) -> None:
    """Pass on what the watch brought."""
    zone = stores.zone_of(body) if name == SETTINGS.zone else None
    if zone is not None:
        memo.deployer.hear(zone)


if __name__ == "__main__":
    kopf.run(standalone=True, namespace=SETTINGS.namespace)
