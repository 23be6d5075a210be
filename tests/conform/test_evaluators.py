"""The evaluator as a process, with real sockets, workers, CEL and Models: answers, budgets, turns, recovery."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conform.serving import evaluator
from tests.conform.specs import ROLLOUT, SLOW, model_json

from speccheck.conform.clients import EvaluatorClient, Forgotten, OverBudget, Refused, Subject
from speccheck.conform.protocols import (
    HEADER,
    Judgement,
    MappingOrder,
    Refusal,
    SourceOrder,
    View,
    answer_from,
    length_of,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three", tiers=("State",))
STEPS = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "nine", tiers=("Step",))
SLOW_CEL = "range.map(a, range.map(b, range.map(c, a + b + c))).size()".replace("range", "object.items")
MONSTER = MappingOrder(
    (SourceOrder("web"),), {"replicas": f"size(object.items) > 0 ? {SLOW_CEL} : 0"}, "three", tiers=("State",)
)
GLUTTON = MappingOrder((SourceOrder("web"),), {"replicas": "lists.range(object.n).size()"}, "three", tiers=("State",))
ITEMS = View("web", NOON, object={"items": list(range(400))})
CALM = View("web", NOON, object={"items": []})


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
    return View("web", NOON, object={"metadata": {"namespace": "n", "name": f"o{count}"}, "replicas": count})


async def judged(client: EvaluatorClient, subject: Subject, *views: View) -> list[Judgement]:
    """One judgement for each view."""
    return [judgement for (judgement,) in (await client.judge(subject, views)).judgements]


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
        found = await judged(client, subject, replicas(3), replicas(4), View("web", NOON, object={}))
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
        assert await judged(client, await loaded(client, "shop"), replicas(1))

    run(served, calls)


def test_an_expression_that_takes_too_long_is_over_budget_and_the_next_request_is_answered(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop", MONSTER)
        with pytest.raises(OverBudget, match="took longer than 1 s"):
            await client.judge(subject, (ITEMS,))
        with pytest.raises(Forgotten):
            await client.judge(subject, (CALM,))
        (judgement,) = await judged(client, await loaded(client, "shop", MONSTER), CALM)
        assert judgement.results[0].verdict == "Holds"

    run(served, calls)


def test_a_property_that_takes_too_long_has_no_result(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        order = MappingOrder((SourceOrder("web"),), {"n": "object.n"}, "only", tiers=("State",))
        subject = await loaded(client, "shop", order, SLOW)
        try:
            (judgement,) = await judged(client, subject, View("web", NOON, object={"n": 2000}))
            assert judgement.results[0].verdict == "Error"
        except OverBudget as error:
            assert "took longer than 1 s" in str(error)

    run(served, calls)


def test_an_expression_that_takes_too_much_memory_is_over_budget(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop", GLUTTON)
        with pytest.raises(OverBudget) as caught:
            await client.judge(subject, (View("web", NOON, object={"n": 200_000_000}),))
        assert "memory" in str(caught.value) or "took longer" in str(caught.value)
        again = await loaded(client, "shop", GLUTTON)
        assert (await judged(client, again, View("web", NOON, object={"n": 3})))[0].results

    run(served, calls)


def test_a_monster_in_one_namespace_delays_nobody_else(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good, monster = await loaded(client, "shop"), await loaded(client, "pit", MONSTER)
        raging = [asyncio.create_task(client.judge(monster, (ITEMS,))) for _ in range(5)]
        assert await _answered_during(client, good, raging) >= 5, "answers, while the monster rages"
        ends = await asyncio.gather(*raging, return_exceptions=True)
        assert [type(each) for each in ends] == [OverBudget, *[Forgotten] * 4], "its worker is gone with the first"

    run(served, calls)


def test_several_monsters_share_what_one_would_have(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good = await loaded(client, "shop")
        monsters = [await loaded(client, f"pit-{n}", MONSTER) for n in range(4)]
        await asyncio.gather(*(client.judge(each, (ITEMS,)) for each in monsters), return_exceptions=True)
        monsters = [await loaded(client, f"pit-{n}", MONSTER) for n in range(4)]
        raging = [asyncio.create_task(client.judge(each, (ITEMS,))) for each in monsters]
        assert await _answered_during(client, good, raging) >= 5, "answers, while the monsters rage"
        await asyncio.gather(*raging, return_exceptions=True)

    run(served, calls)


def test_many_tenants_at_once_get_their_own_answers(served: Path) -> None:
    async def one(client: EvaluatorClient, tenant: int) -> None:
        order = MappingOrder(
            (SourceOrder("web"),), {"replicas": f"object.replicas + {tenant}"}, "nine", tiers=("State",)
        )
        subject = await loaded(client, f"t{tenant}", order)
        for n in range(10):
            (judgement,) = await judged(client, subject, replicas(n))
            assert judgement.values == {"replicas": {"#bigint": str(n + tenant)}}

    async def calls(client: EvaluatorClient) -> None:
        await asyncio.gather(*(one(client, tenant) for tenant in range(8)))

    run(served, calls)


def test_a_tenant_does_not_reach_what_another_loaded(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop")
        stolen = Subject(type(subject.load)("thief", subject.load.handle, b"", GOOD), subject.loaded)
        with pytest.raises(Forgotten):
            await client.judge(stolen, (replicas(1),))

    run(served, calls)


def test_what_was_observed_is_remembered_from_one_request_to_the_next(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        subject = await loaded(client, "shop", STEPS)
        verdicts = []
        for count in (0, 1, 3):
            view = View("web", NOON, object={"metadata": {"name": "web"}, "replicas": count})
            verdicts += [r.verdict for j in await judged(client, subject, view) for r in j.results]
        assert verdicts == ["Holds", "Holds", "Violated"]

    run(served, calls)


def test_of_a_killed_worker_everything_is_forgotten_and_that_is_told() -> None:
    with evaluator("--workers", "1") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            for _ in range(3):
                subject = await loaded(client, "shop")
                assert (await judged(client, subject, replicas(1)))[0].results
                for pid in _workers(process):
                    os.kill(pid, signal.SIGKILL)
                    await asyncio.to_thread(_gone, [pid])
                with pytest.raises(Forgotten, match="its worker was ended: it was killed"):
                    await client.judge(subject, (replicas(1),))

        run(path, calls)


def test_of_a_killed_nursery_too() -> None:
    with evaluator("--workers", "2") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            for _ in range(2):
                subject = await loaded(client, "shop")
                assert (await judged(client, subject, replicas(1)))[0].results
                nursery, workers = _nursery(process), _workers(process)
                os.kill(nursery, signal.SIGKILL)
                await asyncio.to_thread(_gone, [nursery, *workers])
                with pytest.raises(Forgotten, match="it was killed"):
                    await client.judge(subject, (replicas(1),))

        run(path, calls)


def test_what_one_tenant_costs_no_other_pays_with_what_it_remembers(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good, monster = await loaded(client, "shop", STEPS), await loaded(client, "pit", MONSTER)
        verdicts = []
        for count in (0, 1, 3):
            view = View("web", NOON, object={"metadata": {"name": "web"}, "replicas": count})
            verdicts += [r.verdict for j in await judged(client, good, view) for r in j.results]
            with pytest.raises(OverBudget):
                await client.judge(monster, (ITEMS,))
            with pytest.raises(Forgotten, match="its worker was ended: evaluating took longer than 1 s"):
                await client.judge(monster, (ITEMS,))
            monster = await loaded(client, "pit", MONSTER)
        assert verdicts == ["Holds", "Holds", "Violated"]

    run(served, calls)


def test_another_handle_of_a_tenant_is_told_that_its_worker_is_gone(served: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        good, monster = await loaded(client, "pit", STEPS), await loaded(client, "pit", MONSTER)
        with pytest.raises(OverBudget):
            await client.judge(monster, (ITEMS,))
        monster = await loaded(client, "pit", MONSTER)
        with pytest.raises(Forgotten):
            await client.judge(good, (replicas(0),))

    run(served, calls)


def test_a_worker_that_is_idle_for_long_is_ended_and_that_is_told() -> None:
    with evaluator("--idle", "1s") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            subject = await loaded(client, "shop")
            await asyncio.to_thread(_gone, _workers(process))
            with pytest.raises(Forgotten, match="nothing was asked of it for 1 s"):
                await client.judge(subject, (replicas(1),))

        run(path, calls)


def test_tenants_beyond_those_that_may_have_a_worker_cost_the_one_used_least_lately_its_own() -> None:
    with evaluator("--tenants", "2") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            a, b = await loaded(client, "a"), await loaded(client, "b")
            assert await judged(client, a, replicas(1))
            c = await loaded(client, "c")
            with pytest.raises(Forgotten, match="2 others were used since"):
                await client.judge(b, (replicas(1),))
            assert await judged(client, a, replicas(1))
            assert await judged(client, c, replicas(1))
            assert len(_workers(process)) == 2

        run(path, calls)


def test_a_worker_that_holds_too_much_is_ended_when_others_are_served() -> None:
    with evaluator("--held", "1Mi") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            large, small = await loaded(client, "large", STEPS), await loaded(client, "small", STEPS)
            views = [replicas(count) for count in range(2048)]
            for first in range(0, len(views), 256):
                assert await judged(client, large, *views[first : first + 256])
            assert await judged(client, small, replicas(0))
            with pytest.raises(Forgotten, match="together held more than 1 MiB"):
                await client.judge(large, (replicas(0),))
            assert await judged(client, small, replicas(0))
            assert len(_workers(process)) == 1

        run(path, calls)


def test_a_load_that_is_refused_leaves_no_worker_behind() -> None:
    with evaluator() as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            for tenant in ("a", "b"):
                with pytest.raises(Refused):
                    await client.load(tenant, b'{"format":1}', GOOD)
            assert _workers(process) == []

        run(path, calls)


def test_a_worker_ends_with_the_last_that_it_holds() -> None:
    with evaluator("--workers", "1") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            first, second = await loaded(client, "shop"), await loaded(client, "shop", STEPS)
            await client.drop(first)
            assert await judged(client, second, replicas(0))
            assert len(_workers(process)) == 1
            await client.drop(second)
            await client.drop(second)
            assert _workers(process) == []
            with pytest.raises(Forgotten):
                await client.judge(second, (replicas(1),))

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


def test_neither_server_nor_nursery_nor_worker_has_a_network() -> None:
    with evaluator("--workers", "1") as (path, process):
        run(path, lambda client: loaded(client, "shop"))
        (worker,) = _workers(process)
        for pid, filters in ((process.pid, 1), (_nursery(process), 1), (worker, 2)):
            status = Path(f"/proc/{pid}/status").read_text()
            assert "Seccomp:\t2" in status
            assert f"Seccomp_filters:\t{filters}" in status
            assert "NoNewPrivs:\t1" in status
        assert len([*Path(f"/proc/{worker}/task").iterdir()]) == 1


def test_it_ends_with_its_workers_when_asked() -> None:
    with evaluator("--workers", "2") as (path, process):

        async def calls(client: EvaluatorClient) -> None:
            await asyncio.gather(*(loaded(client, f"t{n}") for n in range(4)))

        run(path, calls)
        children = [_nursery(process), *_workers(process)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert not path.exists()
        _gone(children)


def test_its_workers_end_with_it_when_it_is_killed() -> None:
    with evaluator("--workers", "1") as (path, process):
        run(path, lambda client: loaded(client, "shop"))
        children = [_nursery(process), *_workers(process)]
        assert children
        process.kill()
        process.wait(timeout=60)
        _gone(children)


def _made(pid: int) -> list[int]:
    """The processes that one made."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


async def _answered_during(client: EvaluatorClient, subject: Subject, raging: list[asyncio.Task[Any]]) -> int:
    """How many questions are answered, one after the other, before all of those tasks are over."""
    answered = 0
    while not all(task.done() for task in raging):
        assert (await judged(client, subject, replicas(1)))[0].results
        answered += 1
    return answered


def _nursery(process: subprocess.Popen[bytes]) -> int:
    (nursery,) = _made(process.pid)
    return nursery


def _workers(process: subprocess.Popen[bytes]) -> list[int]:
    return _made(_nursery(process))


def _gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(
        Path(f"/proc/{pid}").exists() and "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text() for pid in pids
    ):
        assert time.monotonic() < deadline, f"still there after 20 s: {pids}"
        time.sleep(0.05)
