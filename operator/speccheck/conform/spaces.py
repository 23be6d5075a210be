"""Where observations lead, for all keys that are held to one `Stepper`: numbered states, sets of them, and moves.

A *cloud* is a set of states with, for each, the actions on the way to it that an observation of their own may still
claim (its *labels*, each with the rank of the observation in which it was taken; later ranks are higher). A move from a
cloud is remembered, and equal clouds are one object: what many keys do alike costs once (the subset construction of
automata, done as needed). Of two elements with one state, that which may be claimed less is left out: whatever it
explains, the other does. A bounded number of states and moves is remembered, and none that nobody came to in long;
what a cloud holds stays valid without.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias
from weakref import WeakValueDictionary, ref

from speccheck.conform.explanations import Near, Step, explain, mismatches
from speccheck.conform.numberings import Element, Numbering, Ways
from speccheck.conform.protocols import Obstacle
from speccheck.conform.searches import Edge, Labels, Over, Question, Search, covers
from speccheck.engines.base import Called, OverBudget, State, Stepper
from speccheck.engines.recents import Recent
from speccheck.errors import InternalError
from speccheck.ir.values import Value

STATES_KEPT = 25_000
"""With more numbered states a new generation begins: they are numbered anew as they are met, moves are found anew, and
of the old generation the ways out of states are remembered until the next one begins."""

MOVES_ASKED = 50_000
"""After so many moves a new generation begins too. States that were seen once, as are those of most drifts, go with
the old ones."""

MOVES_WEIGHT = 400_000
"""How many elements the remembered moves may lead to, all together."""

Edges: TypeAlias = Callable[[int], tuple[Edge, ...]]
"""The ways out of a numbered state."""

__all__ = ["Bounds", "Cloud", "Element", "Move", "Question", "Space"]

_WIDE = 100
"""With so many ways out of a state, others are looked for with what the observation fixes in view, where that helps."""

_NEAR_TOLD = 16
_TOLD_KEPT = 128
_MOVE_WEIGHT = 16
"""What a move weighs by itself, in elements."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a frontier may come to, and how observations are held to it.

    `hidden_steps` may happen between two observations. An action in `claimable` that was taken may be claimed
    `window_s` later. Over `states_limit` elements, over `expansions_limit` elements looked at for one observation,
    or after `budget_s` seconds of work on one, the answer is Overflow.
    """

    hidden_steps: int = 0
    window_s: float = 2.0
    states_limit: int = 2_000
    expansions_limit: int = 20_000
    claimable: frozenset[str] = frozenset()
    budget_s: float = 1.0


class Cloud:
    """A set of elements. `members` are numbers of states, or with labels `Item`s, as of one generation of a space."""

    def __init__(self, generation: object, members: frozenset[Any], elements: tuple[Element, ...]) -> None:
        self.generation = generation
        self.members = members
        self.elements = elements

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Its distinct states."""
        return tuple(dict.fromkeys(state for state, _ in self.elements))

    @property
    def determined(self) -> bool:
        """Whether all its elements have one state."""
        return len(self.states) == 1


@dataclass(frozen=True, slots=True)
class Move:
    """Where an observation leads: to a cloud, by a shortest way with these actions; to nothing; or over a limit.

    `kept` are the ranks, as asked, that the ranks in the cloud stand for, ascending. `trouble` says which limit.
    """

    cloud: Cloud | None
    kept: tuple[int, ...] = ()
    actions: tuple[str, ...] = ()
    retells: bool = False
    reason: str = ""
    trouble: str = ""


