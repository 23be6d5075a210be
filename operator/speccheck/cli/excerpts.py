"""The author's line beside an evaluation error: a Report knows its place, whoever has the files knows the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from speccheck.reports import PropertyResult, Report

LINE_LIMIT = 300
"""How many characters of a line are kept."""

LineAt: TypeAlias = Callable[[str], str]
"""Gives the line that `file:line:column` names; "" for one that is not known."""


def with_source_lines(report: Report, line: LineAt) -> Report:
    """The report with the lines of its evaluation errors, as far as they are known."""
    return replace(report, properties=tuple(with_source_line(result, line) for result in report.properties))


def with_source_line(result: PropertyResult, line: LineAt) -> PropertyResult:
    """One result, likewise."""
    if result.error is None or result.error.source_line:
        return result
    return replace(result, error=replace(result.error, source_line=line(result.error.place)[:LINE_LIMIT]))


def line_at(root: Path, place: str) -> str:
    """The line that `file:line:column` names, without its end; empty where it cannot be read."""
    name, row = _parts(place)
    file = (root / name).resolve()
    if not (row and file.is_file() and file.is_relative_to(root)):
        return ""
    return _row(file.read_text(encoding="utf-8", errors="replace"), row)


def line_in(files: Mapping[str, str], place: str) -> str:
    """The line that `file:line:column` names in the texts of some files; empty where there is none."""
    name, row = _parts(place)
    return _row(files.get(name, ""), row)


def _parts(place: str) -> tuple[str, int]:
    """The file's name and the line's number; 0 for what is no place."""
    name, _, rest = place.partition(":")
    row = rest.partition(":")[0]
    return name, int(row) if row.isdecimal() and row.isascii() else 0


def _row(text: str, row: int) -> str:
    lines = text.splitlines()
    return lines[row - 1] if 0 < row <= len(lines) else ""
