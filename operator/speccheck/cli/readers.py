"""The processes that read specifications: fresh interpreters with a fixed hash seed, one for each reading.

`prepare` starts one before it is known what it is to read, so that it loads the language while the command loads
itself, where there are processors for both. `reader` gives it, or starts one. What runs in it is
`cli.captors`. None outlives its use, and `discard` ends one that was not used.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_CAPTOR = "speccheck.cli.captors"
_PROGRAM = f"import gc; gc.disable(); import {_CAPTOR} as captors; captors.main()"
"""Nothing that is loaded is garbage: the captor starts the collector when everything is there."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A process, the descriptor at which it is asked, and the one at which it answers."""

    process: subprocess.Popen[bytes]
    question: int
    answers: int

    def ask(self, question: bytes) -> None:
        """Write the one question; that the process has ended is seen when its answer is read."""
        with suppress(BrokenPipeError), os.fdopen(self.question, "wb") as written:
            written.write(question)

    def end(self) -> None:
        """End the process with all it started."""
        with suppress(ProcessLookupError, PermissionError):  # the latter is how some systems say the former
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.answers)


_prepared: list[Reader] = []


def prepare() -> None:
    """Start a process that waits for what it is to read."""
    if not _prepared:
        _prepared.append(_started())


def discard() -> None:
    """End the process that was prepared, where nobody has used it."""
    while _prepared:
        unused = _prepared.pop()
        os.close(unused.question)
        unused.end()


@contextmanager
def reader() -> Iterator[Reader]:
    """The process that was prepared, or one that is started; ended afterwards. It is to be asked once."""
    found = _prepared.pop() if _prepared else _started()
    try:
        yield found
    finally:
        found.end()


def _started() -> Reader:
    asked, question = os.pipe()
    answers, answering = os.pipe()
    command = [sys.executable, "-P", "-c", _PROGRAM, str(asked), str(answering), str(os.getpid())]
    sys.stderr.flush()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=2,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            pass_fds=(asked, answering),
            start_new_session=True,
        )
    except BaseException:
        os.close(question)
        os.close(answers)
        raise
    finally:
        os.close(asked)
        os.close(answering)
    return Reader(process, question, answers)
