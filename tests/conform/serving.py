"""A real evaluator in a process of its own, for the tests that talk to one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60.0


@contextmanager
def evaluator(*options: str, socket: Path | None = None) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """The socket (one of its own, if none is given) and the process of an evaluator that answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = socket or Path(folder) / "evaluator.sock"
        path.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-c",
            "from speccheck.cli.main import main; main()",
            "evaluator",
            "--socket",
            str(path),
        ]
        process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE)
        try:
            _wait_for(path, process)
            yield path, process
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=60)
            assert errors == b"", errors.decode()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while not path.exists():
        assert process.poll() is None, "the evaluator ended before it served"
        assert time.monotonic() < deadline, f"the evaluator did not serve within {START_S} s"
        time.sleep(0.02)
