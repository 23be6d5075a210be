"""Observations out of OTLP: spans, their events, and log records that have an event name.

Takes an export request as its bytes (protobuf, or JSON with hexadecimal ids as OTLP writes it); gives observations,
and for what is refused a count and the first reason. An event's attributes are the record's own and, beside them,
`resource`, `scope`, and `trace_id`, `span_id` where there are any. Whatever the bytes are, the only errors are
ValueErrors. It reads no network and keeps nothing.

The messages are those of https://opentelemetry.io/docs/specs/otlp/.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never

import msgspec
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from speccheck.sources.observations import Event, Kind, Observation
from speccheck.sources.orderings import SEQ, seq_of

Signal: TypeAlias = Literal["traces", "logs"]
Encoding: TypeAlias = Literal["protobuf", "json"]

RECORDS_LIMIT = 10_000
"""How many spans, span events or log records one request may carry."""

RECORD_BYTES = 64 << 10
"""The largest span or log record."""

DEPTH_LIMIT = 32
"""How deeply the values of attributes may be nested."""

AHEAD_LIMIT_S = 60.0
"""How far a sender's clock may be ahead of the receiver's."""

_EVENT_NAME = "event.name"
_THRESHOLD = "th:"
_RATIOS = ("sampling.probability", "sampling.ratio", "sampler.param")


@dataclass(slots=True)
class Received:
    """What a request held. `refused` records, and why the first of them was; `unnamed`: log records without an event
    name, which are no observations; `sampling`: what says that not everything is sent, "" where nothing does."""

    observations: list[Observation] = field(default_factory=list)
    refused: int = 0
    reason: str = ""
    unnamed: int = 0
    sampling: str = ""


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a record shares with others."""

    resource: Mapping[str, Any]
    scope: Mapping[str, Any]
    encoding: Encoding
    received: datetime

    def id_text(self, raw: bytes) -> str:
        """A trace's or span's id in hexadecimal. JSON has it so, and was decoded as if it were base 64."""
        return base64.b64encode(raw).decode() if self.encoding == "json" else raw.hex()


def received(body: bytes, signal: Signal, encoding: Encoding, now: datetime) -> Received:
    """The observations in a request that came at `now`, with a gap at the end where something was refused or sampled.

    Raises ValueError where it is no such request, or carries too many records.
    """
    found = Received()
    match signal:
        case "traces":
            spans = _decoded(ExportTraceServiceRequest(), body, encoding)
            _within(sum(1 + len(s.events) for r in spans.resource_spans for c in r.scope_spans for s in c.spans))
            _take(found, _spans(spans, encoding, now), _of_span)
        case "logs":
            logs = _decoded(ExportLogsServiceRequest(), body, encoding)
            _within(sum(len(c.log_records) for r in logs.resource_logs for c in r.scope_logs))
            _take(found, _records(logs, encoding, now), _of_record)
        case _:
            assert_never(signal)
    _end(found, now)
    return found


def bodies(body: bytes, encoding: Encoding) -> list[bytes]:
    """The bodies of the log records in a request, for those that carry lines of another kind: text, or data as JSON.

    Raises ValueError where it is no such request, or carries too many records.
    """
    logs = _decoded(ExportLogsServiceRequest(), body, encoding)
    _within(sum(len(c.log_records) for r in logs.resource_logs for c in r.scope_logs))
    records = (each for r in logs.resource_logs for c in r.scope_logs for each in c.log_records)
    return [_body(record.body) for record in records]


def _body(value: AnyValue) -> bytes:
    if value.WhichOneof("value") == "string_value":
        return value.string_value.encode()
    return msgspec.json.encode(_plain(value, 0))


def _decoded(message: Any, body: bytes, encoding: Encoding) -> Any:
    try:
        match encoding:
            case "protobuf":
                message.ParseFromString(body)
            case "json":
                json_format.Parse(body, message, ignore_unknown_fields=True, max_recursion_depth=3 * DEPTH_LIMIT)
            case _:
                assert_never(encoding)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"no {type(message).__name__}: {str(error)[:300]}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return message


def _within(count: int) -> None:
    if count > RECORDS_LIMIT:
        raise ValueError(f"{count} records in one request; at most {RECORDS_LIMIT} are taken: make the batches smaller")


def _spans(request: Any, encoding: Encoding, now: datetime) -> Iterator[tuple[_Origin | ValueError, Any]]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            origin = _origin(resource.resource.attributes, scope.scope, encoding, now)
            yield from ((origin, span) for span in scope.spans)


def _records(request: Any, encoding: Encoding, now: datetime) -> Iterator[tuple[_Origin | ValueError, Any]]:
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            origin = _origin(resource.resource.attributes, scope.scope, encoding, now)
            yield from ((origin, record) for record in scope.log_records)


def _origin(resource: Iterable[KeyValue], scope: Any, encoding: Encoding, now: datetime) -> _Origin | ValueError:
    """What the records of a scope share; what is wrong with it is wrong with each of them."""
    try:
        named = {"name": scope.name, "version": scope.version}
        return _Origin(_attributes(resource), {name: text for name, text in named.items() if text}, encoding, now)
    except ValueError as error:
        return error


def _take(
    found: Received,
    records: Iterable[tuple[_Origin | ValueError, Any]],
    read: Callable[[_Origin, Any, Received], Iterator[Observation]],
) -> None:
    for origin, record in records:
        try:
            if isinstance(origin, ValueError):
                raise origin
            _sized(record)
            found.observations += [*read(origin, record, found)]
        except ValueError as error:
            found.refused += 1
            found.reason = found.reason or str(error)


