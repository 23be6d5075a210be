"""Reading objects: each read asks the API server itself, so what it gives is not older than the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speccheck.kube.connections import METADATA_ONLY, ApiError, Body, Connection
from speccheck.kube.kinds import PODS, Kind

PAGE = 100
LOG_TIMEOUT_S = 60.0


class Reader:
    """Reads by a connection. Every method raises ApiError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, kind: Kind, namespace: str, name: str) -> Body | None:
        """An object, None where there is none."""
        try:
            return await self._connection.request("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.missing:
                return None
            raise

    async def listed(
        self, kind: Kind, namespace: str = "", labels: Mapping[str, str] | None = None, *, metadata_only: bool = False
    ) -> list[Body]:
        """All objects of a kind with these labels, page by page; `metadata_only`: nothing but their metadata."""
        selector = ",".join(f"{name}={value}" for name, value in (labels or {}).items())
        headers = {"Accept": METADATA_ONLY} if metadata_only else {}
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        items: list[Body] = []
        while True:
            page = await self._connection.request("GET", kind.path(namespace), query=query, headers=headers)
            items += [_whole(item, kind) for item in page.get("items") or ()]
            following = page["metadata"].get("continue")
            if not following:
                return items
            query["continue"] = following

    async def log(self, namespace: str, pod: str, container: str, limit_bytes: int) -> bytes:
        """A container's log, cut at `limit_bytes`."""
        return await self._connection.request_bytes(
            "GET",
            PODS.path(namespace, pod, "log"),
            query={"container": container, "limitBytes": str(limit_bytes)},
            headers={"Accept": "*/*"},
            timeout_s=LOG_TIMEOUT_S,
        )


def _whole(item: dict[str, Any], kind: Kind) -> Body:
    """An item of a list with what the list leaves out of its items."""
    return item | {"apiVersion": kind.api_version, "kind": kind.kind}
