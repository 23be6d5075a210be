"""What a SpecCheck asks for: its body, checked and with the defaults filled in, as a frozen `Request`.

A body that does not fit raises UsageError with the place, the fault and the way out. What CEL expressions
mean, and whether the spec has the names asked for, is found out elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from speccheck.errors import UsageError
from speccheck.resource.fields import (
    PATTERNS,
    Check,
    ConfigMapSource,
    Gate,
    InlineSource,
    KubernetesSource,
    Observe,
    ObserveSource,
    PodTemplate,
    Selector,
    Source,
    Spec,
)
from speccheck.resource.rules import broken_rules
from speccheck.resource.times import time_of

UID_LABEL = "speccheck.dev/speccheck-uid"

__all__ = [
    "API_VERSION",
    "KIND",
    "REQUESTED_AT",
    "UID_LABEL",
    "Check",
    "ConfigMapSource",
    "Gate",
    "InlineSource",
    "KubernetesSource",
    "Observe",
    "ObserveSource",
    "PodTemplate",
    "Request",
    "Selector",
    "Source",
    "owner_reference",
    "refusal",
    "request_of",
]

API_VERSION = "speccheck.dev/v1alpha1"
KIND = "SpecCheck"
REQUESTED_AT = "speccheck.dev/requested-at"
"""The annotation whose change asks for a fresh run of the same content."""

NAME_LIMIT = 63
ANNOTATION_LIMIT = 256


class Request(Spec, frozen=True, kw_only=True):
    """A SpecCheck's `.spec` with what identifies it. `requested_at` is its annotation, "" without one."""

    name: str
    namespace: str
    uid: str
    generation: int
    created: datetime
    requested_at: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels that everything made for this SpecCheck carries."""
        return {
            "app.kubernetes.io/managed-by": "speccheck",
            "speccheck.dev/speccheck": self.name,
            UID_LABEL: self.uid,
        }

    @property
    def owner(self) -> dict[str, Any]:
        """The owner reference by which what is made for this SpecCheck goes with it."""
        return owner_reference(KIND, self.name, self.uid)


def owner_reference(kind: str, name: str, uid: str) -> dict[str, Any]:
    """A controller reference to an object of ours; it blocks no deletion, which would take a right on finalizers."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def request_of(body: Mapping[str, Any]) -> Request:
    """The request in a SpecCheck's body; UsageError where it is not one that can be carried out.

    A manifest that no API server has seen yet may lack `uid`, `generation` and `creationTimestamp`.
    """
    if (body.get("apiVersion"), body.get("kind")) != (API_VERSION, KIND):
        raise UsageError(f"not a SpecCheck: apiVersion should be {API_VERSION} and kind {KIND}")
    spec = _spec_of(body.get("spec"))
    for rule in broken_rules(spec):
        raise UsageError(f"{rule.place}: {rule.message}")
    fields = {name: getattr(spec, name) for name in spec.__struct_fields__}
    return Request(**fields, **_identity(body.get("metadata") or {}))


def _spec_of(spec: Any) -> Spec:
    try:
        return msgspec.convert(spec, Spec)
    except msgspec.ValidationError as error:
        raise UsageError(refusal(str(error))) from None


def refusal(text: str, root: str = "spec") -> str:
    """msgspec's sentence with the place first and patterns in words: `spec.check.walks: expected int, got str`."""
    fault, _, place = text.partition(" - at ")
    for pattern, words in PATTERNS.items():
        fault = fault.replace(f"`str` matching regex {pattern!r}", words)
    where = re.sub(r"`|\$", "", place.replace("`$", f"`{root}")) or root
    words = fault.replace("`", "")
    return f"{where}: {words[:1].lower()}{words[1:]}; docs/resource.md describes every field"


def _identity(metadata: Mapping[str, Any]) -> dict[str, Any]:
    name = str(metadata.get("name") or "")
    if not 0 < len(name) <= NAME_LIMIT:
        raise UsageError("metadata.name: give a name of at most 63 characters; it becomes a label")
    annotations = metadata.get("annotations") or {}
    return {
        "name": name,
        "namespace": str(metadata.get("namespace") or "default"),
        "uid": str(metadata.get("uid") or ""),
        "generation": int(metadata.get("generation") or 1),
        "created": time_of(str(metadata.get("creationTimestamp") or "1970-01-01T00:00:00Z")),
        "requested_at": str(annotations.get(REQUESTED_AT) or "")[:ANNOTATION_LIMIT],
    }
