"""Worker processes as the evaluator has them: started in a moment, asked under a deadline, killed, and their end told.

A `Nursery` is a process that has loaded what evaluating takes and forks itself for each worker (`workers` is what runs
there). It evaluates nothing here. The numbers of workers that ended are not given to other processes before they
are asked after, so that none but a worker is ever killed.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from resource import getpagesize

from speccheck.conform.nurseries import FORK, ORDER, REAP, REPLY
from speccheck.conform.protocols import HEADER, Outline, length_of, outline_of
from speccheck.errors import EngineError, ModelError

START_S = 30.0
"""How long a worker, or the nursery, may take to start or to be gone."""

_LOOK_S = 0.05
"""How often at most it is looked at how long a worker was at work, which the system tells in hundredths of a second."""


class Overrun(Exception):
    """The worker had to be killed, or died; the text says why."""


class Nursery:
    """The process that workers are forked from; started when it is needed, and again where it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = asyncio.Lock()

    async def start(self, memory_bytes: int) -> Process:
        """A worker that is ready and has served nobody. Raises EngineError where it does not become so in time."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                parent, pid = await self._forked(memory_bytes, theirs)
        except BaseException:
            ours.close()
            raise
        reader, writer = await asyncio.open_connection(sock=ours)
        process = Process(self, parent, pid, reader, writer)
        try:
            async with asyncio.timeout(START_S):
                await frame(reader)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            await process.end()
            raise EngineError(f"a worker of the evaluator did not start within {START_S:g} s") from error
        process.bytes_at_start = process.resident()
        return process

    async def _forked(self, memory_bytes: int, channel: socket.socket) -> tuple[int, int]:
        """The numbers of the nursery and of the worker that it made. One that died meanwhile is made again."""
        async with self._lock:
            if self._control is not None:
                with suppress(EngineError):
                    return await self._made(memory_bytes, channel)
            self._begin()
            return await self._made(memory_bytes, channel)

    async def _made(self, memory_bytes: int, channel: socket.socket) -> tuple[int, int]:
        assert self._process is not None, "it has begun"
        return self._process.pid, await self._asked(FORK, memory_bytes, [channel.fileno()])

    async def reap(self, parent: int, pid: int) -> int | None:
        """Kills a worker and waits for its end: how it ended; None where its nursery ended, and so the worker."""
        async with self._lock:
            if self._process is None or self._process.pid != parent or self._process.poll() is not None:
                return None
            os.kill(pid, signal.SIGKILL)  # it has its number until the nursery has been asked
            with suppress(EngineError):
                return await self._asked(REAP, pid)
            return None

    async def close(self) -> None:
        """Ends the nursery, and whatever is left of its workers."""
        async with self._lock:
            await self._end()

    async def _asked(self, kind: bytes, number: int, descriptors: list[int] | None = None) -> int:
        assert self._control is not None, "the nursery is there"
        try:
            async with asyncio.timeout(START_S):
                socket.send_fds(self._control, [ORDER.pack(kind, number)], descriptors or [])
                reply = await asyncio.get_running_loop().sock_recv(self._control, REPLY.size)
            if not reply:
                raise ConnectionError("their nursery ended")
        except OSError as error:  # a deadline that passed is one, too
            await self._end()
            raise EngineError(f"no worker of the evaluator could be made: {error or 'it takes too long'}") from error
        except asyncio.CancelledError:  # its answer would be taken for that to the next question
            await self._end()
            raise
        return int(REPLY.unpack(reply)[0])

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "speccheck.conform.workers", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )
        ours.setblocking(False)
        self._control = ours

    async def _end(self) -> None:
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.wait)


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long an answer may take: seconds that the worker is at work, and, lest it hangs, seconds by the clock.

    On a busy machine a worker waits for its turn, of which what it is asked is not to blame.
    """

    work_s: float
    clock_s: float


@dataclass(slots=True)
class Process:
    """A worker process, its end of the socket, and the handles it was given to hold."""

    nursery: Nursery
    parent: int
    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    held: set[str] = field(default_factory=set)
    bytes_at_start: int = 0
    bytes_own: int = 0
    """About how much memory it has of its own, after the last answer."""
    used_s: float = 0.0
    """When it was last asked, by the event loop's clock."""
    _over: asyncio.Task[int | None] | None = None

    async def ask(self, request: bytes, deadline: Deadline) -> tuple[Outline, bytes]:
        """The worker's answer to a request, both as payloads. Raises Overrun, the worker being dead then."""
        answering = asyncio.create_task(self._answered(request), name=f"the answer of worker {self.pid}")
        try:
            await self._watch(answering, deadline)
            answer = await answering
            outline = outline_of(answer)
        except (asyncio.IncompleteReadError, ConnectionError, ModelError):
            raise Overrun(f"evaluating ended its worker ({_ending(await self.end())})") from None
        finally:
            answering.cancel()
        self.bytes_own = max(self.resident() - self.bytes_at_start, 0)
        return outline, answer

    async def _answered(self, request: bytes) -> bytes:
        self.writer.write(HEADER.pack(len(request)))
        self.writer.write(request)
        await self.writer.drain()
        return await frame(self.reader)

    async def _watch(self, answering: asyncio.Task[bytes], deadline: Deadline) -> None:
        """Until it is answered. It is never longer at work than the clock runs, so the clock says when to look.

        Raises Overrun.
        """
        clock = asyncio.get_running_loop().time
        ends, worked_s = clock() + deadline.clock_s, self.worked_s()
        left_s = deadline.work_s
        while not (await asyncio.wait({answering}, timeout=min(left_s, ends - clock())))[0]:
            left_s = deadline.work_s - (self.worked_s() - worked_s)
            if left_s <= 0:
                await self.end()
                raise Overrun(f"evaluating took longer than {deadline.work_s:g} s of work")
            if clock() >= ends:
                await self.end()
                raise Overrun(f"evaluating took longer than {deadline.clock_s:g} s by the clock")
            left_s = max(left_s, _LOOK_S)

    def is_over(self) -> bool:
        """Whether the process has ended by itself, or was ended."""
        if self._over is not None:
            return True
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return True

    def worked_s(self) -> float:
        """For how long it has been at work so far, in seconds of CPU time; without end where it cannot be told."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return math.inf
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)

    def resident(self) -> int:
        """Its memory in bytes, without what comes of files; 0 where it cannot be told."""
        try:
            resident, shared = Path(f"/proc/{self.pid}/statm").read_text().split()[1:3]
        except (OSError, ValueError):
            return 0
        return (int(resident) - int(shared)) * getpagesize()

    async def end(self) -> int | None:
        """Kills the worker and waits for its end; how it ended, where that can be told. Twice is as once."""
        if self._over is None:
            self.writer.close()
            reaping = self.nursery.reap(self.parent, self.pid)
            self._over = asyncio.create_task(reaping, name=f"the end of worker {self.pid}")
        return await asyncio.shield(self._over)


def _ending(status: int | None) -> str:
    match status:
        case None:
            return "it was killed"
        case _ if status < 0:
            return f"{signal.Signals(-status).name}, most likely for want of memory"
        case _:
            return f"exit status {status}"


async def frame(reader: asyncio.StreamReader) -> bytes:
    """The next message's payload. Raises IncompleteReadError at the end, ModelError for one that is too long."""
    length = length_of(await reader.readexactly(HEADER.size))
    return await reader.readexactly(length)
