"""Reports as JSON, for programs and between processes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from speccheck.errors import ModelError, Span, SpecError
from speccheck.rendering.json import (
    error_json,
    failure_json,
    report_from_bytes,
    report_json,
    report_to_bytes,
    reports_from_bytes,
    reports_json,
    reports_to_bytes,
)
from speccheck.reports import Path, Report

KINDS = ("holds", "violation", "within_bound", "unknown", "error", "deadlock", "lasso", "simulation", "counts_only")


@pytest.mark.parametrize("name", KINDS)
def test_a_report_crosses_processes_unchanged(name: str, reports: dict[str, Report]) -> None:
    assert report_from_bytes(report_to_bytes(reports[name])) == reports[name]


def test_several_reports_cross_together(reports: dict[str, Report]) -> None:
    several = tuple(reports.values())
    assert reports_from_bytes(reports_to_bytes(several)) == several
    with pytest.raises(ModelError, match=f"has {len(several)}"):
        report_from_bytes(reports_to_bytes(several))


@pytest.mark.parametrize("name", KINDS)
def test_every_report_is_plain_data(name: str, reports: dict[str, Report]) -> None:
    data = reports_json([reports[name]])
    assert json.loads(json.dumps(data)) == data


def test_with_one_instance_the_counts_at_the_top_are_its_own(reports: dict[str, Report]) -> None:
    data = reports_json([reports["violation"]])
    assert (data["verdict"], data["distinct"], data["generated"], data["depth"]) == ("Violated", 12_345, 45_678, 2)
    assert (data["spec"], data["instance"], data["engine"]) == ("dns_balancer", "n3", "reference")
    assert [p["name"] for p in data["properties"]] == ["no_inconsistent_root", "bounded"]
    broken = data["properties"][0]
    assert (broken["kind"], broken["instance"], broken["verdict"]) == ("invariant", "n3", "Violated")
    assert (broken["reason"], broken["depth"]) == ("InvariantViolated", 2)


def test_without_a_counterexample_depth_is_that_of_the_deepest_state(reports: dict[str, Report]) -> None:
    assert reports_json([reports["holds"]])["depth"] == 17


def test_with_several_instances_counts_are_summed_and_the_verdict_is_the_worst(reports: dict[str, Report]) -> None:
    other = replace(reports["violation"], instance="n5")
    data = reports_json([reports["holds"], other])
    assert (data["verdict"], data["distinct"], data["generated"], data["depth"]) == ("Violated", 24_690, 91_356, 2)
    assert "instance" not in data
    assert [one["instance"] for one in data["instances"]] == ["n3", "n5"]
    assert [p["instance"] for p in data["properties"]] == ["n3", "n3", "n5", "n5"]


def test_nothing_checked_is_not_an_answer() -> None:
    assert reports_json([])["verdict"] == "Unknown"


def test_an_evaluation_error_says_what_and_where(reports: dict[str, Report]) -> None:
    (entry,) = report_json(reports["error"])["properties"]
    assert entry["error"]["expression"] == "s.x // s.y"
    assert entry["error"]["place"] == "dns_balancer.py:12:12"
    assert entry["error"]["values"]["s.y"] == {"#bigint": "0"}


def test_the_path_of_a_property_is_a_document_of_its_own(reports: dict[str, Report]) -> None:
    path = report_json(reports["violation"])["properties"][0]["path"]
    assert path["#meta"]["property"] == "no_inconsistent_root"
    assert len(path["states"]) == 3


def test_a_wrong_specification_is_an_object_too() -> None:
    error = SpecError("bad", "it is bad", hint="be good", span=Span("a.py", 3, 7))
    assert error_json(error) == {
        "format": 1,
        "verdict": "Error",
        "error": {"code": "bad", "message": "it is bad", "file": "a.py", "line": 3, "column": 7, "hint": "be good"},
    }


def test_a_failure_gives_no_verdict_on_the_specification() -> None:
    data = failure_json("usage", "no such file: x")
    assert data["verdict"] == "Unknown"
    assert data["error"]["code"] == "usage"


def envelope(report: Report) -> Any:
    return json.loads(report_to_bytes(report))


def refusal(data: Any) -> str:
    with pytest.raises(ModelError) as caught:
        reports_from_bytes(json.dumps(data).encode())
    return str(caught.value)


def test_what_is_not_a_report_is_refused(reports: dict[str, Report]) -> None:
    good = envelope(reports["violation"])
    assert "not a report" in refusal([])
    assert "format 2" in refusal(good | {"format": 2})
    assert "unknown field" in refusal(good | {"more": 1})
    assert "$.reports[0]" in refusal({"format": 1, "reports": [{"spec": 3}]})


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("stats", "distinct"), -1, "never negative"),
        (("stats", "seconds"), -0.5, "never negative"),
        (("properties", 0, "verdict"), "Great", "Great"),
        (("properties", 0, "kind"), "a b", "one word"),
        (("properties", 0, "reason"), "x\ny", "one word"),
        (("properties", 0, "path", "states"), [], "at least its initial state"),
        (("properties", 0, "path", "loop"), 9, "not in the path"),
        (("properties", 0, "path", "states", 0, "values", 0, 1), None, "planner_updates: None"),
        (("properties", 0, "path", "states", 1, "label", 0, "args", 0, 1), 1.5, "plan: 1.5"),
        (("properties", 0, "path", "states", 1, "choices", 0, "value"), {"#x": 1}, "plan: "),
    ],
)
def test_hostile_reports_are_refused_with_the_place(
    place: tuple[Any, ...], value: Any, message: str, reports: dict[str, Report]
) -> None:
    data = envelope(reports["violation"])
    spot = data["reports"][0]
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    assert message in refusal(data)


def test_bottomless_json_is_refused(reports: dict[str, Report]) -> None:
    data = report_to_bytes(reports["violation"]).replace(b'"10.0.0.2"', b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(ModelError, match="not a report"):
        reports_from_bytes(data)


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(ModelError, match="11 bytes are refused"):
        reports_from_bytes(b"x" * 11, max_bytes=10)


def test_times_that_are_no_numbers_do_not_come_through(reports: dict[str, Report]) -> None:
    timeless = replace(reports["holds"], stats=replace(reports["holds"].stats, seconds=float("nan")))
    with pytest.raises(ModelError):
        report_from_bytes(report_to_bytes(timeless))


def test_a_path_without_an_end_is_kept_whole(reports: dict[str, Report]) -> None:
    (result,) = reports["lasso"].properties
    assert isinstance(result.path, Path)
    again = report_from_bytes(report_to_bytes(reports["lasso"])).properties[0].path
    assert again is not None
    assert again.loop == 1


def test_the_bytes_say_their_format(reports: dict[str, Report]) -> None:
    assert msgspec.json.decode(report_to_bytes(reports["holds"]))["format"] == 1
