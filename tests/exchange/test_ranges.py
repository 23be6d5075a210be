"""Binders and folds: as one would write them where nothing can be undefined, with every element asked for elsewhere."""

from __future__ import annotations

import pytest
from tests.engines.models import ap, exists, forall, invariant, model, n, transition

from speccheck.exchange.tla import exported
from speccheck.ir.models import Variable
from speccheck.ir.nodes import Bind, Clause, Const, Expr, Fold, Local, Read
from speccheck.ir.types import INT, ListType, MapType, SetType, TupleType
from speccheck.ir.values import FrozenMap

X, Y, T = Local(INT, "x"), Local(INT, "y"), Local(INT, "total")
NUMBERS, ROW = Read(SetType(INT), "numbers", 0), Read(ListType(INT), "row", 0)
PRICES = Read(MapType(INT, INT), "prices", 0)
FEW, MORE = ap("interval", n(0), n(2)), ap("interval", n(0), X)
PAIR = SetType(TupleType((INT, INT)))
VALUES = {"numbers": frozenset({1}), "row": (1,), "prices": FrozenMap({1: 1})}


def written(expr: Expr) -> str:
    """The formula of an expression, compared with itself."""
    variables = [Variable(each.variable, each.type) for each in (NUMBERS, ROW, PRICES)]
    text = exported(model(variables, VALUES, transition(), [invariant("p", ap("eq", expr, n(1)))])).files[0].text
    found = " ".join(text.split("\np ==")[1].split("\n\n")[0].split())
    return found.removesuffix(" = 1")


def as_number(expr: Expr) -> Expr:
    """A number made of a truth, a set, a map or a list."""
    match expr.type:
        case SetType():
            return ap("set_size", expr)
        case MapType():
            return ap("map_size", expr)
        case ListType():
            return ap("list_size", expr)
        case _:
            return ap("ite", expr, n(1), n(0))


@pytest.mark.parametrize(
    ("expr", "formula"),
    [
        (forall(X, NUMBERS, ap("lt", X, n(3))), r"\A x \in numbers : x < 3"),
        (forall(X, NUMBERS, ap("lt", ap("floordiv", n(1), X), n(3))), r"Every({ FloorDiv(1, x) < 3 : x \in numbers })"),
        (exists(X, ROW, ap("lt", X, n(3))), r"\E x \in Elements(row) : x < 3"),
        (
            Bind(PAIR, "filter", (Clause(X, FEW), Clause(Y, MORE)), ap("lt", X, Y)),
            r"UNION UNION { { (IF x < y THEN {<<x, y>>} ELSE {}) : y \in 0..x } : x \in 0..2 }",
        ),
        (
            Bind(SetType(INT), "image", (Clause(X, FEW), Clause(Y, NUMBERS)), ap("add", X, Y)),
            r"{ x + y : x \in 0..2, y \in numbers }",
        ),
        (
            Bind(MapType(INT, INT), "mapping", (Clause(X, FEW),), ap("map_get", PRICES, X)),
            r"DOMAIN Whole([x \in 0..2 |-> prices[x]])",
        ),
        (
            Bind(ListType(INT), "list_map", (Clause(X, ROW),), ap("add", X, n(1))),
            r"[place \in DOMAIN row |-> row[place] + 1]",
        ),
    ],
)
def test_binders(expr: Expr, formula: str) -> None:
    assert formula in written(as_number(expr))


def test_the_chosen_element_is_the_least() -> None:
    assert written(Bind(INT, "choose", (Clause(X, NUMBERS),), ap("lt", X, n(3)))) == r"Least({ x \in numbers : x < 3 })"


def test_folds_that_need_nothing_else_are_operators_of_the_module_and_shared() -> None:
    total = Fold(INT, NUMBERS, n(0), T, (X,), ap("add", T, X))
    again = Fold(INT, FEW, n(5), T, (X,), ap("add", T, X))
    assert written(ap("add", total, again)) == "Fold_total(numbers, 0) + Fold_total(0..2, 5)"


def test_a_fold_that_may_fail_asks_for_what_it_has_before_it_goes_on() -> None:
    made = Fold(INT, Const(SetType(INT), frozenset({1})), n(0), T, (X,), ap("floordiv", n(1), X))
    text = exported(model([Variable("v", INT)], {"v": 0}, transition(), [invariant("p", ap("eq", made, n(1)))])).files[
        0
    ]
    assert "IF Defined(total) /\\ left # {}" in text.text
