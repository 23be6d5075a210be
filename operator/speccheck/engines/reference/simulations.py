"""Random walks, exactly as every engine takes them: the same seed and walk give the same states.

Walk number w (from 0) draws from `choosers.Generator(seed, w)`. Its initial state and each step are
one way, chosen as the program runs: at every choice an option is drawn uniformly from the canonically ordered
options; where the way is refused further on, the innermost choice with options left is redrawn without
replacement. A walk ends where no step is possible or at the step limit, and is always finished; walks go
on until every property is decided. *Distinct* counts the states of all walks once, *generated* each occurrence.
"""

from __future__ import annotations

from functools import partial

from speccheck.engines.base import Limits, Snapshot, Walks
from speccheck.engines.reference.budgets import WAY
from speccheck.engines.reference.choosers import Generator
from speccheck.engines.reference.endings import (
    Counts,
    Decision,
    Ending,
    Where,
    ended,
    failed,
    given_up,
    no_initial_state,
    sampled,
    stopped,
    too_large,
)
from speccheck.engines.reference.paths import Way, first_way, path_of
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.verdicts import Ledger
from speccheck.engines.reference.walks import State
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.ops import TooLarge
from speccheck.reports import Path


def simulate(program: Program, ledger: Ledger, limits: Limits, walks: Walks, max_steps: int) -> Counts:
    """Takes the walks and settles the ledger; gives what was seen."""
    simulation = _Simulation(program, ledger, walks, max_steps)
    program.budget.snapshot = simulation.snapshot
    ledger.settle(ended(partial(simulation.run, fail_fast=limits.fail_fast)))
    return simulation.counts


class _Simulation:
    """The walks taken so far and the states they met."""

    def __init__(self, program: Program, ledger: Ledger, walks: Walks, max_steps: int) -> None:
        self._program = program
        self._ledger = ledger
        self._walks = walks
        self._max_steps = max_steps
        self._seen: set[State] = set()
        self.counts = Counts.of(program.stepping())

    def snapshot(self, seconds: float) -> Snapshot:
        """How far the walks have come; none of their states waits."""
        return Snapshot(self.counts.distinct, self.counts.generated, self.counts.depth, 0, seconds)

    def run(self, *, fail_fast: bool) -> Ending:
        """Takes one walk after another. Raises like `Search.run`."""
        self._program.budget.check()
        for number in range(self._walks.count):
            trouble = self._walk(Generator(self._walks.seed, number))
            self.counts.walks += 1
            if trouble is not None:
                return trouble
            if self._ledger.done:
                break
            if fail_fast and self._ledger.violated:
                return stopped("FailFast")
        return sampled(self.counts.walks)

    def _walk(self, generator: Generator) -> Ending | None:
        """One walk; what ends the whole run, where something does."""
        ways: list[Way] = []
        while len(ways) <= self._max_steps:
            try:
                way = self._draw(ways, generator)
            except EvaluationFailed as failure:
                return _settled(failed(failure, *self._at(ways)))
            except TooLarge as error:
                return _settled(too_large(error))
            if way is None:
                return self._dead_end(ways, generator.doubtful)
            ways.append(way)
            self._arrived(ways)
        return None

    def _draw(self, ways: list[Way], generator: Generator) -> Way | None:
        generator.doubtful = ""
        origin = ways[-1].state if ways else None
        tried = self.counts.tried if ways else None
        return first_way(self._program, origin, lambda state, walk: True, generator.pick, tried)

    def _dead_end(self, ways: list[Way], doubtful: str) -> Ending | None:
        """Nothing was found that goes on; `doubtful` names a choice of which not all options were tried."""
        if not ways:
            return _settled(given_up(doubtful)) if doubtful else no_initial_state
        if doubtful:
            self._ledger.doubted(given_up(doubtful))
        else:
            self._ledger.deadlocked(self._where(ways))
        return None

    def _arrived(self, ways: list[Way]) -> None:
        counts, way = self.counts, ways[-1]
        counts.generated += 1
        counts.depth = max(counts.depth, len(ways) - 1)
        for action, _ in way.calls if len(ways) > 1 else ():
            counts.taken[action.name] += 1
        self._program.budget.spend(WAY)
        if way.state not in self._seen:
            self._seen.add(way.state)
            counts.distinct += 1
            self._ledger.judge(way.state, self._where(ways))

    def _at(self, ways: list[Way]) -> tuple[Where | None, str]:
        if not ways:
            return None, "while an initial state was made"
        return self._where(ways), "while a step from this state was taken"

    def _where(self, ways: list[Way]) -> Where:
        return partial(self._path, ways, len(ways))

    def _path(self, ways: list[Way], length: int) -> Path:
        return path_of(self._program.model, ways[:length])


def _settled(decision: Decision) -> Ending:
    return lambda kind: decision
