"""`Execution`: a specification driven by hand, one whole step at a time.

Takes an instance of a spec (or a captured Model), holds one present state, and takes the steps it is told to. By
default the captured Model is executed, as the reference engine does; `concrete=True` runs the author's own
functions on plain values. Both give the same ways in the same order, so the same seed takes the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from speccheck.engines.reference.choosers import Generator
from speccheck.engines.reference.guards import why_not
from speccheck.errors import AssumptionViolated, EvaluationError, UsageError
from speccheck.executions.captured import CapturedMachine
from speccheck.executions.specs import Spec, found_spec
from speccheck.ir.json import model_digest
from speccheck.ir.models import Action, Model
from speccheck.ir.nodes import Block, Choose, Perform
from speccheck.ir.types import Type
from speccheck.ir.values import Value, fits
from speccheck.ir.walks import in_order
from speccheck.lang.concrete.conversions import concrete, from_value, to_value
from speccheck.lang.concrete.machines import Machine
from speccheck.lang.concrete.plains import itf, plain
from speccheck.lang.concrete.runs import Values, Way
from speccheck.lang.concrete.scalars import Concrete
from speccheck.lang.concrete.undefined import forced
from speccheck.lang.declarations import ActionDeclaration, PropertyDeclaration
from speccheck.rendering.explanations import why_not_text
from speccheck.rendering.itf import path_document
from speccheck.rendering.text import Look
from speccheck.reports import Call as ReportedCall
from speccheck.reports import Choice, Path
from speccheck.reports import State as Reported


class Call(NamedTuple):
    """A named action and its arguments, as plain values by parameter."""

    action: str
    args: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.action}({', '.join(f'{name}={value!r}' for name, value in self.args.items())})"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: its label, and its choices as pairs of a name and a plain value (a branch has no name)."""

    label: tuple[Call, ...]
    choices: tuple[tuple[str, Any], ...]


class _Driven(Protocol):
    """What is driven: the Model, or the author's own functions."""

    def initial(self, fixed: Mapping[str, Any]) -> list[Way]: ...

    def steps(self, state: Values, fixed: Mapping[str, Any]) -> list[Way]: ...


