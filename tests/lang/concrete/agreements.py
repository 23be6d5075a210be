"""Compares the author's functions run on values with the captured Model, state by state."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.executions.captured import CapturedMachine
from speccheck.executions.specs import Spec, found_spec
from speccheck.ir.models import Model
from speccheck.lang.concrete.conversions import from_value
from speccheck.lang.concrete.machines import Machine, instance_values
from speccheck.lang.concrete.plains import itf
from speccheck.lang.concrete.runs import Values, Way
from speccheck.lang.declarations import InstanceDeclaration

UNDEFINED = "undefined"
INITIAL = 1_100
"""Where there are more initial states than this, those of the concrete execution are not all made."""


@dataclass
class Agreement:
    """One instance in both worlds; `compared` counts the states that were compared."""

    spec: Spec
    model: Model
    concrete: Machine
    captured: CapturedMachine = field(init=False)
    compared: int = 0
    begun: list[Way] | None = None

    def __post_init__(self) -> None:
        self.captured = CapturedMachine(self.model)

    def initial(self) -> list[Way]:
        """The initial states, the same in both worlds."""
        if self.begun is None:
            expected = value(self.captured.initial, {})
            if len(expected) <= INITIAL:
                assert shown(value(self.concrete.initial, {})) == shown(expected), "initial states"
            self.begun = expected if isinstance(expected, list) else []
        return self.begun

    def step(self, state: Values) -> list[Way]:
        """The ways out of a state, the same in both worlds, and the properties in it."""
        self.compared += 1
        expected, found = _ways(self.captured.steps, state, {}), _ways(self.concrete.steps, state, {})
        assert shown(found) == shown(expected), f"steps from {state}"
        for each in self.model.properties:
            if each.kind not in ("invariant", "example"):
                continue
            judged = value(self.captured.holds, each.name, state)
            assert value(self.concrete.holds, self.spec.properties[each.name], state) == judged, (each.name, state)
        return expected if isinstance(expected, list) else []

    def breadth_first(self, limit: int) -> bool:
        """Compare the reachable states nearest to the initial ones; whether these were all."""
        waiting = [way.state for way in self.initial()]
        seen = {str(state) for state in waiting}
        while waiting and self.compared < limit:
            for way in self.step(waiting.pop(0)):
                if str(way.state) not in seen:
                    seen.add(str(way.state))
                    waiting.append(way.state)
        return not waiting

    def walk(self, seed: int, steps: int) -> None:
        """Compare the states of a random walk."""
        chance = random.Random(seed)
        ways = self.initial()
        for _ in range(steps):
            if not ways:
                return
            ways = self.step(chance.choice(ways).state)


def _ways(take: Any, *args: Any) -> list[Way] | str:
    return value(take, *args)  # type: ignore[no-any-return]


def value(take: Any, *args: Any) -> Any:
    """What a call gives, or that it is undefined."""
    try:
        return take(*args)
    except EvaluationError:
        return UNDEFINED


def shown(ways: list[Way] | str) -> list[str] | str:
    """Ways as text: next state, label, choices; a multiset is told by their sorted list."""
    if isinstance(ways, str):
        return ways
    return sorted(
        str(
            (
                [itf(value) for value in way.state.values()],
                [(name, [(n, itf(value)) for n, value in args]) for name, args in way.calls],
                [(name, itf(value)) for name, value in way.choices],
            )
        )
        for way in ways
    )


def agreements(module: ModuleType) -> Iterator[Agreement]:
    """Each instance of an imported module."""
    declared = [value for value in vars(module).values() if isinstance(value, InstanceDeclaration)]
    for each in declared:
        spec, model = found_spec(each)
        given = instance_values(spec.relation, each)
        types = {p.name: p.type for p in model.params}
        bound = {name: itf(from_value(bound, types[name])) for name, bound in model.bindings.items()}
        assert {name: itf(found) for name, found in given.items()} == bound
        yield Agreement(spec, model, Machine(spec.relation, given))


def entries(root: Path) -> list[Path]:
    """The entry files of the specs in a directory."""
    folders = [each / f"{each.name}.py" for each in root.iterdir() if each.is_dir()]
    return sorted([*root.glob("*.py"), *(file for file in folders if file.is_file())])
