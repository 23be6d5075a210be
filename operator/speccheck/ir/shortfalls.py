"""What an operation raises where it gives no value: ill-typed, undefined, or too large; and what too large is."""

from __future__ import annotations

MAX_ELEMENTS = 1 << 20
"""How many elements a set built at once may have before the answer is `TooLarge`."""

ENDLESS = "an infinite set has no end of elements: they cannot be enumerated or counted"
"""Why an operation on `Ints` or `UnsignedInts` that needs every element has no value."""

MAX_BITS = 1 << 20
"""How long an integer may grow, in bits, before the answer is `TooLarge`."""


class Undefined(Exception):
    """The operation has no value for these arguments; the text says why."""


class TooLarge(Exception):
    """The value exists and is too large to build; the text says what and which limit."""

    reason = "TooLarge"
    """One of `reports.REASONS`."""


class EndlessChoice(TooLarge):
    """A choice has no end of options, and each would have to be tried."""

    reason = "InfiniteChoice"


class TypeMismatch(Exception):
    """The arguments' types do not fit the operation; the text says what was expected."""


def told(number: int) -> str:
    """A number for a message, however long it is."""
    if number.bit_length() <= 64:
        return str(number)
    return f"{'-' if number < 0 else ''}2**{number.bit_length() - 1} or more"
