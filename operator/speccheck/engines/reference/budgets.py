"""What a run may still spend: a deadline, a memory cap, and the pace of progress reports.

Running code calls `spend` with a rough count of what it did; every so often that looks at the
clock, and raises `LimitReached` where the run is over. It costs next to nothing in between.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from speccheck.engines.base import Limits, Progress, Snapshot
from speccheck.engines.timers import Timer
from speccheck.evaluation.failures import LimitReached

WAY = 10
"""What a completed way, or a state expanded, counts as."""

_ALLOWANCE = 1_000
"""How much is spent between two looks at the clock: 100 ways, or 1,000 elements of binders."""

_PROGRESS_S = 0.2
_MEMORY_S = 0.05

_STATM = Path("/proc/self/statm")


class Budget:
    """The limits of one run. `snapshot` is set by the search, and says how far it has come."""

    def __init__(self, limits: Limits | None = None, progress: Progress | None = None) -> None:
        limits = limits or Limits()
        self.started = time.monotonic()
        self.snapshot: Callable[[float], Snapshot] | None = None
        self._progress = progress
        self._timeout_s = limits.timeout_s
        self._cpu_s = limits.cpu_s
        self._timer = None if limits.cpu_s is None else Timer(limits.cpu_s)
        self._memory_bytes = limits.memory_bytes
        self._left = _ALLOWANCE
        self._reported = self._measured = self.started

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self.started

    def spend(self, amount: int) -> None:
        """Counts work done. Raises LimitReached where time or memory is used up."""
        self._left -= amount
        if self._left < 0:
            self.check()

    def check(self) -> None:
        """Looks at the clock, at memory, and reports progress where it is due."""
        self._left = _ALLOWANCE
        now = time.monotonic()
        if self._timeout_s is not None and now - self.started >= self._timeout_s:
            raise LimitReached("Timeout", f"stopped at the time limit of {self._timeout_s:g} s")
        if self._timer is not None and self._timer.is_over:
            raise LimitReached("Timeout", f"stopped at the time limit of {self._cpu_s:g} s of work")
        if self._memory_bytes is not None and now - self._measured >= _MEMORY_S:
            self._measured = now
            self._check_memory(self._memory_bytes)
        if self._progress and self.snapshot and now - self._reported >= _PROGRESS_S:
            self._reported = now
            self._progress(self.snapshot(now - self.started))

    def restart(self) -> None:
        """Starts the clocks again, with the same limits; the question is of the thread that does."""
        self.started = self._reported = self._measured = time.monotonic()
        self._timer = None if self._cpu_s is None else Timer(self._cpu_s)
        self._left = _ALLOWANCE

    def lift(self) -> None:
        """Takes the limits away: what is left to do is to tell what was found."""
        self._timeout_s = self._cpu_s = self._timer = self._memory_bytes = self._progress = None

    def _check_memory(self, limit: int) -> None:
        used = resident_bytes()
        if used >= limit:
            raise LimitReached("MemoryLimit", f"stopped at the memory limit of {limit:,} bytes ({used:,} in use)")


def resident_bytes() -> int:
    """The memory this process holds; where the system does not tell, the most it has held."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
