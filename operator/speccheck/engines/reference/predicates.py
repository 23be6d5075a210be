"""Invariants judged on states that were observed, not reached: some variables may be unknown.

Takes a Model with a value for every parameter, and values for some variables. A property that
mentions a variable without a value is not judged; it is never taken to hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from speccheck.engines.base import Judged, Limits, Outcome
from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.programs import Predicate, Program, deep_recursion
from speccheck.engines.reference.walks import State
from speccheck.errors import ModelError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached, evaluation
from speccheck.evaluation.scopes import UNSET
from speccheck.ir.models import Model, Property
from speccheck.ir.nodes import Read
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value, fits
from speccheck.ir.walks import bottom_up

__all__ = ["Judge", "Judged", "Outcome"]


@dataclass(frozen=True, slots=True)
class _Invariant:
    property: Property
    holds: Predicate
    mentions: tuple[str, ...]
    kept: Judged
    """What is said where it holds."""


_Told: TypeAlias = tuple[_Invariant, Judged | None]
"""An invariant, and what is said of it without looking at values: that some are missing."""


class Judge:
    """The invariants of a model, compiled once.

    `limits` are those of one call of `invariants`. Raises UsageError for a free parameter, ModelError
    for a model that is malformed or nests too deeply.
    """

    def __init__(self, model: Model, limits: Limits | None = None) -> None:
        self._model = model
        self._types = {variable.name: variable.type for variable in model.variables}
        self._told: tuple[tuple[str, ...], list[_Told]] = ((), [])
        self._budget = Budget(limits)
        with deep_recursion():
            try:
                program = Program(model, self._budget)
                self._invariants = [_invariant(program, p) for p in model.properties if p.kind == "invariant"]
            except TooLarge as error:
                raise ModelError(str(error)) from None

    def invariants(self, values: Mapping[str, Value]) -> tuple[Judged, ...]:
        """Every invariant's outcome in a state of which some variables are known, in the model's order.

        Raises ModelError for an unknown variable or a value of another type.
        """
        state = self._state(values)
        names = tuple(values)
        if names != self._told[0] or not self._told[1]:
            self._told = (names, [(each, _missing(each, names)) for each in self._invariants])
        self._budget.restart()
        with deep_recursion():
            return tuple(told or self._judged(each, state) for each, told in self._told[1])

    def _state(self, values: Mapping[str, Value]) -> State:
        types = self._types
        unknown = ", ".join(sorted(values.keys() - types.keys()))
        if unknown:
            raise ModelError(f"{self._model.name} has no variable {unknown}; it has {', '.join(sorted(types))}")
        for name, value in values.items():
            if not fits(value, types[name]):
                raise ModelError(f"{name} should be a value of {types[name]}")
        return tuple(values.get(name, UNSET) for name in types)

    def _judged(self, invariant: _Invariant, state: State) -> Judged:
        name = invariant.property.name
        try:
            return invariant.kept if invariant.holds(state) else Judged(name, Outcome.VIOLATED)
        except EvaluationFailed as failure:
            return Judged(name, Outcome.ERROR, reason=failure.reason, error=evaluation(self._model, failure))
        except (TooLarge, LimitReached) as error:
            return Judged(name, Outcome.NOT_JUDGED, reason=str(error))


def _invariant(program: Program, found: Property) -> _Invariant:
    reads = {node.variable for node in bottom_up([found.predicate], set()) if isinstance(node, Read)}
    mentions = tuple(name for name in program.variables if name in reads)
    return _Invariant(found, program.predicate(found), mentions, Judged(found.name, Outcome.HOLDS))


def _missing(invariant: _Invariant, known: Collection[str]) -> Judged | None:
    missing = tuple(variable for variable in invariant.mentions if variable not in known)
    if not missing:
        return None
    return Judged(invariant.property.name, Outcome.NOT_JUDGED, missing, f"no value for {', '.join(missing)}")
