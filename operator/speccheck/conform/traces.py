"""What is remembered of one key: its objects, what is known of its variables, its frontier, and what it owes.

Takes a `Binding` once its parameters are known; gives states to judge. It maps nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from speccheck.conform.bindings import Binding
from speccheck.conform.deadlines import Obligations
from speccheck.conform.frontiers import Bounds, Frontier
from speccheck.conform.protocols import Thing, Tier
from speccheck.engines.base import State
from speccheck.evaluation.scopes import UNSET
from speccheck.ir.values import Value

Objects: TypeAlias = dict[str, dict[str, Any]]
"""By source and identity what there is: the object, or None where nobody asks for it again."""


@dataclass(slots=True)
class Standing:
    """What follows from a binding: the frontier and the obligations that began with it."""

    parameters: tuple[tuple[str, Value], ...]
    binding: Binding
    frontier: Frontier
    obligations: Obligations


@dataclass(slots=True)
class Trace:
    """One key. `known` are the values of variables as each source told them last; `since` when a breach across sources
    was first seen, by invariant; `told` those of which it was told that it lasts."""

    key: str
    objects: Objects = field(default_factory=dict)
    latest: dict[str, Any] = field(default_factory=dict)
    """By source what stands for it: its object, or its last event."""
    known: dict[str, Value] = field(default_factory=dict)
    standing: Standing | None = None
    fresh: bool = True
    """Whether nothing was known of the key before the observation at hand."""
    judged: bool = False
    """Whether anything was ever asked of it, be the answer Unknown."""
    ambiguous: bool = False
    since: dict[str, datetime] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    broken: set[tuple[Tier, str]] = field(default_factory=set)
    """What was broken when it was judged last, by tier and property."""
    unclaimed: Counter[str] = field(default_factory=Counter)
    """The actions that were counted, as steps that an observation needs, and that none has claimed yet."""
    time: datetime | None = None
    thing: Thing = field(default_factory=Thing)
    source: str = ""
    stale: set[str] = field(default_factory=set)
    """Sources of which something may have been missed, and nothing was seen since."""

    @property
    def anchored(self) -> bool:
        """Whether its frontier has an anchor."""
        return self.standing is not None and self.standing.frontier.anchored

    @property
    def waiting(self) -> bool:
        """Whether the passing of time alone can break anything."""
        owes = self.standing is not None and self.standing.obligations.waiting
        return owes or any(name not in self.told for name in self.since)

    def current(self, many: frozenset[str]) -> dict[str, Any]:
        """What stands for each source, in the order of names for those of which there may be many."""
        lists = {name: sorted(found.values(), key=_name) for name, found in self.objects.items() if name in many}
        return {**self.latest, **lists}

    def has(self) -> set[str]:
        """The sources that something stands for, with nothing missed since it was seen."""
        return {*self.latest, *self.objects} - self.stale

    def bind(self, parameters: Mapping[str, Value], binding: Binding, bounds: Bounds) -> bool:
        """Holds the key to a binding from now on; whether it is another than before."""
        values = tuple(parameters.items())
        if self.standing is not None and self.standing.parameters == values:
            return False
        frontier = Frontier(binding.stepper, bounds)
        self.standing = Standing(values, binding, frontier, binding.deadlines.begin())
        self.since.clear()
        self.told.clear()
        return True

    def lose(self) -> None:
        """Something may have happened that nobody saw."""
        self.since.clear()
        self.told.clear()
        if self.standing is not None:
            self.standing.frontier.lose()
            self.standing.obligations.restart()

    def forget(self, names: Iterable[str]) -> None:
        """The values of these variables are not known any more."""
        for name in names:
            self.known.pop(name, None)

    def states(self, shown: Mapping[str, Value]) -> tuple[State, ...]:
        """The states that the key may be in: the frontier's, or the one that one observation shows in part.

        What sources showed at different times may never have been true at once.
        """
        if self.standing is None:
            return ()
        if self.standing.frontier.anchored:
            return self.standing.frontier.states
        return (tuple(shown.get(name, UNSET) for name in self.standing.binding.slots),)


def _name(thing: Any) -> str:
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
