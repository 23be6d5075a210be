"""The logs of pods as they are written: observations, one JSON object a line, among whatever else programs write.

Takes what a watch tells of pods; puts what their logs say, in each log's order, into one queue. Where a log breaks off,
a whole run of a container was missed, or a line is a broken observation, a GAP says so.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.kinds import PODS
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed, Record
from speccheck.kube.tellings import Put, Told, Whose
from speccheck.resource.fields import LinesSource
from speccheck.resource.requests import UID_LABEL
from speccheck.sources.lines import observation_of
from speccheck.sources.observations import Kind, Observation

LOG_RETRY_S = 2.0
LOG_SILENCE_S = 3_600.0

LOGS_LIMIT = 100
"""How many pods' logs are followed for one source."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source whose logs are wanted, for whom, and who is told."""

    name: str
    source: LinesSource
    whose: Whose
    put: Put


@dataclass(slots=True)
class _Log:
    """One pod's log: whether the pod has ended, when the last line read was written, and how reading goes."""

    pod: str
    ended: bool
    since: datetime | None
    restarts: int = 0
    open: bool = False
    failing: ApiError | None = None


class Logs:
    """The logs that are being followed for one source."""

    def __init__(self, connection: Connection, wanted: Wanted, readers: asyncio.TaskGroup) -> None:
        self._connection = connection
        self._name = wanted.name
        self._wanted = wanted.source
        self._whose = wanted.whose
        self._put = wanted.put
        self._readers = readers
        self._begun: set[str] = set()
        self._following = 0
        self._since: datetime | None = _now()
        """From when on the logs are read of pods that were there already; of others from their beginning."""

    async def take(self, record: Record) -> None:
        """Begin with pods that have begun, leave those that are gone; what the watch has to tell is passed on."""
        match record:
            case Change(kind="DELETED", object=pod):
                self._begun.discard(str(pod["metadata"]["uid"]))  # its log's end ends the task
            case Change(object=pod):
                await self._begin(pod)
            case Gap():
                return  # of pods, not of what they write
            case Listed():
                self._since = None
                await self._put(Told(self._name, record))
            case Failing():
                await self._put(Told(self._name, record))
            case _:
                assert_never(record)

    async def _begin(self, pod: dict[str, Any]) -> None:
        uid, phase = str(pod["metadata"]["uid"]), (pod.get("status") or {}).get("phase")
        if uid in self._begun or phase not in ("Running", "Succeeded", "Failed") or _checks(pod):
            return
        self._begun.add(uid)
        name = str(pod["metadata"]["name"])
        if self._following >= LOGS_LIMIT:
            await self._missed(f"more than {LOGS_LIMIT} pods fit; the log of {name} is not followed")
            return
        log = _Log(name, phase != "Running", self._since, _restarts(pod))
        self._following += 1
        self._readers.create_task(self._follow(log), name=f"log of {name}").add_done_callback(self._left)

    def _left(self, _: asyncio.Task[None]) -> None:
        self._following -= 1

    async def _follow(self, log: _Log) -> None:
        """Read one pod's log to its end, which comes with each of its container's runs.

        Where it breaks off, and where a whole run was missed, that is a gap.
        """
        while True:
            try:
                await self._read(log)
                if log.ended or not await self._still_runs(log):
                    return
            except ApiError as error:
                if error.missing:
                    return
                await self._broken(log, error)
            await asyncio.sleep(LOG_RETRY_S)

    async def _broken(self, log: _Log, error: ApiError) -> None:
        """A log that was being read is not any more, which is a gap, or could not be read in the first place."""
        _log.info("source %s of %s: %s", self._name, self._whose.namespace, error)
        if error.reason == "LineTooLong":
            log.since = _now()  # read again, it would be as long
        if log.open:
            log.open = False
            await self._missed(f"the log of {log.pod} broke off")
        else:
            log.failing = error
            await self._put(Told(self._name, Failing(error)))

    async def _read(self, log: _Log) -> None:
        """Pass on what a log says after what was passed on before, until it ends or breaks off. Raises ApiError."""
        query = {"follow": "true", "timestamps": "true"}
        if self._wanted.container:
            query["container"] = self._wanted.container
        if log.since is not None:
            query["sinceTime"] = log.since.strftime("%Y-%m-%dT%H:%M:%SZ")
        path = PODS.path(self._whose.namespace, log.pod, "log")
        headers = {**self._whose.headers, "Accept": "*/*"}
        begun = log.since
        async with self._connection.lines(path, query=query, headers=headers, silence_s=LOG_SILENCE_S) as lines:
            await self._opened(log)
            async for line in lines:
                stamp, _, text = line.partition(b" ")
                written = _written(stamp)
                if written is None or (begun is not None and written <= begun):
                    continue
                log.since = written
                await self._line(text)

    async def _opened(self, log: _Log) -> None:
        """A log can be read; where one could not before, that is over."""
        log.open = True
        if log.failing is not None:
            log.failing = None
            await self._put(Told(self._name, Listed(_now())))

    async def _line(self, text: bytes) -> None:
        """One line: an observation, a broken one (a gap), or anything else that programs write."""
        if not text.lstrip().startswith(b"{") or b'"time"' not in text:
            return
        try:
            await self._put(Told(self._name, observation_of(text)))
        except ValueError as error:
            await self._missed(f"a line that is no observation: {error}")

    async def _still_runs(self, log: _Log) -> bool:
        """Whether more may come; where its containers were started again more than once meanwhile, some was missed."""
        path = PODS.path(self._whose.namespace, log.pod)
        body = await self._connection.request("GET", path, headers=self._whose.headers)
        before, log.restarts = log.restarts, _restarts(body)
        if log.restarts > before + 1:
            await self._missed(f"{log.pod} was started again {log.restarts - before} times")
        return bool((body.get("status") or {}).get("phase") == "Running")

    async def _missed(self, reason: str) -> None:
        _log.info("source %s of %s: %s", self._name, self._whose.namespace, reason)
        await self._put(Told(self._name, Observation(_now(), kind=Kind.GAP, reason=reason)))


def _checks(pod: dict[str, Any]) -> bool:
    """Whether it is a pod that was made to check a spec: its log is a report, and no observations."""
    return UID_LABEL in (pod["metadata"].get("labels") or {})


def _restarts(pod: dict[str, Any]) -> int:
    """How often a pod's containers were started again, the one for which this was most often."""
    containers = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(each.get("restartCount") or 0) for each in containers), default=0)


def _now() -> datetime:
    return datetime.now(UTC)


def _written(stamp: bytes) -> datetime | None:
    """When a line was written, as the kubelet says before it; None where it says no time."""
    try:
        written = datetime.fromisoformat(stamp.decode())
    except ValueError:
        return None
    return written if written.tzinfo is not None else None
