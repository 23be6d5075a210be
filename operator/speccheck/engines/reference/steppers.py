"""Single steps of a Model, for what follows a run that somebody else makes: see `engines.base.Stepper`.

Takes a Model with a value for every parameter. Gives the steps out of any state, remembered for those asked about
last, and every question about a state that a step's explanation needs. A way of which an expression has no value leads
nowhere and is told of in `faults`; the ways beside it are taken. What is too large, or takes too long, is OverBudget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from speccheck.engines.base import Called, Hindrance, Judged, Label, Limits, OverBudget, Successor
from speccheck.engines.recents import Recent
from speccheck.engines.reference.budgets import WAY, Budget
from speccheck.engines.reference.choosers import Resumed, Sought
from speccheck.engines.reference.guards import Guard, Inquiries
from speccheck.engines.reference.paths import take
from speccheck.engines.reference.predicates import Judge
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.rising import rising
from speccheck.engines.reference.settling import settling
from speccheck.engines.reference.walks import State, Walk
from speccheck.errors import ModelError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached
from speccheck.ir.literals import quoted, shown
from speccheck.ir.models import Model
from speccheck.ir.nodes import Expr
from speccheck.ir.ops import TooLarge
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.reports import Evaluation, Itf

STATES_KEPT = 512
"""Of how many states, asked about last, the successors are remembered for certain."""

SUCCESSORS_LIMIT = 10_000
"""Over this many different ways out of one state it is OverBudget to follow them."""

_FAULTS_LIMIT = 200
_PARTS_TOLD = 3
_VALUES_TOLD = 6
_VALUE_SHOWN = 80
_LIMITS = Limits(cpu_s=1.0)
_REACHABLE_LIMITS = Limits(cpu_s=5.0)


@dataclass(slots=True)
class _Steps:
    """What was found out of one state, or for the initial ones."""

    found: dict[Successor, None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class ReferenceStepper:
    """A Model compiled once. `limits` are those of one question, `reachable_limits` those of finding all states.

    Raises UsageError for a free parameter, ModelError for a model that is malformed or nests too deeply.
    """

    def __init__(
        self,
        model: Model,
        limits: Limits | None = None,
        reachable_limits: Limits | None = None,
        states_kept: int = STATES_KEPT,
    ) -> None:
        self._model = model
        self._limits = limits or _LIMITS
        self._reachable_limits = reachable_limits or _REACHABLE_LIMITS
        self._budget = Budget(self._limits)
        self._kept: Recent[State, _Steps] = Recent(states_kept)
        with deep_recursion(), _bounded(self._budget, model_error=True):
            self._program = Program(model, self._budget)
        self._judge: Judge | None = None
        self._inquiries: Inquiries | None = None
        self.name = model.name
        self.variables = self._program.variables
        self.types = tuple(variable.type for variable in model.variables)
        self.actions = self._program.stepping()
        self.parameters = _parameters(model)
        self.rising = rising(model)
        self._settling = settling(model)
        self.settled = frozenset[int]().union(*self._settling.values())

    def initials(self) -> Sequence[State]:
        """The distinct initial states, in the order in which the search finds them."""
        return tuple(dict.fromkeys(each.state for each in self._steps(None).found))

    def successors(self, state: State) -> Sequence[Successor]:
        """The distinct ways of taking a step, in the order in which the search finds them."""
        return tuple(self._steps(state).found)

    def leading(self, state: State, fixed: Mapping[int, Value]) -> Sequence[Successor]:
        """The successors with these values in some slots: choices that settle those are tried with them alone."""
        found = self._made(state, Sought(self._settling, fixed)).found
        return tuple(each for each in found if all(each.state[slot] == value for slot, value in fixed.items()))

    def faults(self, state: State) -> Sequence[str]:
        """Why some ways out of a state have no value."""
        return tuple(dict.fromkeys(self._steps(state).faults))

    def reachable(self, limit: int) -> frozenset[State] | None:
        """Every reachable state; None where there are more, or it takes too long, or one cannot be followed."""
        clock = Budget(self._reachable_limits)
        try:
            found = dict.fromkeys(self.initials())
            waiting = list(found)
            while waiting and len(found) <= limit:
                clock.check()
                new = [each.state for each in self._made(waiting.pop()).found if each.state not in found]
                found.update(dict.fromkeys(new))
                waiting.extend(dict.fromkeys(new))
        except (OverBudget, LimitReached):
            return None
        return None if len(found) > limit else frozenset(found)

    def valuation(self, expr: Expr) -> Callable[[State], Value]:
        """An expression of the state as a function; that raises ModelError where it has no value, or OverBudget."""
        with deep_recursion(), _bounded(self._budget):
            run = self._program.valuation(expr)

        def value(state: State) -> Value:
            with deep_recursion(), _bounded(self._budget):
                try:
                    return run(state)
                except EvaluationFailed as failure:
                    raise ModelError(f"an expression has no value: {failure.reason}") from None

        return value

    def invariants(self, values: Mapping[str, Value]) -> Sequence[Judged]:
        """Every invariant's outcome where some variables are known."""
        if self._judge is None:
            self._judge = Judge(self._model, self._limits)
        return self._judge.invariants(values)

    def why_not(self, state: State, action: str, args: Mapping[str, Value]) -> Sequence[Hindrance]:
        """What keeps an action from being taken in a state, nearest first: its guards, else what stands before it."""
        if self._inquiries is None:
            self._inquiries = Inquiries(self._model, self._limits)
        try:
            found = self._inquiries.why_not(state, action, args)
        except LimitReached as error:
            raise OverBudget(str(error)) from None
        if found.taken:
            return ()
        told = [_hindrance(each, begun=True) for each in found.guards]
        told = told or [_hindrance(each, begun=False) for each in found.before]
        if found.error is not None:
            told.append(Hindrance(f"{found.error.expression} has no value: {found.error.reason}", 1, known=False))
        elif not found.complete:
            told.append(Hindrance("there are more ways of taking a step than were looked at", 1, known=False))
        return told or [Hindrance("no way of taking a step comes to it", 1, begun=False)]

    def _steps(self, state: State | None) -> _Steps:
        key: State = () if state is None else (None, state)
        found = self._kept.get(key)
        if found is None:
            found = self._made(state)
            self._kept.put(key, found)
        return found

    def _made(self, state: State | None, sought: Sought | None = None) -> _Steps:
        steps = _Steps()
        resumed = Resumed(sought.pick) if sought else Resumed()
        with deep_recursion(), _bounded(self._budget):
            while self._went(state, steps, resumed):
                pass
        return steps

    def _went(self, state: State | None, steps: _Steps, resumed: Resumed) -> bool:
        """Takes the ways that are left; True where one of them failed, and some after it may be left."""

        def arrive(reached: State, walk: Walk) -> bool:
            self._budget.spend(WAY)
            steps.found[Successor(_label(walk), reached)] = None
            if len(steps.found) > SUCCESSORS_LIMIT:
                raise OverBudget(f"a state has more than {SUCCESSORS_LIMIT:,} ways of taking a step")
            return False

        walk = Walk(resumed.pick, arrive)
        try:
            take(self._program, state, walk)
        except EvaluationFailed as failure:
            steps.faults.append(failure.reason)
            if len(steps.faults) > _FAULTS_LIMIT:
                raise OverBudget(f"more than {_FAULTS_LIMIT} ways have no value: {failure.reason}") from None
            return resumed.resume(walk)
        return False


