"""The commands `pod capture` and `pod check`: the two stages of a checker pod.

`capture` alone lets an author's code run, in a cell (see `cells`), and hands on what comes out of it as a file. `check`
runs none: it verifies that file, explores the Model in cells of its own, and prints one framed document. Both say
how it went in their container's termination message; see `resource.documents` and `resource.frames`.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn, assert_never

import msgspec
import typer

from speccheck import cells, sandbox
from speccheck.cells import Cell, End, Outcome
from speccheck.cli import stages, statuses
from speccheck.cli.excerpts import line_in, with_source_lines
from speccheck.cli.options import duration, size, taking
from speccheck.cli.outputs import note
from speccheck.cli.refusals import refusal_of
from speccheck.digests import source_digest, source_names
from speccheck.errors import EngineError, ModelError, SpecError, UsageError
from speccheck.ir.json import model_to_json
from speccheck.loading import load
from speccheck.reports import Report
from speccheck.resource.documents import (
    MODEL_LIMIT_BYTES,
    CheckRequest,
    Document,
    Refusal,
    refusal_bytes,
    refusal_from,
    request_from,
)
from speccheck.resource.frames import frame

FORMAT = 1
SOURCE_BYTES = 4 << 20
"""What the files of a spec may have together."""

OUTPUT_BYTES = 8192
"""What is kept of all that a spec prints."""

TERMINATION_LOG = Path("/dev/termination-log")
_MODEL_FILE = "model.json"
_CAPTURE_FILE = "capture.json"
_SOURCE_FILE = "source.msgpack"

pod = typer.Typer(add_completion=False, rich_markup_mode="rich", help="The stages of a checker pod, as Jobs call them.")


@dataclass(frozen=True, kw_only=True)
class _StageOptions:
    """What both stages take."""

    memory: Annotated[str, typer.Option(metavar="SIZE", help="Address space of a cell.")] = "1Gi"
    termination_log: Annotated[
        str, typer.Option(metavar="FILE", help="Where the container's last words go; none where empty.")
    ] = str(TERMINATION_LOG)


@dataclass(frozen=True, kw_only=True)
class CaptureOptions(_StageOptions):
    """What `pod capture` takes."""

    source: Annotated[Path, typer.Option(metavar="DIR", help="The spec's files.")]
    entrypoint: Annotated[str, typer.Option(metavar="NAME.py", help="The file among them that is the spec.")]
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where model.json, capture.json and the source are written.")]
    timeout: Annotated[str, typer.Option(metavar="TIME", help="How long the spec's own code may take.")] = "60s"


@dataclass(frozen=True, kw_only=True)
class CheckOptions(_StageOptions):
    """What `pod check` takes."""

    model: Annotated[Path, typer.Option(metavar="DIR", help="Where the capture stage wrote.")]
    check: Annotated[str, typer.Option(metavar="JSON", help="What to check, as the operator says it.")]


class Captured(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The file capture.json: what was read, as the stage itself saw it."""

    format: int
    entrypoint: str
    source_digest: str


class Refused(Exception):
    """The stage ends without a result; the refusal says why, the status whose turn it is."""

    def __init__(self, refusal: Refusal, status: int) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal
        self.status = status


def _wrong(reason: str, message: str, output: str = "") -> Refused:
    return Refused(Refusal(reason=reason, message=message, output=output), statuses.SPEC_WRONG)


def _broken(reason: str, message: str, output: str = "") -> Refused:
    return Refused(Refusal(reason=reason, message=message, output=output), statuses.FAILED)


@pod.command("capture")
@taking(CaptureOptions)
def capture(options: CaptureOptions) -> int:
    """Run a spec's own code, confined, and write the Model that comes of it."""
    return _stage("capture", options, partial(_capture, options))


@pod.command("check")
@taking(CheckOptions)
def check(options: CheckOptions) -> int:
    """Verify a captured Model, check it, and print one framed document."""
    return _stage("check", options, partial(_check, options))


