"""The receiving servers: OTLP over gRPC and HTTP, and audit events; subscribed to by namespace.

    POST /v1/traces, /v1/logs    OTLP over HTTP, protobuf or JSON, gzip or plain
    POST /audit                  the API server's audit webhook
    gRPC                         the Export methods of the trace and logs services

All of it is off unless the options ask for it. Every request carries a service account's bearer token. What is in it is
`receptions`' to say; here are the protocols alone, and the codes by which each says no.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from aiohttp import web
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]
from google.protobuf.duration_pb2 import Duration  # type: ignore[import-untyped]
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from speccheck.errors import UsageError
from speccheck.kube.certificates import Certificates
from speccheck.kube.connections import Connection
from speccheck.kube.inboxes import Inboxes, ReceivedKind, Subscription
from speccheck.kube.meters import Meters
from speccheck.kube.receptions import AT_ONCE, AUDIT_BYTES, BODY_BYTES, Outcome, Reception, unpacked
from speccheck.kube.tenants import Refused, Tenants, Why
from speccheck.sources.otlp import Encoding, Signal

RETRY_S = 1
"""How long a sender that is turned away is asked to wait."""

READ_TIMEOUT_S = 20.0
STOP_S = 2.0
PROTOBUF = "application/x-protobuf"
JSON = "application/json"

SERVICES: dict[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
}
HTTP_STATUS: dict[Why, int] = {
    "unauthenticated": 401,
    "forbidden": 403,
    "malformed": 400,
    "oversized": 413,
    "unsupported": 415,
    "full": 429,
    "unavailable": 503,
}
GRPC_CODE: dict[Why, grpc.StatusCode] = {
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "malformed": grpc.StatusCode.INVALID_ARGUMENT,
    "oversized": grpc.StatusCode.INVALID_ARGUMENT,
    "unsupported": grpc.StatusCode.INVALID_ARGUMENT,
    "full": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
}
PASSING: frozenset[Why] = frozenset({"full", "unavailable"})
"""What may go otherwise the next time."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverOptions:
    """What is received, and where (`host:port`; "": not at all). `auditors`: who may send audit events (by HTTP)."""

    grpc: str = ""
    http: str = ""
    chain: Path | None = None
    key: Path | None = None
    auditors: Sequence[str] = ()


