"""A worker process of the evaluator: holds compiled Models and mappings, and answers one request after another.

    python -m speccheck.conform.workers DESCRIPTOR MEMORY_BYTES

It talks over a connected socket that it inherits, confined, under a memory limit and no other: how long a request
may take is for the evaluator to say, which kills it.
"""

from __future__ import annotations

import socket
import sys
from collections import OrderedDict
from collections.abc import Callable

from speccheck import sandbox
from speccheck.conform.judgements import Assessor
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Judge,
    Judged,
    Load,
    Refusal,
    framed,
    length_of,
    request_from,
)
from speccheck.engines.base import Limits
from speccheck.errors import ModelError, SpecError, UsageError
from speccheck.ir.json import model_from_json
from speccheck.ir.verify import verify

HELD = 64
"""How many compiled mappings a worker holds; the one not used for longest goes first."""

OBSERVATION_S = 1.0
"""How long judging one observation's invariants may take before they have no result."""


class Worker:
    """The mappings one process holds, by tenant and handle."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], Assessor] = OrderedDict()

    def answer(self, payload: bytes) -> Answer:
        """The answer to one request, whatever it is."""
        try:
            match request_from(payload):
                case Load() as load:
                    return self._load(load)
                case Judge() as judge:
                    return self._judge(judge)
        except (UsageError, ModelError, SpecError) as error:
            return Refusal("Refused", str(error))

    def _load(self, load: Load) -> Answer:
        model = model_from_json(load.model)
        verify(model)
        assessor = Assessor(model, load.mapping, Limits(timeout_s=OBSERVATION_S))
        loaded = assessor.loaded()
        self._held[(load.tenant, load.handle)] = assessor
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return loaded

    def _judge(self, judge: Judge) -> Answer:
        at = (judge.tenant, judge.handle)
        if at not in self._held:
            return Refusal("NotLoaded", f"nothing is held under the handle {judge.handle}")
        self._held.move_to_end(at)
        assessor = self._held[at]
        return Judged(tuple(assessor.judge(view) for view in judge.views))


def serve(channel: socket.socket, answer: Callable[[bytes], Answer]) -> None:
    """Says with an empty message that it is ready; answers requests until the other side closes, or until one
    took all the memory."""
    channel.sendall(HEADER.pack(0))
    while header := _received(channel, HEADER.size):
        payload = _received(channel, length_of(header))
        try:
            reply = framed(answer(payload))
        except MemoryError:
            channel.sendall(framed(Refusal("OverBudget", "evaluating took all the memory a worker has")))
            return
        channel.sendall(reply)


def _received(channel: socket.socket, length: int) -> bytes:
    """Exactly so many bytes; none where the other side has closed."""
    got = bytearray()
    while len(got) < length:
        chunk = channel.recv(min(length - len(got), 1 << 20))
        if not chunk:
            return b""
        got += chunk
    return bytes(got)


def main(descriptor: int, memory_bytes: int) -> None:
    """Gives up what a worker need not have, then serves."""
    channel = socket.socket(fileno=descriptor)
    worker = Worker()
    sandbox.follow_parent()
    sandbox.require()  # before the limits: finding the library takes processes that they are not meant for
    sandbox.limit(sandbox.Ceilings(cpu_s=None, memory_bytes=memory_bytes))
    sandbox.confine(sandbox.Profile.CLOSED)
    serve(channel, worker.answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
