"""How an evaluation can end without a value, inside the reference engine.

`EvaluationFailed` is the language's own error, `ir.ops.TooLarge` a value that would not fit, and
`LimitReached` the run's time or memory. None of them leaves the engine: each becomes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from speccheck.errors import ModelError, Span
from speccheck.ir.itf import encode
from speccheck.ir.models import Model
from speccheck.ir.nodes import Expr, children, expressions
from speccheck.ir.text import expression_text
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.ir.walks import in_order
from speccheck.reports import Evaluation


@dataclass(frozen=True, slots=True)
class Seen:
    """A variable, parameter or local in a failing expression, and its value there."""

    name: str
    type: Type
    value: Value


class EvaluationFailed(Exception):
    """An expression has no value: the innermost node that has none, why, and the values in it."""

    def __init__(self, node: Expr, reason: str, values: tuple[Seen, ...] = ()) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason
        self.values = values


class LimitReached(Exception):
    """The run has used up its time or memory; `reason` is one of `reports.REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def evaluation(model: Model, failure: EvaluationFailed) -> Evaluation:
    """The failure as a report tells it. The place is the nearest one that the author wrote."""
    span = _span(model, failure.node)
    return Evaluation(
        reason=failure.reason,
        expression=expression_text(failure.node),
        place="" if span is None else str(span),
        values=tuple((seen.name, encode(seen.value, seen.type)) for seen in failure.values),
    )


def _span(model: Model, node: Expr) -> Span | None:
    """Where the node was written, else the nearest thing around it that the author wrote."""
    found = model.span_of(node)
    if found is not None:
        return found
    for chain in _chains(model, node):
        spans = (model.span_of(each) for each in chain)
        found = next((span for span in spans if span is not None), None)
        if found is not None:
            return found
    return None


def _chains(model: Model, node: Expr) -> Iterator[list[object]]:
    """What lies around the node, innermost first, for each definition that holds it."""
    for body in [*model.judged(), *(f.body for f in model.functions)]:
        above = _parents([body])
        if id(node) in above:
            yield _chain(node, above)
    for block in (model.initial.block, model.step.block, *(a.block for a in model.actions)):
        for statement in in_order(block):
            above = _parents(expressions(statement))
            if id(node) in above:
                yield [*_chain(node, above), statement]


def _parents(roots: Iterable[Expr]) -> dict[int, Expr | None]:
    above: dict[int, Expr | None] = {}
    waiting: list[tuple[Expr, Expr | None]] = [(root, None) for root in roots]
    while waiting:
        node, parent = waiting.pop()
        if id(node) not in above:
            above[id(node)] = parent
            waiting.extend((child, node) for child in children(node))
    return above


def _chain(node: Expr, above: dict[int, Expr | None]) -> list[object]:
    chain: list[object] = []
    parent = above[id(node)]
    while parent is not None:
        chain.append(parent)
        parent = above[id(parent)]
    return chain


def twice_bound(name: str) -> ModelError:
    """The error for a model that this engine cannot run: one name bound by two binders of a definition."""
    return ModelError(f"the local {name!r} is bound twice in one definition; names of locals are unique in one")
