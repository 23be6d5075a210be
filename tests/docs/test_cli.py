"""Every command of docs/cli.md is run, and prints what the page says.

`SPECCHECK_UPDATE_DOCS=1 pytest tests/docs/test_cli.py` writes the page anew, for review.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.docs import pages

PAGE = pages.TOP / "docs" / "cli.md"


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], str]:
    """Runs a command in a folder that has what the page names, and nothing to lose."""
    for name in ("examples", "manifests", "specs"):
        (tmp_path / name).symlink_to(pages.TOP / name)
    return partial(pages.shell, folder=tmp_path, environment=pages.surroundings())


def steady(text: str) -> str:
    """The text without what differs from run to run, or with every change of a spec."""
    text = re.sub(r"\b\d+\.\d+ s\b", "0.0 s", text)
    text = re.sub(r'("seconds": )\d+(\.\d+)?', r"\g<1>0.0", text)
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", text)


def test_every_command_prints_what_the_page_says(run: Callable[[str], str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = pages.written(page, run)
    if os.environ.get("SPECCHECK_UPDATE_DOCS"):
        PAGE.write_text(found, encoding="utf-8")
    assert steady(found) == steady(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_every_command_and_its_statuses() -> None:
    page = PAGE.read_text(encoding="utf-8")
    commands = [each.command for each in pages.examples(page)]
    for name in ("check", "simulate", "replay", "explain", "lint", "new", "capture", "conform", "run"):
        assert any(f"speccheck {name} " in command for command in commands), name
    for status in range(6):
        assert f"\n| {status} | " in page
