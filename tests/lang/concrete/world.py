"""A small spec with a variable of every kind, and terms over its state evaluated in every way there is."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import speccheck
from speccheck import Field, MachineStateBase, Param, StateVar, Unit, Variant, record, state, union
from speccheck.errors import EvaluationError
from speccheck.evaluation.evaluations import compiled
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.evaluation.scopes import Context, Scope
from speccheck.executions.captured import CapturedMachine
from speccheck.executions.specs import found_spec
from speccheck.ir.nodes import Expr
from speccheck.ir.values import FrozenMap, Value
from speccheck.lang.concrete import machines
from speccheck.lang.concrete.conversions import concrete, from_value
from speccheck.lang.concrete.expressions import evaluate
from speccheck.lang.concrete.plains import itf
from speccheck.lang.concrete.states import ReadOnly
from speccheck.lang.concrete.undefined import forced
from speccheck.lang.exprs import lift, node_of
from speccheck.lang.rewriting.expressions import NAME
from speccheck.lang.rewriting.hooks import HOOKS
from speccheck.lang.rewriting.sources import rewritten
from speccheck.lang.states import PropertyStore, declaration, view

UNDEFINED = "undefined"
"""What an evaluation gives that ends in an undefined operation."""


class E(Enum):
    """Two members, declared against their alphabet."""

    Q = 1
    P = 2


@record
class R:
    """A record."""

    f: Field[int]
    g: Field[set[int]]


@union
class U:
    """A union."""

    A: Variant[int]
    B: Variant[Unit]


@state
class World(MachineStateBase):
    """One variable of each kind."""

    N: Param[int]
    x: StateVar[int]
    y: StateVar[int]
    b: StateVar[bool]
    e: StateVar[set[int]]
    m: StateVar[dict[int, int]]
    l: StateVar[list[int]]  # noqa: E741 - a term says s.l
    p: StateVar[tuple[int, bool]]
    r: StateVar[R]
    u: StateVar[U]
    c: StateVar[E]


STATES: list[tuple[Value, ...]] = [
    (0, 1, True, frozenset(), FrozenMap(), (), (0, False), (0, frozenset()), (1, ()), 0),
    (2, 0, False, frozenset({0, 2}), FrozenMap({0: 1, 2: 0}), (2, 0, 2), (1, True), (2, frozenset({1})), (0, 2), 1),
    (-1, 3, True, frozenset({-1, 3, 1}), FrozenMap({1: -1}), (1,), (-1, True), (3, frozenset({0, -1})), (0, -1), 0),
]
"""Values of the variables, in declared order."""

N = 2
_DECLARED = declaration(World)
NAMES = tuple(_DECLARED.variables)
VOCABULARY = {**{n: getattr(speccheck, n) for n in speccheck.__all__ if n != "Execution"}, "E": E, "R": R, "U": U}

assert machines.MEANINGS

Function = Callable[[Any], Any]


def function_of(text: str, *, plain: bool = False) -> Function:
    """The text as a function of the state, rewritten where it is `plain` Python."""
    names: dict[str, Any] = dict(VOCABULARY)
    source = f"def term(s):\n    return {text}\n"
    if plain:
        names[NAME] = HOOKS
    exec(rewritten(source.encode(), __file__) if plain else source, names)  # noqa: S102 - the text is the test's own
    found: Function = names["term"]
    return found


def captured(function: Function) -> Expr:
    """The function's expression."""
    return node_of(lift(function(view(World, PropertyStore(_DECLARED.variables, "the test")))))


def by_reference(node: Expr, values: tuple[Value, ...]) -> Any:
    """What the reference evaluation makes of an expression, in ITF."""
    scope = Scope(Context({"N": N}, lambda work: None, _none), compiled, [node], NAMES)
    try:
        return itf(from_value(scope.code(node).run([*values, *scope.blank()]), node.type))
    except EvaluationFailed:
        return UNDEFINED


def by_hand(function: Function, values: tuple[Value, ...]) -> Any:
    """What the function itself gives on plain values, in ITF."""
    names = function.__globals__
    try:
        with machines.running("the test", machines.Constants((names,))):
            return itf(forced(concrete(function(view(World, ReadOnly(_state(values)))))))
    except EvaluationError:
        return UNDEFINED


def by_reading(node: Expr, values: tuple[Value, ...]) -> Any:
    """What a naive reading of the captured expression gives, in ITF."""
    try:
        return itf(forced(evaluate(node, {}, _state(values))))
    except EvaluationError:
        return UNDEFINED


def _state(values: tuple[Value, ...]) -> dict[str, Any]:
    given = {n: from_value(v, _DECLARED.variables[n].type) for n, v in zip(NAMES, values, strict=True)}
    return {"N": concrete(N), **given}


def _none(name: str) -> Any:
    raise AssertionError(f"there is no function {name}")


INIT = """
@action(init=True)
def init(c: Context[World]):
    s = c.state
    s.x, s.y, s.b, s.e, s.m, s.l = 0, 0, True, Set(int), Map(int, int), List(int)
    s.p, s.r, s.u, s.c = Tuple(0, True), R(f=0, g=Set(int)), U.B(), E.P

@instance
def small():
    return World(N=2)
"""


def driven(text: str) -> tuple[CapturedMachine, machines.Machine]:
    """A spec over the world, its step given as text, in both worlds. Raises SpecError."""
    names: dict[str, Any] = {**VOCABULARY, "Annotated": Annotated, "World": World, NAME: HOOKS, "__file__": __file__}
    exec(rewritten((INIT + text).encode(), __file__), names)  # noqa: S102 - the text is the test's own
    spec, model = found_spec(names["small"])
    return CapturedMachine(model), machines.Machine(spec.relation, {"N": N})


def states() -> list[dict[str, Any]]:
    """Some states, as concrete values."""
    return [{name: value for name, value in _state(values).items() if name != "N"} for values in STATES]
