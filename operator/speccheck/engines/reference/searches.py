"""Breadth-first search over all reachable states.

Counts as the engines' contract fixes them: *generated* is the initial ways and every completed way
of every expanded state, duplicates and self-loops included. A level is always finished, also after a violation;
the search goes on until every property asked for is decided, or there is nothing left, or a limit is
reached; with nothing asked for it visits everything. States come in canonical order, so the first path
found is a shortest one and always the same.
"""

from __future__ import annotations

from functools import partial

from speccheck.engines.base import Limits, Snapshot
from speccheck.engines.reference.budgets import WAY
from speccheck.engines.reference.endings import (
    Counts,
    Decision,
    Ending,
    Where,
    bounded,
    ended,
    exhausted,
    failed,
    no_initial_state,
    stopped,
    too_large,
)
from speccheck.engines.reference.liveness.graphs import Graph
from speccheck.engines.reference.paths import first_way, path_through, take
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.verdicts import Ledger
from speccheck.engines.reference.walks import State, Walk, every
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.ops import TooLarge
from speccheck.reports import Path


def explore(program: Program, ledger: Ledger, limits: Limits) -> Counts:
    """Searches and settles the ledger; gives what was seen."""
    search = _Search(program, ledger, limits)
    program.budget.snapshot = search.snapshot
    ledger.settle(ended(search.run))
    return search.counts


class _Search:
    """The states found so far, numbered in the order of finding, and where each came from."""

    def __init__(self, program: Program, ledger: Ledger, limits: Limits) -> None:
        self._program = program
        self._ledger = ledger
        self._limits = limits
        self._seen: dict[State, int] = {}
        self._states: list[State] = []
        self._graph = ledger.graph
        if self._graph is not None:
            self._graph.states = self._states
        self._origins: list[int] = []
        self._expanding = -1
        self._trouble: Decision | None = None
        self.counts = Counts.of(program.stepping())

    def snapshot(self, seconds: float) -> Snapshot:
        """How far the search has come."""
        counts = self.counts
        waiting = len(self._states) - 1 - self._expanding
        return Snapshot(counts.distinct, counts.generated, counts.depth, waiting, seconds)

    def run(self) -> Ending:
        """Searches level by level. Gives how to settle what it leaves open.

        Raises LimitReached, MemoryError and KeyboardInterrupt with the search as far as it came.
        """
        self._program.budget.check()
        self._expand(None)
        if not self._states and self._trouble is None:
            return no_initial_state
        start = 0
        while True:
            ending = self._ending(start)
            if ending is not None:
                return ending
            start = self._level(start)

    def _ending(self, start: int) -> Ending | None:
        """How the search ends after a level, where it does; the states from `start` on are not expanded."""
        trouble = self._trouble
        if trouble is not None:
            return lambda kind: trouble
        if start == len(self._states) or self._ledger.done:
            return exhausted
        if self._limits.fail_fast and self._ledger.violated:
            return stopped("FailFast")
        if self.counts.depth == self._limits.max_steps:
            if self._limits.deadlock:
                self._look_for_deadlocks(start)
            return bounded(self.counts.depth)
        return None

    def _look_for_deadlocks(self, start: int) -> None:
        """Whether the states at the bound have a step at all; what the steps lead to is beyond it."""
        for number in range(start, len(self._states)):
            try:
                way = first_way(self._program, self._states[number], lambda state, walk: True)
            except EvaluationFailed:
                continue  # that there is a step is not in doubt, only where it leads
            except TooLarge as error:
                self._ledger.doubted(too_large(error))
                continue
            self._program.budget.spend(WAY)
            if way is None:
                self._ledger.deadlocked(self._where(number))

    def _level(self, start: int) -> int:
        """Expands the states from `start` on; gives the number of the first state of the next level."""
        end = len(self._states)
        for number in range(start, end):
            self._expanding = number
            self._expand(number)
        if len(self._states) > end:
            self.counts.depth += 1
        return end

    def _expand(self, number: int | None) -> None:
        """Takes every way out of a state (None: the initial ways), then judges the states that are new."""
        origin = None if number is None else self._states[number]
        known, before = len(self._states), self.counts.generated
        try:
            tried = None if number is None else self.counts.tried
            if self._graph is not None and origin is not None:
                self._graph.expand(origin)
            take(self._program, origin, Walk(every, self._arrive, tried))
            if self._graph is not None and origin is not None:
                self._graph.expanded()
            if number is not None and self.counts.generated == before:
                self._ledger.deadlocked(self._where(number))
        except EvaluationFailed as failure:
            self._trouble = self._trouble_of(failed(failure, *self._at(number)))
        except TooLarge as error:
            self._trouble = self._trouble_of(too_large(error))
        self._program.budget.spend(WAY)
        for new in range(known, len(self._states)):
            self._ledger.judge(self._states[new], self._where(new))

    def _trouble_of(self, latest: Decision) -> Decision:
        """What to say of a level with several troubles: the first error, else the first of all."""
        first = self._trouble
        return latest if first is None or first.verdict.rank > latest.verdict.rank else first

    def _at(self, number: int | None) -> tuple[Where | None, str]:
        if number is None:
            return None, "while an initial state was made"
        return self._where(number), "while a step from this state was taken"

    def _arrive(self, state: State, walk: Walk) -> bool:
        counts = self.counts
        counts.generated += 1
        self._program.budget.spend(WAY)
        if self._expanding >= 0:
            for action, _ in walk.calls:
                counts.taken[action.name] += 1
        number = self._seen.setdefault(state, counts.distinct)
        if number == counts.distinct:
            counts.distinct += 1
            self._states.append(state)
            self._origins.append(self._expanding)
        if self._graph is not None:
            self._told(self._graph, number, walk)
        return False

    def _told(self, graph: Graph, target: int, walk: Walk) -> None:
        if self._expanding < 0:
            graph.initial.append(target)
        else:
            graph.way(target, walk)

    def _where(self, number: int) -> Where:
        return partial(self._path, number)

    def _path(self, number: int) -> Path:
        numbers = [number]
        while self._origins[numbers[-1]] >= 0:
            numbers.append(self._origins[numbers[-1]])
        return path_through(self._program, [self._states[n] for n in reversed(numbers)])
