"""All entries of the catalogue of mistakes, and how each is written out and captured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.lang.mistakes import choices, declarations, python_forms, values
from tests.lang.mistakes.shapes import Mistake

from speccheck.loading import load

TOPICS: dict[str, list[Mistake]] = {
    "Python that would decide at once": python_forms.MISTAKES,
    "Actions, choices and branches": choices.MISTAKES,
    "Values and types": values.MISTAKES,
    "Declarations and modules": declarations.MISTAKES,
}
ENTRIES = [entry for topic in TOPICS.values() for entry in topic]
REPEATED = [name for name, count in Counter(entry.name for entry in ENTRIES).items() if count > 1]


def capture(entry: Mistake, body: str, directory: Path, encoding: str = "utf-8") -> None:
    """Load the entry's module with a spelling; raises what `load` raises."""
    for name, text in entry.beside.items():
        (directory / name).write_text(text, encoding="utf-8")
    path = directory / "spec.py"
    path.write_text(entry.text(body), encoding=encoding)
    load(path)
