"""The clocks that `Timer` reads, run by a test."""

from __future__ import annotations

import time

import pytest


class Clocks:
    """Instead of the real ones while the test runs: the clock on the wall, and this thread's time at work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._passed_s = self._worked_s = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self._passed_s)
        monkeypatch.setattr(time, "thread_time", lambda: self._worked_s)

    def wait(self, seconds: float) -> None:
        """Others are at work for so long."""
        self._passed_s += seconds

    def work(self, seconds: float) -> None:
        """This thread is at work for so long."""
        self._passed_s += seconds
        self._worked_s += seconds
