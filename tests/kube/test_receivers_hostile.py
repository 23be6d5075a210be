"""Receivers, and what is malformed, too large, or too much: refused with a reason, counted, a gap for who listens."""

import asyncio
import gzip
from pathlib import Path

import grpc
import pytest
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from tests.kube.apis import until
from tests.kube.receiving import Received, batch, while_receiving
from tests.kube.sending import PROTOBUF, export, logs, post

from speccheck.kube import receptions
from speccheck.sources.observations import Kind


def nested(depth: int) -> bytes:
    """A log record with a value nested as deep as that, as bytes that no library writes."""

    def length(size: int) -> bytes:
        out = bytearray()
        while size > 127:
            out.append(size & 127 | 128)
            size >>= 7
        return bytes([*out, size])

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2]) + length(len(content)) + content

    value = field(1, b"x")
    for _ in range(depth):
        value = field(5, field(1, value))
    record = field(12, b"name") + field(6, field(1, b"key") + field(2, value))
    return field(1, field(2, field(2, record)))


HOSTILE = {
    "no protobuf": (b"\xff\xff\xff not a message", {}, 400),
    "no gzip": (b"abc", {"Content_Encoding": "gzip"}, 400),
    "gzip cut short": (gzip.compress(logs("a") * 100)[:-9], {"Content_Encoding": "gzip"}, 400),
    "two gzips": (gzip.compress(logs("a")) * 2, {"Content_Encoding": "gzip"}, 400),
    "a bomb": (gzip.compress(b"\0" * (200 << 20)), {"Content_Encoding": "gzip"}, 413),
    "too long": (b"\0" * (receptions.BODY_BYTES + 1), {}, 413),
    "too many records": (logs(*["a"] * 10_001), {}, 400),
    "nested beyond protobuf": (nested(5_000), {}, 400),
    "another type": (logs("a"), {"Content_Type": "text/plain"}, 415),
    "another compression": (logs("a"), {"Content_Encoding": "br"}, 415),
    "no JSON": (b"{", {"Content_Type": "application/json"}, 400),
    "no UTF-8": (b'{"resourceLogs": "\xff"}', {"Content_Type": "application/json"}, 400),
    "nested JSON": (b'{"a":' * 100_000, {"Content_Type": "application/json"}, 400),
    "much JSON": (b'{"x":"' + b"a" * (1 << 20) + b'"}', {"Content_Type": "application/json"}, 413),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_with_a_reason_counted_and_a_gap(tmp_path: Path, name: str) -> None:
    sent, headers, wanted = HOSTILE[name]

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        status, raw, _ = await post(to, sent, **headers)
        assert status == wanted
        assert b"message" in raw if b"{" in raw[:1] else len(status_pb2.Status.FromString(raw).message) > 5
        counted = {400: "malformed", 413: "oversized", 415: "unsupported"}[wanted]
        assert to.counted("otlp", counted) == 1
        (gap,) = await batch(subscription, 1)
        assert (gap.kind, gap.reason != "") == (Kind.GAP, True)
        assert (await post(to, logs("after")))[0] == 200
        (after,) = await batch(subscription, 1)
        assert after.event is not None and after.event.name == "after"

    while_receiving(tmp_path, body)


def test_values_nested_too_deeply_for_us_are_refused_alone(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        to.receivers.subscribe("platform", "otlp")
        status, raw, _ = await post(to, nested(40))
        partial = ExportLogsServiceResponse.FromString(raw).partial_success
        assert (status, partial.rejected_log_records) == (200, 1)
        assert "nested" in partial.error_message

    while_receiving(tmp_path, body)


def test_hostile_input_by_grpc_is_refused(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        to.receivers.subscribe("platform", "otlp")
        code, _, _ = await export(to, b"\xff\xff\xff not a message")
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        code, message, _ = await export(to, b"\0" * (receptions.BODY_BYTES + 100))
        assert code == grpc.StatusCode.INVALID_ARGUMENT, message
        assert to.counted("otlp", "oversized") == 1
        code, message, _ = await export(to, b"\0" * (3 * receptions.BODY_BYTES))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, message
        code, message, _ = await export(to, b"\0" * (100 << 20), compression=grpc.Compression.Gzip)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, message
        code, _, _ = await export(to, nested(5_000))
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        code, _, _ = await export(to, logs("a"), "")
        assert code == grpc.StatusCode.UNAUTHENTICATED
        assert (await export(to, logs("a")))[0] == grpc.StatusCode.OK

    while_receiving(tmp_path, body)


@pytest.mark.parametrize("zipped", [False, True])
def test_what_grpc_itself_refuses_for_its_size_is_counted_and_a_gap(tmp_path: Path, zipped: bool) -> None:
    compression = grpc.Compression.Gzip if zipped else grpc.Compression.NoCompression

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        elsewhere = to.receivers.subscribe("elsewhere", "otlp")
        code, message, _ = await export(to, b"\0" * (3 * receptions.BODY_BYTES), compression=compression)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, message
        (gap,) = await batch(subscription, 1)
        assert (gap.kind, "make the batches smaller" in gap.reason) == (Kind.GAP, True)
        assert to.counted("otlp", "oversized") == 1
        assert (await export(to, logs("after")))[0] == grpc.StatusCode.OK
        assert [each.event and each.event.name for each in await batch(subscription, 1)] == ["after"]
        assert (await export(to, logs("there"), "other"))[0] == grpc.StatusCode.OK
        assert [each.event and each.event.name for each in await batch(elsewhere, 1)] == ["there"]

    while_receiving(tmp_path, body)


def test_too_many_requests_of_one_tenant_at_once_do_not_shut_out_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("elsewhere", "otlp")
        await post(to, b"")
        halves = [await _half_sent(to) for _ in range(receptions.PER_TENANT)]
        await until("all under way", lambda: to.receivers._reception._busy["platform"] == receptions.PER_TENANT)
        assert (await post(to, logs("one more")))[0] == 429
        assert (await post(to, logs("theirs"), Authorization="Bearer other"))[0] == 200
        assert len(await batch(subscription, 1)) == 1
        for writer in halves:
            writer.close()
            await writer.wait_closed()
        await until("room again", lambda: to.receivers._reception._busy["platform"] == 0)
        assert (await post(to, logs("again")))[0] == 200

    while_receiving(tmp_path, body)


async def _half_sent(to: Received) -> asyncio.StreamWriter:
    """A request whose body never comes."""
    _, writer = await asyncio.open_connection("127.0.0.1", to.receivers.http_port)
    head = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: {PROTOBUF}\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\nabc".encode())
    await writer.drain()
    return writer
