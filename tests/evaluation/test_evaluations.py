"""What expressions mean: laziness, strictness, sharing, depth."""

from __future__ import annotations

import time

import pytest
from tests.engines.models import FALSE, TRUE, ap, forall, ints, n
from tests.engines.running import value

from speccheck.errors import ModelError
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.models import Function
from speccheck.ir.nodes import Apply, Arm, Bind, Clause, Const, Expr, Fold, Invoke, Let, Local, Match, Read
from speccheck.ir.ops import TooLarge
from speccheck.ir.types import BOOL, INT, UNIT, ListType, MapType, SetType, UnionType
from speccheck.ir.values import FrozenMap

X, Y = Local(INT, "x"), Local(INT, "y")
A = Read(INT, "a", 0)
BROKEN = ap("floordiv", n(1), n(0))
BROKEN_BOOL = ap("eq", BROKEN, n(1))
SHAPE = UnionType("Shape", (("Dot", UNIT), ("Size", INT)))


def fails(expr: Expr, **variables: int) -> EvaluationFailed:
    """The error that an expression ends in."""
    with pytest.raises(EvaluationFailed) as caught:
        value(expr, **variables)
    return caught.value


class TestLaziness:
    @pytest.mark.parametrize(
        ("expr", "expected"),
        [
            (ap("and", FALSE, BROKEN_BOOL), False),
            (ap("and", TRUE, FALSE, BROKEN_BOOL), False),
            (ap("or", TRUE, BROKEN_BOOL), True),
            (ap("implies", FALSE, BROKEN_BOOL), True),
            (ap("ite", TRUE, n(1), BROKEN), 1),
            (ap("ite", FALSE, BROKEN, n(2)), 2),
        ],
    )
    def test_what_is_not_needed_is_not_evaluated(self, expr: Expr, expected: object) -> None:
        assert value(expr) == expected

    @pytest.mark.parametrize(
        "expr",
        [
            ap("and", BROKEN_BOOL, FALSE),
            ap("and", TRUE, BROKEN_BOOL),
            ap("or", BROKEN_BOOL, TRUE),
            ap("implies", BROKEN_BOOL, TRUE),
            ap("implies", TRUE, BROKEN_BOOL),
            ap("ite", BROKEN_BOOL, n(1), n(1)),
        ],
    )
    def test_from_left_to_right(self, expr: Expr) -> None:
        assert fails(expr).reason == "division by zero"

    def test_and_guards_a_missing_key(self) -> None:
        m = Const(MapType(INT, INT), FrozenMap({1: 7}))
        guarded = ap("and", ap("set_contains", ap("map_keys", m), A), ap("gt", ap("map_get", m, A), n(0)))
        assert value(guarded, a=1) is True
        assert value(guarded, a=2) is False

    def test_a_let_is_evaluated_only_if_used(self) -> None:
        assert value(Let(INT, X, BROKEN, n(3))) == 3
        assert value(Let(INT, X, BROKEN, ap("ite", TRUE, n(4), X))) == 4
        assert fails(Let(INT, X, BROKEN, X)).node is BROKEN

    def test_arguments_of_functions_are_evaluated_only_if_used(self) -> None:
        first = Function("first", (X, Y), X)
        assert value(Invoke(INT, "first", (n(1), BROKEN)), functions=[first]) == 1
        with pytest.raises(EvaluationFailed):
            value(Invoke(INT, "first", (BROKEN, n(1))), functions=[first])

    def test_arguments_are_handed_on_unevaluated(self) -> None:
        ignore = Function("ignore", (X,), n(5))
        through = Function("through", (Y,), Invoke(INT, "ignore", (Y,)))
        assert value(Invoke(INT, "through", (BROKEN,)), functions=[ignore, through]) == 5

    def test_match_evaluates_the_arm_it_takes(self) -> None:
        def match(tag: str, payload: Expr) -> Expr:
            subject = ap("union_make", payload, attribute=tag, declared=SHAPE)
            return Match(INT, subject, (Arm("Size", X, ap("add", X, n(1))),), BROKEN)

        assert value(match("Size", n(4))) == 5
        assert fails(match("Dot", Const(UNIT, ()))).node is BROKEN


