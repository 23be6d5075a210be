"""Time, memory and progress of a run."""

from __future__ import annotations

import os

import pytest
from tests.engines.clocks import Clocks

from speccheck.engines.base import Limits, Snapshot
from speccheck.engines.reference.budgets import Budget, resident_bytes
from speccheck.evaluation.failures import LimitReached


def test_without_limits_nothing_ends_a_run() -> None:
    budget = Budget()
    for _ in range(10_000):
        budget.spend(1_000)


def test_the_clock_is_looked_at_now_and_then() -> None:
    budget = Budget(Limits(timeout_s=0))
    budget.spend(999)
    with pytest.raises(LimitReached, match="stopped at the time limit of 0 s"):
        budget.spend(2)


def test_waiting_is_not_counted_as_a_questions_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    budget = Budget(Limits(cpu_s=1.0))
    clocks.work(5.0)
    budget.restart()
    clocks.wait(8.0)
    budget.check()
    clocks.work(1.0)
    with pytest.raises(LimitReached, match="stopped at the time limit of 1 s of work"):
        budget.check()
    budget.lift()
    budget.check()


def test_after_the_run_the_limits_are_lifted() -> None:
    budget = Budget(Limits(timeout_s=0, memory_bytes=0))
    budget.lift()
    budget.check()


def test_memory_in_use_is_measured() -> None:
    before = resident_bytes()
    assert before > 1 << 20
    held = bytearray(os.urandom(1 << 26))
    assert resident_bytes() - before > len(held) // 2


def test_progress_waits_for_a_search_to_tell_of() -> None:
    seen: list[Snapshot] = []
    budget = Budget(Limits(), seen.append)
    budget.started -= 10
    budget._reported -= 10
    budget.check()
    assert seen == []
    budget.snapshot = lambda seconds: Snapshot(1, 2, 3, 4, seconds)
    budget.check()
    budget.check()
    assert [(each.distinct, each.waiting, each.seconds > 9) for each in seen] == [(1, 4, True)]
