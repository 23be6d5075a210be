"""List and watch of one kind of object in one namespace, as one identity: every change, and every gap told as one.

Takes a kind, a namespace and a user to be; gives records to whoever subscribes. Where changes may have been missed
(the resource version is too old), it says so, lists anew, and makes up what differs, deletions included, from what it
had. Selectors are applied here, not by the server. Secrets are refused.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from speccheck.errors import UsageError
from speccheck.kube.activities import Activities
from speccheck.kube.connections import IMPERSONATION, ApiError, Body, Connection
from speccheck.kube.kinds import SECRET, Kind
from speccheck.kube.queues import retry_delay_s
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed, Record, Subscription

PAGE = 500
WATCH_S = (240, 300)
"""For how long one request is asked to last, at least and at most."""

SILENCE_S = 90.0
"""A server sends a bookmark each minute, so longer silence is a dead connection."""

RETRY_LIMIT_S = 30.0
PATIENCE = 3
"""How many times in a row the server may be out of reach before subscribers hear of it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What is watched, and as which user ("": as the operator itself)."""

    kind: Kind
    namespace: str
    user: str

    @property
    def headers(self) -> Mapping[str, str]:
        return {IMPERSONATION: self.user} if self.user else {}

    def __str__(self) -> str:
        return f"{self.kind.plural} in {self.namespace or 'all namespaces'} as {self.user or 'the operator'}"


class Watch:
    """One list-watch, and what it knows: every object by UID, as it was last seen."""

    def __init__(self, place: Place, connection: Connection, activities: Activities) -> None:
        if (place.kind.api_version, place.kind.kind) == SECRET:
            raise UsageError("Secrets are never observed; name another kind in observe.sources")
        self.place = place
        self._connection = connection
        self._activities = activities
        self._subscriptions: list[Subscription] = []
        self._objects: dict[str, Body] = {}
        self._version = ""
        self._gap = ""
        self._failure: ApiError | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody listens."""
        return not self._subscriptions

    def attach(self, subscription: Subscription) -> None:
        """Tell a subscriber how things stand, and what happens from here on."""
        now = _now()
        for body in self._objects.values():
            subscription.put(Change("ADDED", body, now))
        if self._failure is not None:
            subscription.put(Failing(self._failure))
        elif self._version:
            subscription.put(Listed(now))
        self._subscriptions.append(subscription)

    def detach(self, subscription: Subscription) -> None:
        """Tell a subscriber nothing more."""
        self._subscriptions.remove(subscription)

    async def run(self) -> None:
        """Watch until cancelled."""
        failures = 0
        try:
            while True:
                try:
                    await self._once()
                    failures = 0
                except ApiError as error:
                    failures += 1
                    await self._failed(error, failures)
                except Exception as error:  # noqa: BLE001 - a watch that ended unheard would be the worst of it
                    _log.exception("the watch of %s failed by a fault of speccheck", self.place)
                    failures += 1
                    await self._failed(ApiError(0, "Internal", str(error)), failures + PATIENCE)
        finally:
            self._activities.forget(self.place.kind.plural, str(self.place))

    async def _once(self) -> None:
        """One list where one is due, and one watch to its end."""
        if not self._version:
            await self._list()
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(random.randint(*WATCH_S)),
        }
        path = self.place.kind.path(self.place.namespace)
        headers = self.place.headers
        async with self._connection.lines(path, query=query, headers=headers, silence_s=SILENCE_S) as lines:
            self._well()
            async for line in lines:
                self._heard()
                self._take(line)

    async def _list(self) -> None:
        """List all, and tell what differs from what was known."""
        items, version = await self._pages()
        now = _now()
        if self._gap:
            self._tell(Gap(self._gap, now))
        for uid in [uid for uid in self._objects if uid not in items]:
            self._tell(Change("DELETED", self._objects.pop(uid), now))
        for uid, body in items.items():
            before = self._objects.get(uid)
            if before is None or _version(before) != _version(body):
                self._objects[uid] = body
                self._tell(Change("MODIFIED" if before else "ADDED", body, now))
        self._version, self._gap, self._failure = version, "", None
        self._tell(Listed(now))

    async def _pages(self) -> tuple[dict[str, Body], str]:
        """Every object by UID, and the resource version to watch from."""
        query = {"limit": str(PAGE)}
        items: dict[str, Body] = {}
        while True:
            path = self.place.kind.path(self.place.namespace)
            page = await self._connection.request("GET", path, query=query, headers=self.place.headers)
            self._heard()
            for item in page.get("items") or ():
                items[str(item["metadata"]["uid"])] = _projected(item, self.place.kind)
            if not page["metadata"].get("continue"):
                return items, str(page["metadata"]["resourceVersion"])
            query["continue"] = page["metadata"]["continue"]

    def _take(self, line: bytes) -> None:
        """One event of the watch."""
        try:
            event = msgspec.json.decode(line)
            kind, body = event["type"], event["object"]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise ApiError(0, "StreamBroken", f"the watch of {self.place} sent what is no event: {error}") from error
        match kind:
            case "ADDED" | "MODIFIED" | "DELETED":
                self._changed(kind, _projected(body, self.place.kind))
            case "ERROR":
                code = int(body.get("code") or 0)
                raise ApiError(code, str(body.get("reason")), f"the watch of {self.place}: {body.get('message')}")
            case _:
                pass
        self._version = _version(body)

    def _changed(self, kind: Any, body: Body) -> None:
        uid = str(body["metadata"]["uid"])
        if kind == "DELETED":
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = body
        self._tell(Change(kind, body, _now()))

    async def _failed(self, error: ApiError, failures: int) -> None:
        """Take a failure in: begin anew, or wait and go on from where it was."""
        if not error.unreachable:
            self._heard()
        if error.gone:
            _log.info("the watch of %s begins anew: %s", self.place, error)
            self._gap = f"the API server no longer has the changes since resource version {self._version}"
            self._version = ""
            return
        if not error.unreachable or failures >= PATIENCE:
            self._failure = error
            self._tell(Failing(error))
        self._activities.tried(self.place.kind.plural, str(self.place))
        _log.log(logging.DEBUG if failures < PATIENCE else logging.WARNING, "the watch of %s: %s", self.place, error)
        await asyncio.sleep(min(retry_delay_s(failures), RETRY_LIMIT_S))

    def _well(self) -> None:
        """The server has accepted the watch."""
        self._heard()
        if self._failure is not None:
            self._failure = None
            self._tell(Listed(_now()))

    def _heard(self) -> None:
        self._activities.heard(self.place.kind.plural, str(self.place))

    def _tell(self, record: Record) -> None:
        for subscription in self._subscriptions:
            subscription.put(record)


class Watches:
    """The watches under way: one for each place, however many listen."""

    def __init__(self, connection: Connection, activities: Activities) -> None:
        self._connection = connection
        self._activities = activities
        self._running: dict[Place, tuple[Watch, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def subscribed(self, place: Place, labels: Mapping[str, str]) -> AsyncIterator[Subscription]:
        """A subscription to a place while the body runs. Raises UsageError for a kind that is never observed."""
        if place not in self._running:
            watch = Watch(place, self._connection, self._activities)
            self._running[place] = (watch, asyncio.create_task(watch.run(), name=f"watch of {place}"))
        watch, task = self._running[place]
        subscription = Subscription(labels)
        watch.attach(subscription)
        try:
            yield subscription
        finally:
            watch.detach(subscription)
            if watch.idle:
                del self._running[place]
                task.cancel()


def _projected(body: Body, kind: Kind) -> Body:
    """An object without what is never looked at, and with what a list leaves out of its items."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return body | {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def _version(body: Body) -> str:
    return str(body["metadata"]["resourceVersion"])


def _now() -> datetime:
    return datetime.now(UTC)
