"""The operator's side of the evaluator's socket: deadlines, reconnecting, and telling its refusals apart.

Takes `protocols` requests, gives their answers or raises. It evaluates nothing, and needs nothing that does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

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
    Request,
    View,
    answer_from,
    framed,
    handle_of,
    length_of,
)
from speccheck.errors import EngineError, ModelError, UsageError

RECONNECT_S = 10.0
"""How long an evaluator may be out of reach, as one that is started again is, before it counts as gone."""


class Refused(UsageError):
    """The mapping or the Model is wrong; its author can put it right."""


class OverBudget(EngineError):
    """Evaluating took more time or memory than there is for it; the text names the budget."""


class EvaluatorGone(EngineError):
    """The evaluator does not answer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a tenant had loaded: what to judge under, and what can be judged."""

    load: Load
    loaded: Loaded


_Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EvaluatorClient:
    """Calls the evaluator at a socket. One may be shared; calls run side by side, each on a connection of its own."""

    def __init__(self, path: Path, timeout_s: float = 60.0, connections: int = 8) -> None:
        """`timeout_s` bounds each call, waiting for its turn and reconnecting included."""
        self._path = path
        self._timeout_s = timeout_s
        self._idle: list[_Connection] = []
        self._slots = asyncio.Semaphore(connections)

    async def load(self, tenant: str, model: bytes, mapping: MappingOrder) -> Subject:
        """Has a Model and a mapping held ready.

        Raises Refused where they are wrong, OverBudget, or EvaluatorGone.
        """
        load = Load(tenant, handle_of(model, mapping), model, mapping)
        answer = await self._called(load)
        if not isinstance(answer, Loaded):
            raise _strange(answer)
        return Subject(load, answer)

    async def judge(self, subject: Subject, views: tuple[View, ...]) -> tuple[Judgement, ...]:
        """What observations mean, one judgement each; loads again where the evaluator has forgotten.

        Raises Refused, OverBudget, or EvaluatorGone.
        """
        judge = Judge(subject.load.tenant, subject.load.handle, views)
        answer = await self._called(judge)
        if isinstance(answer, Refusal):
            await self._called(subject.load)
            answer = await self._called(judge)
        if not isinstance(answer, Judged) or len(answer.judgements) != len(views):
            raise _strange(answer)
        return answer.judgements

    async def close(self) -> None:
        """Closes the connections that wait for work."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _called(self, request: Request) -> Answer:
        """The answer; a refusal only where nothing is loaded."""
        try:
            async with asyncio.timeout(self._timeout_s), self._slots:
                answer = await self._retried(request)
        except TimeoutError:
            raise EvaluatorGone(f"the evaluator did not answer within {self._timeout_s:g} s") from None
        match answer:
            case Refusal("Refused", message):
                raise Refused(message)
            case Refusal("OverBudget", message):
                raise OverBudget(message)
            case Refusal("Failed", message):
                raise EvaluatorGone(message)
            case _:
                return answer

    async def _retried(self, request: Request) -> Answer:
        """Tries again where the evaluator is away: requests change nothing, so asking twice is asking once."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((OSError, asyncio.IncompleteReadError)),
            wait=wait_exponential(multiplier=0.05, max=2),
            stop=stop_after_delay(min(self._timeout_s, RECONNECT_S)),
            reraise=True,
        )
        try:
            return await retrying(self._tried, request)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise EvaluatorGone(f"the evaluator at {self._path} cannot be reached: {error}") from error

    async def _tried(self, request: Request) -> Answer:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_unix_connection(self._path)
        try:
            writer.write(framed(request))
            await writer.drain()
            answer = answer_from(await reader.readexactly(length_of(await reader.readexactly(HEADER.size))))
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return answer


def _strange(answer: Answer) -> ModelError:
    return ModelError(f"the evaluator answered with something else: {type(answer).__name__}")
