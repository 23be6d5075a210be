"""The ways that explain an observation, with the actions on them that may be claimed: a search over numbered states.

Takes numbered states with labels, their edges, and what an observation claims. Gives every spot that hidden steps and
the claim lead to, and how each was reached. What the observation fixes is for the caller to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from speccheck.conform.explanations import Claim, fits_claim
from speccheck.engines.base import Called, Label
from speccheck.engines.timers import Timer
from speccheck.ir.values import Value

LABELS_LIMIT = 256
"""How many actions taken and not claimed one item may carry."""

Labels: TypeAlias = tuple[tuple[int, int], ...]
"""The ranks and numbers of calls that were taken and not yet claimed, ascending."""

Item: TypeAlias = tuple[int, Labels]

Spot: TypeAlias = tuple[int, Item]
"""An item and its phase: before the claim, after a step that it names, after a step that was taken before."""

BEFORE, STEPPED, TAKEN = range(3)


class Over(Exception):
    """A limit is reached; `reason` is a word of `protocols.UNKNOWNS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Edge(NamedTuple):
    """A way out of a state: its label, the numbers of the calls in it that can be claimed, the state it leads to."""

    label: Label
    claimable: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Question:
    """What an observation fixes (slots ascending) and claims; from which rank on labels may be claimed; the rank of
    the labels taken with it. `earlier`: what is claimed may have been done before all that is known of."""

    fixed: tuple[tuple[int, Value], ...]
    claim: Claim | None = None
    open_from: int = 0
    fresh: int = 0
    earlier: bool = False


class Origin(NamedTuple):
    """How a spot was reached: from which, by which label (None: without a step), after how many steps."""

    before: Spot | None
    label: Label | None
    depth: int


class Search:
    """One search. Raises Over where it takes more spots, time or labels than it may."""

    def __init__(
        self,
        edges: Callable[[int], tuple[Edge, ...]],
        call: Callable[[int], Called],
        question: Question,
        hidden_steps: int,
        limit: int,
        budget_s: float,
    ) -> None:
        self.parents: dict[Spot, Origin] = {}
        self._edges = edges
        self._call = call
        self._question = question
        self._hidden = hidden_steps
        self._left = limit
        self._limit = limit
        self._timer = Timer(budget_s)
        self._labels: dict[tuple[int, int], list[Labels]] = {}

    def run(self, items: Iterable[Item]) -> None:
        """Finds every spot."""
        starts = [(BEFORE, item) for item in items]
        for spot in starts:
            self._reach(spot, Origin(None, None, 0))
        claim = self._question.claim
        if claim is None:
            self._spread(starts, 1 + self._hidden)
            return
        for spot in self._spread(starts, self._hidden):
            self._claimed_steps(spot, claim)
        self._spread(list(self._claimed_labels(starts, claim)), self._hidden)

    def results(self) -> Iterator[Spot]:
        """The spots at which the claim, if there is one, is met."""
        wanted = self._question.claim is not None
        return (spot for spot in self.parents if (spot[0] != BEFORE) == wanted)

    def stepped(self) -> Iterator[Spot]:
        """The spots that a step led to."""
        return (spot for spot, origin in self.parents.items() if origin.label is not None)

    def depth(self, spot: Spot) -> int:
        """How many steps lead to a spot."""
        return self.parents[spot].depth

    def label(self, spot: Spot) -> Label:
        """The label of the last step to a spot."""
        return self.parents[spot].label or ()

    def place_of(self, item: Item) -> Spot | None:
        """The spot at which an item was found with the claim met, by the fewest steps."""
        places = [(phase, item) for phase in (BEFORE, STEPPED, TAKEN)]
        found = [spot for spot in places if spot in self.parents and (spot[0] != BEFORE) == self._claims]
        return min(found, key=self.depth, default=None)

    def way(self, spot: Spot) -> tuple[Spot, list[tuple[Label, int]]]:
        """Where the way to a spot begins, and the label and state of each step on it."""
        steps: list[tuple[Label, int]] = []
        origin = self.parents[spot]
        while origin.before is not None:
            if origin.label is not None:
                steps.append((origin.label, spot[1][0]))
            spot = origin.before
            origin = self.parents[spot]
        return spot, steps[::-1]

    def retells(self, spot: Spot) -> bool:
        """Whether what is claimed at a spot was taken for an earlier observation already."""
        claim, origin = self._question.claim, self.parents[spot]
        while origin.before is not None and (spot[0], origin.before[0]) != (TAKEN, BEFORE):
            spot = origin.before
            origin = self.parents[spot]
        if claim is None or origin.before is None:
            return False
        labels = origin.before[1][1]
        return any(rank >= self._question.open_from and fits_claim(self._call(call), claim) for rank, call in labels)

    def count(self, amount: int) -> None:
        """Counts spots. Raises Over where they are too many, or the time is over."""
        self._left -= amount
        if self._left < 0:
            raise Over("Ambiguous", f"more than {self._limit:,} states were looked at for one observation")

    def watch(self) -> None:
        """Raises Over where the time is over."""
        if self._timer.is_over:
            raise Over("OverBudget", "an observation took longer to explain than it may")

    @property
    def _claims(self) -> bool:
        return self._question.claim is not None

    def _reach(self, spot: Spot, origin: Origin) -> bool:
        """Whether the spot is new, and no other with its state covers it."""
        phase, (number, labels) = spot
        others = self._labels.setdefault((phase, number), [])
        if any(covers(other, labels) for other in others):
            return False
        others.append(labels)
        self.parents[spot] = origin
        self.count(1)
        return True

    def _spread(self, starts: list[Spot], steps: int) -> list[Spot]:
        """Every spot that at most so many steps lead to from some of one phase, themselves too."""
        found = level = starts
        for depth in range(1, steps + 1):
            level = [reached for spot in level for reached in self._step(spot, depth)]
            if not level:
                break
            found = found + level
        return found

    def _step(self, spot: Spot, depth: int) -> Iterator[Spot]:
        phase, (number, labels) = spot
        self.watch()
        for edge in self._edges(number):
            reached = (phase, (edge.target, self._with(labels, edge.claimable)))
            if self._reach(reached, Origin(spot, edge.label, depth)):
                yield reached

    def _claimed_steps(self, spot: Spot, claim: Claim) -> None:
        _, (number, labels) = spot
        self.watch()
        for edge in self._edges(number):
            if not any(fits_claim(call, claim) for call in edge.label):
                continue
            for left in self._unclaimed(edge, claim):
                reached = (STEPPED, (edge.target, self._with(labels, left)))
                self._reach(reached, Origin(spot, edge.label, self.depth(spot) + 1))

    def _unclaimed(self, edge: Edge, claim: Claim) -> Iterator[tuple[int, ...]]:
        """What is left to be claimed of a step after the claim, for each call that it can be meant by it."""
        meant = [n for n, call in enumerate(edge.claimable) if fits_claim(self._call(call), claim)]
        for n in meant:
            yield edge.claimable[:n] + edge.claimable[n + 1 :]
        if not meant:
            yield edge.claimable

    def _claimed_labels(self, starts: list[Spot], claim: Claim) -> Iterator[Spot]:
        for spot in starts:
            number, labels = spot[1]
            if self._question.earlier and self._reach((TAKEN, spot[1]), Origin(spot, None, 0)):
                yield (TAKEN, spot[1])
            fitting = [each for each in labels if each[0] >= self._question.open_from]
            for each in {call: (rank, call) for rank, call in reversed(fitting)}.values():
                if not fits_claim(self._call(each[1]), claim):
                    continue
                place = labels.index(each)
                reached = (TAKEN, (number, labels[:place] + labels[place + 1 :]))
                if self._reach(reached, Origin(spot, None, 0)):
                    yield reached

    def _with(self, labels: Labels, calls: tuple[int, ...]) -> Labels:
        """The labels and those taken now. Raises Over where they are too many."""
        if not calls:
            return labels
        if len(labels) + len(calls) > LABELS_LIMIT:
            raise Over("Ambiguous", f"more than {LABELS_LIMIT} actions were taken that nothing has claimed yet")
        return tuple(sorted((*labels, *((self._question.fresh, call) for call in calls))))


def covers(more: Labels, less: Labels) -> bool:
    """Whether all that may be claimed with `less` may be with `more`, and as long."""
    if not less or more == less:
        return True
    if len(less) > len(more):
        return False
    left = list(more)
    for rank, call in reversed(less):
        match = next((each for each in left if each[1] == call and each[0] >= rank), None)
        if match is None:
            return False
        left.remove(match)
    return True
