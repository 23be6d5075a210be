"""The evaluator as a process, with real sockets, workers, CEL and Models: answers, budgets, turns, recovery."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conform.serving import evaluator
from tests.conform.specs import ROLLOUT, SLOW, model_json

from speccheck.conform.clients import EvaluatorClient, OverBudget, Refused, Subject
from speccheck.conform.protocols import HEADER, MappingOrder, Refusal, SourceOrder, View, answer_from, length_of

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three")
SLOW_CEL = "range.map(a, range.map(b, range.map(c, a + b + c))).size()".replace("range", "object.items")
MONSTER = MappingOrder((SourceOrder("web"),), {"replicas": f"size(object.items) > 0 ? {SLOW_CEL} : 0"}, "three")
GLUTTON = MappingOrder((SourceOrder("web"),), {"replicas": "lists.range(object.n).size()"}, "three")
ITEMS = View("web", NOON, {"items": list(range(400))})
CALM = View("web", NOON, {"items": []})


@pytest.fixture
def served() -> Iterator[Path]:
    with evaluator("--deadline", "1s", "--workers", "2", "--memory", "512Mi") as (path, _):
        yield path


def run(path: Path, calls: Any) -> Any:
    """The result of calls on a client."""

    async def with_client() -> Any:
        client = EvaluatorClient(path, timeout_s=60)
        try:
            return await calls(client)
        finally:
            await client.close()

    return asyncio.run(with_client())


def replicas(count: int) -> View:
    return View("web", NOON, {"metadata": {"namespace": "n", "name": f"o{count}"}, "replicas": count})


async def loaded(client: EvaluatorClient, tenant: str, order: MappingOrder = GOOD, text: str = ROLLOUT) -> Subject:
    return await client.load(tenant, model_json(text), order)


def test_observations_are_judged(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop")
        assert subject.loaded.judged == ("never_more", "ratio")
        assert [(u.property, u.variables) for u in subject.loaded.unjudged] == [
            ("available_exist", ("available",)),
            ("secret", ("hidden",)),
            ("converges", ()),
        ]
        found = await client.judge(subject, (replicas(3), replicas(4), View("web", NOON, {})))
        assert [judgement.key for judgement in found] == ["n/o3", "n/o4", ""]
        assert [[r.verdict for r in judgement.results] for judgement in found] == [
            ["Holds", "Holds"],
            ["Violated", "Holds"],
            [],
        ]
        assert "there is no 'replicas'" in found[2].rejected

    run(served, calls)


def test_a_wrong_mapping_or_model_is_refused_with_its_message(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        wrong = MappingOrder((SourceOrder("web"),), {"replica": "1"}, "three")
        with pytest.raises(Refused, match="did you mean 'replicas'"):
            await loaded(client, "shop", wrong)
        with pytest.raises(Refused):
            await client.load("shop", b'{"format":1}', GOOD)
        assert await client.judge(await loaded(client, "shop"), (replicas(1),))

    run(served, calls)


def test_an_expression_that_takes_too_long_is_over_budget_and_the_next_request_is_answered(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop", MONSTER)
        with pytest.raises(OverBudget, match="took longer than 1 s"):
            await client.judge(subject, (ITEMS,))
        (judgement,) = await client.judge(subject, (CALM,))
        assert judgement.results[0].verdict == "Holds"

    run(served, calls)


def test_a_property_that_takes_too_long_has_no_result(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        order = MappingOrder((SourceOrder("web"),), {"n": "object.n"}, "only")
        subject = await loaded(client, "shop", order, SLOW)
        try:
            (judgement,) = await client.judge(subject, (View("web", NOON, {"n": 2000}),))
            assert judgement.results[0].verdict == "Error"
        except OverBudget as error:
            assert "took longer than 1 s" in str(error)

    run(served, calls)


def test_an_expression_that_takes_too_much_memory_is_over_budget(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop", GLUTTON)
        with pytest.raises(OverBudget) as caught:
            await client.judge(subject, (View("web", NOON, {"n": 200_000_000}),))
        assert "memory" in str(caught.value) or "took longer" in str(caught.value)
        assert (await client.judge(subject, (View("web", NOON, {"n": 3}),)))[0].results

    run(served, calls)


def test_a_monster_in_one_namespace_delays_nobody_else(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good, monster = await loaded(client, "shop"), await loaded(client, "pit", MONSTER)
        raging = [asyncio.create_task(client.judge(monster, (ITEMS,))) for _ in range(5)]
        await asyncio.sleep(0.1)
        for _ in range(50):
            assert (await client.judge(good, (replicas(1),)))[0].results
        assert not all(task.done() for task in raging)
        assert all(isinstance(r, OverBudget) for r in await asyncio.gather(*raging, return_exceptions=True))

    run(served, calls)


def test_several_monsters_share_what_one_would_have(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good = await loaded(client, "shop")
        monsters = [await loaded(client, f"pit-{n}", MONSTER) for n in range(4)]
        await asyncio.gather(*(client.judge(each, (ITEMS,)) for each in monsters), return_exceptions=True)
        raging = [asyncio.create_task(client.judge(each, (ITEMS,))) for each in monsters]
        await asyncio.sleep(0.2)
        for _ in range(20):
            assert (await client.judge(good, (replicas(1),)))[0].results
        assert not all(task.done() for task in raging)
        await asyncio.gather(*raging, return_exceptions=True)

    run(served, calls)


def test_many_tenants_at_once_get_their_own_answers(served: Path) -> None:
    async def one(client: EvaluatorClient, tenant: int) -> None:
        order = MappingOrder((SourceOrder("web"),), {"replicas": f"object.replicas + {tenant}"}, "nine")
        subject = await loaded(client, f"t{tenant}", order)
        for n in range(10):
            (judgement,) = await client.judge(subject, (replicas(n),))
            assert judgement.values == {"replicas": {"#bigint": str(n + tenant)}}

    async def calls(client: EvaluatorClient) -> None:
        await asyncio.gather(*(one(client, tenant) for tenant in range(8)))

    run(served, calls)


def test_a_tenant_does_not_reach_what_another_loaded(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop")
        stolen = Subject(type(subject.load)("thief", subject.load.handle, b"", GOOD), subject.loaded)
        with pytest.raises(Refused):
            await client.judge(stolen, (replicas(1),))

    run(served, calls)


def test_killed_workers_are_replaced_unnoticed() -> None:
    with evaluator("--workers", "1") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            subject = await loaded(client, "shop")
            for _ in range(3):
                assert (await client.judge(subject, (replicas(1),)))[0].results
                for pid in _children(process.pid):
                    os.kill(pid, signal.SIGKILL)
                    await asyncio.to_thread(_gone, [pid])
            assert (await client.judge(subject, (replicas(1),)))[0].results

        run(path, calls)


@pytest.mark.parametrize("data", [b"rubbish" * 100, HEADER.pack(1 << 30), HEADER.pack(2) + b"{}"])
def test_a_client_that_talks_nonsense_is_refused_and_others_are_served(served: Path, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(served))
        client.sendall(data)
        stream = client.makefile("rb")
        answer = answer_from(stream.read(length_of(stream.read(HEADER.size))))
        assert isinstance(answer, Refusal)
        assert answer.reason == "Refused"
        assert stream.read() == b""
    run(served, lambda client: loaded(client, "shop"))


def test_neither_server_nor_worker_has_a_network(served: Path) -> None:
    with evaluator("--workers", "1") as (path, process):
        run(path, lambda client: loaded(client, "shop"))
        for pid in (process.pid, *_children(process.pid)):
            status = Path(f"/proc/{pid}/status").read_text()
            assert "Seccomp:\t2" in status
            assert "NoNewPrivs:\t1" in status


def test_it_ends_with_its_workers_when_asked() -> None:
    with evaluator("--workers", "2") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            await asyncio.gather(*(loaded(client, f"t{n}") for n in range(4)))

        run(path, calls)
        children = _children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert not path.exists()
        _gone(children)


def test_its_workers_end_with_it_when_it_is_killed() -> None:
    with evaluator("--workers", "1") as (path, process):
        run(path, lambda client: loaded(client, "shop"))
        children = _children(process.pid)
        assert children
        process.kill()
        process.wait(timeout=20)
        _gone(children)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(
        Path(f"/proc/{pid}").exists() and "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text() for pid in pids
    ):
        assert time.monotonic() < deadline, f"still there after 20 s: {pids}"
        time.sleep(0.05)
