"""A SpecError keeps all it says when it becomes a refusal."""

from __future__ import annotations

from speccheck.cli.refusals import refusal_of
from speccheck.errors import Span, SpecError


def test_place_code_and_hint_are_kept() -> None:
    found = refusal_of(SpecError("some-code", "it is wrong", hint="write this", span=Span("a.py", 3, 7)))
    assert (found.reason, found.code, found.file, found.line, found.column) == (
        "SpecInvalid",
        "some-code",
        "a.py",
        3,
        7,
    )
    assert found.text == "a.py:3:7: it is wrong (write this)"


def test_an_error_without_a_place_has_none() -> None:
    found = refusal_of(SpecError("some-code", "it is wrong"))
    assert (found.file, found.line, found.text) == ("", 0, "it is wrong")
