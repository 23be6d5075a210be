"""The decorators of the language, and what a decorated function or class becomes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

from speccheck.ir.models import PropertyKind
from speccheck.ir.nodes import Invoke, Local
from speccheck.ir.types import BOOL, RecordType, UnionType
from speccheck.lang.activities import only_values
from speccheck.lang.annotations import Argument, arguments_of, fields_of, resolved, to_type
from speccheck.lang.binders import let
from speccheck.lang.contexts import Context, ContextOf
from speccheck.lang.exprs import Expr, lift, node_of, type_of, wrap
from speccheck.lang.products import make_record, make_union, remember_record
from speccheck.lang.sessions import call_key, current
from speccheck.lang.spans import function_span, recorded, span_of, spec_error
from speccheck.lang.states import MachineStateBase, is_view

# --- types -------------------------------------------------------------------------------------------


def state(cls: type) -> type:
    """`@state`: the class's `Param[T]` and `StateVar[T]` fields are the specification's."""
    if not (isinstance(cls, type) and issubclass(cls, MachineStateBase)):
        raise spec_error("state-class", f"@state on {_name(cls)}", "write class S(MachineStateBase): …")
    cls.__speccheck_state__ = True  # type: ignore[attr-defined]
    return cls


def record(cls: type) -> Any:
    """`@record`: a named product with `Field[T]` fields; calling the class makes a value."""

    @functools.cache
    def declared() -> RecordType:
        with _not_recursive(cls):
            fields = fields_of(cls, "Field")
            _check_names(cls, [n for n, _ in fields])
            type_ = RecordType(cls.__name__, tuple((n, to_type(f.annotation)) for n, f in fields))
        remember_record(type_, cls)
        return type_

    cls.__speccheck_type__ = declared  # type: ignore[attr-defined]
    cls.__new__ = lambda cls_, *args, **fields: make_record(declared(), args, fields)  # type: ignore[assignment]
    return cls


def _check_names(cls: type, names: list[str]) -> None:
    reserved = [n for n in names if n.startswith("_")]
    if reserved:
        raise spec_error(
            "reserved-name", f"field {reserved[0]!r} of {cls.__name__} begins with _", "give it another name"
        )


def union(cls: type) -> Any:
    """`@union`: a tagged sum with `Variant[T]` fields; `U.Tag(x)` makes a value."""

    @functools.cache
    def declared() -> UnionType:
        with _not_recursive(cls):
            return UnionType(cls.__name__, tuple((n, to_type(f.annotation)) for n, f in fields_of(cls, "Variant")))

    cls.__speccheck_type__ = declared  # type: ignore[attr-defined]
    for tag in inspect.get_annotations(cls):
        setattr(cls, tag, staticmethod(_variant(declared, tag)))
    return cls


def _variant(declared: Callable[[], UnionType], tag: str) -> Callable[..., Any]:
    def make(*payload: object) -> Any:
        return make_union(declared(), tag, payload)

    make.__name__ = tag
    return make


class _not_recursive:
    """Refuses a type that contains itself, whose values would have no size."""

    _open: list[type] = []  # noqa: RUF012 - one stack for all, on purpose

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __enter__(self) -> None:
        if self._cls in self._open:
            raise spec_error(
                "recursive-type", f"{self._cls.__name__} contains itself", "refer to it by an id in a map: dict[int, T]"
            )
        self._open.append(self._cls)

    def __exit__(self, *exc: object) -> None:
        self._open.pop()


# --- functions ---------------------------------------------------------------------------------------


_made: list[Declared] = []


def all_declared() -> list[Declared]:
    """Every decorated function since `forget_declared`."""
    return list(_made)


def forget_declared() -> None:
    """Begin a new list of decorated functions."""
    _made.clear()


class Declared:
    """A decorated function of a spec."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if isinstance(function, Declared) or not inspect.isfunction(function):
            raise spec_error("decorated", f"a decorator on {_name(function)}", "decorate a plain function, once")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise spec_error("decorated", f"{function.__name__} is a generator or coroutine", "use a plain function")
        self.function = function
        _made.append(self)
        functools.update_wrapper(self, function)  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.function.__name__)

    @property
    def doc(self) -> str:
        """The function's docstring, cleaned."""
        return inspect.getdoc(self.function) or ""

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else functools.partial(self.__call__, owner)  # type: ignore[operator]

    @functools.cached_property
    def signature(self) -> list[Argument]:
        """The parameters, in order."""
        return arguments_of(self.function)[1]

    def given(self, args: tuple[object, ...], named: dict[str, object]) -> list[object]:
        """The arguments of a call in the parameters' order; SpecError where they do not fit."""
        try:
            bound = inspect.signature(self.function).bind(*args, **named)
        except TypeError as error:
            raise spec_error("arguments", f"{self.name}: {error}") from None
        bound.apply_defaults()
        return list(bound.arguments.values())

    def state_class(self) -> type | None:
        """The state class that the first parameter's annotation names; None where it names none."""
        if not self.signature:
            return None
        hint = resolved(self.function).get(self.signature[0].name)
        found = hint.state if isinstance(hint, ContextOf) else hint
        return found if isinstance(found, type) and issubclass(found, MachineStateBase) else None


