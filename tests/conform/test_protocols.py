"""What crosses the evaluator's socket: it comes back as it went, and nothing else is let in."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from speccheck.conform import protocols
from speccheck.conform.protocols import (
    HEADER,
    Census,
    Drop,
    Dropped,
    Explanation,
    Gap,
    Heading,
    Judge,
    Judged,
    Judgement,
    Load,
    Loaded,
    MappingOrder,
    Obstacle,
    Outline,
    Refusal,
    Request,
    Result,
    SourceOrder,
    Tick,
    Unjudged,
    View,
    answer_from,
    framed,
    handle_of,
    heading_of,
    length_of,
    outline_of,
    request_from,
)
from speccheck.errors import ModelError

STEP = Result("p", "Violated", "so", "Step", explanation=Explanation(obstacles=(Obstacle("grow", "guard", "full"),)))
ORDER = MappingOrder((SourceOrder("web", "object.x"),), {"a": "1"}, "three", {"N": "2"})
VIEW = View("web", datetime(2026, 11, 3, tzinfo=UTC), object={"a": [1, None]}, event={"name": "x", "attributes": {}})


@pytest.mark.parametrize(
    "request_",
    [
        Load("ns", "h", b"\x00model", ORDER),
        Judge("ns", "h", (VIEW, Gap(VIEW.time, "web"), Tick(VIEW.time), VIEW)),
        Drop("ns", "h"),
    ],
)
def test_requests_come_back(request_: Request) -> None:
    data = framed(request_)
    assert length_of(data[: HEADER.size]) == len(data) - HEADER.size
    assert request_from(data[HEADER.size :]) == request_
    assert heading_of(data[HEADER.size :]) == Heading(type(request_).__name__.lower(), "ns", "h")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        Loaded(("p",), (Unjudged("q", ("v",)),)),
        Judged(((Judgement("k", {"a": {"#bigint": "1"}}, (STEP,)), Judgement(rejected="no")), ()), Census(2, 1)),
        Dropped(),
        Refusal("OverBudget", "too long"),
    ],
)
def test_answers_come_back(answer: protocols.Answer) -> None:
    payload = framed(answer)[HEADER.size :]
    assert answer_from(payload) == answer
    told = (answer.reason, answer.message) if isinstance(answer, Refusal) else ("", "")
    assert outline_of(payload) == Outline(type(answer).__name__.lower(), *told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b'{"type":"judge"}',
        b'{"type":"other","tenant":"n"}',
        b'{"type":"judge","tenant":"n","handle":"h","items":[],"more":1}',
        b'{"type":"judge","tenant":"n","handle":"h","items":[{"type":"view","source":"s","time":"yesterday"}]}',
        b'{"type":"load","tenant":"n","handle":"h","model":"???","mapping":{"sources":[],"variables":{}}}',
        b'{"type":"judge","tenant":"\xff"}',
        b'{"type":"judge","tenant":"n","handle":"h","items":[{"type":"view","source":"s","object":{"a":'
        + b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_refused(payload: bytes) -> None:
    with pytest.raises(ModelError, match="not a request"):
        request_from(payload)
    with pytest.raises(ModelError, match="not an answer"):
        answer_from(payload)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"type":"other","tenant":"n"}', b"{" * 100_000, b'"\xff"'])
def test_what_has_no_heading_or_outline_is_refused(payload: bytes) -> None:
    with pytest.raises(ModelError, match="not a request"):
        heading_of(payload)
    with pytest.raises(ModelError, match="not an answer"):
        outline_of(payload)


def test_too_many_observations_at_once_are_refused() -> None:
    views = (View("s", VIEW.time),) * (protocols.ITEMS_PER_MESSAGE + 1)
    with pytest.raises(ModelError, match="257 observations in one request; at most 256"):
        request_from(msgspec.json.encode(Judge("n", "h", views)))


def test_messages_have_a_limit_both_ways() -> None:
    with pytest.raises(ModelError, match="the evaluator takes"):
        framed(Load("ns", "h", bytes(protocols.MESSAGE_BYTES), ORDER))
    with pytest.raises(ModelError, match="at most"):
        length_of(HEADER.pack(protocols.MESSAGE_BYTES + 1))


def test_a_handle_stands_for_model_and_mapping() -> None:
    other = MappingOrder((SourceOrder("web", "object.y"),), {"a": "1"}, "three", {"N": "2"})
    assert handle_of(b"m", ORDER) == handle_of(b"m", ORDER)
    assert len({handle_of(b"m", ORDER), handle_of(b"n", ORDER), handle_of(b"m", other)}) == 3
