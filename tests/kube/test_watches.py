"""Watch: every change, every gap told as one; against a server that fails to order, and against a real one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cluster.clusters import Cluster
from tests.kube.apis import Api, Body, connected, refusal, until

from speccheck.errors import UsageError
from speccheck.kube import watches
from speccheck.kube.activities import Activities
from speccheck.kube.connections import Connection
from speccheck.kube.kinds import CONFIG_MAPS, Kind
from speccheck.kube.subscriptions import Change, Failing, Gap, Subscription
from speccheck.kube.watches import Place, Watches

PLACE = Place(CONFIG_MAPS, "ns", "system:serviceaccount:ns:observer")


def _config_map(name: str, value: str = "1", **labels: str) -> Body:
    return {"metadata": {"name": name, "namespace": "ns", "labels": labels}, "data": {"value": value}}


class Heard:
    """What a subscription tells, as text, in order."""

    def __init__(self, subscription: Subscription) -> None:
        self.told: list[str] = []
        self._task = asyncio.create_task(self._listen(subscription))

    async def wait(self, *expected: str) -> None:
        """Wait until exactly this was told since the last call."""
        try:
            await until(f"{expected}", lambda: len(self.told) >= len(expected))
        except AssertionError as error:
            raise AssertionError(f"{error}; told so far: {self.told}") from None
        assert self.told == [*expected]
        self.told.clear()

    def stop(self) -> None:
        self._task.cancel()

    async def _listen(self, subscription: Subscription) -> None:
        while True:
            for record in await subscription.batch(1):
                self.told.append(_text(record))


def _text(record: object) -> str:
    match record:
        case Change(kind, body, _):
            return f"{kind} {body['metadata']['name']}={body['data']['value']}"
        case Gap(reason, _):
            return f"Gap: {reason}"
        case Failing(error):
            return f"Failing {error.status}"
        case _:
            return type(record).__name__


@asynccontextmanager
async def heard(connection: Connection, place: Place = PLACE, **labels: str) -> AsyncIterator[Heard]:
    async with Watches(connection, Activities()).subscribed(place, labels) as subscription:
        listening = Heard(subscription)
        try:
            yield listening
        finally:
            listening.stop()


async def _watching(api: Api) -> None:
    await until("a watch", lambda: api.streams)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "RETRY_LIMIT_S", 0.02)


def test_what_is_there_and_what_happens_is_told_in_order(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            await api.put("configmaps", _config_map("one"))
            async with heard(connection) as told:
                await told.wait("ADDED one=1", "Listed")
                await _watching(api)
                await api.put("configmaps", _config_map("two"))
                await api.put("configmaps", _config_map("one", "2"))
                await api.remove("configmaps", "ns", "two")
                await told.wait("ADDED two=1", "MODIFIED one=2", "DELETED two=1")
            assert {asked.headers.get("Impersonate-User") for asked in api.asked} == {PLACE.user}

    asyncio.run(check())


def test_what_cannot_be_told_any_more_is_a_gap_and_made_up_for(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            for name in ("stays", "changes", "goes"):
                await api.put("configmaps", _config_map(name))
            async with heard(connection) as told:
                await told.wait("ADDED changes=1", "ADDED goes=1", "ADDED stays=1", "Listed")
                await _watching(api)
                api.faults.append(lambda request: refusal(503, "ServiceUnavailable"))
                await api.break_streams()
                await api.put("configmaps", _config_map("changes", "2"))
                await api.remove("configmaps", "ns", "goes")
                await api.put("configmaps", _config_map("comes"))
                version = api.oldest or 103
                api.compact()
                api.faults.clear()
                told.told.clear()
                await until("a gap", lambda: any(each.startswith("Gap") for each in told.told))
                await until("a list", lambda: told.told[-1] == "Listed")
                gap = f"Gap: the API server no longer has the changes since resource version {version}"
                at = told.told.index(gap)
                assert told.told[at + 1 :] == ["DELETED goes=1", "MODIFIED changes=2", "ADDED comes=1", "Listed"]

    asyncio.run(check())


def test_a_broken_stream_is_no_gap(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            async with heard(connection) as told:
                await told.wait("Listed")
                await _watching(api)
                await api.break_streams()
                await api.put("configmaps", _config_map("one"))
                await told.wait("ADDED one=1")
            lists = [asked for asked in api.asked if "watch" not in asked.query]
            assert len(lists) == 1

    asyncio.run(check())


def test_a_refusal_is_told_and_so_is_its_end(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda _: refusal(403, "Forbidden"))
            async with heard(connection) as told:
                await until("a failure", lambda: "Failing 403" in told.told)
                api.faults.clear()
                await until("the end of it", lambda: told.told[-1] == "Listed")

    asyncio.run(check())


def test_a_server_that_is_away_for_a_moment_is_not_told(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection), heard(connection) as told:
            await told.wait("Listed")
            await _watching(api)
            for _ in range(watches.PATIENCE - 1):
                await api.break_streams()
                await _watching(api)
            await api.put("configmaps", _config_map("one"))
            await told.wait("ADDED one=1")

    asyncio.run(check())


def test_one_watch_serves_all_who_watch_the_same(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            await api.put("configmaps", _config_map("one", app="a"))
            shared = Watches(connection, Activities())
            async with shared.subscribed(PLACE, {"app": "a"}) as first:
                mine = Heard(first)
                await mine.wait("ADDED one=1", "Listed")
                async with shared.subscribed(PLACE, {"app": "b"}) as second:
                    other = Heard(second)
                    await other.wait("Listed")
                    await _watching(api)
                    await api.put("configmaps", _config_map("two", app="b"))
                    await other.wait("ADDED two=1")
                    other.stop()
                mine.stop()
            assert len([asked for asked in api.asked if "watch" not in asked.query]) == 1

    asyncio.run(check())


def test_what_has_no_use_is_not_kept(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            body = _config_map("one")
            body["metadata"]["managedFields"] = [{"manager": "x"}]
            await api.put("configmaps", body)
            async with Watches(connection, Activities()).subscribed(PLACE, {}) as subscription:
                record = (await subscription.batch(1))[0]
                assert isinstance(record, Change)
                assert "managedFields" not in json.dumps(record.object)
                assert (record.object["apiVersion"], record.object["kind"]) == ("v1", "ConfigMap")

    asyncio.run(check())


def test_secrets_are_refused(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            place = Place(Kind("v1", "Secret", "secrets"), "ns", "")
            with pytest.raises(UsageError, match="Secrets are never observed"):
                async with Watches(connection, Activities()).subscribed(place, {}):
                    pass
            assert not api.asked

    asyncio.run(check())


def test_a_watch_is_heard_of_and_forgotten(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            activities = Activities()
            async with Watches(connection, activities).subscribed(PLACE, {}):
                await _watching(api)
                assert set(activities.ages()) == {"configmaps"}
            await until("the watch to end", lambda: not activities.ages())

    asyncio.run(check())


@pytest.mark.cluster
def test_a_real_api_server_tells_the_same(
    cluster: Cluster, restricted_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)
    at = f"--namespace={restricted_namespace}"
    user = f"system:serviceaccount:{restricted_namespace}:default"
    place = Place(CONFIG_MAPS, restricted_namespace, user)

    def kubectl(*words: str) -> str:
        return cluster.kubectl(*words, at)

    async def check() -> None:
        connection = await Connection.open(str(cluster.kubeconfig))
        try:
            async with heard(connection, place, app="mine") as told:
                await until("a refusal", lambda: "Failing 403" in told.told)
                await asyncio.to_thread(kubectl, "create", "rolebinding", "see", "--clusterrole=view", f"--user={user}")
                await until("the end of it", lambda: told.told[-1] == "Listed", timeout_s=30)
                told.told.clear()
                await asyncio.to_thread(kubectl, "create", "configmap", "one", "--from-literal=value=1")
                await asyncio.to_thread(kubectl, "label", "configmap", "one", "app=mine")
                await told.wait("ADDED one=1")
                await asyncio.to_thread(kubectl, "delete", "configmap", "one")
                await told.wait("DELETED one=1")
        finally:
            await connection.close()

    asyncio.run(check())
