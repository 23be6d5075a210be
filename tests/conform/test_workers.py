"""A worker's answers, and its loop over a socket, in this process."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import msgspec
import pytest
from tests.conform.specs import ROLLOUT, model_json

from speccheck.conform import workers
from speccheck.conform.monitors import Monitor
from speccheck.conform.protocols import (
    HEADER,
    Answer,
    Drop,
    Dropped,
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

GOOD = MappingOrder((SourceOrder("web"),), {"replicas": "object.replicas"}, "three", tiers=("State",))
FOUR = View("web", datetime(2026, 11, 3, tzinfo=UTC), object={"replicas": 4})


def load(handle: str = "h", tenant: str = "shop") -> bytes:
    return msgspec.json.encode(Load(tenant, handle, model_json(ROLLOUT), GOOD))


def judge(handle: str = "h", tenant: str = "shop") -> bytes:
    return msgspec.json.encode(Judge(tenant, handle, (FOUR,)))


def test_what_is_loaded_is_judged_under_its_handle_and_tenant() -> None:
    worker = Worker()
    assert isinstance(worker.answer(load()), Loaded)
    found = worker.answer(judge())
    assert isinstance(found, Judged)
    assert [r.verdict for r in found.judgements[0][0].results] == ["Violated", "Holds"]
    for other in (judge("other"), judge(tenant="thief")):
        refused = worker.answer(other)
        assert isinstance(refused, Refusal)
        assert refused.reason == "NotLoaded"


def test_only_so_much_is_held_and_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "HELD", 2)
    worker = Worker()
    for handle in ("a", "b"):
        assert isinstance(worker.answer(load(handle)), Loaded)
    assert isinstance(worker.answer(load("c")), Refusal)
    assert isinstance(worker.answer(load("a")), Loaded), "loading it again takes no more room"
    assert worker.answer(msgspec.json.encode(Drop("shop", "b"))) == Dropped()
    assert isinstance(worker.answer(load("c")), Loaded)
    assert isinstance(worker.answer(judge("b")), Refusal)


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


@pytest.mark.parametrize(
    ("fault", "reason", "held"),
    [(ValueError("why?"), "Failed", False), (RecursionError(), "OverBudget", True)],
)
def test_a_fault_costs_only_what_was_observed_under_its_handle(
    fault: Exception, reason: str, held: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = Worker()
    worker.answer(load("a"))
    worker.answer(load("b"))

    def fail(*_: object) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "take", fail)
        refused = worker.answer(judge("a"))
    assert isinstance(refused, Refusal)
    assert refused.reason == reason
    assert ("why?" in capfd.readouterr().err) == (reason == "Failed")
    assert isinstance(worker.answer(judge("a")), Judged) == held
    assert isinstance(worker.answer(judge("b")), Judged)


def test_without_memory_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    worker = Worker()
    worker.answer(load())
    monkeypatch.setattr(Monitor, "take", fail)
    with pytest.raises(MemoryError):
        worker.answer(judge())


def test_an_answer_that_is_too_long_is_over_budget() -> None:
    def talkative(payload: bytes) -> Answer:
        return Refusal("Failed", "x" * (33 << 20))

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(framed(Judge("shop", "h", ())))
        ours.shutdown(socket.SHUT_WR)
        serve(theirs, talkative)
        with ours.makefile("rb") as stream:
            stream.read(HEADER.size)
            answer = answer_from(stream.read(length_of(stream.read(HEADER.size))))
    assert isinstance(answer, Refusal)
    assert answer.reason == "OverBudget"
    assert "the answer is too long" in answer.message
