"""Which of its two meanings the vocabulary has at this moment: captured into expressions, or run on values.

A function of the vocabulary is marked `@switched`; while a concrete execution is running, its namesake in the
table of concrete meanings is called instead. This module knows neither of the two worlds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_running: list[object] = []
_meanings: dict[str, Callable[..., Any]] = {}
_classes: dict[Any, type] = {}


def is_concrete() -> bool:
    """Whether a concrete execution is running."""
    return bool(_running)


@contextmanager
def running(execution: object) -> Iterator[None]:
    """In here the vocabulary works on plain values."""
    _running.append(execution)
    try:
        yield
    finally:
        _running.pop()


@contextmanager
def capturing_again() -> Iterator[None]:
    """In here the vocabulary builds expressions, whatever is running outside."""
    before = _running[:]
    _running.clear()
    try:
        yield
    finally:
        _running[:] = before


def switched(function: Callable[P, T]) -> Callable[P, T]:
    """Gives a function of the vocabulary its concrete meaning while a concrete execution is running."""
    name = function.__qualname__

    @functools.wraps(function)
    def either(*args: P.args, **named: P.kwargs) -> T:
        if not _running:
            return function(*args, **named)
        found: T = _meanings[name](*args, **named)
        return found

    return either


def means(name: str, function: Callable[..., Any]) -> None:
    """Says what a switched function, known by its qualified name, does concretely."""
    _meanings[name] = function


def remember_class(type_: Any, cls: type) -> None:
    """Keeps the author's class of a record or union type, so that values of the type find its methods."""
    _classes[type_] = cls


def class_of(type_: Any) -> type | None:
    """The author's class that a record or union type was made from last."""
    return _classes.get(type_)
