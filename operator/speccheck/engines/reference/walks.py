"""A walk through a block: in which order options are tried, and who is told of each completed way.

A *way* is one completed run of the initial block or the step: a next state, the outermost named
calls made (the label) and the choices taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from speccheck.engines.base import State
from speccheck.evaluation.lazysets import Options
from speccheck.evaluation.scopes import Frame, Scope
from speccheck.ir.models import Action
from speccheck.ir.nodes import Alternatives, Assume, Choose
from speccheck.ir.values import Value

__all__ = ["Arrive", "Pick", "Point", "State", "Walk", "Watch", "every"]

Point: TypeAlias = Choose | Alternatives
"""A statement at which a choice is made."""


class Walk:
    """One going through of a block: how to choose, whom to tell, and what was done on the way so far.

    `tried` counts, where it is given, by name the outermost named actions that were begun.
    """

    __slots__ = ("arrive", "calls", "choices", "pick", "tried")

    def __init__(self, pick: Pick, arrive: Arrive, tried: dict[str, int] | None = None) -> None:
        self.pick = pick
        self.arrive = arrive
        self.calls: list[tuple[Action, list[Value]]] = []
        self.choices: list[tuple[Point, Value]] = []
        self.tried = tried


Pick: TypeAlias = Callable[[Point, Sequence[Value], Walk], Iterable[int]]
"""The positions of the options to try, in order; options are elements in canonical order, or branch names."""

Arrive: TypeAlias = Callable[[State, Walk], bool]
"""Takes a completed way's next state; the walk's calls and choices are its label and choices. True stops."""

Watch: TypeAlias = Callable[[Assume | Choose, Scope, Frame], None]
"""Is told of a statement that ends a way: an assumption that is false, or a choice from nothing."""


def every(point: Point, options: Sequence[Value], walk: Walk) -> Iterable[int]:
    """All options, in order. Raises TooLarge where they are too many to be tried, or have no end."""
    if isinstance(options, Options):
        options.refuse_search(point.name if isinstance(point, Choose) else "")
    return range(len(options))
