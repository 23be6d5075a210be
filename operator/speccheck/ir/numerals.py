"""Integers of any length as decimal digits, past the length at which Python's own conversion refuses."""

from __future__ import annotations

import re

from speccheck.ir.limits import MAX_DIGITS

_PIECE = 4_000
"""Digits converted at once; below the smallest limit Python's conversion can be set to by default."""

_DECIMAL = re.compile(r"-?[0-9]+", re.ASCII)


def decimal(value: int) -> str:
    """The digits of an integer, with a minus sign in front where it is negative."""
    if value.bit_length() < _PIECE:
        return str(int(value))
    rest, pieces = abs(value), []
    while rest:
        rest, piece = divmod(rest, 10**_PIECE)
        pieces.append(str(piece).zfill(_PIECE))
    return ("-" if value < 0 else "") + "".join(reversed(pieces)).lstrip("0")


def from_decimal(text: str) -> int | None:
    """The integer that decimal digits stand for; None for anything else, or for too many digits."""
    if len(text) > MAX_DIGITS or not _DECIMAL.fullmatch(text):
        return None
    digits, value = text.removeprefix("-"), 0
    for start in range(0, len(digits), _PIECE):
        piece = digits[start : start + _PIECE]
        value = value * 10 ** len(piece) + int(piece)
    return -value if text.startswith("-") else value
