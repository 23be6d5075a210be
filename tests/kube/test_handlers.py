"""The handlers under kopf itself: what is watched, with which credentials, and who is told."""

import asyncio
from pathlib import Path

import pytest
from tests.kube.apis import Api, connected, until

from speccheck.kube.activities import Activities
from speccheck.kube.connections import Connection
from speccheck.kube.handlers import Ears, serve
from speccheck.kube.meters import Meters
from speccheck.kube.queues import Key
from speccheck.kube.references import References
from speccheck.kube.slots import Slots

LABELS = {"app.kubernetes.io/managed-by": "speccheck", "speccheck.dev/speccheck": "owner"}

DISCOVERY = {
    "speccheck.dev/v1alpha1": [
        ("specchecks", "SpecCheck"),
        ("speccheckruns", "SpecCheckRun"),
        ("speccheckdrifts", "SpecCheckDrift"),
    ],
    "batch/v1": [("jobs", "Job")],
    "v1": [("configmaps", "ConfigMap"), ("namespaces", "Namespace"), ("events", "Event")],
    "apiextensions.k8s.io/v1": [("customresourcedefinitions", "CustomResourceDefinition")],
}


def _serve_discovery(api: Api) -> None:
    from aiohttp import web

    verbs = ["get", "list", "watch"]
    groups = [version for version in DISCOVERY if "/" in version]

    def answer(request: web.Request) -> web.Response | None:
        match request.path:
            case "/api":
                return web.json_response({"versions": ["v1"]})
            case "/apis":
                told = [
                    {
                        "name": each.split("/")[0],
                        "preferredVersion": {"version": each.split("/")[1]},
                        "versions": [{"version": each.split("/")[1]}],
                    }
                    for each in groups
                ]
                return web.json_response({"groups": told})
        return None

    api.faults.append(answer)
    for version, kinds in DISCOVERY.items():
        api.kinds[version] = [
            {"name": plural, "kind": kind, "singularName": "", "namespaced": plural[0] not in "n", "verbs": verbs}
            for plural, kind in kinds
        ]


def test_what_happens_is_told_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr("getpass.getuser", nameless)  # as in a container, whose uid has no name
    asyncio.run(_told(tmp_path))


async def _told(tmp_path: Path) -> None:
    added: list[Key] = []
    stopped: list[bool] = []
    stopping = asyncio.Event()
    meters = Meters()
    async with connected(tmp_path) as (api, connection):
        _serve_discovery(api)
        ears = _ears(connection, meters, added, stopped)
        ears.references.set(Key("ns", "reader"), "spec")
        await api.put("specchecks", {"metadata": {"name": "there", "namespace": "ns"}})
        serving = asyncio.create_task(serve(ears, (), stopping))
        await until("what is there", lambda: Key("ns", "there") in added)
        await until("four watches", lambda: len(api.streams) >= 4)
        await _happen(api)
        await until("all to be told", lambda: {key.name for key in added} >= {"there", "new", "owner", "reader"})
        await until("the job", lambda: ears.slots.active == ("ns",))
        assert set(ears.activities.ages()) == {"specchecks", "speccheckruns", "jobs", "configmaps"}
        assert {asked.headers.get("Authorization") for asked in api.asked} == {"Bearer a-token"}
        assert api.wrote() == []
        jobs = [asked for asked in api.asked if asked.path.endswith("/jobs")]
        assert {asked.query["labelSelector"] for asked in jobs} == {"app.kubernetes.io/managed-by=speccheck"}
        stopping.set()
        await asyncio.wait_for(serving, 60)
    assert stopped == [True]
    assert Key("ns", "stranger") not in added
    meters.close()


def _ears(connection: Connection, meters: Meters, added: list[Key], stopped: list[bool]) -> Ears:
    async def stop() -> None:
        stopped.append(True)

    return Ears(connection, Activities(), References(), Slots(meters), added.append, stop)


async def _happen(api: Api) -> None:
    await api.put("specchecks", {"metadata": {"name": "new", "namespace": "ns"}})
    await api.put("speccheckruns", {"metadata": {"name": "run", "namespace": "ns", "labels": LABELS}})
    await api.put("jobs", {"metadata": {"name": "job", "namespace": "ns", "labels": LABELS}})
    await api.put("configmaps", {"metadata": {"name": "spec", "namespace": "ns"}})
    await api.put("configmaps", {"metadata": {"name": "stranger", "namespace": "ns"}})
