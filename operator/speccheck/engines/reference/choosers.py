"""How ways are picked: at random, as a path recorded them, or all, with those that fail passed over.

Randomness is splitmix64 and part of the contract: the same seed and walk give the same walk on
every engine. A generator's state is the 64-bit word `mix(mix(seed) + walk)` with walks counted from 0 and all
arithmetic modulo 2**64. The next word adds 0x9E3779B97F4A7C15 to the state and gives `mix` of it; `mix` is
splitmix64's finaliser (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
with Stafford's constants as in Vigna's splitmix64.c). `draw(n)` takes words until one lies below the largest
multiple of n that is at most 2**64, and gives it modulo n; where n is 1 it takes no word and gives 0. Where n is
above 2**64, what is taken at once is as many words as n - 1 needs, the first most significant, and 2**64 is to the
power of their number.

Of a set of more than `ops.MAX_ELEMENTS` elements, or one without end, at most `MAX_DRAWS` are drawn.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence

from speccheck.engines.reference.walks import Pick, Point, Walk, every
from speccheck.errors import ModelError
from speccheck.evaluation.lazysets import Given, Options
from speccheck.ir.itf import decode
from speccheck.ir.nodes import Alternatives, Choose
from speccheck.ir.ops import MAX_ELEMENTS
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.reports import Choice

MAX_DRAWS = 4_096
"""How many options of a choice that cannot try all are tried before the way is given up."""

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def mix(word: int) -> int:
    """The finaliser of splitmix64: a bijection of 64-bit words."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


class Generator:
    """Random numbers for one walk. `doubtful` names a choice given up with options left: others might have led on."""

    def __init__(self, seed: int, walk: int) -> None:
        self._state = (mix(seed & _MASK) + walk) & _MASK
        self.doubtful = ""

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _GAMMA) & _MASK
        return mix(self._state)

    def draw(self, count: int) -> int:
        """A number from 0 below `count`, each as likely."""
        if count == 1:
            return 0
        words = ((count - 1).bit_length() + 63) // 64
        fair = (1 << 64 * words) - (1 << 64 * words) % count
        word = self._words(words)
        while word >= fair:
            word = self._words(words)
        return word % count

    def _words(self, number: int) -> int:
        word = self.word()
        for _ in range(number - 1):
            word = word << 64 | self.word()
        return word

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterator[int]:
        """Options in random order without replacement, each drawn only when the last one was refused."""
        if isinstance(options, Options) and (options.endless or options.total > MAX_ELEMENTS):
            yield from self._pick_some(options.total)
            if options.endless or options.total > MAX_DRAWS:
                self.doubtful = point.name if isinstance(point, Choose) else "a branch"
            return
        left = list(range(len(options)))
        while left:
            yield left.pop(self.draw(len(left)))

    def _pick_some(self, count: int) -> Iterator[int]:
        """As from the list of all positions, without that list."""
        refused: list[int] = []
        for _ in range(min(count, MAX_DRAWS)):
            position = self.draw(count - len(refused))
            for each in refused:
                if each > position:
                    break
                position += 1
            insort(refused, position)
            yield position


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
    return _places(options, value)


def _places(options: Sequence[Value], value: Value) -> list[int]:
    if isinstance(options, Options):
        return [Given(value)] if value in options else []
    return [n for n, option in enumerate(options) if option == value]


class Sought:
    """Picks, of a choice that settles what some variables become, only what they are to become; of others every option.

    `settling` gives the variables' slots by a choice's id, `wanted` the values that are known.
    """

    def __init__(self, settling: Mapping[int, Iterable[int]], wanted: Mapping[int, Value]) -> None:
        self._settling = settling
        self._wanted = wanted

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterable[int]:
        """The positions of what is wanted."""
        wanted = [self._wanted[slot] for slot in self._settling.get(id(point), ()) if slot in self._wanted]
        if not wanted:
            return every(point, options, walk)
        first, *others = wanted
        return [] if any(other != first for other in others) else _places(options, first)


class Resumed:
    """Picks what `pick` does, and after a way that failed goes on with what comes after it."""

    def __init__(self, pick: Pick = every) -> None:
        self._pick = pick
        self._after: tuple[int, ...] = ()
        self._place: list[int] = []

    def pick(self, point: Point, options: Sequence[Value], walk: Walk) -> Iterator[int]:
        """The positions that are left at this depth of the walk."""
        depth = len(walk.choices)
        for place, position in list(enumerate(self._pick(point, options, walk)))[self._first(depth) :]:
            self._place[depth:] = [place]
            yield position

    def resume(self, walk: Walk) -> bool:
        """Goes on, in another walk, behind where one failed; False where nothing is left to be tried."""
        self._after = tuple(self._place[: len(walk.choices)])
        return bool(self._after)

    def _first(self, depth: int) -> int:
        if depth >= len(self._after):
            return 0
        first = self._after[depth]
        if depth == len(self._after) - 1:
            self._after, first = (), first + 1
        return first