def _stage(name: str, options: _StageOptions, action: Callable[[], bytes]) -> int:
    """Runs a stage and says in the termination message how it went."""
    signal.signal(signal.SIGTERM, _stop)
    failed = "CaptureFailed" if name == "capture" else "CheckFailed"
    try:
        message, status = action(), statuses.FINE
    except Refused as error:
        message, status = _told(name, error.refusal), error.status
    except typer.TyperException:
        raise
    except EngineError as error:
        reason = "SandboxUnavailable" if name == "capture" else failed
        message, status = _told(name, Refusal(reason=reason, message=str(error))), statuses.FAILED
    except Exception as error:  # noqa: BLE001  whatever it is, the operator must hear of it
        message = _told(name, Refusal(reason=failed, message=f"{type(error).__name__}: {error}"))
        status = statuses.FAILED
    _last_words(options.termination_log, message)
    return status


def _stop(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def _told(stage: str, refusal: Refusal) -> bytes:
    """The refusal as a message, without characters that would steer the terminal of whoever reads it."""
    texts = {name: _plain(value) for name, value in msgspec.structs.asdict(refusal).items() if isinstance(value, str)}
    made = msgspec.structs.replace(refusal, **(texts | {"stage": stage}))
    note(f"{made.reason}: {made.text}")
    _quote(made.output)
    return refusal_bytes(made)


def _quote(output: str) -> None:
    """Shows in the container's log what a spec printed."""
    if output:
        note("".join(f"| {line}\n" for line in output.splitlines()))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text.replace("\t", "    "))


def _last_words(path: str, message: bytes) -> None:
    """Replaces whatever is in the file. It is there already in a container; elsewhere it is made."""
    if path:
        Path(path).write_bytes(message)


# --- capture -------------------------------------------------------------------------------------


def _capture(options: CaptureOptions) -> bytes:
    files = _source(options.source)
    digest = source_digest(files)
    if options.entrypoint not in files:
        known = ", ".join(files) or "none"
        raise _wrong("SourceMissing", f"there is no file {options.entrypoint}, only: {known}")
    model = _captured(files, options)
    (options.out / _MODEL_FILE).write_bytes(model)
    described = msgspec.json.encode(Captured(FORMAT, options.entrypoint, digest))
    (options.out / _CAPTURE_FILE).write_bytes(described)
    (options.out / _SOURCE_FILE).write_bytes(msgspec.msgpack.encode(files))
    return refusal_bytes(Refusal(stage="capture", reason="Captured", source_digest=digest))


def _source(folder: Path) -> dict[str, bytes]:
    """The files of a spec, each read once; the Model, and the digest, are of these bytes."""
    files: dict[str, bytes] = {}
    for name in source_names(os.listdir(folder)):
        content = _content(folder / name)
        if content is not None:
            files[name] = content
        if sum(map(len, files.values())) > SOURCE_BYTES:
            raise _wrong("SourceTooLarge", f"the spec's files have more than {SOURCE_BYTES} bytes together")
    return files


def _content(path: Path) -> bytes | None:
    """What a file holds, as far as may be; None for what is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        return file.read(SOURCE_BYTES + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _captured(files: dict[str, bytes], options: CaptureOptions) -> bytes:
    limits = duration(options.timeout), size(options.memory), MODEL_LIMIT_BYTES, OUTPUT_BYTES
    cell = Cell(*limits, profile=sandbox.Profile.SEALED)
    with tempfile.TemporaryDirectory(dir=options.out) as copy:
        for name, content in files.items():
            (Path(copy) / name).write_bytes(content)
        outcome = cells.run(partial(_answer, Path(copy) / options.entrypoint), cell)
    if outcome.end is not End.ANSWERED:
        raise _ended(outcome)
    return _model_in(outcome)


def _answer(entry: Path) -> bytes:
    """In the cell: a byte that says which, then the Model's JSON form or a refusal."""
    try:
        return b"M" + model_to_json(load(entry).model)
    except SpecError as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
        return b"S" + msgspec.json.encode(refusal_of(error))
    except UsageError as error:
        return b"S" + msgspec.json.encode(Refusal(reason="SpecInvalid", message=str(error)))


