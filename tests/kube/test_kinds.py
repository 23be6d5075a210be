"""Where the API has each kind, and kinds found by discovery."""

import asyncio
from pathlib import Path

import pytest
from tests.kube.apis import connected, refusal

from speccheck.kube.connections import ApiError
from speccheck.kube.kinds import CONFIG_MAPS, JOBS, RUNS, Kind, discovered


def test_paths_of_kinds() -> None:
    assert JOBS.path("ns", "a") == "/apis/batch/v1/namespaces/ns/jobs/a"
    assert CONFIG_MAPS.path() == "/api/v1/configmaps"
    assert RUNS.path("ns", "a", "status") == "/apis/speccheck.dev/v1alpha1/namespaces/ns/speccheckruns/a/status"
    assert Kind("v1", "Node", "nodes", namespaced=False).path("ns", "a") == "/api/v1/nodes/a"


def test_a_kind_is_found_among_what_the_cluster_serves(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.kinds["apps/v1"] = [
                {"name": "deployments/scale", "kind": "Deployment", "namespaced": True},
                {"name": "deployments", "kind": "Deployment", "namespaced": True},
            ]
            found = await discovered(connection, "apps/v1", "Deployment")
            assert found == Kind("apps/v1", "Deployment", "deployments")
            assert await discovered(connection, "apps/v1", "StatefulSet") is None
            assert await discovered(connection, "example.org/v1", "Widget") is None

    asyncio.run(check())


def test_a_failing_discovery_is_no_absence(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda _: refusal(503, "ServiceUnavailable"))
            with pytest.raises(ApiError):
                await discovered(connection, "apps/v1", "Deployment")

    asyncio.run(check())
