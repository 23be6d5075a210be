"""Receivers, spoken to by OpenTelemetry's own exporters and by hand. Hostile input: test_receivers_hostile.py."""

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.kube.apis import refusal, until
from tests.kube.receiving import (
    Received,
    Transport,
    batch,
    certificate,
    log_exporter,
    observer,
    span_exporter,
    tracer,
    while_receiving,
)
from tests.kube.sending import export, logs, post

from speccheck.errors import UsageError
from speccheck.kube import inboxes
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.sources.observations import Kind


@pytest.fixture(autouse=True)
def own_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says whom to trust goes before what an exporter is told."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


both = pytest.mark.parametrize("transport", ["grpc", "http"])


@both
@pytest.mark.parametrize("secured", [True, False])
def test_what_a_program_says_by_opentelemetry_is_observed(tmp_path: Path, transport: Transport, secured: bool) -> None:
    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")

        def program() -> None:
            with observer(log_exporter(to, transport), service_instance_id="d1") as observe:
                observe.action("apply", deployer="d1", plan=7, zones=["a", "b"])
                observe.action("clean", deployer="d1")

        await asyncio.to_thread(program)
        first, second = await batch(subscription, 2)
        assert first.event is not None and second.event is not None
        assert (first.event.name, second.event.name) == ("apply", "clean")
        assert (first.seq, second.seq) == (1, 2)
        assert first.event.attributes["plan"] == 7
        assert first.event.attributes["zones"] == ["a", "b"]
        assert first.event.attributes["resource"] == {"service.name": "dns-deployer", "service.instance.id": "d1"}
        assert first.time <= second.time
        assert to.counted("otlp", "taken") == 2

    while_receiving(tmp_path, body, certificate=certificate(tmp_path) if secured else None)


@both
def test_spans_and_their_events_are_observed(tmp_path: Path, transport: Transport) -> None:
    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")

        def program() -> None:
            with tracer(span_exporter(to, transport)) as trace, trace.start_as_current_span("apply") as span:
                span.set_attribute("deployer", "d1")
                span.add_event("checked", {"fresh": True})

        await asyncio.to_thread(program)
        checked, applied = await batch(subscription, 2)
        assert checked.event is not None and applied.event is not None
        assert (checked.event.name, applied.event.name) == ("checked", "apply")
        assert checked.event.attributes["fresh"] is True
        assert checked.event.attributes["span"] == "apply"
        assert applied.event.attributes["deployer"] == "d1"
        assert checked.event.attributes["span_id"] == applied.event.attributes["span_id"]
        assert len(applied.event.attributes["trace_id"]) == 32
        assert applied.kind is Kind.MODIFIED

    while_receiving(tmp_path, body)


