"""Simulated controllers that do what their specs say, and what an observer hears of them, with its troubles.

A `Life` is one key: a random walk of a spec, begun anew now and then. What it does becomes observations of objects and
events, which come late, out of order within the window, and after relists and restarts not at all. Now and then it does
on purpose what no spec allows, in one tier; `Planted` says what, so that it can be told whether it was caught.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from speccheck.conform.protocols import ActionOrder, MappingOrder, SourceOrder, Tier
from speccheck.engines.base import Called, Outcome, State, Successor
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.ir.itf import encode
from speccheck.ir.models import Model
from speccheck.loading import load
from speccheck.sources.observations import Event, Kind, Observation

TOP = Path(__file__).resolve().parents[1]
EVENTS = "events"
WINDOW_S = 2.0
LISTED = "listed"
"""The `reason` of an observation that says how an object was found, not that it was made."""

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_TRIES = 60


def at(second: float) -> datetime:
    """The simulation's clock."""
    return _BEGIN + timedelta(seconds=second)


@dataclass(frozen=True)
class Scenario:
    """A spec, what is shown of it by which object, and whether its actions are told by events of their own."""

    name: str
    spec: str
    instance: str
    shows: Mapping[str, tuple[str, ...]]
    told: tuple[str, ...] = ()
    hidden_steps: int = 0
    deadlines: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Model:
        """The spec with its instances."""
        return load(TOP / self.spec).model

    @cached_property
    def model(self) -> Model:
        """The spec with its parameters' values."""
        return self.whole.instance(self.instance)

    @cached_property
    def stepper(self) -> ReferenceStepper:
        """The spec's steps, all of them remembered: they are taken over and over."""
        return ReferenceStepper(self.model, states_kept=50_000)

    @cached_property
    def order(self) -> MappingOrder:
        """The mapping that fits what is shown."""
        sources = [SourceOrder(name) for name in self.shows]
        actions = []
        if self.told:
            sources.append(SourceOrder(EVENTS, key="event.attributes.key"))
            for name in self.told:
                args = {each: f"event.attributes.args.{each}" for each in self.stepper.parameters[name]}
                actions.append(ActionOrder(name, f'event.name == "{name}"', args, EVENTS))
        return MappingOrder(
            sources=tuple(sources),
            variables={each: f"{name}.data.{each}" for name, shown in self.shows.items() for each in shown},
            instance=self.instance,
            actions=tuple(actions),
            hidden_steps=self.hidden_steps,
            window_s=WINDOW_S,
            deadlines=dict(self.deadlines),
        )

    @cached_property
    def reachable(self) -> tuple[State, ...]:
        """Every state there is; a scenario's spec is small."""
        found = self.stepper.reachable(50_000)
        assert found is not None, f"{self.name} is too large"
        return tuple(sorted(found, key=repr))

    def shown(self, state: State, source: str) -> State:
        """What a source shows of a state."""
        return tuple(state[self.stepper.variables.index(each)] for each in self.shows[source])

    def all_shown(self, state: State) -> tuple[State, ...]:
        """What all sources show of it."""
        return tuple(self.shown(state, source) for source in self.shows)

    @cached_property
    def _possible(self) -> Mapping[tuple[State, ...], frozenset[State]]:
        """What a state may lead to within one observation, by what is shown of it."""
        found: dict[tuple[State, ...], set[State]] = {}
        for state in self.reachable:
            level = near = {state}
            for _ in range(1 + self.hidden_steps):
                level = {way.state for each in level for way in self.stepper.successors(each)} - near
                near = near | level
            found.setdefault(self.all_shown(state), set()).update(near)
        return {shown: frozenset(near) for shown, near in found.items()}

    def elsewhere(self, state: State, rng: random.Random) -> State | None:
        """A reachable state that looks, by its first source, as nothing that this one looks like can lead to."""
        source = next(iter(self.shows))
        near = {self.shown(each, source) for each in self._possible[self.all_shown(state)]}
        for _ in range(_TRIES):
            other = rng.choice(self.reachable)
            if self.shown(other, source) not in near:
                return other
        return None

    def broken(self, state: State, rng: random.Random) -> State | None:
        """A state like this one with some shown values from elsewhere, such that an invariant over them is false."""
        slots = [self.stepper.variables.index(each) for each in next(iter(self.shows.values()))]
        for _ in range(_TRIES):
            made = list(state)
            for slot in rng.sample(slots, min(len(slots), rng.randint(1, 3))):
                made[slot] = self._strange(made[slot], slot, rng)
            values = {self.stepper.variables[slot]: made[slot] for slot in slots}
            if any(each.outcome is Outcome.VIOLATED for each in self.stepper.invariants(values)):
                return tuple(made)
        return None

    def _strange(self, value: Any, slot: int, rng: random.Random) -> Any:
        if type(value) is int and rng.random() < 0.5:
            return value + rng.choice((-2, 3, 7))
        if isinstance(value, frozenset) and rng.random() < 0.5:
            return frozenset()
        return rng.choice(self.reachable)[slot]

    def data(self, state: State, source: str) -> dict[str, Any]:
        """What an object of the source holds."""
        names, types = self.stepper.variables, self.stepper.types
        slots = [names.index(each) for each in self.shows[source]]
        return {names[slot]: encode(state[slot], types[slot]) for slot in slots}


@dataclass(frozen=True)
class Planted:
    """Something done on purpose: in which tier it is to be caught, at which observation of the key or within when."""

    number: int
    tier: Tier
    key: str


@dataclass(frozen=True)
class Sent:
    """An observation under way. `planted`: it is, or puts right, what was done on purpose."""

    arrives_s: float
    number: int
    observation: Observation
    planted: Planted | None = None
    repairs: bool = False

    def __lt__(self, other: Sent) -> bool:
        return (self.arrives_s, self.number) < (other.arrives_s, other.number)


