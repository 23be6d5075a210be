"""What a rewritten module's operators and statements do while it is executed concretely.

The author's `and`, `in`, `any(…)`, comprehensions and `match` meet concrete values here. They mean what Python means,
with two additions: what is undefined is passed on and not tripped over, and what ranges over a set or list of the
language sees every element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import GeneratorType
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.lang.concrete.conversions import concrete
from speccheck.lang.concrete.loops import Drawing, drawing_of
from speccheck.lang.concrete.products import Record, Tuple, Union, fields_of
from speccheck.lang.concrete.scalars import Bool, Concrete, Int
from speccheck.lang.concrete.sets import Set
from speccheck.lang.concrete.undefined import Undefined, forced, undefined_by
from speccheck.lang.concrete.vocabulary import make_map, make_set
from speccheck.lang.rewriting import matching
from speccheck.lang.rewriting.hooks import HOOKS, Hooks
from speccheck.lang.rewriting.logic import COMPARISONS
from speccheck.lang.spans import spec_error

Later = Callable[[], Any]


def _and(first: Any, *rest: Later) -> Any:
    value = first
    for later in rest:
        if isinstance(value, Undefined) or not value:
            return value
        value = later()
    return value


def _or(first: Any, *rest: Later) -> Any:
    value = first
    for later in rest:
        if isinstance(value, Undefined) or value:
            return value
        value = later()
    return value


def _not(value: Any) -> Any:
    if isinstance(value, Undefined):
        return value
    return Bool(not value) if isinstance(value, Concrete) else not value


def _if_else(condition: Any, then: Later, otherwise: Later) -> Any:
    if isinstance(condition, Undefined):
        return condition
    return then() if condition else otherwise()


def _contains(item: Any, container: Any) -> Any:
    if isinstance(container, Concrete | Undefined):
        return container.contains(item)  # type: ignore[union-attr]
    if isinstance(item, Undefined):
        return item
    return item in container


_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    **COMPARISONS,
    "in": _contains,
    "not in": lambda item, collection: _not(_contains(item, collection)),
}


def _chain(first: Any, *rest: Any) -> Any:
    left, value = first, True
    for symbol, later in zip(rest[::2], rest[1::2], strict=True):
        right = later()
        value = _COMPARED[symbol](left, right)
        if isinstance(value, Undefined) or not value:
            return value
        left = right
    return value


# --- any, all, len, min, max, sum ------------------------------------------------------------------


def _values(source: Any) -> tuple[list[Any], bool]:
    """What is drawn from a source, and whether that is a set or list of the language."""
    if isinstance(source, GeneratorType):
        drawing = drawing_of(source)
        return [body for _, body in drawing.drawn], drawing.ranged
    if isinstance(source, Undefined):
        source.fail()
    return list(source), isinstance(source, Concrete)


def _quantified(decisive: bool) -> Callable[[Any], Any]:
    def quantified(source: Any) -> Any:
        try:
            found, ranged = _values(source)
            if ranged:
                found = [bool(value) for value in found]
            return Bool(decisive in map(bool, found)) if decisive else Bool(all(map(bool, found)))
        except EvaluationError as error:
            return undefined_by(error)

    return quantified


def _len(value: Any) -> Any:
    if isinstance(value, Undefined):
        return value
    if isinstance(value, Concrete) and not isinstance(value, Tuple | Int):
        return value.size  # type: ignore[attr-defined]
    return len(value)


def _folding(function: Callable[..., Any]) -> Callable[..., Any]:
    def fold(*args: Any, **named: Any) -> Any:
        try:
            return _folded(function, args, named)
        except EvaluationError as error:
            return undefined_by(error)

    return fold


def _folded(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    if len(args) != 1 and function is not sum:
        return function(*map(forced, args), **named)
    found, ranged = _values(args[0])
    if not found and ranged and function is not sum and "default" not in named:
        raise EvaluationError("choose: no element satisfies the condition")
    total = function([forced(value) for value in found], *args[1:], **named)
    return concrete(total) if ranged else total


_COUNTERPARTS: dict[int, Callable[..., Any]] = {
    id(any): _quantified(True),
    id(all): _quantified(False),
    id(len): _len,
    id(min): _folding(min),
    id(max): _folding(max),
    id(sum): _folding(sum),
}


# --- comprehensions and displays -------------------------------------------------------------------


def _is_of_the_language(drawing: Drawing, bodies: list[Any]) -> bool:
    return drawing.ranged or any(isinstance(body, Concrete | Undefined) for body in bodies)


def _set_of(generator: Any) -> Any:
    try:
        drawing = drawing_of(generator)
        bodies = [body for _, body in drawing.drawn]
        if not _is_of_the_language(drawing, bodies):
            return set(bodies)
        return Set([forced(concrete(body)) for body in bodies])
    except EvaluationError as error:
        return undefined_by(error)


def _list_of(generator: Any) -> Any:
    try:
        drawing = drawing_of(generator)
    except EvaluationError as error:
        return undefined_by(error)
    bodies = [body for _, body in drawing.drawn]
    return concrete(bodies) if drawing.ranged else bodies


def _dict_of(generator: Any) -> Any:
    try:
        drawing = drawing_of(generator)
    except EvaluationError as error:
        return undefined_by(error)
    entries = [body for _, body in drawing.drawn]
    if _is_of_the_language(drawing, [key for key, _ in entries]):
        return make_map(*entries) if entries else concrete({})
    return dict(entries)


def _set_display(*items: Any) -> Any:
    return make_set(*items) if any(isinstance(i, Concrete | Undefined) for i in items) else set(items)


def _dict_display(*entries: tuple[Any, Any]) -> Any:
    return make_map(*entries) if any(isinstance(k, Concrete | Undefined) for k, _ in entries) else dict(entries)


_COLLECTING: dict[int, Callable[[Any], Any]] = {id(set): _set_of, id(frozenset): _set_of, id(list): _list_of}


# --- match -----------------------------------------------------------------------------------------


class _Subject:
    """A concrete value that is matched."""

    def __init__(self, value: Any) -> None:
        self.value = forced(value)

    def case(
        self,
        python: Callable[[Any], tuple[Any, ...] | None],
        pattern: Callable[[], matching.Pattern],
        names: tuple[str, ...],
        guard: Callable[..., Any] | None = None,
    ) -> matching.Case:
        """Whether a case applies."""
        bound: dict[str, Any] = {}
        if not _matches(pattern(), self.value, bound):
            return matching.Case(False)
        given = tuple(bound[name] for name in names)
        return matching.Case(True if guard is None else bool(guard(*given)), given)


def _matches(asked: matching.Pattern, value: Any, bound: dict[str, Any]) -> bool:
    match asked:
        case matching.Anything(name):
            if name is not None:
                bound[name] = value
            return True
        case matching.Named(inner, name):
            bound[name] = value
            return _matches(inner, value, bound)
        case matching.Equal(wanted):
            return bool(value == wanted)
        case matching.Either(options):
            return any(_matches(option, value, bound) for option in options)
        case matching.Sequence(items):
            parts = list(value)
            return len(parts) == len(items) and all(_matches(i, p, bound) for i, p in zip(items, parts, strict=True))
        case matching.OfClass(cls, items, fields):
            return _matches_class(cls, items, fields, value, bound)
        case _:
            raise spec_error("match-pattern", "this pattern cannot be matched with a value of the language")


def _matches_class(cls: Any, items: Any, fields: Any, value: Any, bound: dict[str, Any]) -> bool:
    match value:
        case Union():
            inner = [*items, *(p for _, p in fields)]
            return value.tag.name == getattr(cls, "__speccheck_tag__", None) and all(
                _matches(p, value.payload, bound) for p in inner
            )
        case Record():
            given = fields_of(value)
            parts = [*zip(given, items, strict=False), *fields]
            return all(_matches(p, given[name], bound) for name, p in parts)
        case _:
            return isinstance(value, cls)


class ConcreteHooks(Hooks):
    """What rewritten code calls while it is executed concretely."""

    and_ = staticmethod(_and)
    or_ = staticmethod(_or)
    not_ = staticmethod(_not)
    if_else = staticmethod(_if_else)
    chain = staticmethod(_chain)
    contains = staticmethod(_contains)
    set_of = staticmethod(_set_of)
    list_of = staticmethod(_list_of)
    dict_of = staticmethod(_dict_of)
    set_display = staticmethod(_set_display)
    dict_display = staticmethod(_dict_display)

    @staticmethod
    def callee(function: Any) -> Any:
        """What to call in place of a function."""
        if id(function) in _COUNTERPARTS:
            return _COUNTERPARTS[id(function)]
        if id(function) in _COLLECTING:
            return partial(_made, function)
        return function if isinstance(function, Undefined) else Hooks.callee(function)

    @staticmethod
    def subject(value: Any) -> Any:
        """The subject of a `match`."""
        found = concrete(value) if isinstance(value, tuple) and any(isinstance(v, Concrete) for v in value) else value
        return _Subject(found) if isinstance(found, Concrete | Undefined) else matching.subject(value)


def _made(function: Any, *args: Any) -> Any:
    if len(args) == 1 and isinstance(args[0], GeneratorType):
        return _COLLECTING[id(function)](args[0])
    return function(*args)


_OVERRIDDEN = {name: getattr(ConcreteHooks, name) for name in vars(ConcreteHooks) if not name.startswith("__")}


@contextmanager
def concretely() -> Iterator[None]:
    """In here rewritten code, wherever it has its hooks from, finds the concrete ones."""
    before = dict(vars(HOOKS))
    vars(HOOKS).update(_OVERRIDDEN)
    try:
        yield
    finally:
        vars(HOOKS).clear()
        vars(HOOKS).update(before)
