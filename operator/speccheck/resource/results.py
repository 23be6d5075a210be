"""What is kept of a check in its SpecCheckRun: rows to read, and the whole result, compressed.

Takes a Document; gives rows (bounded, worst first) and an Archive within 900 KiB, and reads both back. What is
read back came through the API server and is checked again.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from speccheck.errors import ModelError
from speccheck.rendering.json import reports_from_bytes, reports_to_bytes
from speccheck.reports import PropertyResult, Report
from speccheck.resource.documents import (
    MODEL_LIMIT_BYTES,
    REPORTS_LIMIT_BYTES,
    Document,
    without_longest_paths,
)
from speccheck.resource.paths import compact, cut

ROWS_LIMIT = 50
MESSAGE_LIMIT = 512
LINE_LIMIT = 160
ARCHIVE_LIMIT_BYTES = 900 * 1024
"""What reports and Model may take in a SpecCheckRun, in base64."""


class Row(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """The verdict on one property in one instance. `path` is its path in one line, `depth` its steps;
    without a path, `depth` is the steps to the deepest state seen. `states` and `seconds` are the instance's."""

    instance: str = ""
    property: str
    kind: str
    verdict: str
    reason: str
    message: str = ""
    depth: int = 0
    states: int = 0
    generated: int = 0
    seconds: float = 0.0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """Reports and Model, each compressed and in base64; "" for a Model that does not fit."""

    reports: str
    model: str
    omitted_paths: int


def rows_of(document: Document) -> tuple[Row, ...]:
    """A row for each property and instance, worst first, else in the reports' order."""
    pairs = [(report, result) for report in document.reports for result in report.properties]
    pairs.sort(key=lambda pair: pair[1].verdict.rank)
    return tuple(_row(report, result) for report, result in pairs)


def states_of(document: Document) -> int:
    """Distinct states over all instances."""
    return sum(report.stats.distinct for report in document.reports)


def seconds_of(document: Document) -> float:
    """The engine's seconds over all instances."""
    return round(sum(report.stats.seconds for report in document.reports), 3)


def _row(report: Report, result: PropertyResult) -> Row:
    return Row(
        instance=report.instance,
        property=result.name,
        kind=result.kind,
        verdict=result.verdict.value,
        reason=result.reason,
        message=cut(_message(result), MESSAGE_LIMIT),
        depth=result.path.depth if result.path else report.stats.depth,
        states=report.stats.distinct,
        generated=report.stats.generated,
        seconds=round(report.stats.seconds, 3),
        path=compact(result.path) if result.path else "",
    )


def _message(result: PropertyResult) -> str:
    if result.error is None:
        return result.message
    error = result.error
    line = " ".join(error.source_line.split())
    shown = f", in the line: {cut(line, LINE_LIMIT)}" if line else ""
    return f"{error.place}: {error.expression}: {error.reason}{shown}"


def archive_of(document: Document) -> Archive:
    """The document within the archive's limit: longest paths left out and counted, then the Model."""
    model = _packed(document.model)
    if len(model) > ARCHIVE_LIMIT_BYTES - 64 * 1024:
        model = ""
    while len(reports := _packed(reports_to_bytes(document.reports))) + len(model) > ARCHIVE_LIMIT_BYTES:
        shorter = without_longest_paths(document)
        if shorter is document:
            return Archive("", model, document.omitted_paths)
        document = shorter
    return Archive(reports, model, document.omitted_paths)


def model_in(status: Mapping[str, Any]) -> bytes | None:
    """The Model's JSON kept in a run's status, None where there is none; ModelError where it does not unpack.

    It is as hostile as any Model from outside until `ir.verify` has passed it.
    """
    packed = str(status.get("model") or "")
    return _unpacked("model", packed, MODEL_LIMIT_BYTES) if packed else None


def reports_in(status: Mapping[str, Any]) -> tuple[Report, ...]:
    """The reports kept in a run's status; ModelError where they do not unpack."""
    packed = str(status.get("reports") or "")
    if not packed:
        return ()
    return reports_from_bytes(_unpacked("reports", packed, REPORTS_LIMIT_BYTES), max_bytes=REPORTS_LIMIT_BYTES)


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _unpacked(name: str, packed: str, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(base64.b64decode(packed, validate=True), limit)
    except (binascii.Error, zlib.error) as error:
        raise ModelError(f"status.{name} of a run does not unpack: {error}") from None
    if not inflater.eof:
        raise ModelError(f"status.{name} of a run is cut short, or has more than {limit} bytes")
    return data
