"""Propositional temporal formulas in negation normal form, each kept once in a table and known by its number.

Their atoms are bits: of a *state* (what a state says), or of a *step* (what a pair of states says, where the next
state differs). None of the rules here is needed for the meaning; they keep automata small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Truth:
    """True, or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Literal:
    """A bit is set, or (not `positive`) is not: of the state, or (`step`) of the step that is taken from it."""

    bit: int
    positive: bool
    step: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: frozenset[int]


@dataclass(frozen=True, slots=True)
class One:
    """Some part holds."""

    parts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Until:
    """`right` holds now or later, and `left` at every moment before."""

    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Release:
    """`right` holds now and later, up to and including the first moment at which `left` does, if there is one."""

    left: int
    right: int


Node: TypeAlias = Truth | Literal | All | One | Until | Release
Holds: TypeAlias = Callable[[int, int], bool]
"""Whether a formula without temporal operators holds of the bits of a state and of a step."""

FALSE, TRUE = 0, 1
"""The numbers of the two constants in every table."""


class Formulas:
    """A table of formulas; those below another have smaller numbers."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [Truth(False), Truth(True)]
        self._numbers: dict[Node, int] = {node: number for number, node in enumerate(self.nodes)}

    def _number(self, node: Node) -> int:
        if node not in self._numbers:
            self._numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return self._numbers[node]

    def truth(self, value: bool) -> int:
        """True or false."""
        return TRUE if value else FALSE

    def literal(self, bit: int, *, positive: bool, step: bool = False) -> int:
        """A bit that is set, or not."""
        return self._number(Literal(bit, positive, step))

    def all(self, parts: Iterable[int]) -> int:
        """The conjunction."""
        found: set[int] = set()
        for part in parts:
            node = self.nodes[part]
            found |= node.parts if isinstance(node, All) else {part}
        found.discard(TRUE)
        if FALSE in found or self._contradicts(found):
            return FALSE
        return next(iter(found), TRUE) if len(found) < 2 else self._number(All(frozenset(found)))

    def one(self, parts: Iterable[int]) -> int:
        """The disjunction."""
        found: set[int] = set()
        for part in parts:
            node = self.nodes[part]
            found |= node.parts if isinstance(node, One) else {part}
        found.discard(FALSE)
        if TRUE in found or self._contradicts(found):
            return TRUE
        return next(iter(found), FALSE) if len(found) < 2 else self._number(One(frozenset(found)))

    def _contradicts(self, parts: set[int]) -> bool:
        """Whether a literal and its negation are among some formulas."""
        literals = {node for part in parts if isinstance(node := self.nodes[part], Literal)}
        return any(Literal(node.bit, not node.positive, node.step) in literals for node in literals)

    def eventually(self, inner: int) -> int:
        """Now or later."""
        node = self.nodes[inner]
        if inner in (FALSE, TRUE) or self._is_lasting(inner):
            return inner
        match node:
            case One(parts):
                return self.one(map(self.eventually, sorted(parts)))
            case Until(left, _) if left == TRUE:
                return inner
            case _:
                return self._number(Until(TRUE, inner))

    def always(self, inner: int) -> int:
        """Now and at every later moment."""
        node = self.nodes[inner]
        if inner in (FALSE, TRUE) or self._is_lasting(inner):
            return inner
        match node:
            case All(parts):
                return self.all(map(self.always, sorted(parts)))
            case Release(left, _) if left == FALSE:
                return inner
            case _:
                return self._number(Release(FALSE, inner))

    def _is_lasting(self, number: int) -> bool:
        """Whether a formula is true of a behaviour exactly if it is true of each of its suffixes."""
        node = self.nodes[number]
        match node:
            case Truth():
                return True
            case All(parts) | One(parts):
                return all(map(self._is_lasting, parts))
            case Until(left, right):
                return left == TRUE and isinstance(inner := self.nodes[right], Release) and inner.left == FALSE
            case Release(left, right):
                return left == FALSE and isinstance(inner := self.nodes[right], Until) and inner.left == TRUE
            case Literal():
                return False
            case _:
                assert_never(node)

    def recurring(self, number: int) -> int | None:
        """What is to hold infinitely often, where the formula says no more than that and it is of a moment."""
        node = self.nodes[number]
        if not isinstance(node, Release) or node.left != FALSE:
            return None
        inner = self.nodes[node.right]
        moments = [self._once(part) for part in (sorted(inner.parts) if isinstance(inner, One) else [node.right])]
        return None if None in moments else self.one(each for each in moments if each is not None)

    def lasting(self, number: int) -> int | None:
        """What is to hold from some moment on, where the formula says no more than that and it is of a moment."""
        node = self.nodes[number]
        if not isinstance(node, Until) or node.left != TRUE:
            return None
        inner = self.nodes[node.right]
        moments = [self._ever(part) for part in (sorted(inner.parts) if isinstance(inner, All) else [node.right])]
        return None if None in moments else self.all(each for each in moments if each is not None)

    def _once(self, number: int) -> int | None:
        """What is to hold at some moment, where the formula says no more than that."""
        node = self.nodes[number]
        if isinstance(node, Until) and node.left == TRUE and self.is_of_a_moment(node.right):
            return node.right
        return None

    def _ever(self, number: int) -> int | None:
        """What is to hold at every moment, where the formula says no more than that."""
        node = self.nodes[number]
        if isinstance(node, Release) and node.left == FALSE and self.is_of_a_moment(node.right):
            return node.right
        return None

    def is_of_a_moment(self, number: int) -> bool:
        """Whether a formula is without temporal operators."""
        match self.nodes[number]:
            case Truth() | Literal():
                return True
            case All(parts) | One(parts):
                return all(map(self.is_of_a_moment, parts))
            case _:
                return False

    def untils(self, roots: Iterable[int]) -> tuple[int, ...]:
        """Every `Until` in some formulas, in the order of their numbers."""
        seen: set[int] = set()
        waiting = list(roots)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            match self.nodes[number]:
                case All(parts) | One(parts):
                    waiting.extend(parts)
                case Until(left, right) | Release(left, right):
                    waiting += (left, right)
                case _:
                    pass
        return tuple(sorted(number for number in seen if isinstance(self.nodes[number], Until)))

    def holds(self, number: int) -> Holds:
        """A formula of a moment as a function of the bits."""
        node = self.nodes[number]
        match node:
            case Truth(value):
                return lambda state, step: value
            case Literal(bit, positive, of_step):
                mask = 1 << bit
                return lambda state, step: bool((step if of_step else state) & mask) is positive
            case All(parts):
                every = [self.holds(part) for part in sorted(parts)]
                return lambda state, step: all(each(state, step) for each in every)
            case One(parts):
                some = [self.holds(part) for part in sorted(parts)]
                return lambda state, step: any(each(state, step) for each in some)
            case Until() | Release():
                raise ValueError("a formula with temporal operators has no value at a moment")
            case _:
                assert_never(node)
