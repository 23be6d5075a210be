"""A question's time: the asking thread's own, and by the clock a multiple of it."""

from __future__ import annotations

import threading
import time

import pytest
from tests.engines.clocks import Clocks

from speccheck.engines.timers import Timer


def test_waiting_for_a_turn_takes_none_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    timer = Timer(1.0)
    clocks.wait(8.0)
    assert not timer.is_over
    clocks.work(0.75)
    assert not timer.is_over
    clocks.work(0.25)
    assert timer.is_over


def test_work_alone_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    timer = Timer(1.0)
    clocks.work(0.75)
    assert not timer.is_over
    clocks.work(0.25)
    assert timer.is_over


def test_what_only_waits_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    timer = Timer(1.0, waits=5.0)
    clocks.wait(4.75)
    assert not timer.is_over
    clocks.wait(0.25)
    assert timer.is_over


def test_no_time_is_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Clocks(monkeypatch)
    assert Timer(0.0).is_over


def test_by_the_real_clocks_only_ones_own_work_counts() -> None:
    mine, ends = Timer(0.2, waits=1e6), time.monotonic() + 20
    worked = []

    def work() -> None:
        others = Timer(0.2, waits=1e6)
        while not others.is_over:
            assert time.monotonic() < ends, "0.2 s of work were not done within 20 s"
        worked.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert worked
    assert not mine.is_over
