"""The state graph of a search, as temporal properties need it: who follows whom, and by which named actions.

A search tells of each state it expands and of each way out of it; nothing is explored twice. States are known by the
search's numbers, in the order of finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from speccheck.engines.reference.liveness.groundings import Call, Grounded, Possible, Predicate
from speccheck.engines.reference.walks import State, Walk
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value


@dataclass(slots=True)
class Graph:
    """States, and out of each expanded one the states that follow, with a mask of the calls in labels between the two.

    `calls` are those that properties speak of: bit n of a mask is call n.
    """

    calls: list[Call]
    states: Sequence[State] = ()
    initial: list[int] = field(default_factory=list)
    following: list[tuple[tuple[int, int], ...]] = field(default_factory=list)
    _open: dict[int, int] = field(default_factory=dict)
    _masks: dict[tuple[str, tuple[Value, ...]], int] = field(default_factory=dict)

    def expand(self, state: State) -> None:
        """The ways told of from here on lead out of the state, the next in order."""
        self._masks = {}
        self._open = {}
        for number, call in enumerate(self.calls):
            args = call.fixed
            if args is None:
                try:
                    args = call.args(state)
                except (EvaluationFailed, TooLarge):
                    continue  # the property it belongs to was found to have no value in this state before
            key = (call.action, args)
            self._masks[key] = self._masks.get(key, 0) | 1 << number

    def expanded(self) -> None:
        """Every way out of the state was told of."""
        self.following.append(tuple(self._open.items()))

    def way(self, target: int, walk: Walk) -> None:
        """A way to a state, just completed by a walk."""
        mask = self._open.get(target, 0)
        for action, args in walk.calls if self._masks else ():
            mask |= self._masks.get((action.name, tuple(args)), 0)
        self._open[target] = mask


@dataclass(slots=True)
class View:
    """A graph as one property sees it: the bits of each state, and of each step to another state.

    A state that was not expanded has no bits (None) where the property speaks of steps: what it can do is not known.
    """

    bits: list[int | None]
    steps: list[tuple[tuple[int, int], ...]]


def view(graph: Graph, grounded: Grounded, predicates: Sequence[int]) -> View:
    """The graph as a property sees it; `predicates` are, by state, the bits that expressions give."""
    bits: list[int | None] = []
    steps: list[tuple[tuple[int, int], ...]] = []
    for number in range(len(graph.states)):
        if number < len(graph.following):
            out = _steps(graph, grounded, number)
            bits.append(predicates[number] | _possible(graph, grounded, number, out))
            steps.append(tuple((target, mask) for target, mask in out if target != number))
        else:
            bits.append(None if grounded.speaks_of_steps else predicates[number])
            steps.append(())
    return View(bits, steps)


def _steps(graph: Graph, grounded: Grounded, number: int) -> list[tuple[int, int]]:
    state, found = graph.states[number], []
    for target, calls in graph.following[number]:
        mask = 0
        for bit, step in enumerate(grounded.steps):
            if calls >> step.call & 1 and step.changes(state, graph.states[target]):
                mask |= 1 << bit
        found.append((target, mask))
    return found


def _possible(graph: Graph, grounded: Grounded, number: int, out: list[tuple[int, int]]) -> int:
    calls = steps = mask = 0
    for _, each in graph.following[number]:
        calls |= each
    for _, each in out:
        steps |= each
    for position, bit in enumerate(grounded.bits):
        match bit:
            case Possible(which, step):
                mask |= ((steps if step else calls) >> which & 1) << position
            case Predicate():
                pass
    return mask
