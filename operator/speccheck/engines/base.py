"""What every engine takes and gives: the `Engine` protocol for whole runs, the `Stepper` protocol for single steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias

from speccheck.errors import EngineError
from speccheck.ir.models import Model
from speccheck.ir.nodes import Expr
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.reports import Evaluation, Report


@dataclass(frozen=True, slots=True)
class Walks:
    """Random simulation: how many walks, from which seed."""

    count: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use; None is no limit. `walks` asks for simulation instead of exhaustive search.

    `timeout_s` is by the clock. `cpu_s` is of single questions, and counts the asking thread's work (see `timers`).
    """

    max_steps: int | None = None
    timeout_s: float | None = None
    memory_bytes: int | None = None
    walks: Walks | None = None
    fail_fast: bool = False
    deadlock: bool = False
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a running search has come; `waiting` is the number of states not yet expanded."""

    distinct: int
    generated: int
    depth: int
    waiting: int
    seconds: float


Progress: TypeAlias = Callable[[Snapshot], None]
"""Called now and then, at most a few times a second, by a running engine."""


class Engine(Protocol):
    """One way of answering. `properties` are names; the model has a value for every parameter."""

    name: str

    def run(
        self, model: Model, properties: tuple[str, ...], limits: Limits, progress: Progress | None = None
    ) -> Report:
        """Answer for the properties (and for deadlock, where the limits ask).

        Raises UsageError for a free parameter or an unknown property, EngineError where the
        environment fails. A limit that is reached gives the verdict Unknown with its reason.
        """
        ...


State: TypeAlias = tuple[Value, ...]
"""The values of the variables, in declared order."""


class Called(NamedTuple):
    """A named action with its arguments, as values."""

    action: str
    args: tuple[tuple[str, Value], ...] = ()


Label: TypeAlias = tuple[Called, ...]
"""The named actions of a step, outermost ones only; none where the step names no action."""


class Successor(NamedTuple):
    """One way of taking a step, as far as it shows: its label, and the state it leads to."""

    label: Label
    state: State


class Hindrance(NamedTuple):
    """What keeps an action from being taken: a condition, with the values in it, and how many of its parts are false.

    `begun` tells a guard of the action itself from what stands before it. `known` is False where it could not be told.
    """

    detail: str
    parts: int
    begun: bool = True
    known: bool = True


class OverBudget(EngineError):
    """A single question to a `Stepper` took more time, memory or room than it may."""


class Outcome(Enum):
    """What a state says about a property."""

    HOLDS = "Holds"
    VIOLATED = "Violated"
    NOT_JUDGED = "NotJudged"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Judged:
    """One property's outcome. `missing` are the variables it mentions that were not given;
    `reason` says in words why it was not judged or has no value."""

    name: str
    outcome: Outcome
    missing: tuple[str, ...] = ()
    reason: str = ""
    error: Evaluation | None = None


class Stepper(Protocol):
    """A Model with a value for every parameter, asked for single steps.

    Whatever is asked may raise OverBudget, and what was told of before stays true.
    """

    name: str
    variables: tuple[str, ...]
    types: tuple[Type, ...]
    actions: tuple[str, ...]
    """The names of the actions that can be in a label, in the order of the model."""
    settled: frozenset[int]
    """Slots of variables that a choice in a step gives their next value: where they are given, `leading` is quick."""
    rising: tuple[int, ...]
    """Slots of variables that no step makes less, compared by Python's `<=`; it may leave some out."""
    parameters: Mapping[str, Mapping[str, Type]]
    """The types of each action's arguments, by name; where actions share a name, of all of them."""

    def initials(self) -> Sequence[State]:
        """The distinct initial states, in the engine's order."""
        ...

    def successors(self, state: State) -> Sequence[Successor]:
        """The distinct ways of taking a step from a state, in the engine's order."""
        ...

    def leading(self, state: State, fixed: Mapping[int, Value]) -> Sequence[Successor]:
        """The successors with these values in some slots, in the engine's order; others need not be found for it."""
        ...

    def faults(self, state: State) -> Sequence[str]:
        """Why some ways out of a state have no value, and so no successor; none where all have."""
        ...

    def reachable(self, limit: int) -> frozenset[State] | None:
        """Every reachable state; None where there are more than the limit, or finding them takes too long."""
        ...

    def valuation(self, expr: Expr) -> Callable[[State], Value]:
        """An expression of the state as a function of it; that raises ModelError where it has no value."""
        ...

    def invariants(self, values: Mapping[str, Value]) -> Sequence[Judged]:
        """Every invariant's outcome where some variables are known. Raises ModelError for values that do not fit."""
        ...

    def why_not(self, state: State, action: str, args: Mapping[str, Value]) -> Sequence[Hindrance]:
        """What keeps an action, with some or all arguments given, from being taken in a state, nearest first.

        Nothing where it can be taken. Raises UsageError for an unknown action or argument.
        """
        ...
