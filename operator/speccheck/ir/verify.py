"""Whether a Model is well-formed: after `verify(model)` every reader may rely on what `ir.nodes` promises.

Takes a Model from any source and raises ModelError, with the text of the node, its statement and its
definition, for the first thing wrong. It evaluates nothing: a verified Model may still divide by zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from speccheck.errors import ModelError
from speccheck.ir.assignments import check_action, check_initial, check_step
from speccheck.ir.definitions import Shared, check_coverage, check_function
from speccheck.ir.literals import shown
from speccheck.ir.models import Action, Function, Model, Variable
from speccheck.ir.nodes import Invoke, Perform
from speccheck.ir.ops import TypeMismatch
from speccheck.ir.propositions import check_property
from speccheck.ir.scopes import Work, out_of_scope
from speccheck.ir.typechecks import TypeLimits, check_distinct, check_name
from speccheck.ir.types import MapType
from speccheck.ir.values import Value, fits
from speccheck.ir.walks import bottom_up, in_order

__all__ = ["out_of_scope", "verify"]


def verify(model: Model) -> None:
    """Raise ModelError unless the Model is closed, typed and in single assignment form.

    Checked are: names declared once, values of their types, every node's type recomputed, locals bound once
    and used in scope, versions defined once and before use on every path, what branches join and actions
    write, no recursion among functions or actions, an initial value of every variable, and the limits of
    `ir.limits`.
    """
    try:
        _declarations(model)
        _check_definitions(model)
    except TypeMismatch as problem:
        raise ModelError(f"{problem}\n  of  spec {shown(model.name)}") from None
    except RecursionError:
        raise ModelError(f"the model is nested too deeply to be verified\n  of  spec {shown(model.name)}") from None


def _declarations(model: Model) -> None:
    types = TypeLimits()
    check_name(model.name)
    check_name(model.state)
    check_distinct("parameter or variable", (each.name for each in (*model.params, *model.variables)))
    check_distinct("function", (each.name for each in model.functions))
    check_distinct("action", (each.key for each in model.actions))
    check_distinct("property", (each.name for each in model.properties))
    check_distinct("coverage", (each.name for each in model.coverages))
    check_distinct("instance", (each.name for each in model.instances))
    for each in (*model.params, *model.variables):
        types.check(each.type)
        if each.upsert and not isinstance(each.type, MapType):
            raise TypeMismatch(f"{each.name} is {each.type}, and only a map can be UPSERT")
    for action in model.actions:
        check_name(action.name)
    for instance in model.instances:
        check_distinct(f"value in instance {instance.name} of", (name for name, _ in instance.values))
        _values(f"instance {instance.name}", instance.values, model.params)
    _values("the bindings", model.bindings.items(), model.params)


def _values(where: str, values: Iterable[tuple[str, Value]], params: tuple[Variable, ...]) -> None:
    types = {each.name: each.type for each in params}
    for name, value in values:
        if name not in types:
            raise TypeMismatch(f"{where}: there is no parameter {shown(name)}")
        if not fits(value, types[name]):
            raise TypeMismatch(f"{where}: the value of {name} is no value of {types[name]}")


def _check_definitions(model: Model) -> None:
    shared = Shared(model)
    _callees_first("function", {each.name: _invoked(each, shared.work) for each in model.functions})
    order = _callees_first("action", {each.key: _performed(each) for each in model.actions})
    for function in model.functions:
        check_function(shared, function)
    for key in order:
        check_action(shared, shared.actions[key])
    check_initial(shared, model.initial)
    check_step(shared, model.step)
    for each in model.properties:
        check_property(shared, each)
    for coverage in model.coverages:
        check_coverage(shared, coverage)


def _invoked(function: Function, work: Work) -> list[str]:
    found: dict[str, None] = {}
    for node in bottom_up((function.body,), set()):
        work.spend(1)
        if isinstance(node, Invoke):
            found[node.function] = None
    return list(found)


def _performed(action: Action) -> list[str]:
    return [statement.action for statement in in_order(action.block) if isinstance(statement, Perform)]


def _callees_first(what: str, calls: dict[str, list[str]]) -> list[str]:
    """The names in an order in which each comes after those it calls; what is called and unknown is left out."""
    try:
        return [name for name in TopologicalSorter(calls).static_order() if name in calls]
    except CycleError as error:
        cycle = " → ".join(map(shown, reversed(error.args[1])))
        raise TypeMismatch(f"{what}s call each other in a circle: {cycle}") from None
