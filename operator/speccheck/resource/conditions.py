"""Conditions as Kubernetes has them: a type, a status, why, and since when. What they say is decided in `statuses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from speccheck.resource.paths import cut
from speccheck.resource.times import time_text

Truth: TypeAlias = Literal["True", "False", "Unknown"]

MESSAGE_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition to be set. `generation` is the generation it is about, None for none."""

    type: str
    status: Truth
    reason: str
    message: str
    generation: int | None = None


def conditions_body(
    previous: Sequence[Mapping[str, Any]], wanted: Sequence[Condition], now: datetime
) -> list[dict[str, Any]]:
    """The conditions as they stand in `.status`: a condition's time moves only with its status."""
    before = {c.get("type"): c for c in previous}
    return [_body(condition, before.get(condition.type), now) for condition in wanted]


def _body(condition: Condition, before: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    stands = before is not None and before.get("status") == condition.status and before.get("lastTransitionTime")
    generation = {} if condition.generation is None else {"observedGeneration": condition.generation}
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": cut(condition.message, MESSAGE_LIMIT),
        "lastTransitionTime": stands or time_text(now),
        **generation,
    }


def condition_in(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of a type in a `.status`, empty where there is none."""
    return next((c for c in status.get("conditions") or [] if c.get("type") == kind), {})
