"""Expressions compiled to Python closures: the meaning of the language, read off the IR node by node.

`compiled(scope, expr)` gives a function from a frame to a value. It raises `EvaluationFailed` for
the innermost expression that has no value, `TooLarge` for a value that would not fit, and
`LimitReached` when the run is over. And, or, implies and ite are evaluated left to right as far as
needed; names bound by `Let`, `Define` and parameters once, and only if used; everything else strictly.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import assert_never

from speccheck.errors import ModelError
from speccheck.evaluation.binders import bind, fold
from speccheck.evaluation.families import family, question
from speccheck.evaluation.scopes import UNSET, Code, Fn, Frame, Routine, Scope
from speccheck.ir.nodes import Apply, Bind, Const, Expr, Fold, Invoke, Let, Local, Match, Param, Read
from speccheck.ir.ops import OPS, Undefined, bound_meaning
from speccheck.ir.types import UnionType
from speccheck.ir.values import Value


def compiled(scope: Scope, node: Expr) -> Code:
    """The expression's code in a scope; use `Scope.code`, which compiles each node once.

    Raises ModelError for an operation, name or function that does not exist.
    """
    match node:
        case Const(_, value):
            return _constant(value)
        case Param(_, name):
            return _constant(scope.context.bindings[name])
        case Read():
            return _read(scope, node)
        case Local(_, name):
            return scope.local(name)
        case Apply():
            return _apply(scope, node)
        case Bind():
            return bind(scope, node)
        case Fold():
            return fold(scope, node)
        case Let(_, local, value, body):
            scope.define(local, value)
            return scope.code(body)
        case Match():
            return _match(scope, node)
        case Invoke():
            return _invoke(scope, node)
        case _:
            assert_never(node)


def _constant(value: Value) -> Code:
    return Code(lambda frame: value, plain=True)


def _read(scope: Scope, node: Read) -> Code:
    slot = scope.version(node.variable, node.version)
    free = frozenset({slot})
    if not scope.checked:
        return Code(itemgetter(slot), free, plain=True)

    def run(frame: Frame) -> Value:
        value = frame[slot]
        if value is UNSET:
            raise scope.failed(node, frame, f"{node.variable} has no value yet")
        return value

    return Code(run, free)


def _apply(scope: Scope, node: Apply) -> Code:
    codes = [scope.code(arg) for arg in node.args]
    free = frozenset[int]().union(*(code.free for code in codes))
    runs = [code.run for code in codes]
    match node.op:
        case "and":
            return Code(_all(runs), free)
        case "or":
            return Code(_any(runs), free)
        case "implies":
            return Code(_implies(*runs), free)
        case "ite":
            return Code(_ite(*runs), free, lazy=family(scope, node, codes))
        case _:
            strict = question(scope, node, codes) or _strict(scope, node, runs)
            return Code(strict, free, lazy=family(scope, node, codes))


def _all(runs: list[Fn]) -> Fn:
    def run(frame: Frame) -> Value:
        for each in runs:  # noqa: SIM110 (all() over a generator would cost stack and time)
            if not each(frame):
                return False
        return True

    return run


def _any(runs: list[Fn]) -> Fn:
    def run(frame: Frame) -> Value:
        for each in runs:  # noqa: SIM110 (likewise)
            if each(frame):
                return True
        return False

    return run


def _implies(left: Fn, right: Fn) -> Fn:
    return lambda frame: right(frame) if left(frame) else True


def _ite(condition: Fn, then: Fn, otherwise: Fn) -> Fn:
    return lambda frame: then(frame) if condition(frame) else otherwise(frame)


def _strict(scope: Scope, node: Apply, runs: list[Fn]) -> Fn:
    if node.op not in OPS or OPS[node.op].lazy:
        raise ModelError(f"{node.op!r} is not an operation that the reference engine knows")
    meaning = bound_meaning(OPS[node.op], node.attribute, tuple(arg.type for arg in node.args), node.type)
    if node.op in _GROWING:
        return _counted(_nary(scope, node, meaning, runs), scope.context.spend)
    match runs:
        case [only]:
            return _unary(scope, node, meaning, only)
        case [left, right]:
            return _binary(scope, node, meaning, left, right)
        case _:
            return _nary(scope, node, meaning, runs)


_GROWING = frozenset({"all_subsets", "all_maps", "all_tuples", "all_records", "interval", "range", "set_flatten"})
"""Operations whose result may be much larger than what it is made from."""


def _counted(run: Fn, spend: Callable[[int], None]) -> Fn:
    """Counts a result's elements as work, so that limits hold inside expressions, too."""

    def counted(frame: Frame) -> Value:
        result = run(frame)
        spend(len(result))
        return result

    return counted


def _unary(scope: Scope, node: Expr, meaning: Callable[..., Value], only: Fn) -> Fn:
    def run(frame: Frame) -> Value:
        try:
            return meaning(only(frame))
        except Undefined as error:
            raise scope.failed(node, frame, str(error)) from None

    return run


def _binary(scope: Scope, node: Expr, meaning: Callable[..., Value], left: Fn, right: Fn) -> Fn:
    def run(frame: Frame) -> Value:
        try:
            return meaning(left(frame), right(frame))
        except Undefined as error:
            raise scope.failed(node, frame, str(error)) from None

    return run


def _nary(scope: Scope, node: Expr, meaning: Callable[..., Value], runs: list[Fn]) -> Fn:
    def run(frame: Frame) -> Value:
        try:
            return meaning(*[each(frame) for each in runs])
        except Undefined as error:
            raise scope.failed(node, frame, str(error)) from None

    return run


def _match(scope: Scope, node: Match) -> Code:
    subject = scope.code(node.subject)
    if not isinstance(node.subject.type, UnionType):
        raise ModelError(f"a match needs a union, not {node.subject.type}")
    union, free = node.subject.type, set(subject.free)
    arms: dict[int, tuple[int, list[int], Fn]] = {}
    for arm in node.arms:
        slot, forgets = scope.bind(arm.local)
        body = scope.code(arm.body)
        free |= body.free - {slot}
        arms[union.position(arm.tag)] = (slot, forgets, body.run)
    default = None if node.default is None else scope.code(node.default)
    free |= default.free if default else frozenset()
    return Code(_matching(scope, node, subject.run, arms, default.run if default else None), frozenset(free))


def _matching(
    scope: Scope, node: Match, subject: Fn, arms: dict[int, tuple[int, list[int], Fn]], default: Fn | None
) -> Fn:
    def run(frame: Frame) -> Value:
        tag, payload = subject(frame)
        if tag in arms:
            slot, forgets, body = arms[tag]
            frame[slot] = payload
            for each in forgets:
                frame[each] = UNSET
            return body(frame)
        if default is None:
            raise scope.failed(node, frame, "no case of the match is for this tag")
        return default(frame)

    return run


def _invoke(scope: Scope, node: Invoke) -> Code:
    routine, spend = scope.context.function(node.function), scope.context.spend
    arguments = [scope.argument(arg) for arg in node.args]
    free = frozenset[int]().union(*(scope.code(arg).free for arg in node.args))

    def run(frame: Frame) -> Value:
        spend(1)
        return routine.run([each(frame) for each in arguments] + routine.blank)

    lazy = None if routine.lazy is None else _invoked_lazily(routine.lazy, routine, arguments)
    return Code(run, free, lazy=lazy)


def _invoked_lazily(lazy: Fn, routine: Routine, arguments: list[Fn]) -> Fn:
    return lambda frame: lazy([each(frame) for each in arguments] + routine.blank)
