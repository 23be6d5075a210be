"""Connection: requests, refusals, silence, and credentials, over real HTTP; and against a real API server."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from tests.cluster.clusters import Cluster
from tests.kube.apis import connected, kubeconfig, refusal

from speccheck.errors import UsageError
from speccheck.kube.connections import ApiError, Connection


def test_a_request_carries_credentials_query_and_headers(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            answer = await connection.request(
                "GET", "/api/v1/configmaps", query={"labelSelector": "a=b,c=d"}, headers={"Impersonate-User": "eve"}
            )
            assert answer["items"] == []
            (asked,) = api.asked
            assert asked.query == {"labelSelector": "a=b,c=d"}
            assert asked.headers["Authorization"] == "Bearer a-token"
            assert asked.headers["Impersonate-User"] == "eve"
            assert await connection.authorization() == {"authorization": "Bearer a-token"}

    asyncio.run(check())


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "Forbidden", "forbidden"),
        (404, "NotFound", "missing"),
        (409, "AlreadyExists", "exists"),
        (409, "Conflict", "conflict"),
        (410, "Expired", "gone"),
        (422, "Invalid", "invalid"),
    ],
)
def test_a_refusal_is_told_by_its_kind(tmp_path: Path, status: int, reason: str, kind: str) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda _: refusal(status, reason, "because"))
            with pytest.raises(ApiError, match=f"GET /api/v1/pods: {status}: because") as caught:
                await connection.request("GET", "/api/v1/pods")
            kinds = ("unreachable", "forbidden", "missing", "exists", "conflict", "gone", "invalid")
            assert [name for name in kinds if getattr(caught.value, name)] == [kind]

    asyncio.run(check())


def test_what_does_not_answer_in_time_is_unreachable(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda _: asyncio.sleep(30))
            with pytest.raises(ApiError) as caught:
                await connection.request("GET", "/api/v1/pods", timeout_s=0.05)
            assert caught.value.unreachable

    asyncio.run(check())


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    async def check() -> None:
        connection = await Connection.open(str(kubeconfig(tmp_path, "http://127.0.0.1:9")))
        try:
            with pytest.raises(ApiError, match="the API server does not answer") as caught:
                await connection.request("GET", "/version")
            assert caught.value.unreachable
        finally:
            await connection.close()

    asyncio.run(check())


def test_a_silent_stream_is_an_error_after_its_time(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (_, connection):
            query = {"watch": "1", "resourceVersion": "100"}
            async with connection.lines("/api/v1/pods", query=query, silence_s=0.1) as lines:
                with pytest.raises(ApiError, match="the stream broke off"):
                    await anext(lines)

    asyncio.run(check())


def test_an_answer_that_is_no_json_is_refused(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (api, connection):
            api.faults.append(lambda _: web.Response(text="<html>"))
            with pytest.raises(ApiError, match="the answer is no JSON"):
                await connection.request("GET", "/api/v1/pods")

    asyncio.run(check())


@pytest.mark.parametrize("text", ["", "no: [yaml", '{"apiVersion": "v1"}'])
def test_a_kubeconfig_that_cannot_be_used_is_a_usage_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"(?s)gives no way to a cluster.*--kubeconfig"):
        asyncio.run(Connection.open(str(path)))


def test_a_missing_kubeconfig_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gives no way to a cluster"):
        asyncio.run(Connection.open(str(tmp_path / "none")))


@pytest.mark.cluster
def test_a_real_api_server_answers_and_refuses(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)

    async def check() -> None:
        connection = await Connection.open(str(cluster.kubeconfig))
        try:
            assert isinstance(connection.tls(), ssl.SSLContext)
            assert "gitVersion" in await connection.request("GET", "/version")
            nobody = {"Impersonate-User": "system:serviceaccount:default:nobody"}
            with pytest.raises(ApiError) as caught:
                await connection.request("GET", "/api/v1/namespaces/default/pods", headers=nobody)
            assert caught.value.forbidden
            query = {"watch": "1", "timeoutSeconds": "1"}
            async with connection.lines("/api/v1/namespaces", query=query, silence_s=20) as lines:
                assert b'"type"' in await anext(lines)
        finally:
            await connection.close()

    asyncio.run(check())
