"""Drifts and states of observation that the tests of the resource layer share."""

from __future__ import annotations

from typing import Any

from tests.resource.bodies import DIGEST, NOW, later

from speccheck.resource.drifts import Drift, ObjectRef, ObserveState

ZONE = ObjectRef("v1", "ConfigMap", "platform", "zone-a", "zone-uid")
NODE = ObjectRef("v1", "Node", "", "node-1", "node-uid")
DRIFT = Drift("no_inconsistent_root", "State", "a", ZONE, later(-90.25), 1, later(-90.25), "root -> plan-3")
OTHER_DRIFT = Drift("bounded", "State", "b", NODE, later(-30), 4, later(-2), "too many")


def observed(**fields: Any) -> ObserveState:
    """Observation that goes well, with some fields changed."""
    usual: dict[str, Any] = {"synced": True, "keys": 3, "judged": 17, "last_observed": NOW, "model_digest": DIGEST}
    return ObserveState(**(usual | fields))