def _sized(record: Any) -> None:
    if record.ByteSize() > RECORD_BYTES:
        raise ValueError(f"a record of {record.ByteSize()} bytes; at most {RECORD_BYTES} are taken")
    if record.dropped_attributes_count:
        raise ValueError(f"its sender dropped {record.dropped_attributes_count} attributes; raise the limit there")


def _of_span(origin: _Origin, span: Span, found: Received) -> Iterator[Observation]:
    """A span, as of its end, and before it its events."""
    if not span.name:
        raise ValueError("a span without a name")
    attributes = _attributes(span.attributes)
    found.sampling = found.sampling or _sampling(span.trace_state, attributes, origin.resource)
    if span.dropped_events_count:
        raise ValueError(f"its sender dropped {span.dropped_events_count} events of span {span.name!r}")
    ids = _ids(origin, span.trace_id, span.span_id)
    for event in span.events:
        if not event.name:
            raise ValueError(f"an event without a name in span {span.name!r}")
        own = _attributes(event.attributes) | _about(origin, ids) | {"span": span.name}
        yield _observation(event.name, own, _time(event.time_unix_nano, origin.received))
    end = _time(span.end_time_unix_nano, origin.received)
    start = _time(span.start_time_unix_nano or span.end_time_unix_nano, origin.received)
    times = {"start": start.isoformat(), "end": end.isoformat()}
    more = {"status": _STATUSES.get(span.status.code, "")} | times
    if span.parent_span_id:
        more["parent_span_id"] = origin.id_text(span.parent_span_id)
    yield _observation(span.name, attributes | _about(origin, ids) | more, end)


_STATUSES = {0: "Unset", 1: "Ok", 2: "Error"}


def _of_record(origin: _Origin, record: LogRecord, found: Received) -> Iterator[Observation]:
    """A log record that is an event; others are none of ours."""
    attributes = _attributes(record.attributes)
    name = record.event_name or attributes.get(_EVENT_NAME) or ""
    if not name or not isinstance(name, str):
        found.unnamed += 1
        return
    found.sampling = found.sampling or _sampling("", attributes, origin.resource)
    own = attributes | _about(origin, _ids(origin, record.trace_id, record.span_id))
    if record.HasField("body"):
        own["body"] = _plain(record.body, 0)
    yield _observation(name, own, _time(record.time_unix_nano or record.observed_time_unix_nano, origin.received))


def _about(origin: _Origin, ids: Mapping[str, str]) -> dict[str, Any]:
    """What an event has besides its own attributes; its own do not take these names from it."""
    return {"resource": origin.resource, "scope": origin.scope, **ids}


def _ids(origin: _Origin, trace_id: bytes, span_id: bytes) -> Mapping[str, str]:
    ids = {"trace_id": trace_id, "span_id": span_id}
    return {name: origin.id_text(raw) for name, raw in ids.items() if raw.strip(b"\0")}


def _observation(name: str, attributes: dict[str, Any], time: datetime) -> Observation:
    event = Event(name, attributes)
    made = Observation(time, event=event)
    seq = seq_of(made)
    if seq is None and SEQ in attributes:
        raise ValueError(f"{SEQ} of event {name!r} is {attributes[SEQ]!r}; it has to be an integer from 0")
    return Observation(time, seq=seq, event=event)


def _time(nanoseconds: int, now: datetime) -> datetime:
    """A time to the microsecond; `now` where there is none."""
    if not nanoseconds:
        return now
    try:
        time = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{nanoseconds} ns is no time") from error
    time += timedelta(microseconds=nanoseconds % 1_000_000_000 // 1000)
    if (ahead_s := (time - now).total_seconds()) > AHEAD_LIMIT_S:
        raise ValueError(f"its time is {ahead_s:.0f} s ahead; set the clocks right")
    return time


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _plain(pair.value, 0) for pair in pairs}


def _plain(value: AnyValue, depth: int) -> Any:
    """A value as JSON has it; bytes in base 64. Raises ValueError for what JSON has not."""
    if depth > DEPTH_LIMIT:
        raise ValueError(f"attributes nested more than {DEPTH_LIMIT} deep")
    match value.WhichOneof("value"):
        case "kvlist_value":
            return {pair.key: _plain(pair.value, depth + 1) for pair in value.kvlist_value.values}
        case "array_value":
            return [_plain(each, depth + 1) for each in value.array_value.values]
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            if not math.isfinite(value.double_value):
                raise ValueError(f"an attribute is {value.double_value}, which JSON cannot hold")
            return value.double_value
        case None:
            return None
        case kind:
            return getattr(value, kind)


def _sampling(trace_state: str, attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    """What says that traces are sampled.

    The threshold of https://opentelemetry.io/docs/specs/otel/trace/tracestate-handling/ (0: all are kept), or the
    attributes that samplers leave.
    """
    for member in trace_state.split(","):
        vendor, _, parts = member.strip().partition("=")
        if vendor == "ot":
            for part in parts.split(";"):
                if part.startswith(_THRESHOLD) and part.rstrip("0") not in ("th:", ""):
                    return f"tracestate ot={part[:40]}"
    for told in (attributes, resource):
        for name in _RATIOS:
            if isinstance(told.get(name), int | float) and told[name] < 1:
                return f"{name}={told[name]}"
    return ""


def _end(found: Received, now: datetime) -> None:
    """Have refused records, and sampling, be gaps."""
    if found.refused:
        reason = f"{found.refused} received records were refused: {found.reason}"
        found.observations.append(Observation(now, kind=Kind.GAP, reason=reason))
    if found.sampling:
        reason = f"the sender samples ({found.sampling}): what it leaves out cannot be observed; send everything"
        found.observations.append(Observation(now, kind=Kind.GAP, reason=reason))
