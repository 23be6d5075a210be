"""Comparison with golden files.

`SPECCHECK_UPDATE_GOLDEN=1 pytest tests/ir` writes the golden files and docs/model.schema.json anew, for review.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def golden() -> Callable[[Path, str], None]:
    """Compares a text with that of a reviewed file."""

    def compare(file: Path, text: str) -> None:
        if os.environ.get("SPECCHECK_UPDATE_GOLDEN"):
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
