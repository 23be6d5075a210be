"""Standard output and standard error: what they can show, and writing to them quietly when nobody reads.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any, TextIO

import msgspec

from speccheck.errors import UsageError
from speccheck.rendering.text import Look

_PIPE_WIDTH = 100
"""Characters a line where there is no terminal and COLUMNS is not set."""


def look_of(spec_path: Path | str, *, no_color: bool, witnesses: bool = False) -> Look:
    """How to write for whoever reads standard output."""
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    return Look(shows_color(sys.stdout) and not no_color, max(width, 40), str(spec_path), witnesses)


def shows_color(stream: TextIO) -> bool:
    """Whether a stream is a terminal that wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(text: str) -> None:
    """Writes a result. A reader who has gone away is not an error: what is left is dropped."""
    _write(sys.stdout, text)


def write_json(data: dict[str, Any]) -> None:
    """Writes a result as one JSON object, indented."""
    write(json_text(data))


def json_text(data: dict[str, Any]) -> str:
    """One JSON object, indented, with a line end."""
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"


def note(text: str) -> None:
    """Writes a line that is not a result to standard error."""
    _write(sys.stderr, text.rstrip("\n") + "\n")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Points a stream whose reader has gone away at nothing, so that later writes and the exit stay quiet."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def open_standard_streams() -> None:
    """Gives a process that was started with its standard streams closed ones that lead nowhere, so that no other file
    gets their numbers."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def require_place(path: Path) -> None:
    """Refuses, before any work is done for it, a file that can be seen not to be writable.

    Raises UsageError.
    """
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a directory")
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: permission denied")


def save(path: Path, text: str) -> None:
    """Writes a file.

    Raises UsageError where that is not possible.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
