"""The faults of `speccheck.faults`: what each changes, when it is not possible, and how paths show it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.running import ways

from speccheck.checking import CheckRequest, check
from speccheck.errors import SpecError
from speccheck.ir.models import Model
from speccheck.ir.values import FrozenMap, Value
from speccheck.loading import capture

SPEC = """
from speccheck import *
from speccheck.faults import *

@state
class S(MachineStateBase):
    truth: StateVar[dict[int, int]]
    cache: StateVar[dict[int, int]]
    history: StateVar[dict[int, list[int]]]
    queue: StateVar[list[int]]
    memory: StateVar[int]
    done: StateVar[set[int]]
    asked: StateVar[set[int]]

@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.truth, s.cache, s.history = Map(int, int), Map(int, int), Map(int, list[int])
    s.queue, s.memory, s.done, s.asked = List(int), 0, Set(int), Set(int)

@action
def step(c: Context[S]):
    FAULT
"""

NAMES = ("truth", "cache", "history", "queue", "memory", "done", "asked")
EMPTY: dict[str, Value] = {
    "truth": FrozenMap(),
    "cache": FrozenMap(),
    "history": FrozenMap(),
    "queue": (),
    "memory": 0,
    "done": frozenset(),
    "asked": frozenset(),
}


def model(directory: Path, fault: str) -> Model:
    file = directory / "spec.py"
    file.write_text(SPEC.replace("FAULT", fault), encoding="utf-8")
    return capture(file).instance("default")


def after(directory: Path, fault: str, **given: Value) -> list[tuple[str, dict[str, Value]]]:
    """The labels of the ways that a fault has from a state, and what each changes."""
    before = EMPTY | given
    found = []
    for way in ways(model(directory, fault), tuple(before[name] for name in NAMES)):
        changed = {n: v for n, v in zip(NAMES, way.state, strict=True) if v != before[n]}
        found.append((", ".join(f"{a.name}{args}" for a, args in way.calls), changed))
    return found


def entries(**values: int) -> FrozenMap:
    return FrozenMap({int(key[1:]): value for key, value in values.items()})


DELIVERS = 'delivers(c, "truth", "cache", 1)'


def test_delivers_brings_what_is_new_and_what_has_changed(tmp_path: Path) -> None:
    new = after(tmp_path, DELIVERS, truth=entries(k1=5))
    assert new == [("delivers(1,)", {"cache": entries(k1=5)})]
    changed = after(tmp_path, DELIVERS, truth=entries(k1=5), cache=entries(k1=4, k2=2))
    assert changed == [("delivers(1,)", {"cache": entries(k1=5, k2=2)})]


def test_delivers_brings_deletions(tmp_path: Path) -> None:
    assert after(tmp_path, DELIVERS, cache=entries(k1=4, k2=2)) == [("delivers(1,)", {"cache": entries(k2=2)})]


def test_there_is_nothing_to_deliver_where_all_is_known(tmp_path: Path) -> None:
    assert after(tmp_path, DELIVERS, truth=entries(k1=5), cache=entries(k1=5)) == []
    assert after(tmp_path, DELIVERS) == []


def test_a_stale_read_gives_any_earlier_state(tmp_path: Path) -> None:
    found = after(tmp_path, 'stale_read(c, "history", "cache", 1)', history=FrozenMap({1: (7, 8)}))
    assert found == [("stale_read(1,)", {"cache": entries(k1=7)}), ("stale_read(1,)", {"cache": entries(k1=8)})]
    assert after(tmp_path, 'stale_read(c, "history", "cache", 1)') == []


def test_an_unobserved_delete_leaves_the_cache_as_it_is(tmp_path: Path) -> None:
    fault = 'unobserved_delete(c, "truth", 1)'
    found = after(tmp_path, fault, truth=entries(k1=5, k2=6), cache=entries(k1=5))
    assert found == [("unobserved_delete(1,)", {"truth": entries(k2=6)})]
    assert after(tmp_path, fault, truth=entries(k2=6)) == []


def test_relisting_makes_the_cache_what_there_is(tmp_path: Path) -> None:
    fault = 'relists(c, "truth", "cache")'
    assert after(tmp_path, fault, truth=entries(k1=5)) == [("relists()", {"cache": entries(k1=5)})]
    assert after(tmp_path, fault) == []


def test_only_the_last_of_several_notifications_arrives(tmp_path: Path) -> None:
    fault = 'missed_intermediate_states(c, "queue")'
    assert after(tmp_path, fault, queue=(1, 2, 3)) == [("missed_intermediate_states()", {"queue": (3,)})]
    assert after(tmp_path, fault, queue=(1,)) == []


def test_a_crash_loses_memory_and_lists_anew(tmp_path: Path) -> None:
    fault = 'crash_and_restart(c, {"memory": 0, "asked": Set(int)}, source="truth", cache="cache")'
    found = after(tmp_path, fault, memory=7, asked=frozenset({1}), truth=entries(k1=1))
    assert found == [("crash_and_restart()", {"memory": 0, "asked": frozenset(), "cache": entries(k1=1)})]


def test_what_was_carried_out_is_asked_for_again(tmp_path: Path) -> None:
    fault = 'retries(c, "done", "asked", 3)'
    assert after(tmp_path, fault, done=frozenset({3})) == [("retries(3,)", {"asked": frozenset({3})})]
    assert after(tmp_path, fault) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ('delivers(c, c.state.truth, "cache", 1)', "variable-name"),
        ('relists(c, "truth", "chache")', "no-such-variable"),
        ('delivers(c, "truth", "cache", "a")', "type-mismatch"),
    ],
)
def test_misuse_is_told_at_the_authors_line(tmp_path: Path, fault: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        model(tmp_path, fault)
    assert caught.value.code == code
    assert caught.value.span is not None and caught.value.span.path == "spec.py"


def test_a_spec_may_call_its_own_action_like_a_fault(tmp_path: Path) -> None:
    (tmp_path / "spec.py").write_text(
        "from speccheck.faults import relists\n"
        + SPEC.replace("from speccheck.faults import *\n", "").replace("FAULT", "delivers(c)")
        + "\n@action(inline=False)\ndef delivers(c: Context[S]):\n    relists(c, 'truth', 'cache')\n",
        encoding="utf-8",
    )
    assert [a.name for a in capture(tmp_path / "spec.py").actions] == ["relists", "delivers"]


RECONCILER = """
from speccheck import *
from speccheck.faults import eventually_stable

