"""Random expressions mean the same captured and evaluated, on plain values, and read naively; undefinedness included."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.lang.concrete.terms import terms
from tests.lang.concrete.world import STATES, UNDEFINED, by_hand, by_reading, by_reference, captured, function_of


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(terms())
def test_all_evaluations_agree(text: str) -> None:
    function = function_of(text)
    node = captured(function)
    for state in STATES:
        expected = by_reference(node, state)
        assert by_hand(function, state) == expected, text
        assert by_reading(node, state) == expected, text


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(terms(plain=True))
def test_plain_python_means_the_same_captured_and_run(text: str) -> None:
    function = function_of(text, plain=True)
    node = captured(function)
    for state in STATES:
        assert by_hand(function, state) == by_reference(node, state), text


STRICT = {
    "Exists((2 // (v - 2)) < 0 for v in s.e)": (False, UNDEFINED, True),
    "Forall((2 // (v - 2)) > 0 for v in s.e)": (True, UNDEFINED, False),
    "s.e.exists(lambda v: (2 // (v - 2)) < 0)": (False, UNDEFINED, True),
    "s.e.filter(lambda v: (2 // (v - 2)) < 0).is_empty": (True, UNDEFINED, False),
    "s.l.forall(lambda v: (2 // v) == 9)": (True, UNDEFINED, False),
    "s.e.choose(lambda v: (2 // (v - 2)) < 0) < 9": (UNDEFINED, UNDEFINED, True),
    "s.e.reduce(lambda acc, v: 5, 1 // s.y) == 1": (True, UNDEFINED, False),
    "Tuple(1 // s.y, True)[1]": (True, UNDEFINED, True),
    "R(f=1 // s.y, g=s.e).g == s.e": (True, UNDEFINED, True),
    "Set(1 // s.y, 0).contains(0)": (True, UNDEFINED, True),
    "Map((0, 1 // s.y)).size == 1": (True, UNDEFINED, True),
    "List(1 // s.y).size == 1": (True, UNDEFINED, True),
    "s.m.insert(0, 1 // s.y).size > 0": (True, UNDEFINED, True),
    "Exists(s.m[k] == 1 for k in range(3))": (UNDEFINED, UNDEFINED, UNDEFINED),
    "Forall(s.m[k] == 7 for k in (0, 2))": (UNDEFINED, False, UNDEFINED),
    "s.b | ((1 // s.y) == 0)": (True, UNDEFINED, True),
    "~s.b & ((1 // s.y) == 0)": (False, UNDEFINED, False),
    "Implies(~s.b, (1 // (s.y - 1)) == 0)": (True, False, True),
    "Ite(s.y == 0, True, (1 // s.y) == 1)": (True, True, False),
    "And(s.m.keys.contains(1), s.m[1] < 0)": (False, False, True),
    "s.u.match(A=lambda n: (1 // n) == 0, B=lambda: True)": (True, True, False),
    "s.u.match(A=lambda n: n == 2, default=(1 // s.x) == 1)": (UNDEFINED, True, False),
    "(1 // s.y).if_(s.y > 0).else_(7) == 7": (False, True, False),
    "List(s.x)[Val(-1)] == s.x": (UNDEFINED, UNDEFINED, UNDEFINED),
    "List(s.x)[-1] == s.x": (True, True, True),
    "s.l[0:5].size == s.l.size": (True, True, True),
    "s.l[(0 - s.y):].is_empty": (UNDEFINED, False, UNDEFINED),
    "s.m.replace(1, 4).size == 1": (UNDEFINED, UNDEFINED, True),
    "Ints.contains(s.x)": (True, True, True),
    "Ints.is_empty": (UNDEFINED, UNDEFINED, UNDEFINED),
    "AllSubsets(Interval(1, 70)).contains(Set(1, 70))": (True, True, True),
}
"""What is strict and what is lazy, in each of the states."""


@pytest.mark.parametrize("text", STRICT)
def test_what_is_undefined_where(text: str) -> None:
    function = function_of(text)
    node = captured(function)
    assert tuple(by_reference(node, state) for state in STATES) == STRICT[text]
    assert tuple(by_hand(function, state) for state in STATES) == STRICT[text]
    assert tuple(by_reading(node, state) for state in STATES) == STRICT[text]
