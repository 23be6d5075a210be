"""Numbers of states and calls: given once, and what they stand for given back."""

from __future__ import annotations

from speccheck.conform.numberings import Numbering
from speccheck.engines.base import Called

PUSH, POP = Called("push", (("x", 1),)), Called("pop")


def test_numbers_are_given_once_and_elements_are_given_back() -> None:
    numbering = Numbering(frozenset({"push"}))
    assert [numbering.number(state) for state in ((7,), (8,), (7,))] == [0, 1, 0]
    element = ((8,), ((0, PUSH), (3, POP)))
    item = numbering.item(element)
    assert item == (1, ((0, 0), (3, 1)))
    assert numbering.element(item) == element


def test_ways_are_known_once_they_were_told_and_given_back_as_told() -> None:
    numbering = Numbering(frozenset({"push"}))
    numbering.number((0,))
    assert numbering.ways((0,)) is None
    assert numbering.ways((5,)) is None
    edges = numbering.lead(0, ([((PUSH, POP), (1,)), ((), (0,))], "division by zero"))
    assert [(edge.claimable, edge.target) for edge in edges] == [((0,), 1), ((), 0)]
    assert numbering.targets[0] == {0, 1}
    numbering.slim()
    assert numbering.ways((0,)) == ([((PUSH, POP), (1,)), ((), (0,))], "division by zero")
    assert numbering.ways((1,)) is None, "it is only known that it is there"


def test_states_are_found_by_some_of_their_values_also_those_numbered_later() -> None:
    numbering = Numbering(frozenset())
    for state in ((1, 2), (1, 3)):
        numbering.number(state)
    assert numbering.projected((0,)) == {(1,): {0, 1}}
    numbering.number((4, 2))
    assert numbering.projected((0,)) == {(1,): {0, 1}, (4,): {2}}
    assert numbering.projected((1,)) == {(2,): {0, 2}, (3,): {1}}
