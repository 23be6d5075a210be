"""Temporal properties as authors write them: what each form is captured as, and what each mistake is told."""

from __future__ import annotations

import pytest
from tests.lang.specs import COUNTER, Author

from speccheck.ir.json import model_from_json, model_to_json
from speccheck.ir.models import Model
from speccheck.ir.text import model_text
from speccheck.ir.verify import verify
from speccheck.loading import load

STEPS = """
@action(inline=False)
def up(c: Context[S], by: Annotated[Expr, int]):
    c.assume(c.state.x + by <= c.state.N)
    c.state.x += by

@action(inline=False)
def part(c: Context[S]):
    c.assume(c.state.x > 0)

@action(inline=False)
def reset(c: Context[S]):
    part(c)
    c.state.x = 0

@action
def step(c: Context[S]):
    one, other = c.alternatives("up", "reset")
    with one, c.one_of(Interval(1, 2), "by") as by:
        up(c, by)
    with other:
        reset(c)

@action
def unnamed(c: Context[S]):
    c.state.x = 1

@action(inline=False)
def never(c: Context[S]):
    c.state.x = 1
"""


def captured(author: Author, body: str) -> Model:
    model = load(author.write(f"{COUNTER}{STEPS}\n@temporal\ndef p(s: S):\n    return {body}\n")).model
    verify(model)
    assert model_text(model_from_json(model_to_json(model))) == model_text(model)
    return model


def text(author: Author, body: str) -> str:
    """The property's formula as the Model's text has it, on one line."""
    section = next(part for part in model_text(captured(author, body)).split("\n\n") if part.startswith("temporal p"))
    return " ".join(section.split("\n", 1)[1].split())


FORMS = [
    ("Always(s.x <= s.N)", "Always(s.x <= N)"),
    ("Always(Eventually(s.x == 0))", "Always(Eventually(s.x == 0))"),
    ("LeadsTo(s.x > 0, s.x == 0)", "LeadsTo(s.x > 0, s.x == 0)"),
    ("LeadsTo(Always(s.x > 0), Eventually(s.x == 0))", "LeadsTo(Always(s.x > 0), Eventually(s.x == 0))"),
    ("AndT(s.x == 0, Always(s.x >= 0))", "AndT(s.x == 0, Always(s.x >= 0))"),
    ("(s.x == 0) & Always(s.x >= 0)", "AndT(s.x == 0, Always(s.x >= 0))"),
    ("Always(s.x >= 0) & (s.x == 0)", "AndT(Always(s.x >= 0), s.x == 0)"),
    ("(s.x == 0) | Always(s.x >= 0)", "OrT(s.x == 0, Always(s.x >= 0))"),
    ("(s.x == 0).implies(Eventually(s.x > 0))", "ImpliesT(s.x == 0, Eventually(s.x > 0))"),
    ("Always(s.x > 0).implies(s.x > 1)", "ImpliesT(Always(s.x > 0), s.x > 1)"),
    ("~Always(s.x == 0)", "NotT(Always(s.x == 0))"),
    ("NotT(s.x == 1)", "not s.x == 1"),
    ("AndT(s.x == 0, s.x < s.N)", "s.x == 0 and s.x < N"),
    ("s.x == 0 and Always(s.x >= 0)", "AndT(s.x == 0, Always(s.x >= 0))"),
    ("Always(s.x >= 0) or s.x == 0", "OrT(Always(s.x >= 0), s.x == 0)"),
    ("not Always(s.x == 0)", "NotT(Always(s.x == 0))"),
    ("all(Eventually(s.x == k) for k in Interval(0, s.N))", "Forall(Eventually(s.x == k) for k in Interval(0, N))"),
    ("any(Always(s.x < k) for k in (1, 2))", "OrT(Always(s.x < 1), Always(s.x < 2))"),
    ("Forall(Eventually(s.x == k) for k in Interval(0, s.N))", "Forall(Eventually(s.x == k) for k in Interval(0, N))"),
    ("Exists(Always(s.x < k) for k in (1, 2))", "OrT(Always(s.x < 1), Always(s.x < 2))"),
    (
        "Forall(Always(s.x != k) for k in Interval(0, s.N) if k > 1)",
        "Forall(Always(s.x != k) for k in {k.2 for k.2 in Interval(0, N) if k.2 > 1})",
    ),
    ("Always(Enabled(up, 1))", "Always(Enabled(up, 1))"),
    ('Always(Enabled("up", 1))', "Always(Enabled(up, 1))"),
    ("Always(Enabled(up, by=s.x))", "Always(Enabled(up, s.x))"),
    ("WeakFair(reset)", "WeakFair(reset)"),
    ("StrongFair(up, 1, vars=(s.x,))", "StrongFair(up, 1, vars=(s.x,))"),
    ('WeakFair(reset, vars="x")', "WeakFair(reset, vars=(s.x,))"),
    ("Forall(WeakFair(up, k) for k in Set(1, 2))", "Forall(WeakFair(up, k) for k in {1, 2})"),
]


