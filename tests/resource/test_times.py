"""Times as the API writes them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from speccheck.resource.times import micro_time_text, time_in, time_of, time_text

MOMENT = datetime(2026, 11, 22, 3, 4, 5, 678901, tzinfo=UTC)


def test_texts() -> None:
    assert time_text(MOMENT) == "2026-11-22T03:04:05Z"
    assert micro_time_text(MOMENT) == "2026-11-22T03:04:05.678901Z"


def test_other_zones_become_utc() -> None:
    assert time_of("2026-11-22T05:04:05+02:00") == datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
    assert time_of("2026-11-22T03:04:05").tzinfo is UTC


def test_an_absent_time_is_none() -> None:
    assert time_in({}, "startedAt") is None
    assert time_in({"startedAt": "2026-11-22T03:04:05Z"}, "startedAt") == MOMENT.replace(microsecond=0)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1)))
def test_a_micro_time_reads_back_to_the_microsecond(time: datetime) -> None:
    assert time_of(micro_time_text(time.replace(tzinfo=UTC))) == time.replace(tzinfo=UTC)
