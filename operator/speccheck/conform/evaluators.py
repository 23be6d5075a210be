"""The evaluator: a server on a Unix socket that has users' Models and CEL evaluated, in processes that it can kill.

Takes `protocols` requests and gives their answers. It evaluates nothing itself, and reads no more than whose a request
is and how it was answered. Each tenant has a worker of its own. A request that takes more work than it may, or more
memory than a worker has, costs that worker its life, with all it remembered, and is answered OverBudget. Tenants take
turns; of those that went over budget lately only one is at work at a time, so they delay nobody else.
"""

from __future__ import annotations

import asyncio
import signal
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from speccheck import sandbox
from speccheck.conform.processes import Deadline, Nursery, Overrun, Process, frame
from speccheck.conform.protocols import HEADER, Dropped, Heading, Outline, Refusal, framed, heading_of
from speccheck.conform.turns import WAITING_LIMIT, Turns
from speccheck.errors import EngineError, ModelError

ENDS_TOLD = 1024
"""Of how many tenants whose worker ended it is remembered why."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What requests may take: seconds for a judge and for a load, bytes of address space of a worker. How many tenants
    may have a worker, how many bytes those not at work may hold together, and for how many seconds one may do nothing.

    A judge's seconds are for all its items together, and for finding the reachable states, which the first of them may
    ask for (5 s at most): loading does not look for them. They are seconds at work. A request that has its turn may
    take `clock_s` by the clock, or as much as it may work, whichever is longer; `EvaluatorClient` waits for longer.
    """

    judge_s: float = 8.0
    load_s: float = 20.0
    memory_bytes: int = 512 << 20
    tenants: int = 64
    held_bytes: int = 384 << 20
    idle_s: float = 900.0
    clock_s: float = 50.0


