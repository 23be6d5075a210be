"""Quantifiers, comprehensions, choose and folds: strictness, order, limits."""

from __future__ import annotations

import pytest
from tests.engines.models import COUNT, FALSE, TRUE, ap, exists, forall, ints, invariant, model, n, transition
from tests.engines.running import value

from speccheck.engines.base import Limits
from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.programs import Program
from speccheck.evaluation.failures import EvaluationFailed, LimitReached
from speccheck.ir.nodes import Bind, Clause, Const, Expr, Fold, Local
from speccheck.ir.ops import MAX_ELEMENTS, TooLarge
from speccheck.ir.types import BOOL, INT, STR, ListType, MapType, SetType, TupleType
from speccheck.ir.values import FrozenMap

X, Y = Local(INT, "x"), Local(INT, "y")
SET, LIST, MAP = SetType(INT), ListType(INT), MapType(INT, INT)


def bind(op: str, domain: Expr, body: Expr, *, type_: object = BOOL) -> Bind:
    """A binder of x over one domain."""
    return Bind(type_, op, (Clause(X, domain),), body)  # type: ignore[arg-type]


def inverse(local: Local) -> Expr:
    """One through the local: undefined for 0."""
    return ap("floordiv", n(1), local)


def seen(expr: Expr) -> dict[str, object]:
    """The values told with an expression's error."""
    with pytest.raises(EvaluationFailed) as caught:
        value(expr)
    return {each.name: each.value for each in caught.value.values}


class TestStrictness:
    @pytest.mark.parametrize(
        ("op", "decided"),
        [("forall", ap("eq", X, n(7))), ("exists", ap("ne", X, n(7)))],
    )
    def test_a_quantifier_that_is_decided_still_evaluates_every_element(self, op: str, decided: Expr) -> None:
        assert value(bind(op, ints(-1, 1, 2), decided)) is (op == "exists")
        broken = ap("and", ap("or", ap("ne", X, n(2)), ap("eq", inverse(ap("sub", X, X)), n(0))), decided)
        assert seen(bind(op, ints(-1, 1, 2), broken)) == {"x": 2}

    @pytest.mark.parametrize(
        ("op", "type_", "body"),
        [
            ("image", SET, inverse(X)),
            ("filter", SET, ap("eq", inverse(X), n(1))),
            ("mapping", MAP, inverse(X)),
            ("choose", INT, ap("eq", inverse(X), n(-1))),
        ],
    )
    def test_comprehensions_and_choose_too(self, op: str, type_: object, body: Expr) -> None:
        assert seen(bind(op, ints(-1, 0, 1), body, type_=type_)) == {"x": 0}

    def test_the_first_error_in_canonical_order_is_told(self) -> None:
        domain = ints(*range(40, 80), *range(10))
        broken = ap("floordiv", n(1), ap("ite", ap("ge", X, n(5)), n(0), n(1)))
        for op in ("forall", "exists"):
            assert seen(bind(op, domain, ap("eq", broken, n(1)))) == {"x": 5}

    def test_lists_are_visited_in_their_own_order(self) -> None:
        domain = Const(LIST, (3, 0, 9, 0))
        broken = ap("floordiv", n(1), ap("ite", ap("eq", X, n(3)), n(1), n(0)))
        assert seen(bind("list_map", domain, broken, type_=LIST)) == {"x": 0}

    def test_a_domain_is_evaluated_once_for_each_earlier_element(self) -> None:
        clauses = (Clause(X, ints(0, 1)), Clause(Y, ap("interval", n(0), ap("floordiv", n(2), X))))
        assert seen(Bind(BOOL, "forall", clauses, TRUE)) == {"x": 0}
        assert value(Bind(BOOL, "forall", (Clause(Y, ints()), clauses[0], Clause(Local(INT, "z"), X_BROKEN)), TRUE))


X_BROKEN = ap("interval", n(0), ap("floordiv", n(2), n(0)))


class TestQuantifiers:
    def test_over_nothing(self) -> None:
        assert value(forall(X, ints(), FALSE)) is True
        assert value(exists(X, ints(), TRUE)) is False

    def test_over_several_clauses(self) -> None:
        def both(op: str, body: Expr) -> Bind:
            return Bind(BOOL, op, (Clause(X, ints(1, 2)), Clause(Y, ap("interval", X, n(3)))), body)

        assert value(both("forall", ap("le", X, Y))) is True
        assert value(both("forall", ap("lt", X, Y))) is False
        assert value(both("exists", ap("eq", ap("add", X, Y), n(5)))) is True
        assert value(both("exists", ap("gt", X, Y))) is False


