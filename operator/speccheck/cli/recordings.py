"""What sources in a cluster tell, written down as it comes: a line of JSON for each observation, for `conform`.

Takes sources and a binary file; ends when it is told to. Objects that are there at first, or after a gap, are written
as MODIFIED: nobody saw when they were created. Changes that may have been missed are written as a GAP. Nothing is
judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, assert_never

from speccheck.errors import EngineError, UsageError
from speccheck.kube.activities import Activities
from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.feeds import Feeds
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.kube.tellings import KindMissing, Told, Whose
from speccheck.kube.watches import Watches
from speccheck.resource.fields import ObserveSource
from speccheck.sources.lines import LINE_BYTES, line_of
from speccheck.sources.observations import Kind, Observation

FLUSH_S = 0.1
"""How long a line may wait before whoever reads the file meanwhile sees it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source to write down (its name is "" where the lines are to name none), in which namespace unless it says
    ("": in every one)."""

    source: ObserveSource
    namespace: str

    def __str__(self) -> str:
        objects = self.source.kubernetes
        if objects is None:
            return f"logs of pods in {self.namespace}"
        where = "" if objects.namespace == "*" else objects.namespace or self.namespace
        return f"{objects.kind} ({objects.api_version}) in {where or 'every namespace'}"


@dataclass(slots=True)
class Written:
    """What has been written so far."""

    observations: int = 0
    gaps: int = 0


Shown = Callable[[Written], None]


class Recording:
    """One recording. `limit`: after how many observations it ends by itself, None for never. `shown` hears how far it
    is, `noted` of what goes wrong and right meanwhile."""

    def __init__(self, out: BinaryIO, limit: int | None, shown: Shown, noted: Callable[[str], None]) -> None:
        self._out = out
        self._limit = limit
        self._shown = shown
        self._noted = noted
        self._ended = asyncio.Event()
        self._failed: Exception | None = None
        self.written = Written()

    @property
    def ended(self) -> bool:
        """Whether nothing more is written."""
        return self._ended.is_set()

    def end(self) -> None:
        """Have it end."""
        self._ended.set()

    async def run(self, wanted: Sequence[Wanted], connection: Connection, for_s: float | None) -> Written:
        """Writes until it is ended, `for_s` seconds have passed, or the limit is reached.

        Raises UsageError for what cannot be watched, EngineError where the cluster refuses at the first attempt.
        """
        feeds = Feeds(connection, Watches(connection, Activities()))
        tasks = [asyncio.create_task(self._show())]
        for each in wanted:
            feed = feeds.run(each.source, Whose(each.namespace, ""), _Source(self, each).take)
            tasks.append(asyncio.create_task(feed, name=str(each)))
        ended = asyncio.create_task(self._ended.wait())
        try:
            done, _ = await asyncio.wait({ended, *tasks}, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ended, *tasks):
                task.cancel()
            await asyncio.gather(ended, *tasks, return_exceptions=True)
            self.flush()
        for task in done:
            task.result()
        return self.finished()

    def write(self, observation: Observation) -> None:
        """One line more, unless it has ended; it ends where that cannot be written."""
        if self._ended.is_set():
            return
        kind, line = _line(observation)
        try:
            self._out.write(line)
        except OSError as error:
            self.fail(error)
            return
        if kind is Kind.GAP:
            self.written.gaps += 1
        else:
            self.written.observations += 1
        if self._limit is not None and self.written.observations >= self._limit:
            self.end()

    def finished(self) -> Written:
        """All that was written, where it can be seen. Raises what it failed with; OSError where that is the disk."""
        self.flush()
        if self._failed is not None:
            raise self._failed
        return self.written

    def fail(self, error: Exception) -> None:
        """Have it end with this."""
        self._failed = self._failed or error
        self.end()

    def flush(self) -> None:
        """Have what was written be seen."""
        self._out.flush()
        self._shown(self.written)

    def note(self, text: str) -> None:
        """Tells whoever started it."""
        self._noted(text)

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            self.flush()


class _Source:
    """What one source tells, as observations. `live`: all there was has been told, so what is added is new.

    `heard`: the objects, or the pods, could be listed; `logged`: what pods write could be read, where that is wanted.
    """

    def __init__(self, recording: Recording, wanted: Wanted) -> None:
        self._recording = recording
        self._wanted = wanted
        self._name = wanted.source.name
        self._live = False
        self._heard = False
        self._logged = wanted.source.lines is None
        self._failing = ""

    async def take(self, told: Told) -> None:
        match told.record:
            case Change(kind, body, time):
                seen = Kind.MODIFIED if kind == "ADDED" and not self._live else Kind(kind)
                self._recording.write(Observation(time, self._name, kind=seen, object=body))
            case Observation() as observation:
                self._logged = True
                self._recording.write(replace(observation, source=self._name))
            case Gap(reason, time):
                self._live = False
                self._recording.write(Observation(time, self._name, kind=Kind.GAP, reason=reason))
            case Listed():
                self._live = self._heard = True
                self._failing = ""
            case KindMissing(message):
                self._recording.fail(UsageError(message))
            case Failing(error):
                self._failed(error)
            case _:
                assert_never(told.record)

    def _failed(self, error: ApiError) -> None:
        """At first there is nothing to wait for; later it may pass, and is told once."""
        message = f"{self._wanted}: {error}; it is tried again"
        if not self._heard or (error.forbidden and not self._logged):
            self._recording.fail(EngineError(_refusal(self._wanted, error)))
        elif message != self._failing:
            self._recording.note(message)
        self._failing = message


def _refusal(wanted: Wanted, error: ApiError) -> str:
    if error.forbidden:
        logs = wanted.source.lines is not None
        rights = "get, list and watch of pods, and get of pods/log" if logs else "get, list and watch"
        return f"{wanted} may not be read: {error.message}; whoever the kubeconfig names needs the verbs {rights}"
    return f"{wanted} cannot be read: {error.message}"


def _line(observation: Observation) -> tuple[Kind, bytes]:
    """The line of an observation; of one that could not be read again, that of a gap."""
    try:
        line = line_of(observation)
    except RecursionError:
        return _unwritten(observation, "an observation that is nested too deeply")
    if len(line) > LINE_BYTES:
        return _unwritten(observation, f"an observation of more than {LINE_BYTES} bytes")
    return observation.kind, line


def _unwritten(observation: Observation, reason: str) -> tuple[Kind, bytes]:
    return Kind.GAP, line_of(replace(observation, seq=None, kind=Kind.GAP, event=None, object=None, reason=reason))
