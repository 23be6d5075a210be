"""Annotations of a spec (`set[int]`, `Annotated[Expr, T]`, `StateVar[T, UPSERT]`, …) as types of the IR."""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
import typing
from dataclasses import dataclass
from enum import Enum
from typing import Any

from speccheck.ir.types import BOOL, INT, STR, UNIT, ListType, MapType, SetType, TupleType, Type
from speccheck.lang.exprs import Expr, enum_type
from speccheck.lang.spans import field_span, function_span, placed_at, spec_error


class Unit:
    """The type with one value; a variant of it carries nothing."""


class Marker:
    """A word that may stand in an annotation after the type."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UPSERT = Marker("UPSERT")
"""On a map variable: `s.m[k] = v` adds a key that is not there yet."""
PARAMETER = Marker("PARAMETER")
"""On an argument: constant within a run."""


@dataclass(frozen=True, slots=True)
class Form:
    """A subscripted annotation form: its kind (Param, StateVar, Field, Variant), type annotation and markers."""

    kind: str
    annotation: Any
    markers: tuple[Marker, ...] = ()


class _Subscripted:
    """Base of the annotation forms: `Kind[T]` or `Kind[T, MARKER]`."""

    def __class_getitem__(cls, item: Any) -> Any:
        items = item if isinstance(item, tuple) else (item,)
        return Form(cls.__name__, items[0], tuple(m for m in items[1:] if isinstance(m, Marker)))


class Param(_Subscripted):
    """`NAME: Param[T]`: fixed for a run."""


class StateVar(_Subscripted):
    """`name: StateVar[T]`: changes step by step."""


class Field(_Subscripted):
    """`name: Field[T]` of a record."""


class Variant(_Subscripted):
    """`Tag: Variant[T]` of a union."""


def to_type(annotation: Any) -> Type:
    """The type an annotation says.

    Raises SpecError for anything that is not a type of the language.
    """
    declared = getattr(annotation, "__speccheck_type__", None)
    if declared is not None and isinstance(annotation, type):
        found: Type = declared()
        return found
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return enum_type(annotation)
    return _generic(annotation)


_PLAIN: dict[Any, Type] = {int: INT, bool: BOOL, str: STR, Unit: UNIT}
_ARITY = {set: 1, frozenset: 1, list: 1, dict: 2}


def _generic(annotation: Any) -> Type:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
        origin = dict
    if origin in _ARITY and len(args) == _ARITY[origin]:
        parts = tuple(map(to_type, args))
        return MapType(*parts) if origin is dict else ListType(*parts) if origin is list else SetType(*parts)
    if origin is tuple and args and Ellipsis not in args:
        return TupleType(tuple(map(to_type, args)))
    raise spec_error("not-a-type", f"{_shown(annotation)} is not a type of the language", _advice(annotation, origin))


def _shown(annotation: Any) -> str:
    if isinstance(annotation, Form):
        return f"{annotation.kind}[{_shown(annotation.annotation)}]"
    if isinstance(annotation, str):
        return repr(annotation)
    plain = isinstance(annotation, type) and not typing.get_args(annotation)
    return annotation.__name__ if plain or inspect.isfunction(annotation) else str(annotation)


def _advice(annotation: Any, origin: Any) -> str:
    if isinstance(annotation, str):
        return "write the class itself, without quotes; what contains itself is kept by an id in a map: dict[int, T]"
    args = typing.get_args(annotation)
    if any(isinstance(each, Marker) for each in args):
        return "UPSERT stands beside the type: StateVar[dict[K, V], UPSERT]"
    held: Any = {set: "T", frozenset: "T", list: "T", dict: "K, V", tuple: "A, B"}
    if annotation in held or (origin in held and not args):
        kind = annotation if annotation in held else origin
        return f"say what it holds: {kind.__name__}[{held[kind]}]"
    if origin is dict:
        return "a map has a type of keys and one of values: dict[K, V]"
    if origin in (set, frozenset, list):
        return f"it holds values of one type: {origin.__name__}[T]"
    if origin is tuple:
        return "for a sequence of any length write list[T]"
    if origin in (typing.Union, types.UnionType):
        return "declare a @union with a Variant for each case, for `no value` a Variant[Unit]"
    if annotation is float:
        return "numbers are integers: count in smaller units"
    if isinstance(annotation, type):
        declared = [each for each in vars(annotation).get("__annotations__", {}).values() if isinstance(each, Form)]
        if any(form.kind in ("Field", "Variant") for form in declared):
            return f"decorate {annotation.__name__} with @{'record' if declared[0].kind == 'Field' else 'union'}"
        if "__annotations__" in vars(annotation):
            return f"declare it so: @record class {annotation.__name__}: name: Field[T]"
    if inspect.isfunction(annotation) and annotation.__name__ in ("Set", "Map", "List", "Tuple"):
        word = {"Map": "dict[K, V]", "Tuple": "tuple[A, B]"}.get(annotation.__name__)
        return f"{annotation.__name__}(…) makes a value; its type is {word or annotation.__name__.lower() + '[T]'}"
    return (
        "types are int, bool, str, Enum classes, set[T], dict[K, V], list[T], tuple[A, B], "
        "@record and @union classes, Unit"
    )


def fields_of(cls: type, *kinds: str) -> list[tuple[str, Form]]:
    """The declared fields of a class and its bases, bases first, in order; only the given kinds are allowed."""
    found: dict[str, Form] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("speccheck.") or base is object:
            continue
        for name, annotation in resolved(base).items():
            if not isinstance(annotation, Form) or annotation.kind not in kinds:
                wanted = " or ".join(f"{k}[T]" for k in kinds)
                raise spec_error(
                    "field-annotation",
                    f"field {name!r} of {cls.__name__} is not declared as {wanted}",
                    f"write {name}: {kinds[-1]}[{_inner(annotation)}]",
                    span=field_span(base, name),
                )
            found[name] = annotation
    return list(found.items())


def _inner(annotation: Any) -> str:
    """The type that an author means by a field's annotation which is of no form that belongs there."""
    if isinstance(annotation, Form):
        return _shown(annotation.annotation)
    return "T" if isinstance(annotation, type) and issubclass(annotation, _Subscripted) else _shown(annotation)