class TestComprehensions:
    def test_choose_takes_the_least(self) -> None:
        assert value(bind("choose", ints(9, 4, 7), ap("gt", X, n(4)), type_=INT)) == 7
        names = Const(SetType(STR), frozenset({"b", "a", "c"}))
        local = Local(STR, "name")
        assert value(Bind(STR, "choose", (Clause(local, names),), TRUE)) == "a"

    def test_choosing_from_nothing_is_undefined(self) -> None:
        with pytest.raises(EvaluationFailed, match="choose: no element satisfies the condition"):
            value(bind("choose", ints(1), FALSE, type_=INT))

    def test_list_comprehensions_keep_duplicates_and_order(self) -> None:
        domain = Const(LIST, (3, 1, 3))
        assert value(bind("list_map", domain, ap("add", X, X), type_=LIST)) == (6, 2, 6)
        assert value(bind("list_filter", domain, ap("gt", X, n(1)), type_=LIST)) == (3, 3)
        assert value(bind("image", domain, X, type_=SET)) == {1, 3}

    def test_a_mapping_is_keyed_by_its_elements(self) -> None:
        assert value(bind("mapping", ints(1, 2), ap("mul", X, X), type_=MAP)) == FrozenMap({1: 1, 2: 4})

    def test_a_product_that_grows_too_large_is_not_finished(self) -> None:
        wide = ap("interval", n(0), n(2000))
        pairs = Bind(SetType(TupleType((INT, INT))), "filter", (Clause(X, wide), Clause(Y, wide)), TRUE)
        with pytest.raises(TooLarge, match=f"more than {MAX_ELEMENTS} elements"):
            value(pairs)


class TestFolds:
    total, key, item = Local(INT, "total"), Local(INT, "key"), Local(INT, "item")

    def digits(self, collection: Expr) -> int:
        """The elements as digits, in the order in which they are folded."""
        body = ap("add", ap("mul", self.total, n(10)), self.item)
        found = value(Fold(INT, collection, n(0), self.total, (self.item,), body))
        assert isinstance(found, int)
        return found

    def test_sets_are_folded_in_canonical_order_and_lists_in_their_own(self) -> None:
        assert self.digits(ints(3, 1, 2)) == 123
        assert self.digits(Const(LIST, (3, 1, 3))) == 313
        assert self.digits(ints()) == 0

    def test_maps_are_folded_by_key(self) -> None:
        pairs = Const(MAP, FrozenMap({3: 9, 1: 7}))
        step = ap("add", ap("mul", self.total, n(100)), ap("add", ap("mul", self.key, n(10)), self.item))
        assert value(Fold(INT, pairs, n(0), self.total, (self.key, self.item), step)) == 1739

    def test_every_step_counts(self) -> None:
        body = ap("ite", ap("eq", self.item, n(2)), n(0), ap("floordiv", n(6), self.item))
        expr = Fold(INT, ints(0, 2), n(5), self.total, (self.item,), body)
        with pytest.raises(EvaluationFailed, match="division by zero"):
            value(expr)


class TestLimits:
    def long(self) -> Expr:
        """A quantifier that would take hours."""
        wide = ap("interval", n(0), n(100_000))
        return Bind(BOOL, "forall", (Clause(X, wide), Clause(Y, wide)), ap("le", ap("mul", X, Y), n(10**11)))

    def test_a_deadline_holds_inside_an_evaluation(self) -> None:
        made = model([COUNT], {"count": 0}, transition(), [invariant("long", self.long())])
        holds = Program(made, Budget(Limits(timeout_s=0.2))).predicate(made.properties[0])
        with pytest.raises(LimitReached) as caught:
            holds((0,))
        assert caught.value.reason == "Timeout"

    def test_also_in_one_long_loop_with_a_long_body(self) -> None:
        heavy: Expr = X
        for _ in range(200):
            heavy = ap("add", heavy, n(1))
        sums = Bind(SET, "image", (Clause(X, ap("interval", n(0), n(1_000_000))),), heavy)
        total, item = Local(INT, "total"), Local(INT, "item")
        fold = Fold(INT, sums, n(0), total, (item,), ap("add", total, item))
        made = model([COUNT], {"count": 0}, transition(), [invariant("long", ap("eq", fold, n(0)))])
        holds = Program(made, Budget(Limits(timeout_s=0.2))).predicate(made.properties[0])
        with pytest.raises(LimitReached):
            holds((0,))
