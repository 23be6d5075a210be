"""Temporal formulas in a Model: what is well-formed, and the way through JSON and text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from tests.engines.models import ap, n, read
from tests.engines.reference.liveness.kripke import IS_X, Edge, Kripke, X, formulas, made

from speccheck.errors import ModelError
from speccheck.ir.json import model_digest, model_from_json, model_to_json
from speccheck.ir.models import Property
from speccheck.ir.nodes import Clause, Const, Local
from speccheck.ir.temporals import (
    Enabled,
    Fairness,
    Formula,
    Junction,
    LeadsTo,
    Modality,
    Negation,
    Now,
    Occurrence,
    Quantifier,
    formula_expressions,
    occurrences,
)
from speccheck.ir.text import model_text
from speccheck.ir.types import BOOL, INT, SetType
from speccheck.ir.verify import verify

STRUCTURE = Kripke((0,), (Edge(0, 1, "A"), Edge(1, 0, "B")))
K = Local(INT, "k.1")
SET = Const(SetType(INT), frozenset({0, 1}))
STEP = Occurrence("A", (n(0),))


@settings(max_examples=100, deadline=None)
@given(formulas(fair=True))
def test_every_formula_survives_the_way_through_json(formula: Formula) -> None:
    model = made(STRUCTURE, formula)
    verify(model)
    again = model_from_json(model_to_json(model))
    verify(again)
    assert model_to_json(again) == model_to_json(model)
    assert model_digest(again) == model_digest(model)
    assert model_text(again) == model_text(model)


def test_a_quantifier_keeps_its_local() -> None:
    inner = Now(ap("eq", read(X), K))
    model = made(STRUCTURE, Quantifier("forall", (Clause(K, SET),), Modality("eventually", inner)))
    verify(model)
    again = model_from_json(model_to_json(model))
    verify(again)
    assert "Forall(Eventually(s.x == k) for k in {0, 1})" in model_text(again)


def test_one_quantifier_may_stand_twice() -> None:
    each = Quantifier("exists", (Clause(K, SET),), Now(ap("eq", read(X), K)))
    verify(made(STRUCTURE, Junction("and", (each, Modality("always", each)))))


def test_a_long_formula_is_broken_between_its_parts() -> None:
    long = Junction(
        "implies", (Junction("and", tuple([Fairness("weak", STEP, ("x", "y"))] * 4)), Modality("always", IS_X))
    )
    section = model_text(made(STRUCTURE, long)).split("temporal wanted\n")[1].split("\n\n")[0].rstrip()
    line = "          WeakFair(A, 0, vars=(s.x, s.y))"
    inner = ",\n".join([line] * 4)
    assert section == f"  ImpliesT(\n      AndT(\n{inner}\n      ),\n      Always(s.x == 1)\n  )"


def test_what_a_formula_speaks_of() -> None:
    formula = LeadsTo(IS_X, Negation(Junction("or", (Enabled(STEP), Fairness("strong", STEP)))))
    assert [type(e).__name__ for e in formula_expressions(formula)] == ["Apply", "Const", "Const"]
    assert list(occurrences(formula)) == [STEP, STEP]


WRONG: list[tuple[Formula, str]] = [
    (Now(n(1)), "a property should be bool, not int"),
    (Now(ap("eq", read(X), K)), "local k.1 is not bound"),
    (Junction("implies", (IS_X,)), "an implication has two operands, not 1"),
    (Enabled(Occurrence("C", ())), "no step has an action C in its label"),
    (Enabled(Occurrence("A", ())), "action A does not take nothing"),
    (Enabled(Occurrence("A", (Const(BOOL, True),))), "action A does not take bool"),
    (Fairness("weak", STEP, ("z",)), "there is no variable z"),
    (Fairness("weak", STEP, ("x", "x")), "a variable is listed twice"),
    (
        Quantifier("forall", (Clause(K, ap("interval", n(0), read(X))),), IS_X),
        "a temporal quantifier ranges over what changes: x is a variable",
    ),
    (
        Quantifier("forall", (Clause(K, Const(SetType(BOOL), frozenset())),), IS_X),
        "local k.1 is no element of set[bool]",
    ),
    (
        Junction("and", (Quantifier("forall", (Clause(K, SET),), IS_X), Now(ap("eq", read(X), K)))),
        "local k.1 is used outside its scope",
    ),
]


@pytest.mark.parametrize(("formula", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_means_nothing_is_refused(formula: Formula, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        verify(made(STRUCTURE, formula))
    assert str(raised.value).startswith(message)
    assert "temporal wanted" in str(raised.value)


def test_a_formula_nested_too_deeply_is_refused() -> None:
    formula: Formula = IS_X
    for _ in range(200):
        formula = Negation(formula)
    with pytest.raises(ModelError, match="temporal operators are nested deeper than 100"):
        verify(made(STRUCTURE, formula))
    with pytest.raises(ModelError, match="temporal operators are nested deeper than 100"):
        model_to_json(made(STRUCTURE, formula))


def test_a_formula_is_of_a_temporal_property_and_of_no_other() -> None:
    model = made(STRUCTURE, IS_X)
    for wrong in (Property("p", "invariant", IS_X), Property("p", "temporal", IS_X.predicate)):
        with pytest.raises(ModelError, match="a formula about behaviours belongs to a temporal property"):
            verify(replace(model, properties=(wrong,)))


DOCUMENTS: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (lambda body: body.update(kind="until"), "not a model: Invalid value 'until'"),
    (lambda body: body.update(op="never"), "not a model: Invalid enum value 'never'"),
    (lambda body: body["operand"].update(predicate=999), "properties[0]: there is no expressions[999] before it"),
    (lambda body: body.update(operand=3), "not a model: Expected"),
    (lambda body: body.update(until=1), "not a model: Object contains unknown field `until`"),
]


@pytest.mark.parametrize(("change", "message"), DOCUMENTS, ids=[message for _, message in DOCUMENTS])
def test_a_document_that_is_no_formula_is_refused(change: Callable[[dict[str, Any]], None], message: str) -> None:
    document = json.loads(model_to_json(made(STRUCTURE, Modality("always", IS_X))))
    change(document["properties"][0]["body"])
    with pytest.raises(ModelError) as raised:
        model_from_json(json.dumps(document).encode())
    assert str(raised.value).startswith(message)
