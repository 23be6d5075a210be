"""Why no step of the spec explains an observation, and how the spec could have come to where it was before.

Takes a `Stepper`, the states that were consistent with everything before, and what the observation fixes and claims.
Gives obstacles, nearest first: for each action that a step can be, the guard that was false, with the values in it, or
the variables that it would have made something else. Bounded in what is looked at and in time. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from speccheck.conform.protocols import Obstacle
from speccheck.engines.base import Called, Label, OverBudget, State, Stepper
from speccheck.engines.timers import Timer
from speccheck.errors import ModelError, UsageError
from speccheck.ir.itf import encode
from speccheck.ir.literals import literal
from speccheck.ir.values import Value, fits
from speccheck.reports import Itf

STATES_LOOKED_AT = 3
OBSTACLES_LIMIT = 64
GUARD_DISTANCE = 1_000
"""The distance of an action that cannot be taken, to which the number of its false conditions is added."""

_BUDGET_S = 0.25
_SHOWN_VALUE = 160
_SHOWN_VARIABLES = 4
_SHOWN_DETAIL = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """The action that an observation names, with some or all of its arguments; any value of the others fits."""

    action: str
    args: tuple[tuple[str, Value], ...] = ()


class Step(NamedTuple):
    """A state of a path and the label of the step into it; an anchor has none."""

    label: Label
    state: State


class Near(NamedTuple):
    """A step that was looked at and does not agree: how many hidden steps came before it."""

    label: Label
    state: State
    hidden: int


def fits_claim(call: Called, claim: Claim) -> bool:
    """Whether a call is the one claimed."""
    return call.action == claim.action and (not claim.args or set(claim.args) <= set(call.args))


def mismatches(state: State, fixed: Mapping[int, Value]) -> int:
    """In how many of the fixed variables a state differs."""
    return sum(state[slot] != value for slot, value in fixed.items())


def nearest(states: Iterable[State], fixed: Mapping[int, Value], count: int) -> list[State]:
    """The states that differ in the fewest of the fixed variables, in their order."""
    return sorted(states, key=lambda state: mismatches(state, fixed))[:count]


def explain(
    stepper: Stepper,
    before: Sequence[State],
    fixed: Mapping[int, Value],
    claim: Claim | None = None,
    near: Sequence[Near] = (),
) -> tuple[Obstacle, ...]:
    """Why no action explains the observation, nearest first, the claimed action before all others.

    `before` are states consistent with everything before, `near` steps that hidden steps lead to.
    """
    inquiry = _Inquiry(stepper, fixed, claim)
    for each in near:
        inquiry.missed(each.label, each.state, each.hidden)
    for state in nearest(before, fixed, STATES_LOOKED_AT):
        inquiry.look(state)
    return inquiry.answer()


@dataclass(slots=True)
class _Inquiry:
    stepper: Stepper
    fixed: Mapping[int, Value]
    claim: Claim | None
    timer: Timer = field(default_factory=lambda: Timer(_BUDGET_S))
    found: dict[tuple[str, str], Obstacle] = field(default_factory=dict)

    def look(self, state: State) -> None:
        """Adds what keeps each action, from this state, from explaining the observation."""
        if self.timer.is_over:
            return
        try:
            taken = self._steps(state)
        except OverBudget as error:
            self._add(Obstacle("step", "unknown", str(error), GUARD_DISTANCE))
            return
        for action in self._actions():
            if action not in taken and not self.timer.is_over:
                self._hindered(state, action)

    def missed(self, label: Label, state: State, hidden: int) -> None:
        """Adds a step that is possible, and what it would have made otherwise."""
        wrong = [slot for slot, value in self.fixed.items() if state[slot] != value]
        claimed = self.claim is None or any(fits_claim(call, self.claim) for call in label)
        if not wrong and claimed:
            return
        told = [self._mismatch(slot, state) for slot in wrong[:_SHOWN_VARIABLES]]
        told += [f"and {len(wrong) - _SHOWN_VARIABLES} more"] if len(wrong) > _SHOWN_VARIABLES else []
        told += [] if wrong else ["it is not the action that was claimed"]
        before = f"after {hidden} other step{'s' * (hidden != 1)}, " if hidden else ""
        self._add(Obstacle(label_text(self.stepper, label), "mismatch", before + "; ".join(told), len(wrong)))

    def answer(self) -> tuple[Obstacle, ...]:
        """What was found, nearest first."""
        first = self.claim.action if self.claim else ""

        def key(each: Obstacle) -> tuple[bool, int]:
            return each.action.split("(")[0] != first, each.distance

        return tuple(sorted(self.found.values(), key=key)[:OBSTACLES_LIMIT])

    def _steps(self, state: State) -> set[str]:
        """Adds the possible steps; gives the names of the actions in them that need no other answer."""
        taken: set[str] = set()
        for label, reached in self.stepper.successors(state):
            self.missed(label, reached, 0)
            taken.update(call.action for call in label if self._answers(call))
        for fault in self.stepper.faults(state):
            self._add(Obstacle("step", "unknown", f"an expression has no value in a step: {fault}", GUARD_DISTANCE))
        return taken

    def _answers(self, call: Called) -> bool:
        """Whether a possible call answers for its action: of the claimed action, only with the arguments claimed."""
        return self.claim is None or call.action != self.claim.action or fits_claim(call, self.claim)

    def _actions(self) -> list[str]:
        claimed = [self.claim.action] if self.claim and self.claim.action in self.stepper.actions else []
        return [*claimed, *(name for name in self.stepper.actions if name not in claimed)]

    def _hindered(self, state: State, action: str) -> None:
        claimed = self.claim is not None and self.claim.action == action
        args = dict(self.claim.args) if self.claim and claimed else {}
        name = claim_text(self.stepper, self.claim) if self.claim and claimed else action
        try:
            hindrances = self.stepper.why_not(state, action, args)
        except (OverBudget, ModelError, UsageError) as error:
            self._add(Obstacle(name, "unknown", str(error), GUARD_DISTANCE))
            return
        for each in hindrances[:1]:
            kind: Literal["guard", "unknown"] = "guard" if each.known else "unknown"
            self._add(Obstacle(name, kind, each.detail[:_SHOWN_DETAIL], GUARD_DISTANCE + each.parts))

    def _mismatch(self, slot: int, state: State) -> str:
        type_ = self.stepper.types[slot]
        would, seen = literal(state[slot], type_), literal(self.fixed[slot], type_)
        return f"{self.stepper.variables[slot]} would be {_short(would)}, observed {_short(seen)}"

    def _add(self, obstacle: Obstacle) -> None:
        """Keeps the nearest for each action with its arguments and manner."""
        key = (obstacle.action, obstacle.kind)
        if key not in self.found or obstacle.distance < self.found[key].distance:
            self.found[key] = obstacle


def label_text(stepper: Stepper, label: Label) -> str:
    """A label on one line; `step` where it names no action."""
    return ", ".join(_call_text(stepper, call.action, call.args) for call in label) or "step"


def claim_text(stepper: Stepper, claim: Claim) -> str:
    """A claim on one line, with the arguments it gives."""
    return _call_text(stepper, claim.action, claim.args)


def _call_text(stepper: Stepper, action: str, args: Sequence[tuple[str, Value]]) -> str:
    types = stepper.parameters.get(action, {})
    shown = [f"{name}={_short(literal(value, types[name]))}" for name, value in args if name in types]
    return f"{action}({', '.join(shown)})"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}…"


def state_itf(stepper: Stepper, state: State) -> dict[str, Itf]:
    """A state's values by variable, as ITF."""
    triples = zip(stepper.variables, stepper.types, state, strict=True)
    return {name: encode(value, type_) for name, type_, value in triples}


