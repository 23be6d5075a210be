"""The decorators of functions, and what a decorated function becomes; those of classes are in `classes`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from types import CodeType
from typing import Any

from speccheck.ir.models import PropertyKind
from speccheck.ir.nodes import Invoke, Local
from speccheck.ir.types import BOOL
from speccheck.lang.activities import only_values
from speccheck.lang.annotations import Argument, arguments_of, resolved
from speccheck.lang.binders import let
from speccheck.lang.concrete import modes
from speccheck.lang.contexts import Context, ContextOf
from speccheck.lang.exprs import Expr, lift, node_of, type_of, wrap
from speccheck.lang.hints import mismatch
from speccheck.lang.rewriting.functions import plain_python
from speccheck.lang.rigidity import came_from, check_constant
from speccheck.lang.sessions import call_key, current
from speccheck.lang.spans import function_span, recorded, span_of, spec_error
from speccheck.lang.states import MachineStateBase, is_view
from speccheck.lang.submachines import again, check_fits, embedded_in, embeddings_of, outermost, view_again
from speccheck.lang.submachines import label as label_of
from speccheck.lang.temporals import TemporalExpr

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
            told = "is decorated twice" if isinstance(function, Declared) else "is decorated, and is no plain function"
            raise spec_error("decorated", f"{_name(function)} {told}", "one decorator, above `def`")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise spec_error("decorated", f"{function.__name__} is a generator or coroutine", "use a plain function")
        self.function = function = plain_python(function)
        _made.append(self)
        functools.update_wrapper(self, function)  # type: ignore[arg-type]

    @property
    def code(self) -> CodeType:
        """The code that the author wrote, below any wrapper."""
        code: CodeType = inspect.unwrap(self.function).__code__
        return code

    @property
    def name(self) -> str:
        """The function's name, or that which the author has given it since."""
        return str(vars(self)["__name__"])

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
            hint = f"write {self.spelled()}"
            if isinstance(self, ActionDeclaration) and not args and not named:
                hint += f"; WeakFair, StrongFair and Enabled take it uncalled: WeakFair({self.name})"
            raise spec_error("arguments", f"{self.name}: {error}", hint) from None
        bound.apply_defaults()
        return list(bound.arguments.values())

    def spelled(self) -> str:
        """How a call of it is written."""
        return f"{self.name}({', '.join(inspect.signature(self.function).parameters)})"

    def _asked(self, *given: object) -> Any:
        """The function's result for what it is given by speccheck itself; SpecError where it takes something else."""
        try:
            inspect.signature(self.function).bind(*given)
        except TypeError:
            wanted = f"def {self.name}(s: S): …" if given else f"def {self.name}(): …"
            raise spec_error(
                "property-arguments",
                f"{self.name} takes {'the state alone' if given else 'no arguments'}, but is declared with others",
                f"write {wanted}; what it needs besides is a parameter of the state, a constant or another function",
                span=function_span(self.code),
            ) from None
        return self.function(*given)

    def called_in(self, name: str) -> None:
        """Take the name that the entry file has it by, where it was made inside a function and named nowhere else."""
        if "<locals>" in self.function.__qualname__ and self.name == self.function.__name__:
            self.__dict__["__name__"] = name

    def locals(self, exprs: list[Expr], names: list[str]) -> tuple[Local, ...]:
        """What stands for the arguments inside; one for a PARAMETER is as constant as what is passed."""
        constant = {argument.name for argument in self.signature if argument.constant}
        made = tuple(recorded(Local(type_of(e), n)) for e, n in zip(exprs, names, strict=True))
        for local in made:
            if local.name in constant:
                came_from(local, None)
        return made

    def state_class(self) -> type | None:
        """The state class that the first parameter's annotation names; None where it names none."""
        if not self.signature:
            return None
        hint = resolved(self.function).get(self.signature[0].name)
        found = hint.state if isinstance(hint, ContextOf) else hint
        self._check_first(hint)
        return found if isinstance(found, type) and issubclass(found, MachineStateBase) else None

    def _check_first(self, hint: Any) -> None:
        """Refuse a context where a state is given."""
        if isinstance(hint, ContextOf) and not isinstance(self, ActionDeclaration | ExprDeclaration):
            raise spec_error(
                "first-argument",
                f"{self.name} is given a state, not a context",
                f"write def {self.name}(s: {_name(hint.state)}) and s.x for c.state.x",
                span=function_span(self.code),
            )


