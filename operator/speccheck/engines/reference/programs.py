"""A Model compiled for execution: its initial states, its step, its properties.

Takes a Model whose parameters all have values. Gives, for a state, every way of taking the step,
and whether a property is true. Deep nesting raises `TooLarge`, never RecursionError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar

from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.statements import Body, Run
from speccheck.engines.reference.steps import Steps, roots
from speccheck.engines.reference.walks import State, Walk, Watch
from speccheck.errors import ModelError, UsageError
from speccheck.evaluation.binders import elements
from speccheck.evaluation.evaluations import compiled
from speccheck.evaluation.scopes import UNSET, Context, Frame, Routine, Scope
from speccheck.ir.models import Action, Model, Property, Transition
from speccheck.ir.nodes import Block, Expr, Local, Perform
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value
from speccheck.ir.walks import in_order

_RECURSION = 15_000
"""Python frames that may lie on one another: enough for any verified model, too few to exhaust a thread's stack."""

P = ParamSpec("P")
T = TypeVar("T")

Predicate: TypeAlias = Callable[[State], bool]


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for nested expressions while the body runs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _bounded(function: Callable[P, T]) -> Callable[P, T]:
    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            raise TooLarge("expressions or statements nested deeper than can be evaluated") from None

    return run


class Program:
    """A Model ready to run. `watch` is told what ends the ways that are not completed.

    Raises UsageError for a free parameter, ModelError for a malformed model.
    """

    @_bounded
    def __init__(self, model: Model, budget: Budget | None = None, watch: Watch | None = None) -> None:
        _refuse_free(model)
        self._watch = watch
        self.model = model
        self.budget = budget or Budget()
        self.variables = tuple(v.name for v in model.variables)
        self._context = Context(model.bindings, self.budget.spend, self._function)
        self._functions: dict[str, Routine | None] = {}
        self._actions: dict[str, Body | None] = {}
        self._declared = {a.key: a for a in model.actions}
        self._before_state = _performed(model.initial.block, self._declared)
        self._initial, self._no_state = self._transition(model.initial, checked=True)
        self._step, self._blank = self._transition(model.step, checked=False)

    @_bounded
    def initial(self, walk: Walk) -> bool:
        """Takes the ways of becoming an initial state; True where the walk stopped it."""
        return self._initial([*[UNSET] * len(self.variables), *self._no_state], walk)

    @_bounded
    def step(self, state: State, walk: Walk) -> bool:
        """Takes the ways of taking a step from a state; True where the walk stopped it."""
        return self._step([*state, *self._blank], walk)

    @_bounded
    def predicate(self, wanted: Property) -> Predicate:
        """The property as a function of a state. It raises as `evaluations` does."""
        run = self.valuation(wanted.predicate)
        return lambda state: bool(run(state))

    def valuation(self, body: Expr) -> Callable[[State], Value]:
        """An expression over a state's variables as a function of it. It raises as `evaluations` does."""
        scope = self._scope([body])
        run = scope.code(body).run
        blank = scope.blank()
        return _bounded(lambda state: run([*state, *blank]))

    def function_of(self, body: Expr, params: Sequence[Local] = ()) -> Callable[[State, Sequence[Value]], Value]:
        """An expression over variables and some locals as a function of both. It raises as `valuation` does."""
        scope = self._scope([body], params)
        run = scope.code(body).run
        blank = scope.blank()
        return _bounded(lambda state, values: run([*state, *values, *blank]))

    def elements_of(self, domain: Expr, params: Sequence[Local] = ()) -> Callable[[Sequence[Value]], Sequence[Value]]:
        """The elements, in order, of a set or list that reads no variable, as a function of some locals."""
        scope = self._scope([domain], params)
        run = elements(scope, domain)
        before, blank = [UNSET] * len(self.variables), scope.blank()
        return _bounded(lambda values: run([*before, *values, *blank]))

    def stepping(self) -> tuple[str, ...]:
        """The names of the actions that can be in a step's label, in the order of the model."""
        keys = {s.action for s in in_order(self.model.step.block) if isinstance(s, Perform)}
        return tuple(dict.fromkeys(a.name for a in self.model.actions if a.key in keys))

    def _transition(self, transition: Transition, *, checked: bool) -> tuple[Run, Frame]:
        scope = self._scope(roots(transition.block), checked=checked)
        steps = Steps(scope, self.variables, self._action, labels=True, watch=self._watch)
        run = steps.transition(transition.block, transition.writes)
        return run, scope.blank()

    def _action(self, key: str) -> tuple[Action, Body]:
        action = self._declared.get(key)
        if action is None:
            raise ModelError(f"an action {key!r} is performed that the model does not have")
        if key not in self._actions:
            self._actions[key] = None
            scope = self._scope(roots(action.block), action.params, checked=key in self._before_state)
            steps = Steps(scope, self.variables, self._action, labels=False, watch=self._watch)
            self._actions[key] = steps.body(action.block, action.writes)
        return action, _finished(self._actions[key], f"action {action.name}")

    def _function(self, name: str) -> Routine:
        if name not in self._functions:
            self._functions[name] = None
            found = next((f for f in self.model.functions if f.name == name), None)
            if found is None:
                raise ModelError(f"a function {name!r} is called that the model does not have")
            scope = Scope(self._context, compiled, [found.body], (), found.params)
            code = scope.code(found.body)
            self._functions[name] = Routine(code.run, scope.blank(), code.lazy)
        return _finished(self._functions[name], f"function {name}")

    def _scope(self, expressions: Iterable[Expr], params: Sequence[Local] = (), *, checked: bool = False) -> Scope:
        return Scope(self._context, compiled, expressions, self.variables, params, checked=checked)


def _finished(routine: T | None, what: str) -> T:
    if routine is None:
        raise ModelError(f"the {what} calls itself")
    return routine


def _performed(block: Block, declared: Mapping[str, Action]) -> frozenset[str]:
    """The keys of the actions performed in a block, directly or not."""
    found: set[str] = set()
    waiting = [block]
    while waiting:
        for statement in in_order(waiting.pop()):
            if isinstance(statement, Perform) and statement.action in declared and statement.action not in found:
                found.add(statement.action)
                waiting.append(declared[statement.action].block)
    return frozenset(found)


def _refuse_free(model: Model) -> None:
    free = model.free_params()
    if free:
        raise UsageError(
            f"{_listed(free)} of {model.name} {'has' if len(free) == 1 else 'have'} no value: {_way_out(model, free)}"
        )


def _way_out(model: Model, free: tuple[str, ...]) -> str:
    """What gives these parameters values: an instance that has them all, or one that is yet to be written."""
    names = [each.name for each in model.instances if {name for name, _ in each.values} >= set(free)]
    if names:
        return f"choose an instance ({', '.join(names)})"
    if not model.instances:
        return "declare an @instance that gives them values"
    return f"let instance {model.instances[0].name} give values to {', '.join(free)}, too"


def _listed(names: tuple[str, ...]) -> str:
    return f"the parameter{'s' * (len(names) > 1)} {', '.join(names)}"
