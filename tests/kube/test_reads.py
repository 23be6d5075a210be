"""Reader: objects, lists page by page, logs cut to size."""

import asyncio
from pathlib import Path

from tests.kube.apis import connected

from speccheck.kube import reads
from speccheck.kube.kinds import CONFIG_MAPS
from speccheck.kube.reads import Reader


def _config_map(name: str, labels: dict[str, str]) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "ns", "labels": labels}, "data": {"a": "b"}}


def test_an_object_or_none(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            await api.put("configmaps", _config_map("one", {}))
            found = await Reader(connection).get(CONFIG_MAPS, "ns", "one")
            assert found is not None
            assert found["data"] == {"a": "b"}
            assert await Reader(connection).get(CONFIG_MAPS, "ns", "two") is None

    asyncio.run(check())


def test_a_list_has_all_pages_and_only_what_is_labelled(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(reads, "PAGE", 2)

    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            for number in range(5):
                await api.put("configmaps", _config_map(f"c{number}", {"app": "a"}))
            await api.put("configmaps", _config_map("other", {"app": "b"}))
            listed = await Reader(connection).listed(CONFIG_MAPS, "ns", {"app": "a"})
            assert [each["metadata"]["name"] for each in listed] == [f"c{number}" for number in range(5)]
            assert {(each["apiVersion"], each["kind"]) for each in listed} == {("v1", "ConfigMap")}
            assert len(api.asked) == 3

    asyncio.run(check())


def test_metadata_only_leaves_the_rest_where_it_is(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            await api.put("configmaps", _config_map("one", {}))
            (only,) = await Reader(connection).listed(CONFIG_MAPS, "ns", metadata_only=True)
            assert "data" not in only

    asyncio.run(check())


def test_a_log_is_cut_at_its_limit(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.logs["pod-1"] = b"x" * 100
            assert await Reader(connection).log("ns", "pod-1", "check", 10) == b"x" * 10
            assert api.asked[-1].query == {"container": "check", "limitBytes": "10"}

    asyncio.run(check())
