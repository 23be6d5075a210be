"""How long the program takes to start and answer: python -m benchmarks.startup [RUNS]

Each line is a process of its own, run RUNS times (11 where nobody says) after one run that fills the cache of bytecode:
the median and the least of the time on the clock, and of the processors' time of the process and its children (user and
system), which other work on the machine disturbs less.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machines import machine

ROOT = Path(__file__).resolve().parents[1]
SPECCHECK = "from speccheck.cli.main import main; main()"
PROGRAMS = {
    "an empty program": ("pass",),
    "import speccheck.observe": ("import speccheck.observe",),
    "from speccheck import *": ("from speccheck import *",),
    "speccheck --version": (SPECCHECK, "--version"),
    "speccheck check --help": (SPECCHECK, "check", "--help"),
    "speccheck capture, two_phase_commit": (SPECCHECK, "capture", "specs/two_phase_commit.py"),
    "speccheck check, 288 states": (SPECCHECK, "check", "specs/two_phase_commit.py", "--instance", "n3"),
}
DEADLINE_S = 60


def run(program: tuple[str, ...], cache: Path) -> tuple[float, float]:
    """Seconds on the clock, and of the processors."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", *program],
        cwd=ROOT,
        env=plain | {"PYTHONPYCACHEPREFIX": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=DEADLINE_S,
        check=True,
    )
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """One line a program."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print(machine())
    cache = ROOT / "build" / "startup"
    for name, program in PROGRAMS.items():
        run(program, cache)
        clock, processors = zip(*(run(program, cache) for _ in range(runs)), strict=True)
        shown = [f"{statistics.median(each):.3f} s, least {min(each):.3f}" for each in (clock, processors)]
        print(f"{name:36}  clock {shown[0]}   processors {shown[1]}")


if __name__ == "__main__":
    main()
