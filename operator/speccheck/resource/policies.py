"""The NetworkPolicy around a SpecCheck's checker pods: nothing in, nothing out."""

from __future__ import annotations

from typing import Any

from speccheck.resource.requests import Request


def network_policy_body(request: Request) -> dict[str, Any]:
    """A policy that denies all traffic to and from the pods of a SpecCheck's Jobs, and goes with the SpecCheck.

    Not every cluster enforces policies, so the capture stage refuses sockets by itself as well.
    """
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": f"speccheck-{request.name}",
            "namespace": request.namespace,
            "labels": request.labels,
            "ownerReferences": [request.owner],
        },
        "spec": {
            "podSelector": {"matchLabels": {"speccheck.dev/speccheck-uid": request.uid}},
            "policyTypes": ["Ingress", "Egress"],
        },
    }