def test_a_tenant_hears_its_own_namespace_alone_and_every_subscriber_hears_all(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        first, second = (to.receivers.subscribe("platform", "otlp") for _ in range(2))
        other = to.receivers.subscribe("elsewhere", "otlp")
        assert (await post(to, logs("mine")))[0] == 200
        assert (await post(to, logs("theirs"), Authorization="Bearer other"))[0] == 200
        names = [
            each[0].event.name for each in [await batch(box, 1) for box in (first, second, other)] if each[0].event
        ]
        assert names == ["mine", "mine", "theirs"]
        assert [box.waiting for box in (first, second, other)] == [0, 0, 0]

    while_receiving(tmp_path, body)


@pytest.mark.parametrize("token", ["", "none", "everywhere", "person", "good\n", "x" * 20_000, "gööd"])
def test_who_has_no_token_for_us_is_refused(tmp_path: Path, token: str) -> None:
    async def body(to: Received) -> None:
        to.receivers.subscribe("platform", "otlp")
        with_token = {"Authorization": f"Bearer {token}"} if token.isprintable() and len(token) < 5000 else {}
        status, _, headers = await post(to, logs("a"), **(with_token or {"Authorization": "Basic good"}))
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        if token.isascii() and token.isprintable() and len(token) < 5000:
            code, message, _ = await export(to, logs("a"), token)
            assert code == grpc.StatusCode.UNAUTHENTICATED
            assert "audience 'speccheck'" in message
        assert to.counted("otlp", "unauthenticated") >= 1
        assert to.counted("otlp", "taken") == 0

    while_receiving(tmp_path, body)


def test_a_token_is_reviewed_once_in_a_while(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        for _ in range(3):
            await post(to, logs("a"))
            await post(to, logs("a"), Authorization="Bearer wrong")
        assert to.reviews() == 2

    while_receiving(tmp_path, body)


def test_while_tokens_cannot_be_reviewed_senders_are_to_try_again(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        to.api.faults.insert(0, lambda _: refusal(500, "InternalError"))
        status, raw, headers = await post(to, logs("a"))
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "API server" in status_pb2.Status.FromString(raw).message
        code, _, _ = await export(to, logs("a"))
        assert code == grpc.StatusCode.UNAVAILABLE
        to.api.faults.pop(0)
        assert (await post(to, logs("a")))[0] == 200

    while_receiving(tmp_path, body)


def test_who_is_faster_than_judging_is_turned_away_and_told_when_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "OBSERVATIONS_LIMIT", 3)

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        assert (await post(to, logs("a", "b")))[0] == 200
        status, _, headers = await post(to, logs("c", "d"))
        assert (status, headers["Retry-After"]) == (429, "1")
        code, _, details = await export(to, logs("c", "d"))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert details.details[0].type_url == "type.googleapis.com/google.rpc.RetryInfo"
        assert to.counted("otlp", "full") == 2
        names = [each.event.name if each.event else each.kind.value for each in await batch(subscription, 3)]
        assert names == ["a", "b", "GAP"]
        assert (await post(to, logs("c", "d")))[0] == 200
        assert len(await batch(subscription, 2)) == 2

    while_receiving(tmp_path, body)


def test_what_is_numbered_leaves_no_gap_when_it_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "OBSERVATIONS_LIMIT", 3)

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        await post(to, logs("a", "b", numbered=True))
        assert (await post(to, logs("c", "d", numbered=True)))[0] == 429
        assert [each.seq for each in await batch(subscription, 2)] == [1, 2]
        assert subscription.waiting == 0
        await post(to, logs("e", numbered=True))
        (after,) = await batch(subscription, 1)
        assert after.kind is not Kind.GAP

    while_receiving(tmp_path, body)


def test_the_exporters_own_retries_bring_everything_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "OBSERVATIONS_LIMIT", 3)

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        await post(to, logs("a", "b", "c", numbered=True))

        def program() -> None:
            with observer(log_exporter(to, "grpc")) as observe:
                observe.action("late")

        sending = asyncio.create_task(asyncio.to_thread(program))
        await until("a refusal", lambda: to.counted("otlp", "full") > 0)
        assert len(await batch(subscription, 3)) == 3
        (late,) = await batch(subscription, 1)
        await sending
        assert late.event is not None and late.event.name == "late"

    while_receiving(tmp_path, body)


