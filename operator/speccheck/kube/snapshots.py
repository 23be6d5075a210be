"""What there is of one SpecCheck at a moment: its body, what it asks for, its source and its runs.

Everything is read anew, but for runs whose resource version has not moved: a run holds up to 900 KiB, and a finished
one never changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speccheck.errors import UsageError
from speccheck.kube.connections import Body
from speccheck.kube.kinds import CONFIG_MAPS, RUNS, SPEC_CHECKS
from speccheck.kube.queues import Key
from speccheck.kube.reads import Reader
from speccheck.resource.jobs import Settings, check_ceiling
from speccheck.resource.requests import UID_LABEL, Request, request_of
from speccheck.resource.runs import RunView, run_view
from speccheck.resource.sources import SourceState, source_of
from speccheck.resource.statuses import Refused


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A SpecCheck as it was at `now`. `source` is None where what it asks for is refused."""

    key: Key
    body: Body
    request: Request | Refused
    source: SourceState | None
    runs: tuple[RunView, ...]
    now: datetime

    @property
    def status(self) -> Mapping[str, Any]:
        """Its `.status`, empty before the first."""
        return self.body.get("status") or {}

    def run(self, name: str) -> RunView | None:
        """The run of that name, if there is one."""
        return next((run for run in self.runs if run.name == name), None)


class Snapshots:
    """Takes snapshots. `settings` say what a SpecCheck may ask for."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._views: dict[Key, dict[tuple[str, str], RunView]] = {}

    async def take(self, key: Key, now: datetime) -> Snapshot | None:
        """The SpecCheck as it is, None where it is gone or going. Raises ApiError."""
        body = await self._reader.get(SPEC_CHECKS, key.namespace, key.name)
        if body is None or "deletionTimestamp" in body["metadata"]:
            return None
        request = self._request(body)
        runs = await self._runs(key, str(body["metadata"]["uid"]))
        return Snapshot(key, body, request, await self._source(request), runs, now)

    def forget(self, key: Key) -> None:
        """Drop what is kept of a SpecCheck's runs."""
        self._views.pop(key, None)

    def _request(self, body: Body) -> Request | Refused:
        try:
            request = request_of(body)
        except UsageError as error:
            return Refused(str(error))
        try:
            check_ceiling(request, self._settings)
        except UsageError as error:
            return Refused(str(error), "ResourcesRefused")
        return request

    async def _source(self, request: Request | Refused) -> SourceState | None:
        if isinstance(request, Refused):
            return None
        named = request.source.config_map
        return source_of(request, await self._reader.get(CONFIG_MAPS, request.namespace, named.name) if named else None)

    async def _runs(self, key: Key, uid: str) -> tuple[RunView, ...]:
        listed = await self._reader.listed(RUNS, key.namespace, {UID_LABEL: uid}, metadata_only=True)
        known = self._views.get(key, {})
        views: dict[tuple[str, str], RunView] = {}
        for each in listed:
            at = (str(each["metadata"]["uid"]), str(each["metadata"]["resourceVersion"]))
            view = known.get(at) or await self._view(key, each)
            if view is not None:
                views[at] = view
        self._views[key] = views
        return tuple(views.values())

    async def _view(self, key: Key, listed: Body) -> RunView | None:
        body = await self._reader.get(RUNS, key.namespace, listed["metadata"]["name"])
        return await asyncio.to_thread(run_view, body) if body is not None else None
