"""A specification run concretely: its initial states and steps, every way of them, and its properties.

Takes the decorated functions themselves and the parameters' values. It runs the author's code; nothing is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from speccheck.ir.models import Variable
from speccheck.lang.concrete import calls, modes, states, vocabulary
from speccheck.lang.concrete.contexts import ConcreteContext
from speccheck.lang.concrete.conversions import concrete, typed
from speccheck.lang.concrete.expressions import evaluate
from speccheck.lang.concrete.hooks import concretely
from speccheck.lang.concrete.runs import Chooser, Run, Values, Way, ways
from speccheck.lang.concrete.undefined import forced
from speccheck.lang.declarations import ActionDeclaration, InstanceDeclaration, PropertyDeclaration
from speccheck.lang.exprs import Expr, node_of
from speccheck.lang.states import declaration, given_values, view

MEANINGS = (calls, states, vocabulary)
"""The modules that say what the vocabulary means here: to import them is to make it known."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What makes a specification's behaviours: initial actions in order, and `step` or else the roots by name.

    `namespaces` are those of the author's modules.
    """

    state: type
    init: tuple[ActionDeclaration, ...]
    step: ActionDeclaration | None
    roots: Mapping[str, ActionDeclaration]
    namespaces: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Constants:
    """Expressions that a module made while it was imported, and their values."""

    namespaces: tuple[dict[str, Any], ...]
    found: list[tuple[dict[str, Any], str, Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for names in self.namespaces:
            for name, value in list(names.items()):
                if not name.startswith("__") and _holds_expression(value):
                    self.found.append((names, name, value, _constant(value)))

    @contextmanager
    def as_values(self) -> Iterator[None]:
        """In here the modules' names stand for the values."""
        for names, name, _, value in self.found:
            names[name] = value
        try:
            yield
        finally:
            for names, name, expression, _ in self.found:
                names[name] = expression


def _holds_expression(value: object) -> bool:
    match value:
        case Expr():
            return True
        case list() | tuple():
            return any(map(_holds_expression, value))
        case dict():
            return any(map(_holds_expression, value.values()))
        case _:
            return False


def _constant(value: Any) -> Any:
    match value:
        case Expr():
            return evaluate(node_of(value))
        case list():
            return [_constant(each) for each in value]
        case tuple():
            return tuple(_constant(each) for each in value)
        case dict():
            return {key: _constant(each) for key, each in value.items()}
        case _:
            return value


@contextmanager
def running(execution: object, constants: Constants) -> Iterator[None]:
    """In here the author's functions work on values."""
    with modes.running(execution), concretely(), constants.as_values():
        yield


class Machine:
    """A specification with its parameters' values, ready to run."""

    def __init__(self, relation: Relation, params: Mapping[str, Any]) -> None:
        found = declaration(relation.state)
        self.relation = relation
        self.variables: dict[str, Variable] = found.variables
        self.params: Values = {name: typed(value, found.params[name].type) for name, value in params.items()}

    @cached_property
    def constants(self) -> Constants:
        """The modules' own constants."""
        return Constants(self.relation.namespaces)

    @contextmanager
    def running(self) -> Iterator[None]:
        """In here the author's functions work on values."""
        with running(self, self.constants):
            yield

    def initial(self, fixed: Mapping[str, Any] | None = None) -> list[Way]:
        """Every way of becoming an initial state. Raises EvaluationError where one is undefined."""
        return self._all(None, self._initialise, fixed)

    def steps(self, state: Values, fixed: Mapping[str, Any] | None = None) -> list[Way]:
        """Every way of taking a step from a state; raises likewise."""
        return self._all(state, self._step, fixed)

    def holds(self, wanted: PropertyDeclaration, state: Values) -> bool:
        """The property's value in a state; raises likewise."""
        with self.running():
            return bool(forced(wanted(view(self.relation.state, states.ReadOnly({**self.params, **state})))))

    def _all(
        self, state: Values | None, body: Callable[[ConcreteContext], None], fixed: Mapping[str, Any] | None
    ) -> list[Way]:
        def take(chooser: Chooser) -> Way:
            run = Run(self.variables, self.params, state, chooser)
            body(ConcreteContext(run, self.relation.state))
            return run.completed()

        with self.running():
            return list(ways(take, fixed))

    def _initialise(self, context: ConcreteContext) -> None:
        for each in self.relation.init:
            each.function(context)

    def _step(self, context: ConcreteContext) -> None:
        if self.relation.step is not None:
            self.relation.step.function(context)
            return
        taken = context.choose_root(tuple(self.relation.roots))
        self.relation.roots[taken](context)


def instance_values(relation: Relation, instance: InstanceDeclaration) -> Values:
    """The parameters that an instance gives, its function run concretely."""
    with running(instance, Constants(relation.namespaces)):
        return {name: forced(concrete(value)) for name, value in given_values(instance()).items()}
