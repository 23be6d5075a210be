"""When scheduled checks are due."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import request

from speccheck.resource.requests import Request
from speccheck.resource.schedules import JITTER_LIMIT_S, due_tick, next_wake


def daily(zone: str | None = None, **fields: object) -> Request:
    return request({"check": {"schedule": "0 3 * * *"} | ({"timeZone": zone} if zone else {}), **fields})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_no_schedule_is_never_due() -> None:
    assert due_tick(request(), at(1, 0), at(30, 0)) is None
    assert next_wake(request(), at(1, 0)) is None


def test_a_suspended_schedule_is_never_due() -> None:
    assert due_tick(daily(suspend=True), at(1, 0), at(30, 0)) is None
    assert next_wake(daily(suspend=True), at(1, 0)) is None


def test_missed_ticks_collapse_into_the_last() -> None:
    assert due_tick(daily(), at(1, 0), at(22, 10)) == at(22, 3)


def test_a_tick_that_had_its_run_is_not_due_again() -> None:
    assert due_tick(daily(), at(22, 3, 2), at(22, 10)) is None


def test_a_run_is_not_due_before_its_jitter_has_passed() -> None:
    start = next_wake(daily(), at(22, 2))
    assert start is not None
    assert at(22, 3) <= start <= at(22, 3) + timedelta(seconds=JITTER_LIMIT_S)
    assert due_tick(daily(), at(21, 4), start - timedelta(seconds=1)) is None
    assert due_tick(daily(), at(21, 4), start) == at(22, 3)


def test_jitter_spreads_specchecks_and_is_the_same_each_day() -> None:
    starts = {next_wake(request({"check": {"schedule": "0 3 * * *"}}, uid=f"uid-{n}"), at(22, 2)) for n in range(40)}
    assert len(starts) > 30
    today, tomorrow = next_wake(daily(), at(22, 2)), next_wake(daily(), at(23, 2))
    assert today is not None
    assert tomorrow == today + timedelta(days=1)


def test_jitter_is_at_most_a_tenth_of_the_time_to_the_next_tick() -> None:
    every_minute = request({"check": {"schedule": "* * * * *"}})
    wake = next_wake(every_minute, at(22, 2))
    assert wake is not None
    assert (wake - at(22, 2)) % timedelta(minutes=1) <= timedelta(seconds=6)


def test_a_time_zone_is_heeded_over_the_change_of_the_clocks() -> None:
    berlin = daily("Europe/Berlin")
    summer = due_tick(berlin, datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
    winter = due_tick(berlin, datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert summer == datetime(2026, 10, 24, 1, tzinfo=UTC)
    assert winter == datetime(2026, 10, 25, 2, tzinfo=UTC)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_waking_when_told_to_finds_something_due(after_s: int, uid: int) -> None:
    asked = request({"check": {"schedule": "*/7 1-5 * * 1,4"}}, uid=str(uid))
    now = at(1, 0) + timedelta(seconds=after_s)
    wake = next_wake(asked, now)
    assert wake is not None
    assert wake > now
    assert due_tick(asked, wake - timedelta(minutes=7), wake) is not None
