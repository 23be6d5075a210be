"""What cannot be exported: an error that names the form, the reason and the author's line."""

from __future__ import annotations

from speccheck.errors import UsageError
from speccheck.ir.models import Model
from speccheck.ir.nodes import Expr, Statement


class NotExported(UsageError):
    """The model has something that the other tool would read differently, or not at all."""


def refusal(model: Model, node: Expr | Statement | None, what: str, where: str) -> NotExported:
    """The error for a node of a definition: `what` is the form and the reason, `where` the definition."""
    span = None if node is None else model.span_of(node)
    place = f"{where} ({span})" if span else where
    return NotExported(f"{model.name} cannot be exported to TLA+: {what}, in {place}")
