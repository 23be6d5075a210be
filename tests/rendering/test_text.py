"""Reports as people read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from speccheck.rendering.text import Look, replay_text, report_text, summary_text
from speccheck.reports import Path, PropertyResult, Report, State, Verdict

LOOK = Look(width=80, spec_path="specs/dns_balancer")

NAMES = (
    "holds",
    "violation",
    "within_bound",
    "unknown",
    "error",
    "not_found",
    "deadlock",
    "lasso",
    "standing",
    "simulation",
    "simulated_bound",
    "simulated_violation",
    "counts_only",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_the_reviewed_one(
    name: str, reports: dict[str, Report], golden: Callable[[str, str], None]
) -> None:
    golden(f"{name}.txt", report_text(reports[name], LOOK))


def test_witnesses_are_written_where_they_are_asked_for(
    reports: dict[str, Report], golden: Callable[[str, str], None]
) -> None:
    golden("witness.txt", report_text(reports["holds"], replace(LOOK, witnesses=True)))


def test_a_wide_terminal_keeps_values_on_one_line(
    reports: dict[str, Report], golden: Callable[[str, str], None]
) -> None:
    golden("violation_120.txt", report_text(reports["violation"], replace(LOOK, width=120)))


@pytest.mark.parametrize("name", NAMES)
def test_colours_add_nothing_but_escape_sequences(name: str, reports: dict[str, Report]) -> None:
    plain = report_text(reports[name], LOOK)
    colored = report_text(reports[name], replace(LOOK, color=True))
    assert colored != plain
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_of_a_path_stay_within_the_width(width: int, reports: dict[str, Report]) -> None:
    (result, *_) = reports["violation"].properties
    assert result.path is not None
    text = replay_text("dns_balancer", result.path, [], Look(width=width))
    steps = text[text.index("initial state") : text.index("it shows nothing")]
    assert max(map(len, steps.splitlines())) <= width


def test_a_replayed_path_tells_what_it_shows(reports: dict[str, Report], golden: Callable[[str, str], None]) -> None:
    broken, failing = reports["violation"].properties[0], reports["error"].properties[0]
    assert broken.path is not None
    golden("replay.txt", replay_text("dns_balancer, instance n3", broken.path, [broken, failing], LOOK))


def test_only_what_changed_is_told_of_a_step(reports: dict[str, Report]) -> None:
    text = report_text(reports["violation"], LOOK)
    step = text[text.index("2  deployer_gc") :]
    assert 'deployer_next_plan["d1"]: 0 → 1' in step
    assert '"d2"' not in step
    assert "planner_updates" not in step


def test_the_bound_is_said_where_nothing_beyond_it_was_looked_at(reports: dict[str, Report]) -> None:
    text = report_text(reports["within_bound"], LOOK)
    assert "Holds within 10 steps" in text
    assert "Only states within 10 steps of an initial state were visited" in text


def test_text_from_outside_cannot_steer_the_terminal(reports: dict[str, Report]) -> None:
    nasty = "\x1b[2J\x9b31m\u202e"
    state = State((("x", nasty),))
    result = PropertyResult(
        nasty, "invariant", Verdict.VIOLATED, "InvariantViolated", nasty, doc=nasty, path=Path((state, state))
    )
    text = report_text(replace(reports["holds"], properties=(result,), doc=nasty, instance=nasty), LOOK)
    assert not set(text) & {"\x1b", "\x9b", "\u202e"}


def test_a_summary_counts_the_verdicts(reports: dict[str, Report]) -> None:
    assert summary_text([reports["holds"], reports["violation"]]) == "✗ 2 instances: 1 Violated, 1 Holds\n"