@pytest.mark.parametrize(("body", "wanted"), FORMS, ids=[body for body, _ in FORMS])
def test_each_form_is_captured(author: Author, body: str, wanted: str) -> None:
    assert text(author, body) == wanted


MISTAKES = [
    ("And(Always(s.x >= 0), s.x == 0)", "temporal-as-value", "AndT"),
    ("Implies(s.x == 0, Eventually(s.x > 0))", "temporal-as-value", "ImpliesT"),
    ("Not(Always(s.x == 0))", "temporal-as-value", "NotT"),
    ("Ite(s.x == 0, Always(s.x == 0), Always(s.x == 1))", "temporal-as-value", "AndT"),
    ("Always(s.x == 0) == Always(s.x == 1)", "temporal-as-value", "AndT"),
    ("Always(s.x == 0) if Always(s.x == 1) else Always(s.x == 2)", "bool-of-temporal", "AndT(a, b)"),
    ("Forall(Eventually(s.x == k) for k in Interval(0, s.x))", "temporal-domain", "fixed in a run"),
    ("Interval(0, 1).forall(lambda k: Always(s.x != k))", "temporal-as-value", "Forall"),
    ("Always(s.x)", "type-mismatch", ""),
    ("WeakFair(unnamed)", "fair-inline-action", "inline=False"),
    ("WeakFair(init)", "fair-inline-action", "inline=False"),
    ("WeakFair(never)", "action-never-in-step", "up, reset"),
    ("WeakFair(part)", "action-never-in-step", "up, reset"),
    ('WeakFair("nothing")', "action-never-in-step", "up, reset"),
    ("WeakFair(s.x)", "fair-action", "name an action"),
    ("WeakFair(up)", "arguments", ""),
    ('WeakFair("up")', "arguments", "Exists"),
    ("WeakFair(up, 1, 2)", "arguments", ""),
    ("WeakFair(up, True)", "type-mismatch", ""),
    ("WeakFair(reset, vars=())", "fair-vars", "leave vars out"),
    ("WeakFair(reset, vars=('y',))", "fair-vars", "there are x"),
    ("WeakFair(reset, vars=(s.N,))", "fair-vars", "there are x"),
    ("WeakFair(reset, vars=(s.x + 1,))", "fair-vars", "there are x"),
    ("s.x == 0", "temporal-without-operator", "Always(p)"),
    ("True", "temporal-without-operator", "Always(p)"),
    ("None", "no-result", "Always(p)"),
    ("Always(None)", "not-a-value", ""),
]


@pytest.mark.parametrize(("body", "code", "hint"), MISTAKES, ids=[body for body, _, _ in MISTAKES])
def test_each_mistake_is_told_with_the_way_out(author: Author, body: str, code: str, hint: str) -> None:
    error = author.error(f"{COUNTER}{STEPS}\n@temporal\ndef p(s: S):\n    return {body}\n")
    assert error.code == code
    assert hint in error.hint
    assert error.span is not None


@pytest.mark.parametrize("kind", ["invariant", "example"])
def test_a_temporal_formula_in_a_property_of_states(author: Author, kind: str) -> None:
    error = author.error(f"{COUNTER}{STEPS}\n@{kind}\ndef p(s: S):\n    return Always(s.x >= 0)\n")
    assert (error.code, error.hint) == ("temporal-in-state-property", "decorate it with @temporal")


def test_a_formula_of_too_many_parts(author: Author) -> None:
    doubling = "    f = Always(s.x >= 0)\n    for _ in range(40):\n        f = f & f\n    return f\n"
    error = author.error(f"{COUNTER}{STEPS}\n@temporal\ndef p(s: S):\n{doubling}")
    assert error.code == "formula-too-large"


HELPER = """
@expr{options}
def recurs(k: Annotated[Expr, int], s: S):
    return Always(Eventually(s.x == k))

@temporal
def p(s: S):
    return recurs(s.x + 1, s)
"""


def test_a_helper_with_a_computed_argument(author: Author) -> None:
    error = author.error(COUNTER + STEPS + HELPER.format(options=""))
    assert error.code == "temporal-argument"
    model = load(author.write(COUNTER + STEPS + HELPER.format(options="(cache_args=False)"))).model
    assert "Always(Eventually(s.x == s.x + 1))" in model_text(model)


def test_a_plain_helper(author: Author) -> None:
    body = "def often(p):\n    return Always(Eventually(p))\n\n@temporal\ndef p(s: S):\n    return often(s.x == 0)\n"
    assert "Always(Eventually(s.x == 0))" in model_text(load(author.write(COUNTER + STEPS + body)).model)
