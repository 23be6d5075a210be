"""Observers with a real evaluator: from the Model in a run to drifts, over restarts, and when something is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conform.serving import evaluator
from tests.conform.specs import model_json
from tests.e2e.places import COUNTER
from tests.kube.apis import Api, Body, connected, until
from tests.kube.worlds import KEY
from tests.resource.bodies import NOW, speccheck

from speccheck.conform.clients import EvaluatorClient
from speccheck.digests import digest
from speccheck.kube import feeds, observers
from speccheck.kube.activities import Activities
from speccheck.kube.connections import Connection
from speccheck.kube.feeds import Feeds
from speccheck.kube.findings import Findings
from speccheck.kube.meters import Meters
from speccheck.kube.observers import Observers, Surroundings
from speccheck.kube.reads import Reader
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.kube.recorders import Recorder
from speccheck.kube.snapshots import Snapshot
from speccheck.kube.watches import Watches
from speccheck.kube.writes import Writer
from speccheck.reports import Report
from speccheck.resource import drifts
from speccheck.resource.documents import Document
from speccheck.resource.drifts import ObserveState, observe_body
from speccheck.resource.outcomes import Answered
from speccheck.resource.requests import Request, request_of
from speccheck.resource.runs import RunView, finished_status, run_view

MODEL = model_json(COUNTER.replace("s.count <= 10", "s.count <= s.LIMIT"))
OBSERVE: Body = {
    "sources": [{"name": "budget", "kubernetes": {"apiVersion": "v1", "kind": "ConfigMap"}}],
    "instance": "small",
    "variables": {"count": "int(object.data.count)"},
    "tiers": ["State"],
}


@dataclass
class Watching:
    """Observers over a server of the test's, with what they need and what they say."""

    api: Api
    observers: Observers
    moved: list[Any]

    async def state(self, observe: Body | None = None, status: Body | None = None) -> ObserveState | None:
        request = _request(observe or OBSERVE)
        body = {"metadata": {"uid": request.uid}, "status": status or {}}
        snapshot = Snapshot(KEY, body, request, None, (), NOW)
        return await self.observers.ensure(snapshot, request, await self._run(request))

    async def until(self, what: str, probe: Callable[[ObserveState], Any], **given: Any) -> ObserveState:
        """Wait until the state is such."""
        states: list[ObserveState] = []

        async def look() -> bool:
            state = await self.state(**given)
            assert state is not None
            states.append(state)
            return bool(probe(state))

        for _ in range(500):
            if await look():
                return states[-1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain for {what}; the last state was {states[-1]}")

    async def put(self, name: str, count: object) -> None:
        metadata = {"name": name, "namespace": KEY.namespace}
        await self.api.put("configmaps", {"metadata": metadata, "data": {"count": str(count)}})

    async def _run(self, request: Request) -> RunView:
        document = Document("sha256:" + "0" * 64, digest(MODEL), MODEL, reports=tuple[Report, ...]())
        body = {
            "metadata": {"name": "run", "namespace": KEY.namespace},
            "spec": {"key": "k", "base": "b", "generation": 1, "source": {"digest": document.source_digest}},
            "status": finished_status({}, Answered(document), 1, NOW),
        }
        return run_view(
            self.api.objects.get(("speccheckruns", KEY.namespace, "run")) or await self.api.put("speccheckruns", body)
        )


def _request(observe: Body) -> Request:
    return request_of(speccheck({"spec": {"observe": observe}}))


def watching(directory: Path, body: Callable[[Watching], Awaitable[None]], socket: Path) -> None:
    """Run a test's body with observers of its own."""

    async def both() -> None:
        meters = Meters()
        async with connected(directory) as (api, connection):
            api.kinds["v1"] = [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]
            client = EvaluatorClient(socket, timeout_s=5)
            around = _surroundings(connection, client, meters)
            recording = asyncio.create_task(around.recorder.run())
            moved: list[Any] = []
            made = Observers(around, moved.append)
            try:
                await body(Watching(api, made, moved))
                await around.recorder.drain()
            finally:
                await made.stop_all()
                recording.cancel()
                await asyncio.wait([recording])
                await client.close()
        meters.close()

    asyncio.run(both())


def _surroundings(connection: Connection, client: EvaluatorClient, meters: Meters) -> Surroundings:
    receivers = Receivers(ReceiverOptions(), connection, meters)
    feeds = Feeds(connection, Watches(connection, Activities()), receivers)
    reader, writer = Reader(connection), Writer(connection)
    return Surroundings(reader, feeds, client, Recorder(writer, meters), Findings(reader, writer, meters), meters)


@pytest.fixture(scope="module")
def socket() -> Any:
    with evaluator() as (path, _):
        yield path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_S", "FAULT_RETRY_S", "TICK_S"):
        monkeypatch.setattr(observers, name, 0.05)
    monkeypatch.setattr(feeds, "KIND_RETRY_S", 0.05)


def test_objects_are_held_to_the_model_of_the_run_as_its_service_account(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 2)
        state = await made.until("conformance", lambda state: state.synced and state.judged == 1)
        assert (state.drifts, state.problem, state.model_digest) == ((), None, digest(MODEL))
        await made.put("budget", 4)
        state = await made.until("a drift", lambda state: state.drifts)
        assert "count = 4" in state.drifts[0].message
        assert KEY in made.moved
        await until("both Events", lambda: len(made.api.of("events")) == 2)
        watched = [asked for asked in made.api.asked if asked.path.endswith("/configmaps")]
        users = {asked.headers.get("Impersonate-User") for asked in watched}
        assert users == {f"system:serviceaccount:{KEY.namespace}:default"}

    watching(tmp_path, body, socket)


def test_a_drift_from_before_stands_and_is_not_told_again(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 4)
        state = await made.until("a drift", lambda state: state.drifts)
        await until("both Events", lambda: len(made.api.of("events")) == 2)
        status = {"observe": observe_body(state, NOW)}
        await made.observers.stop_all()
        first = await made.state(status=status)
        assert first is not None
        assert [drift.identity for drift in first.drifts] == [drift.identity for drift in state.drifts]
        again = await made.until("it to be judged again", lambda state: state.judged == 1, status=status)
        assert [drift.identity for drift in again.drifts] == [drift.identity for drift in state.drifts]
        assert again.gaps == 1
        assert len(made.api.of("events")) == 2
        await made.put("budget", 1)
        await made.until("its end", lambda state: not state.drifts)

    watching(tmp_path, body, socket)


def test_drifts_beyond_those_kept_in_full_are_not_told_again_either(
    tmp_path: Path, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drifts, "DRIFTS_LIMIT", 1)

    async def body(made: Watching) -> None:
        for name in ("one", "two", "three"):
            await made.put(name, 4)
        state = await made.until("all drifts", lambda state: len(state.drifts) == 3)
        await until("all Events", lambda: len(made.api.of("events")) == 6)
        status = {"observe": observe_body(state, NOW)}
        assert (len(status["observe"]["drifts"]), len(status["observe"]["moreDrifts"])) == (1, 2)
        await made.observers.stop_all()
        first = await made.state(status=status)
        assert first is not None
        assert observe_body(first, NOW)["driftsActive"] == 3
        again = await made.until("all to be judged again", lambda state: state.judged == 3, status=status)
        assert {drift.identity for drift in again.drifts} == {drift.identity for drift in state.drifts}
        await made.put("one", 1)
        await made.until("the end of one", lambda state: len(state.drifts) == 2)
        await until("its Events", lambda: len(made.api.of("events")) == 8)
        assert [e["reason"] for e in made.api.of("events")].count("DriftDetected") == 6

    watching(tmp_path, body, socket)


def test_another_mapping_is_another_observer_that_knows_the_drifts(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 4)
        await made.until("a drift", lambda state: state.drifts)
        other = OBSERVE | {"variables": {"count": "int(object.data.count) - 3"}}
        state = await made.state(other)
        assert state is not None
        assert state.drifts
        await made.until("its end", lambda state: state.synced and not state.drifts, observe=other)

    watching(tmp_path, body, socket)


def test_a_mapping_that_is_wrong_is_a_permanent_problem(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        wrong = OBSERVE | {"variables": {"cuont": "1"}}
        state = await made.until("a problem", lambda state: state.problem, observe=wrong)
        assert state.problem is not None
        assert (state.problem.reason, state.problem.permanent) == ("SpecInvalid", True)
        assert "cuont" in state.problem.message

    watching(tmp_path, body, socket)


def test_a_kind_is_waited_for(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        kinds = made.api.kinds.pop("v1")
        state = await made.until("a problem", lambda state: state.problem)
        assert state.problem is not None
        assert state.problem.reason == "KindUnknown"
        made.api.kinds["v1"] = kinds
        await made.until("the end of it", lambda state: state.synced and state.problem is None)

    watching(tmp_path, body, socket)


def test_an_evaluator_that_is_not_there_is_a_problem_and_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 2)
        state = await made.until("a problem", lambda state: state.problem)
        assert state.problem is not None
        assert (state.problem.reason, state.judged) == ("EvaluatorUnavailable", 0)

    watching(tmp_path, body, tmp_path / "none.sock")


def test_a_suspended_one_and_one_without_a_model_are_not_observed(tmp_path: Path, socket: Path) -> None:
    async def body(made: Watching) -> None:
        request = request_of(speccheck({"spec": {"observe": OBSERVE, "suspend": True}}))
        snapshot = Snapshot(KEY, {"metadata": {"uid": request.uid}}, request, None, (), NOW)
        assert await made.observers.ensure(snapshot, request, await made._run(request)) is None
        asked = _request(OBSERVE)
        assert await made.observers.ensure(snapshot, asked, None) is None

    watching(tmp_path, body, socket)


COUNTING = OBSERVE | {"variables": {"count": "int(object.data.count)"}, "tiers": ["Step"], "driftHold": "500ms"}


def test_a_step_that_the_spec_does_not_have_is_a_drift_until_it_was_quiet_for_long(
    tmp_path: Path, socket: Path
) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 0)
        await made.until("an anchor", lambda state: state.synced and state.judged == 1, observe=COUNTING)
        await made.put("budget", 1)
        await made.until("a step", lambda state: state.judged == 2, observe=COUNTING)
        await made.put("budget", 3)
        state = await made.until("a drift", lambda state: state.drifts, observe=COUNTING)
        (drift,) = state.drifts
        assert (drift.tier, drift.property) == ("Step", "step")
        assert "count 1 → 3" in drift.message
        await made.until("its end", lambda state: not state.drifts and state.resolved, observe=COUNTING)

    watching(tmp_path, body, socket)


def test_an_evaluator_that_is_started_anew_has_forgotten_and_that_is_a_gap(tmp_path: Path) -> None:
    async def body(made: Watching) -> None:
        await made.put("budget", 0)
        await made.until("an anchor", lambda state: state.synced and state.judged == 1, observe=COUNTING)
        process.kill()
        process.wait()
        with evaluator(socket=path):
            await made.put("budget", 2)
            state = await made.until("it to go on", lambda state: state.gaps and state.judged > 1, observe=COUNTING)
            assert state.drifts == ()

    with evaluator() as (path, process):
        watching(tmp_path, body, path)


def test_a_monster_is_found_and_passed_over_and_never_taken_for_conformance(tmp_path: Path) -> None:
    nested = "[object.data.count, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    for n in range(8):
        nested = f"[0,1,2,3,4,5,6,7,8,9].map(x{n}, {nested})"
    costly = OBSERVE | {
        "variables": {"count": f"size(object.data.count) > 8 ? size({nested}) : int(object.data.count)"}
    }

    async def body(made: Watching) -> None:
        await made.put("budget", 2)
        await made.until("conformance", lambda state: state.synced and state.judged == 1, observe=costly)
        await made.put("monster", "123456789")
        state = await made.until("a problem", lambda state: state.problem and state.synced, observe=costly)
        assert state.problem is not None
        assert (state.problem.reason, "monster" in state.problem.message) == ("OverBudget", True)
        await made.put("monster", "3")
        await made.until("the end of it", lambda state: state.problem is None and state.synced, observe=costly)

    with evaluator("--deadline", "1s") as (path, _):
        watching(tmp_path, body, path)
