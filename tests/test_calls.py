"""The calls for programs: they answer as the command line does."""

from __future__ import annotations

from pathlib import Path

import pytest

from speccheck import capture, check, replay, simulate
from speccheck.errors import ModelError, UsageError
from speccheck.ir.models import Model
from speccheck.rendering.itf import path_itf
from speccheck.reports import Verdict

SPECS = Path(__file__).resolve().parents[1] / "specs"


@pytest.fixture(scope="module")
def jugs() -> Model:
    return capture(SPECS / "die_hard.py")


def test_a_check_of_one_instance(jugs: Model) -> None:
    report = check(jugs, instance="film", properties=["big_jug_is_never_four"])
    assert (report.verdict, report.depth) == (Verdict.VIOLATED, 6)
    assert check(jugs, instance="film").stats.distinct == 16


def test_bounds_are_passed_on(jugs: Model) -> None:
    assert check(jugs, instance="film", properties=["big_jug_is_never_four"], max_steps=3).verdict is (
        Verdict.HOLDS_WITHIN_BOUND
    )
    assert {p.name for p in check(jugs, instance="film", deadlock=True).properties} > {"deadlock"}


def test_a_simulation_is_the_same_for_the_same_seed(jugs: Model) -> None:
    first, second = (simulate(jugs, walks=5, max_steps=10, seed=3, instance="film").properties for _ in range(2))
    assert first == second


def test_a_path_is_replayed_from_a_report_and_from_a_document(jugs: Model) -> None:
    report = check(jugs, instance="film", properties=["big_jug_is_never_four"])
    (result,) = report.properties
    assert result.path is not None
    assert replay(jugs, result.path, instance="film") == result.path
    assert replay(jugs, path_itf(report, result), instance="film") == result.path
    with pytest.raises(ModelError):
        replay(jugs, result.path, instance="threes")


def test_an_instance_has_to_be_named_where_there_are_several(jugs: Model) -> None:
    with pytest.raises(UsageError, match="die_hard has 2 instances; give instance=, one of: film, threes"):
        check(jugs)
