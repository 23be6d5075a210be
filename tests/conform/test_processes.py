"""Worker processes from the evaluator's side, with a real nursery."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.conform.specs import ROLLOUT, model_json

from speccheck.conform.processes import Deadline, Nursery, Overrun, Process
from speccheck.conform.protocols import (
    Answer,
    Judge,
    Judged,
    Load,
    Loaded,
    MappingOrder,
    Request,
    SourceOrder,
    View,
    answer_from,
)
from speccheck.errors import EngineError

GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three", tiers=("State",))
LOAD = Load("shop", "h", model_json(ROLLOUT), GOOD)
SLOW_CEL = "object.items.map(a, object.items.map(b, object.items.map(c, a + b + c))).size()"
SLOW = Load("shop", "slow", model_json(ROLLOUT), msgspec.structs.replace(GOOD, variables={"replicas": SLOW_CEL}))
MEMORY_BYTES = 512 << 20


def run(script: Callable[[Nursery], Awaitable[None]]) -> None:
    async def main() -> None:
        nursery = Nursery()
        try:
            await script(nursery)
        finally:
            await nursery.close()

    asyncio.run(asyncio.wait_for(main(), 60))


async def asked(process: Process, request: Request, deadline_s: float = 20) -> Answer:
    outline, payload = await process.ask(msgspec.json.encode(request), Deadline(deadline_s, 50))
    answer = answer_from(payload)
    assert type(answer).__name__.lower() == outline.type
    return answer


def judge(handle: str, **body: object) -> Judge:
    return Judge("shop", handle, (View("web", datetime(2026, 11, 3, tzinfo=UTC), object=dict(body)),))


def test_workers_of_one_nursery_answer_side_by_side() -> None:
    async def script(nursery: Nursery) -> None:
        several = await asyncio.gather(*(nursery.start(MEMORY_BYTES) for _ in range(5)))
        assert len({each.pid for each in several}) == 5
        assert len({each.parent for each in several}) == 1
        for each in several:
            assert isinstance(await asked(each, LOAD), Loaded)
            assert isinstance(await asked(each, judge("h", replicas=1)), Judged)
            assert each.bytes_own < MEMORY_BYTES
            await each.end()

    run(script)


def test_one_that_takes_too_long_is_killed_and_gone() -> None:
    async def script(nursery: Nursery) -> None:
        one, other = await nursery.start(MEMORY_BYTES), await nursery.start(MEMORY_BYTES)
        assert isinstance(await asked(one, SLOW), Loaded)
        with pytest.raises(Overrun, match=r"took longer than 0\.2 s"):
            await asked(one, judge("slow", items=list(range(500))), 0.2)
        assert one.is_over()
        assert not Path(f"/proc/{one.pid}").exists(), "it was waited for"
        assert not other.is_over()
        assert isinstance(await asked(other, LOAD), Loaded)
        await other.end()

    run(script)


def test_one_that_only_waits_for_its_turn_is_let_wait() -> None:
    async def script(nursery: Nursery) -> None:
        process = await nursery.start(MEMORY_BYTES)
        assert isinstance(await asked(process, LOAD), Loaded)
        os.kill(process.pid, signal.SIGSTOP)
        asking = asyncio.create_task(asked(process, judge("h", replicas=1), 0.2))
        await asyncio.sleep(1)
        assert not asking.done()
        os.kill(process.pid, signal.SIGCONT)
        assert isinstance(await asking, Judged)
        await process.end()

    run(script)


def test_but_not_for_ever() -> None:
    async def script(nursery: Nursery) -> None:
        process = await nursery.start(MEMORY_BYTES)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(Overrun, match=r"took longer than 0\.5 s by the clock"):
            await process.ask(msgspec.json.encode(LOAD), Deadline(0.2, 0.5))
        assert process.is_over()

    run(script)


def test_what_it_worked_before_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(nursery: Nursery) -> None:
        process = await nursery.start(MEMORY_BYTES)
        assert isinstance(await asked(process, LOAD), Loaded)
        os.kill(process.pid, signal.SIGSTOP)
        told = iter([100.0, 100.1, 100.19, 100.2])
        monkeypatch.setattr(Process, "worked_s", lambda _: next(told))
        with pytest.raises(Overrun, match=r"took longer than 0\.2 s of work"):
            await process.ask(msgspec.json.encode(LOAD), Deadline(0.2, 50))
        assert next(told, None) is None

    run(script)


def test_one_that_dies_while_it_is_asked_is_told_with_its_signal() -> None:
    async def script(nursery: Nursery) -> None:
        process = await nursery.start(MEMORY_BYTES)
        await asked(process, SLOW)
        asking = asyncio.create_task(asked(process, judge("slow", items=list(range(2000)))))
        await asyncio.sleep(0.1)
        os.kill(process.pid, signal.SIGSEGV)
        with pytest.raises(Overrun, match="SIGSEGV"):
            await asking

    run(script)


def test_one_that_ended_by_itself_is_seen_to_be_over_and_ending_it_twice_is_as_once() -> None:
    async def script(nursery: Nursery) -> None:
        process = await nursery.start(MEMORY_BYTES)
        os.kill(process.pid, signal.SIGTERM)
        while not process.is_over():
            await asyncio.sleep(0.01)
        assert [*await asyncio.gather(process.end(), process.end())] == [-signal.SIGTERM] * 2
        assert await process.end() == -signal.SIGTERM

    run(script)


def test_a_nursery_that_died_is_made_again_and_no_other_process_is_killed_for_its_workers() -> None:
    async def script(nursery: Nursery) -> None:
        before = await nursery.start(MEMORY_BYTES)
        os.kill(before.parent, signal.SIGKILL)
        after = await nursery.start(MEMORY_BYTES)
        assert after.parent != before.parent
        assert await before.end() is None
        assert isinstance(await asked(after, LOAD), Loaded)
        await after.end()

    run(script)


def test_a_nursery_that_cannot_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    async def script(nursery: Nursery) -> None:
        for _ in range(2):
            with pytest.raises(EngineError, match="no worker of the evaluator could be made"):
                await nursery.start(MEMORY_BYTES)

    run(script)
