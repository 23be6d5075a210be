"""Digests by which files, documents and runs are known: SHA-256, written `sha256:` and 64 hex digits.

`source_digest` is one function for files on disk, in a ConfigMap and in a checker pod, so the three can be
held against each other. It says what was read, not who wrote it: nothing here is a signature.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
"""What a source file may be called (a regular expression without anchors)."""

SOURCE_SUFFIX = ".py"
"""Only Python modules are part of a spec's source; what lies beside them is not read."""

_SOURCE_FILE = re.compile(FILE_NAME)


def digest(data: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def source_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names among these that are part of a spec's source, sorted."""
    return tuple(sorted(n for n in names if n.endswith(SOURCE_SUFFIX) and _SOURCE_FILE.fullmatch(n)))


def source_digest(files: Mapping[str, bytes]) -> str:
    """The digest of a spec's source: the names and contents of its files, in whatever order they are given.

    Each name and content goes in behind its length, so no two different sets of files read alike.
    """
    total = hashlib.sha256(b"speccheck source 1\n")
    for name in sorted(files):
        encoded = name.encode()
        total.update(f"{len(encoded)} {len(files[name])}\n".encode())
        total.update(encoded)
        total.update(files[name])
    return f"sha256:{total.hexdigest()}"
