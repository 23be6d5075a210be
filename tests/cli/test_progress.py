"""How far a search has come, on one line."""

from __future__ import annotations

from speccheck.cli.progress import snapshot_text
from speccheck.engines.base import Snapshot


def test_a_snapshot_on_one_line() -> None:
    text = snapshot_text(Snapshot(distinct=42_788, generated=260_000, depth=7, waiting=19_454, seconds=2.6))
    assert text == "42,788 states, 19,454 waiting, 7 deep, 100,000 steps/s, 3 s"


def test_no_time_passed_is_no_fault() -> None:
    assert "0 steps/s" in snapshot_text(Snapshot(0, 0, 0, 0, 0.0))
