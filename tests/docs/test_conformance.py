"""Every command of docs/conformance.md is run, and prints what the page says; the mapping it shows is the example's.

`SPECCHECK_UPDATE_DOCS=1 pytest tests/docs/test_conformance.py` writes the page anew, for review.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import yaml
from tests.docs import pages

from speccheck.resource.observing import load_observe

PAGE = pages.TOP / "docs" / "conformance.md"
EXAMPLE = pages.TOP / "examples" / "conformance"


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(pages.TOP / "examples")
    page = PAGE.read_text(encoding="utf-8")
    found = pages.written(page, partial(pages.shell, folder=tmp_path, environment=pages.surroundings()))
    if os.environ.get("SPECCHECK_UPDATE_DOCS"):
        PAGE.write_text(found, encoding="utf-8")
    assert found == PAGE.read_text(encoding="utf-8")


def test_the_mapping_that_is_shown_is_the_examples() -> None:
    first, *_ = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert first == (EXAMPLE / "observe.yaml").read_text(encoding="utf-8")


def test_the_mute_that_is_shown_can_be_added_to_it() -> None:
    _, mute = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    text = (EXAMPLE / "observe.yaml").read_text(encoding="utf-8") + mute
    (rule,) = load_observe(text.encode()).mute
    assert rule.reason == yaml.safe_load(mute)["mute"][0]["reason"]
