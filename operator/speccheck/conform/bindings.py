"""A Model with values for its parameters, compiled for holding observations to it; shared by all keys that have them.

Takes a Model, values of parameters, and deadlines; gives its stepper, its invariants as functions of a state, and its
deadlines. It remembers what invariants said of values seen before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from speccheck.conform.deadlines import Deadlines
from speccheck.engines.base import Judged, Limits, Outcome, OverBudget, State, Stepper
from speccheck.engines.recents import Recent
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.errors import ModelError
from speccheck.ir.models import Model
from speccheck.ir.values import Value

BINDINGS_KEPT = 32
"""For how many different values of mapped parameters what is compiled is kept."""

ANSWERS_KEPT = 5_000
"""For how many different values, asked about last, what invariants say is remembered for certain."""

Parameters: TypeAlias = Mapping[str, Value]


class Binding:
    """One Model whose parameters all have values. Raises as `ReferenceStepper` and `Deadlines` do."""

    def __init__(self, model: Model, deadlines: Mapping[str, float], limits: Limits | None) -> None:
        self.stepper: Stepper = ReferenceStepper(model, limits)
        self.deadlines = Deadlines(model, deadlines, limits)
        self.slots = {variable.name: slot for slot, variable in enumerate(model.variables)}
        self._invariants = {each.name: each.predicate for each in model.properties if each.kind == "invariant"}
        self._compiled: dict[str, Callable[[State], Value]] = {}
        self._partial: Recent[tuple[object, ...], Sequence[Judged]] = Recent(ANSWERS_KEPT)
        self._whole: Recent[tuple[str, State], Judged] = Recent(ANSWERS_KEPT)

    def partial(self, values: Mapping[str, Value]) -> Sequence[Judged]:
        """What every invariant says where some variables are known. Raises ModelError, OverBudget."""
        key = tuple(values.items())
        found = self._partial.get(key)
        if found is None:
            found = self.stepper.invariants(values)
            self._partial.put(key, found)
        return found

    def whole(self, name: str, states: Sequence[State]) -> Judged:
        """What an invariant says of a state that is one of these: broken only where it is broken in all of them."""
        latest = Judged(name, Outcome.NOT_JUDGED, reason="no state is known")
        for state in states:
            latest = self._of(name, state)
            if latest.outcome is not Outcome.VIOLATED:
                return latest
        return latest

    def _of(self, name: str, state: State) -> Judged:
        found = self._whole.get((name, state))
        if found is None:
            found = self._judged(name, state)
            self._whole.put((name, state), found)
        return found

    def _judged(self, name: str, state: State) -> Judged:
        if name not in self._compiled:
            self._compiled[name] = self.stepper.valuation(self._invariants[name])
        try:
            return Judged(name, Outcome.HOLDS if self._compiled[name](state) else Outcome.VIOLATED)
        except ModelError as error:
            return Judged(name, Outcome.ERROR, reason=str(error))
        except OverBudget as error:
            return Judged(name, Outcome.NOT_JUDGED, reason=str(error))


class Bindings:
    """The bindings of one Model by the values of its mapped parameters; those used least lately are made anew."""

    def __init__(self, model: Model, deadlines: Mapping[str, float], limits: Limits | None) -> None:
        self._model = model
        self._deadlines = deadlines
        self._limits = limits
        self._kept: OrderedDict[tuple[Value, ...], Binding] = OrderedDict()

    def get(self, parameters: Parameters) -> Binding:
        """The binding for some values. Raises ModelError, UsageError or OverBudget where the Model has none."""
        key = tuple(parameters.values())
        if key not in self._kept:
            self._kept[key] = Binding(self._model.bind(parameters), self._deadlines, self._limits)
            while len(self._kept) > BINDINGS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
