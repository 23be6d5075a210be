"""`SubMachine`: one specification inside another, its variables and parameters renamed.

`Left = SubMachine(Counter, count="left")` makes of a context of the outer machine one for `Counter`'s actions
(`increment(Left(c))`), and of a view of the outer state one for its predicates (`bounded(Left.view(s))`). Names not
given map to themselves. Nothing is copied: reads and writes are those of the outer state, under their outer names.
"""

from __future__ import annotations

import copy
import sys
from typing import Any

from speccheck.lang.concrete.modes import switched
from speccheck.lang.contexts import Context
from speccheck.lang.exprs import Expr, lift
from speccheck.lang.spans import spec_error
from speccheck.lang.states import Declaration, MachineStateBase, declaration, is_view


class SubMachine:
    """`SubMachine(Inner, name="outer_name", …)`: the machine of state class `Inner` inside another.

    Where `Inner` is left out (`SubMachine(name="outer_name")`) it is what the called function's annotation says.
    A parameter may be given a constant instead of a name. Raises SpecError where it is used: for a name that one of
    the two does not have, for a variable that becomes a parameter or the other way round, and for types that differ.
    """

    def __class_getitem__(cls, inner: Any) -> Any:
        return lambda **renamed: cls(inner, **renamed)

    def __init__(self, inner: Any = None, /, **renamed: object) -> None:
        if inner is not None and not (isinstance(inner, type) and issubclass(inner, MachineStateBase)):
            raise spec_error(
                "submachine-state",
                f"SubMachine is given {getattr(inner, '__name__', type(inner).__name__)}, which is no state class",
                'write SubMachine(Inner, inner_variable="outer_variable")',
            )
        self.inner = inner
        self.renamed = {name: value if isinstance(value, str) else lift(value) for name, value in renamed.items()}
        self._scope = sys._getframe(1).f_globals
        self._name = ""
        self._checked: set[tuple[type, type]] = set()

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """What tells it from others in labels: the name it was given, else the outer names it uses."""
        if not self._name:
            given = (name for name, value in self._scope.items() if value is self)
            self._name = next(given, "") or "_".join(v for v in self.renamed.values() if isinstance(v, str)) or "sub"
        return self._name

    def __call__(self, context: Any) -> Any:
        """A context of the inner machine, for calling its actions."""
        if not isinstance(context, Context):
            hint = f"for predicates write {self.name}.view(s)" if is_view(context) else f"write {self.name}(c)"
            raise spec_error("submachine-context", f"{self.name} is called without a Context", hint)
        made = copy.copy(context)
        made._state = self.view(context.state)
        made._embedded = (*embedded_in(context), self)
        return made

    def view(self, outer: Any) -> Any:
        """The outer state as the inner machine sees it, for its predicates."""
        if not is_view(outer):
            hint = f"for actions write {self.name}(c)" if isinstance(outer, Context) else f"write {self.name}.view(s)"
            raise spec_error("submachine-view", f"{self.name}.view is given a {type(outer).__name__}", hint)
        if self.inner is not None:
            self.check(self.inner, outer)
        found: Any = object.__new__(_view_class(self.inner))
        object.__setattr__(found, "_outer", outer)
        object.__setattr__(found, "_machine", self)
        return found

    def target(self, name: str) -> Any:
        """What a name of the inner machine stands for: a name of the outer state, or a constant."""
        return self.renamed.get(name, name)

    def check(self, inner: type, outer: Any) -> None:
        """Raise SpecError unless the outer state has what the inner machine needs, with the same types."""
        root = type(outer) if not isinstance(outer, Embedded) else type(outer._outer)
        if (inner, root) in self._checked:
            return
        wanted, found = declaration(inner), names_of(outer)
        unknown = [name for name in self.renamed if name not in wanted.variables and name not in wanted.params]
        if unknown:
            known = ", ".join([*wanted.variables, *wanted.params])
            raise self._wrong("submachine-name", f"{wanted.name} has no {unknown[0]!r}", f"it has {known}")
        for name in wanted.variables:
            self._check_variable(wanted, name, found)
        for name in wanted.params:
            self._check_param(wanted, name, found)
        self._checked.add((inner, root))

    def _check_variable(self, wanted: Declaration, name: str, found: Declaration) -> None:
        target, variable = self.target(name), wanted.variables[name]
        if not isinstance(target, str) or target in found.params:
            raise self._wrong("submachine-kind", f"{name!r} has to be a variable of {found.name}", "it changes")
        if target not in found.variables:
            raise self._missing("variable", name, target, found)
        outer = found.variables[target]
        if outer.type != variable.type:
            told = f"{name!r} is a {variable.type}, {target!r} of {found.name} a {outer.type}"
            raise self._wrong("submachine-type", told, "the two have to be declared with one type")
        if outer.upsert != variable.upsert:
            told = f"{name!r} is {'' if variable.upsert else 'not '}UPSERT, {target!r} of {found.name} differs"
            raise self._wrong("submachine-type", told, "declare both alike")

    def _check_param(self, wanted: Declaration, name: str, found: Declaration) -> None:
        target, param = self.target(name), wanted.params[name]
        if isinstance(target, Expr):
            lift(target, param.type)
            return
        if target in found.variables:
            raise self._wrong(
                "submachine-kind", f"parameter {name!r} becomes variable {target!r}, which changes", "name a parameter"
            )
        if target not in found.params:
            raise self._missing("parameter", name, target, found)
        if found.params[target].type != param.type:
            told = f"{name!r} is a {param.type}, {target!r} of {found.name} a {found.params[target].type}"
            raise self._wrong("submachine-type", told, "the two have to be declared with one type")

    def _missing(self, kind: str, name: str, target: str, found: Declaration) -> Exception:
        known = ", ".join([*found.variables, *found.params])
        return self._wrong(
            "submachine-missing",
            f"{found.name} has no {kind} {target!r} for {name!r}",
            f'name one: {name}="…" (it has {known})',
        )

    def _wrong(self, code: str, message: str, hint: str) -> Exception:
        return spec_error(code, f"{self.name}: {message}", hint)


