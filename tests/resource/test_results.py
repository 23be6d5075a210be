"""What is kept of a check."""

import random
from dataclasses import replace

import msgspec
import pytest
from tests.resource.bodies import FAILED, HOLDS, MODEL, NOT_FOUND, UNDECIDED, VIOLATED, WITHIN, document, report

from speccheck.errors import ModelError
from speccheck.reports import Path, State
from speccheck.resource.results import (
    ARCHIVE_LIMIT_BYTES,
    archive_of,
    model_in,
    reports_in,
    rows_of,
    seconds_of,
    states_of,
)

EVERY = document(report(HOLDS, WITHIN, UNDECIDED), report(VIOLATED, FAILED, NOT_FOUND, instance="n5", states=10))


def noise(size: int) -> str:
    """Text that does not compress, the same each time."""
    return "".join(random.Random(size).choices("0123456789abcdef", k=size))


def test_rows_are_worst_first_and_then_in_order() -> None:
    assert [(row.instance, row.property, row.verdict) for row in rows_of(EVERY)] == [
        ("n5", "ratio", "Error"),
        ("n5", "no_inconsistent_root", "Violated"),
        ("n5", "gc_fires", "Violated"),
        ("n3", "bounded", "Unknown"),
        ("n3", "bounded", "HoldsWithinBound"),
        ("n3", "bounded", "Holds"),
    ]


def test_a_row_has_the_path_in_one_line_and_its_steps() -> None:
    row = rows_of(document(report(VIOLATED)))[0]
    assert row.path == 'init → planner_publish(1) → deployer_apply("a", 1)'
    assert (row.depth, row.states, row.generated, row.seconds) == (2, 288, 1146, 1.25)


def test_a_row_says_what_has_no_value_and_where() -> None:
    assert rows_of(document(report(FAILED)))[0].message == "dns_balancer.py:12:12: s.x // s.y: division by zero"


def test_a_row_shows_the_authors_line_where_it_is_known() -> None:
    assert FAILED.error is not None
    lined = replace(FAILED, error=replace(FAILED.error, source_line="\treturn  s.x // s.y > 0"))
    message = "dns_balancer.py:12:12: s.x // s.y: division by zero"
    assert rows_of(document(report(lined)))[0].message == f"{message}, in the line: return s.x // s.y > 0"
    long = replace(FAILED, error=replace(FAILED.error, source_line="x" * 1000))
    assert len(rows_of(document(report(long)))[0].message) == len(message) + len(", in the line: ") + 160


def test_totals_are_over_instances() -> None:
    assert states_of(EVERY) == 298
    assert seconds_of(EVERY) == 2.5


def test_an_archive_reads_back() -> None:
    archive = archive_of(EVERY)
    status = {"reports": archive.reports, "model": archive.model}
    assert model_in(status) == MODEL
    assert reports_in(status) == EVERY.reports
    assert archive.omitted_paths == 0


def test_a_run_without_answer_has_none() -> None:
    assert model_in({}) is None
    assert reports_in({}) == ()


def test_paths_that_do_not_fit_are_left_out_and_counted() -> None:
    long = [
        replace(VIOLATED, path=Path(tuple(State((("text", noise(30_000 + n)),)) for n in range(states))))
        for states in range(1, 12)
    ]
    archive = archive_of(document(*(report(each) for each in long)))
    assert len(archive.reports) + len(archive.model) <= ARCHIVE_LIMIT_BYTES
    assert 0 < archive.omitted_paths < len(long)
    kept = reports_in({"reports": archive.reports})
    depths = [p.path.depth for r in kept for p in r.properties if p.path]
    assert depths == list(range(len(long) - archive.omitted_paths))
    assert len(kept) == len(long)


def test_a_model_that_does_not_fit_is_left_out() -> None:
    large = replace(EVERY, model=msgspec.json.encode(noise(3_000_000)))
    archive = archive_of(large)
    assert archive.model == ""
    assert reports_in({"reports": archive.reports}) == EVERY.reports


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        ("***", "status.model of a run does not unpack"),
        ("AAAA", "status.model of a run does not unpack"),
        (archive_of(EVERY).model[:-8], "does not unpack|is cut short, or has more than"),
    ],
)
def test_what_does_not_unpack_is_refused(packed: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        model_in({"model": packed})
