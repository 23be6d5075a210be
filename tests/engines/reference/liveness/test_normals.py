"""Which formulas are seen to speak of what happens infinitely often, or from some moment on, and of no more."""

from __future__ import annotations

import pytest

from speccheck.engines.reference.liveness.normals import Formulas


@pytest.fixture
def table() -> Formulas:
    return Formulas()


def test_a_disjunction_that_recurs_is_found_again(table: Formulas) -> None:
    either = table.one([table.literal(0, positive=False), table.literal(1, positive=True, step=True)])
    assert table.recurring(table.always(table.eventually(either))) == either


def test_a_conjunction_that_lasts_is_found_again(table: Formulas) -> None:
    both = table.all([table.literal(0, positive=True), table.literal(1, positive=False, step=True)])
    assert table.lasting(table.eventually(table.always(both))) == both


def test_what_says_more_is_neither(table: Formulas) -> None:
    now, later = table.literal(0, positive=True), table.eventually(table.literal(1, positive=True))
    assert table.recurring(table.always(table.one([now, later]))) is None
    assert table.lasting(table.eventually(table.all([now, table.always(table.literal(1, positive=True))]))) is None