@dataclass
class Life:
    """One key's controller. `second` is when it does what comes next; `plan` what it then does on purpose, after a
    silence in which all that is under way arrives."""

    scenario: Scenario
    key: str
    rng: random.Random
    state: State
    second: float
    version: int = 0
    exists: bool = False
    plan: Planted | None = None
    stalls: Planted | None = None
    _arrived: dict[str, float] = field(default_factory=dict)
    _seq: int = 0

    def go(self, plant: Planted | None) -> Iterator[Sent]:
        """What comes next, and what it makes others hear."""
        if not self.exists:
            yield from self._created()
            if plant is not None and plant.tier == "Time":
                self.plan = plant
        elif self.plan is not None:
            yield from self._planted(self.plan)
            self.plan = None
        elif plant is not None and plant.tier != "Time":
            self.plan = plant
            self.second += 3 * WINDOW_S
        else:
            yield from self._moved()

    def listed(self) -> list[Observation]:
        """How a list finds its objects."""
        return [self._object(source, self.state, Kind.ADDED, LISTED) for source in self.scenario.shows if self.exists]

    def _moved(self) -> Iterator[Sent]:
        ways: list[Successor] = list(self.scenario.stepper.successors(self.state))
        if not ways or self.rng.random() < 0.01:
            yield from self._deleted()
            return
        for _ in range(self.rng.randint(1, 1 + self._most_hidden())):
            ways = list(self.scenario.stepper.successors(self.state))
            if not ways:
                break
            way = self.rng.choice(ways)
            self.state = way.state
            yield from self._told(way.label)
        for source in self.scenario.shows:
            yield self._sent(self._object(source, self.state))
        self.second += self.rng.expovariate(2.0)

    def _most_hidden(self) -> int:
        return 0 if self.scenario.told else self.scenario.hidden_steps

    def _created(self) -> Iterator[Sent]:
        self.state = self.rng.choice(list(self.scenario.stepper.initials()))
        self.exists = True
        for source in self.scenario.shows:
            yield self._sent(self._object(source, self.state, Kind.ADDED))
        self.second += 3 * WINDOW_S

    def _deleted(self) -> Iterator[Sent]:
        self.exists = False
        for source in self.scenario.shows:
            yield self._sent(self._object(source, self.state, Kind.DELETED))
        self.second += 4 * WINDOW_S

    def _planted(self, plant: Planted) -> Iterator[Sent]:
        source = next(iter(self.scenario.shows))
        for each in self.scenario.shows:  # after this only what is shown of the state counts
            yield self._sent(self._object(each, self.state))
        self.second += 1.0
        match plant.tier:
            case "State":
                broken = self.scenario.broken(self.state, self.rng)
                if broken is not None:
                    yield self._sent(self._object(source, broken), plant)
                    self.second += 1.0
                    yield self._sent(self._object(source, self.state), plant, repairs=True)
            case "Step":
                elsewhere = self.scenario.elsewhere(self.state, self.rng)
                if elsewhere is not None:
                    self.state = elsewhere
                    for n, each in enumerate(self.scenario.shows):
                        yield self._sent(self._object(each, self.state), plant, repairs=n > 0)
            case "Time":
                self.stalls = plant
                self.second += 2.5 * max(self.scenario.deadlines.values())
        self.second += self.rng.expovariate(2.0)

    def _told(self, label: Iterable[Called]) -> Iterator[Sent]:
        for call in label:
            if call.action in self.scenario.told:
                types = self.scenario.stepper.parameters[call.action]
                args = {name: encode(value, types[name]) for name, value in call.args}
                self._seq += 1
                resource = {"service.name": f"controller-{self.key}"}
                event = Event(call.action, {"key": self.key, "args": args, "resource": resource})
                observation = Observation(at(self.second), EVENTS, self._seq, event=event)
                delay = self.rng.uniform(0, 0.4 * WINDOW_S)
                yield Sent(self.second + delay, self.rng.getrandbits(40), observation)

    def _sent(self, observation: Observation, planted: Planted | None = None, repairs: bool = False) -> Sent:
        """Changes of an object arrive in their order, each a little late."""
        arrives = max(self._arrived.get(observation.source, 0.0), self.second + self.rng.uniform(0, 0.3))
        self._arrived[observation.source] = arrives
        self.version += 1
        return Sent(arrives, self.version, observation, planted, repairs)

    def _object(self, source: str, state: State, kind: Kind = Kind.MODIFIED, reason: str = "") -> Observation:
        namespace, _, name = self.key.partition("/")
        metadata = {"namespace": namespace, "name": name, "uid": f"{source}-{self.key}"}
        body = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": metadata}
        body["data"] = self.scenario.data(state, source)
        return Observation(at(self.second), source, kind=kind, object=body, reason=reason)


SCENARIOS = (
    Scenario(
        "dns",
        "examples/dns-controller/dns_zone.py",
        "repaired",
        {"zone": ("newest", "root", "rollback", "plans", "lock", "work")},
    ),
    Scenario(
        "rollout",
        "specs/deployment_rollout.py",
        "rolling",
        {
            "deployment": (
                "generation",
                "desired",
                "observed_generation",
                "total",
                "updated",
                "ready",
                "available",
                "says_available",
            )
        },
        hidden_steps=2,
    ),
    Scenario(
        "pool",
        "examples/conformance/pool.py",
        "three",
        {"pool": ("serving", "version")},
        told=("take_out", "upgrade", "put_back"),
        hidden_steps=1,
        deadlines={"all_are_upgraded": 60.0},
    ),
)
"""Nothing hidden; much hidden; some hidden, with events of its actions that come late, and a deadline."""
