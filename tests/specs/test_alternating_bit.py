"""The alternating-bit protocol: counts, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_behaviours import ALTERNATING_BIT
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore

MUTATIONS = (
    Mutation(
        "takes_any_bit",
        "if packet.bit == s.expected_bit:",
        "if packet.bit == packet.bit:",
        "small",
        "the_bits_tell_which",
    ),
    Mutation(
        "goes_on_at_any_confirmation",
        "if s.confirmations[0] == s.sender_bit:",
        "if s.confirmations[0] == s.confirmations[0]:",
        "small",
        "each_once_and_in_order",
    ),
    Mutation(
        "takes_only_while_nothing_is_confirmed",
        "c.assume(~s.packets.is_empty)",
        "c.assume(~s.packets.is_empty & s.confirmations.is_empty)",
        "small",
        "everything_arrives_if_losses_are_fair",
    ),
)

SIZES = {"small": (3, 2), "wide": (7, 3)}

Line = tuple[int, bool, int, bool, tuple[tuple[bool, int], ...], tuple[bool, ...], bool]
"""What is sent with which bit, what was taken and which bit is expected, what is under way both ways, any loss."""


def steps_of(line: Line, numbers: int, capacity: int) -> Iterator[Line]:
    sending, bit, taken, expected, packets, back, lost = line
    if len(packets) < capacity:
        yield sending, bit, taken, expected, (*packets, (bit, sending)), back, lost
    for place in range(len(packets)):
        yield sending, bit, taken, expected, packets[:place] + packets[place + 1 :], back, True
    if packets:
        (carried, number), *rest = packets
        is_expected = carried == expected
        yield sending, bit, number if is_expected else taken, expected != is_expected, tuple(rest), back, lost
    if len(back) < capacity:
        yield sending, bit, taken, expected, packets, (*back, not expected), lost
    for place in range(len(back)):
        yield sending, bit, taken, expected, packets, back[:place] + back[place + 1 :], True
    if back:
        heard = back[0] == bit
        yield (sending + heard) % numbers, bit != heard, taken, expected, packets, back[1:], lost


@pytest.mark.parametrize("known", ALTERNATING_BIT, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", ALTERNATING_BIT, ids=str)
def test_a_second_count(known: Instance) -> None:
    numbers, capacity = SIZES[known.name]
    first: Line = (0, False, numbers - 1, False, (), (), False)
    found = explore([first], lambda line: steps_of(line, numbers, capacity))
    assert found == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "alternating_bit", mutation)
