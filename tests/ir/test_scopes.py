"""What expressions use, and locals used outside their scope."""

from __future__ import annotations

import pytest
from tests.ir.models import COUNT, forall, num, numbers, op, truth

from speccheck.errors import ModelError
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Branch,
    Choose,
    Define,
    Expr,
    Local,
    Perform,
    Read,
    Split,
)
from speccheck.ir.scopes import UseTable, Work, out_of_scope
from speccheck.ir.types import INT

X, Y, S = Local(INT, "x"), Local(INT, "y"), numbers(1, 2)


def split(then: Block, otherwise: Block) -> Split:
    return Split(op("lt", COUNT, num(1)), then, otherwise, ())


def nested(depth: int) -> Block:
    block: Block = ()
    for _ in range(depth):
        block = (Alternatives((Branch("on", block),), ()),)
    return block


def test_a_local_made_in_a_block_is_in_scope_to_its_end() -> None:
    use = Assume(op("eq", X, num(1)))
    made = Choose(X, S, "x")
    inside = Split(truth(True), (use,), (split((use,), ()),), ())
    assert out_of_scope((), (made, use, inside, use)) is None
    assert out_of_scope((X,), (use,)) is None


def test_a_local_made_in_a_branch_is_found_after_the_join() -> None:
    use = Assume(op("eq", op("add", Y, X), num(1)))
    block = (Alternatives((Branch("l", (Choose(X, S, "x"), Assume(op("eq", X, num(2))))), Branch("r", ())), ()), use)
    assert out_of_scope((Y,), block) == (X, use)


def test_a_local_of_one_branch_is_found_in_the_next() -> None:
    use = Assign("a", 1, X)
    block = (split((Define(X, num(1)),), (use,)),)
    assert out_of_scope((), block) == (X, use)


def test_a_local_of_a_lambda_is_found_outside_it() -> None:
    use = Assume(op("and", forall(X, S, op("eq", X, num(1))), op("eq", Y, num(2))))
    assert out_of_scope((), (use,)) == (Y, use)
    split_on = Split(op("eq", X, num(1)), (), (), ())
    assert out_of_scope((), (Define(Y, num(1)), split_on)) == (X, split_on)
    perform = Perform("put", (op("add", num(1), X),), ())
    assert out_of_scope((), (perform,)) == (X, perform)


def test_scopes_need_no_more_stack_than_blocks_may_be_deep() -> None:
    with pytest.raises(ModelError, match="blocks are nested deeper than 100"):
        out_of_scope((), nested(5_000))


def test_an_expression_uses_what_it_does_not_bind() -> None:
    domain = op("interval", Y, Read(INT, "count", 3))
    body = op("eq", op("add", X, Local(INT, "z")), COUNT)
    assert list(UseTable(Work()).of(forall(X, domain, body))) == ["y", ("count", 3), "z", ("count", 0)]


def test_the_first_use_is_the_one_reported() -> None:
    first, second = Local(INT, "q"), Local(INT, "q")
    use = Assume(op("eq", first, second))
    found = out_of_scope((), (use,))
    assert found is not None
    assert found[0] is first


def test_an_expression_made_to_be_slow_is_refused() -> None:
    tangled: Expr = truth(True)
    for n in range(200):
        tangled = op("and", tangled, op("eq", Local(INT, f"x.{n}"), num(0)))
    UseTable(Work(40_000)).of(tangled)
    with pytest.raises(ModelError) as raised:
        UseTable(Work(2_000)).of(tangled)
    assert str(raised.value) == "the model is too tangled: verifying it takes more than 2,000 steps"
