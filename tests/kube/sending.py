"""What programs send to receivers, made here and sent as it is: no exporter stands between."""

import io
from typing import Any

import aiohttp
import grpc
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from tests.kube.receiving import Received

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
PROTOBUF = "application/x-protobuf"


def logs(*names: str, numbered: bool = False, **attributes: int) -> bytes:
    """An export request with one event of each name."""
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for number, name in enumerate(names, 1):
        record = records.add(event_name=name, time_unix_nano=1_700_000_000_000_000_000 + number)
        for key, value in attributes.items():
            record.attributes.add(key=key).value.int_value = value
        if numbered:
            record.attributes.add(key="speccheck.seq").value.int_value = number
    return request.SerializeToString()


async def post(to: Received, body: bytes, path: str = "/v1/logs", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """What comes back."""
    usual = {"Authorization": "Bearer good", "Content-Type": PROTOBUF}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{to.url}{path}", data=io.BytesIO(body), headers=usual | named) as answer,
    ):
        return answer.status, await answer.read(), dict(answer.headers)


async def export(to: Received, body: bytes, token: str = "good", compression: Any = None) -> tuple[Any, str, Any]:
    """What comes back by gRPC: the code, the message, and the answer or the status' details."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    async with grpc.aio.insecure_channel(to.target) as channel:
        try:
            answer = await channel.unary_unary(LOGS)(body, metadata=metadata, timeout=60, compression=compression)
        except grpc.aio.AioRpcError as error:
            details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
            return error.code(), error.details() or "", status_pb2.Status.FromString(details)
        return grpc.StatusCode.OK, "", ExportLogsServiceResponse.FromString(answer)
