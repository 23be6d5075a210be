"""How long one question may take, by the time that the asking thread was at work, not by the clock on the wall.

On a busy machine a thread waits for its turn; what it is asked then takes no more of its own time, and has the same
answer. By the clock a question may take `WAITS` times as long, lest one that only waits lasts for ever.
"""

from __future__ import annotations

import time

WAITS = 10.0
"""How many times as long as its CPU time a question may take by the clock."""


class Timer:
    """Begins when it is made, and belongs to the thread that made it."""

    __slots__ = ("_began", "_began_cpu", "_cpu_s", "_waits")

    def __init__(self, cpu_s: float, waits: float = WAITS) -> None:
        """`cpu_s`: seconds of the thread's CPU time, `waits` times as many by the clock."""
        self._cpu_s = cpu_s
        self._waits = waits
        self._began = time.monotonic()
        self._began_cpu = time.thread_time()

    @property
    def is_over(self) -> bool:
        """Whether either time is. A thread is never longer at work than the clock runs, and that is asked for less."""
        passed_s = time.monotonic() - self._began
        if passed_s < self._cpu_s:
            return False
        return passed_s >= self._cpu_s * self._waits or time.thread_time() - self._began_cpu >= self._cpu_s
