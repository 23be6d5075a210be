"""The evaluator: a server on a Unix socket that has users' Models and CEL evaluated, in processes that it can kill.

Takes `protocols` requests and gives their answers. It evaluates nothing itself. A request that takes longer than its
deadline, or more memory than a worker has, costs that worker its life and is answered OverBudget. Tenants take
turns; one that went over budget lately shares a single worker with others like it, so it delays nobody else.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from speccheck import sandbox
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Judge,
    Load,
    Refusal,
    Request,
    answer_from,
    framed,
    length_of,
    request_from,
)
from speccheck.conform.turns import WAITING_LIMIT, Turns
from speccheck.errors import EngineError, ModelError

START_S = 30.0
"""How long a worker may take to start."""

LOADS_BYTES = 256 << 20
"""How much of what tenants loaded is kept, so that any worker can take it up; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What requests may take: seconds for a judge and for a load, bytes of address space of a worker."""

    judge_s: float = 2.0
    load_s: float = 20.0
    memory_bytes: int = 512 << 20


class _Overrun(Exception):
    """The worker had to be killed, or died; the text says why."""


@dataclass(slots=True)
class _Process:
    """A worker process, its end of the socket, and what it was given to hold."""

    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    held: set[tuple[str, str]] = field(default_factory=set)

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """The worker's answer. Raises _Overrun, the worker being dead then."""
        try:
            async with asyncio.timeout(deadline_s):
                self.writer.write(framed(request))
                await self.writer.drain()
                return answer_from(await _frame(self.reader))
        except TimeoutError:
            await self.end()
            raise _Overrun(f"evaluating took longer than {deadline_s:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError, ModelError):
            await self.end()
            raise _Overrun(f"evaluating ended its worker ({_ending(self.process.returncode)})") from None

    async def end(self) -> None:
        """Kills the worker and waits for its end."""
        self.writer.close()
        self.process.kill()
        await asyncio.to_thread(self.process.wait)


def _ending(status: int | None) -> str:
    if status is None or status >= 0:
        return f"exit status {status}"
    return f"{signal.Signals(-status).name}, most likely for want of memory"


async def _frame(reader: asyncio.StreamReader) -> bytes:
    length = length_of(await reader.readexactly(HEADER.size))
    return await reader.readexactly(length)


async def _started(memory_bytes: int) -> _Process:
    """A worker that is ready. Raises EngineError where it does not become so in time."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "speccheck.conform.workers", str(theirs.fileno()), str(memory_bytes)]
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    started = _Process(process, reader, writer)
    try:
        async with asyncio.timeout(START_S):
            await _frame(reader)
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
        await started.end()
        raise EngineError(f"a worker of the evaluator did not start within {START_S:g} s") from error
    return started


class _Loads:
    """What tenants loaded, as it came, as far as there is room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._loads: OrderedDict[tuple[str, str], Load] = OrderedDict()

    def keep(self, load: Load) -> None:
        self._loads[(load.tenant, load.handle)] = load
        while len(self._loads) > 1 and sum(len(each.model) for each in self._loads.values()) > self._limit:
            self._loads.popitem(last=False)

    def find(self, judge: Judge) -> Load | None:
        at = (judge.tenant, judge.handle)
        if at in self._loads:
            self._loads.move_to_end(at)
        return self._loads.get(at)


class Evaluator:
    """The workers, and the order in which requests get them. There is a ready worker for every turn."""

    def __init__(self, workers: int, budgets: Budgets) -> None:
        self._workers = workers
        self._budgets = budgets
        self._turns = Turns(workers)
        self._idle: list[_Process] = []
        self._loads = _Loads(LOADS_BYTES)

    async def start(self) -> None:
        """Starts the workers. Raises EngineError where they do not become ready."""
        while len(self._idle) < self._workers:
            self._idle.append(await _started(self._budgets.memory_bytes))

    async def answer(self, request: Request) -> Answer:
        """The answer to a request, after its turn has come."""
        if self._turns.is_full(request.tenant):
            return Refusal("OverBudget", f"{WAITING_LIMIT} requests of {request.tenant} wait already")
        async with self._turns.turn(request.tenant):
            process = await self._ready()
            try:
                answer = await self._asked(process, request)
            except _Overrun as overrun:
                answer = Refusal("OverBudget", str(overrun))
            except BaseException:
                await process.end()
                raise
            if _is_over_budget(answer):
                self._turns.suspect(request.tenant)
                await process.end()
                process = await _started(self._budgets.memory_bytes)
            self._idle.append(process)
            return answer

    async def close(self) -> None:
        """Ends every worker that waits for work."""
        while self._idle:
            await self._idle.pop().end()

    async def _ready(self) -> _Process:
        """A worker that waits for work; one that was killed while it waited was nobody's fault, and is replaced."""
        while self._idle:
            process = self._idle.pop()
            if process.process.poll() is None:
                return process
            await process.end()
        return await _started(self._budgets.memory_bytes)

    async def _asked(self, process: _Process, request: Request) -> Answer:
        match request:
            case Load():
                return await self._load(process, request)
            case Judge():
                return await self._judge(process, request)

    async def _load(self, process: _Process, load: Load) -> Answer:
        answer = await process.ask(load, self._budgets.load_s)
        if not isinstance(answer, Refusal):
            process.held.add((load.tenant, load.handle))
            self._loads.keep(load)
        return answer

    async def _judge(self, process: _Process, judge: Judge) -> Answer:
        if (judge.tenant, judge.handle) in process.held:
            answer = await process.ask(judge, self._budgets.judge_s)
            if not _is_not_loaded(answer):
                return answer
        load = self._loads.find(judge)
        if load is None:
            return Refusal("NotLoaded", f"nothing is held under the handle {judge.handle}")
        refused = await self._load(process, load)
        return refused if isinstance(refused, Refusal) else await process.ask(judge, self._budgets.judge_s)


def _is_not_loaded(answer: Answer) -> bool:
    return isinstance(answer, Refusal) and answer.reason == "NotLoaded"


def _is_over_budget(answer: Answer) -> bool:
    return isinstance(answer, Refusal) and answer.reason == "OverBudget"


async def _converse(evaluator: Evaluator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client: its requests, one at a time, until it closes or says what is no request."""
    try:
        while True:
            try:
                request = request_from(await _frame(reader))
            except ModelError as error:
                writer.write(framed(Refusal("Refused", str(error))))
                return
            try:
                answer = await evaluator.answer(request)
            except EngineError as error:
                answer = Refusal("Failed", str(error))
            writer.write(framed(answer))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        return
    finally:
        writer.close()


@asynccontextmanager
async def serving(path: Path, workers: int, budgets: Budgets) -> AsyncIterator[None]:
    """Serves on a socket at a path while the body runs; what lay there before is replaced."""
    evaluator = Evaluator(workers, budgets)
    await evaluator.start()
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(lambda r, w: _converse(evaluator, r, w), path)
    path.chmod(0o660)
    try:
        yield
    finally:
        server.close()
        await evaluator.close()
        path.unlink(missing_ok=True)


async def serve(path: Path, workers: int, budgets: Budgets) -> None:
    """Serves until the process is asked to end. Raises EngineError where it cannot be confined."""
    sandbox.confine(sandbox.Profile.OFFLINE)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(path, workers, budgets):
        await stop.wait()
