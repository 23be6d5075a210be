"""Random observations of real specs, and an oracle that says by brute force what they can mean."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from speccheck.conform.frontiers import Bounds, Claim
from speccheck.engines.base import Called, State, Successor
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.ir.values import Value
from speccheck.loading import load

SPECS = Path(__file__).parents[2] / "specs"


@cache
def stepper(spec: str, instance: str) -> ReferenceStepper:
    """A spec of the repository, for single steps."""
    return ReferenceStepper(load(SPECS / f"{spec}.py").model.instance(instance))


@dataclass(frozen=True)
class Seen:
    """One observation as a frontier takes it."""

    fixed: Mapping[int, Value]
    claim: Claim | None
    time: float


@dataclass
class Walk:
    """A random behaviour of a spec, and what is observed of it."""

    spec: ReferenceStepper
    bounds: Bounds
    rng: random.Random
    states: list[State] = field(default_factory=list)
    labels: list[tuple[Called, ...]] = field(default_factory=list)

    def go(self, steps: int) -> None:
        """Takes so many steps, or fewer where it comes to a state without any."""
        self.states = [self.rng.choice(self.spec.initials())]
        self.labels = [()]
        for _ in range(steps):
            ways: Iterable[Successor] = self.spec.successors(self.states[-1])
            if not ways:
                return
            way = self.rng.choice(list(ways))
            self.states.append(way.state)
            self.labels.append(way.label)

    def observations(self, groups: list[list[int]]) -> list[Seen]:
        """What sources that each see a group of the variables tell, and the actions' own observations late or early."""
        found: list[Seen] = []
        revealed, waiting, time = 0, [], 0.0
        while revealed < len(self.states) - 1:
            time += 0.5
            to = min(len(self.states) - 1, revealed + self.rng.randint(0, 1 + self.bounds.hidden_steps))
            waiting += [(n, call) for n in range(revealed + 1, to + 1) for call in self._claimable(n)]
            if self.rng.random() < 0.2 and to > revealed and waiting and waiting[-1][0] == to:
                found.append(Seen({}, self._claim(waiting.pop()[1]), time))
            revealed = to
            group = self.rng.choice(groups)
            found.append(Seen({slot: self.states[to][slot] for slot in group}, None, time))
            while waiting and self.rng.random() < 0.5:
                call = waiting.pop(self.rng.randrange(len(waiting)))[1]
                found.append(Seen({}, self._claim(call), time))
        return found

    def corrupted(self, found: list[Seen]) -> list[Seen]:
        """The same, but something that one of them tells comes from elsewhere."""
        place = self.rng.randrange(len(found))
        elsewhere = self.rng.choice(self.states)
        old = found[place]
        if old.claim:
            call = self.rng.choice([call for label in self.labels for call in label])
            found[place] = Seen(old.fixed, Claim(call.action, call.args), old.time)
        else:
            slots = [slot for slot in old.fixed if self.rng.random() < 0.5]
            found[place] = Seen({**old.fixed, **{slot: elsewhere[slot] for slot in slots}}, None, old.time)
        return found

    def _claimable(self, step: int) -> list[Called]:
        return [call for call in self.labels[step] if call.action in self.bounds.claimable]

    def _claim(self, call: Called) -> Claim:
        return Claim(call.action, tuple(arg for arg in call.args if self.rng.random() < 0.7))


Possible = tuple[State, frozenset[tuple[tuple[Called, float], int]]]


class TooMany(Exception):
    """More is possible than the oracle goes through."""


@dataclass
class Oracle:
    """Every state and set of unclaimed actions that is consistent with what was seen: no pruning, nothing shared."""

    spec: ReferenceStepper
    bounds: Bounds
    possible: set[Possible]
    limit: int = 3_000
    past: list[tuple[set[Possible], Seen]] = field(default_factory=list)

    def observe(self, seen: Seen) -> bool:
        """Whether anything explains the observation, be it as one that others have overtaken."""
        before = self.possible
        if self._holds(seen):
            self.past.append((before, seen))
            return True
        for place in range(len(self.past) - 1, max(-1, len(self.past) - 17), -1):
            other = self.past[place][1]
            late = seen.claim is None and seen.fixed and not set(seen.fixed) & set(other.fixed)
            if not late or seen.time - other.time > self.bounds.window_s:
                return False
            self.possible, again = self.past[place][0], [seen, *(each for _, each in self.past[place:])]
            past = self.past[:place]
            for each in again:
                past.append((self.possible, each))
                if not self._holds(each):
                    break
            else:
                self.past = past
                return True
        return False

    def _holds(self, seen: Seen) -> bool:
        hidden = self.bounds.hidden_steps
        if seen.claim is None:
            found = self._grown(self.possible, 1 + hidden, seen.time)
        else:
            before = self._grown(self.possible, hidden, seen.time)
            found = {each for state in before for each in self._stepped(state, seen.claim, seen.time)}
            taken = {each for state in self.possible for each in self._taken(state, seen.claim, seen.time)}
            found |= self._grown(taken, hidden, seen.time)
        self.possible = {each for each in found if all(each[0][s] == v for s, v in seen.fixed.items())}
        return bool(self.possible)

    @property
    def states(self) -> set[State]:
        """The states that are possible."""
        return {state for state, _ in self.possible}

    def _grown(self, starts: set[Possible], steps: int, time: float) -> set[Possible]:
        found, level = set(starts), set(starts)
        for _ in range(steps):
            level = {
                (way.state, self._with(labels, way.label, time))
                for state, labels in level
                for way in self.spec.successors(state)
            } - found
            found |= level
            if len(found) > self.limit:
                raise TooMany
        return found

    def _stepped(self, possible: Possible, claim: Claim, time: float) -> list[Possible]:
        state, labels = possible
        found = []
        for way in self.spec.successors(state):
            for n, call in enumerate(way.label):
                if _fits(call, claim):
                    rest = (*way.label[:n], *way.label[n + 1 :])
                    found.append((way.state, self._with(labels, rest, time)))
        return found

    def _taken(self, possible: Possible, claim: Claim, time: float) -> list[Possible]:
        state, labels = possible
        window = self.bounds.window_s
        fitting = [each for each, _ in labels if _fits(each[0], claim) and time - each[1] <= window]
        return [(state, frozenset((Counter(dict(labels)) - Counter([each])).items())) for each in fitting]

    def _with(
        self, labels: frozenset[tuple[tuple[Called, float], int]], label: Iterable[Called], time: float
    ) -> frozenset[tuple[tuple[Called, float], int]]:
        taken = Counter((call, time) for call in label if call.action in self.bounds.claimable)
        return frozenset((Counter(dict(labels)) + taken).items())


def _fits(call: Called, claim: Claim) -> bool:
    given = dict(call.args)
    return call.action == claim.action and all(name in given and given[name] == value for name, value in claim.args)
