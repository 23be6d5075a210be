"""What expressions of the state are worth in some states.

Takes a Model whose parameters have values, expressions of its state, and states; gives values in the Informal Trace
Format, or why there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.walks import State
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.itf import encode
from speccheck.ir.models import Model
from speccheck.ir.nodes import Expr
from speccheck.ir.ops import TooLarge
from speccheck.reports import Itf

Told: TypeAlias = tuple[tuple[Itf | None, ...], tuple[str, ...]]
"""A value for each state, None where there is none; and why there is none, else an empty text."""


def valuations(model: Model, expressions: Sequence[Expr], states: Sequence[State]) -> list[Told]:
    """What each expression is worth in each state.

    Raises UsageError for a free parameter, ModelError for a malformed model.
    """
    with deep_recursion():
        program = Program(model)
        return [_told(program, each, states) for each in expressions]


def _told(program: Program, expression: Expr, states: Sequence[State]) -> Told:
    valuation = program.valuation(expression)
    values: list[Itf | None] = []
    why: list[str] = []
    for state in states:
        try:
            values.append(encode(valuation(state), expression.type))
            why.append("")
        except (EvaluationFailed, TooLarge) as error:
            values.append(None)
            why.append(str(error))
    return tuple(values), tuple(why)
