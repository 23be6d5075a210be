"""Reports as JSON: for programs that read a check's answer, and lossless between processes.

`reports_json` gives the one object of `speccheck check --json`: `format`, `verdict`, `distinct`,
`generated`, `depth`, `seconds`, what all reports share (`spec`, `model_digest`, …), `properties` and
`instances`, the same for each instance alone. A property's `path` is an ITF document as `speccheck replay`
takes it. Where there is no report, `error` says why (`error_json`, `failure_json`).
`reports_to_bytes` and `reports_from_bytes` carry whole Reports; what is read back is hostile until it
has passed the size bound, the schema and the checks of this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from speccheck.errors import ModelError, SpecError
from speccheck.rendering.itf import path_itf
from speccheck.rendering.values import verify_value
from speccheck.reports import (
    FORMAT,
    MAX_COVERED,
    Coverage,
    Evaluation,
    Path,
    PropertyResult,
    Report,
    State,
    Verdict,
    worst,
)

MAX_BYTES = 64 << 20
"""How long the JSON of reports from elsewhere may be."""

_WORD = re.compile(r"[A-Za-z]{1,64}")


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """What `reports_to_bytes` writes."""

    format: int
    reports: tuple[Report, ...]


def reports_json(reports: Sequence[Report]) -> dict[str, Any]:
    """One object on everything that was checked.

    With one report its counts stand at the top. With several: the worst verdict, the sums of distinct
    and generated, the depth of the first violation or else the greatest. `instances` has one object
    a report, `properties` those of all. Nothing checked is Unknown.
    """
    each = [report_json(report) for report in reports]
    merged: dict[str, Any] = {
        "format": FORMAT,
        "verdict": (worst([r.verdict for r in reports]) if reports else Verdict.UNKNOWN).value,
        "distinct": sum(r.stats.distinct for r in reports),
        "generated": sum(r.stats.generated for r in reports),
        "depth": _depth(reports),
        "seconds": round(sum(r.stats.seconds for r in reports), 3),
    }
    shared = ("spec", "instance", "model_digest", "source_digest", "engine", "method", "bounds")
    if each:
        merged |= {key: each[0][key] for key in shared if all(one[key] == each[0][key] for one in each)}
    merged["properties"] = [entry for one in each for entry in one["properties"]]
    merged["instances"] = each
    return merged


def _depth(reports: Sequence[Report]) -> int:
    broken = [r for r in reports if any(p.path and _is_counterexample(p) for p in r.properties)]
    return broken[0].depth if broken else max((r.depth for r in reports), default=0)


def _is_counterexample(result: PropertyResult) -> bool:
    return result.verdict in (Verdict.VIOLATED, Verdict.ERROR)


def report_json(report: Report) -> dict[str, Any]:
    """One report as plain data."""
    stats = report.stats
    return {
        "spec": report.spec,
        "instance": report.instance,
        "verdict": report.verdict.value,
        "distinct": stats.distinct,
        "generated": stats.generated,
        "depth": report.depth,
        "deepest": stats.depth,
        "seconds": round(stats.seconds, 3),
        "model_digest": report.model_digest,
        "source_digest": report.source_digest,
        "engine": report.engine,
        "method": report.method,
        "bounds": {k: v for k, v in msgspec.to_builtins(report.bounds).items() if v is not None},
        "walks": stats.walks,
        "actions": {count.action: {"taken": count.taken, "tried": count.tried} for count in stats.actions},
        **({"coverage": [_coverage_json(each) for each in stats.coverage]} if stats.coverage else {}),
        "properties": [_property_json(result, report) for result in report.properties],
    }


def _coverage_json(coverage: Coverage) -> dict[str, Any]:
    return {
        "name": coverage.name,
        "distinct": coverage.distinct,
        "undefined": coverage.undefined,
        "values": [{"value": each.value, "states": each.states} for each in coverage.values],
    }


def _property_json(result: PropertyResult, report: Report) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": result.name,
        "kind": result.kind,
        "instance": report.instance,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "message": result.message,
    }
    if result.path is not None:
        entry |= {"depth": result.path.depth, "path": path_itf(report, result)}
    if result.error is not None:
        entry["error"] = _evaluation_json(result.error)
    return entry


def _evaluation_json(error: Evaluation) -> dict[str, Any]:
    return {
        "reason": error.reason,
        "expression": error.expression,
        "place": error.place,
        "source_line": error.source_line,
        "values": dict(error.values),
    }


def error_json(error: SpecError) -> dict[str, Any]:
    """The object in place of a report where the specification is wrong."""
    span = error.span
    return {
        "format": FORMAT,
        "verdict": Verdict.ERROR.value,
        "error": {
            "code": error.code,
            "message": error.message,
            "file": span.path if span else None,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "hint": error.hint,
        },
    }


def failure_json(code: str, message: str) -> dict[str, Any]:
    """The object in place of a report where there is no answer and the specification is not to blame."""
    error = {"code": code, "message": message, "file": None, "line": None, "column": None, "hint": ""}
    return {"format": FORMAT, "verdict": Verdict.UNKNOWN.value, "error": error}


def report_to_bytes(report: Report) -> bytes:
    """One whole report as JSON."""
    return reports_to_bytes((report,))


def report_from_bytes(data: bytes, *, max_bytes: int = MAX_BYTES) -> Report:
    """The one report in what `report_to_bytes` wrote.

    Raises ModelError where the data is anything else.
    """
    reports = reports_from_bytes(data, max_bytes=max_bytes)
    if len(reports) != 1:
        raise ModelError(f"one report was expected, the data has {len(reports)}")
    return reports[0]


def reports_to_bytes(reports: Sequence[Report]) -> bytes:
    """Whole reports as JSON: `{"format": …, "reports": […]}`."""
    return msgspec.json.encode(_Envelope(FORMAT, tuple(reports)))


def reports_from_bytes(data: bytes, *, max_bytes: int = MAX_BYTES) -> tuple[Report, ...]:
    """What `reports_to_bytes` wrote.

    Raises ModelError where the data is too long, of another format, against the schema, or holds
    values, paths or words that no report has.
    """
    if len(data) > max_bytes:
        raise ModelError(f"reports of {len(data):,} bytes are refused; the most is {max_bytes:,}")
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelError(f"not a report: {error}") from error
    if envelope.format != FORMAT:
        raise ModelError(f"reports of format {envelope.format} are refused; this speccheck reads format {FORMAT}")
    for report in envelope.reports:
        _verify_report(report)
    return envelope.reports


def _verify_report(report: Report) -> None:
    stats = report.stats
    counts = (
        stats.distinct,
        stats.generated,
        stats.depth,
        stats.walks,
        *(n for a in stats.actions for n in (a.taken, a.tried)),
    )
    if min(counts) < 0 or not (math.isfinite(stats.seconds) and stats.seconds >= 0):
        raise ModelError("not a report: counts and times are never negative")
    for coverage in stats.coverage:
        _verify_coverage(coverage)
    for result in report.properties:
        _verify_result(result)


def _verify_coverage(coverage: Coverage) -> None:
    counts = (coverage.undefined, coverage.distinct - len(coverage.values), *(each.states for each in coverage.values))
    if min(counts) < 0 or len(coverage.values) > MAX_COVERED:
        raise ModelError(f"not a report: the counts of coverage {coverage.name[:80]!r} do not fit each other")
    for each in coverage.values:
        verify_value(each.value, f"coverage.{coverage.name[:80]}")


def _verify_result(result: PropertyResult) -> None:
    place = f"property {result.name[:80]!r}"
    if not (_WORD.fullmatch(result.kind) and _WORD.fullmatch(result.reason)):
        raise ModelError(f"{place}: its kind and its reason should each be one word")
    if result.path is not None:
        _verify_path(result.path, f"{place}.path")
    for name, value in result.error.values if result.error else ():
        verify_value(value, f"{place}.error.{name[:80]}")


def _verify_path(path: Path, place: str) -> None:
    if not path.states:
        raise ModelError(f"{place}: a path has at least its initial state")
    if path.loop is not None and not 0 <= path.loop < len(path.states):
        raise ModelError(f"{place}: the loop starts at state {path.loop}, which is not in the path")
    for n, state in enumerate(path.states):
        _verify_state(state, f"{place}.states[{n}]")


def _verify_state(state: State, place: str) -> None:
    named = [*state.values, *((choice.name, choice.value) for choice in state.choices)]
    for name, value in [*named, *(argument for call in state.label for argument in call.args)]:
        verify_value(value, f"{place}.{name[:80]}")
