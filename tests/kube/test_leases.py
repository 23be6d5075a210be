"""Lease: one holder at a time; one that is lost is noticed before another may begin."""

import asyncio
from pathlib import Path

import pytest
from tests.cluster.clusters import Cluster
from tests.kube.apis import Api, connected, refusal, until

from speccheck.errors import EngineError
from speccheck.kube import leases
from speccheck.kube.connections import Connection
from speccheck.kube.kinds import CONFIG_MAPS
from speccheck.kube.leases import Lease, LeaseLost, LeaseName
from speccheck.kube.reads import Reader
from speccheck.kube.writes import Writer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _lease(connection: Connection, identity: str, clock: Clock, namespace: str = "ns") -> tuple[Lease, Writer]:
    writer = Writer(connection)
    return Lease(LeaseName(namespace, "operator", identity), Reader(connection), writer, clock), writer


async def _looks(api: Api, number: int) -> None:
    """Wait until the server has been asked so many times more; but for the last, each has been dealt with then."""
    before = len(api.asked)
    await until(f"{number} looks", lambda: len(api.asked) >= before + number)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "WAIT_S", 0.01)
    monkeypatch.setattr(leases, "RENEW_S", 0.01)


def test_the_first_holds_it_and_the_second_waits_until_it_is_released(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            first, _ = _lease(connection, "first", Clock())
            second, _ = _lease(connection, "second", Clock())
            await first.acquire()
            waiting = asyncio.create_task(second.acquire())
            await _looks(api, 3)
            assert not waiting.done()
            await first.release()
            await asyncio.wait_for(waiting, 60)
            spec = api.of("leases")[0]["spec"]
            assert spec["holderIdentity"] == "second"
            assert spec["leaseTransitions"] == 1

    asyncio.run(check())


def test_one_that_does_not_move_for_its_duration_is_taken(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            await _lease(connection, "dead", Clock())[0].acquire()
            clock = Clock()
            heir, _ = _lease(connection, "heir", clock)
            waiting = asyncio.create_task(heir.acquire())
            await _looks(api, 2)
            clock.now += leases.DURATION_S - 1
            await _looks(api, 3)
            assert not waiting.done()
            clock.now += 2
            await asyncio.wait_for(waiting, 60)
            assert api.of("leases")[0]["spec"]["holderIdentity"] == "heir"

    asyncio.run(check())


def test_its_own_name_is_taken_up_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (_, connection):
            await _lease(connection, "pod-1", Clock())[0].acquire()
            await asyncio.wait_for(_lease(connection, "pod-1", Clock())[0].acquire(), 60)

    asyncio.run(check())


def test_a_holder_that_another_replaced_writes_no_more(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            lease, writer = _lease(connection, "first", Clock())
            await lease.acquire()
            taken = api.of("leases")[0]
            await api.put("leases", taken | {"spec": taken["spec"] | {"holderIdentity": "second"}})
            with pytest.raises(LeaseLost, match="is lost: it is held by second"):
                await asyncio.wait_for(lease.keep(), 60)
            with pytest.raises(EngineError, match="does not hold the Lease any more"):
                await writer.create(CONFIG_MAPS, "ns", {"metadata": {"name": "late"}})

    asyncio.run(check())


def test_a_holder_that_cannot_renew_stops_before_another_may_begin(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            clock = Clock()
            lease, _ = _lease(connection, "first", clock)
            await lease.acquire()
            api.faults.append(lambda _: refusal(503, "ServiceUnavailable"))
            keeping = asyncio.create_task(lease.keep())
            clock.now += leases.GIVE_UP_S - 1
            await _looks(api, 3)
            assert not keeping.done()
            clock.now += 2
            with pytest.raises(LeaseLost, match="could not be renewed"):
                await asyncio.wait_for(keeping, 60)

    assert leases.GIVE_UP_S + leases.REQUEST_S < leases.DURATION_S
    asyncio.run(check())


def test_a_write_of_its_own_that_it_did_not_hear_of_is_no_loss(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            lease, _ = _lease(connection, "first", Clock())
            await lease.acquire()
            await api.put("leases", api.of("leases")[0])
            keeping = asyncio.create_task(lease.keep())
            await _looks(api, 5)
            assert not keeping.done()
            keeping.cancel()

    asyncio.run(check())


def test_a_deleted_one_is_lost(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            lease, _ = _lease(connection, "first", Clock())
            await lease.acquire()
            await api.remove("leases", "ns", "operator")
            with pytest.raises(LeaseLost, match="it was deleted"):
                await asyncio.wait_for(lease.keep(), 60)

    asyncio.run(check())


@pytest.mark.cluster
def test_a_real_api_server_keeps_the_same_one(
    cluster: Cluster, restricted_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)

    async def check() -> None:
        connection = await Connection.open(str(cluster.kubeconfig))
        try:
            first, _ = _lease(connection, "first", Clock(), restricted_namespace)
            second, _ = _lease(connection, "second", Clock(), restricted_namespace)
            await first.acquire()
            keeping = asyncio.create_task(first.keep())
            waiting = asyncio.create_task(second.acquire())
            await asyncio.sleep(1)
            assert not keeping.done()
            assert not waiting.done()
            keeping.cancel()
            await asyncio.wait([keeping])
            await first.release()
            await asyncio.wait_for(waiting, 60)
        finally:
            await connection.close()

    asyncio.run(check())
    held = cluster.read("lease", "operator", f"--namespace={restricted_namespace}")
    assert held["spec"]["holderIdentity"] == "second"
