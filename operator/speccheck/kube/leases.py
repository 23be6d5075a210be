"""The Lease that makes one operator of several the one that acts.

Its holder renews it; the others wait until it has not moved for its whole duration, by their own clocks. A holder that
could not renew in time stops before anybody else may begin.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from speccheck.errors import EngineError
from speccheck.kube.connections import ApiError, Body
from speccheck.kube.kinds import LEASES
from speccheck.kube.reads import Reader
from speccheck.kube.writes import Writer
from speccheck.resource.times import micro_time_text

DURATION_S = 15
GIVE_UP_S = 10.0
RENEW_S = 3.0
WAIT_S = 2.0
REQUEST_S = 4.0

_log = logging.getLogger(__name__)


class LeaseLost(EngineError):
    """The Lease is no longer held: this process must not write any more."""


@dataclass(frozen=True, slots=True)
class LeaseName:
    """Which Lease, and who wants it."""

    namespace: str
    name: str
    identity: str


class Lease:
    """One Lease. `acquire` first, then `keep` as long as its holder works, `release` at the end."""

    def __init__(
        self, name: LeaseName, reader: Reader, writer: Writer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._body: Body = {}
        self._renewed = 0.0
        self._seen = ("", 0.0)

    async def acquire(self) -> None:
        """Wait until the Lease is held."""
        told = ""
        while not await self._tried():
            holder = _holder(self._body)
            if holder != told:
                _log.info(
                    "waiting for Lease %s/%s, held by %s", self._name.namespace, self._name.name, holder or "nobody"
                )
                told = holder
            await asyncio.sleep(WAIT_S)
        _log.info("holding Lease %s/%s as %s", self._name.namespace, self._name.name, self._name.identity)

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLost, with nothing written after, when it is another's or cannot be renewed."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                async with asyncio.timeout(REQUEST_S):
                    await self._renew()
            except (ApiError, TimeoutError) as error:
                _log.warning("the Lease could not be renewed: %s", error)
            if self._clock() - self._renewed > GIVE_UP_S:
                self._lose(f"it could not be renewed for {GIVE_UP_S:g} s")

    async def release(self) -> None:
        """Let another begin at once."""
        if not self._body or _holder(self._body) != self._name.identity:
            return
        try:
            async with asyncio.timeout(REQUEST_S):
                await self._renew()  # the last renewal may have been cut off, and its answer lost
                await self._put("", counted=False)
        except (EngineError, TimeoutError) as error:
            _log.warning("the Lease was not released: %s", error)

    async def _tried(self) -> bool:
        try:
            async with asyncio.timeout(REQUEST_S):
                return await self._try()
        except (ApiError, TimeoutError) as error:
            _log.warning("the Lease could not be read or written: %s", error)
            return False

    async def _try(self) -> bool:
        asked = self._clock()
        found = await self._reader.get(LEASES, self._name.namespace, self._name.name)
        if found is None:
            made = await self._writer.create(LEASES, self._name.namespace, self._fresh())
            self._body = made or {}
            self._renewed = asked
            return made is not None
        self._body = found
        if not self._may_take(found):
            return False
        await self._put(self._name.identity)
        return True

    def _may_take(self, found: Body) -> bool:
        """Whether nobody holds it: it is free, ours, or has not moved for its whole duration while we looked."""
        if _holder(found) in ("", self._name.identity):
            return True
        version = str(found["metadata"]["resourceVersion"])
        if self._seen[0] != version:
            self._seen = (version, self._clock())
        duration_s = float(found.get("spec", {}).get("leaseDurationSeconds") or DURATION_S)
        return self._clock() - self._seen[1] > duration_s

    async def _renew(self) -> None:
        try:
            await self._put(self._name.identity, counted=False)
        except ApiError as error:
            if not (error.conflict or error.missing):
                raise
            await self._look_again()

    async def _look_again(self) -> None:
        """A write of ours may have arrived without our hearing of it."""
        found = await self._reader.get(LEASES, self._name.namespace, self._name.name)
        if found is None or _holder(found) != self._name.identity:
            self._lose(f"it is held by {_holder(found) or 'nobody'}" if found else "it was deleted")
        else:
            self._body = found

    async def _put(self, holder: str, *, counted: bool = True) -> None:
        asked = self._clock()
        self._body = await self._writer.replace(LEASES, self._with(holder), counted=counted)
        self._renewed = asked

    def _with(self, holder: str) -> Body:
        before = self._body.get("spec") or {}
        moved = holder != before.get("holderIdentity")
        transitions = int(before.get("leaseTransitions") or 0) + (1 if moved and holder else 0)
        acquired = _now() if moved else before.get("acquireTime") or _now()
        return self._body | {"spec": self._spec(holder, acquired, transitions)}

    def _fresh(self) -> Body:
        metadata = {"name": self._name.name, "namespace": self._name.namespace}
        spec = self._spec(self._name.identity, _now(), 0)
        return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}

    def _spec(self, holder: str, acquired: str, transitions: int) -> Body:
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": acquired,
            "renewTime": _now(),
            "leaseTransitions": transitions,
        }

    def _lose(self, why: str) -> None:
        self._writer.shut()
        raise LeaseLost(f"Lease {self._name.namespace}/{self._name.name} is lost: {why}; this process ends")


def _holder(body: Body) -> str:
    return str((body.get("spec") or {}).get("holderIdentity") or "")


def _now() -> str:
    return micro_time_text(datetime.now(UTC))