class Receivers:
    """The receiving servers, and who listens to what they receive."""

    def __init__(self, options: ReceiverOptions, connection: Connection, meters: Meters) -> None:
        """Raises UsageError for options that do not go together, and for a certificate that is none."""
        _check(options)
        self._options = options
        self._inboxes = Inboxes()
        self._reception = Reception(self._inboxes, Tenants(connection), meters, options.auditors)
        both = options.chain is not None and options.key is not None
        self._certificates = Certificates(options.chain, options.key) if both else None  # type: ignore[arg-type]
        self._runner: web.AppRunner | None = None
        self._server: Any = None
        self._keeping: asyncio.Task[None] | None = None
        self.http_port = 0
        self.grpc_port = 0
        """The ports that are listened on once it has started, 0 for none."""

    def offers(self, kind: ReceivedKind) -> bool:
        """Whether anything of this kind is received at all; else the operator's options have to ask for it."""
        asked = bool(self._options.grpc or self._options.http)
        return asked and (kind == "otlp" or bool(self._options.auditors))

    def subscribe(self, namespace: str, kind: ReceivedKind) -> Subscription:
        """What a namespace's programs send (otlp), or what is done in it (audit), from here on.

        `await subscription.batch(limit)` gives the next observations, GAPs among them; `subscription.close()` ends it.
        """
        return self._inboxes.subscribe(namespace, kind)

    async def start(self) -> None:
        """Listen. Raises OSError where a port is taken."""
        if self._certificates is None and (self._options.grpc or self._options.http):
            _log.warning("what programs send is received without TLS: their tokens can be read on the way")
        if self._certificates is not None:
            self._keeping = asyncio.create_task(self._certificates.keep(), name="certificates")
        if self._options.http:
            await self._serve_http(*_address(self._options.http, "--otlp-http"))
        if self._options.grpc:
            await self._serve_grpc(*_address(self._options.grpc, "--otlp-grpc"))

    async def stop(self) -> None:
        """Listen no more; what is under way has a moment to end."""
        if self._server is not None:
            await self._server.stop(STOP_S)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def _serve_http(self, host: str, port: int) -> None:
        app = web.Application()
        app.add_routes([web.post("/v1/traces", self._traces), web.post("/v1/logs", self._logs)])
        if self._options.auditors:
            app.add_routes([web.post("/audit", self._audit)])
        self._runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=STOP_S, auto_decompress=False
        )
        await self._runner.setup()
        context = self._certificates.context if self._certificates is not None else None
        await web.TCPSite(self._runner, host or None, port, ssl_context=context).start()
        self.http_port = int(self._runner.addresses[0][1])

    async def _traces(self, request: web.Request) -> web.Response:
        return await self._otlp(request, "traces")

    async def _logs(self, request: web.Request) -> web.Response:
        return await self._otlp(request, "logs")

    async def _otlp(self, request: web.Request, signal: Signal) -> web.Response:
        encoding: Encoding = "json" if request.content_type == JSON else "protobuf"

        async def reading() -> bytes:
            if request.content_type not in (JSON, PROTOBUF):
                raise Refused("unsupported", f"Content-Type {request.content_type[:80]!r}; send {PROTOBUF} or {JSON}")
            return await _body(request, BODY_BYTES)

        try:
            outcome = await self._reception.take_otlp(_authorization(request), signal, encoding, reading)
        except Refused as error:
            return _refusal(error, encoding)
        return _encoded(_response(signal, outcome), encoding)

    async def _audit(self, request: web.Request) -> web.Response:
        try:
            await self._reception.take_audit(_authorization(request), lambda: _body(request, AUDIT_BYTES))
        except Refused as error:
            return _refusal(error, "json")
        return web.json_response({})

    async def _serve_grpc(self, host: str, port: int) -> None:
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", 2 * BODY_BYTES),  # beyond that gRPC itself refuses (`_message`)
                ("grpc.max_metadata_size", 32 << 10),
                ("grpc.max_concurrent_streams", 2 * AT_ONCE),
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=2 * AT_ONCE,
        )
        for service, signal in SERVICES.items():
            handler = grpc.stream_unary_rpc_method_handler(self._exporting(signal))
            self._server.add_generic_rpc_handlers(
                [grpc.method_handlers_generic_handler(service, {"Export": handler})],
            )
        self.grpc_port = self._bound(f"{host or '[::]'}:{port}")
        await self._server.start()

    def _bound(self, address: str) -> int:
        try:
            if self._certificates is None:
                return int(self._server.add_insecure_port(address))
            return int(self._server.add_secure_port(address, _credentials(self._certificates)))
        except RuntimeError as error:
            raise OSError(f"--otlp-grpc {address}: {error}") from error

    def _exporting(self, signal: Signal) -> Callable[[AsyncIterator[bytes], Any], Awaitable[bytes]]:
        """The method Export of a signal: messages as bytes, so that nothing is decoded before its sender is known.

        The one message is taken as a stream's: of one that gRPC itself refuses nobody else would hear.
        """

        async def export(messages: AsyncIterator[bytes], context: Any) -> bytes:
            metadata = {name.lower(): value for name, value in context.invocation_metadata()}
            try:
                authorization = str(metadata.get("authorization", ""))
                reading = partial(_message, messages)
                outcome = await self._reception.take_otlp(authorization, signal, "protobuf", reading)
            except Refused as error:
                await context.abort(GRPC_CODE[error.why], error.message, _details(error))
                raise
            answer: bytes = _response(signal, outcome).SerializeToString()
            return answer

        return export


