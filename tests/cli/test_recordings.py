"""Recordings: what happens to objects becomes lines that read back; gaps are told, and nothing is made up."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.kube.apis import Api, Body, connected, refusal, until

from speccheck.cli.recordings import Recording, Wanted
from speccheck.errors import EngineError, UsageError
from speccheck.kube import watches
from speccheck.kube.connections import Connection
from speccheck.resource.fields import KubernetesSource, LinesSource, ObserveSource, Selector
from speccheck.sources.lines import LINE_BYTES, read
from speccheck.sources.observations import Observation


def objects(kind: str = "ConfigMap", name: str = "", **labels: str) -> Wanted:
    wanted = KubernetesSource(api_version="v1", kind=kind, selector=Selector(match_labels=labels))
    return Wanted(ObserveSource(name=name, kubernetes=wanted), "ns")


POOLS = objects(name="pool", app="pool")
KINDS = {
    "v1": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "secrets", "kind": "Secret", "namespaced": True},
    ]
}


def pool(name: str, value: str, app: str = "pool") -> Body:
    return {"metadata": {"name": name, "namespace": "ns", "labels": {"app": app}}, "data": {"value": value}}


class Recorded:
    """A recording that runs, and its lines."""

    def __init__(self, limit: int | None = None, wanted: tuple[Wanted, ...] = (POOLS,)) -> None:
        self.out = io.BytesIO()
        self.notes: list[str] = []
        self.wanted = wanted
        self.recording = Recording(self.out, limit, lambda written: None, self.notes.append)

    @property
    def lines(self) -> list[str]:
        found = []
        for line in read(io.BytesIO(self.out.getvalue())):
            assert isinstance(line, Observation)
            shown = line.reason if line.object is None else f"{line.object['metadata']['name']}={line.object['data']}"
            found.append(f"{line.source} {line.kind.value} {shown}".replace("{'value': ", "").replace("}", ""))
        return found


@asynccontextmanager
async def running(tmp_path: Path, recorded: Recorded) -> AsyncIterator[Api]:
    """The recording runs while the body does, and is ended with it."""
    async with connected(tmp_path) as (api, connection):
        api.kinds = KINDS
        await api.put("configmaps", pool("old", "1"))
        await api.put("configmaps", pool("other", "1", app="else"))
        task = asyncio.create_task(recorded.recording.run(recorded.wanted, connection, None))
        await until("the first line", lambda: recorded.lines or task.done())
        await until("a watch", lambda: api.streams or task.done())
        yield api
        recorded.recording.end()
        await asyncio.wait_for(task, 60)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "RETRY_LIMIT_S", 0.02)


def test_what_is_there_is_not_told_as_created_and_what_happens_is_told_as_it_happens(tmp_path: Path) -> None:
    async def check() -> None:
        recorded = Recorded()
        async with running(tmp_path, recorded) as api:
            await api.put("configmaps", pool("new", "1"))
            await api.put("configmaps", pool("old", "2"))
            await api.remove("configmaps", "ns", "new")
            await until("four lines", lambda: len(recorded.lines) >= 4)
        assert recorded.lines == [
            "pool MODIFIED old='1'",
            "pool ADDED new='1'",
            "pool MODIFIED old='2'",
            "pool DELETED new='1'",
        ]
        assert (recorded.recording.written.observations, recorded.recording.written.gaps) == (4, 0)

    asyncio.run(check())


def test_after_a_relist_there_is_a_gap_and_nothing_counts_as_created(tmp_path: Path) -> None:
    async def check() -> None:
        recorded = Recorded()
        async with running(tmp_path, recorded) as api:
            api.faults.append(lambda request: refusal(503, "ServiceUnavailable"))
            await api.break_streams()
            await api.put("configmaps", pool("meanwhile", "1"))
            api.compact()
            api.faults.clear()
            await until("the list", lambda: any("meanwhile" in line for line in recorded.lines))
        _, gap, added = recorded.lines
        assert gap.startswith("pool GAP the API server no longer has the changes since")
        assert added == "pool MODIFIED meanwhile='1'"
        assert recorded.recording.written.gaps == 1

    asyncio.run(check())


def test_it_ends_after_as_many_observations_as_were_asked_for(tmp_path: Path) -> None:
    async def check() -> None:
        recorded = Recorded(limit=2)
        async with running(tmp_path, recorded) as api:
            for n in range(5):
                await api.put("configmaps", pool("old", str(n)))
            await until("the end", lambda: recorded.recording.written.observations == 2)
        assert len(recorded.lines) == 2

    asyncio.run(check())


def test_it_ends_after_the_time_that_was_asked_for(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.kinds = KINDS
            recorded = Recorded()
            written = await asyncio.wait_for(recorded.recording.run(recorded.wanted, connection, 0.05), 60)
            assert (written.observations, recorded.lines) == (0, [])

    asyncio.run(check())


def refused(tmp_path: Path, wanted: Wanted, prepare: Callable[[Api], None] = lambda api: None) -> str:
    """What a recording that cannot begin says."""

    async def attempt(connection: Connection, api: Api) -> None:
        api.kinds = KINDS
        prepare(api)
        await asyncio.wait_for(Recorded().recording.run([wanted], connection, 10), 60)

    async def check() -> str:
        async with connected(tmp_path) as (api, connection):
            with pytest.raises((UsageError, EngineError)) as raised:
                await attempt(connection, api)
            return str(raised.value)

    return asyncio.run(check())


def test_secrets_are_never_recorded(tmp_path: Path) -> None:
    assert "Secrets are never observed" in refused(tmp_path, objects("Secret"))


def test_a_kind_that_the_cluster_does_not_have_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, objects("Pool")) == "the cluster has no kind Pool of v1"


def test_without_the_right_to_it_says_which_right_is_lacking(tmp_path: Path) -> None:
    def forbid(api: Api) -> None:
        api.faults.append(
            lambda request: (
                refusal(403, "Forbidden", "configmaps is forbidden") if "namespaces" in request.path else None
            )
        )

    told = refused(tmp_path, POOLS, forbid)
    assert told.startswith("ConfigMap (v1) in ns may not be read: ")
    assert "needs the verbs get, list and watch" in told


LOGS = Wanted(ObserveSource(name="said", lines=LinesSource(pods=Selector(match_labels={"app": "pool"}))), "ns")


async def program(api: Api) -> None:
    metadata = {"name": "controller", "namespace": "ns", "labels": {"app": "pool"}}
    await api.put("pods", {"metadata": metadata, "status": {"phase": "Running"}})


def test_what_pods_write_is_written_under_their_sources_name(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            recorded = Recorded(limit=2)
            task = asyncio.create_task(recorded.recording.run([LOGS], connection, 20))
            await until("a watch", lambda: api.streams or task.done())
            await program(api)
            line = '{"time": "2026-01-01T00:00:00Z", "source": "else", "seq": %d, "event": {"name": "grow"}}'
            await api.write("controller", line % 1, "listening", '{"time": "broken"}', line % 2)
            written = await asyncio.wait_for(task, 60)
        assert (written.observations, written.gaps) == (2, 1)
        told = [each for each in read(io.BytesIO(recorded.out.getvalue())) if isinstance(each, Observation)]
        assert [(each.source, each.seq, each.kind.value) for each in told] == [
            ("said", 1, "MODIFIED"),
            ("said", None, "GAP"),
            ("said", 2, "MODIFIED"),
        ]

    asyncio.run(check())


def test_without_the_right_to_logs_it_ends_and_says_which_right_is_lacking(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda request: refusal(403, "Forbidden") if request.path.endswith("/log") else None)
            await program(api)
            with pytest.raises(EngineError, match=r"logs of pods in ns may not be read: .* get of pods/log"):
                await asyncio.wait_for(Recorded().recording.run([LOGS], connection, 20), 60)

    asyncio.run(check())


def test_what_could_not_be_read_again_is_a_gap() -> None:
    recorded = Recorded()
    time = datetime(2026, 1, 1, tzinfo=UTC)
    recorded.recording.write(Observation(time, "pool", object={"metadata": {"name": "a"}, "data": "x" * LINE_BYTES}))
    (gap,) = recorded.lines
    assert gap == f"pool GAP an observation of more than {LINE_BYTES} bytes"
