"""The connection to an API server: requests with bodies as plain data, and streams of watch lines.

Takes a kubeconfig, or the service account of the pod it runs in. Every request has a deadline. Whatever goes wrong is
an ApiError: the server's refusal with its status, or status 0 where no server answered. It retries nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlencode

import aiohttp
import msgspec
import yaml
from aiohttp.http_exceptions import LineTooLong
from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

from speccheck.errors import EngineError, UsageError

Body: TypeAlias = dict[str, Any]

REQUEST_TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 10.0
IMPERSONATION = "Impersonate-User"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
LINE_LIMIT_BYTES = 16 * 1024 * 1024
"""The longest line of a watch: an object is at most a part of that."""

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class ApiError(EngineError):
    """The API server refused a request, or none answered (status 0). `reason` is the server's word for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def unreachable(self) -> bool:
        return self.status == 0

    @property
    def missing(self) -> bool:
        return self.status == 404

    @property
    def conflict(self) -> bool:
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def gone(self) -> bool:
        """The resource version is too old to go on from."""
        return self.status == 410

    @property
    def forbidden(self) -> bool:
        return self.status == 403

    @property
    def invalid(self) -> bool:
        """The body itself is refused: the same again would be refused again."""
        return self.status in (400, 413, 422)


class Connection:
    """An API server and the credentials for it. `host` is its URL; `close` ends it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.host: str = client.configuration.host

    @staticmethod
    async def open(kubeconfig: str = "", context: str = "") -> Connection:
        """The connection of a kubeconfig ("": the pod's own, else the user's).

        Raises UsageError where there is none that can be read.
        """
        configuration = kubernetes_client.Configuration()
        try:
            if not kubeconfig and os.path.exists(f"{_SERVICE_ACCOUNT}/token"):
                kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
            else:
                await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]
                    kubeconfig or None, context or None, configuration, persist_config=False
                )
        except (kubernetes_config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, KeyError) as error:
            where = kubeconfig or "the default kubeconfig"
            raise UsageError(f"{where} gives no way to a cluster: {error}; name another with --kubeconfig") from error
        configuration.connection_pool_maxsize = 0  # a watch holds its connection, so a limit would starve requests
        configuration.client_session_kwargs = {"read_bufsize": LINE_LIMIT_BYTES}
        client = kubernetes_client.ApiClient(configuration)
        client.user_agent = "speccheck-operator"
        return Connection(client)

    async def close(self) -> None:
        await self._client.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> Body:
        """One request with a JSON answer. Raises ApiError."""
        raw = await self.request_bytes(method, path, query=query, body=body, headers=headers, timeout_s=timeout_s)
        try:
            answer = msgspec.json.decode(raw) if raw else {}
        except msgspec.DecodeError as error:
            raise ApiError(0, "NotJson", f"{method} {path}: the answer is no JSON: {error}") from error
        return answer if isinstance(answer, dict) else {"value": answer}

    async def request_bytes(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> bytes:
        """One request with an answer as it comes. Raises ApiError."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        async with self._answer(method, path, query, body, headers, timeout) as answer:
            return await _read(answer, f"{method} {path}")

    @asynccontextmanager
    async def lines(
        self, path: str, *, query: Mapping[str, str], headers: Mapping[str, str] | None = None, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A stream of lines, until the server ends it. Raises ApiError, also after `silence_s` without a byte."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=silence_s)
        async with self._answer("GET", path, query, None, headers, timeout) as answer:
            yield _lines(answer, path)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        headers: Mapping[str, str] | None,
        timeout: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        sent = await self._client.param_serialize(
            method,
            f"{path}?{urlencode(query)}" if query else path,
            header_params={"Accept": "application/json"} | dict(headers or {}),
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = (await self._client.call_api(*sent, _request_timeout=timeout)).response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(method, path, error) from error
        async with response:
            if response.status >= 400:
                raise _refusal(response.status, await _read(response, path), f"{method} {path}")
            yield response

    async def authorization(self) -> Mapping[str, str]:
        """The headers that carry the credentials at this moment, for another HTTP client."""
        headers: dict[str, str] = {}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        return headers

    def tls(self) -> Any:
        """The TLS context (an `ssl.SSLContext`) for another HTTP client."""
        return self._client.rest_client.ssl_context

    def proxy(self) -> str | None:
        """The proxy that the kubeconfig names, if any, for another HTTP client."""
        proxy: str | None = self._client.configuration.proxy
        return proxy


async def _read(answer: aiohttp.ClientResponse, what: str) -> bytes:
    try:
        return await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ApiError(0, "Unreachable", f"{what}: the answer broke off: {_text(error)}") from error


async def _lines(answer: aiohttp.ClientResponse, path: str) -> AsyncIterator[bytes]:
    try:
        async for line in answer.content:
            if line.strip():
                yield line
    except (ValueError, LineTooLong) as error:
        raise ApiError(0, "LineTooLong", f"GET {path}: a line of more than {LINE_LIMIT_BYTES} bytes") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ApiError(0, "StreamBroken", f"GET {path}: the stream broke off: {_text(error)}") from error


def _unreachable(method: str, path: str, error: Exception) -> ApiError:
    return ApiError(0, "Unreachable", f"{method} {path}: the API server does not answer: {_text(error)}")


def _refusal(status: int, raw: bytes, what: str) -> ApiError:
    try:
        told = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        told = {}
    known = told if isinstance(told, dict) else {}
    message = str(known.get("message") or raw[:500].decode(errors="replace") or "no message")
    return ApiError(status, str(known.get("reason") or ""), f"{what}: {status}: {message}")


def _text(error: BaseException) -> str:
    return str(error) or ("timed out" if isinstance(error, asyncio.TimeoutError) else type(error).__name__)
