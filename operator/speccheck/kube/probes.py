"""The HTTP port for those who look from outside: /metrics, /healthz (is it alive) and /readyz (is it up to date).

Alive: every watch at least tries. Ready: every watch was heard lately, or another operator holds the Lease.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from speccheck.errors import UsageError
from speccheck.kube.activities import Activities
from speccheck.kube.meters import CONTENT_TYPE, Meters


class Probes:
    """The server on `listen` (`host:port`)."""

    def __init__(self, listen: str, meters: Meters, activities: Activities) -> None:
        self._host, _, port = listen.rpartition(":")
        if not port.isdigit():
            raise UsageError(f"--listen: {listen!r} is not host:port; write for example 0.0.0.0:9090")
        self._port = int(port)
        self._meters = meters
        self._activities = activities
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve. Raises OSError where the port is taken."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host or None, self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._meters.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _healthz(self, _: web.Request) -> web.Response:
        return _answer("dead", self._activities.dead())

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer("silent", self._activities.silent())


def _answer(fault: str, watches: Mapping[str, float]) -> web.Response:
    if not watches:
        return web.Response(text="ok\n")
    lines = [f"{fault}: the watch of {resource}, for {age:.0f} s\n" for resource, age in sorted(watches.items())]
    return web.Response(status=503, text="".join(lines))
