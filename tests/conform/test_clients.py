"""The operator's side of the evaluator's socket: found again after a restart, and never waited for without end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conform.serving import evaluator
from tests.conform.specs import ROLLOUT, model_json

from speccheck.conform.clients import EvaluatorClient, EvaluatorGone, Forgotten, OverBudget, Refused, Subject
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Judged,
    Judgement,
    Load,
    Loaded,
    MappingOrder,
    Refusal,
    Request,
    SourceOrder,
    View,
    framed,
    length_of,
    request_from,
)
from speccheck.errors import ModelError

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three", tiers=("State",))
FOUR = View("web", NOON, object={"replicas": 4})


def test_a_restarted_evaluator_is_found_again_and_has_forgotten(tmp_path: Path) -> None:
    link = tmp_path / "evaluator.sock"

    async def calls() -> None:
        client = EvaluatorClient(link, timeout_s=60)
        with evaluator() as (path, process):
            link.symlink_to(path)
            subject = await client.load("shop", model_json(ROLLOUT), GOOD)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            link.unlink()
        with evaluator() as (path, _):
            link.symlink_to(path)
            with pytest.raises(Forgotten):
                await client.judge(subject, (FOUR,))
            again = await client.load("shop", model_json(ROLLOUT), GOOD)
            ((judgement,),) = (await client.judge(again, (FOUR,))).judgements
            assert judgement.results[0].verdict == "Violated"

        await client.close()

    asyncio.run(calls())


def test_an_evaluator_that_is_not_there_is_told_in_time(tmp_path: Path) -> None:
    async def call() -> None:
        client = EvaluatorClient(tmp_path / "nothing.sock", timeout_s=0.5)
        with pytest.raises(EvaluatorGone, match=r"nothing\.sock|did not answer"):
            await client.load("shop", b"", GOOD)

    asyncio.run(asyncio.wait_for(call(), 60))


def test_an_evaluator_that_says_nothing_is_told_in_time(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        async def call() -> None:
            client = EvaluatorClient(path, timeout_s=0.5)
            with pytest.raises(EvaluatorGone, match=r"did not answer within 0\.5 s"):
                await client.load("shop", b"", GOOD)

        asyncio.run(asyncio.wait_for(call(), 60))


Script = list[Callable[[Request], Answer | None]]


async def scripted(path: Path, script: Script, calls: Callable[[EvaluatorClient], Awaitable[None]]) -> None:
    """Runs calls against a server that answers as scripted; None hangs up instead."""

    conversations: list[asyncio.Task[None]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            while header := await reader.read(HEADER.size):
                request = request_from(await reader.readexactly(length_of(header)))
                answer = script.pop(0)(request)
                if answer is None:
                    return
                writer.write(framed(answer))
        finally:
            writer.close()

    server = await asyncio.start_unix_server(converse, path)
    client = EvaluatorClient(path, timeout_s=20)
    async with server:
        await calls(client)
        await client.close()
        await asyncio.wait_for(asyncio.gather(*conversations), 60)
    assert script == []


SUBJECT = Subject(Load("shop", "h", b"m", GOOD), Loaded(("p",), ()))
ONE = Judged(((Judgement("k"),),))


def test_a_connection_that_breaks_is_made_again_to_load(tmp_path: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        assert (await client.load("shop", b"m", GOOD)).loaded == SUBJECT.loaded

    asyncio.run(scripted(tmp_path / "s", [lambda _: None, lambda _: None, lambda _: SUBJECT.loaded], calls))


def test_nothing_is_judged_twice_where_a_connection_breaks(tmp_path: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        with pytest.raises(Forgotten, match="broke off"):
            await client.judge(SUBJECT, (FOUR,))

    asyncio.run(scripted(tmp_path / "s", [lambda _: None], calls))


def test_what_was_forgotten_is_told(tmp_path: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        with pytest.raises(Forgotten, match="what"):
            await client.judge(SUBJECT, (FOUR,))

    asyncio.run(scripted(tmp_path / "s", [lambda _: Refusal("NotLoaded", "what?")], calls))


@pytest.mark.parametrize(
    ("reason", "error"), [("Refused", Refused), ("OverBudget", OverBudget), ("Failed", EvaluatorGone)]
)
def test_refusals_are_told_apart(tmp_path: Path, reason: str, error: type[Exception]) -> None:
    async def calls(client: EvaluatorClient) -> None:
        with pytest.raises(error, match="because"):
            await client.judge(SUBJECT, (FOUR,))

    asyncio.run(scripted(tmp_path / "s", [lambda _: Refusal(reason, "because")], calls))  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [Judged(()), Judged(ONE.judgements * 2), SUBJECT.loaded])
def test_an_answer_to_something_else_is_not_taken(tmp_path: Path, answer: Answer) -> None:
    async def calls(client: EvaluatorClient) -> None:
        with pytest.raises(ModelError, match="something else"):
            await client.judge(SUBJECT, (FOUR,))

    asyncio.run(scripted(tmp_path / "s", [lambda _: answer], calls))


def test_a_tenant_whose_calls_wait_keeps_no_other_from_being_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "s"
    waiting = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = request_from(await reader.readexactly(length_of(await reader.readexactly(HEADER.size))))
        if request.tenant == "pit":
            await waiting.wait()
        writer.write(framed(ONE))
        writer.close()

    async def calls() -> None:
        client = EvaluatorClient(path, timeout_s=20, connections=1)
        pit = Subject(Load("pit", "h", b"m", GOOD), Loaded(("p",), ()))
        async with await asyncio.start_unix_server(converse, path):
            raging = [asyncio.create_task(client.judge(pit, (FOUR,))) for _ in range(3)]
            await asyncio.sleep(0.05)
            assert await client.judge(SUBJECT, (FOUR,)) == ONE
            assert not any(task.done() for task in raging)
            waiting.set()
            await asyncio.gather(*raging, return_exceptions=True)
            await client.close()

    asyncio.run(asyncio.wait_for(calls(), 60))
