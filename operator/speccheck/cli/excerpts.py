"""The author's line beside an evaluation error: a Report knows its place, the command line has the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from speccheck.reports import PropertyResult, Report


def with_source_lines(report: Report, root: Path) -> Report:
    """The report with the lines of its evaluation errors, where they can be read below `root`."""
    return replace(report, properties=tuple(with_source_line(result, root) for result in report.properties))


def with_source_line(result: PropertyResult, root: Path) -> PropertyResult:
    """One result, likewise."""
    if result.error is None or result.error.source_line:
        return result
    return replace(result, error=replace(result.error, source_line=line_at(root, result.error.place)))


def line_at(root: Path, place: str) -> str:
    """The line that `file:line:column` names, without its end; empty where it cannot be read."""
    name, _, rest = place.partition(":")
    row = rest.partition(":")[0]
    file = (root / name).resolve()
    if not (row.isdecimal() and file.is_file() and file.is_relative_to(root)):
        return ""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[int(row) - 1] if 0 < int(row) <= len(lines) else ""
