"""States and calls by number, and the ways between them, as far as they were asked for.

Takes the steps out of a state from whoever knows them; gives numbers, which are cheap to keep in sets. Numbers are
given once, so a numbering only grows: it is left for a new one when it has become too large, or too old.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from speccheck.conform.searches import Edge, Labels
from speccheck.engines.base import Called, Label, State
from speccheck.ir.values import Value

Element: TypeAlias = tuple[State, tuple[tuple[int, Called], ...]]
"""A state, and the actions that were taken and not yet claimed, with their ranks."""

Ways: TypeAlias = tuple[list[tuple[Label, State]], str]
"""The steps out of a state, and why some of them have no value; "" where all have."""

_PROJECTIONS_KEPT = 16


class Numbering:
    """Numbers of states and calls, from 0 on."""

    def __init__(self, claimable: frozenset[str]) -> None:
        """`claimable`: the names of actions whose calls are numbered with the steps in which they are taken."""
        self.states: list[State] = []
        self.calls: list[Called] = []
        self.edges: dict[int, tuple[Edge, ...]] = {}
        self.targets: dict[int, frozenset[int]] = {}
        """Where the ways out of a state lead, by its number."""
        self.faults: dict[int, str] = {}
        self._claimable = claimable
        self._numbers: dict[State, int] = {}
        self._call_numbers: dict[Called, int] = {}
        self._projections: dict[tuple[int, ...], tuple[dict[tuple[Value, ...], set[int]], list[int]]] = {}

    def number(self, state: State) -> int:
        """The number of a state, given to it where it has none."""
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number

    def call_number(self, call: Called) -> int:
        """The number of a call, given to it where it has none."""
        number = self._call_numbers.setdefault(call, len(self.calls))
        if number == len(self.calls):
            self.calls.append(call)
        return number

    def ways(self, state: State) -> Ways | None:
        """The ways out of a state; None where they are not known."""
        number = self._numbers.get(state)
        if number is None or number not in self.edges:
            return None
        return [(edge.label, self.states[edge.target]) for edge in self.edges[number]], self.faults.get(number, "")

    def lead(self, number: int, ways: Ways) -> tuple[Edge, ...]:
        """Makes the ways out of a state known, and gives them as edges."""
        steps, fault = ways
        found = tuple(self.edge(label, state) for label, state in steps)
        self.edges[number] = found
        self.targets[number] = frozenset(edge.target for edge in found)
        if fault:
            self.faults[number] = fault
        return found

    def edge(self, label: Label, state: State) -> Edge:
        """A way to a state."""
        return Edge(label, self._claims(label), self.number(state))

    def projected(self, slots: tuple[int, ...]) -> dict[tuple[Value, ...], set[int]]:
        """The numbered states by their values in some slots."""
        projection = self._projections.get(slots)
        if projection is None:
            if len(self._projections) >= _PROJECTIONS_KEPT:
                self._projections.pop(next(iter(self._projections)))
            projection = self._projections[slots] = ({}, [0])
        index, (begin,) = projection
        for number in range(begin, len(self.states)):
            state = self.states[number]
            index.setdefault(tuple(state[slot] for slot in slots), set()).add(number)
        projection[1][0] = len(self.states)
        return index

    def item(self, element: Element) -> tuple[int, Labels]:
        """An element by numbers."""
        state, labels = element
        return self.number(state), tuple(sorted((rank, self.call_number(call)) for rank, call in labels))

    def element(self, item: tuple[int, Labels]) -> Element:
        """What numbers stand for."""
        number, labels = item
        return self.states[number], tuple((rank, self.calls[call]) for rank, call in labels)

    def slim(self) -> Numbering:
        """Itself, without what is found again in no time."""
        self._projections.clear()
        self.targets.clear()
        return self

    def _claims(self, label: Iterable[Called]) -> tuple[int, ...]:
        return tuple(self.call_number(call) for call in label if call.action in self._claimable)
