"""Comparison with golden files. `SPECCHECK_UPDATE_GOLDEN=1 pytest tests/resource` writes them anew, for review."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


class _Dumper(yaml.SafeDumper):
    """YAML without aliases: a golden file is read by people."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.fixture
def golden() -> Callable[[str, Any], None]:
    """Compares plain data, as YAML, with the golden file of that name."""

    def compare(name: str, data: Any) -> None:
        file = Path(__file__).parent / "golden" / name
        text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
        if os.environ.get("SPECCHECK_UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
