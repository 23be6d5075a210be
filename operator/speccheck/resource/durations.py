"""Lengths of time as Kubernetes users write them: `90s`, `10m`, `1h30m`. Text in, seconds out."""

from __future__ import annotations

import re

from speccheck.errors import UsageError

DURATION = r"([0-9]+([.][0-9]+)?(ms|s|m|h))+"
"""The accepted form, as the resource's schema has it (a regular expression without anchors)."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float:
    """The seconds of a duration such as `1h30m`; UsageError for any other form."""
    if not re.fullmatch(DURATION, text):
        raise UsageError(f"{text!r} is not a duration; write it with units ms, s, m and h, such as 90s, 10m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
