"""Random expressions over sets: with lazy sets they mean what a plain reading with real sets says.

The plain reading is this file's own few lines: it makes every set, and knows nothing of lazy ones.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.models import ap, n
from tests.engines.running import value

from speccheck.ir.nodes import Apply, Bind, Clause, Const, Expr, Fold, Let, Local
from speccheck.ir.ops import MAX_ELEMENTS, OPS, TooLarge
from speccheck.ir.types import BOOL, INT, MapType, SetType, TupleType, Type
from speccheck.ir.values import in_order

PAIR, SUBSET, MAP = TupleType((INT, INT)), SetType(INT), MapType(INT, INT)
_numbers = count()


def naive(node: Expr, scope: dict[str, Any]) -> Any:
    """What an expression's value is, every set made."""
    match node:
        case Const(_, known):
            return known
        case Local(_, name):
            return scope[name]
        case Let(_, local, bound, body):
            return naive(body, scope | {local.name: naive(bound, scope)})
        case Apply(_, "ite", (condition, then, otherwise)):
            return naive(then if naive(condition, scope) else otherwise, scope)
        case Apply(_, op, args):
            return OPS[op].meaning(*(naive(arg, scope) for arg in args))
        case Bind(_, op, (clause,), body):
            return _bound(op, naive(clause.domain, scope), lambda each: naive(body, scope | {clause.local.name: each}))
        case Fold(_, collection, initial, accumulator, (item,), body):
            found = naive(initial, scope)
            for each in in_order(naive(collection, scope), item.type):
                found = naive(body, scope | {accumulator.name: found, item.name: each})
            return found
    raise AssertionError(node)


def _bound(op: str, elements: frozenset[Any], body: Any) -> Any:
    match op:
        case "forall":
            results = [body(each) for each in elements]
            return all(results)
        case "exists":
            results = [body(each) for each in elements]
            return any(results)
        case "image":
            return frozenset(body(each) for each in elements)
        case _:
            return frozenset(each for each in elements if body(each))


@st.composite
def sets(draw: Any, element: Type, depth: int, scope: tuple[Local, ...] = ()) -> Expr:
    """A set expression with elements of a type."""
    known = [local for local in scope if local.type == SetType(element)]
    if known and draw(st.booleans()):
        return draw(st.sampled_from(known))
    if depth and draw(st.booleans()):
        return draw(combined(element, depth - 1, scope))
    match element:
        case SetType():
            return ap("all_subsets", draw(sets(INT, 0, scope)))
        case TupleType():
            return ap("all_tuples", draw(sets(INT, 0, scope)), draw(sets(INT, 0, scope)))
        case MapType():
            return ap("all_maps", draw(sets(INT, 0, scope)), draw(sets(INT, 0, scope)))
        case _:
            low = draw(st.integers(-1, 2))
            if draw(st.booleans()):
                return ap("interval", n(low), n(draw(st.integers(low - 1, low + 2))))
            return Const(SetType(INT), draw(st.frozensets(st.integers(-1, 3), max_size=3)))


@st.composite
def combined(draw: Any, element: Type, depth: int, scope: tuple[Local, ...]) -> Expr:
    """A set made from other sets."""
    one, other = draw(sets(element, depth, scope)), draw(sets(element, depth, scope))
    match draw(st.sampled_from(["set_union", "set_intersection", "set_difference", "ite", "let", "filter", "image"])):
        case "ite":
            return ap("ite", draw(questions(depth, scope)), one, other)
        case "let":
            local = Local(one.type, f"s{next(_numbers)}")
            body = draw(sets(element, depth, (*scope, local)))
            return Let(body.type, local, one, body)
        case "filter":
            local = Local(element, f"x{next(_numbers)}")
            return Bind(one.type, "filter", (Clause(local, one),), ap("set_contains", other, local))
        case "image":
            local = Local(element, f"x{next(_numbers)}")
            return Bind(one.type, "image", (Clause(local, one),), local)
        case op:
            return ap(op, one, other)


@st.composite
def questions(draw: Any, depth: int, scope: tuple[Local, ...] = ()) -> Expr:
    """A bool that asks about sets."""
    element = draw(st.sampled_from([INT, INT, SUBSET, PAIR, MAP]))
    one, other = draw(sets(element, depth, scope)), draw(sets(element, depth, scope))
    local = Local(element, f"x{next(_numbers)}")
    match draw(st.sampled_from(["subset", "proper_subset", "eq", "ne", "size", "forall", "exists", "fold"])):
        case "size":
            return ap("le", ap("set_size", one), ap("set_size", other))
        case ("forall" | "exists") as op:
            return Bind(BOOL, op, (Clause(local, one),), ap("set_contains", other, local))
        case "fold":
            acc = Local(BOOL, f"a{next(_numbers)}")
            body = ap("ne", acc, ap("set_contains", other, local))
            return Fold(BOOL, one, Const(BOOL, True), acc, (local,), body)
        case op:
            return ap(op, one, other)


@settings(max_examples=400, deadline=None)
@given(questions(3))
def test_a_question_has_the_answer_that_real_sets_give(node: Expr) -> None:
    assert value(node) == naive(node, {})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([INT, SUBSET, PAIR, MAP]).flatmap(lambda element: sets(element, 3)))
def test_a_set_is_made_as_it_is(node: Expr) -> None:
    found = value(node)
    assert isinstance(found, frozenset)
    assert found == naive(node, {})


def test_what_is_made_is_still_limited() -> None:
    wide = ap("interval", n(1), n(MAX_ELEMENTS + 1))
    for node in (wide, ap("set_union", wide, wide), ap("all_subsets", wide)):
        try:
            value(node)
        except TooLarge:
            continue
        raise AssertionError("a set that is too large was made")
