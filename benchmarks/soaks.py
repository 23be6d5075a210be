"""A soak: simulated correct controllers for as many observations as asked for, and drifts that were planted in them.

Takes a `Plan`, gives a `Tally`: false alarms, and how many of the planted drifts of each tier were caught. The way of
the observations is the operator's: `Ordering`, then `Monitor`.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.worlds import LISTED, WINDOW_S, Life, Planted, Scenario, Sent, at
from speccheck.conform.monitors import Monitor
from speccheck.conform.protocols import Gap, Judgement, Result, Tick, Tier, View
from speccheck.sources.observations import Kind, Observation
from speccheck.sources.orderings import Ordering

_ALARMS_KEPT = 20
_TICK_S = 1.0


@dataclass(frozen=True)
class Plan:
    """How many observations of a scenario, of how many keys at once; a drift is planted, a watch relisted and an
    observer restarted, each once in so many steps of the controllers."""

    scenario: Scenario
    observations: int
    keys: int = 20
    seed: int = 1
    plant_every: int = 100
    relist_every: int = 700
    restart_every: int = 1_500


@dataclass
class _Stall:
    """A controller that does nothing until long after its deadline. Until it is done it is rightly told to be late."""

    gaps: int
    caught: bool = False
    over: bool = False


@dataclass
class Tally:
    """What became of it. `alarms` tells of the false ones."""

    observations: int = 0
    false_alarms: int = 0
    alarms: list[str] = field(default_factory=list)
    planted: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    rejected: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    gaps: int = 0


class Soak:
    """One scenario's controllers, and the observer that hears of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(plan.seed)
        self.tally = Tally()
        self.monitor = Monitor(plan.scenario.whole, plan.scenario.order)
        self.ordering = Ordering(WINDOW_S)
        self.queue: list[Sent] = []
        self.steps = 0
        self.number = 0
        self.ticked = 0.0
        initial = plan.scenario.stepper.initials()[0]
        names = (f"soak/{number}" for number in range(plan.keys))
        self.lives = [
            Life(plan.scenario, name, random.Random(f"{plan.seed}/{name}"), initial, self.rng.uniform(0, 5))
            for name in names
        ]
        self.turns = [(life.second, number) for number, life in enumerate(self.lives)]
        heapq.heapify(self.turns)
        self.stalls: dict[str, _Stall] = {}
        self.seen: dict[str, int] = {}
        """How many gaps there had been when a key's object was seen last."""

    def run(self, progress: Callable[[Tally], None] | None = None) -> Tally:
        """As many observations as planned."""
        while self.tally.observations < self.plan.observations:
            second, number = heapq.heappop(self.turns)
            self._arrive(second)
            self._trouble(second)
            self._step(self.lives[number])
            heapq.heappush(self.turns, (self.lives[number].second, number))
            if progress is not None and self.steps % 10_000 == 0:
                progress(self.tally)
        return self.tally

    def _step(self, life: Life) -> None:
        self.steps += 1
        plant = None
        if life.key in self.stalls:
            self._settle(self.stalls[life.key])
        stalls = bool(self.plan.scenario.deadlines) and not life.exists  # a deadline is missed from the beginning
        if self.rng.random() < (1 / 4 if stalls else 1 / self.plan.plant_every):
            tier: Tier = "Time" if stalls else self.rng.choice(["State", "Step"])
            self.number += 1
            plant = Planted(self.number, tier, life.key)
        for sent in life.go(plant):
            heapq.heappush(self.queue, sent)
        if life.stalls is not None:
            self.stalls[life.key] = _Stall(self.tally.gaps)
            life.stalls = None

    def _settle(self, stall: _Stall) -> None:
        """A stall is over; with a gap in it nothing had to be told, as the deadline began anew."""
        if stall.gaps == self.tally.gaps and not stall.over:
            self.tally.planted["Time"] += 1
            self.tally.caught["Time"] += stall.caught
        stall.over = True

    def _trouble(self, second: float) -> None:
        calm = 30 if self.plan.scenario.deadlines else 1  # a gap begins deadlines anew
        if self.rng.random() < 1 / self.plan.restart_every / calm:
            self._restart(second)
        elif self.rng.random() < 1 / self.plan.relist_every / calm:
            self._relist(second, self.rng.choice(list(self.plan.scenario.shows)))

    def _relist(self, second: float, source: str) -> None:
        """A watch is broken off: what was under way of it is lost, and everything is listed anew."""
        self.queue = [each for each in self.queue if each.observation.source != source]
        heapq.heapify(self.queue)
        self._take(Observation(at(second), source, kind=Kind.GAP, reason="relist"), second, None)
        found = [each for life in self.lives for each in life.listed() if each.source == source]
        self._found(found, second, source)

    def _restart(self, second: float) -> None:
        """The observer begins anew: what was under way is lost."""
        self.queue, self.ordering = [], Ordering(WINDOW_S)
        self._take(Observation(at(second), kind=Kind.GAP, reason="restart"), second, None)
        for source in self.plan.scenario.shows:
            self._found(
                [each for life in self.lives for each in life.listed() if each.source == source], second, source
            )

    def _found(self, found: list[Observation], second: float, source: str) -> None:
        there = {str((each.object or {})["metadata"]["name"]) for each in found}
        for life in self.lives:
            if life.key.partition("/")[2] not in there:
                gone = life._object(source, life.state, Kind.DELETED)
                self._take(gone, second, None)
        for each in found:
            self._take(each, second, None)

    def _arrive(self, second: float) -> None:
        while self.queue and self.queue[0].arrives_s <= second:
            sent = heapq.heappop(self.queue)
            self._pass_time(sent.arrives_s)
            self._take(sent.observation, sent.arrives_s, sent)
        self._pass_time(second)

    def _pass_time(self, second: float) -> None:
        while self.ticked + _TICK_S <= second:
            self.ticked += _TICK_S
            for each in self.ordering.tick(at(self.ticked)):
                self._judge(each, None)
            for judgement in self.monitor.take(Tick(at(self.ticked))):
                self._tell(judgement, None)

    def _take(self, observation: Observation, second: float, sent: Sent | None) -> None:
        self.tally.observations += 1
        for each in self.ordering.put(observation, at(second)):
            self._judge(each, sent if each is observation else None)

    def _judge(self, observation: Observation, sent: Sent | None) -> None:
        if observation.kind is Kind.GAP:
            self.tally.gaps += 1
            self.monitor.take(Gap(observation.time, observation.source))
            return
        told = observation.event
        event = None if told is None else {"name": told.name, "attributes": dict(told.attributes)}
        body = None if observation.object is None else dict(observation.object)
        live = observation.reason != LISTED
        view = View(observation.source, observation.time, observation.kind.value, body, event, live)
        for judgement in self.monitor.take(view):
            self._tell(judgement, sent)

    def _tell(self, judgement: Judgement, sent: Sent | None) -> None:
        self.tally.rejected += bool(judgement.rejected)
        broken = [each for each in judgement.results if each.verdict not in ("Holds", "Unknown")]
        self.tally.verdicts.update(f"{each.tier} {each.verdict} {each.reason}".strip() for each in judgement.results)
        if judgement.closed or any((each.tier, each.verdict) == ("Time", "Holds") for each in judgement.results):
            stall = self.stalls.get(judgement.key)
            if stall is not None and stall.over:
                del self.stalls[judgement.key]
        planted = sent.planted if sent is not None else None
        since = self.seen.get(judgement.key)
        if sent is not None:
            self.seen[judgement.key] = self.tally.gaps
        if planted is not None and sent is not None and not sent.repairs:
            if planted.tier == "Step" and since != self.tally.gaps:
                return  # a gap came between: it might have happened then
            self.tally.planted[planted.tier] += 1
            if any((each.tier, each.verdict) == (planted.tier, "Violated") for each in broken):
                self.tally.caught[planted.tier] += 1
            else:
                self._keep(self.tally.missed, f"{planted}: {judgement.results}")
        elif planted is None:
            for each in self._false(judgement, broken):
                self.tally.false_alarms += 1
                self._keep(self.tally.alarms, f"{judgement.time} {judgement.key}: {each}")

    def _false(self, judgement: Judgement, broken: list[Result]) -> Iterator[Result]:
        for each in broken:
            if each.tier == "Time" and judgement.key in self.stalls:
                self.stalls[judgement.key].caught = True
            else:
                yield each

    def _keep(self, told: list[str], text: str) -> None:
        if len(told) < _ALARMS_KEPT:
            told.append(text)
