"""The exception tree of speccheck, and the place in a file that an error points at.

Everything speccheck raises on purpose is a `SpeccheckError`. A verdict is never an exception: an
exception means that there is no answer, and its class says whose turn it is to act.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in an author's file: relative path, line (from 1), column (from 1, in characters)."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


def excerpt(span: Span, source_line: str = "") -> list[str]:
    """The lines that show a place: where it is, the author's line where it is known, and a caret under the column."""
    gutter = " " * len(str(span.line))
    if not source_line:
        return [f"  --> {span}"]
    caret = "".join("\t" if c == "\t" else " " for c in source_line[: span.column - 1]) + "^"
    return [f"{gutter} --> {span}", f"{gutter} |", f"{span.line} | {source_line}", f"{gutter} | {caret}"]


class SpeccheckError(Exception):
    """Base of every error speccheck raises on purpose."""


class SpecError(SpeccheckError):
    """The specification is wrong; its author can put it right.

    `code` is stable (kebab-case, never renamed), `message` says what is wrong, `hint` shows the
    spelling that works, `span` and `source_line` say where.
    """

    def __init__(
        self, code: str, message: str, *, hint: str = "", span: Span | None = None, source_line: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.span = span
        self.source_line = source_line

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.message}"]
        if self.span is not None:
            lines += excerpt(self.span, self.source_line)
        if self.hint:
            lines += [
                f"  = help: {line}" if n == 0 else f"          {line}" for n, line in enumerate(self.hint.split("\n"))
            ]
        return "\n".join(lines)


class AssumptionViolated(SpeccheckError):
    """A step was asked for by hand whose guard is false in the present state."""


class EvaluationError(SpeccheckError):
    """An expression was asked for by hand that has no value in the present state; the text says why."""


class UsageError(SpeccheckError):
    """The request itself cannot be carried out: a missing file, an unknown name, options at odds."""


class ModelError(SpeccheckError):
    """A Model, Report or path that came from outside is not well-formed; it was not used."""


class EngineError(SpeccheckError):
    """The environment failed an engine: no memory, a missing library, a broken pipe."""


class InternalError(SpeccheckError):
    """A fault of speccheck itself. Please report it with the spec that shows it."""
