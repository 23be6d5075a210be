"""Writer: every write is safe to repeat, shut after the Lease is lost, and can be made the last (fail-points)."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.kube.apis import Body, connected

from speccheck.errors import EngineError
from speccheck.kube.connections import ApiError
from speccheck.kube.kinds import CONFIG_MAPS, RUNS
from speccheck.kube.writes import FAILPOINT_VARIABLE, Failpoints, Writer


def _config_map(name: str = "one") -> Body:
    return {"metadata": {"name": name, "namespace": "ns"}, "data": {"a": "b"}}


def test_what_exists_is_not_made_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            writer = Writer(connection)
            assert await writer.create(CONFIG_MAPS, "ns", _config_map()) is not None
            assert await writer.create(CONFIG_MAPS, "ns", _config_map() | {"data": {}}) is None
            assert api.of("configmaps")[0]["data"] == {"a": "b"}

    asyncio.run(check())


def test_a_status_is_put_only_over_the_one_that_was_read(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            read = await api.put("speccheckruns", _config_map() | {"status": {"old": 1}})
            writer = Writer(connection)
            written = await writer.set_status(RUNS, read, {"new": 2})
            assert written["status"] == {"new": 2}
            assert written["data"] == {"a": "b"}
            with pytest.raises(ApiError) as caught:
                await writer.set_status(RUNS, read, {"late": 3})
            assert caught.value.conflict
            assert api.of("speccheckruns")[0]["status"] == {"new": 2}

    asyncio.run(check())


def test_only_the_object_of_that_uid_is_deleted(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            body = await api.put("configmaps", _config_map())
            writer = Writer(connection)
            await writer.delete(CONFIG_MAPS, "ns", "one", "another-uid")
            assert api.of("configmaps")
            await writer.delete(CONFIG_MAPS, "ns", "one", body["metadata"]["uid"])
            await writer.delete(CONFIG_MAPS, "ns", "one", body["metadata"]["uid"])
            assert not api.of("configmaps")
            assert api.asked[-1].body["propagationPolicy"] == "Background"

    asyncio.run(check())


def test_a_merge_into_nothing_says_so(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (_, connection):
            assert await Writer(connection).merge(CONFIG_MAPS, "ns", "one", {"data": {}}) is None

    asyncio.run(check())


def test_nothing_is_written_after_the_door_is_shut(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            writer = Writer(connection)
            writer.shut()
            with pytest.raises(EngineError, match="does not hold the Lease any more"):
                await writer.create(CONFIG_MAPS, "ns", _config_map())
            assert not api.asked

    asyncio.run(check())


FATAL = """
import sys
from speccheck.kube.writes import Failpoints
points = Failpoints.from_environment()
for number in range(1, 5):
    print(number, flush=True)
    points.reach("here")
"""


@pytest.mark.parametrize(("fatal", "passed"), [("", 4), ("1", 1), ("3", 3), ("9", 4)])
def test_a_failpoint_ends_the_process_as_a_power_cut_would(fatal: str, passed: int) -> None:
    environment = {**os.environ, FAILPOINT_VARIABLE: fatal}
    done = subprocess.run([sys.executable, "-c", FATAL], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == [str(number) for number in range(1, passed + 1)]
    assert done.returncode == (0 if passed == 4 else -signal.SIGKILL)


def test_a_point_lies_before_and_after_each_write(tmp_path: Path) -> None:
    reached: list[str] = []

    class Listed(Failpoints):
        def reach(self, what: str) -> None:
            reached.append(what)

    async def check() -> None:
        async with connected(tmp_path) as (_, connection):
            await Writer(connection, Listed()).create(CONFIG_MAPS, "ns", _config_map())

    asyncio.run(check())
    path = "POST /api/v1/namespaces/ns/configmaps"
    assert reached == [f"before {path}", f"after {path}"]
