"""The behaviours of a state graph that do what a task says: the product with an automaton, and a lasso in it.

The stem is a shortest way to a place from which a fair cycle can be gone round for ever; the loop is kept short. Equal
states that follow one another are told once: stuttering changes nothing that a formula can see.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from speccheck.engines.reference.liveness.automata import Automaton, Cover
from speccheck.engines.reference.liveness.components import Component, Fairness, fair_components
from speccheck.engines.reference.liveness.graphs import View
from speccheck.engines.reference.liveness.normals import Formulas, Holds
from speccheck.engines.reference.liveness.tasks import Task

_CANDIDATES = 24
"""From how many places that are equally near loops are looked for, to find a short one."""


@dataclass(frozen=True, slots=True)
class Lasso:
    """States by number: the stem, then the loop, which is gone round for ever and has no state twice in a row."""

    stem: tuple[int, ...]
    loop: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Steps before the loop, then steps in it."""
        return len(self.stem), 0 if len(self.loop) == 1 else len(self.loop)


def find_lasso(
    view: View, initial: Iterable[int], formulas: Formulas, task: Task, spend: Callable[[int], None]
) -> Lasso | None:
    """A lasso that does what the task says, its stem as short as there is one; None where there is none at all."""
    product = _Product(view, formulas, task, spend)
    product.build(initial)
    components = fair_components(product.edges, product.fairness, spend)
    if not components:
        return None
    nearest = min(product.distance[node] for component in components for node in component.nodes)
    starts = [
        (node, component)
        for component in components
        for node in sorted(component.nodes)
        if product.distance[node] == nearest
    ]
    found = [product.lasso(node, component) for node, component in starts[:_CANDIDATES]]
    return min(found, key=lambda lasso: lasso.size)


