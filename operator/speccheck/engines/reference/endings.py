"""How a run ends, and what that means for the properties it leaves open.

An `Ending` gives the decision for each kind of property: invariant, example, temporal, deadlock, or run (the
run itself, asked about only where no property is). Of a temporal property it is what is to be said where no behaviour
in the part that was searched breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from speccheck.evaluation.failures import EvaluationFailed, LimitReached
from speccheck.ir.ops import TooLarge
from speccheck.reports import Coverage, Path, Verdict

TEMPORAL = "temporal"
"""The kind of property that is about behaviours."""

Where: TypeAlias = Callable[[], Path]
"""Builds the path to the state in question; called only for what is reported."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a property, before its path is built."""

    verdict: Verdict
    reason: str
    message: str = ""
    where: Where | None = None
    failure: EvaluationFailed | None = None


Ending: TypeAlias = Callable[[str], Decision]


@dataclass(slots=True)
class Counts:
    """What a run has seen so far; `walks` counts finished walks.

    `taken` counts named actions in the labels of completed steps, `tried` those that were begun.
    """

    distinct: int = 0
    generated: int = 0
    depth: int = 0
    walks: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    coverage: tuple[Coverage, ...] = ()

    @classmethod
    def of(cls, actions: Iterable[str]) -> Counts:
        """Nothing seen yet, of these named actions."""
        names = tuple(actions)
        return cls(taken=dict.fromkeys(names, 0), tried=dict.fromkeys(names, 0))


def ended(run: Callable[[], Ending]) -> Ending:
    """How a run ends, also where something cut it short."""
    try:
        return run()
    except LimitReached as limit:
        return stopped(limit.reason, limit.message)
    except MemoryError:
        return stopped("MemoryLimit", "the machine has no more memory to give")
    except KeyboardInterrupt:
        return stopped("Interrupted")


def exhausted(kind: str) -> Decision:
    """Every reachable state was visited."""
    if kind == "example":
        return Decision(Verdict.VIOLATED, "NoWitness")
    return Decision(Verdict.HOLDS, "SpaceExhausted")


def bounded(max_steps: int) -> Ending:
    """Every state within the bound was visited, and there may be more."""

    def ending(kind: str) -> Decision:
        if kind == "example":
            return Decision(Verdict.UNKNOWN, "BoundReached", f"no witness within {_steps(max_steps)}")
        if kind == TEMPORAL:
            told = f"no behaviour that stays within {_steps(max_steps)} breaks it; one that goes further may"
            return Decision(Verdict.UNKNOWN, "BoundReached", told)
        return Decision(Verdict.HOLDS_WITHIN_BOUND, "BoundCompleted", f"visited every state within {_steps(max_steps)}")

    return ending


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def sampled(walks: int) -> Ending:
    """The random walks asked for were taken: a bound that was completed, beyond which nothing is said."""
    taken = f"{walks} random walk{'' if walks == 1 else 's'}"

    def ending(kind: str) -> Decision:
        if kind == "example":
            return Decision(Verdict.UNKNOWN, "Sampled", f"{taken} met no witness")
        if kind == TEMPORAL:
            return Decision(Verdict.UNKNOWN, "Sampled", "random walks end, and say nothing of behaviours without end")
        return Decision(Verdict.HOLDS_WITHIN_BOUND, "Sampled", f"{taken} met no violation")

    return ending


def no_initial_state(kind: str) -> Decision:
    """There is nothing to visit, so nothing was checked."""
    return Decision(Verdict.UNKNOWN, "NoInitialState", "init cannot be completed in any way, so nothing was checked")


def stopped(reason: str, message: str = "") -> Ending:
    """The run was cut short: whatever is open stays unknown."""
    return lambda kind: Decision(Verdict.UNKNOWN, reason, message)


def failed(failure: EvaluationFailed, where: Where | None, when: str) -> Decision:
    """An evaluation error as a decision."""
    return Decision(Verdict.ERROR, "EvaluationError", f"{failure.reason} ({when})", where, failure)


def too_large(error: TooLarge) -> Decision:
    """A value that would not fit, as a decision: there is no answer."""
    return Decision(Verdict.UNKNOWN, error.reason, str(error))


def given_up(choice: str) -> Decision:
    """A state from which no way was found, and a choice on the ways has options that were not tried: is it stuck?"""
    message = f"a walk ended where not all options of the choice {choice!r} could be tried; it may go on with another"
    return Decision(Verdict.UNKNOWN, "InfiniteChoice", message)
