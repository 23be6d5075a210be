"""Predicates in plain Python that a step asks: they make values, and leave no statement behind."""

from __future__ import annotations

from tests.lang.rewriting.samples import DECLARATIONS, step
from tests.lang.specs import Author

from speccheck.ir.nodes import Assume

PREDICATES = """
@invariant
def small(s: S):
    if s.t:
        return s.x < 3
    return s.x < 9

@expr
def least(a, b):
    if a < b:
        return a
    return b
"""


def test_an_invariant_and_an_expression_function_asked_in_a_step_are_one_condition(author: Author) -> None:
    model = author.model(DECLARATIONS + PREDICATES + step("c.assume(small(s) and least(s.x, s.y) == 0)"))
    assert [type(statement) for statement in model.step.block] == [Assume]
