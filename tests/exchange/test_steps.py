"""Blocks as actions: last versions are primed where they are assigned, the others get names; branches go on as one."""

from __future__ import annotations

from collections.abc import Sequence

from tests.engines.models import action, ap, model, n, read, transition
from tests.exchange.programs import VARIABLES

from speccheck.exchange.tla import exported
from speccheck.ir.models import Action, Transition, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Branch,
    Choose,
    Define,
    Defined,
    Expr,
    Join,
    Local,
    Perform,
    Split,
)
from speccheck.ir.types import INT, SetType
from speccheck.ir.values import Value

X, Y = Variable("x", INT), Variable("y", INT)
FEW = ap("interval", n(0), n(2))
C = Local(INT, "c")


def text(step: Transition, *actions: Action, names: Sequence[str] = VARIABLES[:2]) -> str:
    """What is written of the step and the actions."""
    variables = [Variable(name, INT) for name in names]
    values: dict[str, Value] = dict.fromkeys(names, 0)
    found = exported(model(variables, values, step, actions=actions)).files[0].text
    return found.split("/\\ y = 0\n\n" if "y" in names else "Init == x = 0\n\n")[1].split("\nSpec ==")[0].strip()


def more(variable: Variable, version: int = 0) -> Expr:
    return ap("add", read(variable, version), n(1))


def test_statements_keep_their_order_and_reads_see_what_was_assigned() -> None:
    step = transition(Assign("x", 1, more(X)), Assume(ap("lt", read(X, 1), n(3))), Assign("y", 1, read(X, 0)), x=1, y=1)
    assert text(step) == "\\* The steps.\nNext ==\n  /\\ x' = x + 1\n  /\\ x' < 3\n  /\\ y' = x"


def test_a_version_that_is_not_the_last_one_is_a_name() -> None:
    step = transition(Assign("x", 1, more(X)), Assign("x", 2, more(X, 1)), x=2)
    assert "LET x_1 == x + 1\n  IN  /\\ x' = x_1 + 1\n      /\\ UNCHANGED y" in text(step)


def test_it_is_asked_for_at_once_where_it_may_be_undefined() -> None:
    step = transition(Assign("x", 1, ap("floordiv", n(6), read(X))), Assign("x", 2, more(X, 1)), x=2)
    assert "\\E x_1 \\in {FloorDiv(6, x)} :\n    /\\ x' = x_1 + 1" in text(step)


def test_a_condition_with_alternatives_in_it_is_no_choice() -> None:
    either = ap("or", ap("eq", read(X), n(0)), ap("eq", read(Y), n(0)))
    found = text(transition(Assume(ap("and", either, ap("lt", read(X), n(3))))))
    assert "/\\ When(x = 0 \\/ y = 0)\n  /\\ x < 3\n  /\\ UNCHANGED <<x, y>>" in found


def test_what_a_branch_leaves_alone_is_kept_there() -> None:
    split = Split(ap("lt", read(X), n(2)), (Assign("x", 1, more(X)),), (), (Join("x", 2, (1, 0)),))
    found = text(transition(split, x=2))
    assert "IF x < 2\n    THEN /\\ x' = x + 1\n         /\\ UNCHANGED y\n    ELSE UNCHANGED <<x, y>>" in found


def test_a_value_that_a_split_leaves_behind_for_later_is_one_expression() -> None:
    split = Split(ap("lt", read(X), n(2)), (Assign("x", 1, more(X)),), (), (Join("x", 2, (1, 0)),))
    found = text(transition(split, Assign("x", 3, more(X, 2)), x=3))
    assert "LET x_2 == IF x < 2 THEN x + 1 ELSE x\n  IN  /\\ x' = x_2 + 1" in found


