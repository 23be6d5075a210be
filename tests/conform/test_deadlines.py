"""Deadlines: when a promise is made, kept, and broken, and which formulas have none."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.conform.deadlines import Deadlines, Obligations
from speccheck.errors import UsageError
from speccheck.evaluation.scopes import UNSET
from speccheck.ir.models import Model
from speccheck.loading import capture

SPEC = '''
"""A queue of jobs, and two workers."""
from speccheck import (
    Always, Context, Eventually, Exists, Forall, Implies, ImpliesT, LeadsTo, Set, MachineStateBase, StateVar, WeakFair,
    action, invariant, state, temporal
)


@state
class Queue(MachineStateBase):
    asked: StateVar[int]
    done: StateVar[int]
    busy: StateVar[set[int]]


@action(init=True)
def init(c: Context[Queue]):
    c.state.asked = 0
    c.state.done = 0
    c.state.busy = Set(int)


@action(inline=False)
def work(c: Context[Queue]):
    c.assume(c.state.done < c.state.asked)
    c.state.done += 1


@action
def step(c: Context[Queue]):
    work(c)


@invariant
def positive(s: Queue):
    return s.done >= 0


@temporal
def served(s: Queue):
    """What is asked for is done."""
    return LeadsTo(s.asked > s.done, s.asked == s.done)


@temporal
def begins(s: Queue):
    return Eventually(s.done > 0)


@temporal
def idles(s: Queue):
    return ImpliesT(WeakFair(work), Always(Eventually(s.busy.is_empty)))


@temporal
def each_rests(s: Queue):
    return Forall(LeadsTo(s.busy.contains(w), ~s.busy.contains(w)) for w in Set(1, 2))


@temporal
def settles(s: Queue):
    return Eventually(Always(s.asked == s.done))
'''

START = datetime(2026, 11, 3, 10, tzinfo=UTC)
NONE: frozenset[int] = frozenset()


@cache
def queue() -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue.py"
        path.write_text(SPEC)
        return capture(path)


def obliged(**seconds: float) -> Obligations:
    return Deadlines(queue(), seconds).begin()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def verdicts(obligations: Obligations, seconds: float, *states: tuple[object, ...]) -> list[str]:
    return [result.verdict for result in obligations.observe(states, at(seconds))]


def late(obligations: Obligations, seconds: float) -> list[str]:
    return [result.property for result in obligations.tick(at(seconds)) if result.verdict == "Violated"]


def test_a_promise_is_broken_when_its_time_is_over_and_kept_again_later() -> None:
    queue = obliged(served=60)
    assert verdicts(queue, 0, (1, 0, NONE)) == ["Holds"]
    assert late(queue, 59.9) == []
    (result,) = queue.tick(at(60))
    assert (result.property, result.verdict, result.tier) == ("served", "Violated", "Time")
    assert result.message == ("What is asked for is done; owed since 2026-11-03T10:00:00+00:00, 60 s ago; due in 60 s")
    assert late(queue, 61) == [], "it is told once that time has passed"
    assert verdicts(queue, 62, (2, 1, NONE)) == ["Violated"]
    assert verdicts(queue, 63, (2, 2, NONE)) == ["Holds"]
    assert late(queue, 1_000) == []


def test_it_is_broken_by_an_observation_too_late_where_nothing_ticks() -> None:
    queue = obliged(served=60)
    verdicts(queue, 0, (1, 0, NONE))
    assert verdicts(queue, 60, (2, 0, NONE)) == ["Violated"]


def test_what_is_kept_too_late_was_broken_though_nothing_ticked() -> None:
    queue = obliged(served=60)
    verdicts(queue, 0, (1, 0, NONE))
    assert verdicts(queue, 500, (1, 1, NONE)) == ["Violated", "Holds"]
    assert verdicts(queue, 501, (1, 1, NONE)) == ["Holds"]


def test_the_time_counts_from_the_first_moment_and_anew_once_kept() -> None:
    queue = obliged(served=60)
    verdicts(queue, 0, (1, 0, NONE))
    verdicts(queue, 50, (2, 1, NONE))
    assert late(queue, 60) == ["served"], "another job in between does not put the first one off"
    again = obliged(served=60)
    verdicts(again, 0, (1, 0, NONE))
    verdicts(again, 50, (1, 1, NONE))
    verdicts(again, 55, (2, 1, NONE))
    assert late(again, 114) == []
    assert late(again, 115) == ["served"]


def test_a_promise_is_made_only_where_it_certainly_was() -> None:
    queue = obliged(served=60)
    verdicts(queue, 0, (1, 0, NONE), (0, 0, NONE))
    assert not queue.waiting
    assert late(queue, 100) == []
    verdicts(queue, 100, (1, 0, NONE), (2, 0, NONE))
    assert late(queue, 160) == ["served"]
    assert verdicts(queue, 161, (1, 0, NONE), (1, 1, NONE)) == ["Holds"], "it may have been kept"


def test_what_is_to_happen_once_counts_from_the_first_observation_and_is_kept_for_ever() -> None:
    queue = obliged(begins=10)
    verdicts(queue, 0, (0, 0, NONE))
    assert late(queue, 10) == ["begins"]
    other = obliged(begins=10)
    verdicts(other, 0, (0, 0, NONE))
    verdicts(other, 5, (1, 1, NONE))
    verdicts(other, 6, (1, 0, NONE))
    assert late(other, 1_000) == []


def test_a_gap_begins_what_is_owed_anew_but_ends_no_breach() -> None:
    queue = obliged(served=60)
    verdicts(queue, 0, (1, 0, NONE))
    queue.restart()
    verdicts(queue, 50, (1, 0, NONE))
    assert late(queue, 109) == []
    assert late(queue, 110) == ["served"]
    queue.restart()
    assert verdicts(queue, 120, (1, 0, NONE)) == ["Violated"]


def test_each_element_has_a_promise_of_its_own() -> None:
    queue = obliged(each_rests=10)
    verdicts(queue, 0, (0, 0, frozenset({1})))
    verdicts(queue, 8, (0, 0, frozenset({1, 2})))
    assert late(queue, 10) == ["each_rests"]
    assert verdicts(queue, 11, (0, 0, frozenset({2}))) == ["Holds"]
    assert late(queue, 18) == ["each_rests"]


def test_a_deadline_stands_for_the_fairness_that_a_property_assumes() -> None:
    queue = obliged(idles=10)
    verdicts(queue, 0, (0, 0, frozenset({1})))
    assert late(queue, 10) == ["idles"]


def test_what_mentions_an_unknown_variable_is_not_judged_and_runs_on() -> None:
    queue = obliged(served=60, begins=60)
    assert verdicts(queue, 0, (1, UNSET, NONE)) == []
    assert not queue.waiting
    verdicts(queue, 1, (1, 0, UNSET))
    verdicts(queue, 50, (1, UNSET, NONE))
    assert late(queue, 61) == ["served", "begins"]


def test_a_formula_that_no_deadline_can_settle_is_refused_with_those_it_can() -> None:
    with pytest.raises(UsageError, match=r"deadlines\.settles: .* LeadsTo\(p, q\)"):
        obliged(settles=5)


@pytest.mark.parametrize(
    ("name", "words"),
    [("positive", "it is not a temporal property"), ("serve", "did you mean 'served'"), ("x", "There is: served")],
)
def test_a_name_that_is_no_temporal_property_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        obliged(**{name: 5})


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_with_whole_states_it_is_what_the_words_say(steps: list[tuple[int, int, int]]) -> None:
    """Broken exactly where, for as long as the deadline, it was owed and never kept."""
    queue = obliged(served=40)
    now, owed, told = 0, None, False
    for pause, asked, done in steps:
        now += pause
        found = verdicts(queue, now, (asked, done, NONE))
        if asked == done:
            late, owed, told = owed is not None and now - owed >= 40 and not told, None, False
            assert found == (["Violated", "Holds"] if late else ["Holds"])
            continue
        if owed is None and asked > done:
            owed = now
        told = owed is not None and now - owed >= 40
        assert found == ["Violated" if told else "Holds"]
