"""What is told of exceptions, and the exit status of each."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from speccheck.cli.failures import TRACEBACK_VARIABLE, guarded
from speccheck.errors import EngineError, InternalError, ModelError, Span, SpecError, UsageError


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


SPEC_ERROR = SpecError("bad-name", "x is no name", hint="write y", span=Span("a.py", 1, 5), source_line="s = x")

CASES = [
    (SPEC_ERROR, 4, "bad-name", "error[bad-name]: x is no name"),
    (UsageError("no such file: a"), 5, "usage", "error: no such file: a"),
    (ModelError("states: none"), 5, "malformed-input", "error: states: none"),
    (EngineError("no library"), 5, "environment", "error: no library"),
    (FileNotFoundError(2, "No such file or directory", "a"), 5, "environment", "a: No such file or directory"),
    (MemoryError(), 5, "environment", "no memory left"),
    (ModuleNotFoundError("x", name="kopf.on"), 5, "environment", "needs the package kopf, which is not installed: pip"),
    (ModuleNotFoundError("x", name="speccheck.gone"), 5, "internal", "Please report this"),
    (KeyboardInterrupt(), 3, "interrupted", "interrupted: nothing was decided"),
    (InternalError("no path"), 5, "internal", "Please report this"),
    (ZeroDivisionError("by zero"), 5, "internal", "a fault of speccheck itself: ZeroDivisionError: by zero"),
    (RecursionError("too deep"), 5, "internal", "Please report this"),
]


@pytest.mark.parametrize(("error", "status", "code", "words"), CASES, ids=lambda value: type(value).__name__)
def test_each_exception_has_its_status_and_words(
    error: BaseException, status: int, code: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error)) == status
    written = capsys.readouterr()
    assert words in written.err
    assert written.out == ""


@pytest.mark.parametrize(("error", "status", "code", "words"), CASES, ids=lambda value: type(value).__name__)
def test_each_exception_is_one_json_object_where_json_is_wanted(
    error: BaseException, status: int, code: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error), as_json=True) == status
    data = json.loads(capsys.readouterr().out)
    assert data["error"]["code"] == code
    assert data["verdict"] == ("Error" if status == 4 else "Unknown")


def test_an_author_is_shown_the_line_and_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    guarded(raising(SPEC_ERROR))
    assert capsys.readouterr().err.splitlines() == [
        "error[bad-name]: x is no name",
        "  --> a.py:1:5",
        "  |",
        "1 | s = x",
        "  |     ^",
        "  = help: write y",
    ]


def test_a_fault_shows_its_traceback_only_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    guarded(raising(ZeroDivisionError("by zero")))
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    guarded(raising(ZeroDivisionError("by zero")))
    assert "Traceback" in capsys.readouterr().err


def test_what_an_action_answers_is_the_status() -> None:
    assert guarded(lambda: 2) == 2
