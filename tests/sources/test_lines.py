"""Lines of JSON as observations: what is read, what is refused and why, and that nothing stops the reading."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.sources.lines import Refused, line_of, observation_of, read
from speccheck.sources.observations import Event, Kind, Observation

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
OBSERVATIONS = st.builds(
    Observation,
    st.datetimes(timezones=st.just(UTC)),
    st.text(max_size=5),
    st.none() | st.integers(0, 2**63 - 1),
    st.sampled_from([Kind.ADDED, Kind.MODIFIED, Kind.DELETED]),
    st.none() | st.builds(Event, st.text(min_size=1, max_size=5), OBJECTS),
    OBJECTS,
)


@given(OBSERVATIONS)
def test_every_observation_is_one_line_and_comes_back(observation: Observation) -> None:
    line = line_of(observation)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert observation_of(line) == observation


def test_only_the_time_and_what_was_seen_are_needed() -> None:
    assert observation_of('{"time":"2026-11-03T12:00:00Z","object":{}}') == Observation(NOON, object={})
    assert line_of(Observation(NOON, object={})) == b'{"time":"2026-11-03T12:00:00Z","object":{}}\n'


def test_every_field_is_read() -> None:
    line = (
        '{"time":"2026-11-03T13:00:00+01:00","source":"zone","seq":7,"type":"ADDED",'
        '"event":{"name":"apply","attributes":{"plan":4}},"object":{"a":[1,2.5,null,true]}}'
    )
    found = observation_of(line)
    assert found == Observation(
        datetime(2026, 11, 3, 13, tzinfo=timezone(timedelta(hours=1))),
        "zone",
        7,
        Kind.ADDED,
        Event("apply", {"plan": 4}),
        {"a": [1, 2.5, None, True]},
    )


def test_a_gap_has_a_reason_and_nothing_else() -> None:
    found = observation_of('{"time":"2026-11-03T12:00:00Z","type":"GAP","reason":"restart"}')
    assert (found.kind, found.reason) == (Kind.GAP, "restart")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "truncated"),
        ("rubbish", "malformed"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `time`"),
        ('{"time":"2026-11-03T12:00:00Z"}', "MODIFIED needs an object or an event"),
        ('{"time":"2026-11-03T12:00:00","object":{}}', "timezone component - at `$.time`"),
        ('{"time":"yesterday","object":{}}', "Invalid RFC3339 encoded datetime - at `$.time`"),
        ('{"time":1,"object":{}}', "at `$.time`"),
        ('{"time":"2026-11-03T12:00:00Z","object":[]}', "at `$.object`"),
        (
            '{"time":"2026-11-03T12:00:00Z","type":"BOOKMARK","object":{}}',
            "Invalid enum value 'BOOKMARK' - at `$.type`",
        ),
        ('{"time":"2026-11-03T12:00:00Z","objects":{}}', "contains unknown field `objects`"),
        ('{"time":"2026-11-03T12:00:00Z","seq":-1,"object":{}}', "at `$.seq`"),
        ('{"time":"2026-11-03T12:00:00Z","seq":1.5,"object":{}}', "at `$.seq`"),
        ('{"time":"2026-11-03T12:00:00Z","event":{"attributes":{}}}', "missing required field `name` - at `$.event`"),
        ('{"time":"2026-11-03T12:00:00Z","event":{"name":""}}', "at `$.event.name`"),
        ('{"time":"2026-11-03T12:00:00Z","type":"DELETED"}', "DELETED needs the last known object - at `$.object`"),
        ('{"time":"2026-11-03T12:00:00Z","type":"GAP","object":{}}', "a GAP has a reason, and neither"),
        ('{"time":"2026-11-03T12:00:00Z","object":{}} and more', "trailing characters"),
        ('{"time":"2026-11-03T12:00:00Z","object":{"a":NaN}}', "malformed"),
        ('{"time":"2026-11-03T12:00:00Z","object":{"a":1e999}}', "out of range"),
        ('{"time":"2026-11-03T12:00:00Z","object":{"a":' + "9" * 5000 + "}}", ""),
        ('{"time":"2026-11-03T12:00:00Z","object":' + '{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_what_is_no_observation_is_refused_with_the_reason(line: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        observation_of(line)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 500


def lines(*parts: bytes, **how: Any) -> list[Observation | Refused]:
    return list(read(io.BytesIO(b"".join(parts)), **how))


GOOD = b'{"time":"2026-11-03T12:00:00Z","object":{"n":1}}\n'
SEEN = Observation(NOON, object={"n": 1})


def test_refused_lines_have_their_number_and_the_others_are_read() -> None:
    found = lines(GOOD, b"rubbish\n", b"\n", b"  \r\n", GOOD, b'{"reason":"\xff"}\n', GOOD.strip())
    assert [type(each) for each in found] == [Observation, Refused, Observation, Refused, Observation]
    assert [each.line for each in found if isinstance(each, Refused)] == [2, 6]
    assert str(found[1]).startswith("line 2: ")
    assert "not UTF-8" in str(found[3])
    assert found[0] == found[2] == found[4] == SEEN


@pytest.mark.parametrize("excess", [1, 2, 60, 100, 1000])
def test_a_line_that_is_too_long_is_passed_over_whole(excess: int) -> None:
    long = b"x" * (60 + excess)
    found = lines(GOOD, long, b"\n", GOOD, long, line_bytes=60)
    assert found == [SEEN, Refused(2, "longer than 60 bytes"), SEEN, Refused(4, "longer than 60 bytes")]


def test_a_line_of_exactly_the_limit_is_read() -> None:
    assert lines(GOOD, GOOD, line_bytes=len(GOOD.strip())) == [SEEN, SEEN]


def test_no_more_than_a_line_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= 101
            self.asked += 1
            return b"x" * size if self.asked < 1000 else b""

    assert list(read(Endless(), line_bytes=100)) == [Refused(1, "longer than 100 bytes")]  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reading(data: bytes) -> None:
    found = lines(data, b"\n", GOOD)
    assert found[-1] == SEEN
    assert all(isinstance(each, Observation | Refused) for each in found)
