"""What every engine takes and gives: the `Engine` protocol, `Limits`, `Progress`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from speccheck.ir.models import Model
from speccheck.reports import Report


@dataclass(frozen=True, slots=True)
class Walks:
    """Random simulation: how many walks, from which seed."""

    count: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use; None is no limit. `walks` asks for simulation instead of exhaustive search."""

    max_steps: int | None = None
    timeout_s: float | None = None
    memory_bytes: int | None = None
    walks: Walks | None = None
    fail_fast: bool = False
    deadlock: bool = False


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
