"""A cluster's objects written down as they change: a line of JSON for each observation, for `conform` to read later.

Takes what is to be watched and a binary file; ends when it is told to. Objects that are there at first, or after a gap,
are written as MODIFIED: nobody saw when they were created. Changes that may have been missed are written as a GAP.
Nothing is judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import BinaryIO, assert_never

from speccheck.errors import EngineError, UsageError
from speccheck.kube.activities import Activities
from speccheck.kube.connections import ApiError, Connection
from speccheck.kube.kinds import discovered
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed, Record, Subscription
from speccheck.kube.watches import Place, Watches
from speccheck.sources.lines import line_of
from speccheck.sources.observations import Kind, Observation

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """Objects to write down: of which kind, with which labels, where ("": in every namespace), under which source's
    name ("": none)."""

    api_version: str
    kind: str
    namespace: str
    labels: Mapping[str, str]
    source: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.api_version}) in {self.namespace or 'every namespace'}"


@dataclass(slots=True)
class Written:
    """What has been written so far. `listed`: of how many sources it is known that they are watched."""

    observations: int = 0
    gaps: int = 0
    listed: int = 0


Shown = Callable[[Written], None]


class Recording:
    """One recording. `limit`: after how many observations it ends by itself, None for never. `shown` hears of every
    batch, `noted` of what goes wrong and right meanwhile."""

    def __init__(
        self, wanted: Sequence[Wanted], out: BinaryIO, limit: int | None, shown: Shown, noted: Callable[[str], None]
    ) -> None:
        self._wanted = wanted
        self._out = out
        self._limit = limit
        self._shown = shown
        self._noted = noted
        self._ended = asyncio.Event()
        self.written = Written()

    def end(self) -> None:
        """Have it end."""
        self._ended.set()

    async def run(self, connection: Connection, for_s: float | None) -> Written:
        """Writes until it is ended, `for_s` seconds have passed, or the limit is reached.

        Raises UsageError for what cannot be watched, EngineError where the cluster refuses at the first attempt.
        """
        watches = Watches(connection, Activities())
        async with AsyncExitStack() as stack:
            following = []
            for each in self._wanted:
                place = await _place(connection, each)
                subscription = await stack.enter_async_context(watches.subscribed(place, each.labels))
                following.append(asyncio.create_task(self._follow(each, subscription)))
            ended = asyncio.create_task(self._ended.wait())
            try:
                done, _ = await asyncio.wait({ended, *following}, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await _cancelled(ended, *following)
        self._out.flush()
        return self.written

    async def _follow(self, wanted: Wanted, subscription: Subscription) -> None:
        """Writes what one subscription tells."""
        source = _Source(self, wanted)
        while True:
            for record in await subscription.batch(_BATCH):
                source.take(record)
            self._out.flush()
            self._shown(self.written)

    def write(self, observation: Observation) -> None:
        """One line more, unless it has ended."""
        if self._ended.is_set():
            return
        self._out.write(line_of(observation))
        if observation.kind is Kind.GAP:
            self.written.gaps += 1
        else:
            self.written.observations += 1
        if self._limit is not None and self.written.observations >= self._limit:
            self._ended.set()

    def note(self, text: str) -> None:
        """Tells whoever started it."""
        self._noted(text)


class _Source:
    """One subscription's records as observations. `live`: all there was has been told, so what is added is new."""

    def __init__(self, recording: Recording, wanted: Wanted) -> None:
        self._recording = recording
        self._wanted = wanted
        self._live = False
        self._listed = False

    def take(self, record: Record) -> None:
        match record:
            case Change(kind, body, time):
                told = Kind.MODIFIED if kind == "ADDED" and not self._live else Kind(kind)
                self._recording.write(Observation(time, self._wanted.source, kind=told, object=body))
            case Gap(reason, time):
                self._live = False
                self._recording.write(Observation(time, self._wanted.source, kind=Kind.GAP, reason=reason))
            case Listed():
                self._live = True
                self._heard()
            case Failing(error):
                self._failed(error)
            case _:
                assert_never(record)

    def _heard(self) -> None:
        if not self._listed:
            self._recording.written.listed += 1
        self._listed = True

    def _failed(self, error: ApiError) -> None:
        if not self._listed:
            raise EngineError(_refusal(self._wanted, error))
        self._recording.note(f"{self._wanted}: {error}; it is tried again")


def _refusal(wanted: Wanted, error: ApiError) -> str:
    if error.forbidden:
        who = "whoever the kubeconfig names needs the verbs get, list and watch"
        return f"{wanted} may not be watched: {error.message}; {who}"
    return f"{wanted} cannot be watched: {error.message}"


async def _place(connection: Connection, wanted: Wanted) -> Place:
    kind = await discovered(connection, wanted.api_version, wanted.kind)
    if kind is None:
        raise UsageError(f"the cluster has no kind {wanted.kind} in {wanted.api_version}")
    return Place(kind, wanted.namespace if kind.namespaced else "", "")


async def _cancelled(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
