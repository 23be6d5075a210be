"""The observation itself: immutable, and the same wherever it comes from."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from speccheck.sources.observations import Kind, Observation


def test_an_observation_cannot_be_changed_and_is_a_modification_unless_told() -> None:
    found = Observation(datetime(2026, 11, 3, tzinfo=UTC))
    assert (found.kind, found.source, found.seq, found.object, found.event) == (Kind.MODIFIED, "", None, None, None)
    with pytest.raises(FrozenInstanceError):
        found.source = "x"  # type: ignore[misc]
