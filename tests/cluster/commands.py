"""Running other programs and waiting for things: always with a deadline, and with an error that tells what for."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed
from tests.cluster.errors import ClusterError, StoppedError

T = TypeVar("T")

SHOWN_CHARS = 6_000  # of a program's output in an error


def run(
    argv: Sequence[str | Path],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    text: str | None = None,
) -> str:
    """Run a program to its end and return its standard output.

    `env` is added to this process's environment; `text` is given on standard input.
    Raises ClusterError with its output where it fails, is missing, or takes longer than `timeout_s`.
    """
    words = [str(word) for word in argv]
    shown = " ".join(words)
    try:
        done = subprocess.run(
            words,
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{words[0]} is not installed here; it was needed for: {shown}") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"gave up after {timeout_s:g} s on: {shown}") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-SHOWN_CHARS:]
        raise ClusterError(f"exit status {done.returncode} from: {shown}\n{said}")
    return done.stdout


def wait_for(what: str, probe: Callable[[], T | None], timeout_s: float, every_s: float = 0.2) -> T:
    """Ask `probe` until it gives something other than None or False, and return that.

    A ClusterError from the probe counts as "not yet", and the last one is told at the end; a StoppedError is raised.
    Raises ClusterError naming `what` after `timeout_s`.
    """
    retrying = Retrying(
        stop=stop_after_delay(timeout_s),
        wait=wait_fixed(every_s),
        retry=retry_if_exception(_not_yet) | retry_if_result(lambda value: value is None or value is False),
    )
    try:
        return retrying(probe)  # type: ignore[return-value]  # None is retried, never returned
    except RetryError as error:
        last = error.last_attempt.exception()
        told = f"; the last answer was: {last}" if last else ""
        raise ClusterError(f"waited {timeout_s:g} s in vain for {what}{told}") from error


def _not_yet(error: BaseException) -> bool:
    return isinstance(error, ClusterError) and not isinstance(error, StoppedError)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, or a word that there is none."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) or "(empty log)"
