"""Concrete sets, naively: a Python frozenset, or for a set that is too large or endless, how to tell its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import product
from typing import Any

from speccheck.errors import EvaluationError
from speccheck.lang.concrete.loops import Loop, applied
from speccheck.lang.concrete.orders import in_order, position
from speccheck.lang.concrete.scalars import Bool, Concrete, Int
from speccheck.lang.concrete.undefined import ENDLESS, forced, strict


class Set(Concrete):
    """A set. `make` gives the elements when they are first needed; `has` tells membership without them."""

    __slots__ = ("_has", "_items", "_make", "_ordered")
    _make: Callable[[], Iterable[Any]]

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._items: frozenset[Any] | None = frozenset(items)
        self._ordered: list[Any] | None = None
        self._has: Callable[[Any], bool] | None = None

    @classmethod
    def described(cls, make: Callable[[], Iterable[Any]], has: Callable[[Any], bool]) -> Set:
        """A set that is known by its members' property."""
        found = cls.__new__(cls)
        found._items, found._ordered, found._make, found._has = None, None, make, has
        return found

    @property
    def items(self) -> frozenset[Any]:
        """The elements; EvaluationError where they have no end."""
        if self._items is None:
            self._items = frozenset(self._make())
        return self._items

    def ordered(self) -> list[Any]:
        """The elements in canonical order."""
        if self._ordered is None:
            self._ordered = in_order(self.items)
        return self._ordered

    def has(self, item: Any) -> bool:
        """Whether a concrete value is an element."""
        return item in self.items if self._has is None else self._has(item)

    def position(self) -> Any:
        """What sorts sets: their sorted elements."""
        return [position(item) for item in self.ordered()]

    def __iter__(self) -> Iterator[Any]:
        return Loop(self.ordered())

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item: object) -> bool:
        return bool(self.contains(item))

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self.ordered()))}}}" if self.items else "set()"

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.items == _items(other))

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(self.items != _items(other))

    @strict
    def __or__(self, other: object) -> Any:
        return _combined(self, _set(other), lambda a, b: a or b, frozenset.union)

    @strict
    def __and__(self, other: object) -> Any:
        return _combined(self, _set(other), lambda a, b: a and b, frozenset.intersection)

    @strict
    def __sub__(self, other: object) -> Any:
        return _combined(self, _set(other), lambda a, b: a and not b, frozenset.difference)

    @strict
    def __ror__(self, other: object) -> Any:
        return _set(other) | self

    @strict
    def __rand__(self, other: object) -> Any:
        return _set(other) & self

    @strict
    def __rsub__(self, other: object) -> Any:
        return _set(other) - self

    @strict
    def __le__(self, other: object) -> Any:
        return Bool(all(_set(other).has(item) for item in self.items))

    @strict
    def __ge__(self, other: object) -> Any:
        return _set(other) <= self

    @strict
    def __lt__(self, other: object) -> Any:
        return Bool(self.items < _items(other))

    @strict
    def __gt__(self, other: object) -> Any:
        return Bool(self.items > _items(other))

    def union(self, *others: object) -> Any:
        """The elements of any of the sets."""
        return reduce(lambda a, b: a | Concrete.raw(b), others, self)

    def intersect(self, *others: object) -> Any:
        """The elements of all the sets."""
        return reduce(lambda a, b: a & Concrete.raw(b), others, self)

    def difference(self, *others: object) -> Any:
        """The elements of none of the others."""
        return reduce(lambda a, b: a - Concrete.raw(b), others, self)

    def issubset(self, other: object) -> Any:
        """Whether every element is in the other."""
        return self <= other

    @strict
    def contains(self, item: object) -> Any:
        """Whether the item is an element."""
        return Bool(self.has(forced(Concrete.raw(item))))

    @property
    @strict
    def size(self) -> Any:
        """The number of elements."""
        return Int(len(self.items))

    @property
    @strict
    def is_empty(self) -> Any:
        """Whether the size is 0."""
        return Bool(len(self.items) == 0)

    @property
    @strict
    def flattened(self) -> Any:
        """The elements of the sets in this set of sets."""
        return Set(item for each in self.items for item in each.items)

    @strict
    def filter(self, predicate: Callable[..., Any]) -> Any:
        """The elements for which the predicate holds."""
        return Set([x for x in self.ordered() if applied(predicate, x)])

    @strict
    def map(self, function: Callable[..., Any]) -> Any:
        """The set of the function's values."""
        return Set([forced(Concrete.raw(applied(function, x))) for x in self.ordered()])

    @strict
    def map_to(self, function: Callable[..., Any]) -> Any:
        """The map from each element to the function's value for it."""
        return Concrete.raw({x: forced(Concrete.raw(applied(function, x))) for x in self.ordered()})

    @strict
    def exists(self, predicate: Callable[..., Any]) -> Any:
        """Whether the predicate holds for some element; it is evaluated for all."""
        found = [bool(applied(predicate, x)) for x in self.ordered()]
        return Bool(any(found))

    @strict
    def forall(self, predicate: Callable[..., Any]) -> Any:
        """Whether the predicate holds for every element; it is evaluated for all."""
        found = [bool(applied(predicate, x)) for x in self.ordered()]
        return Bool(all(found))

    @strict
    def choose(self, predicate: Callable[..., Any] | None = None) -> Any:
        """The canonically least element for which the predicate holds."""
        found = [x for x in self.ordered() if predicate is None or applied(predicate, x)]
        if not found:
            raise EvaluationError("choose: no element satisfies the condition")
        return found[0]

    @strict
    def reduce(self, function: Callable[[Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, element)` in canonical order."""
        result = forced(Concrete.raw(initial))
        for x in self.ordered():
            result = forced(Concrete.raw(function(result, x)))
        return result


def _set(value: object) -> Any:
    return forced(Concrete.raw(value))


def _items(value: object) -> frozenset[Any]:
    found: frozenset[Any] = _set(value).items
    return found


def _combined(one: Set, other: Set, has: Callable[[bool, bool], bool], join: Callable[..., frozenset[Any]]) -> Set:
    if not isinstance(other, Set) or (one._has is None and other._has is None):
        return Set(join(one.items, _items(other)))
    return Set.described(lambda: join(one.items, other.items), lambda x: has(one.has(x), other.has(x)))


def interval(low: int, high: int) -> Set:
    """The integers from low to high, both included."""
    return Set(map(Int, range(low, high + 1)))


Concrete.interval = interval


def endless(has: Callable[[int], bool]) -> Set:
    """The integers of a kind of which there is no end."""

    def make() -> Iterable[Any]:
        raise EvaluationError(ENDLESS)

    return Set.described(make, lambda x: has(int(x)))


def all_subsets(of: Set) -> Set:
    """All subsets of a set."""

    def make() -> Iterable[Set]:
        found: list[frozenset[Any]] = [frozenset()]
        for item in of.items:
            found += [each | {item} for each in found]
        return map(Set, found)

    return Set.described(make, lambda x: all(map(of.has, x.items)))


def all_maps(keys: Set, values: Set) -> Set:
    """All maps from every key to some value."""

    def make() -> Iterable[Any]:
        rows = product(values.items, repeat=len(keys.items)) if keys.items else [()]
        return [Concrete.raw(dict(zip(keys.items, row, strict=True))) for row in rows]

    return Set.described(make, lambda m: m.keys.items == keys.items and all(map(values.has, m.values.items)))


def all_products(sets: list[Set], make_one: Callable[[tuple[Any, ...]], Any], parts: Callable[[Any], Any]) -> Set:
    """All products with an item from each set; `parts` takes one apart."""

    def make() -> Iterable[Any]:
        if any(each._items is not None and not each._items for each in sets):
            return []
        return map(make_one, product(*(each.items for each in sets)))

    return Set.described(make, lambda x: all(s.has(item) for s, item in zip(sets, parts(x), strict=True)))
