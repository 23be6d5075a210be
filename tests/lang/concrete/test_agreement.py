"""Every spec run concretely takes the steps that its captured Model takes: the oracle for capture."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from tests.lang.concrete.agreements import agreements, entries
from tests.lang.concrete.modules import imported

from speccheck.ir.json import model_digest
from speccheck.loading import capture

ROOT = Path(__file__).resolve().parents[3] / "specs"
STATES = 36
"""How many states of a spec are compared in breadth-first order, divided among its instances."""

STEPS = 6
"""How long the random walk on each instance is."""


@pytest.mark.parametrize("entry", entries(ROOT), ids=lambda path: path.stem)
def test_a_spec_run_concretely_agrees_with_its_model(entry: Path) -> None:
    with imported(entry) as module:
        found = list(agreements(module))
        assert found
        for number, each in enumerate(found):
            each.breadth_first(STATES // len(found))
            each.walk(number, STEPS)
        assert model_digest(found[0].model) == model_digest(capture(entry))


def test_all_states_of_small_instances() -> None:
    complete = []
    for name in ("die_hard", "two_phase_commit"):
        with imported(ROOT / f"{name}.py") as module:
            complete += [(name, each.breadth_first(300)) for each in islice(agreements(module), 2)]
    assert [done for _, done in complete] == [True, True, True, False]
