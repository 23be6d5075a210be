"""Die Hard's jugs: counts, the six steps, planted faults."""

from __future__ import annotations

import pytest
from tests.specs.known import DIE_HARD
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps

MUTATIONS = (
    Mutation(
        "small_jug_overflows",
        "poured = Ite(s.big < room, s.big, room)",
        "poured = s.big",
        "film",
        "jugs_hold_what_they_can",
    ),
    Mutation(
        "big_jug_overflows",
        "poured = Ite(s.small < room, s.small, room)",
        "poured = s.small",
        "film",
        "jugs_hold_what_they_can",
    ),
    Mutation(
        "room_is_misjudged",
        "room = s.SMALL - s.small",
        "room = s.SMALL",
        "film",
        "jugs_hold_what_they_can",
    ),
)


@pytest.mark.parametrize("known", DIE_HARD, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("name", ["four_gallons", "big_jug_is_never_four"])
def test_four_gallons_take_six_steps(name: str, library: Library) -> None:
    (result,) = (p for p in library.report("die_hard", "film").properties if p.name == name)
    assert [action for action, _ in steps(result)] == [
        "fill_big",
        "big_to_small",
        "empty_small",
        "big_to_small",
        "fill_big",
        "big_to_small",
    ]
    assert result.path is not None
    assert dict(result.path.states[-1].values) == {"small": {"#bigint": "3"}, "big": {"#bigint": "4"}}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "die_hard", mutation)
