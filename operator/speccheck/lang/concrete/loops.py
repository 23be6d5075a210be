"""Generators of a spec, run for each element: who the present elements are, at every yield.

`SetIf(p(x) for x in S)` yields only truth values; which element each is about is known from the loops over
concrete sets and lists that the generator itself has open. Loops over Python iterables have no element here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from types import GeneratorType
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.lang.concrete.undefined import Undefined, undefined_by
from speccheck.lang.spans import spec_error

_drawings: list[Drawing] = []


class Drawing:
    """A generator that is being drawn from: its open loops, outermost first, and what it has yielded in them.

    `ranged` is whether it ranges over a set or list of the language.
    """

    def __init__(self, generator: GeneratorType[Any, None, None]) -> None:
        self.generator = generator
        self.loops: list[Loop] = []
        self.ranged = False
        self.drawn: list[tuple[tuple[Any, ...], Any]] = []

    def elements(self) -> tuple[Any, ...]:
        """The present element of each open loop."""
        return tuple(loop.element for loop in self.loops)


class Loop:
    """The iterator of a concrete set or list."""

    def __init__(self, elements: Iterable[Any]) -> None:
        self._elements = iter(elements)
        self._drawing: Drawing | None = None
        self._begun = False
        self.element: Any = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._begun:
            self._begun = True
            self._enter(sys._getframe(1))
        try:
            self.element = next(self._elements)
        except StopIteration:
            if self._drawing is not None:
                self._drawing.loops.remove(self)
                self._drawing = None
            raise
        return self.element

    def _enter(self, frame: Any) -> None:
        if _drawings and _drawings[-1].generator.gi_frame is frame:
            self._drawing = _drawings[-1]
            self._drawing.loops.append(self)
            self._drawing.ranged = True


def drawn(generator: object, what: str) -> Any:
    """Every yield of a generator with the elements it is about; Undefined where one has no value.

    Raises SpecError where it is not a generator.
    """
    if not isinstance(generator, GeneratorType):
        raise spec_error("not-a-generator", f"{what} takes a generator", f"write {what}(p(x) for x in S)")
    try:
        found = drawing_of(generator).drawn
    except EvaluationError as error:
        return undefined_by(error)
    return next((body for _, body in found if isinstance(body, Undefined)), found)


def drawing_of(generator: GeneratorType[Any, None, None]) -> Drawing:
    """Everything a generator yields. Raises EvaluationError where it ranges over what is undefined."""
    drawing = Drawing(generator)
    _drawings.append(drawing)
    try:
        for body in generator:
            drawing.drawn.append((drawing.elements(), body))
    finally:
        _drawings.pop()
        generator.close()
    return drawing


def applied(function: Callable[..., Any], element: Any) -> Any:
    """An author's function of an element; a tuple is unpacked where it takes several arguments."""
    wanted = _arity(function)
    return function(element) if wanted <= 1 else function(*element)


def _arity(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    return sum(1 for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty)