class ActionDeclaration(Declared):
    """A transition. Called with a context it becomes part of the step being built."""

    def __init__(self, function: Callable[..., Any], *, init: bool, inline: bool, coerce: bool) -> None:
        super().__init__(function)
        self.init = init
        self.inline = inline
        self.coerce = coerce
        self.called = False

    def _check_first(self, hint: Any) -> None:
        if isinstance(hint, type) and issubclass(hint, MachineStateBase):
            raise spec_error(
                "first-argument",
                f"the action {self.name} is given a context, not a state",
                f"write def {self.name}(c: Context[{hint.__name__}]) and s = c.state",
                span=function_span(self.code),
            )

    @modes.switched
    def __call__(self, *args: object, **named: object) -> Any:
        self.called = True
        context, *values = self.given(args, named)
        if not isinstance(context, Context):
            raise spec_error("action-context", f"{self.name} is called without a Context", f"write {self.spelled()}")
        check_fits(self.state_class(), context.state)
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
        params = self.locals(exprs, names)

        embeddings, label = embedded_in(context), label_of(context, self.name)

        def body(inner: Context) -> None:
            waiting = iter(params)
            result = self.function(
                again(inner, embeddings), *(wrap(next(waiting)) if isinstance(v, Expr) else v for v in values)
            )
            if result is not None:
                raise spec_error(
                    "action-result",
                    f"the named action {self.name} returns a value",
                    "make it inline=True, or an @expr",
                    span=function_span(self.code),
                )

        key = (self, call_key(self.name, [type_of(e) for e in exprs], statics), embeddings)
        captured = session.action(key, label, self.doc, params, context._frame.entry(), body)
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

    @modes.switched
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
        if not self.coerce and not isinstance(found, Expr | TemporalExpr):
            raise spec_error(
                "expression-wanted", f"{self.name} gives a Python {type(found).__name__}", "wrap it: Val(…)"
            )
        return found if isinstance(found, TemporalExpr) else lift(found)

    def _invoke(self, session: Any, values: list[object]) -> Any:
        exprs = [v for v in values if isinstance(v, Expr)]
        statics = [v for v in values if not isinstance(v, Expr) and not is_view(v)]
        names = [a.name for a, v in zip(self.signature, values, strict=True) if isinstance(v, Expr)]
        params = self.locals(exprs, names)

        def body(state_view: Any) -> Any:
            waiting = iter(params)
            views = [view_again(state_view, embeddings_of(v)) if is_view(v) else v for v in values]
            inner = [wrap(next(waiting)) if isinstance(v, Expr) else v for v in views]
            return node_of(self._result(inner))

        key = (
            self,
            call_key(self.name, [type_of(e) for e in exprs], statics),
            tuple(embeddings_of(v) for v in values if is_view(v)),
        )
        captured = session.function(key, self.name, params, body)
        views = [v for v in values if is_view(v)]
        reads = [node_of(getattr(outermost(views[0]), name)) for name in captured.reads]
        return wrap(
            recorded(Invoke(captured.function.body.type, captured.function.name, (*map(node_of, exprs), *reads)))
        )


def _taken(owner: Declared, argument: Argument, value: object, coerce: bool, expressions_only: bool) -> object:
    """An argument as the function takes it: lifted where the annotation says an expression."""
    if isinstance(value, Context) or is_view(value):
        check_fits(owner.state_class(), value)
        return value
    typed = argument.type is not None or argument.is_expression
    if typed and not coerce and not isinstance(value, Expr):
        raise spec_error(
            "expression-wanted",
            f"{owner.name} takes an expression for {argument.name!r}, got a {type(value).__name__}",
            "wrap it: Val(…)",
        )
    if typed or isinstance(value, Expr):
        return _checked(owner, argument, lift(value, argument.type, f"{argument.name!r} of {owner.name}"))
    return lift(value) if expressions_only and isinstance(value, bool | int | str | Enum) else value


