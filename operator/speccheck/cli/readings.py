"""Files of observations read as one: line by line, merged by time, however long they are.

Takes paths (`-` is standard input), and what reads one file; gives observations and refused lines, each with the file
and the line that it is from where there are several. A file whose lines are not in order keeps its own order.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeAlias, assert_never

from speccheck.errors import UsageError
from speccheck.sources import lines
from speccheck.sources.lines import Refused
from speccheck.sources.observations import Observation

Line: TypeAlias = Observation | Refused
Reader: TypeAlias = Callable[[BinaryIO, str], Iterable[Line]]
"""Reads one file, which is called so ("": it is the only one)."""

STANDARD_INPUT = "-"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _observations(stream: BinaryIO, file: str) -> Iterator[Line]:
    return lines.read(stream, file=file)


class Reading:
    """Files being read; a context. Iterating gives their lines, once.

    Raises UsageError for a file that is not there or cannot be read.
    """

    def __init__(self, paths: Sequence[str], read: Reader = _observations) -> None:
        for path in paths:
            _require_file(path)
        if list(paths).count(STANDARD_INPUT) > 1:
            raise UsageError("standard input (-) can be read once only")
        self._paths = paths
        self._read = read
        self._stack = ExitStack()
        self._streams: list[BinaryIO] = []
        regular = all(path != STANDARD_INPUT and Path(path).is_file() for path in paths)
        self.total_bytes = sum(Path(path).stat().st_size for path in paths) if regular else None
        """How long the files are together; None where one of them has no length."""

    def __enter__(self) -> Reading:
        self._streams = [self._stack.enter_context(_opened(path)) for path in self._paths]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def read_bytes(self) -> int:
        """How far it is; 0 where the files have no length."""
        return sum(stream.tell() for stream in self._streams) if self.total_bytes is not None else 0

    def __iter__(self) -> Iterator[Line]:
        if len(self._streams) == 1:
            yield from self._read(self._streams[0], "")
            return
        names = ["standard input" if path == STANDARD_INPUT else path for path in self._paths]
        timed = [_timed(self._read(each, name)) for each, name in zip(self._streams, names, strict=True)]
        for _, line in heapq.merge(*timed, key=lambda pair: pair[0]):
            yield line


def _require_file(path: str) -> None:
    if path != STANDARD_INPUT and not Path(path).exists():
        raise UsageError(f"no such file: {path}")
    if path != STANDARD_INPUT and Path(path).is_dir():
        raise UsageError(f"{path} is a directory; name the files of observations in it")


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _timed(read: Iterable[Line]) -> Iterator[tuple[datetime, Line]]:
    """Each line with the latest time up to it."""
    latest = _LONG_AGO
    for each in read:
        match each:
            case Observation():
                latest = max(latest, each.time)
            case Refused():
                pass
            case _:
                assert_never(each)
        yield latest, each
