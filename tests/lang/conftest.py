"""The author that the tests of the language write specs with."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lang.specs import Author


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """Someone with an empty directory."""
    return Author(tmp_path)
