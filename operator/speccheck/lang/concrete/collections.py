"""Concrete maps and lists, naively: a Python dict and a Python tuple."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from speccheck.errors import EvaluationError
from speccheck.lang.concrete.loops import Loop, applied
from speccheck.lang.concrete.orders import position
from speccheck.lang.concrete.places import Editor, Place, Placed, part, write
from speccheck.lang.concrete.scalars import Bool, Concrete, Int
from speccheck.lang.concrete.sets import Set
from speccheck.lang.concrete.undefined import Undefined, forced, strict
from speccheck.lang.spans import spec_error


def _value(value: object) -> Any:
    return forced(Concrete.raw(value))


class Map(Placed):
    """A finite map."""

    __slots__ = ("_hash", "entries")

    def __init__(self, entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (), place: Place | None = None) -> None:
        self.entries: dict[Any, Any] = entries if isinstance(entries, dict) else dict(entries)
        self._place = place
        self._hash: int | None = None

    def at(self, place: Place | None) -> Map:
        """The same map, as read from a place."""
        return Map(self.entries, place)

    def position(self) -> Any:
        """What sorts maps: their sorted entries."""
        return sorted((position(k), position(v)) for k, v in self.entries.items())

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.entries.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{k!r}: {self.entries[k]!r}' for k in self.keys.ordered())}}}"

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, key: object) -> bool:
        return bool(self.contains(key))

    def __iter__(self) -> NoReturn:
        raise spec_error("iteration-over-map", "a map is not iterated as such", "iterate over m.keys or m.values")

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.entries == _value(other).entries)

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(self.entries != _value(other).entries)

    @strict
    def __getitem__(self, key: object) -> Any:
        at = _value(key)
        if at not in self.entries:
            raise EvaluationError("the key is not in the map")
        place = self._place
        put = Map.insert if place is not None and place.upsert else Map.replace
        return part(self.entries[at], self, lambda m: m[at], lambda m, value: put(m, at, value))

    def __setitem__(self, key: object, value: object) -> None:
        upsert = self._place is not None and self._place.upsert
        write(self, lambda m: m.insert(key, value) if upsert else m.replace(key, value), "[…]")

    @strict
    def insert(self, key: object, value: object) -> Any:
        """The map with an entry added or replaced."""
        return Map({**self.entries, _value(key): _value(value)})

    @strict
    def replace(self, key: object, value: object) -> Any:
        """The map with the value of a present key replaced."""
        if _value(key) not in self.entries:
            raise EvaluationError("the key is not in the map (declare the field UPSERT, or use insert, to add it)")
        return self.insert(key, value)

    @property
    def keys(self) -> Set:
        """The set of keys."""
        return Set(self.entries)

    @property
    def values(self) -> Set:
        """The set of values (equal ones count once)."""
        return Set(self.entries.values())

    @property
    def size(self) -> Int:
        """The number of keys."""
        return Int(len(self.entries))

    @property
    def is_empty(self) -> Bool:
        """Whether there is no key."""
        return Bool(not self.entries)

    @strict
    def contains(self, key: object) -> Any:
        """Whether the key is present."""
        return Bool(_value(key) in self.entries)

    @strict
    def reduce(self, function: Callable[[Any, Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, key, value)` in the keys' canonical order."""
        result = _value(initial)
        for key in self.keys.ordered():
            result = _value(function(result, key, self.entries[key]))
        return result

    def edit(self) -> Editor:
        """A copy to change by assignments."""
        return Editor(self.at(None))


class List(Placed):
    """A finite sequence, indexed from 0."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any] = (), place: Place | None = None) -> None:
        self.items = tuple(items)
        self._place = place

    def at(self, place: Place | None) -> List:
        """The same list, as read from a place."""
        return List(self.items, place)

    def position(self) -> Any:
        """What sorts lists: their elements, from the first on."""
        return [position(item) for item in self.items]

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return repr(list(self.items))

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return Loop(self.items)

    def __contains__(self, item: object) -> bool:
        return bool(self.contains(item))

    @strict
    def __eq__(self, other: object) -> Any:
        return Bool(self.items == _list(other).items)

    @strict
    def __ne__(self, other: object) -> Any:
        return Bool(self.items != _list(other).items)

    def _at(self, key: Any) -> int:
        """A position; only one written as a Python number below 0 counts from the end."""
        key = forced(key)
        at = operator.index(key)
        return len(self.items) + at if at < 0 and not isinstance(key, Int) else at

    def _inside(self, key: Any) -> int:
        at = self._at(key)
        if not 0 <= at < len(self.items):
            raise EvaluationError(f"index {at} is out of range for a list of {len(self.items)}")
        return at

    @strict
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self._slice(key)
        return part(
            self.items[self._inside(key)], self, lambda whole: whole[key], lambda whole, v: whole.replace(key, v)
        )

    def _slice(self, key: slice) -> Any:
        low = 0 if key.start is None else self._bound(key.start)
        high = len(self.items) if key.stop is None else self._bound(key.stop)
        if low < 0 or high < 0:
            raise EvaluationError(f"negative bound in the slice [{low}:{high}]")
        return List(self.items[low:high])

    def _bound(self, key: Any) -> int:
        """A bound of a slice; a literal one counted from the end stops at the beginning, as Python's does."""
        return max(0, self._at(key)) if type(key) is int else self._at(key)

    def __setitem__(self, key: object, value: object) -> None:
        write(self, lambda whole: whole.replace(key, value), "[…]")

    @strict
    def __add__(self, other: object) -> Any:
        return List(self.items + _list(other).items)

    @strict
    def __radd__(self, other: object) -> Any:
        return List(_list(other).items + self.items)

    @strict
    def replace(self, at: object, value: object) -> Any:
        """The list with one element replaced."""
        found = self._inside(at)
        return List((*self.items[:found], _value(value), *self.items[found + 1 :]))

    @property
    def keys(self) -> Set:
        """The set of indices."""
        return Set(map(Int, range(len(self.items))))

    @property
    def size(self) -> Int:
        """The length."""
        return Int(len(self.items))

    @property
    def is_empty(self) -> Bool:
        """Whether there is no element."""
        return Bool(not self.items)

    @strict
    def contains(self, item: object) -> Any:
        """Whether the item occurs."""
        wanted = _value(item)
        return Bool(any(wanted == each for each in self.items))

    @strict
    def filter(self, predicate: Callable[..., Any]) -> Any:
        """The elements for which the predicate holds, in order."""
        return List([x for x in self.items if applied(predicate, x)])

    @strict
    def map(self, function: Callable[..., Any]) -> Any:
        """The list of the function's values."""
        return List([_value(applied(function, x)) for x in self.items])

    @strict
    def exists(self, predicate: Callable[..., Any]) -> Any:
        """Whether the predicate holds for some element; it is evaluated for all."""
        found = [bool(applied(predicate, x)) for x in self.items]
        return Bool(any(found))

    @strict
    def forall(self, predicate: Callable[..., Any]) -> Any:
        """Whether the predicate holds for every element; it is evaluated for all."""
        found = [bool(applied(predicate, x)) for x in self.items]
        return Bool(all(found))

    @strict
    def reduce(self, function: Callable[[Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, element)` from the first element to the last."""
        result = _value(initial)
        for x in self.items:
            result = _value(function(result, x))
        return result


def _list(value: object) -> Any:
    """A list; an empty or literal Python tuple stands for one too."""
    found = _value(list(value) if isinstance(value, tuple) else value)
    if isinstance(found, Undefined):
        found.fail()
    return found
