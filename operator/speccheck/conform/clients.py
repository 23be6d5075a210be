"""The operator's side of the evaluator's socket: deadlines, reconnecting, and telling its refusals apart.

Takes `protocols` requests, gives their answers or raises. It evaluates nothing, and needs nothing that does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Drop,
    Item,
    Judge,
    Judged,
    Load,
    Loaded,
    MappingOrder,
    Refusal,
    Request,
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


class Forgotten(EngineError):
    """What was observed before is not known to the evaluator any more; load again, and count a gap."""


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
        """`timeout_s` bounds each call, waiting for its turn and reconnecting included; `connections` bounds how many
        calls of one tenant are under way, so that no tenant keeps another from being asked about."""
        self._path = path
        self._timeout_s = timeout_s
        self._connections = connections
        self._idle: list[_Connection] = []
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def load(self, tenant: str, model: bytes, mapping: MappingOrder, whose: str = "") -> Subject:
        """Has a Model and a mapping held ready for the observations of somebody; nothing was observed yet.

        Raises Refused where they are wrong, OverBudget, or EvaluatorGone.
        """
        load = Load(tenant, handle_of(model, mapping, whose), model, mapping)
        answer = await self._called(load, again=True)
        if not isinstance(answer, Loaded):
            raise _strange(answer)
        return Subject(load, answer)

    async def judge(self, subject: Subject, items: tuple[Item, ...]) -> Judged:
        """What items mean, in order, each once.

        Raises Forgotten where what was observed before is gone, as it is after OverBudget; Refused, OverBudget, or
        EvaluatorGone.
        """
        answer = await self._called(Judge(subject.load.tenant, subject.load.handle, items), again=False)
        if isinstance(answer, Refusal):
            raise Forgotten(f"the evaluator does not know any more what was observed: {answer.message}")
        if not isinstance(answer, Judged) or len(answer.judgements) != len(items):
            raise _strange(answer)
        return answer

    async def drop(self, subject: Subject) -> None:
        """Has what was observed forgotten. Raises EvaluatorGone."""
        await self._called(Drop(subject.load.tenant, subject.load.handle), again=True)

    async def close(self) -> None:
        """Closes the connections that wait for work."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _called(self, request: Request, *, again: bool) -> Answer:
        """The answer; a refusal only where nothing is loaded."""
        slots = self._slots.get(request.tenant) or asyncio.Semaphore(self._connections)
        self._slots[request.tenant] = slots
        try:
            async with asyncio.timeout(self._timeout_s), slots:
                answer = await (self._retried(request) if again else self._once(request))
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
        """Tries again where the evaluator is away: asking this twice is asking once."""
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

    async def _once(self, request: Request) -> Answer:
        """Asks a single time: what was judged must not be judged again, and who is away has forgotten it all."""
        try:
            return await self._tried(request)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Forgotten(f"the evaluator at {self._path} broke off: {error}") from error

    async def _tried(self, request: Request) -> Answer:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_unix_connection(self._path)
        try:
            writer.write(framed(request))
            await writer.drain()
            answer = answer_from(await reader.readexactly(length_of(await reader.readexactly(HEADER.size))))
        except BaseException:
            writer.close()
            raise
        if len(self._idle) < self._connections:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return answer


def _strange(answer: Answer) -> ModelError:
    return ModelError(f"the evaluator answered with something else: {type(answer).__name__}")
