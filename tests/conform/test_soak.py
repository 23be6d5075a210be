"""A short soak: simulated correct controllers, with relists, restarts, delays and reorderings, and planted drifts.

`python -m benchmarks.soak 1000000` is the long one.
"""

from __future__ import annotations

import pytest
from benchmarks.soaks import Plan, Soak
from benchmarks.worlds import SCENARIOS, Scenario

OBSERVATIONS = {"dns": 2500, "rollout": 1200, "pool": 3500}
ENOUGH = {"dns": 8, "rollout": 5, "pool": 8}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[each.name for each in SCENARIOS])
def test_there_is_no_false_alarm_and_no_planted_drift_is_missed(scenario: Scenario) -> None:
    tally = Soak(Plan(scenario, OBSERVATIONS[scenario.name], plant_every=40, relist_every=300)).run()
    assert tally.alarms == []
    assert tally.missed == []
    assert tally.caught == tally.planted
    assert min(tally.planted[tier] for tier in ("State", "Step")) >= ENOUGH[scenario.name]
    assert bool(tally.planted["Time"]) == bool(scenario.deadlines)
    assert tally.rejected == 0
    assert tally.gaps > 0 or scenario.deadlines
