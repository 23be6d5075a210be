"""Durations."""

import pytest

from speccheck.errors import UsageError
from speccheck.resource.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("10m", 600.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("250ms", 0.25), ("0s", 0.0), ("1m1m", 120.0)],
)
def test_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "1d", "-3s", "1 m", "1m 3s", "1e3s", ".5s", "1m\n", "١s"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration; write it with units ms, s, m and h, such as 90s"):
        seconds_of(text)
