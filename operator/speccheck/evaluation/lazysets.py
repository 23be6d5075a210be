"""Sets known by how they are made: intervals, all subsets, all maps, all products, the integers.

A `LazySet` tells what is in it, how many elements it has, and its n-th element in canonical order,
without making the others. It never stands for a set of its own accord: it is no `frozenset`, has no
equality and no hash, and lives only inside the operations that ask for one (see `evaluation.families`), so
one that strays is an error and not another value. `TooLarge` is raised where elements are needed and are too many,
`Undefined` where they never end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, NoReturn

from speccheck.ir.shortfalls import ENDLESS, MAX_BITS, MAX_ELEMENTS, EndlessChoice, TooLarge, Undefined, told
from speccheck.ir.values import FrozenMap, SortKey, Value

DRAWN_BOUND = 1_024
"""Choices from `Ints` are drawn from −1,024 to 1,024, from `UnsignedInts` from 0 to 1,024, both included."""


class LazySet(ABC):
    """A set of which the elements are not made. `size` is None where they never end."""

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a lazy set has no equality of its own")

    __hash__ = None  # type: ignore[assignment]

    @property
    @abstractmethod
    def size(self) -> int | None:
        """The number of elements, None where there is no end of them."""

    @property
    def window(self) -> int:
        """How many elements can be drawn: all of a finite set."""
        assert self.size is not None
        return self.size

    @abstractmethod
    def contains(self, value: Value) -> bool:
        """Whether a value of the elements' type is an element."""

    @abstractmethod
    def nth(self, position: int) -> Value:
        """The element at a position below `window`, in canonical order."""

    @abstractmethod
    def _all(self) -> Sequence[Value]:
        """Every element in canonical order; asked for only where there are few."""

    def ordered(self) -> Sequence[Value]:
        """Every element in canonical order. Raises Undefined where they never end, TooLarge where they are too many."""
        self.counted()
        return self._kept

    def members(self) -> Iterable[Value]:
        """Every element in any order; raises like `ordered`."""
        return self.ordered()

    def counted(self) -> int:
        """The number of elements, of a set that can be enumerated; raises like `ordered`."""
        if self.size is None:
            raise Undefined(ENDLESS)
        if self.size > MAX_ELEMENTS:
            raise TooLarge(f"a set of {told(self.size)} elements (limit {MAX_ELEMENTS})")
        return self.size

    @cached_property
    def _kept(self) -> Sequence[Value]:
        return self._all()


class Finite(LazySet):
    """A set whose elements are there."""

    def __init__(self, elements: frozenset[Value], key: SortKey | None) -> None:
        self.elements = elements
        self._key = key

    @property
    def size(self) -> int:
        return len(self.elements)

    def contains(self, value: Value) -> bool:
        return value in self.elements

    def members(self) -> Iterable[Value]:
        """The elements as they are."""
        return self.elements

    def nth(self, position: int) -> Value:
        return self._kept[position]

    def _all(self) -> Sequence[Value]:
        return sorted(self.elements, key=self._key)


