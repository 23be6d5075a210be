"""`any`, `all`, `len`, `min`, `max`, `sum`, comprehensions and displays of rewritten modules.

Each takes what Python's own takes and is Python's own where no expression is met; where a generator ranges over an
expression, or yields one, the result is an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType, GeneratorType
from typing import Any, Literal

from speccheck.ir.nodes import Fold, element_type
from speccheck.ir.types import BOOL, INT, ListType, MapType, SetType
from speccheck.ir.values import FrozenMap
from speccheck.lang.binders import Drawn, bind, clause_over, drawing_from, fresh, let
from speccheck.lang.constructors import And, Ite, List, Map, Or, Set, images, listed, mappings
from speccheck.lang.exprs import Expr, apply, constant, lift, node_of, type_of, wrap
from speccheck.lang.orders import ordered
from speccheck.lang.rewriting.logic import expression_of, holds_expression
from speccheck.lang.spans import recorded, spec_error
from speccheck.lang.temporals import TemporalExpr, conjunction, disjunction, quantified


def _items(source: Any, what: str, *, shared: bool = False) -> Iterator[Drawn]:
    """What is drawn from a generator, a set or list expression, or any Python iterable."""
    source = expression_of(source)
    if isinstance(source, GeneratorType):
        yield from drawing_from(source, what, shared=shared)
    elif isinstance(source, Expr) and element_type(type_of(source)) is not None:
        clause = clause_over(source, "x")
        yield Drawn((clause,), wrap(clause.local))
    else:
        for each in ordered(source):
            yield Drawn((), each)


def _is_plain(items: list[Drawn]) -> bool:
    return all(each.is_plain and not isinstance(each.body, Expr) for each in items)


# --- any, all, len -----------------------------------------------------------------------------------


def any_(source: Any) -> Any:
    """`any(source)`."""
    return _quantified(source, "any", "exists", bool, partial(disjunction, Or))


def all_(source: Any) -> Any:
    """`all(source)`."""
    return _quantified(source, "all", "forall", lambda value: not value, partial(conjunction, And))


def _quantified(
    source: Any, what: str, op: Literal["forall", "exists"], decides: Callable[[Any], bool], joined: Any
) -> Any:
    parts: list[Any] = []
    for each in _items(source, what):
        part = _quantifier(each, op)
        if isinstance(part, Expr | TemporalExpr):
            parts.append(part)
        elif decides(part):
            return joined(*parts, bool(part)) if parts else bool(part)
    return joined(*parts) if parts else what == "all"


def _quantifier(each: Drawn, op: Literal["forall", "exists"]) -> Any:
    if isinstance(each.body, TemporalExpr):
        return quantified(op, [each])
    if each.is_plain:
        return lift(each.body, BOOL) if isinstance(each.body, Expr) else each.body
    body = lift(each.body, BOOL)
    if each.guard is not None:
        body = apply("implies" if op == "forall" else "and", each.guard, body)
    return bind(op, BOOL, each.clauses, body) if each.clauses else body


def len_(value: Any) -> Any:
    """`len(value)`."""
    value = expression_of(value)
    if isinstance(value, Expr):
        if isinstance(type_of(value), SetType | ListType | MapType):
            return value.size
        items = getattr(type_of(value), "items", None)
        if items is not None:
            return len(items)
        raise spec_error("len-of-expression", f"len() of a value of type {type_of(value)}", "it has no elements")
    if isinstance(getattr(type(value), "__len__", None), FunctionType):
        found = value.__len__()
        if isinstance(found, Expr):
            return found
    return len(value)


# --- min, max, sum -----------------------------------------------------------------------------------


def min_(*args: Any, **named: Any) -> Any:
    """`min(…)`."""
    return _extreme(min, args, named)


def max_(*args: Any, **named: Any) -> Any:
    """`max(…)`."""
    return _extreme(max, args, named)


def _extreme(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    name = function.__name__
    items = list(_items(args[0], name)) if len(args) == 1 else [Drawn((), each) for each in args]
    if _is_plain(items):
        return function([each.body for each in items], **named)
    if "key" in named:
        raise spec_error(
            "key-of-expression", f"{name}() with key= over an expression", "write S.choose(lambda x: …) for the element"
        )
    if all(each.is_plain for each in items):
        return _nearer(name, [lift(each.body, INT) for each in items])
    found = _values([_as_int(each) for each in items])
    if "default" not in named:
        return _outermost(name, found)
    fallback = lift(named["default"], INT)
    return let(found, "values", lambda values: Ite(values.is_empty, fallback, _outermost(name, values)))


def _values(items: list[Drawn]) -> Any:
    """The set of what was drawn; the set itself where that is its elements."""
    if len(items) == 1 and items[0].guard is None and len(items[0].clauses) == 1:
        (clause,) = items[0].clauses
        if isinstance(clause.domain.type, SetType) and node_of(items[0].body) is clause.local:
            return wrap(clause.domain)
    return images(items)


def _as_int(each: Drawn) -> Drawn:
    return Drawn(each.clauses, lift(each.body, INT), each.guard)


def _nearer(name: str, values: list[Any]) -> Any:
    found = values[0]
    for each in values[1:]:
        found = _one_of(name, found, each)
    return found


def _one_of(name: str, first: Any, second: Any) -> Any:
    def chosen(one: Any) -> Any:
        return let(second, name, lambda other: Ite(other < one if name == "min" else other > one, other, one))

    return let(first, name, chosen)


def _outermost(name: str, values: Any) -> Any:
    """The least of a set of ints, or the greatest: that of which the negation is least. Of none: no value."""
    if name == "min":
        return values.choose()
    return -values.map(lambda x: -x).choose()


def sum_(source: Any, /, start: Any = 0) -> Any:
    """`sum(source, start)`: one value for each element, equal ones included."""
    items = list(_items(source, "sum"))
    if _is_plain(items) and not isinstance(start, Expr):
        return sum([each.body for each in items], start)
    total = lift(start, INT)
    for each in items:
        total = _folded(total, each, lambda so_far, one: so_far + lift(one.body, INT))
    return total


def _folded(initial: Any, each: Drawn, step: Callable[[Any, Drawn], Any]) -> Any:
    """One fold for each clause, one inside the other; the innermost takes the step for what was drawn."""

    def inside(so_far: Any, left: int) -> Any:
        if left == len(each.clauses):
            taken = step(so_far, each)
            return taken if each.guard is None else Ite(each.guard, taken, so_far)
        clause, type_ = each.clauses[left], type_of(initial)
        accumulator = fresh(type_, "total")
        body = inside(wrap(accumulator), left + 1)
        node = Fold(type_, clause.domain, node_of(so_far), accumulator, (clause.local,), node_of(body))
        return wrap(recorded(node))

    return inside(initial, 0)


# --- comprehensions ----------------------------------------------------------------------------------


def set_of(generator: Any) -> Any:
    """`{f(x) for x in S if p(x)}`."""
    items = list(_items(generator, "a set comprehension"))
    return {each.body for each in items} if _is_plain(items) and not _holds(items) else images(items)


def frozenset_of(generator: Any) -> Any:
    """`frozenset(f(x) for x in S if p(x))`."""
    found = set_of(generator)
    return found if isinstance(found, Expr) else frozenset(found)


def _holds(items: list[Drawn]) -> bool:
    return any(holds_expression(each.body) for each in items)


def list_of(generator: Any) -> Any:
    """`[f(x) for x in l if p(x)]`: a Python list unless it ranges over an expression."""
    items = list(_items(generator, "a list comprehension", shared=True))
    if all(each.is_plain for each in items):
        return [each.body for each in items]
    if any(isinstance(clause.domain.type, SetType) for each in items for clause in each.clauses):
        raise spec_error(
            "list-of-set",
            "a list comprehension over a set: a set has no order that a list could follow",
            "for a set write {f(x) for x in S}; for a list in the set's canonical order "
            "S.reduce(lambda acc, x: acc + List(f(x)), List(T))",
        )
    return _concatenated(items) if any(each.guard is not None for each in items) else listed(items)


def _concatenated(items: list[Drawn]) -> Any:
    """The list of everything drawn, in Python's order."""
    _one_by_one(items, "list")
    type_ = ListType(type_of(lift(next((i.body for i in items if isinstance(i.body, Expr)), items[0].body))))
    found = constant(type_, ())
    for each in items:
        found = _folded(found, each, lambda so_far, one: so_far + List(lift(one.body, type_.element)))
    return found


