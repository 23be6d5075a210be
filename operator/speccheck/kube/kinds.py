"""The kinds of objects that the operator reads and writes, and where the API has them; other kinds by discovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speccheck.kube.connections import ApiError, Connection
from speccheck.resource.requests import API_VERSION


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: `api_version` as in a body, `plural` as in a path."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object, or of all of them: in a namespace, or ("") in every one."""
        root = "/api" if "/" not in self.api_version else "/apis"
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{root}/{self.api_version}{place}/{self.plural}{tail}"


SPEC_CHECKS = Kind(API_VERSION, "SpecCheck", "specchecks")
RUNS = Kind(API_VERSION, "SpecCheckRun", "speccheckruns")
DRIFTS = Kind(API_VERSION, "SpecCheckDrift", "speccheckdrifts")
JOBS = Kind("batch/v1", "Job", "jobs")
PODS = Kind("v1", "Pod", "pods")
CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps")
POLICIES = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
EVENTS = Kind("events.k8s.io/v1", "Event", "events")
LEASES = Kind("coordination.k8s.io/v1", "Lease", "leases")

SECRET = ("v1", "Secret")
"""A kind that is never observed, whoever may see it."""


async def discovered(connection: Connection, api_version: str, kind: str) -> Kind | None:
    """The kind of that name that the cluster serves, None where it serves none. Raises ApiError."""
    root = "/api" if "/" not in api_version else "/apis"
    try:
        answer = await connection.request("GET", f"{root}/{api_version}")
    except ApiError as error:
        if error.missing:
            return None
        raise
    found = next((each for each in answer.get("resources", ()) if _is_kind(each, kind)), None)
    return Kind(api_version, kind, str(found["name"]), bool(found["namespaced"])) if found else None


def _is_kind(resource: dict[str, Any], kind: str) -> bool:
    return resource.get("kind") == kind and "/" not in str(resource.get("name"))