class Span(LazySet):
    """The integers from `low` to `high`, both included."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    @property
    def size(self) -> int:
        return max(0, self.high - self.low + 1)

    def contains(self, value: Value) -> bool:
        return bool(self.low <= value <= self.high)

    def nth(self, position: int) -> Value:
        return self.low + position

    def _all(self) -> Sequence[Value]:
        return range(self.low, self.high + 1)


class Integers(LazySet):
    """All integers, or those that are not negative. What is drawn lies within `DRAWN_BOUND`."""

    def __init__(self, *, signed: bool) -> None:
        self.signed = signed

    @property
    def size(self) -> None:
        return None

    @property
    def window(self) -> int:
        return DRAWN_BOUND * (1 + self.signed) + 1

    def contains(self, value: Value) -> bool:
        return bool(self.signed or value >= 0)

    def nth(self, position: int) -> Value:
        return position - DRAWN_BOUND * self.signed

    def _all(self) -> Sequence[Value]:
        raise Undefined(ENDLESS)


class Subsets(LazySet):
    """All finite subsets of a set."""

    def __init__(self, base: LazySet) -> None:
        self.base = base

    @property
    def size(self) -> int | None:
        return None if self.base.size is None else _power(2, self.base.size)

    @property
    def window(self) -> int:
        return _power(2, self.base.window)

    def contains(self, value: Value) -> bool:
        return all(map(self.base.contains, value))

    def nth(self, position: int) -> Value:
        """Position 0 is the empty set; those whose least element is e come before those whose least is a later one."""
        chosen, at, above = [], 0, self.base.window
        while position:
            position -= 1
            while position >= 1 << (above - at - 1):
                position -= 1 << (above - at - 1)
                at += 1
            chosen.append(self.base.nth(at))
            at += 1
        return frozenset(chosen)

    def _all(self) -> Sequence[Value]:
        return list(_subsets(self.base.ordered(), 0, ()))


def _subsets(elements: Sequence[Value], start: int, chosen: tuple[Value, ...]) -> Iterator[frozenset[Value]]:
    yield frozenset(chosen)
    for n in range(start, len(elements)):
        yield from _subsets(elements, n + 1, (*chosen, elements[n]))


class Maps(LazySet):
    """All maps from every one of some keys to an element of a set."""

    def __init__(self, keys: Sequence[Value], values: LazySet) -> None:
        self._keys = keys
        self.keys = frozenset(keys)
        self.values = values

    @property
    def size(self) -> int | None:
        if not self._keys:
            return 1
        return None if self.values.size is None else _power(self.values.size, len(self._keys))

    @property
    def window(self) -> int:
        return _power(self.values.window, len(self._keys))

    def contains(self, value: Value) -> bool:
        return value.keys() == self.keys and all(map(self.values.contains, value.values()))

    def nth(self, position: int) -> Value:
        digits = _digits(position, [self.values.window] * len(self._keys))
        return FrozenMap((key, self.values.nth(digit)) for key, digit in zip(self._keys, digits, strict=True))

    def _all(self) -> Sequence[Value]:
        rows = product(self.values.ordered(), repeat=len(self._keys)) if self._keys else [()]
        return [FrozenMap(zip(self._keys, row, strict=True)) for row in rows]


class Products(LazySet):
    """All tuples, or records, with one item from each set."""

    def __init__(self, parts: Sequence[LazySet]) -> None:
        self.parts = parts

    @property
    def size(self) -> int | None:
        sizes = [part.size for part in self.parts]
        return 0 if 0 in sizes else None if None in sizes else prod(size or 0 for size in sizes)

    @property
    def window(self) -> int:
        return prod(part.window for part in self.parts)

    def contains(self, value: Value) -> bool:
        return all(part.contains(item) for part, item in zip(self.parts, value, strict=True))

    def nth(self, position: int) -> Value:
        digits = _digits(position, [part.window for part in self.parts])
        return tuple(part.nth(digit) for part, digit in zip(self.parts, digits, strict=True))

    def _all(self) -> Sequence[Value]:
        return [] if self.size == 0 else list(product(*(part.ordered() for part in self.parts)))


class Described(LazySet):
    """What is made from an infinite set by `|`, `&` or `-`: membership is known, and what may be drawn; no size."""

    def __init__(self, contains: Callable[[Value], bool], drawn: Iterable[Value], key: SortKey | None) -> None:
        self._contains = contains
        self._drawn = sorted({each for each in drawn if contains(each)}, key=key)

    @property
    def size(self) -> None:
        return None

    @property
    def window(self) -> int:
        return len(self._drawn)

    def contains(self, value: Value) -> bool:
        return self._contains(value)

    def nth(self, position: int) -> Value:
        return self._drawn[position]

    def _all(self) -> Sequence[Value]:
        raise Undefined(ENDLESS)


def drawable(family: LazySet) -> list[Value]:
    """What can be drawn from a set: all of a finite one."""
    if family.window > MAX_ELEMENTS:
        raise TooLarge(f"a set of {told(family.window)} elements (limit {MAX_ELEMENTS})")
    return [family.nth(n) for n in range(family.window)]


def _power(base: int, exponent: int) -> int:
    if base > 1 and exponent * base.bit_length() > MAX_BITS:
        raise TooLarge(f"a set of 2**{told(exponent)} elements or more (limit {MAX_ELEMENTS})")
    return int(base**exponent)


def _digits(position: int, radices: list[int]) -> list[int]:
    """The position as a number of mixed radix, most significant digit first."""
    digits = []
    for radix in reversed(radices):
        position, digit = divmod(position, radix)
        digits.append(digit)
    return digits[::-1]


# --- comparisons -----------------------------------------------------------------------------------


def included(small: LazySet, large: LazySet) -> bool:
    """Whether every element of one set is in the other.

    Raises Undefined where that cannot be told without an end to the elements, TooLarge where they are too many.
    """
    known = _known(small, large)
    if known is not None:
        return known
    if small.size is None and large.size is not None:
        return _endless_in_finite(small)
    if small.size is not None and large.size is not None and small.size > large.size:
        return False
    return all(map(large.contains, small.members()))


def _endless_in_finite(small: LazySet) -> bool:
    if isinstance(small, Described):
        raise Undefined(ENDLESS)
    return False


def _known(small: LazySet, large: LazySet) -> bool | None:
    """Whether one is in the other, where how they are made tells; None where only elements do."""
    match small, large:
        case Finite(), Finite():
            return small.elements <= large.elements
        case Span(), Span():
            return small.size == 0 or (large.low <= small.low and small.high <= large.high)
        case Span(), Integers():
            return small.size == 0 or large.signed or small.low >= 0
        case Integers(), Integers():
            return large.signed or not small.signed
        case Subsets(), Subsets():
            return included(small.base, large.base)
        case Maps(), Maps() if small.keys and small.size != 0:
            return small.keys == large.keys and included(small.values, large.values)
        case Products(), Products() if small.size != 0 and len(small.parts) == len(large.parts):
            return all(map(included, small.parts, large.parts))
        case Maps() | Products(), _ if small.size == 0:
            return True
        case _:
            return None


def equal(one: LazySet, other: LazySet) -> bool:
    """Whether two sets have the same elements; raises like `included`."""
    if one.size != other.size:
        _refuse_described(one, other)
        return False
    return included(one, other) and (one.size is not None or included(other, one))


def properly_included(small: LazySet, large: LazySet) -> bool:
    """Whether one set is in the other, which has more; raises like `included`."""
    if not included(small, large):
        return False
    _refuse_described(small, large)
    if small.size is None:
        return not included(large, small)
    return small.size != large.size


def _refuse_described(*sets: LazySet) -> None:
    if any(isinstance(each, Described) for each in sets):
        raise Undefined(ENDLESS)


# --- options of a choice ---------------------------------------------------------------------------


class Given(int):
    """A position that says its element: what a recorded path chose, wherever it stands in the set's order."""

    value: Value

    def __new__(cls, value: Value) -> Given:
        made = super().__new__(cls, -1)
        made.value = value
        return made


class Options(Sequence[Value]):
    """The elements of a large or infinite set as options of a choice, made where they are asked for.

    `total` is how many can be drawn (`len` is limited by the machine), `endless` whether there are others.
    """

    def __init__(self, family: LazySet) -> None:
        self._family = family
        self.total = family.window
        self.endless = family.size is None

    def __len__(self) -> int:
        return self.total

    def __bool__(self) -> bool:
        return self.total > 0 or self.endless

    def __getitem__(self, position: Any) -> Any:
        return position.value if isinstance(position, Given) else self._family.nth(position)

    def __contains__(self, value: object) -> bool:
        return self._family.contains(value)

    def refuse_search(self, name: str) -> None:
        """Raise EndlessChoice or TooLarge, naming the choice, where its options cannot all be tried."""
        if self.endless:
            raise EndlessChoice(f"the choice {name!r} is from an infinite set, whose elements cannot all be tried")
        if self.total > MAX_ELEMENTS:
            raise TooLarge(f"the choice {name!r} is among {told(self.total)} elements (limit {MAX_ELEMENTS})")