class TestStrictness:
    def test_operations_evaluate_every_operand(self) -> None:
        assert fails(ap("mul", n(0), BROKEN)).node is BROKEN
        assert fails(ap("set_contains", ints(), BROKEN)).node is BROKEN

    def test_the_error_of_the_leftmost_operand_is_told(self) -> None:
        other = ap("mod", n(1), n(0))
        assert fails(ap("add", BROKEN, other)).node is BROKEN
        assert fails(ap("add", other, BROKEN)).node is other

    def test_the_innermost_failing_expression_is_told(self) -> None:
        inner = ap("map_get", Const(MapType(INT, INT), FrozenMap()), A)
        failure = fails(ap("neg", ap("add", n(1), inner)), a=9)
        assert failure.node is inner
        assert [(seen.name, seen.value) for seen in failure.values] == [("a", 9)]

    def test_errors_are_met_again_wherever_the_expression_is_used(self) -> None:
        shared = ap("floordiv", n(1), A)
        guarded = ap("or", ap("eq", A, n(0)), ap("eq", shared, shared))
        assert value(guarded, a=0) is True
        assert value(guarded, a=3) is True
        assert fails(ap("and", guarded, ap("eq", shared, n(1))), a=0).node is shared


class TestValuesOfAFailure:
    def test_variables_and_locals_by_name(self) -> None:
        divided = ap("floordiv", A, ap("sub", X, n(2)))
        failure = fails(forall(X, ints(1, 2, 3), ap("gt", divided, n(0))), a=8)
        assert {seen.name: seen.value for seen in failure.values} == {"a": 8, "x": 2}

    def test_a_let_shows_its_value(self) -> None:
        failure = fails(Let(INT, X, ap("mul", A, n(0)), ap("floordiv", n(1), X)), a=8)
        assert {seen.name: seen.value for seen in failure.values} == {"x": 0}

    def test_a_name_of_two_things_is_told_apart(self) -> None:
        failure = fails(forall(Local(INT, "a"), ints(0), ap("eq", ap("floordiv", A, Local(INT, "a")), n(1))), a=5)
        assert {seen.name: seen.value for seen in failure.values} == {"a": 5, "a (local)": 0}


class TestSharing:
    """Values are taken before they are compared: written out in an assertion, a graph would be a huge tree."""

    def test_a_graph_is_evaluated_in_linear_time(self) -> None:
        doubled: Expr = A
        for _ in range(300):
            doubled = ap("add", doubled, doubled)
        started = time.monotonic()
        found = value(doubled, a=1)
        assert found == 2**300
        assert time.monotonic() - started < 20

    @pytest.mark.parametrize("of", [X, ap("mul", X, A)])
    def test_also_where_it_depends_on_a_binders_local(self, of: Expr) -> None:
        doubled = of
        for _ in range(60):
            doubled = ap("add", doubled, doubled)
        image = Bind(SetType(INT), "image", (Clause(X, ints(1, 2, 3)),), doubled)
        found = value(image, a=1)
        assert found == {2**60, 2 * 2**60, 3 * 2**60}

    def test_also_through_lets_and_binders(self) -> None:
        expr: Expr = X
        for number in range(40):
            name, each = Local(INT, f"let{number}"), Local(INT, f"each{number}")
            some = Bind(SetType(INT), "image", (Clause(each, ap("set_make", name, name)),), ap("add", each, name))
            picked = Bind(INT, "choose", (Clause(Local(INT, f"pick{number}"), some),), TRUE)
            expr = Let(INT, name, expr, picked)
        image = Bind(SetType(INT), "image", (Clause(X, ints(1, 5)),), expr)
        found = value(image)
        assert found == {2**40, 5 * 2**40}

    def test_conditionals_in_a_row(self) -> None:
        expr: Expr = A
        for bound in range(40):
            expr = ap("ite", ap("gt", expr, n(bound)), ap("sub", expr, n(1)), ap("add", expr, n(1)))
        found = value(expr, a=7)
        assert isinstance(found, int)

    def test_what_is_remembered_of_one_element_is_forgotten_for_the_next(self) -> None:
        square = ap("mul", X, X)
        twice = ap("add", square, square)
        inner = Bind(SetType(INT), "image", (Clause(Y, ints(0, 100)),), ap("add", ap("add", twice, square), Y))
        outer = Bind(SetType(SetType(INT)), "image", (Clause(X, ints(1, 2)),), ap("set_union", inner, inner))
        found = value(outer)
        assert found == {frozenset({3, 103}), frozenset({12, 112})}

    def test_a_fold_forgets_too(self) -> None:
        total, each = Local(INT, "total"), Local(INT, "each")
        next_ = ap("add", total, each)
        body = ap("add", next_, next_)
        fold = Fold(INT, Const(ListType(INT), (1, 2, 3)), A, total, (each,), body)
        found = value(fold, a=0)
        assert found == ((0 + 1) * 2 + 2) * 2 * 2 + 3 * 2

    def test_a_shared_argument_is_evaluated_once(self) -> None:
        expr: Expr = A
        functions = [Function("twice", (X,), ap("add", X, X))]
        for _ in range(60):
            expr = Invoke(INT, "twice", (expr,))
        found = value(expr, functions=functions, a=1)
        assert found == 2**60

    def test_an_arm_sees_its_own_payload(self) -> None:
        payload = Local(INT, "payload")
        again = ap("add", payload, payload)
        body = ap("mul", again, again)

        def match(subject: Expr, local: Local, inner: Expr) -> Expr:
            return Match(INT, subject, (Arm("Size", local, inner), Arm("Dot", Local(UNIT, "none"), n(0))), None)

        subject = ap("union_make", X, attribute="Size", declared=SHAPE)
        image = Bind(SetType(INT), "image", (Clause(X, ints(1, 2, 3)),), match(subject, payload, body))
        found = value(image)
        assert found == {4, 16, 36}


