"""Manifests of pods for the tests, as hardened as the restricted Pod Security level asks for and a little more."""

import json
from collections.abc import Sequence
from typing import Any

from tests.cluster.clusters import Cluster

FINISH_TIMEOUT_S = 120.0


def hardened(image: str, command: Sequence[str], *, memory: str = "128Mi") -> dict[str, Any]:
    """A pod's spec: one container `main`, no token, no root, nothing to write to, limits, never restarted."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "resources": {"limits": {"cpu": "1", "memory": memory}, "requests": {"cpu": "100m", "memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationMessagePolicy": "File",
    }
    return {
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
    }


def pod(name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A pod of that spec."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def job(name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A Job that runs a pod of that spec once."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backoffLimit": 0, "template": {"spec": spec}},
    }


def finished(cluster: Cluster, name: str, namespace: str) -> dict[str, Any]:
    """Wait for a pod to end, well or not, and give the state its container ended in (`exitCode`, `reason`, …)."""

    def ended() -> dict[str, Any] | None:
        status = cluster.read("pod", name, f"--namespace={namespace}")["status"]
        if status["phase"] not in ("Succeeded", "Failed"):
            return None
        state: dict[str, Any] = status["containerStatuses"][0]["state"]["terminated"]
        return state

    try:
        return cluster.wait(f"pod {namespace}/{name} to end", ended, FINISH_TIMEOUT_S)
    except Exception as error:
        events = cluster.kubectl("events", f"--namespace={namespace}")
        status = json.dumps(cluster.read("pod", name, f"--namespace={namespace}")["status"], indent=2)
        error.add_note(f"its status: {status}\nEvents:\n{events}")
        raise
