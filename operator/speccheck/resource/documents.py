"""What passes between the operator and the two stages of a checker pod, as data with a JSON form.

`CheckRequest` goes in, as an argument. A `Document` comes out of the check: its reports with the Model they are
about. A `Refusal` comes out instead where a stage could not do its work. Whatever is read here is
hostile until it fits: it raises ModelError, never anything else.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from speccheck.errors import EngineError, ModelError
from speccheck.rendering.json import reports_from_bytes, reports_to_bytes
from speccheck.reports import Report, worst
from speccheck.resource.paths import cut_bytes

FORMAT = 1
MODEL_LIMIT_BYTES = 16 * 1024 * 1024
REPORTS_LIMIT_BYTES = 8 * 1024 * 1024
DOCUMENT_LIMIT_BYTES = MODEL_LIMIT_BYTES + REPORTS_LIMIT_BYTES + 4096
REFUSAL_LIMIT_BYTES = 4096
"""As much of a termination message as Kubernetes keeps."""

_Form = TypeVar("_Form")


class _Wire(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of what crosses a process boundary."""


class CheckOrder(_Wire, frozen=True, kw_only=True):
    """What to explore: as `spec.check` has it, the time limit in seconds; empty lists are all there are."""

    instances: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    method: str = "Explore"
    walks: int | None = None
    seed: int = 0
    max_steps: int | None = None
    deadlock: bool = False
    timeout_s: float = 600.0


class CheckRequest(_Wire, frozen=True, kw_only=True):
    """The check stage's order. Without `check` the Model is verified and handed on, and nothing is explored."""

    check: CheckOrder | None = None
    format: int = FORMAT


class Refusal(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a stage says in its container's termination message where it has no document.

    `reason` is one of `reasons.REASONS` (Captured where all went well); `file`, `line`, `column`, `code` and
    `hint` are those of a SpecError; `output` is the end of what the spec printed.
    """

    stage: str = ""
    reason: str
    message: str = ""
    code: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    source_digest: str = ""
    model_digest: str = ""
    output: str = ""

    @property
    def text(self) -> str:
        """The refusal in one sentence: where, what, the way out."""
        where = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        return f"{where}{self.message}{f' ({self.hint})' if self.hint else ''}"


@dataclass(frozen=True, slots=True)
class Document:
    """A check's result. `model` is the Model's JSON form; `omitted_paths` counts what was left out to fit."""

    source_digest: str
    model_digest: str
    model: bytes
    reports: tuple[Report, ...]
    omitted_paths: int = 0


class _DocumentForm(_Wire, frozen=True, kw_only=True):
    format: int
    source_digest: str
    model_digest: str
    omitted_paths: int
    model: msgspec.Raw
    reports: msgspec.Raw


def request_bytes(request: CheckRequest) -> bytes:
    """The JSON form of a check stage's order."""
    return msgspec.json.encode(request)


def request_from(data: bytes | str) -> CheckRequest:
    """The order in its JSON form; ModelError where it is none."""
    request = _decoded("a check request", lambda: msgspec.json.decode(data, type=CheckRequest))
    _same_format("a check request", request.format)
    return request


def refusal_bytes(refusal: Refusal) -> bytes:
    """The JSON form of a refusal, cut to what Kubernetes keeps of a termination message: the output first."""
    for limit in (2048, 1024, 512, 256, 128, 0):
        for name in ("output", "hint", "message"):
            data = msgspec.json.encode(refusal)
            if len(data) <= REFUSAL_LIMIT_BYTES:
                return data
            refusal = msgspec.structs.replace(refusal, **{name: cut_bytes(getattr(refusal, name), limit)})
    return msgspec.json.encode(Refusal(stage=refusal.stage, reason=refusal.reason))


def refusal_from(data: bytes | str) -> Refusal | None:
    """The refusal in a termination message; None where it holds none, for a stage may die without one."""
    try:
        return msgspec.json.decode(data, type=Refusal)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def document_bytes(document: Document) -> bytes:
    """The JSON form of a document."""
    form = _DocumentForm(
        format=FORMAT,
        source_digest=document.source_digest,
        model_digest=document.model_digest,
        omitted_paths=document.omitted_paths,
        model=msgspec.Raw(document.model),
        reports=msgspec.Raw(reports_to_bytes(document.reports)),
    )
    return msgspec.json.encode(form)


def document_from(data: bytes) -> Document:
    """The document in its JSON form; ModelError where it is none, or too large. The Model in it is not looked into."""
    if len(data) > DOCUMENT_LIMIT_BYTES:
        raise ModelError(f"a document has {len(data)} bytes, more than {DOCUMENT_LIMIT_BYTES}")
    form = _decoded("a document", lambda: msgspec.json.decode(data, type=_DocumentForm))
    _same_format("a document", form.format)
    reports = reports_from_bytes(bytes(form.reports), max_bytes=REPORTS_LIMIT_BYTES)
    return Document(form.source_digest, form.model_digest, bytes(form.model), reports, form.omitted_paths)


def verdict_of(document: Document) -> str:
    """The worst verdict over a document's reports; Holds where nothing was asked."""
    return worst([report.verdict for report in document.reports]).value


def fitted(document: Document, size_bytes: int) -> Document:
    """The document with as many paths left out, longest first, and counted, as it takes to fit when compressed.

    Raises EngineError where it does not fit without any path: then the Model itself is too large.
    """
    while len(data := document_bytes(document)) > DOCUMENT_LIMIT_BYTES or len(zlib.compress(data)) > size_bytes:
        shorter = without_longest_paths(document)
        if shorter is document:
            raise EngineError(
                f"the spec's model has {len(document.model)} bytes and does not fit into a result of "
                f"{size_bytes} bytes; make the spec smaller, or check fewer instances at a time"
            )
        document = shorter
    return document


def without_longest_paths(document: Document) -> Document:
    """The document without the longest quarter of its paths; the same document where it has none."""
    lengths = [len(p.path.states) for report in document.reports for p in report.properties if p.path]
    if not lengths:
        return document
    dropped = sorted(lengths)[-max(1, len(lengths) // 4) :]
    reports = tuple(_without(report, dropped[0]) for report in document.reports)
    kept = sum(1 for report in reports for p in report.properties if p.path)
    return replace(document, reports=reports, omitted_paths=document.omitted_paths + len(lengths) - kept)


def _without(report: Report, states: int) -> Report:
    """The report without paths of that many states or more."""
    kept = tuple(replace(p, path=None) if p.path and len(p.path.states) >= states else p for p in report.properties)
    return replace(report, properties=kept)


def _decoded(what: str, decode: Callable[[], _Form]) -> _Form:
    try:
        return decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ModelError(f"{what} is not well-formed: {error}") from None


def _same_format(what: str, found: Any) -> None:
    if found != FORMAT:
        raise ModelError(f"{what} has format {found} and this version reads {FORMAT}; use one image for all containers")