class ActionDeclaration(Declared):
    """A transition. Called with a context it becomes part of the step being built."""

    def __init__(self, function: Callable[..., Any], *, init: bool, inline: bool, coerce: bool) -> None:
        super().__init__(function)
        self.init = init
        self.inline = inline
        self.coerce = coerce
        self.called = False

    def __call__(self, *args: object, **named: object) -> Any:
        self.called = True
        context, *values = self.given(args, named)
        if not isinstance(context, Context):
            raise spec_error("action-context", f"{self.name} is called without a Context", f"write {self.name}(c, …)")
        lifted = [self._argument(a, v) for a, v in zip(self.signature[1:], values, strict=True)]
        if self.inline or context._frame.initial:
            return self.run(context, lifted)
        return self._perform(context, lifted)

    def run(self, context: Context, values: list[object]) -> Any:
        """Run the author's function as part of the caller's step."""
        session = current()
        if session is None:
            raise spec_error("outside-capture", f"{self.name} is called outside of a specification's capture")
        with session.nested((self, "inline"), self.name):
            return self.function(context, *values)

    def _argument(self, argument: Argument, value: object) -> object:
        return _taken(self, argument, value, self.coerce, expressions_only=not self.inline)

    def _perform(self, context: Context, values: list[object]) -> None:
        session = current()
        if session is None:
            raise spec_error("outside-capture", f"{self.name} is called outside of a specification's capture")
        exprs = [v for v in values if isinstance(v, Expr)]
        statics = [v for v in values if not isinstance(v, Expr)]
        names = [a.name for a, v in zip(self.signature[1:], values, strict=True) if isinstance(v, Expr)]
        params = tuple(recorded(Local(type_of(e), n)) for e, n in zip(exprs, names, strict=True))

        def body(inner: Context) -> None:
            waiting = iter(params)
            result = self.function(inner, *(wrap(next(waiting)) if isinstance(v, Expr) else v for v in values))
            if result is not None:
                raise spec_error(
                    "action-result",
                    f"the named action {self.name} returns a value",
                    "make it inline=True, or an @expr",
                    span=function_span(self.function.__code__),
                )

        key = (self, call_key(self.name, [type_of(e) for e in exprs], statics))
        captured = session.action(key, self.name, self.doc, params, context._frame.entry(), body)
        context._frame.perform(captured.action.key, tuple(map(node_of, exprs)), captured.written)


class ExprDeclaration(Declared):
    """A helper that builds an expression."""

    def __init__(
        self, function: Callable[..., Any], *, cache_args: bool, pure: bool, coerce: bool, inline: bool
    ) -> None:
        super().__init__(function)
        self.cache_args = cache_args
        self.pure = pure
        self.coerce = coerce
        self.inline = inline

    def __call__(self, *args: object, **named: object) -> Any:
        values = [
            _taken(self, a, v, self.coerce, expressions_only=False)
            for a, v in zip(self.signature, self.given(args, named), strict=True)
        ]
        if self.pure and any(map(is_view, values)):
            raise spec_error("pure-state", f"{self.name} is pure and is given the state", "pass the values it needs")
        session = current()
        if session is not None and not self.inline:
            return self._invoke(session, values)
        return self._bound(values, 0, []) if self.cache_args else self._result(values)

    def _bound(self, values: list[object], at: int, done: list[object]) -> Any:
        if at == len(values):
            return self._result(done)
        value = values[at]
        if not isinstance(value, Expr):
            return self._bound(values, at + 1, [*done, value])
        return let(value, self.signature[at].name, lambda local: self._bound(values, at + 1, [*done, local]))

    def _result(self, values: list[object]) -> Any:
        try:
            with only_values(f"the expression function {self.name}"):
                found = self.function(*values)
        except RecursionError:
            raise spec_error(
                "recursion", f"{self.name} calls itself without end", "use a reduce, or a set made at once"
            ) from None
        if not self.coerce and not isinstance(found, Expr):
            raise spec_error(
                "expression-wanted", f"{self.name} gives a Python {type(found).__name__}", "wrap it: Val(…)"
            )
        return lift(found)

    def _invoke(self, session: Any, values: list[object]) -> Any:
        exprs = [v for v in values if isinstance(v, Expr)]
        statics = [v for v in values if not isinstance(v, Expr) and not is_view(v)]
        names = [a.name for a, v in zip(self.signature, values, strict=True) if isinstance(v, Expr)]
        params = tuple(recorded(Local(type_of(e), n)) for e, n in zip(exprs, names, strict=True))

        def body(state_view: Any) -> Any:
            waiting = iter(params)
            inner = [wrap(next(waiting)) if isinstance(v, Expr) else state_view if is_view(v) else v for v in values]
            return node_of(self._result(inner))

        key = (self, call_key(self.name, [type_of(e) for e in exprs], statics), any(map(is_view, values)))
        captured = session.function(key, self.name, params, body)
        views = [v for v in values if is_view(v)]
        reads = [node_of(getattr(views[0], name)) for name in captured.reads]
        return wrap(
            recorded(Invoke(captured.function.body.type, captured.function.name, (*map(node_of, exprs), *reads)))
        )


