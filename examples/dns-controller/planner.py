"""The planner: publishes a new plan every DNS_PERIOD_S seconds, DNS_PLANS in all. Run it with: python planner.py"""

from __future__ import annotations

import asyncio
from typing import Any

import kopf
import stores
import zones
from settings import settings

from speccheck import observe

DEPLOYERS = ["deployer-a", "deployer-b", "deployer-c"]
SETTINGS = settings()


@kopf.on.startup()
async def begin(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: Any) -> None:
    """Make the zone, and begin to publish."""
    settings.posting.enabled = False
    store = stores.Store(stores.connected(), SETTINGS.namespace, SETTINGS.zone)
    await asyncio.to_thread(store.create, DEPLOYERS)
    memo.task = asyncio.create_task(publish(store))


@kopf.on.event("v1", "configmaps", labels=stores.LABELS)
async def hear(**_: Any) -> None:
    """Nothing: the planner asks nobody."""


async def publish(store: stores.Store) -> None:
    """Publish one plan after the other."""
    for _ in range(SETTINGS.plans):
        await asyncio.to_thread(store.change, zones.publish)
        observe.action("planner_publish", zone=f"{SETTINGS.namespace}/{SETTINGS.zone}")
        await asyncio.sleep(SETTINGS.period_s)


if __name__ == "__main__":
    kopf.run(standalone=True, namespace=SETTINGS.namespace)
