"""OTLP: what becomes an observation, how, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from speccheck.sources import otlp
from speccheck.sources.observations import Kind, Observation

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
NS = int(NOW.timestamp()) * 1_000_000_000
TRACE = bytes(range(16))
SPAN = bytes(range(8))


def logs(**record: Any) -> tuple[ExportLogsServiceRequest, Any]:
    """A request with one log record, and the record."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "dns"
    scope = resource.scope_logs.add()
    scope.scope.name = "scope"
    return request, scope.log_records.add(**({"event_name": "apply", "time_unix_nano": NS} | record))


def traces(**span: Any) -> tuple[ExportTraceServiceRequest, Any]:
    """A request with one span, and the span."""
    request = ExportTraceServiceRequest()
    usual = {"name": "apply", "start_time_unix_nano": NS - 10**9, "end_time_unix_nano": NS, "trace_id": TRACE}
    return request, request.resource_spans.add().scope_spans.add().spans.add(**(usual | {"span_id": SPAN} | span))


def taken(request: Any) -> otlp.Received:
    signal: otlp.Signal = "logs" if isinstance(request, ExportLogsServiceRequest) else "traces"
    return otlp.received(request.SerializeToString(), signal, "protobuf", NOW)


def only(request: Any) -> Observation:
    found = taken(request)
    assert (found.refused, found.reason) == (0, "")
    (observation,) = found.observations
    return observation


def attributes(request: Any) -> dict[str, Any]:
    observation = only(request)
    assert observation.event is not None
    return dict(observation.event.attributes)


def test_a_named_log_record_is_an_event_with_its_attributes_and_origin() -> None:
    request, record = logs(trace_id=TRACE)
    record.attributes.add(key="plan").value.int_value = 7
    record.attributes.add(key="speccheck.seq").value.int_value = 3
    seen = only(request)
    assert seen.event is not None
    assert (seen.event.name, seen.time, seen.seq, seen.object) == ("apply", NOW, 3, None)
    assert seen.event.attributes == {
        "plan": 7,
        "speccheck.seq": 3,
        "resource": {"service.name": "dns"},
        "scope": {"name": "scope"},
        "trace_id": TRACE.hex(),
    }


def test_the_name_may_be_an_attribute_and_a_record_without_one_is_no_observation() -> None:
    request, record = logs(event_name="")
    assert (taken(request).unnamed, taken(request).observations) == (1, [])
    record.attributes.add(key="event.name").value.string_value = "old style"
    seen = only(request)
    assert seen.event is not None and seen.event.name == "old style"


def test_values_become_json() -> None:
    request, record = logs()
    value = record.attributes.add(key="all").value.kvlist_value.values
    value.add(key="text").value.string_value = "é"
    value.add(key="yes").value.bool_value = True
    value.add(key="least").value.int_value = -(2**63)
    value.add(key="half").value.double_value = 0.5
    value.add(key="raw").value.bytes_value = b"\x00\xff"
    value.add(key="none")
    value.add(key="list").value.array_value.values.add().int_value = 1
    record.body.string_value = "said"
    found = attributes(request)
    assert found["body"] == "said"
    assert found["all"] == {
        "text": "é",
        "yes": True,
        "least": -(2**63),
        "half": 0.5,
        "raw": "AP8=",
        "none": None,
        "list": [1],
    }


def test_a_record_cannot_say_that_it_is_of_another_origin() -> None:
    request, record = logs()
    record.attributes.add(key="resource").value.string_value = "forged"
    assert attributes(request)["resource"] == {"service.name": "dns"}


def test_a_span_is_seen_when_it_ends_and_its_events_before() -> None:
    request, span = traces(parent_span_id=SPAN)
    span.events.add(name="checked", time_unix_nano=NS - 5 * 10**8)
    span.status.code = 2
    event, whole = taken(request).observations
    assert event.event is not None and whole.event is not None
    assert (event.event.name, (NOW - event.time).total_seconds()) == ("checked", 0.5)
    assert event.event.attributes["span"] == "apply"
    assert (whole.event.name, whole.time) == ("apply", NOW)
    about = {name: whole.event.attributes[name] for name in ("status", "start", "end", "parent_span_id", "trace_id")}
    assert about == {
        "status": "Error",
        "start": "2026-11-03T11:59:59+00:00",
        "end": "2026-11-03T12:00:00+00:00",
        "parent_span_id": SPAN.hex(),
        "trace_id": TRACE.hex(),
    }


def test_json_means_the_same_as_protobuf() -> None:
    body = {
        "resourceSpans": [
            {
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": TRACE.hex(),
                                "spanId": SPAN.hex(),
                                "name": "apply",
                                "startTimeUnixNano": str(NS - 10**9),
                                "endTimeUnixNano": str(NS),
                                "attributes": [{"key": "n", "value": {"intValue": "7"}}],
                                "aFieldOfTomorrow": 1,
                            }
                        ]
                    }
                ]
            }
        ]
    }
    request, span = traces()
    span.attributes.add(key="n").value.int_value = 7
    assert otlp.received(json.dumps(body).encode(), "traces", "json", NOW).observations == taken(request).observations


