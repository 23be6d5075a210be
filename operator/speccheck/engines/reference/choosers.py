"""How ways are picked: at random, or as a path recorded them.

Randomness is splitmix64 and part of the contract: the same seed and walk give the same walk on
every engine. A generator's state is the 64-bit word `mix(mix(seed) + walk)` with walks counted from 0 and all
arithmetic modulo 2**64. The next word adds 0x9E3779B97F4A7C15 to the state and gives `mix` of it; `mix` is
splitmix64's finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
with Stafford's constants as in Vigna's splitmix64.c). `draw(n)` takes words until one lies below the largest
multiple of n that is at most 2**64, and gives it modulo n; where n is 1 it takes no word and gives 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from speccheck.engines.reference.walks import Point, Walk
from speccheck.errors import ModelError
from speccheck.ir.itf import decode
from speccheck.ir.nodes import Alternatives, Choose
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.reports import Choice

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def mix(word: int) -> int:
    """The finaliser of splitmix64: a bijection of 64-bit words."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


class Generator:
    """Random numbers for one walk."""

    def __init__(self, seed: int, walk: int) -> None:
        self._state = (mix(seed & _MASK) + walk) & _MASK

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _GAMMA) & _MASK
        return mix(self._state)

    def draw(self, count: int) -> int:
        """A number from 0 below `count`, each as likely."""
        if count == 1:
            return 0
        fair = (1 << 64) - (1 << 64) % count
        word = self.word()
        while word >= fair:
            word = self.word()
        return word % count

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterator[int]:
        """Options in random order without replacement, each drawn only when the last one was refused."""
        left = list(range(len(options)))
        while left:
            yield left.pop(self.draw(len(left)))


class Guide:
    """Picks what a path's state recorded, choice by choice; what does not fit the record is not taken."""

    def __init__(self, recorded: tuple[Choice, ...]) -> None:
        self._recorded = recorded

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterable[int]:
        """The positions of the recorded option; none where there is no such option."""
        number = len(walk.choices)
        if number >= len(self._recorded):
            return []
        wanted = self._recorded[number]
        match point:
            case Choose(local, _, name):
                return _positions(options, wanted, local.type) if wanted.name == name else []
            case Alternatives():
                return [n for n, name in enumerate(options) if wanted.name == "" and wanted.value == name]


def _positions(options: Sequence[Value], wanted: Choice, type_: Type) -> list[int]:
    try:
        value = decode(wanted.value, type_)
    except ModelError:
        return []
    return [n for n, option in enumerate(options) if option == value]
