"""Audit logs as observations: the files that the API server writes with `--audit-log-path`, an event of JSON a line.

Takes paths (`-` is standard input) and a namespace; gives what the operator would take of the same events, several
files merged by time. A line that is no audit event leaves a GAP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from speccheck.cli.readings import Line, Reading
from speccheck.resource.paths import counted
from speccheck.sources import audit
from speccheck.sources.lines import Refused, numbered
from speccheck.sources.observations import Kind, Observation

LINE_BYTES = 16 << 20
"""The longest line of an audit log: an event may hold an object twice."""


@dataclass(slots=True)
class Trail:
    """Audit logs, of which one namespace's events are wanted ("": all). Iterating gives them, once; `notes` tell what
    else there was.

    Raises UsageError for a file that is not there or cannot be read.
    """

    paths: Sequence[str]
    namespace: str
    others: int = 0
    passed: int = 0
    refused: int = 0
    first: Refused | None = None
    """Which line was refused first."""

    def __iter__(self) -> Iterator[Observation]:
        latest: datetime | None = None
        with Reading(self.paths, self._events) as reading:
            for line in reading:
                if isinstance(line, Observation):
                    yield from self._before(latest, line)
                    latest = line.time if latest is None else max(latest, line.time)
                    yield line
                    continue
                self.refused += 1
                self.first = self.first or line
                if latest is not None:
                    yield _gap(line, latest)
            if latest is None and self.first is not None:
                yield _gap(self.first, datetime.now(UTC))

    def notes(self) -> Iterator[str]:
        """What was not written, and why."""
        if self.refused:
            yield f"{counted(self.refused, 'line')} refused, which leaves gaps; the first: {self.first}"
        if self.others:
            yield f"{counted(self.others, 'event')} of other namespaces than {self.namespace} left out"
        if self.passed:
            yield f"{counted(self.passed, 'event')} of requests that changed nothing left out"

    def _before(self, latest: datetime | None, first: Observation) -> Iterator[Observation]:
        """A gap for the lines that were refused before anything had a time."""
        if latest is None and self.first is not None:
            yield _gap(self.first, first.time)

    def _events(self, stream: BinaryIO, file: str) -> Iterator[Line]:
        for number, line in numbered(stream, LINE_BYTES):
            if line is None:
                yield Refused(number, f"longer than {LINE_BYTES} bytes", file)
            elif line.strip():
                yield from self._parsed(line, number, file)

    def _parsed(self, line: bytes, number: int, file: str) -> Iterator[Line]:
        try:
            heard = audit.heard(line)
        except ValueError as error:
            yield Refused(number, str(error), file)
            return
        self.passed += heard.passed
        for each in heard.audited:
            if self.namespace in ("", each.namespace):
                yield each.observation
            else:
                self.others += 1
        if heard.refused:
            yield Refused(number, heard.reason, file)


def _gap(line: Refused, time: datetime) -> Observation:
    return Observation(time, kind=Kind.GAP, reason=f"an audit event was refused: {line}")
