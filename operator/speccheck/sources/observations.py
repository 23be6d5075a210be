"""One observation: a change of an object, or an event, that somebody saw happen at some time.

Every source gives these and nothing else, and all of them can be written as one line of JSON (see `lines`).
An observation says what was seen; what it means to a Model is `conform`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


class Kind(Enum):
    """What happened to the object; GAP: something may have happened that nobody saw."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    GAP = "GAP"


@dataclass(frozen=True, slots=True)
class Event:
    """Something named that a program did, with its attributes as plain JSON data."""

    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen.

    `time` has a zone; `source` is "" where there is only one; `seq` counts up within a source; `object` is plain JSON
    data, for DELETED the last known; `reason` says why there is a GAP. `line` and `file`: where it was read from, 0 and
    "" where that was no file of lines.
    """

    time: datetime
    source: str = ""
    seq: int | None = None
    kind: Kind = Kind.MODIFIED
    event: Event | None = None
    object: Mapping[str, Any] | None = None
    reason: str = ""
    line: int = field(default=0, compare=False)
    file: str = field(default="", compare=False)
