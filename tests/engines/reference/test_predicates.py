"""Invariants of observed states: judged where they can be, never taken to hold where they cannot."""

from __future__ import annotations

import pytest
from tests.engines.models import (
    BIG,
    SMALL,
    TRUE,
    ap,
    count_below,
    counter,
    example,
    forall,
    ints,
    invariant,
    jugs,
    model,
    n,
    read,
    transition,
)

from speccheck.engines.base import Limits
from speccheck.engines.reference import Judge, Outcome
from speccheck.errors import ModelError, UsageError
from speccheck.ir.models import Model
from speccheck.ir.nodes import Bind, Clause, Expr, Local, Param
from speccheck.ir.types import BOOL, INT

X, Y = Local(INT, "x"), Local(INT, "y")


def judged(made: Model, **values: object) -> dict[str, Outcome]:
    """The outcomes by name."""
    return {each.name: each.outcome for each in Judge(made).invariants(values)}


def two(*bodies: Expr) -> Model:
    """A model of two jugs with some invariants, p0, p1, …"""
    properties = [invariant(f"p{number}", body) for number, body in enumerate(bodies)]
    return model([BIG, SMALL], {"big": 0, "small": 0}, transition(), [*properties, example("witness", TRUE)])


def test_invariants_are_judged_and_examples_are_not() -> None:
    assert judged(jugs(), big=3, small=1) == {"not_four": Outcome.HOLDS}
    assert judged(jugs(), big=4, small=1) == {"not_four": Outcome.VIOLATED}


def test_what_mentions_an_unknown_variable_is_not_judged() -> None:
    small_only = ap("le", read(SMALL), n(3))
    both = ap("or", ap("eq", read(BIG), n(1)), ap("gt", read(SMALL), n(9)))
    found = Judge(two(small_only, both)).invariants({"big": 1})
    assert [(each.outcome, each.missing) for each in found] == [
        (Outcome.NOT_JUDGED, ("small",)),
        (Outcome.NOT_JUDGED, ("small",)),
    ]
    assert found[0].reason == "no value for small"
    assert judged(two(small_only, both), small=4) == {"p0": Outcome.VIOLATED, "p1": Outcome.NOT_JUDGED}


def test_also_where_it_is_mentioned_inside_a_binder() -> None:
    inside = forall(X, ints(1, 2), ap("lt", X, read(BIG)))
    assert judged(two(inside), small=1) == {"p0": Outcome.NOT_JUDGED}
    assert judged(two(inside), big=3) == {"p0": Outcome.HOLDS}


def test_an_error_has_its_reason_and_values() -> None:
    (found,) = Judge(two(ap("eq", ap("floordiv", n(1), read(BIG)), n(0)))).invariants({"big": 0})
    assert (found.outcome, found.reason) == (Outcome.ERROR, "division by zero")
    assert found.error is not None
    assert found.error.values == (("big", {"#bigint": "0"}),)


def test_too_large_and_out_of_time_are_not_judged() -> None:
    huge = ap("gt", ap("list_size", ap("range", n(0), n(10**12))), n(0))
    wide = ap("interval", n(0), n(100_000))
    slow = Bind(BOOL, "forall", (Clause(X, wide), Clause(Y, wide)), ap("ge", ap("add", X, Y), n(0)))
    judge = Judge(two(huge, slow), Limits(timeout_s=0.2))
    for _ in range(2):
        found = judge.invariants({"big": 1})
        assert [each.outcome for each in found] == [Outcome.NOT_JUDGED, Outcome.NOT_JUDGED]
        assert "a range of 1000000000000 elements" in found[0].reason
        assert "time limit of 0.2 s" in found[1].reason


def test_parameters_have_to_have_values() -> None:
    bound = invariant("bound", ap("le", read(counter().variables[0]), Param(INT, "N")))
    with pytest.raises(UsageError, match=r"choose an instance \(small, large\)"):
        Judge(counter(bound, limit=None))
    assert judged(counter(bound).instance("large"), count=9) == {"bound": Outcome.HOLDS}
    assert judged(counter(bound).instance("large"), count=10) == {"bound": Outcome.VIOLATED}


@pytest.mark.parametrize(
    ("values", "words"),
    [({"bigger": 1}, "has no variable bigger; it has big, small"), ({"big": True}, "big should be a value of int")],
)
def test_values_that_are_none_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Judge(jugs()).invariants(values)


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Expr = TRUE
    for _ in range(100_000):
        deep = ap("not", deep)
    with pytest.raises(ModelError, match="nested deeper than can be evaluated"):
        Judge(two(deep))


def test_the_order_is_the_models() -> None:
    assert list(judged(counter(count_below(5), invariant("always", TRUE)), count=1)) == ["below", "always"]