def _model_in(outcome: Outcome) -> bytes:
    """The Model in an answer. Whether it is one, the check stage will see."""
    output = outcome.output.decode(errors="replace")
    match outcome.result[:1], outcome.result[1:]:
        case b"M", model:
            _quote(_plain(output))
            return model
        case b"S", told if (refusal := refusal_from(told)) is not None:
            refused = msgspec.structs.replace(refusal, reason="SpecInvalid", output=output)
            raise Refused(refused, statuses.SPEC_WRONG)
        case _:
            raise _wrong("ModelRefused", "what came back from reading the spec is no model", output)


def _ended(outcome: Outcome) -> Refused:
    said = f"reading the spec {outcome.how}"
    output = outcome.output.decode(errors="replace")
    match outcome.end:
        case End.TIMED_OUT:
            return _wrong("CaptureTimedOut", said, output)
        case End.OUT_OF_MEMORY:
            return _wrong("CaptureOutOfMemory", said, output)
        case End.TOO_LONG:
            return _wrong("ModelTooLarge", f"the spec's model has more than {MODEL_LIMIT_BYTES} bytes", output)
        case End.DIED:
            return _wrong("CaptureCrashed", said, output)
        case End.ANSWERED:
            raise AssertionError("an answer is no end")
        case _:
            assert_never(outcome.end)


# --- check ---------------------------------------------------------------------------------------


def _check(options: CheckOptions) -> bytes:
    request, memory_bytes = _request(options.check), size(options.memory)
    captured = _read(options.model / _CAPTURE_FILE, 4096)
    model = _read(options.model / _MODEL_FILE, MODEL_LIMIT_BYTES)
    try:
        described = msgspec.json.decode(captured, type=Captured)
        verified = stages.verified(model, request.check, memory_bytes)
        reports = stages.explored(verified, request.check, described.source_digest, memory_bytes)
    except (ModelError, msgspec.MsgspecError) as error:
        raise _wrong("ModelRefused", f"what the spec was read as is refused: {error}") from error
    except UsageError as error:
        raise _wrong("SpecInvalid", str(error)) from error
    lined = _with_lines(reports, options.model / _SOURCE_FILE)
    return _printed(Document(described.source_digest, verified.digest, verified.model, lined))


def _with_lines(reports: tuple[Report, ...], source: Path) -> tuple[Report, ...]:
    """The reports with the author's lines beside their evaluation errors."""
    if not any(result.error for report in reports for result in report.properties):
        return reports
    try:
        files = msgspec.msgpack.decode(_read(source, 2 * SOURCE_BYTES), type=dict[str, bytes])
    except msgspec.MsgspecError as error:
        raise _broken("CheckFailed", f"the capture stage left no {source.name} that can be read: {error}") from error
    texts = {name: content.decode(errors="replace") for name, content in files.items()}
    return tuple(with_source_lines(report, partial(line_in, texts)) for report in reports)


def _printed(document: Document) -> bytes:
    try:
        made = frame(document)
    except EngineError as error:
        raise _wrong("ModelTooLarge", str(error)) from error
    sys.stdout.buffer.write(made.log)
    sys.stdout.buffer.flush()
    return made.message


def _request(text: str) -> CheckRequest:
    try:
        return request_from(text)
    except ModelError as error:
        raise _broken("CheckFailed", str(error)) from error


def _read(path: Path, limit: int) -> bytes:
    try:
        data = _content(path)
    except OSError as error:
        raise _broken("CheckFailed", f"the capture stage left no {path.name}: {error.strerror}") from error
    if data is None or len(data) > limit:
        raise _wrong("ModelTooLarge", f"{path.name} has more than {limit} bytes")
    return data