class StateView:
    """The present state: its variables, and its parameters, as plain Python values."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._values:
            raise UsageError(f"the state has no variable or parameter {name!r}; it has: {', '.join(self._values)}")
        return plain(self._values[name])

    def __setattr__(self, name: str, value: object) -> None:
        raise UsageError(f"{name!r} is assigned from outside; the state changes by steps: ex.step(action, …)")

    def __dir__(self) -> list[str]:
        return list(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StateView) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"State({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


class Execution:
    """Drives a specification by hand.

    `instance` is an `@instance` function of an imported spec, or a state with its parameters given (`Counter(N=5)`).
    Where several ways fit, the first in canonical order is taken, or with a `seed` one at random. `choices`
    says by name what is chosen on the way to the initial state. `concrete=True` runs the author's own functions.

    Raises UsageError where `instance` is none, SpecError where the specification is wrong.
    """

    def __init__(
        self,
        instance: object,
        seed: int | None = None,
        *,
        concrete: bool = False,
        choices: Mapping[str, Any] | None = None,
    ) -> None:
        spec, model = found_spec(instance)
        self._begin(model, spec, seed, concrete=concrete, choices=choices)

    @classmethod
    def of(
        cls, model: Model, instance: str = "", seed: int | None = None, *, choices: Mapping[str, Any] | None = None
    ) -> Execution:
        """Drives a captured Model, specialised to one of its instances where a name is given."""
        found = cls.__new__(cls)
        only = model.instances[0].name if not instance and len(model.instances) == 1 and model.free_params() else ""
        named = instance or only
        found._begin(model.instance(named) if named else model, None, seed, concrete=False, choices=choices)
        return found

    def _begin(
        self, model: Model, spec: Spec | None, seed: int | None, *, concrete: bool, choices: Mapping[str, Any] | None
    ) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise UsageError(f"a seed is an int or None, not {seed!r}")
        self._model = model
        self._spec = spec
        self._seed = seed
        self._captured = CapturedMachine(model)
        self._params = self._parameters()
        self._machine = Machine(spec.relation, self._params) if concrete and spec is not None else None
        self._driven: _Driven = self._machine or self._captured
        self._names = tuple(dict.fromkeys(a.name for a in self._labelling()))
        self.reset(choices=choices)

    # --- the present state --------------------------------------------------------------------------

    @property
    def state(self) -> StateView:
        """The present state: `ex.state.x` is a plain Python value."""
        return StateView({**self._present(), **self._params})

    @property
    def model(self) -> Model:
        """The Model, with the instance's parameters bound."""
        return self._model

    @property
    def path(self) -> Path:
        """The path from the initial state to here, as reports hold it: `replay(ex.model, ex.path)` takes it again."""
        return Path(tuple(map(_reported, self._ways)))

    def itf(self) -> dict[str, Any]:
        """The path as a document of the Informal Trace Format, for `json.dump` and `speccheck replay`."""
        from_here = {"spec": self._model.name, "instance": self._model.instance_name, "seed": self._seed}
        return {"#meta": {"format": "ITF", **from_here, "model_digest": model_digest(self._model)}} | path_document(
            self.path
        )

    def reset(self, *, choices: Mapping[str, Any] | None = None) -> None:
        """Go back to the initial state (with a seed: to the one that it gives), and forget the path."""
        self._random = None if self._seed is None else Generator(self._seed, 0)
        self._ways: list[Way] = []
        ways = self._reinstated(lambda: self._driven.initial(self._fixed(choices)))
        if not ways:
            told = " with these choices" if choices else ""
            raise UsageError(f"{self._model.name} has no initial state{told}")
        self._ways = [self._pick(ways)]

    # --- steps --------------------------------------------------------------------------------------

    def step(
        self, act: object = None, /, *args: object, choices: Mapping[str, Any] | None = None, **named: object
    ) -> Taken:
        """Take a whole step whose label contains `act(args)`; without an action, any step.

        `act` is the decorated action or its name; arguments may be left out, then any will do. `choices` fixes by
        name what is chosen on the way, `""` naming the branches that may be taken.

        Raises AssumptionViolated, saying which guard is false, where no such step is possible here; EvaluationError
        where an expression has no value on the way; UsageError for what is no action, argument or choice.
        """
        ways = self._reinstated(lambda: self._driven.steps(self._present(), self._fixed(choices)))
        if act is None:
            if args or named:
                raise UsageError("arguments are given without an action: step(action, argument, …)")
            wanted = ways
        else:
            call = self._call(act, args, named)
            wanted = [way for way in ways if any(_is_call(found, call) for found in way.calls)]
        if not wanted:
            raise AssumptionViolated(self._why(None if act is None else call, choices))
        self._ways.append(self._pick(wanted))
        return _taken(self._ways[-1])

    def enabled(self) -> list[Call]:
        """The named actions that a step can be taken with here, with their arguments, each once."""
        found: list[Call] = []
        for way in self._reinstated(lambda: self._driven.steps(self._present(), {})):
            found += [call for call in _label(way) if call not in found]
        return found

    def holds(self, wanted: object) -> bool:
        """Whether an invariant or example (the decorated function, or its name) is true here.

        Raises EvaluationError where it has no value, UsageError where there is none of that name.
        """
        known = {} if self._spec is None else {id(each): name for name, each in self._spec.properties.items()}
        name = known.get(id(wanted), wanted.name) if isinstance(wanted, PropertyDeclaration) else wanted
        if not isinstance(name, str):
            raise UsageError(f"holds takes an invariant or example, or its name, not a {type(wanted).__name__}")
        kind = self._model.property_named(name).kind
        if kind not in ("invariant", "example"):
            raise UsageError(f"{name} is a {kind} property: it is about whole behaviours, not about one state")
        if self._machine is not None and self._spec is not None:
            machine, declared = self._machine, self._spec.properties[name]
            return bool(self._reinstated(lambda: machine.holds(declared, self._present())))
        return bool(self._reinstated(lambda: self._captured.holds(name, self._present())))

    # --- how it is done -----------------------------------------------------------------------------

    def _present(self) -> Values:
        return self._ways[-1].state

    def _reinstated(self, work: Callable[[], Any]) -> Any:
        if self._spec is not None:
            self._spec.reinstate()
        return work()

    def _parameters(self) -> Values:
        if self._spec is not None:
            self._spec.reinstate()
        types = {p.name: p.type for p in self._model.params}
        return {name: from_value(value, types[name]) for name, value in self._model.bindings.items()}

    def _pick(self, ways: list[Way]) -> Way:
        return ways[0 if self._random is None else self._random.draw(len(ways))]

    def _fixed(self, choices: Mapping[str, Any] | None) -> dict[str, Any]:
        given = dict(choices or {})
        known = {s.name for block in self._blocks() for s in in_order(block) if isinstance(s, Choose)} | {""}
        for name in given:
            if name not in known:
                raise UsageError(f"there is no choice {name!r}; there are: {', '.join(sorted(known - {''})) or 'none'}")
        return {name: value if name == "" else forced(concrete(value)) for name, value in given.items()}

    def _blocks(self) -> list[Block]:
        return [self._model.initial.block, self._model.step.block, *(a.block for a in self._model.actions)]

    def _labelling(self) -> list[Action]:
        keys = {s.action for s in in_order(self._model.step.block) if isinstance(s, Perform)}
        return [action for action in self._model.actions if action.key in keys]

    def _call(self, act: object, args: tuple[object, ...], named: dict[str, object]) -> _Wanted:
        name = act.name if isinstance(act, ActionDeclaration) else act
        if not isinstance(name, str):
            raise UsageError(f"step takes a named action or its name, not a {type(act).__name__}")
        if name not in self._names:
            inline = isinstance(act, ActionDeclaration) and act.inline
            told = f"{name} is part of its caller, no named action (inline=False)" if inline else f"no named {name!r}"
            raise UsageError(f"{told}; the steps of {self._model.name} are named {', '.join(self._names) or 'nothing'}")
        refused: list[UsageError] = []
        for each in self._labelling():
            if each.name == name:
                try:
                    return _wanted(each, args, named)
                except UsageError as error:
                    refused.append(error)
        raise refused[0]

    def _why(self, call: _Wanted | None, choices: Mapping[str, Any] | None) -> str:
        told = " with these choices" if choices else ""
        if call is None:
            return f"no step is possible here{told}: {self.state!r}"
        shown = Call(call.name, {name: plain(value) for name, value in call.args.items()})
        head = f"{shown} is not possible here{told}"
        values: dict[str, Value] = {name: to_value(value, call.types[name]) for name, value in call.args.items()}
        try:
            found = why_not(self._model, self._captured.state(self._present()), call.name, values)
        except EvaluationError as error:
            return f"{head}: {error}"
        lines = why_not_text(found, "here", Look(color=False)).splitlines()[1:]
        return "\n".join([f"{head}", *lines, f"  in {self.state!r}"])


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A call that the label is to contain; arguments left out may be any."""

    name: str
    args: Values
    types: Mapping[str, Type]


def _wanted(action: Action, args: tuple[object, ...], named: dict[str, object]) -> _Wanted:
    """The call of an action as its parameters are declared."""
    types = {p.name: p.type for p in action.params}
    given = dict(zip(types, args, strict=False))
    if len(args) > len(types) or set(named) - set(types) or set(named) & set(given):
        raise UsageError(f"{action.name} takes {', '.join(types) or 'no arguments'}")
    values = {n: _argument(action.name, n, v, types[n]) for n, v in {**given, **named}.items()}
    return _Wanted(action.name, values, types)


def _argument(action: str, name: str, value: object, type_: Type) -> Any:
    found = forced(Concrete.typed(value, type_))
    try:
        fitting = fits(to_value(found, type_), type_) and bool(from_value(to_value(found, type_), type_) == found)
    except (AttributeError, TypeError, ValueError, KeyError):
        fitting = False
    if not fitting:
        raise UsageError(f"{name} of {action} should be a value of type {type_}, got {value!r}")
    return found


def _is_call(found: tuple[str, tuple[tuple[str, Any], ...]], wanted: _Wanted) -> bool:
    name, args = found
    given = dict(args)
    return name == wanted.name and all(n in given and bool(given[n] == v) for n, v in wanted.args.items())


def _label(way: Way) -> tuple[Call, ...]:
    return tuple(Call(name, {n: plain(value) for n, value in args}) for name, args in way.calls)


def _taken(way: Way) -> Taken:
    return Taken(_label(way), tuple((name, plain(value)) for name, value in way.choices))


def _reported(way: Way) -> Reported:
    return Reported(
        values=tuple((name, itf(value)) for name, value in way.state.items()),
        label=tuple(ReportedCall(name, tuple((n, itf(v)) for n, v in args)) for name, args in way.calls),
        choices=tuple(Choice(name, itf(value)) for name, value in way.choices),
    )
