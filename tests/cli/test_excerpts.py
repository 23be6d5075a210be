"""The author's line beside an evaluation error."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from speccheck.cli.excerpts import LINE_LIMIT, line_at, line_in, with_source_lines
from speccheck.reports import Bounds, Evaluation, PropertyResult, Report, Stats, Verdict


def failing(place: str, source_line: str = "") -> Report:
    error = Evaluation("division by zero", "1 // 0", place, source_line)
    result = PropertyResult("p", "invariant", Verdict.ERROR, "EvaluationError", error=error)
    return Report("s", "i", "", "reference", "Explore", Bounds(), (result,), Stats(1, 1, 0, 0.0))


def line_of(report: Report) -> str:
    (result,) = report.properties
    assert result.error is not None
    return result.error.source_line


def test_the_line_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n  two = 1 // 0\n", encoding="utf-8")
    assert line_of(with_source_lines(failing("a.py:2:9"), partial(line_at, tmp_path))) == "  two = 1 // 0"


def test_a_line_that_is_known_is_kept(tmp_path: Path) -> None:
    assert line_of(with_source_lines(failing("a.py:2:9", "known"), lambda _: "another")) == "known"


@pytest.mark.parametrize("place", ["", "a.py", "a.py:x:1", "a.py:9:1", "a.py:0:1", "../b.py:1:1", "gone.py:1:1"])
def test_what_cannot_be_read_is_left_out(place: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("one\n")
    (tmp_path / "b.py").write_text("secret\n")
    assert line_at(root, place) == ""
    assert line_in({"a.py": "one\n"}, place) == ""


def test_a_line_is_found_in_texts_too_and_is_bounded() -> None:
    assert line_in({"a.py": "one\n  two\n"}, "a.py:2:3") == "  two"
    assert len(line_of(with_source_lines(failing("a.py:1:1"), lambda _: "x" * 10_000))) == LINE_LIMIT
