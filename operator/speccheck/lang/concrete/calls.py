"""Decorated functions called concretely: the author's own function runs, on values."""

from __future__ import annotations

import inspect
from enum import Enum
from functools import lru_cache
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.lang.annotations import Argument
from speccheck.lang.concrete import modes
from speccheck.lang.concrete.contexts import ConcreteContext
from speccheck.lang.concrete.conversions import concrete
from speccheck.lang.concrete.runs import Run
from speccheck.lang.concrete.scalars import Concrete
from speccheck.lang.concrete.undefined import Undefined, undefined_by
from speccheck.lang.contexts import Context
from speccheck.lang.declarations import ActionDeclaration, Declared, ExprDeclaration, PropertyDeclaration
from speccheck.lang.spans import spec_error
from speccheck.lang.states import is_view
from speccheck.lang.submachines import label


def call_action(declared: ActionDeclaration, *args: object, **named: object) -> Any:
    """An action called with a context: its body runs; a named one is part of the step's label."""
    context, *values = _bound(declared, args, named)
    if not isinstance(context, ConcreteContext):
        raise spec_error("action-context", f"{declared.name} is called without a Context", f"write {declared.name}(c)")
    given = [_argument(a, v, declared.inline) for a, v in zip(declared.signature[1:], values, strict=True)]
    if declared.inline or context.run.initial:
        return declared.function(context, *given)
    names = [a.name for a in declared.signature[1:]]
    return _perform(declared, context, dict(zip(names, given, strict=True)))


@lru_cache(maxsize=4096)
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def _bound(declared: Declared, args: tuple[object, ...], named: dict[str, object]) -> list[Any]:
    """The arguments of a call in the parameters' order."""
    try:
        bound = _signature(declared.function).bind(*args, **named)
    except TypeError as error:
        raise spec_error("arguments", f"{declared.name}: {error}") from None
    bound.apply_defaults()
    return list(bound.arguments.values())


def _perform(declared: ActionDeclaration, context: ConcreteContext, given: dict[str, Any]) -> None:
    run: Run = context.run
    run.check()
    if run.depth == 0:
        shown = tuple((n, v) for n, v in given.items() if isinstance(v, Concrete | Undefined))
        run.calls.append((label(context, declared.name), shown))
    run.depth += 1
    declared.function(context, *given.values())
    run.depth -= 1


def _argument(argument: Argument, value: Any, inline: bool) -> Any:
    if isinstance(value, Context) or is_view(value):
        return value
    is_expression = argument.type is not None or argument.is_expression or isinstance(value, Concrete | Undefined)
    if is_expression or (not inline and isinstance(value, bool | int | str | Enum)):
        return Concrete.typed(value, argument.type)
    return value


def call_function(declared: ExprDeclaration, *args: object, **named: object) -> Any:
    """An expression function: undefined where its body meets an undefined value that it needs."""
    values = _bound(declared, args, named)
    given = [_argument(a, v, True) for a, v in zip(declared.signature, values, strict=True)]
    try:
        return concrete(declared.function(*given))
    except EvaluationError as error:
        return undefined_by(error)


def call_property(declared: PropertyDeclaration, view: Any) -> Any:
    """A property of the state behind a view."""
    try:
        return concrete(declared.function(view))
    except EvaluationError as error:
        return undefined_by(error)


modes.means("ActionDeclaration.__call__", call_action)
modes.means("ExprDeclaration.__call__", call_function)
modes.means("PropertyDeclaration.__call__", call_property)
