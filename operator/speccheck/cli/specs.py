"""The specification that a command names, captured in a process of its own: a fresh interpreter with a fixed hash seed.

Takes a path; gives what `loading.load` gives, or raises what it raises. The same files give the same Model whatever the
author's Python iterates over, and whatever it does besides, the command goes on: there is a deadline, a crash is told
as one, and nothing that the specification started outlives its reading.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import assert_never

import msgspec

from speccheck.cli.answers import LENGTH_BYTES, TIMED_OUT, Answer, Captured, Faulty, Misused, Question, Wrong
from speccheck.cli.outputs import note
from speccheck.cli.readers import reader
from speccheck.cli.suggestions import require_path
from speccheck.entries import Loaded, entry_file
from speccheck.errors import InternalError, Span, SpecError, UsageError
from speccheck.ir.json import model_from_json

DEFAULT_TIMEOUT_S = 60.0
"""How long reading a specification may take where nobody says."""

LEAST_TIMEOUT_S = 3.0
"""How long it always may take: a short time limit is meant for the search."""

CRASHED = "capture-crashed"
"""The code of the error where a specification ends the process that reads it."""

_GRACE_S = 1.0
"""How long after its deadline the process may take to say where it was."""

_TOLD_AFTER_S = 2.0
_POLL_S = 0.05
_CHUNK = 1 << 16
_ANSWER: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class Unread(SpecError):
    """The specification did not come to an end by itself, or ended the process; `reason` as a cluster says it."""

    def __init__(self, reason: str, error: SpecError) -> None:
        super().__init__(error.code, error.message, hint=error.hint, span=error.span, source_line=error.source_line)
        self.reason = reason


class _Elsewhere(Exception):
    """Stands for an exception in the other process, whose traceback it is."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def load(path: Path, timeout_s: float | None = None, watches: Sequence[str] = ()) -> Loaded:
    """Execute and capture the specification at a path, within `timeout_s` (DEFAULT_TIMEOUT_S where it is None).

    `watches` are added as `loading.load` does it. Raises UsageError where there is no such file, SpecError where the
    specification is wrong, Unread where its own Python does not end or ends the process, InternalError for a fault of
    speccheck. What it prints goes to standard error.
    """
    require_path(path)
    entry_file(path)
    limit_s = max(timeout_s or DEFAULT_TIMEOUT_S, LEAST_TIMEOUT_S)
    with reader() as each:
        each.ask(msgspec.msgpack.encode(Question(str(path), limit_s, tuple(watches))))
        answer = _awaited(each.process, each.answers, limit_s, path)
    match answer:
        case Captured(model, source_digest, files):
            return Loaded(model_from_json(model), source_digest, files)
        case Wrong():
            raise _spec_error(answer, limit_s)
        case Misused(message):
            raise UsageError(message)
        case Faulty(message, trace):
            raise InternalError(f"while reading {path}: {message}") from _Elsewhere(trace)
        case _:
            assert_never(answer)


def _awaited(process: subprocess.Popen[bytes], descriptor: int, limit_s: float, path: Path) -> Answer:
    """The answer; raises Unread where the process ends without one, or the time is up."""
    started, told, got = time.monotonic(), not sys.stderr.isatty(), bytearray()
    while not _is_whole(got):
        ended = process.poll() is not None
        if select.select([descriptor], [], [], _POLL_S)[0]:
            chunk = os.read(descriptor, _CHUNK)
            got += chunk
            if not chunk:
                raise _crash(process)
        elif ended:
            raise _crash(process)
        elif time.monotonic() - started > limit_s + _GRACE_S:
            raise _late(limit_s)
        elif not told and time.monotonic() - started > _TOLD_AFTER_S:
            note(f"reading {path} (for {limit_s:g} s at most; Ctrl-C stops it)")
            told = True
    return _ANSWER.decode(got[LENGTH_BYTES:])


def _is_whole(got: bytearray) -> bool:
    return len(got) >= LENGTH_BYTES and len(got) - LENGTH_BYTES >= int.from_bytes(got[:LENGTH_BYTES], "big")


def _spec_error(told: Wrong, limit_s: float) -> SpecError:
    span = Span(told.file, told.line, told.column) if told.file else None
    if told.code == TIMED_OUT:
        return _late(limit_s, span, told.source_line)
    return SpecError(told.code, told.message, hint=told.hint, span=span, source_line=told.source_line)


def _late(limit_s: float, span: Span | None = None, source_line: str = "") -> Unread:
    message = f"reading the specification did not end within {limit_s:g} s"
    hint = (
        "a specification only declares: look for a loop that does not end"
        f"{', in what runs here' if span else ''}, or give it longer with --timeout"
    )
    return Unread("CaptureTimedOut", SpecError(TIMED_OUT, message, hint=hint, span=span, source_line=source_line))


def _crash(process: subprocess.Popen[bytes]) -> Unread:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    match process.returncode:
        case None:
            how = "closed every file, speccheck's own among them, and goes on"
        case -9:
            how = "was killed (SIGKILL), most likely for want of memory"
        case number if number < 0:
            how = f"was ended by signal {-number} ({signal.strsignal(-number)})"
        case status:
            how = f"ended itself with exit status {status}"
    hint = "a specification only declares: it must not exit (os._exit), kill, or crash the interpreter"
    error = SpecError(CRASHED, f"the process that read the specification {how}", hint=hint)
    return Unread("CaptureCrashed", error)
