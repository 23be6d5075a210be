"""Tracer: spans as they arrive at an OTLP endpoint."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from speccheck.kube.traces import Stage, Tracer

START = datetime(2026, 1, 1, tzinfo=UTC)


def _seconds(number: float) -> datetime:
    return START + timedelta(seconds=number)


async def _collected(body: object, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The spans that arrive while the body uses a tracer."""
    spans: list[object] = []

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            for scope in resource.scope_spans:
                spans.extend(scope.spans)
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.to_thread(_used, body)
    finally:
        await runner.cleanup()
    return spans


def _used(body: object) -> None:
    tracer = Tracer()
    body(tracer)  # type: ignore[operator]
    tracer.close()


def test_a_run_is_one_trace_from_its_reconcile_to_its_last_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(tracer: Tracer) -> None:
        with tracer.reconcile("ns", "a") as traceparent:
            pass
        inner = Stage("check", _seconds(2), _seconds(3), {"exit_code": 1}, failed=True)
        tracer.add(traceparent, Stage("run", _seconds(0), _seconds(4), {"speccheck.verdict": "Holds"}, (inner,)))

    spans = {span.name: span for span in asyncio.run(_collected(body, monkeypatch))}  # type: ignore[attr-defined]
    reconcile, run, check = spans["reconcile"], spans["run"], spans["check"]
    assert reconcile.trace_id == run.trace_id == check.trace_id
    assert run.parent_span_id == reconcile.span_id
    assert check.parent_span_id == run.span_id
    assert run.end_time_unix_nano - run.start_time_unix_nano == 4_000_000_000
    assert run.start_time_unix_nano == int(START.timestamp()) * 1_000_000_000
    assert (run.status.code, check.status.code) == (0, 2)


def test_without_an_endpoint_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    tracer = Tracer()
    with tracer.reconcile("ns", "a") as traceparent:
        assert traceparent == ""
    tracer.add("", Stage("run", START, START))
    tracer.close()
