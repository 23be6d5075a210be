"""The records of drifts (SpecCheckDrifts), written in the background, the newest of each SpecCheck kept.

Takes drifts as they begin and end; makes a record for each, but in a storm of them only for the first and then a few,
so that no SpecCheck floods the API server. What is not recorded is told by Events, conditions and metrics all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import assert_never

from speccheck.conform.drifts import Drift
from speccheck.errors import EngineError
from speccheck.kube.connections import Body
from speccheck.kube.kinds import DRIFTS
from speccheck.kube.meters import Meters
from speccheck.kube.reads import Reader
from speccheck.kube.recorders import Bucket
from speccheck.kube.retries import retrying
from speccheck.kube.writes import Writer
from speccheck.resource.findings import Ending, finding_body, finding_name, finding_status
from speccheck.resource.requests import UID_LABEL, Request

KEPT = 20
"""How many records each SpecCheck keeps; older ones are deleted."""

BURST = 10
RATE_PER_S = 1 / 30
"""How many drifts of a SpecCheck are recorded at once, and how many in the long run."""

QUEUE_LIMIT = 1000
SPEC_CHECKS_LIMIT = 4096
DRAIN_TIMEOUT_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A record to be made, and older ones to be deleted."""

    body: Body
    uid: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """A record to be closed, if there is one."""

    namespace: str
    name: str
    status: Body


class Findings:
    """Records drifts. `begin` and `end` neither wait nor raise."""

    def __init__(self, reader: Reader, writer: Writer, meters: Meters) -> None:
        self._reader = reader
        self._writer = writer
        self._meters = meters
        self._queue: asyncio.Queue[_Begun | _Ended] = asyncio.Queue(QUEUE_LIMIT)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        for result in ("recorded", "omitted", "failed"):
            self._count(result, 0)

    def begin(self, request: Request, drift: Drift, model_digest: str) -> str:
        """Have a drift recorded; the name of its record, "" where there is to be none."""
        if not self._bucket(request.uid).take_now(monotonic()):
            self._count("omitted")
            return ""
        body = finding_body(request, drift, model_digest)
        return str(body["metadata"]["name"]) if self._put(_Begun(body, request.uid)) else ""

    def end(self, request: Request, ending: Ending) -> None:
        """Have noted how a drift ended."""
        self._put(_Ended(request.namespace, finding_name(request, ending.drift), finding_status(ending)))

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            record = await self._queue.get()
            await self._write(record)
            self._queue.task_done()

    async def drain(self) -> None:
        """Wait a little for what is still to be written; the rest is lost."""
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await self._queue.join()
        except TimeoutError:
            self._count("failed", self._queue.qsize())

    def _bucket(self, uid: str) -> Bucket:
        bucket = self._buckets.setdefault(uid, Bucket(BURST, RATE_PER_S))
        self._buckets.move_to_end(uid)
        while len(self._buckets) > SPEC_CHECKS_LIMIT:
            self._buckets.popitem(last=False)
        return bucket

    def _put(self, record: _Begun | _Ended) -> bool:
        try:
            self._queue.put_nowait(record)
        except asyncio.QueueFull:
            self._count("failed")
            return False
        return True

    async def _write(self, record: _Begun | _Ended) -> None:
        try:
            match record:
                case _Begun(body, uid):
                    namespace = str(body["metadata"]["namespace"])
                    if await retrying()(self._writer.create, DRIFTS, namespace, body) is not None:
                        self._count("recorded")
                        await self._prune(namespace, uid)
                case _Ended(namespace, name, status):
                    await retrying()(self._writer.merge_status, DRIFTS, namespace, name, status)
                case _:
                    assert_never(record)
        except EngineError as error:
            _log.warning("a SpecCheckDrift was not written: %s", error)
            self._count("failed")
        except Exception:  # noqa: BLE001 - a record that is lost is never more than that
            _log.exception("a SpecCheckDrift was not written")
            self._count("failed")

    async def _prune(self, namespace: str, uid: str) -> None:
        try:
            await retrying()(self._delete_older, namespace, uid)
        except EngineError as error:
            _log.warning("SpecChecks keep %d SpecCheckDrifts; older ones were not deleted: %s", KEPT, error)

    async def _delete_older(self, namespace: str, uid: str) -> None:
        listed = await self._reader.listed(DRIFTS, namespace, {UID_LABEL: uid}, metadata_only=True)
        found = sorted((each["metadata"] for each in listed), key=lambda m: (m["creationTimestamp"], m["name"]))
        for old in found[: max(0, len(found) - KEPT)]:
            await self._writer.delete(DRIFTS, namespace, str(old["name"]), str(old["uid"]))

    def _count(self, result: str, amount: int = 1) -> None:
        self._meters.add("speccheck_drift_records_total", amount, result=result)
