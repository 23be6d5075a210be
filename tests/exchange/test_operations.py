"""Every operation has a row, and the rows of those that differ in TLA+ keep the meaning they have here."""

from __future__ import annotations

import pytest
from tests.engines.models import ap, ints, n

from speccheck.exchange.operations import ROWS
from speccheck.exchange.tla import exported
from speccheck.ir.nodes import Expr, Read
from speccheck.ir.ops import OPS
from speccheck.ir.types import INT, ListType, MapType

from tests.engines.models import invariant, model, transition  # isort: skip
from speccheck.ir.models import Variable  # isort: skip
from speccheck.ir.values import FrozenMap  # isort: skip

X, Y = Read(INT, "x", 0), Read(INT, "y", 0)
LIST, MAP = Read(ListType(INT), "list", 0), Read(MapType(INT, INT), "map", 0)
VARIABLES = {"x": 1, "y": 2, "list": (1,), "map": FrozenMap({1: 1})}
TYPES = {"x": INT, "y": INT, "list": ListType(INT), "map": MapType(INT, INT)}


def written(expr: Expr) -> str:
    """The formula of an expression."""
    variables = [Variable(name, type_) for name, type_ in TYPES.items()]
    made = model(variables, VARIABLES, transition(), [invariant("p", ap("eq", expr, expr))])
    line = next(row for row in exported(made).files[0].text.splitlines() if row.startswith("p == "))
    left, right = line.removeprefix("p == ").split(" = ")
    assert left == right
    return left


def test_every_operation_has_a_row() -> None:
    assert set(ROWS) == set(OPS)


@pytest.mark.parametrize(
    ("expr", "formula"),
    [
        (ap("floordiv", X, n(2)), r"x \div 2"),
        (ap("floordiv", X, Y), "FloorDiv(x, y)"),
        (ap("mod", X, n(-2)), "FloorMod(x, -2)"),
        (ap("pow", X, n(2)), "x ^ 2"),
        (ap("pow", X, Y), "Power(x, y)"),
        (ap("list_get", LIST, X), "list[x + 1]"),
        (ap("list_get", LIST, n(0)), "list[1]"),
        (ap("list_replace", LIST, n(0), X), "ReplacedAt(list, 1, x)"),
        (ap("list_slice", LIST, n(0), X), "Slice(list, 0, x)"),
        (ap("map_get", MAP, X), "map[x]"),
        (ap("map_replace", MAP, X, Y), "Replaced(map, x, y)"),
        (ap("map_insert", MAP, X, Y), "(x :> y) @@ map"),
        (ap("map_make", X, n(1), Y, n(2)), "(y :> 2) @@ (x :> 1)"),
        (ap("map_make", n(1), X, n(2), Y), "(1 :> x) @@ (2 :> y)"),
        (ap("neg", ap("add", X, Y)), "-(x + y)"),
        (ap("set_difference", ints(1), ap("set_make", X)), "{1} \\ {x}"),
    ],
)
def test_operations_that_tla_has_otherwise(expr: Expr, formula: str) -> None:
    assert written(expr) == formula


def test_the_last_of_several_entries_for_a_key_counts() -> None:
    assert written(ap("map_make", n(1), X, n(1), Y)) == "(1 :> y) @@ (1 :> x)"
