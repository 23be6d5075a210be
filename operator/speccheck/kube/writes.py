"""Writing objects: the one door through which the operator changes anything in a cluster.

Every write is safe to be late or repeated: it makes an object of a deterministic name, or carries the resource version
or the UID of what it changes. Once the Lease is lost the door is shut.

For tests of crashes, SPECCHECK_FAILPOINT=n kills this process at the n-th point: 2k-1 just before the k-th write, 2k
just after it.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping
from typing import Any

from speccheck.errors import EngineError
from speccheck.kube.connections import JSON_PATCH, MERGE_PATCH, ApiError, Body, Connection
from speccheck.kube.kinds import Kind

FAILPOINT_VARIABLE = "SPECCHECK_FAILPOINT"

_log = logging.getLogger(__name__)


class Failpoints:
    """Counts the points passed, and ends the process, as a power cut would, at the one that is set (0: none)."""

    def __init__(self, fatal: int = 0) -> None:
        self._fatal = fatal
        self._passed = 0

    @staticmethod
    def from_environment() -> Failpoints:
        return Failpoints(int(os.environ.get(FAILPOINT_VARIABLE) or 0))

    def reach(self, what: str) -> None:
        """One more point is passed."""
        self._passed += 1
        if self._passed == self._fatal:
            _log.warning("fail-point %d: %s", self._passed, what)
            os.kill(os.getpid(), signal.SIGKILL)


class Writer:
    """Writes by a connection. Every method raises ApiError, and EngineError once `shut` was called."""

    def __init__(self, connection: Connection, failpoints: Failpoints | None = None) -> None:
        self._connection = connection
        self._failpoints = failpoints or Failpoints()
        self._open = True

    def shut(self) -> None:
        """Nothing is written from here on."""
        self._open = False

    async def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> Body | None:
        """Make an object; None where one of its name exists."""
        try:
            return await self._write("POST", kind.path(namespace), dict(body))
        except ApiError as error:
            if error.exists:
                return None
            raise

    async def set_status(self, kind: Kind, body: Mapping[str, Any], status: Mapping[str, Any]) -> Body:
        """Put a whole `.status` in place of the one in `body`; a conflict where the object has changed since."""
        metadata = body["metadata"]
        patch = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            {"op": "add", "path": "/status", "value": dict(status)},
        ]
        return await self._write("PATCH", kind.path(metadata["namespace"], metadata["name"], "status"), patch)

    async def replace(self, kind: Kind, body: Mapping[str, Any], *, counted: bool = True) -> Body:
        """Put a body in place of the object it was made from; a conflict where that has changed since."""
        metadata = body["metadata"]
        return await self._write("PUT", kind.path(metadata["namespace"], metadata["name"]), dict(body), counted)

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Mapping[str, Any]) -> Body | None:
        """Merge a patch whose repetition changes nothing into an object; None where there is none."""
        try:
            return await self._write("PATCH", kind.path(namespace, name), dict(patch))
        except ApiError as error:
            if error.missing:
                return None
            raise

    async def merge_status(self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any]) -> Body | None:
        """Merge fields whose repetition changes nothing into an object's `.status`; None where there is none."""
        try:
            return await self._write("PATCH", kind.path(namespace, name, "status"), {"status": dict(status)})
        except ApiError as error:
            if error.missing:
                return None
            raise

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete the object of that UID, and in the background what it owns; nothing where there is none."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            await self._write("DELETE", kind.path(namespace, name), options)
        except ApiError as error:
            if not (error.missing or error.conflict):
                raise

    async def _write(self, method: str, path: str, body: Any, counted: bool = True) -> Body:
        if not self._open:
            raise EngineError(f"{method} {path} was not sent: this operator does not hold the Lease any more")
        if counted:
            self._failpoints.reach(f"before {method} {path}")
        answer = await self._connection.request(method, path, body=body, headers=_headers(method, body))
        if counted:
            self._failpoints.reach(f"after {method} {path}")
        return answer


def _headers(method: str, body: Any) -> dict[str, str]:
    if method != "PATCH":
        return {}
    return {"Content-Type": JSON_PATCH if isinstance(body, list) else MERGE_PATCH}