def fixed_itf(stepper: Stepper, fixed: Mapping[int, Value]) -> dict[str, Itf]:
    """What an observation fixes, by variable, as ITF."""
    return {stepper.variables[slot]: encode(value, stepper.types[slot]) for slot, value in fixed.items()}


def path_document(stepper: Stepper, steps: Sequence[Step], end: str = "the last good state") -> dict[str, Any]:
    """An ITF document of a path, with the label of each step in its state's `#meta`, as reports' paths have it."""
    states = [_step_itf(stepper, number, step) for number, step in enumerate(steps)]
    return {
        "#meta": {
            "format": "ITF",
            "description": f"{stepper.name}: from the anchor to {end}",
            "start": "anchor",
        },
        "vars": list(stepper.variables),
        "states": states,
    }


def _step_itf(stepper: Stepper, index: int, step: Step) -> dict[str, Any]:
    calls = [{"action": call.action, "args": _args_itf(stepper, call)} for call in step.label]
    meta: dict[str, Any] = {"index": index, **(calls[0] if calls else {"action": "", "args": {}})}
    if len(calls) > 1:
        meta["calls"] = calls
    return {"#meta": meta | {"choices": []}, **state_itf(stepper, step.state)}


def _args_itf(stepper: Stepper, call: Called) -> dict[str, Itf]:
    types = stepper.parameters.get(call.action, {})
    return {name: encode(value, types[name]) for name, value in call.args if name in types and fits(value, types[name])}
