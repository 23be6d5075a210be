"""Fair cycles: the parts of a graph in which a behaviour can stay for ever and do what it has to infinitely often.

Edges carry *marks*. A cycle is fair if it has every mark of `required`, and for each pair of `reacting` the second
mark if it has the first. Found as Lichtenstein and Pnueli ("Checking that finite state concurrent programs satisfy
their linear specification", POPL 1985) and Emerson and Lei ("Modalities for model checking", Science of Computer
Programming 8, 1987) do: strongly connected components, refined by taking out the edges that no fair cycle can have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Edges: TypeAlias = Sequence[Sequence[tuple[int, int]]]
"""By node, its edges: where to, and which marks."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """Which marks a fair cycle has."""

    required: int
    reacting: tuple[tuple[int, int], ...]

    def missing(self, marks: int) -> int:
        """Which marks a cycle with some marks would have to have besides."""
        wanted = self.required
        for first, second in self.reacting:
            if marks & first:
                wanted |= second
        return wanted & ~marks


@dataclass(frozen=True, slots=True)
class Component:
    """Nodes that a fair cycle goes through, all of them; it has no edge with a mark of `banned`."""

    nodes: frozenset[int]
    banned: int


def fair_components(edges: Edges, fairness: Fairness, spend: Callable[[int], None]) -> list[Component]:
    """The greatest components in which there are fair cycles."""
    found: list[Component] = []
    waiting: list[tuple[Iterable[int], int]] = [(range(len(edges)), 0)]
    while waiting:
        nodes, banned = waiting.pop()
        for component in _strongly_connected(edges, nodes, banned, spend):
            marks = _marks(edges, component, banned)
            if marks is None or fairness.required & ~marks:
                continue
            hopeless = 0
            for first, second in fairness.reacting:
                if marks & first and not marks & second:
                    hopeless |= first
            if hopeless:
                waiting.append((component, banned | hopeless))
            else:
                found.append(Component(component, banned))
    return found


def _marks(edges: Edges, component: frozenset[int], banned: int) -> int | None:
    """The marks of the edges inside a component; None where there is no edge."""
    found: int | None = None
    for node in component:
        for target, marks in edges[node]:
            if target in component and not marks & banned:
                found = marks if found is None else found | marks
    return found


def _strongly_connected(
    edges: Edges, nodes: Iterable[int], banned: int, spend: Callable[[int], None]
) -> list[frozenset[int]]:
    """The components among some nodes, without the banned edges (Tarjan, SIAM Journal on Computing 1(2), 1972)."""
    among = nodes if isinstance(nodes, range | frozenset) else frozenset(nodes)
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    open_: list[int] = []
    is_open: set[int] = set()
    found: list[frozenset[int]] = []
    for root in among:
        if root in order:
            continue
        path = [(root, 0)]
        while path:
            node, at = path.pop()
            if at == 0:
                spend(1)
                order[node] = low[node] = len(order)
                open_.append(node)
                is_open.add(node)
            out = edges[node]
            while at < len(out):
                target, marks = out[at]
                at += 1
                if marks & banned or target not in among:
                    continue
                if target not in order:
                    path += [(node, at), (target, 0)]
                    break
                if target in is_open:
                    low[node] = min(low[node], order[target])
            else:
                if path:
                    parent = path[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == order[node]:
                    found.append(_popped(open_, is_open, node))
    return found


def _popped(open_: list[int], is_open: set[int], node: int) -> frozenset[int]:
    start = len(open_) - 1
    while open_[start] != node:
        start -= 1
    component = frozenset(open_[start:])
    del open_[start:]
    is_open -= component
    return component
