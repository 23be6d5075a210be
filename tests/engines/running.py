"""Short ways of running expressions, blocks and models on the reference engine, for its tests."""

from __future__ import annotations

from collections.abc import Sequence

from tests.engines.models import model

from speccheck.engines.base import Limits, Walks
from speccheck.engines.reference import ReferenceEngine
from speccheck.engines.reference.paths import Way, completed, label_text
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.walks import State, Walk, every
from speccheck.ir.itf import decode
from speccheck.ir.models import Function, Model, Transition, Variable
from speccheck.ir.nodes import Assign, Expr
from speccheck.ir.types import INT
from speccheck.ir.values import Value
from speccheck.reports import Path, PropertyResult, Report


def value(expr: Expr, *, functions: Sequence[Function] = (), **variables: Value) -> Value:
    """The value of an expression; integer variables by name."""
    declared = [Variable(name, INT) for name in variables]
    out = Variable("out", expr.type)
    block = (Assign("out", 1, expr),)
    made = model([out, *declared], Transition((), ()), Transition(block, (("out", 1),)), functions=functions)
    with deep_recursion():
        (way,) = ways(made, (None, *variables.values()))
    return way.state[0]


def ways(made: Model, state: State | None) -> list[Way]:
    """Every way of taking the step from a state; None: of becoming an initial one."""
    found: list[Way] = []

    def arrive(state: State, walk: Walk) -> bool:
        found.append(completed(state, walk))
        return False

    program = Program(made)
    walk = Walk(every, arrive)
    assert not (program.initial(walk) if state is None else program.step(state, walk))
    assert walk.calls == []
    assert walk.choices == []
    return found


def labels(made: Model, state: State | None) -> list[str]:
    """The labels of the ways, in order."""
    return [label_text(way) for way in ways(made, state)]


def run(made: Model, *properties: str, walks: int | None = None, seed: int = 0, **limits: object) -> Report:
    """A report; `walks` asks for simulation. Without names, all properties of the model."""
    chosen = properties or tuple(p.name for p in made.properties)
    asked = Limits(walks=None if walks is None else Walks(walks, seed), **limits)  # type: ignore[arg-type]
    return ReferenceEngine().run(made, chosen, asked)


def only(report: Report) -> PropertyResult:
    """The one result of a report."""
    (result,) = report.properties
    return result


def states(made: Model, path: Path | None) -> list[State]:
    """The states of a path as values."""
    assert path is not None
    return [
        tuple(decode(itf, v.type) for (_, itf), v in zip(state.values, made.variables, strict=True))
        for state in path.states
    ]


def told(path: Path | None) -> list[str]:
    """A path's labels, one a step, the initial one first."""
    assert path is not None
    return [" ".join(call.action for call in state.label) for state in path.states]