def test_a_record_without_a_time_is_of_when_it_was_observed_or_received() -> None:
    assert only(logs(time_unix_nano=0, observed_time_unix_nano=NS - 10**9)[0]).time.second == 59
    assert only(logs(time_unix_nano=0)[0]).time == NOW


def refused(request: Any) -> str:
    """Why the only record is refused; it is a gap."""
    found = taken(request)
    (gap,) = found.observations
    assert (found.refused, gap.kind) == (1, Kind.GAP)
    assert found.reason in gap.reason
    return found.reason


def test_what_cannot_be_right_is_refused_with_the_reason() -> None:
    assert "1 attributes" in refused(logs(dropped_attributes_count=1)[0])
    assert "s ahead" in refused(logs(time_unix_nano=2**64 - 1)[0])
    assert "61 s ahead" in refused(logs(time_unix_nano=NS + 61 * 10**9)[0])
    assert "without a name" in refused(traces(name="")[0])
    assert "dropped 2 events" in refused(traces(dropped_events_count=2)[0])
    for value in (float("inf"), float("nan")):
        request, record = logs()
        record.attributes.add(key="x").value.double_value = value
        assert "JSON cannot hold" in refused(request)
    request, record = logs()
    record.attributes.add(key="speccheck.seq").value.string_value = "7"
    assert "has to be an integer" in refused(request)
    request, record = logs()
    record.attributes.add(key="x").value.string_value = "x" * otlp.RECORD_BYTES
    assert "bytes; at most" in refused(request)
    request, record = logs()
    value = record.attributes.add(key="x").value
    for _ in range(otlp.DEPTH_LIMIT + 1):
        value = value.array_value.values.add()
    assert "nested more than 32 deep" in refused(request)


def test_one_bad_record_does_not_take_the_others_with_it() -> None:
    request, _ = logs()
    request.resource_logs[0].scope_logs[0].log_records.add(event_name="bad", dropped_attributes_count=1)
    request.resource_logs[0].scope_logs[0].log_records.add(event_name="late", time_unix_nano=NS)
    found = taken(request)
    assert [each.event.name if each.event else "GAP" for each in found.observations] == ["apply", "late", "GAP"]


def test_a_bad_resource_refuses_all_that_is_in_it() -> None:
    request, _ = logs()
    request.resource_logs[0].resource.attributes.add(key="x").value.double_value = float("nan")
    assert "JSON cannot hold" in refused(request)


@pytest.mark.parametrize(
    ("state", "sampled"),
    [
        ("ot=th:c", True),
        ("a=b,ot=rv:1;th:8", True),
        ("ot=th:0", False),
        ("ot=rv:1", False),
        ("xot=th:c", False),
        ("", False),
    ],
)
def test_sampling_is_told_as_a_gap(state: str, sampled: bool) -> None:
    found = taken(traces(trace_state=state)[0])
    assert bool(found.sampling) is sampled
    assert (found.observations[-1].kind is Kind.GAP) is sampled


@pytest.mark.parametrize(("ratio", "sampled"), [(0.1, True), (1.0, False)])
def test_what_a_sampler_leaves_in_attributes_tells_of_sampling_too(ratio: float, sampled: bool) -> None:
    request, span = traces()
    span.attributes.add(key="sampler.param").value.double_value = ratio
    assert bool(taken(request).sampling) is sampled


@pytest.mark.parametrize("signal", ["logs", "traces"])
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_what_is_no_request_is_refused_as_a_whole(signal: otlp.Signal, encoding: otlp.Encoding) -> None:
    with pytest.raises(ValueError, match="no Export"):
        otlp.received(b"\xff\xfe", signal, encoding, NOW)


def test_too_many_records_are_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "RECORDS_LIMIT", 1)
    request, span = traces()
    assert len(taken(request).observations) == 1
    span.events.add(name="one more")
    with pytest.raises(ValueError, match="2 records in one request"):
        taken(request)


@given(st.binary(max_size=200), st.sampled_from(["logs", "traces"]), st.sampled_from(["protobuf", "json"]))
def test_no_bytes_do_worse_than_a_value_error(body: bytes, signal: otlp.Signal, encoding: otlp.Encoding) -> None:
    try:
        found = otlp.received(body, signal, encoding, NOW)
    except ValueError:
        return
    assert found.refused >= 0


def test_the_bodies_of_log_records_are_lines() -> None:
    request, record = logs()
    record.body.kvlist_value.values.add(key="a").value.int_value = 1
    request.resource_logs[0].scope_logs[0].log_records.add().body.string_value = '{"b": 2}'
    assert otlp.bodies(request.SerializeToString(), "protobuf") == [b'{"a":1}', b'{"b": 2}']
