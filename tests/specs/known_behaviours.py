"""What is known of the instances whose point is what happens in the end.

Which of their temporal properties hold is published with the algorithms (the specs name the sources); all counts are
found a second time by the searches in the specs' tests.
"""

from __future__ import annotations

from tests.specs.libraries import Instance

_UNFAIR_DEKKER = {"who_wants_in_gets_in_by_itself": 4, "who_wants_in_gets_in_whatever_happens": 1}

DEKKER = (
    Instance("dekker", "plain", 84, 160, 14, violated=_UNFAIR_DEKKER, missing=("both_were_in",)),
    Instance("dekker", "counted", 2_100, 3_952, 59, violated=_UNFAIR_DEKKER),
)

_UNFAIR_BAKERY = {"who_chooses_gets_in_by_itself": 4, "who_chooses_gets_in_whatever_happens": 1}

BAKERY = (
    Instance("bakery", "two", 269, 462, 31, violated=_UNFAIR_BAKERY),
    Instance("bakery", "three", 2_144, 4_781, 29, violated=_UNFAIR_BAKERY),
)

_STANDING = {"stabilises_by_itself": 0}

TOKEN_RING = (
    Instance("token_ring", "enough", 256, 896, 0, violated=_STANDING),
    Instance("token_ring", "one_less", 81, 270, 0, violated=_STANDING),
    Instance("token_ring", "too_few", 16, 48, 0, violated={"stabilises": 8, **_STANDING}),
    Instance("token_ring", "five", 3_125, 13_750, 0, violated=_STANDING),
    Instance("token_ring", "five_with_too_few", 243, 972, 0, violated={"stabilises": 15, **_STANDING}),
    Instance("token_ring", "orderly", 16, 17, 15, missing=("everybody_may_move",)),
)

_LOSSES = {"everything_arrives_if_one_way_is_fair": 8, "everything_arrives_in_spite_of_any_loss": 6}

ALTERNATING_BIT = (
    Instance("alternating_bit", "small", 432, 2_161, 30, violated=_LOSSES),
    Instance("alternating_bit", "wide", 2_240, 14_561, 64, violated=_LOSSES),
)

BEHAVIOURS = (*DEKKER, *BAKERY, *TOKEN_RING, *ALTERNATING_BIT)
