"""What a process that reads a specification is asked, and answers: `cli.specs` writes the one and reads the other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

LENGTH_BYTES = 8
"""How long the number is that says how long an answer is; most significant byte first."""

TIMED_OUT = "capture-timed-out"
"""The code of the error where reading a specification takes too long."""


class Question(msgspec.Struct, frozen=True):
    """What to read, for how long at most, and what to add to it."""

    path: str
    timeout_s: float
    watches: tuple[str, ...]


class Captured(msgspec.Struct, frozen=True, tag=True):
    """The Model in its JSON form, and what else `entries.Loaded` has."""

    model: bytes
    source_digest: str
    files: tuple[str, ...]


class Wrong(msgspec.Struct, frozen=True, tag=True):
    """A SpecError; `file` "" for one without a place."""

    code: str
    message: str
    hint: str
    file: str
    line: int
    column: int
    source_line: str


class Misused(msgspec.Struct, frozen=True, tag=True):
    """A UsageError."""

    message: str


class Faulty(msgspec.Struct, frozen=True, tag=True):
    """A fault of speccheck itself, with Python's traceback of it."""

    message: str
    trace: str


Answer: TypeAlias = Captured | Wrong | Misused | Faulty