def test_some_records_refused_are_a_partial_success_and_a_gap(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        request = ExportLogsServiceRequest.FromString(logs("good", "bad"))
        bad = request.resource_logs[0].scope_logs[0].log_records[1]
        bad.attributes.add(key="x").value.double_value = float("nan")
        _, raw, _ = await post(to, request.SerializeToString())
        partial = ExportLogsServiceResponse.FromString(raw).partial_success
        assert partial.rejected_log_records == 1
        assert "nan" in partial.error_message
        _, _, answer = await export(to, request.SerializeToString())
        assert answer.partial_success == partial
        good, gap, *_ = await batch(subscription, 4)
        assert good.event is not None and good.event.name == "good"
        assert (gap.kind, "1 received records were refused" in gap.reason) == (Kind.GAP, True)
        assert to.counted("otlp", "malformed") == 2

    while_receiving(tmp_path, body)


def test_a_refused_span_is_a_partial_success_of_traces(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        to.receivers.subscribe("platform", "otlp")
        request = ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.add(name="")
        _, raw, _ = await post(to, request.SerializeToString(), path="/v1/traces")
        assert ExportTraceServiceResponse.FromString(raw).partial_success.rejected_spans == 1

    while_receiving(tmp_path, body)


def test_another_certificate_is_taken_into_use_without_a_restart(tmp_path: Path) -> None:
    first, second = certificate(tmp_path, "first"), certificate(tmp_path, "second")
    used = tmp_path / "tls.crt", tmp_path / "tls.key"

    def use(pair: tuple[Path, Path]) -> None:
        for source, target in zip(pair, used, strict=True):
            target.write_bytes(source.read_bytes())

    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "otlp")
        certificates = to.receivers._certificates
        assert certificates is not None

        def program(transport: Transport) -> None:
            with observer(log_exporter(to, transport)) as observe:
                observe.action(f"by {transport}")

        use(second)
        used[1].write_bytes(first[1].read_bytes())
        assert not certificates.refresh(), "a key that does not fit"
        use(second)
        assert certificates.refresh()
        for transport in ("grpc", "http"):
            await asyncio.to_thread(program, transport)
            (seen,) = await batch(subscription, 1)
            assert seen.event is not None and seen.event.name == f"by {transport}"

    use(first)
    while_receiving(tmp_path, body, certificate=used)


AUDIT = {
    "kind": "EventList",
    "apiVersion": "audit.k8s.io/v1",
    "items": [
        {
            "auditID": "1",
            "stage": "ResponseComplete",
            "verb": "update",
            "stageTimestamp": "2026-11-03T10:00:00.000000Z",
            "user": {"username": "alice"},
            "objectRef": {"resource": "configmaps", "namespace": "platform", "name": "zone"},
            "responseStatus": {"code": 200},
            "responseObject": {"kind": "ConfigMap", "metadata": {"name": "zone"}, "data": {"a": "b"}},
        }
    ],
}


def test_audit_events_come_from_whom_the_options_name_and_go_to_their_namespace(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        mine, other = (to.receivers.subscribe(namespace, "audit") for namespace in ("platform", "elsewhere"))
        sent = json.dumps(AUDIT).encode()
        status, raw, _ = await post(to, sent, path="/audit", Content_Type="application/json")
        assert (status, b"--audit" in raw) == (403, True)
        headers = {"Authorization": "Bearer auditor", "Content_Type": "application/json"}
        assert (await post(to, sent, path="/audit", **headers))[0] == 200
        (seen,) = await batch(mine, 1)
        assert seen.event is not None and seen.object is not None
        assert (seen.event.name, seen.event.attributes["user"], seen.object["data"]) == ("update", "alice", {"a": "b"})
        assert other.waiting == 0
        assert to.counted("audit", "taken") == 1
        assert (await post(to, b"{}", path="/audit", **headers))[0] == 400
        (gap,) = await batch(mine, 1)
        assert gap.kind is Kind.GAP

    while_receiving(tmp_path, body)


def test_audit_events_come_as_log_records_too(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        subscription = to.receivers.subscribe("platform", "audit")
        request = ExportLogsServiceRequest()
        records = request.resource_logs.add().scope_logs.add().log_records
        records.add().body.string_value = json.dumps(
            AUDIT["items"][0] | {"kind": "Event", "apiVersion": "audit.k8s.io/v1"}
        )
        records.add().body.string_value = "something else"
        _, raw, _ = await post(to, request.SerializeToString(), Authorization="Bearer auditor")
        assert ExportLogsServiceResponse.FromString(raw).partial_success.rejected_log_records == 1
        seen, gap = await batch(subscription, 2)
        assert seen.event is not None and seen.event.attributes["name"] == "zone"
        assert gap.kind is Kind.GAP

    while_receiving(tmp_path, body)


def test_what_nobody_listens_to_is_counted_and_dropped(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        closed = to.receivers.subscribe("platform", "otlp")
        closed.close()
        assert (await post(to, logs("a")))[0] == 200
        assert to.counted("otlp", "unobserved") == 1
        assert closed.waiting == 0

    while_receiving(tmp_path, body)


def test_nothing_is_served_unless_it_is_asked_for(tmp_path: Path) -> None:
    async def body(to: Received) -> None:
        assert (to.receivers.http_port, to.receivers.grpc_port) == (0, 0)
        assert not to.receivers.offers("otlp") and not to.receivers.offers("audit")

    while_receiving(tmp_path, body, grpc="", http="", auditors=())

    async def no_audit(to: Received) -> None:
        assert (to.receivers.offers("otlp"), to.receivers.offers("audit")) == (True, False)
        assert (await post(to, b"{}", path="/audit", Authorization="Bearer auditor"))[0] == 404

    while_receiving(tmp_path, no_audit, auditors=())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grpc": "here"}, "--otlp-grpc: 'here' is not host:port"),
        ({"http": "127.0.0.1:http"}, "--otlp-http: '127.0.0.1:http' is not host:port"),
        ({"http": "127.0.0.1:1", "chain": Path("a")}, "go together"),
        ({"grpc": "127.0.0.1:1", "auditors": ("x",)}, "--audit needs --otlp-http"),
        ({"http": "127.0.0.1:1", "chain": Path("nowhere"), "key": Path("nowhere")}, "--tls-cert nowhere"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Receivers(ReceiverOptions(**options), None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["grpc", "http"])
def test_a_port_that_is_taken_is_an_error_and_what_was_started_is_stopped(tmp_path: Path, option: str) -> None:
    async def body(to: Received) -> None:
        taken = {"grpc": to.receivers.grpc_port, "http": to.receivers.http_port}[option]
        other = Receivers(ReceiverOptions(**{"http": "127.0.0.1:0", option: f"127.0.0.1:{taken}"}), None, to.meters)  # type: ignore[arg-type]
        with pytest.raises(OSError, match=str(taken)):
            await other.start()
        async with asyncio.timeout(60):
            await other.stop()

    while_receiving(tmp_path, body)
