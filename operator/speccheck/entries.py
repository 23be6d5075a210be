"""What a path to a specification names, and what comes of loading it; neither needs the language.

Takes a file, or a directory NAME that holds NAME.py. Executes nothing: `loading` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from speccheck.errors import UsageError
from speccheck.ir.models import Model

MAX_FILE_BYTES = 4 << 20
"""A larger source file is refused."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A captured spec: its Model, the digest of the files that were executed, and their names."""

    model: Model
    source_digest: str
    files: tuple[str, ...]


def entry_file(path: Path) -> Path:
    """The entry module of a path: the file itself, or NAME/NAME.py of a directory NAME.

    Raises UsageError where there is none.
    """
    found = path.resolve()
    if found.is_dir():
        inner = found / f"{found.name}.py"
        if not inner.is_file():
            raise UsageError(f"{path} is a directory without {found.name}.py; name the file to check")
        found = inner
    if not found.is_file():
        raise UsageError(f"no such file: {path}")
    if found.suffix != ".py":
        raise UsageError(f"{path} is not a Python file (.py)")
    if found.stat().st_size > MAX_FILE_BYTES:
        raise UsageError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    return found
