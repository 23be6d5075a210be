"""The process in which a specification's own Python runs for the command line: it captures it, answers once, and ends.

`cli.readers` starts it, with PYTHONHASHSEED=0, calls `main` in it, and names three numbers: the descriptor from which
it reads one question, the one to which it writes the length of one answer and the answer, and its parent. It confines
nothing (the command line is for one's own specifications); in a cluster `cli.pods` does this.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

from speccheck import sandbox
from speccheck.cli.answers import LENGTH_BYTES, TIMED_OUT, Answer, Captured, Faulty, Misused, Question, Wrong
from speccheck.errors import EngineError, InternalError, ModelError, Span, SpecError, UsageError
from speccheck.ir.json import model_to_json
from speccheck.lang.spans import source_line
from speccheck.loading import load


def main() -> NoReturn:
    """Captures the specification that the question names, within the time it gives; ends where nothing is asked."""
    asked, descriptor, parent = map(int, sys.argv[1:])
    _settle(descriptor, parent)
    with os.fdopen(asked, "rb") as questions:
        read = questions.read()
    if not read:
        os._exit(0)
    question = msgspec.msgpack.decode(read, type=Question)
    gc.freeze()
    gc.enable()
    captor = _Captor(Path(question.path), descriptor)
    captor.begin(question.timeout_s)
    captor.answer(captor.answer_for(Path(question.path), question.watches))


def _settle(descriptor: int, parent: int) -> None:
    """Ends with its parent, and lets no program it starts hold the parent up."""
    os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if sys.platform == "linux":
        with contextlib.suppress(EngineError):
            sandbox.follow_parent()
    if os.getppid() != parent:
        os._exit(1)


class _Captor:
    """This process: where it answers, and to whom."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._descriptor = descriptor
        found = path.resolve()
        self._root = found if found.is_dir() else found.parent
        self._pid = os.getpid()

    def begin(self, timeout_s: float) -> None:
        """Ends when the time is up."""
        signal.signal(signal.SIGALRM, self._too_late)
        signal.setitimer(signal.ITIMER_REAL, timeout_s)

    def answer(self, answer: Answer) -> NoReturn:
        """Writes the answer and ends, without running what the specification registered for its end."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if os.getpid() == self._pid:  # a specification that forks comes back twice
            for stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
                with contextlib.suppress(Exception):
                    stream.flush()  # type: ignore[union-attr]
            encoded = msgspec.msgpack.encode(answer)
            left = memoryview(len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded)
            while left:
                left = left[os.write(self._descriptor, left) :]
        os._exit(0)

    def answer_for(self, path: Path, watches: Sequence[str] = ()) -> Answer:
        """What comes of reading the specification."""
        try:
            loaded = load(path, watches)
            return Captured(model_to_json(loaded.model), loaded.source_digest, loaded.files)
        except SpecError as error:
            span = error.span or Span("", 0, 0)
            return Wrong(error.code, error.message, error.hint, span.path, span.line, span.column, error.source_line)
        except UsageError as error:
            return Misused(str(error))
        except ModelError as error:
            return Wrong("ill-formed", f"the captured model cannot be written: {error}", "", "", 0, 0, "")
        except InternalError as error:
            return Faulty(str(error), traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
            return Faulty(f"{type(error).__name__}: {error}", traceback.format_exc())
        except BaseException as error:  # noqa: BLE001 - `load` leaves these to whoever pressed Ctrl-C; here nobody can
            return self._wrong("raised", f"the specification raised {type(error).__name__}", _innermost(error))

    def _too_late(self, _: int, frame: FrameType | None) -> None:
        self.answer(self._wrong(TIMED_OUT, "", frame))

    def _wrong(self, code: str, message: str, frame: FrameType | None) -> Wrong:
        """An error at the innermost place in the author's own files of what runs in a frame."""
        span = _place(frame, self._root)
        if span is None:
            return Wrong(code, message, "", "", 0, 0, "")
        line = source_line(span)
        file = Path(span.path).relative_to(self._root).as_posix()
        return Wrong(code, message, "", file, span.line, len(line) - len(line.lstrip()) + 1, line)


def _innermost(error: BaseException) -> FrameType | None:
    """The frame in which an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame if trace else None


def _place(frame: FrameType | None, root: Path) -> Span | None:
    while frame is not None:
        if Path(frame.f_code.co_filename).is_relative_to(root):
            return Span(frame.f_code.co_filename, frame.f_lineno, 1)
        frame = frame.f_back
    return None
