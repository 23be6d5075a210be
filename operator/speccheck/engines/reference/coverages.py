"""Coverage as the author defines it: the values that a function of the state has among the states visited.

Takes each new state once; gives counts. It decides nothing: a state without a value is counted as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.walks import State
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.itf import encode
from speccheck.ir.models import Coverage
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value, in_order
from speccheck.reports import MAX_COVERED, Covered
from speccheck.reports import Coverage as Reported


class Tally:
    """The values met so far of every coverage function of a program's model."""

    def __init__(self, program: Program) -> None:
        self._counts = [_Count(each, program.valuation(each.body)) for each in program.model.coverages]

    def note(self, state: State) -> None:
        """Count a state not met before."""
        for each in self._counts:
            each.note(state)

    def reported(self) -> tuple[Reported, ...]:
        """The counts as a report has them, in the model's order."""
        return tuple(each.reported() for each in self._counts)


class _Count:
    def __init__(self, declared: Coverage, valuation: Callable[[State], Value]) -> None:
        self._declared = declared
        self._valuation = valuation
        self._values: Counter[Value] = Counter()
        self._undefined = 0

    def note(self, state: State) -> None:
        try:
            self._values[self._valuation(state)] += 1
        except (EvaluationFailed, TooLarge):
            self._undefined += 1

    def reported(self) -> Reported:
        type_ = self._declared.body.type
        first = in_order(self._values, type_)[:MAX_COVERED]
        listed = tuple(Covered(encode(value, type_), self._values[value]) for value in first)
        return Reported(self._declared.name, len(self._values), listed, self._undefined, self._declared.doc)
