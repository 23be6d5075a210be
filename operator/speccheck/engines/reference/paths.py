"""Ways, states and paths between the engine's form and a report's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.walks import Pick, Point, State, Walk, every
from speccheck.errors import InternalError
from speccheck.ir.itf import encode
from speccheck.ir.literals import literal
from speccheck.ir.models import Action, Model
from speccheck.ir.nodes import Alternatives, Choose, Local
from speccheck.ir.values import Value
from speccheck.reports import Call, Choice, Itf, Path
from speccheck.reports import State as Reported


@dataclass(frozen=True, slots=True)
class Way:
    """One completed way: the state it leads to, its label, the choices taken."""

    state: State
    calls: tuple[tuple[Action, tuple[Value, ...]], ...]
    choices: tuple[tuple[Point, Value], ...]


def completed(state: State, walk: Walk) -> Way:
    """The way that has just arrived at a state."""
    return Way(state, tuple((action, tuple(args)) for action, args in walk.calls), tuple(walk.choices))


def first_way(
    program: Program,
    origin: State | None,
    wanted: Callable[[State, Walk], bool],
    pick: Pick = every,
    tried: dict[str, int] | None = None,
) -> Way | None:
    """The first way out of a state (None: to an initial state) that is wanted, or None where none is.

    `tried` is counted as in a `Walk`.
    """
    found: list[Way] = []

    def arrive(state: State, walk: Walk) -> bool:
        if wanted(state, walk):
            found.append(completed(state, walk))
        return bool(found)

    take(program, origin, Walk(pick, arrive, tried))
    return found[0] if found else None


def take(program: Program, origin: State | None, walk: Walk) -> bool:
    """Takes the ways out of a state, or to the initial states; True where the walk stopped it."""
    return program.initial(walk) if origin is None else program.step(origin, walk)


def way_between(program: Program, origin: State | None, target: State) -> Way:
    """The first way in canonical order from a state, or from nothing, to another that is known to follow it."""
    way = first_way(program, origin, lambda state, walk: state == target)
    if way is None:
        raise InternalError("a state that a search found could not be reached again")
    return way


def path_through(program: Program, states: Sequence[State]) -> Path:
    """The path with these states, one step apart, labelled by the first way between each two."""
    origins = (None, *states[:-1])
    return path_of(program.model, [way_between(program, o, s) for o, s in zip(origins, states, strict=True)])


def path_of(model: Model, ways: Sequence[Way]) -> Path:
    """The path that some ways, one after the other, make."""
    return Path(tuple(reported(model, way) for way in ways))


def reported(model: Model, way: Way) -> Reported:
    """A state and the way into it, as a report holds them."""
    pairs = zip(model.variables, way.state, strict=True)
    return Reported(
        values=tuple((variable.name, encode(value, variable.type)) for variable, value in pairs),
        label=tuple(_call(action, args) for action, args in way.calls),
        choices=tuple(Choice(*_chosen(point, value)) for point, value in way.choices),
    )


def _call(action: Action, args: tuple[Value, ...]) -> Call:
    return call_of(action.name, list(zip(action.params, args, strict=True)))


def call_of(name: str, args: Sequence[tuple[Local, Value]]) -> Call:
    """A call of a named action, as a report holds it."""
    return Call(name, tuple((param.name, encode(value, param.type)) for param, value in args))


def _chosen(point: Point, value: Value) -> tuple[str, Itf]:
    """A choice's name and value; of a branch, its name is the value."""
    match point:
        case Choose(local, _, name):
            return name, encode(value, local.type)
        case Alternatives():
            return "", value


def label_text(way: Way) -> str:
    """The label on one line: `increment(by=2)`; the branches taken where it names no action."""
    calls = [f"{action.name}({_args_text(action, args)})" for action, args in way.calls]
    branches = [value for point, value in way.choices if isinstance(point, Alternatives)]
    return ", ".join(calls) or " / ".join(branches) or "a step"


def _args_text(action: Action, args: tuple[Value, ...]) -> str:
    pairs = zip(action.params, args, strict=True)
    return ", ".join(f"{param.name}={literal(value, param.type)}" for param, value in pairs)