def _checked(owner: Declared, argument: Argument, value: Any) -> Any:
    if argument.kind is not None and not isinstance(value, argument.kind):
        raise spec_error(
            "type-mismatch",
            f"{owner.name} takes a {argument.kind.__name__} for {argument.name!r}, got a {type_of(value)}",
            f"pass another value, or annotate {argument.name}: Annotated[Expr, T]",
        )
    if argument.constant:
        check_constant(owner.name, argument.name, value)
    return value


class PropertyDeclaration(Declared):
    """An invariant or example: a predicate of the state."""

    def __init__(self, function: Callable[..., Any], kind: PropertyKind) -> None:
        super().__init__(function)
        self.kind = kind

    @modes.switched
    def __call__(self, view: Any) -> Any:
        check_fits(self.state_class(), view)
        with only_values(f"the {self.kind} {self.name}"):
            found = self._asked(view)
        if isinstance(found, bool):
            raise spec_error(
                "constant-property",
                f"{self.kind} {self.name} is the Python value {found} in every state: nothing of the state is in it",
                "compare with ==, not `is`; a constant on purpose is Val(True)",
                span=function_span(self.code),
            )
        if found is None:
            raise spec_error(
                "no-result",
                f"{self.kind} {self.name} returns nothing",
                "return the predicate: return s.count <= s.N",
                span=function_span(self.code),
            )
        if isinstance(found, TemporalExpr):
            raise spec_error(
                "temporal-in-state-property",
                f"{self.kind} {self.name} returns a temporal formula, which speaks of whole behaviours",
                "decorate it with @temporal",
                span=function_span(self.code),
            )
        lifted = lift(found)
        if type_of(lifted) != BOOL:
            raise spec_error(
                "type-mismatch",
                f"{self.kind} {self.name} returns a value of type {type_of(lifted)}, not bool",
                mismatch(BOOL, type_of(lifted)),
                span=span_of(node_of(lifted)) or function_span(self.code),
            )
        return lifted


class TemporalDeclaration(PropertyDeclaration):
    """A property of behaviours: gives a temporal formula."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, "temporal")

    def __call__(self, view: Any) -> TemporalExpr:
        check_fits(self.state_class(), view)
        with only_values(f"the temporal property {self.name}"):
            found = self._asked(view)
        if isinstance(found, TemporalExpr):
            return found
        told = f"the Python value {found}" if isinstance(found, bool) else "a predicate of one state"
        told = "nothing" if found is None else told
        raise spec_error(
            "no-result" if found is None else "temporal-without-operator",
            f"temporal {self.name} returns {told}: nothing is said of behaviours",
            "say when it is to hold: return Always(p), Eventually(p), LeadsTo(p, q); of the first state only, AndT(p)",
            span=function_span(self.code),
        )


class CoverageDeclaration(Declared):
    """A function of the state whose values among the states visited are counted."""

    kind = "coverage"

    def __call__(self, view: Any) -> Any:
        with only_values(f"the coverage function {self.name}"):
            found = self._asked(view)
        if found is None:
            raise spec_error(
                "no-result",
                f"coverage {self.name} returns nothing",
                "return what tells states apart: return s.phase, or a tuple (s.phase, s.queue.size)",
                span=function_span(self.code),
            )
        return lift(found)


class InstanceDeclaration(Declared):
    """Named values of the parameters."""

    def __call__(self) -> Any:
        found = self._asked()
        if not is_view(found):
            told = "nothing" if found is None else f"the class {_name(found)}" if isinstance(found, type) else ""
            raise spec_error(
                "instance-result",
                f"instance {self.name} returns {told or f'a {type(found).__name__}'}",
                "return the state class with its parameters: State(N=5)",
                span=function_span(self.code),
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


def temporal(function: Any = None) -> Any:
    """`@temporal`: holds for every behaviour."""
    return _decorate(function, TemporalDeclaration)


def coverage(function: Any = None) -> Any:
    """`@coverage`: the abstraction by which coverage is counted: its values among the states visited."""
    return _decorate(function, CoverageDeclaration)


def instance(function: Any = None) -> Any:
    """`@instance`: a state class with its parameters filled in."""
    return _decorate(function, InstanceDeclaration)


def _decorate(function: Any, make: Callable[[Any], Declared]) -> Any:
    return make if function is None else make(function)


def _name(value: object) -> str:
    return getattr(value, "__name__", type(value).__name__)
