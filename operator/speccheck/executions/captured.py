"""The captured Model as something that is driven by hand: ways as concrete values, by the reference engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.paths import Way as Captured
from speccheck.engines.reference.paths import completed, take
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.walks import Point, State, Walk, every
from speccheck.errors import EvaluationError, UsageError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached, evaluation
from speccheck.evaluation.lazysets import Given, Options
from speccheck.ir.models import Model
from speccheck.ir.nodes import Alternatives, Choose
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value, fits
from speccheck.lang.concrete.conversions import from_value, to_value
from speccheck.lang.concrete.runs import MAX_WAYS, Values, Way
from speccheck.lang.concrete.scalars import Str
from speccheck.rendering.values import value_text


class CapturedMachine:
    """A Model whose parameters all have values. States are concrete values by name."""

    def __init__(self, model: Model) -> None:
        self.model = model
        with _told(model):
            self._program = Program(model, Budget())

    def initial(self, fixed: Mapping[str, Any]) -> list[Way]:
        """Every way of becoming an initial state. Raises EvaluationError where one is undefined."""
        return self._ways(None, fixed)

    def steps(self, state: Values, fixed: Mapping[str, Any]) -> list[Way]:
        """Every way of taking a step from a state; raises likewise."""
        return self._ways(self.state(state), fixed)

    def holds(self, name: str, state: Values) -> bool:
        """The value of a property in a state; raises likewise."""
        with _told(self.model):
            return self._program.predicate(self.model.property_named(name))(self.state(state))

    def state(self, values: Values) -> State:
        """A state as the engine has it."""
        return tuple(to_value(values[v.name], v.type) for v in self.model.variables)

    def _ways(self, origin: State | None, fixed: Mapping[str, Any]) -> list[Way]:
        found: list[Captured] = []

        def arrive(state: State, walk: Walk) -> bool:
            found.append(completed(state, walk))
            return len(found) >= MAX_WAYS

        with _told(self.model):
            take(self._program, origin, Walk(_Fixed(fixed).pick, arrive))
        return [self._converted(way) for way in found]

    def _converted(self, way: Captured) -> Way:
        return Way(
            {v.name: from_value(value, v.type) for v, value in zip(self.model.variables, way.state, strict=True)},
            tuple(
                (action.name, tuple((p.name, from_value(a, p.type)) for p, a in zip(action.params, args, strict=True)))
                for action, args in way.calls
            ),
            tuple(_chosen(point, value) for point, value in way.choices),
        )


def _chosen(point: Point, value: Value) -> tuple[str, Any]:
    match point:
        case Choose(local, _, name):
            return name, from_value(value, local.type)
        case Alternatives():
            return "", Str(value)


class _Fixed:
    """Picks what is fixed by name, and everything else."""

    def __init__(self, fixed: Mapping[str, Any]) -> None:
        self._fixed = fixed

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterable[int]:
        """The positions of the options to try, in order."""
        match point:
            case Choose(local, _, name) if name in self._fixed:
                return _positions(options, self._value(name, local.type))
            case Alternatives() if "" in self._fixed:
                allowed = self._fixed[""]
                wanted = (allowed,) if isinstance(allowed, str) else allowed
                return [n for n, option in enumerate(options) if option in wanted]
        return every(point, options, walk)

    def _value(self, name: str, type_: Any) -> Value:
        try:
            value = to_value(self._fixed[name], type_)
        except (AttributeError, TypeError, ValueError, KeyError):
            value = None
        if not fits(value, type_) or not from_value(value, type_) == self._fixed[name]:
            raise UsageError(f"the choice {name!r} should be a value of type {type_}, got {self._fixed[name]!r}")
        return value


def _positions(options: Sequence[Value], value: Value) -> Iterable[int]:
    if isinstance(options, Options):
        return [Given(value)] if value in options else []
    return [n for n, option in enumerate(options) if option == value]


@contextmanager
def _told(model: Model) -> Iterator[None]:
    """The engine's own ways of ending, as errors for whoever drives by hand."""
    with deep_recursion():
        try:
            yield
        except EvaluationFailed as failure:
            found = evaluation(model, failure)
            values = ", ".join(f"{name} = {value_text(value)}" for name, value in found.values)
            place = f" ({found.place})" if found.place else ""
            where = f", with {values}" if values else ""
            raise EvaluationError(f"{found.reason}: {found.expression}{place}{where}") from None
        except (TooLarge, LimitReached) as error:
            raise UsageError(f"{error}; fix choices by name: choices={{…}}") from None
