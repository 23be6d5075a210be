"""What a check answers: verdicts, paths, statistics, and the Report that carries them.

Values in reports are in the Informal Trace Format's JSON encoding (plain data, see `ir.itf`), so a
Report needs no Model to be read, and crosses processes as it is. Verdicts are values, never exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

FORMAT = 1
"""Version of the Report's JSON form; a reader refuses any other."""

MAX_COVERED = 100
"""How many values of a coverage function a Report lists."""

Itf: TypeAlias = Any
"""A value as ITF JSON: bool, str, {"#bigint": …}, list, {"#tup": …}, {"#set": …}, {"#map": …} or an object."""


class Verdict(Enum):
    """The answer for one property, worst first."""

    ERROR = "Error"
    VIOLATED = "Violated"
    UNKNOWN = "Unknown"
    HOLDS_WITHIN_BOUND = "HoldsWithinBound"
    HOLDS = "Holds"

    @property
    def rank(self) -> int:
        """0 for the worst verdict, counting up to the best."""
        return list(Verdict).index(self)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of some verdicts; Holds for none."""
    return min(verdicts, key=lambda verdict: verdict.rank, default=Verdict.HOLDS)


@dataclass(frozen=True, slots=True)
class Call:
    """A named action with its arguments, as part of a step's label."""

    action: str
    args: tuple[tuple[str, Itf], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice made in a step: of an element (`one_of`, its value) or of a branch (its name as a str)."""

    name: str
    value: Itf


@dataclass(frozen=True, slots=True)
class State:
    """One state of a path and how it was reached: the label and the choices of the step into it.

    `values` has every variable, in declared order. For the initial state `label` and `choices` are those of init.
    """

    values: tuple[tuple[str, Itf], ...]
    label: tuple[Call, ...] = ()
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """States from an initial one.

    `loop` is None for a finite path. Of a lasso it is the index of the state that is come back to: the last state is
    that state again, and from there everything since repeats itself for ever. Where `loop` is the index of the last
    state itself, the behaviour stands still there for ever.
    """

    states: tuple[State, ...]
    loop: int | None = None

    @property
    def depth(self) -> int:
        """How many steps the path has."""
        return len(self.states) - 1


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation error: what was evaluated, where it was written (`file:line:column`), why it has no value.

    `values` are the values of the variables, parameters and locals in it, by name.
    """

    reason: str
    expression: str
    place: str
    source_line: str = ""
    values: tuple[tuple[str, Itf], ...] = ()


@dataclass(frozen=True, slots=True)
class PropertyResult:
    """The verdict on one property.

    `kind` is invariant, example, temporal, deadlock, or run: the run itself, where nothing was asked and it did not do
    all it was to do. `path` is the counterexample, the witness of an example or
    the way to an evaluation error. `reason` is a stable word (see `REASONS`), `message` a sentence.
    """

    name: str
    kind: str
    verdict: Verdict
    reason: str
    message: str = ""
    doc: str = ""
    path: Path | None = None
    error: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class ActionCount:
    """How often a named action occurs in the labels of completed steps, and how often it was begun at all.

    It is begun once for each combination of branches and choices before it.
    """

    action: str
    taken: int
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Covered:
    """A value of a coverage function, and in how many of the distinct states visited it has it."""

    value: Itf
    states: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the states visited show of one coverage function.

    `distinct` is the number of its values, `values` the first of them in canonical order, `MAX_COVERED` at most;
    `undefined` the number of states in which it has no value (or one too large to make).
    """

    name: str
    distinct: int
    values: tuple[Covered, ...] = ()
    undefined: int = 0
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of one run; `depth` is steps to the deepest state seen, `seconds` wall time of the engine."""

    distinct: int
    generated: int
    depth: int
    seconds: float
    actions: tuple[ActionCount, ...] = ()
    walks: int = 0
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What was asked for: None is no bound. Times in seconds, memory in bytes."""

    max_steps: int | None = None
    timeout_s: float | None = None
    memory_bytes: int | None = None
    walks: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of one engine on one instance of a Model answers."""

    spec: str
    instance: str
    model_digest: str
    engine: str
    method: str
    bounds: Bounds
    properties: tuple[PropertyResult, ...]
    stats: Stats
    source_digest: str = ""
    doc: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict over the properties; Holds where none was asked for (then only counts were)."""
        return worst([p.verdict for p in self.properties])

    @property
    def depth(self) -> int:
        """Steps of the first counterexample where there is one, else steps to the deepest state seen."""
        paths = [p.path for p in self.properties if p.path and p.verdict in (Verdict.VIOLATED, Verdict.ERROR)]
        return paths[0].depth if paths else self.stats.depth


REASONS = {
    "SpaceExhausted": "every reachable state was visited",
    "BoundCompleted": "every state within the bound was visited",
    "InvariantViolated": "a reachable state breaks it",
    "BehaviourFound": "a behaviour breaks it",
    "WitnessFound": "a reachable state satisfies it",
    "NoWitness": "every reachable state was visited and none satisfies it",
    "DeadlockFound": "a reachable state has no step",
    "EvaluationError": "an expression has no value",
    "Timeout": "the time limit was reached first",
    "MemoryLimit": "the memory limit was reached first",
    "BoundReached": "the bound was completed without a witness",
    "NoInitialState": "the initial states cannot be made: nothing was checked",
    "TooLarge": "a value is too large to enumerate",
    "InfiniteChoice": "a choice has more options than can be tried",
    "Sampled": "the random walks asked for decided nothing; other walks may",
    "FailFast": "the search stopped at another property's violation",
    "Interrupted": "the run was interrupted",
}
"""The words in `PropertyResult.reason`, and what each means."""