class Evaluator:
    """A worker for each tenant that has something loaded, and the order in which requests are carried out.

    What a worker remembers is gone with it: its tenant is told NotLoaded then, with the reason, and has to load again.
    """

    def __init__(self, workers: int, budgets: Budgets) -> None:
        """`workers`: how many may be at work at once; a tenant has one."""
        self._budgets = budgets
        self._turns = Turns(workers, share=1)
        self._nursery = Nursery()
        self._processes: OrderedDict[str, Process] = OrderedDict()
        self._busy: set[str] = set()
        self._ends: OrderedDict[str, str] = OrderedDict()
        self._closing = False

    async def start(self) -> None:
        """Sees that workers can be made. Raises EngineError where one does not become ready."""
        first = await self._nursery.start(self._budgets.memory_bytes)
        await first.end()

    async def answer(self, payload: bytes) -> bytes:
        """The answer to a request, framed, after its turn has come.

        Raises ModelError for what is no request, EngineError where no worker can be had.
        """
        heading = heading_of(payload)
        tenant = heading.tenant
        if self._turns.is_full(tenant):
            return framed(Refusal("OverBudget", f"{WAITING_LIMIT} requests of {tenant} wait already"))
        async with self._turns.turn(tenant):
            self._busy.add(tenant)
            try:
                return await self._answer(heading, payload)
            except BaseException:
                await self._end(tenant, "it was broken off")
                raise
            finally:
                self._busy.discard(tenant)

    async def tend(self) -> None:
        """Ends workers that have been idle for too long, for ever."""
        while True:
            await asyncio.sleep(self._budgets.idle_s / 8)
            since = asyncio.get_running_loop().time() - self._budgets.idle_s
            for tenant in [t for t, p in self._processes.items() if t not in self._busy and p.used_s < since]:
                await self._end(tenant, f"nothing was asked of it for {self._budgets.idle_s:g} s")

    async def close(self) -> None:
        """Ends every worker. What is being asked is not answered any more."""
        self._closing = True
        for tenant in [*self._processes]:
            await self._end(tenant, "the evaluator ends")
        await self._nursery.close()

    async def _answer(self, heading: Heading, payload: bytes) -> bytes:
        process = await self._process(heading)
        if process is None:
            return framed(Dropped() if heading.type == "drop" else self._not_loaded(heading))
        answer = await self._asked(process, heading, payload)
        process.used_s = asyncio.get_running_loop().time()
        await self._make_room()
        return answer

    async def _process(self, heading: Heading) -> Process | None:
        """The tenant's worker; a Load starts one where there is none. None: what it would be asked about is gone."""
        tenant = heading.tenant
        process = self._processes.get(tenant)
        if process is not None and process.is_over():
            await self._end(tenant, "it was killed")
            process = None
        if process is None and heading.type == "load" and not self._closing:
            process = self._processes[tenant] = await self._nursery.start(self._budgets.memory_bytes)
        if process is not None:
            self._processes.move_to_end(tenant)
        return process

    async def _make_room(self) -> None:
        """Ends workers not at work: those used least lately that are too many, the largest where they hold too much."""
        budgets = self._budgets
        while len(self._processes) > budgets.tenants and (idle := self._idle()):
            await self._end(idle[0], f"{budgets.tenants} others were used since")
        while (idle := self._idle()) and sum(self._processes[each].bytes_own for each in idle) > budgets.held_bytes:
            largest = max(idle, key=lambda each: self._processes[each].bytes_own)
            await self._end(largest, f"workers together held more than {budgets.held_bytes >> 20} MiB, and it the most")

    def _idle(self) -> list[str]:
        return [tenant for tenant in self._processes if tenant not in self._busy]

    async def _end(self, tenant: str, why: str) -> None:
        process = self._processes.pop(tenant, None)
        if process is not None:
            self._ends[tenant] = why
            self._ends.move_to_end(tenant)
            while len(self._ends) > ENDS_TOLD:
                self._ends.popitem(last=False)
            await process.end()

    async def _asked(self, process: Process, heading: Heading, payload: bytes) -> bytes:
        seconds = self._budgets.load_s if heading.type == "load" else self._budgets.judge_s
        try:
            outline, answer = await process.ask(payload, Deadline(seconds, max(seconds, self._budgets.clock_s)))
        except Overrun as overrun:
            if self._closing:
                raise EngineError("the evaluator ends") from overrun
            await self._over_budget(heading.tenant, str(overrun))
            return framed(Refusal("OverBudget", str(overrun)))
        if outline.reason == "OverBudget":
            await self._over_budget(heading.tenant, outline.message)
        else:
            await self._count(process, heading, outline)
        return HEADER.pack(len(answer)) + answer

    async def _over_budget(self, tenant: str, why: str) -> None:
        self._turns.suspect(tenant)
        await self._end(tenant, why)

    async def _count(self, process: Process, heading: Heading, outline: Outline) -> None:
        """Keeps what a worker holds; one that holds nothing any more is ended."""
        match heading.type:
            case "load" if outline.type == "loaded":
                process.held.add(heading.handle)
            case "load" | "drop":
                process.held.discard(heading.handle)
                if not process.held:
                    await self._end(heading.tenant, "nothing was loaded any more")
            case "judge":
                return
            case _:
                assert_never(heading.type)

    def _not_loaded(self, heading: Heading) -> Refusal:
        why = self._ends.get(heading.tenant)
        told = f"; its worker was ended: {why}" if why else ""
        return Refusal("NotLoaded", f"nothing is held under the handle {heading.handle}{told}")


async def _converse(evaluator: Evaluator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client: its requests, one at a time, until it closes or says what is no request."""
    try:
        while True:
            try:
                answer = await evaluator.answer(await frame(reader))
            except ModelError as error:
                writer.write(framed(Refusal("Refused", str(error))))
                return
            except EngineError as error:
                answer = framed(Refusal("Failed", str(error)))
            writer.write(answer)
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
    tending = asyncio.create_task(evaluator.tend(), name="the end of idle workers")
    try:
        yield
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
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
