"""What is made once and kept under the user's cache directory, each thing named by a digest of what it was made from.

A thing is made beside its place and moved there when it is whole; a lock keeps two runs from making the same one.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.commands import wait_for

LOCK_TIMEOUT_S = 4_000.0  # longer than the longest build


def directory() -> Path:
    """The cache directory, made where it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "speccheck"
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(parts: Iterable[bytes | str]) -> str:
    """Twelve hexadecimal digits over the parts, each marked off by its length."""
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hasher.update(len(raw).to_bytes(8, "big") + raw)
    return hasher.hexdigest()[:12]


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock of that name against every other run of this user."""
    path = directory() / f"{name}.lock"
    with path.open("w") as file:
        wait_for(f"the lock {path}, held by another run", lambda: _taken(file.fileno()), LOCK_TIMEOUT_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The file or directory `name` of the cache; `make` is given an empty directory's path `…/new` to create it at."""
    place = directory() / name
    if place.exists():
        return place
    with lock(name.split("-")[0]):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=directory(), prefix="making-") as beside:
                made = Path(beside) / name
                make(made)
                made.rename(place)
    return place


def keep_newest(pattern: str, count: int) -> None:
    """Forget all but the `count` newest of what matches."""
    found = sorted(directory().glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[count:]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