def _taken(owner: Declared, argument: Argument, value: object, coerce: bool, expressions_only: bool) -> object:
    """An argument as the function takes it: lifted where the annotation says an expression."""
    if isinstance(value, Context) or is_view(value):
        return value
    typed = argument.type is not None or argument.is_expression
    if typed and not coerce and not isinstance(value, Expr):
        raise spec_error(
            "expression-wanted",
            f"{owner.name} takes an expression for {argument.name!r}, got a {type(value).__name__}",
            "wrap it: Val(…)",
        )
    if typed or isinstance(value, Expr):
        return lift(value, argument.type)
    return lift(value) if expressions_only and isinstance(value, bool | int | str | Enum) else value


class PropertyDeclaration(Declared):
    """An invariant or example: a predicate of the state."""

    def __init__(self, function: Callable[..., Any], kind: PropertyKind) -> None:
        super().__init__(function)
        self.kind = kind

    def __call__(self, view: Any) -> Any:
        found = self.function(view)
        if isinstance(found, bool):
            raise spec_error(
                "constant-property",
                f"{self.kind} {self.name} is the Python value {found} in every state: nothing of the state is in it",
                "compare with ==, not `is`; a constant on purpose is Val(True)",
                span=function_span(self.function.__code__),
            )
        if found is None:
            raise spec_error(
                "no-result",
                f"{self.kind} {self.name} returns nothing",
                "return the predicate: return s.count <= s.N",
                span=function_span(self.function.__code__),
            )
        lifted = lift(found)
        if type_of(lifted) != BOOL:
            raise spec_error(
                "type-mismatch",
                f"{self.kind} {self.name} returns a value of type {type_of(lifted)}, not bool",
                span=span_of(node_of(lifted)) or function_span(self.function.__code__),
            )
        return lifted


class InstanceDeclaration(Declared):
    """Named values of the parameters."""

    def __call__(self) -> Any:
        found = self.function()
        if not is_view(found):
            raise spec_error(
                "instance-result",
                f"instance {self.name} returns a {type(found).__name__}",
                "return the state class with its parameters: State(N=5)",
                span=function_span(self.function.__code__),
            )
        return found


# --- decorators --------------------------------------------------------------------------------------


def action(function: Any = None, *, init: bool = False, inline: bool = True, coerce: bool = True) -> Any:
    """`@action`: a transition; `init` an initial one; `inline=False` a named one, which paths show."""
    return _decorate(function, lambda f: ActionDeclaration(f, init=init, inline=inline, coerce=coerce))


def expr(
    function: Any = None, *, cache_args: bool = True, pure: bool = False, coerce: bool = True, inline: bool = True
) -> Any:
    """`@expr`: a helper that builds an expression; its arguments are evaluated at most once."""
    return _decorate(
        function, lambda f: ExprDeclaration(f, cache_args=cache_args, pure=pure, coerce=coerce, inline=inline)
    )


def invariant(function: Any = None) -> Any:
    """`@invariant`: holds in every reachable state."""
    return _decorate(function, lambda f: PropertyDeclaration(f, "invariant"))


def example(function: Any = None) -> Any:
    """`@example`: some reachable state satisfies it."""
    return _decorate(function, lambda f: PropertyDeclaration(f, "example"))


def instance(function: Any = None) -> Any:
    """`@instance`: a state class with its parameters filled in."""
    return _decorate(function, InstanceDeclaration)


def _decorate(function: Any, make: Callable[[Any], Declared]) -> Any:
    return make if function is None else make(function)


def _name(value: object) -> str:
    return getattr(value, "__name__", type(value).__name__)
