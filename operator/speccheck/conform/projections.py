"""Which parts of an object the expressions of a mapping look at, so that only those are handed over and kept.

Takes expressions as text and the names that stand for an object; gives a `Projection`. It is careful, not clever: an
object of which any mention is not plainly a path is kept whole. What it leaves out no expression could have told from
what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = re.compile(rf"((?:\s*\.\s*{_WORD})+)(\s*\()?")
_GET = re.compile(rf"\s*,\s*(['\"])((?:{_WORD}\.)*{_WORD})\1\s*,")
_CONDITION = re.compile(r"\s*,")
_CALL = re.compile(rf"({_WORD})\s*\(\s*$")


@dataclass(frozen=True, slots=True)
class Projection:
    """The paths that are looked at; None: the whole object is, but for `metadata.managedFields`."""

    paths: tuple[Path, ...] | None

    def of(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object with what is looked at, and nothing else."""
        if self.paths is None:
            return _without_managed(body)
        made: dict[str, Any] = {}
        for path in self.paths:
            _copy(body, made, path)
        return made


def _without_managed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object without what only servers read, and much memory is taken by."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return body
    return {**body, "metadata": {name: each for name, each in metadata.items() if name != "managedFields"}}


def _copy(source: Mapping[str, Any], target: dict[str, Any], path: Path) -> None:
    *outer, last = path
    for name in outer:
        inner = source.get(name)
        if not isinstance(inner, dict):
            if name in source:
                target[name] = inner
            return
        source, target = inner, target.setdefault(name, {})
    if last in source:
        target[last] = source[last]


def projection(texts: Iterable[str], names: Iterable[str]) -> Projection:
    """What some expressions look at of the object that these names stand for."""
    paths: set[Path] = set()
    for text in texts:
        for name in names:
            for mention in re.finditer(rf"(?<![\w.]){name}(?!\w)", text):
                found = _mentioned(text, mention.start(), mention.end())
                if found is None:
                    return Projection(None)
                paths.add(found)
    return Projection(_without_longer(paths))


def _mentioned(text: str, start: int, end: int) -> Path | None:
    """The path that one mention leads to; None where it does not show."""
    if found := _PATH.match(text, end):
        path = tuple(part.strip() for part in found[1].split(".")[1:])
        return (path[:-1] if found[2] else path) or None
    call = _CALL.search(text, 0, start)
    if call and call[1] == "get" and (found := _GET.match(text, end)):
        return tuple(found[2].split("."))
    if call and call[1] == "condition" and _CONDITION.match(text, end):
        return ("status", "conditions")
    return None


def _without_longer(paths: set[Path]) -> tuple[Path, ...]:
    """The paths that no other path is the beginning of."""
    return tuple(sorted(p for p in paths if not any(p[:n] in paths for n in range(1, len(p)))))
