"""Verdicts in words."""

from __future__ import annotations

import pytest

from speccheck.rendering.verdicts import answer, bound_text, counted, sign, style, way_out
from speccheck.reports import REASONS, Bounds, PropertyResult, Verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_sign_and_a_colour(verdict: Verdict) -> None:
    assert len(sign(verdict)) == 1
    assert style(verdict) in ("good", "bad", "warning")


@pytest.mark.parametrize("verdict", Verdict)
def test_the_word_is_always_there(verdict: Verdict) -> None:
    word = {Verdict.HOLDS_WITHIN_BOUND: "Holds within 3 steps"}.get(verdict, verdict.value)
    assert answer(PropertyResult("p", "invariant", verdict, "Timeout"), Bounds(max_steps=3)).startswith(word)


@pytest.mark.parametrize(
    "reason", ["Timeout", "MemoryLimit", "BoundReached", "TooLarge", "Sampled", "FailFast", "Interrupted"]
)
def test_every_limit_has_a_way_out(reason: str) -> None:
    assert reason in REASONS
    assert way_out(reason, Bounds(walks=3 if reason == "Sampled" else None))


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Bounds(max_steps=1), "1 step"),
        (Bounds(walks=1000, max_steps=30), "1,000 random walks of up to 30 steps"),
        (Bounds(), "the bound asked for"),
    ],
)
def test_bounds_in_words(bounds: Bounds, text: str) -> None:
    assert bound_text(bounds) == text


def test_a_reason_of_its_own_is_told_as_it_is() -> None:
    result = PropertyResult("p", "invariant", Verdict.UNKNOWN, "OddReason", "for an odd reason")
    assert answer(result, Bounds()) == "Unknown: for an odd reason"


def test_counting() -> None:
    assert [counted(n, "step") for n in (0, 1, 2, 12_345)] == ["0 steps", "1 step", "2 steps", "12,345 steps"]