def dict_of(generator: Any) -> Any:
    """`{k: v for k in S if p(k)}`, from pairs."""
    items = list(_items(generator, "a dict comprehension"))
    if all(each.is_plain and not holds_expression(each.body[0]) for each in items):
        return dict(each.body for each in items)
    if len(items) == 1 and items[0].guard is None and _is_keyed(items[0]):
        return mappings([Drawn(items[0].clauses, items[0].body[1])])
    return _inserted(items)


def _is_keyed(each: Drawn) -> bool:
    """Whether the key is what the loops range over: the only local, or the tuple of all."""
    key = each.body[0]
    keys = key if isinstance(key, tuple) and len(each.clauses) > 1 else (key,)
    nodes = [node_of(k) if isinstance(k, Expr) else None for k in keys]
    return len(nodes) == len(each.clauses) and all(
        node is clause.local for node, clause in zip(nodes, each.clauses, strict=True)
    )


def _inserted(items: list[Drawn]) -> Any:
    """One entry after the other: of two with one key, the last counts."""
    _one_by_one(items, "dict")
    key, value = (_type([each.body[part] for each in items]) for part in (0, 1))
    found = constant(MapType(key, value), FrozenMap())
    for each in items:
        found = _folded(
            found, each, lambda so_far, one: so_far.insert(lift(one.body[0], key), lift(one.body[1], value))
        )
    return found


def _one_by_one(items: list[Drawn], what: str) -> None:
    """Refuse several yields for one element: all first ones would come before all second ones."""
    if any(each.again for each in items):
        raise spec_error(
            "comprehension-order",
            f"a {what} comprehension with a loop over Python values inside one over an expression",
            "let the loop over the expression be the inner one, or build the parts and join them",
        )


def _type(values: list[Any]) -> Any:
    return type_of(next((v for v in values if isinstance(v, Expr)), lift(values[0])))


# --- displays ----------------------------------------------------------------------------------------


def set_display(*items: Any) -> Any:
    """`{a, b}`."""
    return Set(*items) if any(map(holds_expression, items)) else set(items)


def dict_display(*entries: tuple[Any, Any]) -> Any:
    """`{k: v, …}`: a Python dict unless a key is an expression."""
    return Map(*entries) if any(holds_expression(key) for key, _ in entries) else dict(entries)
