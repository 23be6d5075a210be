"""A worker's answers, and its loop over a socket, in this process."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import msgspec
import pytest
from tests.conform.specs import ROLLOUT, model_json

from speccheck.conform import workers
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Judge,
    Judged,
    Load,
    Loaded,
    MappingOrder,
    Refusal,
    SourceOrder,
    View,
    answer_from,
    framed,
    length_of,
)
from speccheck.conform.workers import Worker, serve

GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three")
FOUR = View("web", datetime(2026, 11, 3, tzinfo=UTC), {"replicas": 4})


def load(handle: str = "h", tenant: str = "shop") -> bytes:
    return msgspec.json.encode(Load(tenant, handle, model_json(ROLLOUT), GOOD))


def judge(handle: str = "h", tenant: str = "shop") -> bytes:
    return msgspec.json.encode(Judge(tenant, handle, (FOUR,)))


def test_what_is_loaded_is_judged_under_its_handle_and_tenant() -> None:
    worker = Worker()
    assert isinstance(worker.answer(load()), Loaded)
    found = worker.answer(judge())
    assert isinstance(found, Judged)
    assert [r.verdict for r in found.judgements[0].results] == ["Violated", "Holds"]
    for other in (judge("other"), judge(tenant="thief")):
        refused = worker.answer(other)
        assert isinstance(refused, Refusal)
        assert refused.reason == "NotLoaded"


def test_only_so_much_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HELD", 2)
    worker = Worker()
    for handle in ("a", "b"):
        worker.answer(load(handle))
    worker.answer(judge("a"))
    worker.answer(load("c"))
    held = {handle: isinstance(worker.answer(judge(handle)), Judged) for handle in "abc"}
    assert held == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize("payload", [b"{}", msgspec.json.encode(Load("shop", "h", b"{}", GOOD))])
def test_what_is_wrong_is_refused(payload: bytes) -> None:
    refused = Worker().answer(payload)
    assert isinstance(refused, Refusal)
    assert refused.reason == "Refused"


def test_it_says_that_it_is_ready_answers_and_ends_when_the_other_side_closes() -> None:
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=serve, args=(theirs, Worker().answer))
    thread.start()
    with ours, ours.makefile("rb") as stream:
        ours.settimeout(20)
        assert stream.read(HEADER.size) == HEADER.pack(0)
        for payload, kind in ((load(), Loaded), (judge(), Judged)):
            ours.sendall(HEADER.pack(len(payload)) + payload)
            assert isinstance(answer_from(stream.read(length_of(stream.read(HEADER.size)))), kind)
        ours.shutdown(socket.SHUT_WR)
        thread.join(20)
        assert not thread.is_alive()
    theirs.close()


def test_after_running_out_of_memory_it_says_so_and_ends() -> None:
    def greedy(payload: bytes) -> Answer:
        raise MemoryError

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(framed(Judge("shop", "h", ())))
        serve(theirs, greedy)
        with ours.makefile("rb") as stream:
            stream.read(HEADER.size)
            answer = answer_from(stream.read(length_of(stream.read(HEADER.size))))
    assert answer == Refusal("OverBudget", "evaluating took all the memory a worker has")