class TestDepth:
    @pytest.mark.parametrize("depth", [900, 3_000])
    def test_deep_nesting_works(self, depth: int) -> None:
        expr: Expr = A
        for _ in range(depth):
            expr = ap("add", n(1), expr)
        found = value(expr, a=0)
        assert found == depth

    def test_deeply_nested_lets_and_binders_work(self) -> None:
        expr: Expr = n(0)
        for number in range(300):
            each = Local(INT, f"each{number}")
            one = Bind(INT, "choose", (Clause(each, ap("set_make", expr, expr)),), TRUE)
            name = Local(INT, f"let{number}")
            expr = Let(INT, name, one, ap("add", name, n(1)))
        found = value(expr)
        assert found == 300

    def test_what_is_too_deep_is_too_large_not_a_crash(self) -> None:
        expr: Expr = A
        for _ in range(200_000):
            expr = ap("add", n(1), expr)
        with pytest.raises(TooLarge, match="nested deeper than can be evaluated"):
            value(expr, a=0)


class TestMalformedModels:
    def test_a_name_bound_twice_is_refused(self) -> None:
        inner = forall(X, ints(1), ap("gt", X, n(0)))
        with pytest.raises(ModelError, match="'x' is bound twice"):
            value(forall(X, ints(1), inner))

    def test_a_name_that_nothing_binds_is_refused(self) -> None:
        with pytest.raises(ModelError, match="'x' is used where nothing binds it"):
            value(X)

    @pytest.mark.parametrize("op", ["no_such", "forall"])
    def test_an_unknown_operation_is_refused(self, op: str) -> None:
        with pytest.raises(ModelError, match="is not an operation"):
            value(Apply(INT, op, (n(1),)))

    def test_an_unknown_binder_is_refused(self) -> None:
        with pytest.raises(ModelError, match="'sum' is not a binder"):
            value(Bind(INT, "sum", (Clause(X, ints(1)),), X))

    def test_functions_that_are_missing_or_call_themselves_are_refused(self) -> None:
        with pytest.raises(ModelError, match="'f' is called that the model does not have"):
            value(Invoke(BOOL, "f", ()))
        with pytest.raises(ModelError, match="the function f calls itself"):
            value(Invoke(INT, "f", (n(1),)), functions=[Function("f", (X,), Invoke(INT, "f", (X,)))])
