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

from speccheck.conform.clients import EvaluatorClient, EvaluatorGone, OverBudget, Refused, Subject
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Judge,
    Judged,
    Judgement,
    Load,
    Loaded,
    MappingOrder,
    Refusal,
    SourceOrder,
    View,
    framed,
    length_of,
    request_from,
)
from speccheck.errors import ModelError

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three")
FOUR = View("web", NOON, {"replicas": 4})


def test_a_restarted_evaluator_is_found_again_and_loaded_again(tmp_path: Path) -> None:
    link = tmp_path / "evaluator.sock"

    async def calls() -> None:
        client = EvaluatorClient(link, timeout_s=60)
        with evaluator() as (path, process):
            link.symlink_to(path)
            subject = await client.load("shop", model_json(ROLLOUT), GOOD)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
            link.unlink()
        with evaluator() as (path, _):
            link.symlink_to(path)
            assert (await client.judge(subject, (FOUR,)))[0].results[0].verdict == "Violated"

        await client.close()

    asyncio.run(calls())


def test_an_evaluator_that_is_not_there_is_told_in_time(tmp_path: Path) -> None:
    async def call() -> None:
        client = EvaluatorClient(tmp_path / "nothing.sock", timeout_s=0.5)
        with pytest.raises(EvaluatorGone, match=r"nothing\.sock|did not answer"):
            await client.load("shop", b"", GOOD)

    asyncio.run(asyncio.wait_for(call(), 20))


def test_an_evaluator_that_says_nothing_is_told_in_time(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        async def call() -> None:
            client = EvaluatorClient(path, timeout_s=0.5)
            with pytest.raises(EvaluatorGone, match=r"did not answer within 0\.5 s"):
                await client.load("shop", b"", GOOD)

        asyncio.run(asyncio.wait_for(call(), 20))


Script = list[Callable[[Load | Judge], Answer | None]]


async def scripted(path: Path, script: Script, calls: Callable[[EvaluatorClient], Awaitable[None]]) -> None:
    """Runs calls against a server that answers as scripted; None hangs up instead."""

    conversations: list[asyncio.Task[None]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            while header := await reader.read(HEADER.size):
                request = request_from(await reader.readexactly(length_of(header)))
                assert isinstance(request, Load | Judge)
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
        await asyncio.wait_for(asyncio.gather(*conversations), 20)
    assert script == []


SUBJECT = Subject(Load("shop", "h", b"m", GOOD), Loaded(("p",), ()))
ONE = Judged((Judgement("k"),))


def test_a_connection_that_breaks_is_made_again(tmp_path: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        assert await client.judge(SUBJECT, (FOUR,)) == ONE.judgements

    asyncio.run(scripted(tmp_path / "s", [lambda _: None, lambda _: None, lambda _: ONE], calls))


def test_what_was_forgotten_is_loaded_once_more(tmp_path: Path) -> None:
    async def calls(client: EvaluatorClient) -> None:
        assert await client.judge(SUBJECT, (FOUR,)) == ONE.judgements

    script: Script = [
        lambda _: Refusal("NotLoaded", "what?"),
        lambda request: SUBJECT.loaded if request == SUBJECT.load else None,
        lambda _: ONE,
    ]
    asyncio.run(scripted(tmp_path / "s", script, calls))


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
