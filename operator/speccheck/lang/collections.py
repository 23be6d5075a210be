"""Expressions of the collection types: sets, maps, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from speccheck.ir.nodes import Fold
from speccheck.ir.types import BOOL, INT, ListType, MapType, SetType, Type
from speccheck.lang.activities import check_block, present_block
from speccheck.lang.binders import bind, calling, drawn_clause, fresh, lambda_over, parameter_names
from speccheck.lang.exprs import Expr, apply, constant, immutable, lift, node_of, type_of, wrap
from speccheck.lang.places import Change, PartPlace, VariablePlace
from speccheck.lang.scalars import index
from speccheck.lang.spans import recorded, spec_error


def fold(collection: Expr, initial: Expr, function: Callable[..., Any], item_types: tuple[Type, ...]) -> Any:
    """A fold of an author's function over a collection."""
    names = [*parameter_names(function), "acc", "x", "y"]
    accumulator = fresh(type_of(initial), names[0])
    items = tuple(fresh(t, hint) for t, hint in zip(item_types, names[1:], strict=False))
    body = lift(calling(function, wrap(accumulator), *map(wrap, items)), type_of(initial))
    node = Fold(type_of(initial), node_of(collection), node_of(initial), accumulator, items, node_of(body))
    return wrap(recorded(node))


class Sized(Expr):
    """What has a size."""

    __slots__ = ()

    @property
    def is_empty(self) -> Any:
        """Whether the size is 0."""
        return self.size == 0


