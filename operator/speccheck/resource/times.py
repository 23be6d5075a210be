"""Times as the Kubernetes API writes them (RFC 3339, UTC). Text in, aware `datetime` out, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def time_of(text: str) -> datetime:
    """The time a text stands for, in UTC; ValueError where it stands for none."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def time_text(time: datetime) -> str:
    """A time to the second, as in `metadata.creationTimestamp` and conditions."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_time_text(time: datetime) -> str:
    """A time to the microsecond, as Events have it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_in(body: Mapping[str, Any], name: str) -> datetime | None:
    """The time in a field of a body, None where it is absent."""
    text = body.get(name)
    return time_of(str(text)) if text else None