@dataclass(slots=True)
class _Product:
    """Pairs of a state and a cover that is true there, in the order of finding, with their edges.

    The marks of an edge: for each `Until` that it is not put off; for each formula that is to recur that it holds; for
    each pair of formulas that the first does not hold, then that the second does.
    """

    view: View
    formulas: Formulas
    task: Task
    spend: Callable[[int], None]
    nodes: list[tuple[int, Cover]] = field(default_factory=list)
    edges: list[list[tuple[int, int]]] = field(default_factory=list)
    distance: list[int] = field(default_factory=list)
    fairness: Fairness = field(init=False)
    _parents: list[int] = field(default_factory=list)
    _numbers: dict[tuple[int, Cover], int] = field(default_factory=dict)
    _automaton: Automaton = field(init=False)
    _untils: tuple[int, ...] = field(init=False)
    _moments: list[Holds] = field(init=False)
    _negated: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        self._automaton = Automaton(self.formulas, self.spend)
        self._untils = self.formulas.untils(self.task.obligations)
        pairs = [each for pair in self.task.reacting for each in pair]
        self._moments = [self.formulas.holds(number) for number in (*self.task.recurring, *pairs)]
        self._negated = [False] * len(self.task.recurring) + [True, False] * len(self.task.reacting)
        required = len(self._untils) + len(self.task.recurring)
        firsts = range(required, required + len(pairs), 2)
        self.fairness = Fairness((1 << required) - 1, tuple((1 << n, 1 << (n + 1)) for n in firsts))

    def build(self, initial: Iterable[int]) -> None:
        """Finds everything that can be reached, nearest first; a step to the same state is no distance."""
        waiting: deque[int] = deque()
        for state in initial:
            self._arrivals(state, self.task.obligations, -1, 0, waiting)
        done: set[int] = set()
        while waiting:
            node = waiting.popleft()
            if node not in done:
                done.add(node)
                self._expand(node, waiting)

    def _expand(self, node: int, waiting: deque[int]) -> None:
        state, cover = self.nodes[node]
        bits = self.view.bits[state] or 0
        out: set[tuple[int, int]] = set()
        for target, step in ((state, 0), *self.view.steps[state]):
            self.spend(1)
            if not cover.step.fit(step):
                continue
            marks = self._marks(cover, bits, step)
            out |= {(each, marks) for each in self._arrivals(target, cover.after, node, int(target != state), waiting)}
        self.edges[node] = sorted(out)

    def _arrivals(
        self, state: int, obligations: frozenset[int], origin: int, weight: int, waiting: deque[int]
    ) -> list[int]:
        bits, found = self.view.bits[state], []
        if bits is None:
            return []
        away = weight + (self.distance[origin] if origin >= 0 else 0)
        for cover in self._automaton.covers(obligations):
            if not cover.state.fit(bits):
                continue
            key = (state, cover)
            number = self._numbers.setdefault(key, len(self.nodes))
            found.append(number)
            if number == len(self.nodes):
                self.nodes.append(key)
                self.edges.append([])
                self.distance.append(away)
                self._parents.append(origin)
            elif away < self.distance[number]:
                self.distance[number], self._parents[number] = away, origin
            else:
                continue
            if weight:
                waiting.append(number)
            else:
                waiting.appendleft(number)
        return found

    def _marks(self, cover: Cover, bits: int, step: int) -> int:
        marks = 0
        for position, until in enumerate(self._untils):
            marks |= (until not in cover.put_off) << position
        for position, (holds, negated) in enumerate(zip(self._moments, self._negated, strict=True), len(self._untils)):
            marks |= (holds(bits, step) is not negated) << position
        return marks

    # --- a lasso -------------------------------------------------------------------------------------

    def lasso(self, start: int, component: Component) -> Lasso:
        """The lasso to a node of a component and round a fair cycle there."""
        stem = [start]
        while self._parents[stem[-1]] >= 0:
            stem.append(self._parents[stem[-1]])
        states = [self.nodes[node][0] for node in reversed(stem)]
        loop = [self.nodes[node][0] for node in self._cycle(start, component)]
        return tidied(states[:-1], loop)

    def _cycle(self, start: int, component: Component) -> list[int]:
        """The nodes of a fair cycle through a node, which comes first. It goes to what is missing, nearest first."""
        nodes, at, marks = [start], start, 0
        back, round_ = self._way(start, component, _to(start))
        missing = self.fairness.missing(round_)
        if not missing:
            return [start, *back[:-1]]
        while True:
            way, gained = self._way(at, component, _with_any(missing))
            nodes += way
            marks |= gained
            at = nodes[-1]
            missing = self.fairness.missing(marks)
            if missing:
                continue
            back, round_ = ([], 0) if at == start else self._way(at, component, _to(start))
            missing = self.fairness.missing(marks | round_)
            if not missing:
                return (nodes + back)[:-1]

    def _way(self, start: int, component: Component, wanted: Callable[[int, int], bool]) -> tuple[list[int], int]:
        """The nodes after `start` on a shortest way whose last edge is wanted, and the marks of its edges."""
        came: dict[int, tuple[int, int]] = {}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for target, marks in self.edges[node]:
                self.spend(1)
                if target not in component.nodes or marks & component.banned:
                    continue
                if wanted(target, marks):
                    return _traced(came, start, node, target, marks)
                if target not in came and target != start:
                    came[target] = (node, marks)
                    waiting.append(target)
        raise AssertionError("a component is not connected")


def _to(node: int) -> Callable[[int, int], bool]:
    return lambda target, marks: target == node


def _with_any(wanted: int) -> Callable[[int, int], bool]:
    return lambda target, marks: bool(marks & wanted)


def _traced(came: dict[int, tuple[int, int]], start: int, node: int, target: int, marks: int) -> tuple[list[int], int]:
    nodes = [target]
    while node != start:
        nodes.append(node)
        node, more = came[node]
        marks |= more
    nodes.reverse()
    return nodes, marks


def _without_stuttering(states: list[int]) -> list[int]:
    return [each for n, each in enumerate(states) if n == 0 or each != states[n - 1]]


def tidied(stem: list[int], loop: list[int]) -> Lasso:
    """The same behaviour in its shortest form: no state twice in a row, and the loop as early and short as can be."""
    stem, loop = _without_stuttering(stem), _without_stuttering(loop)
    while len(loop) > 1 and loop[-1] == loop[0]:
        loop.pop()
    size = len(loop)
    loop = loop[: next(n for n in range(1, size + 1) if size % n == 0 and loop == loop[:n] * (size // n))]
    if stem and stem[-1] == loop[0]:
        stem.pop()
    while stem and stem[-1] == loop[-1]:
        stem.pop()
        loop = [loop[-1], *loop[:-1]]
    return Lasso(tuple(stem), tuple(loop))
