"""The real command in a process of its own, and comparison with golden files.

`SPECCHECK_UPDATE_GOLDEN=1 pytest tests/cli` writes the golden files anew, for review.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).parent / "speccheck")
DEADLINE_S = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


def environment(**more: str) -> dict[str, str]:
    """The variables a command is run with: no colours or widths of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")}
    return kept | {"TERM": "xterm-256color"} | more


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder of its own with the sample specifications."""
    for sample in (HERE / "samples").glob("*.py"):
        (tmp_path / sample.name).write_bytes(sample.read_bytes())
    return tmp_path


@pytest.fixture
def run(samples: Path) -> Run:
    """Runs `speccheck` with some arguments, beside the samples, without a terminal."""

    def command(*arguments: str, **variables: str) -> Ended:
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=samples,
            env=environment(**variables),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=DEADLINE_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text, seconds and digests made equal, with the golden file of that name."""

    def compare(name: str, text: str) -> None:
        text = re.sub(r"\d+\.\d s\b", "0.0 s", text)
        text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", text)
        file = HERE / "golden" / name
        if os.environ.get("SPECCHECK_UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
