"""Snapshots: what there is of a SpecCheck, read anew."""

from pathlib import Path

from tests.kube.worlds import KEY, World, in_world
from tests.resource.bodies import NOW

from speccheck.kube.reads import Reader
from speccheck.kube.snapshots import Snapshots
from speccheck.resource.jobs import Settings
from speccheck.resource.requests import Request
from speccheck.resource.sources import Found, Missing
from speccheck.resource.statuses import Refused


def _snapshots(world: World) -> Snapshots:
    reader: Reader = world.reconciler._parts.snapshots._reader
    return Snapshots(reader, Settings("image"))


def test_one_that_is_gone_or_going_is_none(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        assert await _snapshots(world).take(KEY, NOW) is None
        await world.apply({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
        assert await _snapshots(world).take(KEY, NOW) is None

    in_world(tmp_path, body)


def test_a_source_in_a_config_map_is_read_or_missed(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        source = {"inline": None, "configMap": {"name": "spec"}}
        await world.apply({"spec": {"source": source}})
        taken = await _snapshots(world).take(KEY, NOW)
        assert taken is not None
        assert isinstance(taken.source, Missing)
        assert taken.source.reason == "SourceNotFound"
        data = {"dns_balancer.py": "x = 1\n"}
        await world.api.put("configmaps", {"metadata": {"name": "spec", "namespace": KEY.namespace}, "data": data})
        taken = await _snapshots(world).take(KEY, NOW)
        assert taken is not None
        assert isinstance(taken.source, Found)

    in_world(tmp_path, body)


def test_what_cannot_be_carried_out_is_refused_with_its_reason(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply({"spec": {"check": {"timeout": "soon"}}})
        taken = await _snapshots(world).take(KEY, NOW)
        assert taken is not None
        assert isinstance(taken.request, Refused)
        assert taken.request.reason == "SpecInvalid"
        limits = {"limits": {"memory": "64Gi"}}
        await world.apply({"spec": {"check": {"timeout": "1m"}, "podTemplate": {"resources": limits}}})
        taken = await _snapshots(world).take(KEY, NOW)
        assert taken is not None
        assert isinstance(taken.request, Refused)
        assert taken.request.reason == "ResourcesRefused"
        assert "ceiling" in taken.request.message

    in_world(tmp_path, body)


def test_runs_are_read_once_for_each_version(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.end()
        await world.look()
        snapshots = _snapshots(world)
        for _ in range(3):
            taken = await snapshots.take(KEY, NOW)
            assert taken is not None
            assert [run.verdict for run in taken.runs] == ["Holds"]
        name = world.run()["metadata"]["name"]

        def read() -> int:
            gets = [asked for asked in world.api.asked if asked.method == "GET"]
            return sum(asked.path.endswith(f"/speccheckruns/{name}") for asked in gets)

        before = read()
        await snapshots.take(KEY, NOW)
        assert read() == before

    in_world(tmp_path, body)


def test_only_its_own_runs_are_its_runs(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.apply()
        await world.look()
        await world.api.remove("specchecks", *KEY)
        await world.apply()
        taken = await _snapshots(world).take(KEY, NOW)
        assert taken is not None
        assert isinstance(taken.request, Request)
        assert taken.runs == ()
        assert taken.run("none") is None

    in_world(tmp_path, body)
