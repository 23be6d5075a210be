"""The worker processes of the evaluator: each holds one tenant's monitors, and answers one request after another.

    python -m speccheck.conform.workers DESCRIPTOR

This process is their nursery (`nurseries`): it has loaded all that evaluating takes, sees nothing of any tenant, and
forks itself for each worker. A worker talks over a connected socket of its own, confined, under a memory limit and no
other: how long a request may take is for the evaluator to say, which kills it. All end with the evaluator.
"""

from __future__ import annotations

import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from speccheck import sandbox
from speccheck.conform.monitors import Monitor
from speccheck.conform.nurseries import nurse
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Drop,
    Dropped,
    Judge,
    Judged,
    Load,
    Refusal,
    framed,
    length_of,
    request_from,
)
from speccheck.errors import ModelError, SpecError, UsageError
from speccheck.ir.json import model_from_json
from speccheck.ir.verify import verify

HELD = 256
"""How many mappings, with what was observed under them, a worker holds; more are refused."""


class Worker:
    """The monitors one process holds, by tenant and handle. What was observed is remembered as long as it lives."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Monitor] = {}

    def answer(self, payload: bytes) -> Answer:
        """The answer to one request, whatever it is. What a fault may have spoilt is held no longer.

        Raises MemoryError where there is none left.
        """
        try:
            request = request_from(payload)
        except ModelError as error:
            return Refusal("Refused", str(error))
        try:
            return self._answer(request)
        except (UsageError, ModelError, SpecError) as error:
            return Refusal("Refused", str(error))
        except MemoryError:
            raise
        except RecursionError:
            return Refusal("OverBudget", "evaluating goes deeper than there is room for")
        except Exception as error:  # noqa: BLE001  the other handles' observations must not be lost for it
            self._held.pop((request.tenant, request.handle), None)
            traceback.print_exc()
            return Refusal("Failed", f"a fault of speccheck: {type(error).__name__}: {error}")

    def _answer(self, request: Load | Judge | Drop) -> Answer:
        match request:
            case Load():
                return self._load(request)
            case Judge():
                return self._judge(request)
            case Drop(tenant, handle):
                self._held.pop((tenant, handle), None)
                return Dropped()
            case _:
                assert_never(request)

    def _load(self, load: Load) -> Answer:
        at = (load.tenant, load.handle)
        self._held.pop(at, None)
        if len(self._held) >= HELD:
            return Refusal("Refused", f"{HELD} mappings of {load.tenant} are held already")
        model = model_from_json(load.model)
        verify(model)
        monitor = Monitor(model, load.mapping)
        loaded = monitor.loaded()
        self._held[at] = monitor
        return loaded

    def _judge(self, judge: Judge) -> Answer:
        monitor = self._held.get((judge.tenant, judge.handle))
        if monitor is None:
            return Refusal("NotLoaded", f"nothing is held under the handle {judge.handle}")
        return Judged(tuple(monitor.take(item) for item in judge.items), monitor.census())


def serve(channel: socket.socket, answer: Callable[[bytes], Answer]) -> None:
    """Says with an empty message that it is ready; answers requests until the other side closes, or until one
    took all the memory."""
    channel.sendall(HEADER.pack(0))
    while header := _received(channel, HEADER.size):
        payload = _received(channel, length_of(header))
        try:
            reply = _reply(answer(payload))
        except MemoryError:
            channel.sendall(framed(Refusal("OverBudget", "evaluating took all the memory a worker has")))
            return
        channel.sendall(reply)


def _reply(answer: Answer) -> bytes:
    try:
        return framed(answer)
    except ModelError as error:
        return framed(Refusal("OverBudget", f"the answer is too long: {error}"))


def _received(channel: socket.socket, length: int) -> bytes:
    """Exactly so many bytes; none where the other side has closed."""
    got = bytearray()
    while len(got) < length:
        chunk = channel.recv(min(length - len(got), 1 << 20))
        if not chunk:
            return b""
        got += chunk
    return bytes(got)


def work(channel: socket.socket, memory_bytes: int) -> None:
    """Gives up what a worker need not have, then serves."""
    sandbox.limit(sandbox.Ceilings(cpu_s=None, memory_bytes=memory_bytes))
    sandbox.confine(sandbox.Profile.CLOSED)
    with suppress(ConnectionError):  # the evaluator is gone, and with it the reason to be here
        serve(channel, Worker().answer)


def main(descriptor: int) -> None:
    """Makes workers for the evaluator at the other end of an inherited socket."""
    with socket.socket(fileno=descriptor) as control:
        nurse(control, work)


if __name__ == "__main__":
    main(int(sys.argv[1]))