class Embedded(MachineStateBase):
    """A view of an outer state under the inner machine's names."""

    _outer: Any
    _machine: SubMachine

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_outer", "_machine", "_store"):
            raise AttributeError(name)
        self._known(name)
        target = self._machine.target(name)
        return given_constant(target) if isinstance(target, Expr) else getattr(self._outer, target)

    def __setattr__(self, name: str, value: object) -> None:
        self._known(name)
        target = self._machine.target(name)
        if isinstance(target, Expr):
            raise spec_error("parameter-assigned", f"parameter {name!r} is assigned", "what changes is a StateVar[T]")
        setattr(self._outer, target, value)

    def _known(self, name: str) -> None:
        inner = self._machine.inner
        if inner is None:
            return
        found = declaration(inner)
        if name not in found.variables and name not in found.params:
            known = ", ".join([*found.variables, *found.params])
            raise spec_error(
                "no-such-variable", f"{found.name} has no variable or parameter {name!r}", f"it has {known}"
            )

    def editing(self) -> Any:
        """As the outer state's, under the inner names."""
        return _EmbeddedEditing(self._outer.editing(), self._machine)


class _EmbeddedEditing:
    def __init__(self, outer: Any, machine: SubMachine) -> None:
        self._editing = outer
        self._machine = machine

    def __enter__(self) -> Any:
        return self._machine.view(self._editing.__enter__())

    def __exit__(self, *exc: Any) -> Any:
        return self._editing.__exit__(*exc)


@switched
def given_constant(value: Expr) -> Any:
    """A constant given for a parameter."""
    return value


_view_classes: dict[Any, type] = {}


def _view_class(inner: type | None) -> type:
    """The class of a view: the inner state class's own methods and name, the outer state's values."""
    if inner is None:
        return Embedded
    if inner not in _view_classes:
        _view_classes[inner] = type(inner.__name__, (Embedded, inner), {})
    return _view_classes[inner]


def names_of(view: Any) -> Declaration:
    """What a view's names are: its class's, or those that an embedding gives them."""
    if not isinstance(view, Embedded):
        return declaration(type(view))
    if view._machine.inner is not None:
        return declaration(view._machine.inner)
    outer, renamed = names_of(view._outer), view._machine.renamed
    inverse = {name: target for name, target in renamed.items() if isinstance(target, str)}
    params = {**outer.params, **{n: outer.params[t] for n, t in inverse.items() if t in outer.params}}
    variables = {**outer.variables, **{n: outer.variables[t] for n, t in inverse.items() if t in outer.variables}}
    return Declaration(outer.name, params, variables)


def embedded_in(context: Any) -> tuple[SubMachine, ...]:
    """The embeddings a context was made by, outermost first."""
    try:
        found: tuple[SubMachine, ...] = object.__getattribute__(context, "_embedded")
    except AttributeError:
        return ()
    return found


def again(context: Any, embeddings: tuple[SubMachine, ...]) -> Any:
    """A context of the outer machine, embedded as another was."""
    for each in embeddings:
        context = each(context)
    return context


def label(context: Any, name: str) -> str:
    """An action's name in labels: after the embeddings it is called through."""
    return ".".join([*(each.name for each in embedded_in(context)), name])


def embeddings_of(view: Any) -> tuple[SubMachine, ...]:
    """The embeddings a view was made by, outermost first."""
    return (*embeddings_of(view._outer), view._machine) if isinstance(view, Embedded) else ()


def outermost(view: Any) -> Any:
    """The outer state's own view."""
    return outermost(view._outer) if isinstance(view, Embedded) else view


def view_again(outer: Any, embeddings: tuple[SubMachine, ...]) -> Any:
    """A view of the outer state, embedded as another was."""
    for each in embeddings:
        outer = each.view(outer)
    return outer


def check_fits(state: type | None, view: Any) -> None:
    """Raise SpecError where a function about a state class is given an embedded view that cannot stand for it."""
    if state is not None and isinstance(view, Embedded) and view._machine.inner is None:
        view._machine.check(state, view._outer)


__all__ = [
    "SubMachine",
    "again",
    "check_fits",
    "embedded_in",
    "embeddings_of",
    "label",
    "outermost",
    "view_again",
]
