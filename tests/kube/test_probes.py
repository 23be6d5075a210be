"""Probes: what is served at /metrics, /healthz and /readyz."""

import asyncio
import socket

import aiohttp
import pytest

from speccheck.errors import UsageError
from speccheck.kube.activities import DEAD_AFTER_S, UNREADY_AFTER_S, Activities
from speccheck.kube.meters import Meters
from speccheck.kube.probes import Probes


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _served(activities: Activities, *paths: str) -> list[tuple[int, str]]:
    listen = f"127.0.0.1:{_free_port()}"
    meters = Meters()
    meters.set("speccheck_jobs_active", 2, namespace="ns")
    probes = Probes(listen, meters, activities)
    await probes.start()
    try:
        async with aiohttp.ClientSession() as session:
            answers = []
            for path in paths:
                async with session.get(f"http://{listen}{path}") as answer:
                    answers.append((answer.status, await answer.text()))
            return answers
    finally:
        await probes.stop()
        meters.close()


def test_all_is_well_while_watches_are_heard() -> None:
    activities = Activities()
    activities.heard("jobs")
    health, ready, metrics = asyncio.run(_served(activities, "/healthz", "/readyz", "/metrics"))
    assert health == ready == (200, "ok\n")
    assert metrics[0] == 200
    assert 'speccheck_jobs_active{namespace="ns"} 2.0' in metrics[1]


def test_a_silent_watch_makes_unready_and_a_dead_one_unhealthy() -> None:
    now = [0.0]
    activities = Activities(lambda: now[0])
    activities.heard("jobs")
    now[0] = UNREADY_AFTER_S + 1
    health, ready = asyncio.run(_served(activities, "/healthz", "/readyz"))
    assert health == (200, "ok\n")
    assert ready == (503, f"silent: the watch of jobs, for {UNREADY_AFTER_S + 1:.0f} s\n")
    now[0] = DEAD_AFTER_S + 1
    assert asyncio.run(_served(activities, "/healthz"))[0][0] == 503


@pytest.mark.parametrize("listen", ["", "localhost", "localhost:http"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(UsageError, match="is not host:port"):
        Probes(listen, Meters(), Activities())