def field_type(cls: type, name: str, form: Form) -> Type:
    """The type of a class's field; an error in it is shown at the field."""
    base = next((each for each in cls.__mro__ if name in vars(each).get("__annotations__", {})), cls)
    with placed_at(field_span(base, name)):
        return to_type(form.annotation)


def resolved(owner: Any, scope: dict[str, Any] | None = None) -> dict[str, Any]:
    """The annotations of a class or function itself, those written as text evaluated where it was defined."""
    owner = owner if isinstance(owner, type) else inspect.unwrap(owner)
    raw = inspect.get_annotations(owner)
    module = vars(sys.modules.get(owner.__module__, types)) if isinstance(owner, type) else owner.__globals__
    closed = inspect.getclosurevars(owner).nonlocals if inspect.isfunction(owner) else {}
    return {name: _evaluated(a, name, {**module, **closed, **(scope or {})}) for name, a in raw.items()}


def _evaluated(annotation: Any, name: str, names: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, names)  # noqa: S307 - the author's own annotation, in the author's own module
    except Exception as error:  # noqa: BLE001 - whatever the author's expression raises
        raise spec_error(
            "annotation",
            f"the annotation of {name!r} cannot be evaluated: {error}",
            "the names in it are defined or imported at the top level of the module",
        ) from None


@dataclass(frozen=True, slots=True)
class Argument:
    """How a parameter of an action or expression function takes its argument.

    `constant`: it is a PARAMETER. `kind` is the class of expression, such as SetExpr, that the annotation names.
    """

    name: str
    type: Type | None
    default: Any
    is_expression: bool
    constant: bool = False
    kind: Any = None


def arguments_of(function: Any) -> tuple[list[str], list[Argument]]:
    """A function's parameter names, and how each is annotated.

    An `Annotated[Expr, T]` parameter has type T; a bare `Expr` one any; another none and takes what it is given.
    """
    hints = resolved(function)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise spec_error(
                "star-arguments",
                f"{function.__name__} takes {stars}{name}; a spec's functions take each argument by its name",
                "name the arguments one by one, or pass one tuple",
                span=function_span(inspect.unwrap(function).__code__),
            )
        if isinstance(parameter.default, list | dict | set):
            kind = type(parameter.default).__name__
            raise spec_error(
                "mutable-default",
                f"{function.__name__} has a {kind} as the default of {name!r}: one {kind} for all calls, "
                "which a call may change",
                f"write {name}=(), {name}=None, or an expression such as Set(int)",
                span=function_span(inspect.unwrap(function).__code__),
            )
        found.append(_argument(name, hints.get(name), parameter.default))
    return [a.name for a in found], found


def _argument(name: str, hint: Any, default: Any) -> Argument:
    if typing.get_origin(hint) is typing.Annotated:
        base, *rest = typing.get_args(hint)
        types_ = [r for r in rest if not isinstance(r, Marker)]
        if isinstance(base, type) and issubclass(base, Expr):
            type_ = to_type(types_[0]) if types_ else None
            return Argument(name, type_, default, True, PARAMETER in rest, _kind(base))
    is_expression = isinstance(hint, type) and issubclass(hint, Expr)
    return Argument(name, None, default, is_expression, kind=_kind(hint) if is_expression else None)


def _kind(hint: type[Expr]) -> type[Expr] | None:
    return None if hint is Expr else hint
