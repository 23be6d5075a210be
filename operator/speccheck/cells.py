"""Runs a function in a child process that can only answer, with a deadline and bounded output.

Takes a function without arguments that gives bytes; gives an `Outcome`. Whatever the function does, the caller gets
bytes no longer than asked for, or the way the child ended. It does not judge the bytes.
"""

from __future__ import annotations

import os
import selectors
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import ceil

from speccheck import sandbox
from speccheck.errors import EngineError

_HEADER = struct.Struct(">cQ")
_ANSWER, _MEMORY, _UNCONFINED = b"A", b"M", b"U"
_CHUNK = 1 << 16
_POLL_S = 0.05


class End(Enum):
    """How a cell ended."""

    ANSWERED = "answered"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    TOO_LONG = "answered at too great a length"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Cell:
    """What the child may use. `result_bytes` and `output_bytes` bound what is kept of its answer and of its output."""

    timeout_s: float
    memory_bytes: int
    result_bytes: int
    output_bytes: int = 8192
    profile: sandbox.Profile = sandbox.Profile.CLOSED


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer (empty unless `end` says so), how the child ended in words, and the two ends of what it printed."""

    end: End
    result: bytes
    how: str
    output: bytes


def run(function: Callable[[], bytes], cell: Cell) -> Outcome:
    """Runs the function in a confined child and waits for its answer, at most `timeout_s`.

    The caller must have one thread. Raises EngineError where the child cannot be made or confined.
    """
    sandbox.require()
    sandbox.withdraw()
    result_in, result_out = os.pipe()
    output_in, output_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        _inside(function, cell, result_out, output_out)
    os.close(result_out)
    os.close(output_out)
    return _Watch(pid, cell, _Answer(result_in, cell.result_bytes), _Output(output_in, cell.output_bytes)).wait()


def _inside(function: Callable[[], bytes], cell: Cell, result: int, output: int) -> None:
    """The child: gives up what it need not have, calls, answers, ends without running anybody's exit handlers."""
    try:
        channel = _settle(result, output)
        try:
            sandbox.follow_parent()
            sandbox.limit(sandbox.Ceilings(cpu_s=ceil(cell.timeout_s) + 1, memory_bytes=cell.memory_bytes))
            sandbox.confine(cell.profile)
        except (EngineError, OSError) as error:
            _send(channel, _UNCONFINED, str(error).encode())
            os._exit(1)
        _answer(function, channel)
        os._exit(0)
    except BaseException:  # noqa: BLE001  nothing may return into the parent's code, whatever was raised
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def _answer(function: Callable[[], bytes], channel: int) -> None:
    try:
        answer = function()
        sys.stdout.flush()
        _send(channel, _ANSWER, answer)
    except MemoryError:
        _send(channel, _MEMORY, b"")


def _settle(result: int, output: int) -> int:
    os.setsid()
    channel = os.dup2(result, max(result, output) + 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    return 3


def _send(channel: int, kind: bytes, payload: bytes) -> None:
    view = memoryview(_HEADER.pack(kind, len(payload)) + payload)
    while view:
        view = view[os.write(channel, view) :]


class _Answer:
    """Collects one framed answer, no more than allowed."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor = descriptor
        self._limit = limit + _HEADER.size
        self._got = bytearray()

    def take(self, chunk: bytes) -> None:
        if len(self._got) <= self._limit:
            self._got += chunk

    @property
    def too_long(self) -> bool:
        return len(self._got) > self._limit

    def read(self) -> tuple[bytes, bytes] | None:
        """The kind and the payload; None unless exactly one whole frame came."""
        if len(self._got) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._got)
        payload = bytes(self._got[_HEADER.size :])
        return (kind, payload) if len(payload) == length else None


class _Output:
    """Keeps the first and the last half of what may be kept, and counts the rest."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor = descriptor
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def take(self, chunk: bytes) -> None:
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[max(room, 0) :]
        excess = max(len(self._tail) - self._half, 0)
        self._dropped += excess
        del self._tail[:excess]

    def read(self) -> bytes:
        """What was kept, with a note between the halves where some was not."""
        gap = f"\n[{self._dropped} bytes left out]\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail)


class _Watch:
    """The parent's side of one child: reads both pipes until it ends or its time is up."""

    def __init__(self, pid: int, cell: Cell, answer: _Answer, output: _Output) -> None:
        self._pid = pid
        self._cell = cell
        self._answer = answer
        self._output = output
        self._deadline = time.monotonic() + cell.timeout_s
        self._selector = selectors.DefaultSelector()
        for reader in (answer, output):
            os.set_blocking(reader.descriptor, False)
            self._selector.register(reader.descriptor, selectors.EVENT_READ, reader)

    def wait(self) -> Outcome:
        status: int | None = None
        try:
            while status is None and not self._answer.too_long and time.monotonic() < self._deadline:
                self._pump(min(_POLL_S, max(self._deadline - time.monotonic(), 0)))
                status = self._ended()
        finally:
            if status is None:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            self._drain()
        return self._outcome(status)

    def _pump(self, timeout_s: float) -> bool:
        """Reads what is there; whether anything was."""
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return False
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            chunk = os.read(key.fd, _CHUNK)
            if chunk:
                key.data.take(chunk)
            else:
                self._selector.unregister(key.fd)
        return bool(ready)

    def _ended(self) -> int | None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def _drain(self) -> None:
        while self._pump(0):
            pass
        self._selector.close()
        os.close(self._answer.descriptor)
        os.close(self._output.descriptor)

    def _outcome(self, status: int | None) -> Outcome:
        output = self._output.read()
        if self._answer.too_long:
            return Outcome(End.TOO_LONG, b"", f"answered with more than {self._cell.result_bytes} bytes", output)
        if status is None:
            return Outcome(End.TIMED_OUT, b"", f"did not finish within {self._cell.timeout_s:g} s", output)
        match self._answer.read():
            case (kind, text) if kind == _UNCONFINED:
                raise EngineError(text.decode(errors="replace"))
            case (kind, _) if kind == _MEMORY:
                return Outcome(End.OUT_OF_MEMORY, b"", _memory_text(self._cell), output)
            case (kind, payload) if kind == _ANSWER and status == 0:
                return Outcome(End.ANSWERED, payload, "answered", output)
            case _:
                return _death(status, self._cell, output)


def _death(status: int, cell: Cell, output: bytes) -> Outcome:
    match -status:
        case signal.SIGKILL:
            return Outcome(End.OUT_OF_MEMORY, b"", "was killed, most likely for want of memory", output)
        case signal.SIGXCPU:
            return Outcome(End.TIMED_OUT, b"", f"used more than {cell.timeout_s:g} s of processor time", output)
        case number if number > 0:
            return Outcome(End.DIED, b"", f"was ended by the signal {signal.Signals(number).name}", output)
        case _:
            return Outcome(End.DIED, b"", f"ended with exit status {status} before it had answered", output)


def _memory_text(cell: Cell) -> str:
    return f"needed more than {cell.memory_bytes // (1 << 20)} MiB of memory"
