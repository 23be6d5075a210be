"""From formulas to an automaton, made state by state as the product with a graph asks for it.

A state of the automaton is a *cover*: what has to be so at this moment for some formulas to hold, and which formulas
have to hold from the next moment on. It is the tableau of Gerth, Peled, Vardi and Wolper ("Simple on-the-fly automatic
verification of linear temporal logic", PSTV 1995), with the acceptance of Couvreur ("On-the-fly verification of linear
temporal logic", FM 1999): a run is accepted if no `Until` is put off for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from speccheck.engines.reference.liveness.normals import All, Formulas, Literal, One, Release, Truth, Until


@dataclass(frozen=True, slots=True)
class Bits:
    """Bits that have to be set, and bits that must not be."""

    on: int = 0
    off: int = 0

    def fit(self, mask: int) -> bool:
        """Whether some bits are as they have to be."""
        return mask & self.on == self.on and not mask & self.off

    def within(self, other: Bits) -> bool:
        """Whether these ask for nothing that the others do not."""
        return self.on | other.on == other.on and self.off | other.off == other.off


@dataclass(frozen=True, slots=True)
class Cover:
    """What has to be so of the state and of the step taken from it, what after it, and what is put off until then."""

    state: Bits
    step: Bits
    after: frozenset[int]
    put_off: frozenset[int]

    def within(self, other: Cover) -> bool:
        """Whether this asks for nothing that the other does not."""
        return (
            self.after <= other.after
            and self.put_off <= other.put_off
            and self.state.within(other.state)
            and self.step.within(other.step)
        )


@dataclass(frozen=True, slots=True)
class _Branch:
    """A cover in the making: `todo` is still to be looked at."""

    todo: tuple[int, ...]
    seen: frozenset[int] = frozenset()
    state: Bits = Bits()
    step: Bits = Bits()
    after: frozenset[int] = frozenset()
    put_off: frozenset[int] = frozenset()


class Automaton:
    """The covers of sets of formulas of a table, each worked out once. `spend` counts work."""

    def __init__(self, formulas: Formulas, spend: Callable[[int], None]) -> None:
        self._formulas = formulas
        self._spend = spend
        self._known: dict[frozenset[int], tuple[Cover, ...]] = {}

    def covers(self, obligations: frozenset[int]) -> tuple[Cover, ...]:
        """The ways in which some formulas can all hold at this moment; none that another makes needless."""
        if obligations not in self._known:
            self._known[obligations] = self._worked_out(obligations)
        return self._known[obligations]

    def _worked_out(self, obligations: frozenset[int]) -> tuple[Cover, ...]:
        found: dict[Cover, None] = {}
        waiting = [_Branch(tuple(sorted(obligations)))]
        while waiting:
            self._spend(1)
            branch = waiting.pop()
            if branch.todo:
                waiting.extend(reversed(self._next(branch)))
            else:
                found[Cover(branch.state, branch.step, branch.after, branch.put_off)] = None
        self._spend(len(found) ** 2 // 8)
        return tuple(c for c in found if not any(other is not c and other.within(c) for other in found))

    def _next(self, branch: _Branch) -> list[_Branch]:
        number, *rest = branch.todo
        if number in branch.seen:
            return [_with(branch, tuple(rest))]
        going = _with(branch, tuple(rest), seen=branch.seen | {number})
        node = self._formulas.nodes[number]
        match node:
            case Truth(value):
                return [going] if value else []
            case Literal():
                return _constrained(going, node)
            case All(parts):
                return [_with(going, (*sorted(parts), *rest))]
            case One(parts):
                return [_with(going, (part, *rest)) for part in sorted(parts)]
            case Until(left, right):
                later = _with(going, (left, *rest), after=number, put_off=number)
                return [_with(going, (right, *rest)), later]
            case Release(left, right):
                return [_with(going, (left, right, *rest)), _with(going, (right, *rest), after=number)]
            case _:
                assert_never(node)


def _with(
    branch: _Branch,
    todo: tuple[int, ...],
    *,
    seen: frozenset[int] | None = None,
    after: int | None = None,
    put_off: int | None = None,
) -> _Branch:
    return _Branch(
        todo,
        branch.seen if seen is None else seen,
        branch.state,
        branch.step,
        branch.after if after is None else branch.after | {after},
        branch.put_off if put_off is None else branch.put_off | {put_off},
    )


def _constrained(branch: _Branch, literal: Literal) -> list[_Branch]:
    """The branch with a bit asked for; none where the opposite is asked for already."""
    before = branch.step if literal.step else branch.state
    mask = 1 << literal.bit
    bits = Bits(before.on | mask, before.off) if literal.positive else Bits(before.on, before.off | mask)
    if bits.on & bits.off:
        return []
    state, step = (branch.state, bits) if literal.step else (bits, branch.step)
    return [_Branch(branch.todo, branch.seen, state, step, branch.after, branch.put_off)]