class Space:
    """All that is shared by the keys of one stepper."""

    def __init__(self, stepper: Stepper, bounds: Bounds) -> None:
        self._stepper = ref(stepper)
        self.bounds = bounds
        self._told: Recent[tuple[Cloud, Question], tuple[Obstacle, ...]] = Recent(_TOLD_KEPT)
        self._moves: OrderedDict[tuple[Cloud, Question], Move] = OrderedDict()
        self._wide = False
        """Whether some state had more than `_WIDE` ways out, or more than could be found."""
        self._now = self._before = Numbering(bounds.claimable)
        self._turn()

    @property
    def stepper(self) -> Stepper:
        """What gives the steps; the frontiers keep it, so that a space goes with the last of them."""
        stepper = self._stepper()
        if stepper is None:
            raise InternalError("a frontier's stepper is gone")
        return stepper

    def cloud(self, states: Iterable[State]) -> Cloud:
        """The cloud of some states, with no labels. Raises OverBudget where they are too many."""
        distinct = dict.fromkeys(states)
        if len(distinct) > self.bounds.states_limit:
            raise OverBudget(f"consistent with more than {self.bounds.states_limit:,} states")
        return self._cloud([(self._now.number(state), ()) for state in distinct])

    def expired(self, cloud: Cloud, count: int) -> Cloud:
        """The cloud without the labels of the first ranks; the others' ranks are as much lower."""
        if not count:
            return cloud
        cloud = self._current(cloud)
        return self._cloud(_widest((number, _shifted(labels, count)) for number, labels in cloud.members))

    def move(self, cloud: Cloud, question: Question) -> Move:
        """Where an observation leads from a cloud."""
        self._asked += 1
        if self._asked > MOVES_ASKED or len(self._now.states) > STATES_KEPT:
            self._turn()
        key = (cloud, question)
        found = self._moves.get(key)
        if found is not None:
            self._moves.move_to_end(key)
            return found
        found = self._moved(self._current(cloud), question)
        if found.reason != "OverBudget":
            self._remember(key, found)
        return found

    def retrace(self, cloud: Cloud, question: Question, wanted: Element) -> tuple[Element, list[Step]]:
        """The element of a cloud from which a move came to an element, and the steps on the way, the last one to it.

        The wanted element's ranks are as asked. Raises OverBudget where it cannot be found again.
        """
        item = self._now.item(wanted)
        aimed = self._aimed(question)
        searches = [self._search(question, aimed)] if aimed else []
        for search in (*searches, self._search(question)):
            search.run(self._items(self._current(cloud)))
            place = search.place_of(item)
            if place is not None:
                break
        else:
            raise OverBudget("a way that was taken could not be found again")
        start, taken = search.way(place)
        return self._now.element(start[1]), [Step(label, self._now.states[number]) for label, number in taken]

    def obstacles(self, cloud: Cloud, question: Question) -> tuple[Obstacle, ...]:
        """Why nothing explains an observation that leads nowhere from a cloud."""
        key = (cloud, question)
        found = self._told.get(key)
        if found is None:
            near = self._near(cloud, question)
            found = explain(self.stepper, cloud.states, dict(question.fixed), question.claim, near)
            self._told.put(key, found)
        return found

    def _near(self, cloud: Cloud, question: Question) -> list[Near]:
        """Of the steps that hidden steps from a cloud lead to, those that come nearest to what was observed."""
        search = self._search(question)
        with suppress(Over, OverBudget):
            search.run(self._items(self._current(cloud)))
        fixed, states = dict(question.fixed), self._now.states
        spots = sorted(search.stepped(), key=lambda spot: (mismatches(states[spot[1][0]], fixed), search.depth(spot)))
        return [Near(search.label(spot), states[spot[1][0]], search.depth(spot) - 1) for spot in spots[:_NEAR_TOLD]]

    def agreeing(self, fixed: tuple[tuple[int, Value], ...]) -> Callable[[set[int]], set[int]]:
        """Of some numbered states, those that agree with what is fixed."""
        slots = tuple(slot for slot, _ in fixed)
        values = tuple(value for _, value in fixed)
        return lambda numbers: numbers & self._now.projected(slots).get(values, set()) if slots else numbers

    def _moved(self, cloud: Cloud, question: Question) -> Move:
        """Where steps with what is fixed in view lead, where they can be told from others; else where all steps do."""
        aimed = self._aimed(question)
        move = self._tried(cloud, question, aimed) if aimed else None
        if move is None or move.cloud is None:
            move = self._tried(cloud, question)
        if move.reason == "OverBudget" and not aimed and (aimed := self._aimed(question)):
            found = self._tried(cloud, question, aimed)
            move = move if found.cloud is None else found
        return move

    def _tried(self, cloud: Cloud, question: Question, edges: Edges | None = None) -> Move:
        try:
            if edges is None and not self.bounds.claimable and question.claim is None:
                return self._moved_plainly(cloud, question)
            return self._moved_with_labels(cloud, question, edges)
        except Over as over:
            return Move(None, reason=over.reason, trouble=str(over))
        except OverBudget as error:
            return Move(None, reason="OverBudget", trouble=str(error))

    def _moved_plainly(self, cloud: Cloud, question: Question) -> Move:
        agree = self.agreeing(question.fixed)
        within = self._within(question)
        search = self._search(question)
        reached: set[int] = set(cloud.members if within is None else filter(within, cloud.members))
        levels = [reached]
        for _ in range(1 + self.bounds.hidden_steps):
            for number in sorted(levels[-1] - self._now.targets.keys()):
                search.watch()
                self.edges(number)
            following = set().union(*map(self._now.targets.__getitem__, levels[-1])) - reached
            following = following if within is None else set(filter(within, following))
            if not following:
                break
            reached = reached | following
            search.count(len(following))
            levels.append(following)
        found = agree(reached)
        if not found:
            return self._nowhere(reached)
        self._check_size(len(found))
        return Move(self._cloud([(number, ()) for number in sorted(found)]), (), self._actions(levels, found))

    def _moved_with_labels(self, cloud: Cloud, question: Question, edges: Edges | None) -> Move:
        search = self._search(question, edges)
        search.run(self._items(cloud))
        agreeing = self.agreeing(question.fixed)({number for _, (number, _) in search.results()})
        spots = [spot for spot in search.results() if spot[1][0] in agreeing]
        if not spots:
            return self._nowhere({number for _, (number, _) in search.parents})
        widest = _widest(spot[1] for spot in spots)
        self._check_size(len(widest))
        kept = tuple(sorted({rank for _, labels in widest for rank, _ in labels}))
        lower = {rank: n for n, rank in enumerate(kept)}
        items = [(number, tuple((lower[rank], call) for rank, call in labels)) for number, labels in widest]
        shortest = min(spots, key=search.depth)
        actions = [call.action for label, _ in search.way(shortest)[1] for call in label]
        claimed = [question.claim.action] if question.claim and question.claim.action not in actions else []
        return Move(self._cloud(items), kept, (*actions, *claimed), bool(claimed) and search.retells(shortest))

    def _nowhere(self, reached: set[int]) -> Move:
        """No state agrees: unless a step on the way has no value, that is certain."""
        faulty = reached & self._now.faults.keys()
        if faulty:
            return Move(None, reason="OverBudget", trouble=f"a step has no value: {self._now.faults[min(faulty)]}")
        return Move(None)

    def _actions(self, levels: list[set[int]], found: set[int]) -> tuple[str, ...]:
        """The actions on a shortest way to one of the states found."""
        depth = next(n for n, level in enumerate(levels) if level & found)
        number = min(levels[depth] & found)
        actions: list[str] = []
        for level in reversed(levels[:depth]):
            before = min(each for each in level if number in self._now.targets[each])
            label = next(edge.label for edge in self.edges(before) if edge.target == number)
            actions[:0] = [call.action for call in label]
            number = before
        return tuple(actions)

    def _check_size(self, size: int) -> None:
        if size > self.bounds.states_limit:
            raise Over("Ambiguous", f"consistent with more than {self.bounds.states_limit:,} states")

    def _within(self, question: Question) -> Callable[[int], bool] | None:
        """What tells the numbered states that can still lead to what is fixed from those that certainly cannot."""
        rising = self.stepper.rising
        limits = [(slot, value) for slot, value in question.fixed if slot in rising]
        if not limits:
            return None
        states = self._now.states
        if len(limits) == 1:
            ((slot, limit),) = limits
            return lambda number: bool(states[number][slot] <= limit)
        return lambda number: all(states[number][slot] <= limit for slot, limit in limits)

    def _search(self, question: Question, aimed: Edges | None = None) -> Search:
        bounds = self.bounds
        within = self._within(question)
        edges = aimed or self.edges

        def kept(number: int) -> tuple[Edge, ...]:
            found = edges(number)
            return found if within is None else tuple(edge for edge in found if within(edge.target))

        return Search(kept, self.call, question, bounds.hidden_steps, bounds.expansions_limit, bounds.budget_s)

    def _aimed(self, question: Question) -> Edges | None:
        """The ways out of a state that agree with what is fixed; None where all are as quickly found.

        Only the last of several steps leads to what is fixed, so there must be one at most.
        """
        stepper, fixed = self.stepper, dict(question.fixed)
        if not self._wide or self.bounds.hidden_steps or stepper.settled.isdisjoint(fixed):
            return None

        def edges(number: int) -> tuple[Edge, ...]:
            known = self._now.edges.get(number)
            if known is not None:
                return known
            return tuple(self._now.edge(*each) for each in stepper.leading(self._now.states[number], fixed))

        return edges

    def call(self, number: int) -> Called:
        """The call of that number."""
        return self._now.calls[number]

    def edges(self, number: int) -> tuple[Edge, ...]:
        """The ways out of a numbered state."""
        found = self._now.edges.get(number)
        if found is None:
            state = self._now.states[number]
            found = self._now.lead(number, self._before.ways(state) or self._ways(state))
        return found

    def _ways(self, state: State) -> Ways:
        try:
            steps = [(label, reached) for label, reached in self.stepper.successors(state)]
        except OverBudget:
            self._wide = True
            raise
        self._wide = self._wide or len(steps) > _WIDE
        return steps, next(iter(self.stepper.faults(state)), "")

    def _items(self, cloud: Cloud) -> list[tuple[int, Labels]]:
        if self.bounds.claimable:
            return sorted(cloud.members)
        return [(number, ()) for number in sorted(cloud.members)]

    def _cloud(self, items: Iterable[tuple[int, Labels]]) -> Cloud:
        listed = list(items)
        members: frozenset[Any] = frozenset(listed if self.bounds.claimable else [number for number, _ in listed])
        cloud = self._clouds.get(members)
        if cloud is None:
            cloud = Cloud(self._generation, members, tuple(map(self._now.element, listed)))
            self._clouds[members] = cloud
        return cloud

    def _current(self, cloud: Cloud) -> Cloud:
        """The cloud, as of this generation."""
        if cloud.generation is self._generation:
            return cloud
        return self._cloud([self._now.item(element) for element in cloud.elements])

    def _remember(self, key: tuple[Cloud, Question], move: Move) -> None:
        self._moves[key] = move
        self._weight += _weight(move)
        while self._weight > MOVES_WEIGHT:
            _, oldest = self._moves.popitem(last=False)
            self._weight -= _weight(oldest)

    def _turn(self) -> None:
        """Begins a new generation."""
        self._generation = object()
        self._asked = self._weight = 0
        self._moves.clear()
        self._before, self._now = self._now.slim(), Numbering(self.bounds.claimable)
        self._clouds: WeakValueDictionary[frozenset[Any], Cloud] = WeakValueDictionary()


def _weight(move: Move) -> int:
    return _MOVE_WEIGHT + (len(move.cloud.members) if move.cloud else 0)


def _shifted(labels: Labels, count: int) -> Labels:
    return tuple((rank - count, call) for rank, call in labels if rank >= count)


def _breadth(item: tuple[int, Labels]) -> tuple[int, int]:
    """Whatever covers an item's labels is at least as broad."""
    return len(item[1]), sum(rank for rank, _ in item[1])


def _widest(items: Iterable[tuple[int, Labels]]) -> list[tuple[int, Labels]]:
    """The items that may be claimed most: none that another with its state covers."""
    kept: dict[int, list[Labels]] = {}
    for number, labels in sorted(items, key=_breadth, reverse=True):
        others = kept.setdefault(number, [])
        if not any(covers(other, labels) for other in others):
            others.append(labels)
    return sorted((number, labels) for number, found in kept.items() for labels in found)