@state
class S(MachineStateBase):
    wanted: StateVar[int]
    actual: StateVar[int]
    edits: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.wanted, c.state.actual, c.state.edits = 0, 0, 0

@action(inline=False)
def edits(c: Context[S]):
    c.assume(c.state.edits < LIMIT)
    c.state.edits = (c.state.edits + 1) % 4
    c.state.wanted = 1 - c.state.wanted

@action(inline=False)
def reconciles(c: Context[S]):
    c.assume(c.state.wanted != c.state.actual)
    c.state.actual = c.state.wanted

@temporal
def stands_still(s: S):
    return eventually_stable(s.wanted == s.actual)

@temporal
def reconciled(s: S):
    return ImpliesT(WeakFair(reconciles), eventually_stable(s.wanted == s.actual))

@temporal
def reconciled_when_left_alone(s: S):
    return ImpliesT(WeakFair(reconciles), eventually_stable(s.wanted == s.actual, disturbed=s.edits < 3))
"""


@pytest.mark.parametrize(
    ("limit", "verdicts"),
    [
        ("3", {"stands_still": "Violated", "reconciled": "Holds", "reconciled_when_left_alone": "Holds"}),
        ("9", {"stands_still": "Violated", "reconciled": "Violated", "reconciled_when_left_alone": "Holds"}),
    ],
)
def test_reconciliation_is_stable_at_last(tmp_path: Path, limit: str, verdicts: dict[str, str]) -> None:
    file = tmp_path / "spec.py"
    file.write_text(RECONCILER.replace("LIMIT", limit), encoding="utf-8")
    (report,) = check(capture(file), CheckRequest())
    assert {p.name: p.verdict.value for p in report.properties} == verdicts
