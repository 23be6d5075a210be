"""Names that were misspelt: what there is, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from speccheck.errors import UsageError

_SHOWN = 20
_FILES_LOOKED_AT = 1000


def require(kind: str, name: str, known: Sequence[str], owner: str) -> None:
    """Raises UsageError, with the nearest spelling, unless a name is known."""
    if name in known:
        return
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    there = f"{owner} has: {', '.join(known[:_SHOWN])}{more}" if known else f"{owner} has none"
    raise UsageError(f"no {kind} {name!r}; {_meant(name, known)}{there}")


def require_path(path: Path) -> None:
    """Raises UsageError, with the nearest spelling, unless there is something at a path."""
    if path.exists():
        return
    folder = path.parent
    near = sorted(each.name for each in _entries(folder) if each.suffix == ".py" or each.is_dir())
    meant = get_close_matches(path.name, near, 1) or get_close_matches(f"{path.name}.py", near, 1)
    raise UsageError(f"no such file: {path}" + (f"; did you mean {folder / meant[0]}?" if meant else ""))


def _entries(folder: Path) -> list[Path]:
    try:
        return [entry for entry, _ in zip(folder.iterdir(), range(_FILES_LOOKED_AT), strict=False)]
    except OSError:
        return []


def _meant(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}? " if close else ""
