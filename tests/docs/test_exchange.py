"""Every command of docs/exchange.md is run, and prints what the page says.

`SPECCHECK_UPDATE_DOCS=1 pytest tests/docs/test_exchange.py` writes the page anew, for review.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from tests.docs import pages

PAGE = pages.TOP / "docs" / "exchange.md"


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "specs").symlink_to(pages.TOP / "specs")
    page = PAGE.read_text(encoding="utf-8")
    found = pages.written(page, partial(pages.shell, folder=tmp_path, environment=pages.surroundings()))
    if os.environ.get("SPECCHECK_UPDATE_DOCS"):
        PAGE.write_text(found, encoding="utf-8")
    assert found == PAGE.read_text(encoding="utf-8")
