"""A SpecError as a refusal: the form in which it leaves a pod, and in which a condition tells it."""

from __future__ import annotations

from speccheck.errors import SpecError
from speccheck.resource.documents import Refusal


def refusal_of(error: SpecError) -> Refusal:
    """The refusal that says what a SpecError says."""
    span = error.span
    return Refusal(
        reason="SpecInvalid",
        message=error.message,
        code=error.code,
        hint=error.hint,
        file="" if span is None else span.path,
        line=0 if span is None else span.line,
        column=0 if span is None else span.column,
    )
