"""The table of reasons."""

import re
from typing import get_args

import pytest

from speccheck.reports import REASONS as PROPERTY_REASONS
from speccheck.resource.events import EventReason
from speccheck.resource.outcomes import _CAPTURE_REASONS, _CHECK_REASONS
from speccheck.resource.reasons import REASONS, Fault, is_authors, told


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_a_word_and_says_what_it_means(reason: str) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]{2,127}", reason)
    assert REASONS[reason].meaning
    assert not REASONS[reason].meaning.endswith(".")


@pytest.mark.parametrize("reason", [name for name, r in REASONS.items() if r.fault is not Fault.NOBODY])
def test_a_fault_has_a_way_out(reason: str) -> None:
    assert REASONS[reason].way_out


def test_every_reason_that_stages_and_events_give_is_known() -> None:
    assert _CAPTURE_REASONS | _CHECK_REASONS | set(get_args(EventReason)) - {"CheckSucceeded"} <= set(REASONS)


def test_a_word_that_reports_use_too_means_the_same_thing() -> None:
    assert set(REASONS) & set(PROPERTY_REASONS) == {"InvariantViolated", "DeadlockFound"}


def test_a_message_is_the_detail_and_the_way_out_once() -> None:
    assert told("Evicted", "node was low on memory.") == (
        "node was low on memory; change the annotation speccheck.dev/requested-at to check again"
    )
    assert told("CheckStarted") == "the check is under way"
    assert told("SourceNotFound", told("SourceNotFound")) == told("SourceNotFound")


def test_whose_turn_it_is() -> None:
    assert is_authors("SpecInvalid")
    assert not is_authors("Evicted")
    assert not is_authors("Unheard")