def test_what_follows_branches_with_choices_is_written_once() -> None:
    arms = (Branch("up", (Assign("x", 1, more(X)),)), Branch("down", (Assign("x", 2, n(0)),)))
    found = text(transition(Alternatives(arms, (Join("x", 3, (1, 2)),)), Assign("x", 4, more(X, 3)), x=4))
    assert "LET rest(x_3) ==\n          /\\ x' = x_3 + 1\n          /\\ UNCHANGED y\n" in found
    assert "\\/ LET x_1 == x + 1 IN rest(x_1)" in found
    assert found.count("x_3 + 1") == 1


def test_many_splits_in_a_row_grow_the_text_no_faster_than_the_block() -> None:
    def row(length: int) -> int:
        block = [
            Split(ap("lt", read(X, 2 * k), n(9)), (Assign("x", 2 * k + 1, more(X, 2 * k)),), (), (join,))
            for k in range(length)
            for join in [Join("x", 2 * k + 2, (2 * k + 1, 2 * k))]
        ]
        return len(text(transition(*block, x=2 * length)))

    assert row(30) < 4 * row(10)


def test_an_action_says_what_it_keeps_where_it_always_ends_the_step() -> None:
    up = action("up", [C], (Assign("x", 1, ap("add", read(X), C)),), x=1)
    step = transition(Choose(C, FEW, "c"), Perform("up", (C,), (Defined("x", 1),)), x=1)
    assert text(step, up) == (
        "up(c) ==\n  /\\ x' = x + c\n  /\\ UNCHANGED y\n\n\\* The steps.\nNext == \\E c \\in 0..2 : up(c)"
    )


def test_an_action_is_given_the_values_that_are_not_those_of_the_beginning() -> None:
    up = action("up", [], (Assign("x", 1, more(Y)),), x=1)
    step = transition(Assign("y", 1, n(2)), Perform("up", (), (Defined("x", 1),)), y=1, x=1)
    assert "up(y_0) == x' = y_0 + 1" in text(step, up)
    assert "/\\ y' = 2\n  /\\ up(y')" in text(step, up)


def test_an_action_whose_result_is_changed_later_is_written_out() -> None:
    up = action("up", [C], (Assign("x", 1, ap("add", read(X), C)),), x=1)
    step = transition(Perform("up", (n(1),), (Defined("x", 1),)), Assign("x", 2, more(X, 1)), x=2)
    found = text(step, up)
    assert "LET c == 1\n      x_1 == x + c\n  IN  /\\ x' = x_1 + 1" in found
    assert "up(" not in found


def test_no_choice_comes_after_the_last_variable_has_its_value() -> None:
    """TLC takes what comes then for a condition: it would neither try nor count every element."""
    odd = Assume(ap("lt", ap("floordiv", n(1), C), n(2)))
    found = text(transition(Assign("x", 1, more(X)), Choose(C, FEW, "c"), odd, x=1), names=("x",))
    assert "LET x_1 == x + 1\n  IN  \\E c \\in 0..2 :\n        /\\ FloorDiv(1, c) < 2\n        /\\ x' = x_1" in found


def test_what_nobody_uses_is_not_written_and_a_fallible_argument_is_asked_for_at_the_end() -> None:
    unused = Define(Local(INT, "unused"), ap("floordiv", n(1), n(0)))
    up = action("up", [C], (Assign("x", 1, n(1)),), x=1)
    call = Perform("up", (ap("floordiv", n(1), read(Y)),), (Defined("x", 1),))
    found = text(transition(unused, call, x=1), up)
    assert "unused" not in found
    assert "/\\ up(FloorDiv(1, y))\n  /\\ Defined(FloorDiv(1, y))" in found


def test_sets_of_sets_are_chosen_from_as_they_are() -> None:
    subset = Local(SetType(INT), "some")
    found = text(
        transition(Choose(subset, ap("all_subsets", FEW), "some"), Assign("x", 1, ap("set_size", subset)), x=1)
    )
    assert "\\E some \\in SUBSET (0..2) :\n    /\\ x' = Cardinality(some)" in found
