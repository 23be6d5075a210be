"""Observations as lines of JSON, one a line: a file, standard input, a pod's log.

    {"time": "2026-11-03T10:00:00Z", "source": "zone", "seq": 7, "type": "MODIFIED", "object": {…}}

Takes a binary stream, gives `Observation`s in its order, and for each line that is not one a `Refused` with its
number and the reason. No line ends the reading, and none is held in memory beyond `LINE_BYTES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, BinaryIO, Literal

import msgspec

from speccheck.sources.observations import Event, Kind, Observation

LINE_BYTES = 4 << 20
"""The longest line that is read; Kubernetes keeps no object larger than 1.5 MiB."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is no observation: its number, counted from 1, and what is wrong with it."""

    line: int
    reason: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.file else f"line {self.line}: {self.reason}"


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    attributes: dict[str, Any] = {}


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    source: str = ""
    seq: Annotated[int, msgspec.Meta(ge=0)] | None = None
    type: Literal["ADDED", "MODIFIED", "DELETED", "GAP"] = "MODIFIED"
    event: _Event | None = None
    object: dict[str, Any] | None = None
    reason: str = ""


_DECODER = msgspec.json.Decoder(_Line)


def read(stream: BinaryIO, line_bytes: int = LINE_BYTES, file: str = "") -> Iterator[Observation | Refused]:
    """The observations of a stream of lines, in order; empty lines are passed over. `file` is what it is called."""
    for number, line in numbered(stream, line_bytes):
        if line is None:
            yield Refused(number, f"longer than {line_bytes} bytes", file)
        elif line.strip():
            yield _parsed(line, number, file)


def numbered(stream: BinaryIO, line_bytes: int = LINE_BYTES) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a stream with their numbers, counted from 1; None for one that is too long to be held in memory."""
    number = 0
    while line := stream.readline(line_bytes + 1):
        number += 1
        if len(line) > line_bytes and not line.endswith(b"\n"):
            _skip_rest(stream, line_bytes)
            yield number, None
        else:
            yield number, line


def _skip_rest(stream: BinaryIO, line_bytes: int) -> None:
    while (rest := stream.readline(line_bytes)) and not rest.endswith(b"\n"):
        pass


def _parsed(line: bytes, number: int, file: str) -> Observation | Refused:
    try:
        return observation_of(line, number, file)
    except ValueError as error:
        return Refused(number, str(error), file)


def observation_of(line: bytes | str, number: int = 0, file: str = "") -> Observation:
    """The observation that one line of JSON describes; `number` and `file` say where the line is.

    Raises ValueError, with what is wrong and where in the line, for anything else.
    """
    try:
        found = _DECODER.decode(line)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _complete(found)
    event = None if found.event is None else Event(found.event.name, found.event.attributes)
    kind = Kind(found.type)
    return Observation(found.time, found.source, found.seq, kind, event, found.object, found.reason, number, file)


def _complete(line: _Line) -> None:
    match line:
        case _Line(type="GAP"):
            if line.object is not None or line.event is not None:
                raise ValueError("a GAP has a reason, and neither an object nor an event")
        case _Line(type="DELETED", object=None):
            raise ValueError("DELETED needs the last known object - at `$.object`")
        case _Line(object=None, event=None):
            raise ValueError(f"{line.type} needs an object or an event")


def line_of(observation: Observation) -> bytes:
    """The line, with its end, that reads back as this observation."""
    event = observation.event
    line = _Line(
        time=observation.time,
        source=observation.source,
        seq=observation.seq,
        type=observation.kind.value,
        event=None if event is None else _Event(event.name, dict(event.attributes)),
        object=None if observation.object is None else dict(observation.object),
        reason=observation.reason,
    )
    return msgspec.json.encode(line) + b"\n"
