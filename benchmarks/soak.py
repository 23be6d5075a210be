"""The soak: python -m benchmarks.soak 1000000 [SCENARIO...]

As many observations as asked for, divided among the scenarios, or of each that is named. Prints, for each, observations
a second, false alarms, the drifts planted and caught by tier, and the memory of the process over time. Exit status 1
for a false alarm too many (one in a million) or a drift missed.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.machines import machine, resident_mib
from benchmarks.soaks import Plan, Soak, Tally
from benchmarks.worlds import SCENARIOS, Scenario

SHARES = {"dns": 0.3, "rollout": 0.25, "pool": 0.45}
KEYS = 100
SAMPLES = 20


def soaked(scenario: Scenario, observations: int) -> Tally:
    """One scenario's part of it."""
    memory = []
    soak = Soak(Plan(scenario, observations, keys=KEYS))
    began = time.perf_counter()
    tally = soak.run(lambda _: memory.append(resident_mib()))
    took_s = time.perf_counter() - began
    tiers = ", ".join(f"{tier} {tally.caught[tier]} of {count}" for tier, count in sorted(tally.planted.items()))
    print(
        f"{scenario.name}: {tally.observations} observations, {tally.observations / took_s:.0f} a second, {KEYS} keys"
    )
    print(f"  false alarms {tally.false_alarms}; caught: {tiers}; gaps {tally.gaps}; rejected {tally.rejected}")
    every = max(1, len(memory) // SAMPLES)
    print(f"  resident MiB over time: {' '.join(f'{each:.1f}' for each in memory[::every])}")
    for each in (*tally.alarms, *tally.missed):
        print(f"  ! {each[:400]}")
    sys.stdout.flush()
    return tally


def main(observations: int, names: Sequence[str] = ()) -> int:
    """All scenarios, or those named."""
    print(machine())
    if unknown := set(names) - set(SHARES):
        raise SystemExit(f"no scenario is named {', '.join(sorted(unknown))}; there is {', '.join(SHARES)}")
    wanted = dict.fromkeys(names, 1.0) or SHARES
    tallies = [soaked(each, int(observations * wanted[each.name])) for each in SCENARIOS if each.name in wanted]
    false = sum(each.false_alarms for each in tallies)
    planted = sum((each.planted for each in tallies), Counter[str]())
    caught = sum((each.caught for each in tallies), Counter[str]())
    total = sum(each.observations for each in tallies)
    print(f"in all {total} observations, {false} false alarms; planted {dict(planted)}, caught {dict(caught)}")
    return int(false > max(1, total // 1_000_000) or planted != caught)


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:] or ["100000"])[0]), sys.argv[2:]))
