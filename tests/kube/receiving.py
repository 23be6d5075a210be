"""Receivers over the API server of `apis`, which knows some tokens; and programs that send with real exporters."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import grpc
from aiohttp import web
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from tests.kube.apis import Api, connected

from speccheck.kube.meters import Meters
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.observe import Observer
from speccheck.sources.observations import Observation

PROGRAM = "system:serviceaccount:platform:deployer"
AUDITOR = "system:serviceaccount:kube-system:auditor"
TOKENS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "good": (PROGRAM, ("speccheck",)),
    "other": ("system:serviceaccount:elsewhere:program", ("speccheck",)),
    "auditor": (AUDITOR, ("speccheck",)),
    "everywhere": (PROGRAM, ("https://kubernetes.default.svc",)),
    "person": ("alice", ("speccheck",)),
}
"""Tokens: whose each is, and for which audiences."""

WAIT_S = 60.0
Transport = Literal["grpc", "http"]


@dataclass
class Received:
    """Receivers under way."""

    api: Api
    receivers: Receivers
    meters: Meters
    certificate: Path | None

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://localhost:{self.receivers.http_port}"

    @property
    def target(self) -> str:
        return f"localhost:{self.receivers.grpc_port}"

    def counted(self, kind: str, result: str) -> float:
        """How often this was received."""
        start = f'speccheck_received_total{{kind="{kind}",result="{result}"}} '
        lines = self.meters.text().decode().splitlines()
        return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))

    def reviews(self) -> int:
        """How often the API server was asked about a token."""
        return sum(each.path.endswith("/tokenreviews") for each in self.api.asked)


def reviewed(tokens: Mapping[str, tuple[str, tuple[str, ...]]]) -> Callable[[web.Request], Awaitable[Any]]:
    """The API server's answer to a TokenReview."""

    async def answer(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/tokenreviews"):
            return None
        spec = (await request.json())["spec"]
        user, audiences = tokens.get(spec["token"], ("", ()))
        both = [each for each in audiences if each in spec["audiences"]]
        status = {"authenticated": bool(both), "user": {"username": user} if both else {}, "audiences": both}
        return web.json_response({"kind": "TokenReview", "status": status})

    return answer


@asynccontextmanager
async def receiving(
    directory: Path, certificate: tuple[Path, Path] | None = None, **options: Any
) -> AsyncIterator[Received]:
    """Receivers on ports of their own, by both protocols unless something else is said."""
    chain, key = certificate or (None, None)
    async with connected(directory) as (api, connection):
        api.faults.append(reviewed(TOKENS))
        meters = Meters()
        usual = {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0", "chain": chain, "key": key, "auditors": (AUDITOR,)}
        receivers = Receivers(ReceiverOptions(**usual | options), connection, meters)
        await receivers.start()
        try:
            yield Received(api, receivers, meters, chain)
        finally:
            await receivers.stop()
            meters.close()


def while_receiving(directory: Path, body: Callable[[Received], Awaitable[None]], **options: Any) -> None:
    """Run a test's body with receivers of its own."""

    async def both() -> None:
        async with receiving(directory, **options) as made:
            await body(made)

    asyncio.run(both())


async def batch(subscription: Any, count: int) -> list[Observation]:
    """The next so many observations."""
    found: list[Observation] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < count:
            found += await subscription.batch(count - len(found))
    return found


def certificate(directory: Path, name: str = "receiver") -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    chain, key = directory / f"{name}.crt", directory / f"{name}.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run(
        [*words, *names, "-keyout", key, "-out", chain], check=True, capture_output=True, timeout=WAIT_S, cwd=directory
    )
    return chain, key


def _credentials(to: Received) -> Any:
    assert to.certificate is not None, "TLS needs a certificate to trust"
    return grpc.ssl_channel_credentials(to.certificate.read_bytes())


def log_exporter(to: Received, transport: Transport, token: str = "good") -> Any:
    """OpenTelemetry's own exporter of log records."""
    return _exporter(to, transport, token, GrpcLogs, HttpLogs, "logs")


def span_exporter(to: Received, transport: Transport, token: str = "good") -> Any:
    """OpenTelemetry's own exporter of spans."""
    return _exporter(to, transport, token, GrpcSpans, HttpSpans, "traces")


def _exporter(to: Received, transport: Transport, token: str, by_grpc: Any, by_http: Any, signal: str) -> Any:
    headers = {"authorization": f"Bearer {token}"}
    match transport:
        case "grpc":
            secured = {"credentials": _credentials(to)} if to.certificate else {"insecure": True}
            return by_grpc(endpoint=to.target, headers=tuple(headers.items()), timeout=30, **secured)
        case "http":
            secured = {"certificate_file": str(to.certificate)} if to.certificate else {}
            url = f"{to.url}/v1/{signal}"
            return by_http(endpoint=url, headers=headers, timeout=30, compression=Compression.Gzip, **secured)


@contextmanager
def observer(exporter: Any, **resource: str) -> Iterator[Observer]:
    """A program that says what it does; all of it is sent when the body ends."""
    named = {"service.name": "dns-deployer", **{name.replace("_", "."): value for name, value in resource.items()}}
    provider = LoggerProvider(resource=Resource(named), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    try:
        yield Observer(provider.get_logger("test"))
    finally:
        provider.shutdown()


@contextmanager
def tracer(exporter: Any) -> Iterator[Any]:
    """A program that traces; all of it is sent when the body ends."""
    provider = TracerProvider(resource=Resource({"service.name": "dns-deployer"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider.get_tracer("test")
    finally:
        provider.shutdown()
