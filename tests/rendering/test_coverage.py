"""What coverage functions have counted, in a report's text and in its JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from speccheck.errors import ModelError
from speccheck.rendering.json import report_from_bytes, report_json, report_to_bytes
from speccheck.rendering.text import report_text
from speccheck.reports import Coverage, Covered, Report


def number(value: int) -> Any:
    """An integer in ITF."""
    return {"#bigint": str(value)}


PHASE = Coverage(
    "phase", 3, (Covered(number(1), 1_200), Covered(number(2), 5), Covered(number(7), 1)), 0, "How far it is."
)


def covered(reports: dict[str, Report], *coverage: Coverage) -> Report:
    report = reports["holds"]
    return replace(report, stats=replace(report.stats, coverage=coverage))


def test_the_text_tells_the_number_of_values_and_the_first_of_them(reports: dict[str, Report]) -> None:
    assert "Coverage phase: 3 values: 1 (1,200), 2 (5), 7 (1)." in report_text(covered(reports, PHASE))
    many = Coverage("many", 40, tuple(Covered(number(n), 1) for n in range(40)), undefined=1)
    text = " ".join(report_text(covered(reports, many)).split())
    assert "Coverage many: 40 values: 0 (1), 1 (1)" in text
    assert "11 (1), …; without a value in 1 state." in text
    assert "Coverage" not in report_text(reports["holds"])


def test_the_json_has_all_of_it(reports: dict[str, Report]) -> None:
    assert report_json(covered(reports, PHASE))["coverage"] == [
        {
            "name": "phase",
            "distinct": 3,
            "undefined": 0,
            "values": [
                {"value": number(1), "states": 1_200},
                {"value": number(2), "states": 5},
                {"value": number(7), "states": 1},
            ],
        }
    ]
    assert "coverage" not in report_json(reports["holds"])


def test_a_report_with_coverage_crosses_processes(reports: dict[str, Report]) -> None:
    report = covered(reports, PHASE)
    assert report_from_bytes(report_to_bytes(report)) == report


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PHASE, distinct=2),
        replace(PHASE, undefined=-1),
        replace(PHASE, values=(Covered(number(1), -1),)),
        replace(PHASE, values=(Covered({"#bigint": "x"}, 1),)),
        replace(PHASE, distinct=999, values=PHASE.values * 50),
    ],
)
def test_counts_that_do_not_fit_are_refused(reports: dict[str, Report], wrong: Coverage) -> None:
    with pytest.raises(ModelError, match="coverage"):
        report_from_bytes(msgspec.json.encode(msgspec.json.decode(report_to_bytes(covered(reports, wrong)))))
