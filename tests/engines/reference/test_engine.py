"""The engine as the rest of speccheck sees it: what it refuses, and what its report says."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from tests.engines.models import COUNT, ap, count_below, counter, invariant, jugs, lossy, n, read, transition, two_phase
from tests.engines.running import only, run

from speccheck.engines.base import Engine, Limits
from speccheck.engines.reference import ReferenceEngine
from speccheck.errors import ModelError, Span, UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Function, Instance, Model
from speccheck.ir.nodes import Expr, Invoke, Local
from speccheck.ir.types import INT
from speccheck.ir.verify import verify
from speccheck.reports import Bounds, Verdict

NOW = read(COUNT)


def test_it_is_an_engine() -> None:
    engine: Engine = ReferenceEngine()
    assert engine.name == "reference"


class TestRefusals:
    def test_a_free_parameter(self) -> None:
        with pytest.raises(UsageError) as caught:
            run(counter(count_below(3), limit=None))
        assert str(caught.value) == ("the parameter N of handmade has no value: choose an instance (small, large)")

    def test_a_free_parameter_without_instances(self) -> None:
        with pytest.raises(UsageError, match="declare an @instance that gives them values"):
            run(replace(counter(count_below(3), limit=None), instances=()))

    def test_a_parameter_that_no_instance_has(self) -> None:
        model = replace(counter(count_below(3), limit=None), instances=(Instance("small", ()),))
        with pytest.raises(UsageError, match=r"has no value: let instance small give values to N, too"):
            run(model)

    def test_an_unknown_property(self) -> None:
        with pytest.raises(UsageError, match="no property 'beneath' in handmade; it has: below"):
            run(counter(count_below(3)), "beneath")

    def test_a_malformed_model(self) -> None:
        broken = invariant("broken", ap("eq", Local(INT, "x"), n(0)))
        with pytest.raises(ModelError, match="the local 'x' is used where nothing binds it"):
            run(counter(broken))


class TestReports:
    def test_what_a_report_says_of_the_run(self) -> None:
        made = counter(count_below(99)).instance("small")
        report = run(made, max_steps=2, timeout_s=60.0, memory_bytes=1 << 40)
        assert (report.spec, report.instance, report.engine, report.method) == (
            "handmade",
            "small",
            "reference",
            "Explore",
        )
        assert report.model_digest == model_digest(made)
        assert report.bounds == Bounds(max_steps=2, timeout_s=60.0, memory_bytes=1 << 40)
        assert report.doc == "A model made by hand."
        assert report.stats.seconds > 0

    def test_properties_come_in_the_order_asked_for_and_once(self) -> None:
        report = run(jugs(), "four", "not_four", "four")
        assert [p.name for p in report.properties] == ["four", "not_four"]
        assert [p.doc for p in report.properties] == ["", "About not_four."]

    def test_an_instance_has_its_own_values(self) -> None:
        made = counter(count_below(4))
        assert only(run(made.instance("small"))).verdict is Verdict.HOLDS
        assert only(run(made.instance("large"))).verdict is Verdict.VIOLATED

    def test_the_recursion_limit_is_as_before(self) -> None:
        before = sys.getrecursionlimit()
        run(jugs())
        assert sys.getrecursionlimit() == before


class TestEvaluations:
    def spanned(self, body: Expr, spans: dict[Expr, Span], *functions: Function) -> Model:
        """A counter with one property, some of whose expressions were written somewhere."""
        made = counter(invariant("broken", body))
        return replace(made, functions=functions, spans={id(node): span for node, span in spans.items()})

    def test_the_place_is_the_expressions_own(self) -> None:
        divided = ap("floordiv", n(1), NOW)
        made = self.spanned(ap("ge", divided, n(0)), {divided: Span("counter.py", 7, 12)})
        error = only(run(made)).error
        assert error is not None
        assert (error.place, error.expression, error.reason) == ("counter.py:7:12", "1 // s.count", "division by zero")
        assert error.values == (("count", {"#bigint": "0"}),)

    def test_else_the_nearest_around_it(self) -> None:
        divided = ap("floordiv", n(1), NOW)
        compared = ap("ge", divided, n(0))
        made = self.spanned(ap("not", compared), {compared: Span("counter.py", 3, 1)})
        error = only(run(made)).error
        assert error is not None
        assert error.place == "counter.py:3:1"

    def test_also_in_a_function(self) -> None:
        x = Local(INT, "x.1")
        divided = ap("floordiv", n(1), x)
        body = ap("neg", divided)
        spans = {body: Span("library.py", 9, 9)}
        made = self.spanned(ap("ge", Invoke(INT, "f", (NOW,)), n(0)), spans, Function("f", (x,), body))
        error = only(run(made)).error
        assert error is not None
        assert (error.place, error.values) == ("library.py:9:9", (("x", {"#bigint": "0"}),))

    def test_else_the_statement(self) -> None:
        made = counter(count_below(99))
        assume = made.actions[0].block[0]
        broken = ap("eq", ap("floordiv", n(1), NOW), n(0))
        guarded = replace(made.actions[0], block=(replace(assume, condition=broken), made.actions[0].block[1]))  # type: ignore[type-var]
        statement = guarded.block[0]
        made = replace(made, actions=(guarded,), spans={id(statement): Span("counter.py", 2, 5)})
        error = only(run(made)).error
        assert error is not None
        assert error.place == "counter.py:2:5"

    def test_nowhere_where_nothing_was_written(self) -> None:
        error = only(run(self.spanned(ap("eq", ap("mod", n(1), NOW), n(0)), {}))).error
        assert error is not None
        assert error.place == ""

    def test_the_text_of_a_huge_expression_is_cut(self) -> None:
        doubled: Expr = NOW
        for _ in range(100):
            doubled = ap("add", doubled, doubled)
        error = only(run(self.spanned(ap("eq", ap("mod", n(1), doubled), n(0)), {}))).error
        assert error is not None
        assert len(error.expression) < 400
        assert error.values == (("count", {"#bigint": "0"}),)


def test_the_model_of_a_run_may_have_no_variables() -> None:
    report = ReferenceEngine().run(replace(jugs(), variables=(), initial=transition(), step=transition()), (), Limits())
    assert (report.stats.distinct, report.stats.generated) == (1, 2)


@pytest.mark.parametrize("made", [counter(count_below(3)), jugs(), lossy(), two_phase(3)])
def test_the_models_of_these_tests_are_well_formed(made: Model) -> None:
    verify(made)
