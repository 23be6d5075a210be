"""A small API server in this process: objects in memory behind the real protocol, with faults to order.

Enough of Kubernetes for the rim: create, read, list (labels, pages, metadata only), patch, replace, delete with
preconditions and background deletion of what is owned, watch with bookmarks and expiry, status subresources, logs.
Every kind is served at once; nothing is validated. The real server stands beside it in the tests marked `cluster`.
"""

import asyncio
import copy
import inspect
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonpatch
from aiohttp import web

from speccheck.kube.connections import Connection

PATH = re.compile(
    r"/apis?/(?P<api>(?:[a-z0-9.]+/)?v[a-z0-9]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?"
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Objects are made a second after each other, whatever the clock says."""

Body = dict[str, Any]
Fault = Callable[[web.Request], Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Api:
    """What the server holds and has been asked. `faults`, awaited where need be, may answer in its place."""

    url: str = ""
    version: int = 100
    oldest: int = 0
    objects: dict[tuple[str, str, str], Body] = field(default_factory=dict)
    history: list[tuple[int, str, str, Body]] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    streams: list[web.StreamResponse] = field(default_factory=list)
    kinds: dict[str, list[Body]] = field(default_factory=dict)
    written: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def of(self, plural: str) -> list[Body]:
        """Every object of a kind."""
        return [body for (kind, _, _), body in sorted(self.objects.items()) if kind == plural]

    def wrote(self) -> list[str]:
        """The methods and paths of what was written, in order."""
        return [f"{each.method} {each.path}" for each in self.asked if each.method != "GET"]

    async def put(self, plural: str, body: Body) -> Body:
        """Make an object, or put another in its place."""
        at = (plural, body["metadata"].get("namespace", ""), body["metadata"]["name"])
        before = self.objects.get(at)
        body = copy.deepcopy(body)
        self.version += 1
        body["metadata"].setdefault("uid", before["metadata"]["uid"] if before else str(uuid.uuid4()))
        body["metadata"].setdefault("creationTimestamp", (EPOCH + timedelta(seconds=self.version)).isoformat())
        body["metadata"]["resourceVersion"] = str(self.version)
        self.objects[at] = body
        await self._tell("MODIFIED" if before else "ADDED", plural, body)
        return copy.deepcopy(body)

    async def remove(self, plural: str, namespace: str, name: str) -> None:
        """Delete an object and what it owns."""
        body = self.objects.pop((plural, namespace, name))
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        await self._tell("DELETED", plural, body)
        for (kind, place, each), other in [*self.objects.items()]:
            owners = other["metadata"].get("ownerReferences") or []
            if any(owner["uid"] == body["metadata"]["uid"] for owner in owners) and (kind, place, each) in self.objects:
                await self.remove(kind, place, each)

    def compact(self) -> None:
        """Forget every change so far: who watches from before is told 410."""
        self.oldest = self.version
        self.history.clear()

    async def write(self, pod: str, *texts: str, time: str = "2026-01-01T00:00:00.000000001Z") -> None:
        """Have a pod write lines to the log that is followed."""
        async with self.moved:
            self.written.setdefault(pod, []).extend((time, text) for text in texts)
            self.moved.notify_all()

    async def end(self, pod: str) -> None:
        """End a pod's log."""
        async with self.moved:
            self.ended.add(pod)
            self.moved.notify_all()

    async def break_streams(self) -> None:
        """Break every connection that a watch holds."""
        for stream in self.streams:
            transport = stream._req.transport if stream._req is not None else None
            if transport is not None:
                transport.abort()
        self.streams.clear()

    async def _tell(self, change: str, plural: str, body: Body) -> None:
        async with self.moved:
            self.history.append((self.version, change, plural, copy.deepcopy(body)))
            self.moved.notify_all()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        self.asked.append(Asked(request.method, request.path, dict(request.query), dict(request.headers), body))
        for fault in self.faults:
            answer = fault(request)
            answer = await answer if inspect.isawaitable(answer) else answer
            if answer is not None:
                return answer
        found = PATH.fullmatch(request.path)
        if found is None:
            api = request.path.removeprefix("/apis/").removeprefix("/api/")
            return web.json_response({"resources": self.kinds[api]}) if api in self.kinds else refusal(404, "NotFound")
        place = found["namespace"] or ""
        match request.method, found["name"], found["sub"]:
            case "GET", None, None if "watch" in request.query:
                return await self._watch(request, found["plural"], place)
            case "GET", None, None:
                return self._list(request, found["plural"], place)
            case "GET", name, "log" if "follow" in request.query:
                return await self._follow(request, name)
            case "GET", name, "log":
                return web.Response(body=self.logs[name][: int(request.query["limitBytes"])])
            case "POST", None, None:
                return await self._create(found["plural"], place, body)
            case method, name, sub:
                return await self._one(method, (found["plural"], place, name), sub, body)

    async def _one(self, method: str, at: tuple[str, str, str], sub: str | None, body: Any) -> web.Response:
        if at not in self.objects:
            return refusal(404, "NotFound")
        present = copy.deepcopy(self.objects[at])
        match method:
            case "GET":
                return web.json_response(present)
            case "DELETE":
                if (body or {}).get("preconditions", {}).get("uid") not in (None, present["metadata"]["uid"]):
                    return refusal(409, "Conflict")
                await self.remove(*at)
                return web.json_response({"status": "Success"})
            case "PUT":
                wanted = body
            case "PATCH" if isinstance(body, list):
                wanted = jsonpatch.apply_patch(present, body)
            case _:
                wanted = merged(present, body)
        if wanted["metadata"]["resourceVersion"] != present["metadata"]["resourceVersion"]:
            return refusal(409, "Conflict")
        if sub == "status":
            wanted = present | {"status": wanted["status"]}
        return web.json_response(wanted if wanted == present else await self.put(at[0], wanted))

    async def _create(self, plural: str, namespace: str, body: Body) -> web.Response:
        at = (plural, namespace, body["metadata"]["name"])
        if at in self.objects:
            return refusal(409, "AlreadyExists")
        body["metadata"]["namespace"] = namespace
        return web.json_response(await self.put(plural, body), status=201)

    def _list(self, request: web.Request, plural: str, namespace: str) -> web.Response:
        items = [body for body in self.of(plural) if not namespace or body["metadata"]["namespace"] == namespace]
        wanted = [pair.split("=") for pair in request.query.get("labelSelector", "").split(",") if pair]
        labelled = [b for b in items if all((b["metadata"].get("labels") or {}).get(n) == v for n, v in wanted)]
        if "PartialObjectMetadata" in request.headers.get("Accept", ""):
            labelled = [{"metadata": body["metadata"]} for body in labelled]
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 500)
        metadata = {"resourceVersion": str(self.version)}
        if start + limit < len(labelled):
            metadata["continue"] = str(start + limit)
        return web.json_response({"metadata": metadata, "items": labelled[start : start + limit]})

    async def _watch(self, request: web.Request, plural: str, namespace: str) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        await stream.prepare(request)
        self.streams.append(stream)
        try:
            if since < self.oldest:
                status = {"code": 410, "reason": "Expired", "message": f"too old resource version: {since}"}
                await stream.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
                return stream
            await self._stream(stream, plural, namespace, since)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return stream

    async def _follow(self, request: web.Request, pod: str) -> web.StreamResponse:
        """A pod's log with times, from `sinceTime` on, as far as it has come and as it goes on, until it ends."""
        stream = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await stream.prepare(request)
        self.streams.append(stream)
        since = datetime.fromisoformat(request.query.get("sinceTime", "2000-01-01T00:00:00Z"))
        sent = 0
        try:
            while True:
                async with self.moved:
                    news = self.written.get(pod, [])[sent:]
                    if not news and pod in self.ended:
                        return stream
                    if not news:
                        await self.moved.wait()
                        continue
                sent += len(news)
                for time, text in news:
                    if datetime.fromisoformat(time) >= since:
                        await stream.write(f"{time} {text}\n".encode())
        except (ConnectionError, asyncio.CancelledError):
            pass
        return stream

    async def _stream(self, stream: web.StreamResponse, plural: str, namespace: str, since: int) -> None:
        while True:
            async with self.moved:
                news = [each for each in self.history if each[0] > since]
                if not news:
                    await self.moved.wait()
                    continue
            for version, change, kind, body in news:
                since = version
                if kind == plural and namespace in ("", body["metadata"].get("namespace", "")):
                    await stream.write(json.dumps({"type": change, "object": body}).encode() + b"\n")


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out


def refusal(status: int, reason: str, message: str = "") -> web.Response:
    """An answer as the API server refuses."""
    told = {"kind": "Status", "reason": reason, "message": message or reason, "code": status}
    return web.json_response(told, status=status)


@asynccontextmanager
async def serving() -> AsyncIterator[Api]:
    """A server on a port of its own while the body runs."""
    api = Api()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await api.break_streams()
        await runner.cleanup()


def kubeconfig(directory: Path, url: str, token: str = "a-token") -> Path:
    """A kubeconfig for a server."""
    path = directory / "kubeconfig"
    named = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "x", **named}))
    return path


@asynccontextmanager
async def connected(directory: Path) -> AsyncIterator[tuple[Api, Connection]]:
    """A server and a connection to it."""
    async with serving() as api:
        connection = await Connection.open(str(kubeconfig(directory, api.url)))
        try:
            yield api, connection
        finally:
            await connection.close()


async def until(what: str, probe: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Wait for `probe` to give something true; AssertionError naming `what` where it does not in time."""
    end = asyncio.get_running_loop().time() + timeout_s
    while not (value := probe()):
        assert asyncio.get_running_loop().time() < end, f"waited {timeout_s:g} s in vain for {what}"
        await asyncio.sleep(0.01)
    return value