def _parameters(model: Model) -> Mapping[str, Mapping[str, Type]]:
    found: dict[str, dict[str, Type]] = {}
    for action in model.labelling():
        found.setdefault(action.name, {}).update((param.name, param.type) for param in action.params)
    return found


def _label(walk: Walk) -> Label:
    return tuple(
        Called(action.name, tuple((param.name, arg) for param, arg in zip(action.params, args, strict=True)))
        for action, args in walk.calls
    )


def _hindrance(guard: Guard, *, begun: bool) -> Hindrance:
    parts = guard.parts or (guard.whole,)
    return Hindrance("; ".join(_told(part) for part in parts[:_PARTS_TOLD]), len(parts), begun)


def _told(part: Evaluation) -> str:
    """What was false, and with which values: `s.x < MAX is false, with x = 3, MAX = 3`."""
    values = ", ".join(f"{name} = {_shown(value)}" for name, value in part.values[:_VALUES_TOLD])
    return f"{part.expression} {part.reason}" + (f", with {values}" if values else "")


def _shown(value: Itf) -> str:
    text = _text(value)
    return text if len(text) <= _VALUE_SHOWN else f"{text[:_VALUE_SHOWN]}…"


def _text(value: Itf) -> str:
    """A value as one line, as an author would write it, without its type's name."""
    match value:
        case bool():
            return str(value)
        case str():
            return quoted(value)
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case {"#bigint": digits}:
            return str(digits)
        case {"#tup": items}:
            return f"({', '.join(map(_text, items))})"
        case {"#set": items}:
            return f"{{{', '.join(map(_text, items))}}}"
        case {"#map": entries}:
            return f"{{{', '.join(f'{_text(key)}: {_text(item)}' for key, item in entries)}}}"
        case {"tag": tag, "value": payload}:
            return f"{shown(tag)}({_text(payload)})"
        case dict():
            return f"({', '.join(f'{shown(name)}={_text(item)}' for name, item in value.items())})"
        case _:
            return str(value)


@contextmanager
def _bounded(budget: Budget, *, model_error: bool = False) -> Iterator[None]:
    """One question: its clock begins, and what does not fit is OverBudget."""
    budget.restart()
    try:
        yield
    except (TooLarge, LimitReached, MemoryError) as error:
        if model_error:
            raise ModelError(str(error)) from None
        raise OverBudget(str(error) or "out of memory") from None