def _check(options: ReceiverOptions) -> None:
    if (options.chain is None) != (options.key is None):
        raise UsageError("--tls-cert and --tls-key go together: a certificate in PEM, and its key")
    if options.auditors and not options.http:
        raise UsageError("--audit needs --otlp-http: audit events come by HTTP, at /audit")
    for option, address in (("--otlp-grpc", options.grpc), ("--otlp-http", options.http)):
        if address:
            _address(address, option)


def _address(address: str, option: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise UsageError(f"{option}: {address!r} is not host:port; write for example 0.0.0.0:4317")
    return host, int(port)


def _credentials(certificates: Certificates) -> Any:
    """gRPC's, which ask with each connection whether there is another certificate."""
    given = [certificates.generation]

    def current() -> Any:
        chain, key = certificates.pair
        return grpc.ssl_server_certificate_configuration([(key, chain)])

    def changed() -> Any:
        if given[0] == certificates.generation:
            return None
        given[0] = certificates.generation
        return current()

    return grpc.dynamic_ssl_server_credentials(current(), changed)


def _authorization(request: web.Request) -> str:
    return request.headers.get("Authorization", "")


async def _message(messages: AsyncIterator[bytes]) -> bytes:
    """The message of a call by gRPC. Raises Refused where it is too long, or does not come."""
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            message = await anext(aiter(messages), None)
    except TimeoutError as error:
        raise Refused("malformed", f"the message did not come within {READ_TIMEOUT_S:g} s") from error
    if message is None:
        raise Refused("oversized", f"no message, or one of more than {2 * BODY_BYTES} bytes; make the batches smaller")
    if len(message) > BODY_BYTES:
        raise Refused("oversized", f"more than {BODY_BYTES} bytes; make the batches smaller")
    return message


async def _body(request: web.Request, limit: int) -> bytes:
    """The body of a request, unpacked. Raises Refused where it is too long, or does not come."""
    raw = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for chunk in request.content.iter_chunked(64 << 10):
                raw += chunk
                if len(raw) > limit:
                    raise Refused("oversized", f"more than {limit} bytes; make the batches smaller")
    except TimeoutError as error:
        raise Refused("malformed", f"the body did not come within {READ_TIMEOUT_S:g} s") from error
    return await asyncio.to_thread(unpacked, bytes(raw), request.headers.get("Content-Encoding", ""), limit)


def _response(signal: Signal, outcome: Outcome) -> Any:
    """The answer to what was taken, with a partial success where some records were refused."""
    match signal:
        case "traces":
            traces = ExportTraceServiceResponse()
            if outcome.refused:
                traces.partial_success.rejected_spans = outcome.refused
                traces.partial_success.error_message = outcome.reason
            return traces
        case "logs":
            logs = ExportLogsServiceResponse()
            if outcome.refused:
                logs.partial_success.rejected_log_records = outcome.refused
                logs.partial_success.error_message = outcome.reason
            return logs


def _status(error: Refused) -> Any:
    """A refusal as google.rpc.Status, with the time to wait where it is worth it."""
    status = status_pb2.Status(code=GRPC_CODE[error.why].value[0], message=error.message)
    if error.why in PASSING:
        wait = AnyMessage()
        wait.Pack(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=RETRY_S)))
        status.details.append(wait)
    return status


def _details(error: Refused) -> tuple[tuple[str, bytes], ...]:
    return (("grpc-status-details-bin", _status(error).SerializeToString()),)


def _refusal(error: Refused, encoding: Encoding) -> web.Response:
    answer = _encoded(_status(error), encoding, HTTP_STATUS[error.why])
    if error.why in PASSING:
        answer.headers["Retry-After"] = str(RETRY_S)
    if error.why == "unauthenticated":
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _encoded(message: Any, encoding: Encoding, status: int = 200) -> web.Response:
    if encoding == "json":
        return web.Response(status=status, text=json_format.MessageToJson(message), content_type=JSON)
    return web.Response(status=status, body=message.SerializeToString(), content_type=PROTOBUF)