class Ranged(Sized):
    """What a binder can range over: a set or a list, with elements of one type."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return drawn_clause(self)

    @property
    def _element(self) -> Type:
        return type_of(self).element  # type: ignore[union-attr]

    def exists(self, predicate: Callable[[Any], Any]) -> Any:
        """Whether the predicate holds for some element."""
        clause, body = lambda_over(self, predicate)
        return bind("exists", BOOL, (clause,), lift(body, BOOL))

    def forall(self, predicate: Callable[[Any], Any]) -> Any:
        """Whether the predicate holds for every element."""
        clause, body = lambda_over(self, predicate)
        return bind("forall", BOOL, (clause,), lift(body, BOOL))


class SetExpr(Ranged, types=(SetType,)):
    """A finite set."""

    __slots__ = ()

    def _same(self, op: str, other: object) -> Any:
        return apply(op, self, lift(other, type_of(self)))

    def __or__(self, other: object) -> Any:
        return self._same("set_union", other)

    def __ror__(self, other: object) -> Any:
        return lift(other, type_of(self)) | self

    def __and__(self, other: object) -> Any:
        return self._same("set_intersection", other)

    def __rand__(self, other: object) -> Any:
        return lift(other, type_of(self)) & self

    def __sub__(self, other: object) -> Any:
        return self._same("set_difference", other)

    def __rsub__(self, other: object) -> Any:
        return lift(other, type_of(self)) - self

    def __le__(self, other: object) -> Any:
        return self._same("subset", other)

    def __lt__(self, other: object) -> Any:
        return self._same("proper_subset", other)

    def __ge__(self, other: object) -> Any:
        return lift(other, type_of(self)) <= self

    def __gt__(self, other: object) -> Any:
        return lift(other, type_of(self)) < self

    def union(self, *others: object) -> Any:
        """The elements of any of the sets."""
        return _folded(self, "set_union", others)

    def intersect(self, *others: object) -> Any:
        """The elements of all the sets."""
        return _folded(self, "set_intersection", others)

    def difference(self, *others: object) -> Any:
        """The elements of none of the others."""
        return _folded(self, "set_difference", others)

    def issubset(self, other: object) -> Any:
        """Whether every element is in the other."""
        return self <= other

    def contains(self, item: object) -> Any:
        """Whether the item is an element."""
        return apply("set_contains", self, lift(item, self._element))

    @property
    def size(self) -> Any:
        """The number of elements."""
        return apply("set_size", self)

    @property
    def flattened(self) -> Any:
        """The elements of the sets in this set of sets."""
        return apply("set_flatten", self)

    def filter(self, predicate: Callable[[Any], Any]) -> Any:
        """The elements for which the predicate holds."""
        clause, body = lambda_over(self, predicate)
        return bind("filter", type_of(self), (clause,), lift(body, BOOL))

    def map(self, function: Callable[[Any], Any]) -> Any:
        """The set of the function's values."""
        clause, body = lambda_over(self, function)
        image = lift(body)
        return bind("image", SetType(type_of(image)), (clause,), image)

    def map_to(self, function: Callable[[Any], Any]) -> Any:
        """The map from each element to the function's value for it."""
        clause, body = lambda_over(self, function)
        item = lift(body)
        return bind("mapping", MapType(self._element, type_of(item)), (clause,), item)

    def choose(self, predicate: Callable[[Any], Any] | None = None) -> Any:
        """The canonically least element for which the predicate holds; an evaluation error where none does."""
        clause, body = lambda_over(self, predicate or (lambda x: True))
        return bind("choose", self._element, (clause,), lift(body, BOOL))

    def reduce(self, function: Callable[[Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, element)` in canonical order."""
        return fold(self, lift(initial), function, (self._element,))


def _folded(first: Expr, op: str, others: tuple[object, ...]) -> Any:
    result = first
    for other in others:
        result = apply(op, result, lift(other, type_of(first)))
    return result


class MapExpr(Sized, types=(MapType,)):
    """A finite map."""

    __slots__ = ()

    @property
    def _types(self) -> MapType:
        return type_of(self)  # type: ignore[return-value]

    def __iter__(self) -> Iterator[Any]:
        raise spec_error(
            "iteration-over-map",
            "a map is not iterated as such",
            "range over its keys, with m[k]: for k in m.keys; or over m.values",
        )

    def __getitem__(self, key: object) -> Any:
        at, put = self._key(key), self._put
        found = apply("map_get", self, at)
        if self._place is None:
            return found
        part = PartPlace(self._place, lambda m: apply("map_get", m, at), lambda m, value: apply(put, m, at, value))
        return wrap(node_of(found), part)

    def __setitem__(self, key: object, value: object) -> None:
        if self._place is None:
            raise immutable(self, "[…]")
        at, item, put = self._key(key), lift(value, self._types.value, "the value of a key"), self._put
        self._place.write(lambda m: apply(put, m, at, item))

    def _key(self, key: object) -> Any:
        return lift(key, self._types.key, "a key of this map")

    @property
    def _put(self) -> str:
        upsert = isinstance(self._place, VariablePlace) and self._place.upsert
        return "map_insert" if upsert else "map_replace"

    def insert(self, key: object, value: object) -> Any:
        """The map with an entry added or replaced."""
        return apply("map_insert", self, lift(key, self._types.key), lift(value, self._types.value))

    def replace(self, key: object, value: object) -> Any:
        """The map with the value of a present key replaced."""
        return apply("map_replace", self, lift(key, self._types.key), lift(value, self._types.value))

    @property
    def keys(self) -> Any:
        """The set of keys."""
        return apply("map_keys", self)

    @property
    def values(self) -> Any:
        """The set of values (equal ones count once)."""
        return apply("map_values", self)

    @property
    def size(self) -> Any:
        """The number of keys."""
        return apply("map_size", self)

    def contains(self, key: object) -> Any:
        """Whether the key is present."""
        return self.keys.contains(key)

    def reduce(self, function: Callable[[Any, Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, key, value)` in the keys' canonical order."""
        return fold(self, lift(initial), function, (self._types.key, self._types.value))

    def edit(self) -> Editor:
        """A copy to change by assignments: `with m.edit() as e: e[k] = v`, then use `e`."""
        return Editor(self)


class ListExpr(Ranged, types=(ListType,)):
    """A finite sequence, indexed from 0."""

    __slots__ = ()

    def _at(self, key: object) -> Any:
        if isinstance(key, int) and not isinstance(key, bool) and key < 0:
            return self.size + key
        return index(key)

    def __getitem__(self, key: object) -> Any:
        if isinstance(key, slice):
            return self._slice(key)
        at = self._at(key)
        found = apply("list_get", self, at)
        if self._place is None:
            return found
        return wrap(
            node_of(found), PartPlace(self._place, lambda whole: whole[at], lambda whole, v: whole.replace(at, v))
        )

    def _slice(self, bounds: slice) -> Any:
        if bounds.step is not None:
            raise spec_error("slice-step", "a slice of a list has no step", "write l[i:j]; the indices are l.keys")
        low = constant(INT, 0) if bounds.start is None else self._bound(bounds.start)
        high = self.size if bounds.stop is None else self._bound(bounds.stop)
        return apply("list_slice", self, low, high)

    def _bound(self, key: object) -> Any:
        """A bound of a slice; one counted from the end stops at the beginning, as Python's does."""
        if isinstance(key, int) and not isinstance(key, bool) and key < 0:
            return apply("ite", self.size + key < 0, constant(INT, 0), self.size + key)
        return index(key)

    def __setitem__(self, key: object, value: object) -> None:
        if self._place is None:
            raise immutable(self, "[…]")
        at, item = self._at(key), lift(value, self._element)
        self._place.write(lambda whole: whole.replace(at, item))

    def __add__(self, other: object) -> Any:
        return apply("list_concat", self, lift(other, type_of(self)))

    def __radd__(self, other: object) -> Any:
        return apply("list_concat", lift(other, type_of(self)), self)

    def replace(self, position: object, value: object) -> Any:
        """The list with one element replaced."""
        return apply("list_replace", self, self._at(position), lift(value, self._element))

    @property
    def keys(self) -> Any:
        """The set of indices."""
        return apply("list_keys", self)

    @property
    def size(self) -> Any:
        """The length."""
        return apply("list_size", self)

    def contains(self, item: object) -> Any:
        """Whether the item occurs."""
        return apply("list_contains", self, lift(item, self._element))

    def filter(self, predicate: Callable[[Any], Any]) -> Any:
        """The elements for which the predicate holds, in order."""
        clause, body = lambda_over(self, predicate)
        return bind("list_filter", type_of(self), (clause,), lift(body, BOOL))

    def map(self, function: Callable[[Any], Any]) -> Any:
        """The list of the function's values."""
        clause, body = lambda_over(self, function)
        image = lift(body)
        return bind("list_map", ListType(type_of(image)), (clause,), image)

    def reduce(self, function: Callable[[Any, Any], Any], initial: object) -> Any:
        """Folds `function(accumulator, element)` from the first element to the last."""
        return fold(self, lift(initial), function, (self._element,))


class Editor:
    """A value under change. Assignments to its items or fields replace them in a copy.

    Wherever an expression is expected it stands for the changed value; `e._` is that expression.
    """

    __slots__ = ("_block", "_expr")

    def __init__(self, expr: Expr) -> None:
        object.__setattr__(self, "_expr", expr)
        object.__setattr__(self, "_block", present_block())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def __as_expr__(self) -> Any:
        return self._expr

    @property
    def _(self) -> Any:
        """The changed value as an expression."""
        return self._expr

    def refine(self, variable: str, version: int, change: Change) -> None:
        """Take a change (called by what was read through this editor)."""
        check_block(self._block, "an edit()")
        object.__setattr__(self, "_expr", change(self._expr))

    def _value(self) -> Any:
        return wrap(node_of(self._expr), VariablePlace(self, "", 0, isinstance(type_of(self._expr), MapType)))

    def __getitem__(self, key: object) -> Any:
        return self._value()[key]

    def __setitem__(self, key: object, value: object) -> None:
        self._value()[key] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._value(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._value(), name, value)
