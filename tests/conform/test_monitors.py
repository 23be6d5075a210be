"""Monitors: what observations mean in all three tiers, with anchors, gaps, joins, keys and refusals."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from speccheck.conform.monitors import Monitor, MonitorLimits
from speccheck.conform.protocols import ActionOrder, Gap, Judgement, MappingOrder, SourceOrder, Tick, View
from speccheck.engines.base import Called
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.errors import UsageError
from speccheck.ir.models import Model
from speccheck.loading import capture

SPEC = '''
"""A pool: workers are started one at a time, up to a limit, and stopped together."""
from typing import Annotated

from speccheck import (
    Context, Expr, Interval, LeadsTo, MachineStateBase, Param, StateVar, action, instance, invariant, state, temporal
)


@state
class Pool(MachineStateBase):
    MOST: Param[int]
    wanted: StateVar[int]
    running: StateVar[int]
    draining: StateVar[bool]


@action(init=True)
def init(c: Context[Pool]):
    c.state.wanted = 0
    c.state.running = 0
    c.state.draining = False


@action(inline=False)
def ask(c: Context[Pool], count: Annotated[Expr, int]):
    c.assume(count != c.state.wanted)
    c.state.wanted = count


@action(inline=False)
def start(c: Context[Pool]):
    c.assume((c.state.running < c.state.wanted) & ~c.state.draining)
    c.state.running += 1


@action(inline=False)
def drain(c: Context[Pool]):
    c.assume(~c.state.draining & (c.state.running > c.state.wanted))
    c.state.draining = True


@action(inline=False)
def stop(c: Context[Pool]):
    c.assume(c.state.draining)
    c.state.running = c.state.wanted
    c.state.draining = False


@action
def step(c: Context[Pool]):
    asks, starts, drains, stops = c.alternatives("ask", "start", "drain", "stop")
    with asks, c.one_of(Interval(0, c.state.MOST), "count") as count:
        ask(c, count)
    with starts:
        start(c)
    with drains:
        drain(c)
    with stops:
        stop(c)


@invariant
def bounded(s: Pool):
    """Never more run than may."""
    return s.running <= s.MOST


@invariant
def wishes_are_bounded(s: Pool):
    """Nobody asks for more than may run."""
    return s.wanted <= s.MOST


@invariant
def sane(s: Pool):
    """Never more run, nor are wanted, than may."""
    return s.running + s.wanted <= 2 * s.MOST


@temporal
def served(s: Pool):
    """What is asked for runs."""
    return LeadsTo(s.running < s.wanted, s.running >= s.wanted)


@instance
def three() -> Pool:
    return Pool(MOST=3)
'''

NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
ONE = (SourceOrder("pool"),)
BOTH = {"wanted": "pool.spec.wanted", "running": "pool.status.running"}
ALL = {**BOTH, "draining": "pool.status.draining"}
TWO = (SourceOrder("wish", "wish.metadata.name"), SourceOrder("fact", "fact.metadata.name"))
JOINED = {"wanted": "wish.data.wanted", "running": "fact.data.running"}
STARTED = ActionOrder("start", "event.name == 'started'", source="log")


@cache
def pool() -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.py"
        path.write_text(SPEC)
        return capture(path)


def monitor(
    variables: dict[str, str], sources: tuple[SourceOrder, ...] = ONE, limits: MonitorLimits | None = None, **given: Any
) -> Monitor:
    order = MappingOrder(sources, variables, **{"instance": "three", "settle_s": 1.0, **given})
    return Monitor(pool(), order, limits)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def seen(wanted: int, running: int, draining: bool = False, seconds: float = 0, **given: Any) -> View:
    body = {
        "apiVersion": "v1",
        "kind": "Pool",
        "metadata": {"name": given.pop("name", "a"), "namespace": "n", "managedFields": [{"x": 1 << 70}]},
        "spec": {"wanted": wanted},
        "status": {"running": running, "draining": draining},
    }
    return View("pool", at(seconds), object=body, **given)


def datum(source: str, seconds: float = 0, kind: Any = "MODIFIED", name: str = "a", **data: Any) -> View:
    return View(source, at(seconds), kind, {"kind": source, "metadata": {"name": name}, "data": data})


def one(monitor: Monitor, view: View) -> Judgement:
    (judgement,) = monitor.take(view)
    return judgement


def told(judgement: Judgement, tier: str = "Step") -> list[tuple[str, str, str]]:
    return [(r.property, r.verdict, r.reason) for r in judgement.results if r.tier == tier]


# --- states --------------------------------------------------------------------------------------------


def test_an_invariant_of_one_source_is_judged_at_once() -> None:
    held = monitor(BOTH, tiers=("State",))
    judgement = one(held, seen(3, 4))
    assert told(judgement, "State") == [
        ("bounded", "Violated", ""),
        ("wishes_are_bounded", "Holds", ""),
        ("sane", "Violated", ""),
    ]
    assert judgement.results[0].message == "Never more run than may; observed running = 4"
    assert (judgement.key, judgement.thing.kind, judgement.thing.name) == ("n/a", "Pool", "a")
    assert judgement.values == {"wanted": {"#bigint": "3"}, "running": {"#bigint": "4"}}


def test_a_breach_across_sources_counts_once_it_lasts() -> None:
    held = monitor(JOINED, TWO, tiers=("State",))
    assert told(one(held, datum("wish", wanted=3)), "State") == [("wishes_are_bounded", "Holds", "")]
    assert told(one(held, datum("fact", running=3)), "State") == [("bounded", "Holds", ""), ("sane", "Holds", "")]
    assert told(one(held, datum("fact", 1, running=4)), "State") == [
        ("bounded", "Violated", ""),
        ("sane", "Unknown", "Settling"),
    ]
    assert held.take(Tick(at(1.9))) == ()
    ((result,),) = [judgement.results for judgement in held.take(Tick(at(2)))]
    assert (result.property, result.verdict) == ("sane", "Violated")
    assert held.take(Tick(at(3))) == ()
    assert told(one(held, datum("fact", 4, running=2)), "State")[1] == ("sane", "Holds", "")


def test_a_breach_across_sources_that_passes_is_none() -> None:
    held = monitor(JOINED, TWO, tiers=("State",))
    held.take(datum("wish", wanted=3))
    held.take(datum("fact", 1, running=4))
    assert told(one(held, datum("wish", 1.5, wanted=2)), "State")[1] == ("sane", "Holds", "")
    assert held.take(Tick(at(9))) == ()


# --- steps ---------------------------------------------------------------------------------------------


def test_a_snapshot_of_everything_is_its_own_anchor_and_each_change_a_step() -> None:
    held = monitor(ALL)
    assert told(one(held, seen(2, 0))) == [("step", "Holds", "")]
    assert told(one(held, seen(2, 1))) == [("step", "Holds", "")]
    assert told(one(held, seen(2, 1))) == [("step", "Holds", "")]
    broken = one(held, seen(2, 3, seconds=5))
    assert told(broken) == [("step", "Violated", "")]
    (result,) = [r for r in broken.results if r.tier == "Step"]
    assert result.explanation is not None
    assert result.explanation.last_good["running"] == {"#bigint": "1"}
    assert result.explanation.observed["running"] == {"#bigint": "3"}
    assert result.message == (
        "a change was observed: running 1 → 3, which no step of the spec explains; "
        "nearest: start(): running would be 2, observed 3; "
        "ask(count=0): wanted would be 0, observed 2; running would be 1, observed 3"
    )
    assert told(one(held, seen(2, 3, True))) == [("step", "Holds", "")], "it goes on from the breaking snapshot"
    assert held.census().actions == {"start": 1, "drain": 1}


def test_what_may_happen_unseen_between_two_observations_is_allowed_for() -> None:
    held = monitor(ALL, hidden_steps=1)
    held.take(seen(3, 0))
    assert told(one(held, seen(3, 2))) == [("step", "Holds", "")]
    held.take(seen(3, 0, seconds=1))
    strict = monitor(ALL)
    strict.take(seen(3, 0))
    assert told(one(strict, seen(3, 2))) == [("step", "Violated", "")]


def test_a_key_whose_creation_was_seen_begins_at_an_initial_state() -> None:
    held = monitor(BOTH)
    assert told(one(held, seen(0, 0, kind="ADDED"))) == [("step", "Holds", "")]
    assert held.census().unanchored == 0
    found = monitor(BOTH)
    assert told(one(found, seen(1, 2, kind="ADDED", live=False))) == [("step", "Holds", "ConformsSinceAnchor")]


def test_a_key_that_was_there_begins_at_the_reachable_states_that_agree() -> None:
    held = monitor(BOTH)
    assert told(one(held, seen(1, 2))) == [("step", "Holds", "ConformsSinceAnchor")]
    assert told(one(held, seen(1, 1))) == [("step", "Holds", "")], (
        "only a stop leads there, and after it nothing drains"
    )
    assert told(one(held, seen(1, 0))) == [("step", "Violated", "")]


def test_where_no_state_agrees_there_is_no_anchor_and_no_drift() -> None:
    held = monitor(BOTH)
    assert told(one(held, seen(9, 9))) == [("step", "Unknown", "NoAnchor")]
    assert held.census().unanchored == 1
    small = monitor(BOTH, limits=MonitorLimits(reachable=5))
    assert told(one(small, seen(1, 1))) == [("step", "Unknown", "NoAnchor")]


def test_a_gap_takes_the_anchor_and_what_follows_is_no_drift() -> None:
    held = monitor(ALL)
    held.take(seen(2, 0))
    assert held.take(Gap(at(1))) == ()
    assert held.census().unanchored == 1
    assert told(one(held, seen(3, 3, True, seconds=2))) == [("step", "Holds", "")]


def test_what_is_not_understood_is_a_gap_of_its_key() -> None:
    held = monitor(ALL)
    held.take(seen(2, 0))
    wrong = seen(2, 0)
    assert wrong.object is not None
    del wrong.object["status"]
    assert "variables.running" in one(held, wrong).rejected
    assert told(one(held, seen(2, 2))) == [("step", "Holds", "")]


def test_sources_are_ordered_only_within_themselves() -> None:
    held = monitor(JOINED, TWO)
    held.take(datum("wish", kind="ADDED", wanted=0))
    held.take(datum("fact", kind="ADDED", running=0))
    assert told(one(held, datum("fact", 1, running=1))) == [("step", "Holds", "ConformsSinceAnchor")], (
        "the wish is late"
    )
    assert told(one(held, datum("wish", 1, wanted=2)))[0][1] == "Holds"
    assert told(one(held, datum("fact", 2, running=0))) == [("step", "Violated", "")]


# --- actions -------------------------------------------------------------------------------------------


def event(seconds: float, name: str = "started", **attributes: Any) -> View:
    return View("log", at(seconds), event={"name": name, "attributes": attributes})


def logged(**given: Any) -> Monitor:
    sources = (SourceOrder("pool", "'one'"), SourceOrder("log", "'one'", "event.name != 'noise'"))
    return monitor(ALL, sources, actions=(STARTED,), **given)


def test_an_action_that_is_named_has_to_be_possible() -> None:
    held = logged()
    held.take(seen(1, 0))
    assert told(one(held, event(9))) == [("start", "Holds", "")]
    assert told(one(held, seen(1, 1, seconds=9.1))) == [("step", "Holds", "")]
    broken = one(held, event(20))
    assert told(broken) == [("start", "Violated", "")]
    (result,) = [r for r in broken.results if r.tier == "Step"]
    assert result.message == (
        "start() was observed, which no step of the spec explains; "
        "nearest: start(): s.running < s.wanted is false, with running = 1, wanted = 1"
    )


def test_an_event_may_come_after_the_change_it_made_and_is_claimed_once() -> None:
    held = logged(window_s=2.0)
    held.take(seen(1, 0))
    held.take(seen(1, 1, seconds=10))
    assert told(one(held, event(10.5))) == [("start", "Holds", "")]
    assert told(one(held, event(10.6))) == [("start", "Violated", "")]


def test_an_event_soon_after_the_anchor_may_be_of_before_it() -> None:
    held = logged(window_s=2.0)
    held.take(seen(1, 1))
    assert told(one(held, event(1.9))) == [("start", "Holds", "")]
    assert told(one(held, event(2.1))) == [("start", "Violated", "")]


def test_what_is_not_of_its_source_is_ignored() -> None:
    held = logged()
    held.take(seen(1, 0))
    assert one(held, event(1, "noise")).ignored
    assert held.census().keys == 1


# --- time ----------------------------------------------------------------------------------------------


def test_a_deadline_that_is_over_is_told_and_its_end_too() -> None:
    held = monitor(BOTH, deadlines={"served": 60.0})
    assert told(one(held, seen(1, 0, kind="ADDED")), "Time") == [("served", "Holds", "")]
    ((result,),) = [judgement.results for judgement in held.take(Tick(at(60)))]
    assert (result.property, result.verdict, result.tier) == ("served", "Violated", "Time")
    assert told(one(held, seen(1, 1, seconds=61)), "Time") == [("served", "Holds", "")]


def test_hidden_variables_are_waited_for_where_every_state_agrees() -> None:
    held = monitor({"running": "pool.status.running"}, deadlines={"served": 60.0}, hidden_steps=1)
    held.take(seen(0, 0, kind="ADDED"))
    assert held.take(Tick(at(1_000))) == ()


# --- keys ----------------------------------------------------------------------------------------------


def test_a_key_closes_with_its_last_object_and_may_begin_again() -> None:
    held = monitor(ALL)
    held.take(seen(2, 2))
    assert one(held, seen(2, 2, kind="DELETED")).closed
    assert held.census().keys == 0
    assert told(one(held, seen(0, 0, kind="ADDED"))) == [("step", "Holds", "")]


def test_an_object_that_moves_to_another_key_closes_the_one_it_left() -> None:
    held = monitor(ALL, (SourceOrder("pool", "string(object.spec.wanted)"),))
    held.take(seen(2, 0))
    left, arrived = held.take(seen(3, 0))
    assert (left.key, left.closed, arrived.key, arrived.closed) == ("2", True, "3", False)


def test_keys_are_bounded_and_what_is_beyond_is_counted() -> None:
    held = monitor(ALL, limits=MonitorLimits(keys=2))
    for name in ("a", "b", "c"):
        judgement = one(held, seen(2, 0, name=name))
    assert judgement.ignored
    assert (held.census().keys, held.census().overflowed) == (2, 1)


def test_keys_of_events_alone_are_retired_when_idle() -> None:
    started = ActionOrder("start", "event.name == 'started'")
    held = monitor({}, (SourceOrder("log", "event.attributes.pool"),), actions=(started,))
    held.take(View("log", at(0), event={"name": "started", "attributes": {"pool": "x"}}))
    assert held.take(Tick(at(3_600))) == ()
    (judgement,) = held.take(Tick(at(3_601)))
    assert (judgement.key, judgement.closed, held.census().retired) == ("x", True, 1)


def test_many_objects_of_a_source_are_a_list_by_name() -> None:
    held = monitor({"running": "pool.size()"}, (SourceOrder("pool", "'all'", many=True),))
    for name in ("b", "a", "c"):
        held.take(seen(3, 0, name=name))
    judgement = one(held, seen(3, 0, name="d"))
    assert judgement.values == {"running": {"#bigint": "4"}}
    assert told(judgement, "State") == [("bounded", "Unknown", "Settling")]
    assert one(held, seen(3, 0, name="d", kind="DELETED")).values == {"running": {"#bigint": "3"}}
    for name in ("b", "a"):
        held.take(seen(3, 0, name=name, kind="DELETED"))
    assert one(held, seen(3, 0, name="c", kind="DELETED")).closed


def test_what_others_write_in_between_is_not_taken_for_a_step_of_the_source_nor_for_nothing() -> None:
    source = (SourceOrder("pool", match='event.attributes.user == "controller"'),)
    held = monitor(ALL, source)

    def written(user: str, wanted: int, running: int) -> View:
        return seen(wanted, running, event={"name": "update", "attributes": {"user": user}})

    assert told(one(held, written("controller", 2, 0)), "Step") == [("step", "Holds", "")]
    assert held.census().unanchored == 0
    assert one(held, written("somebody", 2, 2)).ignored
    assert (held.census().keys, held.census().unanchored) == (1, 1)
    assert told(one(held, written("controller", 2, 1)), "Step")[0][1] != "Violated"
    assert held.census().unanchored == 0
    assert told(one(held, written("controller", 2, 3)), "Step")[0][1] == "Violated"


# --- parameters and admission ---------------------------------------------------------------------------


def test_parameters_that_change_begin_anew() -> None:
    given: dict[str, Any] = {"instance": None, "parameters": {"MOST": "pool.spec.most"}}
    held = monitor(ALL, **given)
    views = [seen(2, 2), seen(2, 2), seen(2, 0)]
    for view, most in zip(views, (3, 4, 4), strict=True):
        assert view.object is not None
        view.object["spec"]["most"] = most
    assert [told(one(held, view))[0][1] for view in views] == ["Holds", "Holds", "Violated"]


def test_what_can_be_judged_is_told() -> None:
    loaded = monitor(JOINED, TWO, deadlines={"served": 5.0}).loaded()
    assert loaded.judged == ("bounded", "wishes_are_bounded", "sane", "served")
    assert (loaded.hidden, loaded.actions) == (("draining",), ("ask", "start", "drain", "stop"))
    without = monitor({"wanted": "pool.spec.wanted"}).loaded()
    assert [(each.property, each.variables) for each in without.unjudged] == [
        ("bounded", ("running",)),
        ("sane", ("running",)),
        ("served", ()),
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"actions": (ActionOrder("strat", "true"),)}, r"actions\[0\]\.name: .*did you mean 'start'"),
        ({"actions": (ActionOrder("ask", "true", {"cuont": "1"}),)}, r"actions\[0\]\.args\.cuont: .*'count'"),
        ({"actions": (ActionOrder("start", "true", {}, "pol"),)}, r"actions\[0\]\.source: .*'pool'"),
        ({"actions": (ActionOrder("start", "evnt.name == 'x'"),)}, r"actions\[0\]\.when: nothing is named 'evnt'"),
        ({"deadlines": {"serve": 5.0}}, r"deadlines\.serve: .*'served'"),
    ],
)
def test_names_are_checked_at_admission(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        monitor(BOTH, **given)


def test_a_variable_of_several_sources_says_whose_object_it_means() -> None:
    with pytest.raises(UsageError, match="with several sources say which one is meant"):
        monitor({"running": "object.data.running"}, TWO)


def test_a_mapping_that_lets_nothing_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="no invariant speaks of mapped variables alone"):
        monitor({"draining": "pool.status.draining"}, tiers=("State",)).loaded()


@pytest.mark.parametrize("action", [ActionOrder("start", "'yes'"), ActionOrder("ask", "true", {"count": "'x'"})])
def test_a_wrong_type_is_refused_with_its_place(action: ActionOrder) -> None:
    assert "actions[0]" in one(monitor(ALL, actions=(action,)), seen(1, 1)).rejected


# --- what was not seen -----------------------------------------------------------------------------------


def wished(seconds: float, wanted: Any) -> View:
    return View("wish", at(seconds), event={"name": "wished", "attributes": {"wanted": wanted}})


def told_by_events() -> Monitor:
    sources = (SourceOrder("wish", "'a'"), SourceOrder("fact", "fact.metadata.name"))
    wanted = {"wanted": "wish.attributes.wanted", "running": "fact.data.running"}
    return monitor(wanted, sources, tiers=("State",))


def test_what_events_said_before_a_gap_is_held_against_nobody() -> None:
    held = told_by_events()
    held.take(wished(0, 3))
    held.take(Gap(at(1), "wish"))
    judgement = one(held, datum("fact", 2, running=4))
    assert told(judgement, "State") == [("bounded", "Violated", "")]
    assert judgement.values == {"running": {"#bigint": "4"}}
    assert held.take(Tick(at(60))) == ()
    assert told(one(held, wished(61, 3)), "State")[1] == ("sane", "Unknown", "Settling")


def test_an_object_that_stays_as_it_was_after_a_gap_still_counts() -> None:
    held = monitor(JOINED, TWO, tiers=("State",))
    held.take(datum("wish", wanted=3))
    held.take(Gap(at(1), "wish"))
    assert told(one(held, datum("fact", 2, running=4)), "State")[1] == ("sane", "Unknown", "Settling")
    assert [j.results[0].verdict for j in held.take(Tick(at(3)))] == ["Violated"]


def test_what_was_not_understood_counts_no_more() -> None:
    held = told_by_events()
    held.take(wished(0, 3))
    assert "variables.wanted" in one(held, wished(1, "many")).rejected
    assert told(one(held, datum("fact", 2, running=4)), "State") == [("bounded", "Violated", "")]
    assert held.take(Tick(at(60))) == ()


def test_what_is_found_there_is_no_step() -> None:
    held = monitor(JOINED, TWO)
    held.take(datum("wish", kind="ADDED", wanted=0))
    listed = datum("fact", 1, "ADDED", running=3)
    found = View(listed.source, listed.time, listed.kind, listed.object, live=False)
    assert told(one(held, found)) == [("step", "Holds", "ConformsSinceAnchor")]


def test_while_there_are_several_objects_each_observation_may_be_of_a_step() -> None:
    sources = (SourceOrder("pool", "'all'", many=True),)
    held = monitor({"running": "int(pool.map(p, p.status.running)[0])", "wanted": "pool[0].spec.wanted"}, sources)
    held.take(seen(3, 0, name="a", kind="ADDED"))
    held.take(seen(3, 0, name="b", kind="ADDED"))
    held.take(seen(3, 1, name="a"))
    held.take(seen(3, 2, name="a"))
    back = one(held, seen(3, 2, name="b", kind="DELETED"))
    assert told(back)[0][1] == "Holds"


def test_deadlines_hold_to_what_one_source_showed_at_one_time() -> None:
    held = monitor(JOINED, TWO, tiers=("State", "Time"), deadlines={"served": 60.0})
    held.take(datum("wish", wanted=3))
    held.take(datum("fact", 1, running=0))
    assert held.take(Tick(at(1_000))) == ()
    assert "served" not in held.loaded().judged


def test_actions_alone_are_held_to_the_spec_from_every_reachable_state() -> None:
    actions = tuple(ActionOrder(name, f"event.name == '{name}'") for name in ("drain", "stop", "start"))
    held = monitor({}, (SourceOrder("log", "'one'"),), actions=actions)
    assert told(one(held, event(0, "drain"))) == [("drain", "Holds", "ConformsSinceAnchor")]
    assert told(one(held, event(1, "stop"))) == [("stop", "Holds", "ConformsSinceAnchor")]
    assert told(one(held, event(2, "stop"))) == [("stop", "Violated", "")]


def test_values_are_remembered_by_their_types_too() -> None:
    held = monitor({"running": "type(pool.status.running) == double ? 1 : 2"}, tiers=("State",))
    found = []
    for running in (3, 3.0, 3):
        view = seen(0, 0)
        assert view.object is not None
        view.object["status"]["running"] = running
        found.append(one(held, view).values["running"])
    assert found == [{"#bigint": "2"}, {"#bigint": "1"}, {"#bigint": "2"}]


# --- what a correct controller does is never a drift --------------------------------------------------------


@cache
def stepper() -> ReferenceStepper:
    return ReferenceStepper(pool().instance("three"))


def walk(chance: random.Random, steps: int) -> list[tuple[tuple[Called, ...], dict[str, Any]]]:
    """A run of the pool: the label and the state of each step."""
    state = chance.choice(stepper().initials())
    found: list[tuple[tuple[Called, ...], dict[str, Any]]] = [((), named(state))]
    for _ in range(steps):
        label, state = chance.choice(stepper().successors(state))
        found.append((label, named(state)))
    return found


def named(state: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(stepper().variables, state, strict=True))


def broken(monitor: Monitor, views: list[View]) -> list[str]:
    judgements = [judgement for view in views for judgement in monitor.take(view)]
    assert not any(judgement.rejected for judgement in judgements)
    return [r.message for j in judgements for r in j.results if r.verdict == "Violated"]


@pytest.mark.parametrize("seed", range(30))
def test_a_run_seen_by_two_sources_out_of_step_is_no_drift(seed: int) -> None:
    chance = random.Random(seed)
    views: list[tuple[float, int, View]] = []
    for n, (_, state) in enumerate(walk(chance, 40)):
        kind = "MODIFIED" if n else "ADDED"
        slow = chance.choice((0, 0, 0.9))
        views.append((n, n, datum("wish", n, kind, wanted=state["wanted"])))
        views.append((n + slow, n, datum("fact", n, kind, running=state["running"])))
    ordered = [view for *_, view in sorted(views, key=lambda each: each[:2])]
    assert broken(monitor(JOINED, TWO, hidden_steps=1, settle_s=3.0), ordered) == []


@pytest.mark.parametrize("seed", range(30))
def test_a_run_with_its_actions_told_early_or_late_is_no_drift(seed: int) -> None:
    chance = random.Random(seed)
    actions = tuple(ActionOrder(name, f"event.name == '{name}'", source="log") for name in ("start", "drain", "stop"))
    views: list[tuple[float, View]] = []
    for n, (label, state) in enumerate(walk(chance, 40)):
        views.append((n, seen(state["wanted"], state["running"], state["draining"], n, kind="MODIFIED")))
        for call in label:
            told_at = n + chance.choice((-0.4, 0.3))
            views.append((told_at, event(told_at, call.action)))
    held = monitor(ALL, (SourceOrder("pool", "'one'"), SourceOrder("log", "'one'")), actions=actions, window_s=2.0)
    assert broken(held, [view for _, view in sorted(views, key=lambda each: each[0])]) == []


@pytest.mark.parametrize("seed", range(30))
def test_a_run_with_gaps_and_strays_is_no_drift_and_a_leap_after_it_is(seed: int) -> None:
    chance = random.Random(seed)
    held = monitor(BOTH)
    run = walk(chance, 60)
    skipped = chance.randrange(10, 40)
    views = [seen(s["wanted"], s["running"], seconds=n) for n, (_, s) in enumerate(run)]
    assert broken(held, views[:skipped]) == []
    held.take(Gap(at(skipped)))
    assert broken(held, views[skipped + 5 :]) == []
    last = run[-1][1]
    leap = seen((last["wanted"] + 1) % 4, (last["running"] + 2) % 4, seconds=99)
    assert len(broken(held, [leap])) == 1


# --- objects that leave their key ----------------------------------------------------------------------


def labelled(key: str | None, running: int, seconds: float, kind: Any = "MODIFIED") -> View:
    view = seen(1, running, seconds=seconds, kind=kind)
    assert view.object is not None
    view.object["metadata"]["labels"] = {} if key is None else {"key": key}
    return view


def test_an_object_that_is_deleted_closes_its_key_though_its_key_cannot_be_told_any_more() -> None:
    held = monitor(BOTH, (SourceOrder("pool", "object.metadata.labels.key"),), tiers=("State",))
    held.take(labelled("x", 9, 0))
    assert one(held, labelled(None, 9, 1)).rejected
    gone = one(held, labelled(None, 9, 2, "DELETED"))
    assert (gone.key, gone.closed, gone.rejected) == ("x", True, "")
    assert held.census().keys == 0


def test_that_an_object_was_deleted_which_never_had_a_key_is_nothing_to_judge() -> None:
    held = monitor(BOTH, (SourceOrder("pool", "object.metadata.labels.key"),), tiers=("State",))
    assert one(held, labelled(None, 1, 0)).rejected
    gone = one(held, labelled(None, 1, 1, "DELETED"))
    assert (gone.ignored, gone.rejected) == (True, "")


@pytest.mark.parametrize("kind", ["MODIFIED", "DELETED"])
def test_an_object_that_is_of_its_source_no_more_closes_its_key(kind: Any) -> None:
    source = SourceOrder("pool", "'k'", "get(object, 'metadata.labels.key', '') == 'x'")
    held = monitor(BOTH, (source,), tiers=("State",))
    held.take(labelled("x", 9, 0))
    gone = one(held, labelled("y", 9, 1, kind))
    assert (gone.key, gone.closed) == ("k", True)
    assert one(held, labelled("y", 9, 2)).ignored
    assert held.census().keys == 0


# --- parameters of another source ----------------------------------------------------------------------


def limited() -> Monitor:
    sources = (SourceOrder("limits", "'k'"), SourceOrder("pool", "'k'"))
    mapped = {"instance": "", "parameters": {"MOST": "limits.data.most"}, "tiers": ("State",)}
    return monitor({"running": "pool.status.running"}, sources, **mapped)


def test_what_held_is_judged_anew_where_its_parameter_changes_and_counts_once_it_lasts() -> None:
    held = limited()
    held.take(datum("limits", most=9))
    assert told(one(held, seen(1, 5)), "State") == [("bounded", "Holds", "")]
    assert told(one(held, datum("limits", 1, most=3)), "State") == [("bounded", "Unknown", "Settling")]
    ((result,),) = [judgement.results for judgement in held.take(Tick(at(2)))]
    assert (result.property, result.verdict) == ("bounded", "Violated")


def test_a_key_whose_parameters_are_gone_has_nothing_to_be_held_to() -> None:
    held = limited()
    held.take(datum("limits", most=9))
    held.take(seen(1, 5))
    assert held.census().unanchored == 0
    held.take(datum("limits", 1, kind="DELETED", most=9))
    assert told(one(held, seen(1, 99, seconds=2)), "State") == []
    assert held.census().unanchored == 1
    held.take(datum("limits", 3, most=9))
    assert held.census().unanchored == 0


def test_what_was_seen_before_a_keys_parameters_were_known_is_judged_with_them() -> None:
    held = limited()
    assert told(one(held, seen(1, 5)), "State") == []
    assert told(one(held, datum("limits", 5, most=3)), "State") == [("bounded", "Unknown", "Settling")]
    ((result,),) = [judgement.results for judgement in held.take(Tick(at(6)))]
    assert (result.property, result.verdict) == ("bounded", "Violated")


def test_an_action_that_is_named_before_its_keys_parameters_are_known_is_not_passed_over() -> None:
    sources = (SourceOrder("pool", "'k'"), SourceOrder("log", "'k'"))
    held = monitor(ALL, sources, instance="", parameters={"MOST": "pool.spec.most"}, actions=(STARTED,))
    early = one(held, event(0))
    assert told(early) == [("start", "Unknown", "NoAnchor")]
    assert early.results[0].message == "parameters have no value yet"
    assert told(one(held, event(1, "something else"))) == []


# --- breaches across sources that nobody looked at while they lasted -------------------------------------


def test_a_breach_that_is_over_counts_if_it_had_lasted() -> None:
    for over, verdicts in ((1.9, ["Holds"]), (2.5, ["Violated", "Holds"])):
        held = monitor(JOINED, TWO, tiers=("State",))
        for view in (datum("wish", wanted=3), datum("fact", running=3), datum("fact", 1, running=4)):
            held.take(view)
        back = one(held, datum("wish", over, wanted=2))
        assert [r.verdict for r in back.results if r.property == "sane"] == verdicts
    assert back.results[1].message == (
        "Never more run, nor are wanted, than may; it was broken for 1.5 s, until this observation"
    )


def test_a_breach_that_was_told_is_not_told_again_when_it_is_over() -> None:
    held = monitor(JOINED, TWO, tiers=("State",))
    for view in (datum("wish", wanted=3), datum("fact", running=3), datum("fact", 1, running=4)):
        held.take(view)
    assert len(held.take(Tick(at(2.5)))) == 1
    assert told(one(held, datum("wish", 3, wanted=2)), "State")[-1] == ("sane", "Holds", "")


def test_a_breach_counts_later_where_events_are_held_back_for_the_window() -> None:
    sources = (TWO[0], SourceOrder("fact", "fact.attributes.of"))
    held = monitor(JOINED | {"running": "fact.attributes.running"}, sources, tiers=("State",), window_s=2.0)
    held.take(datum("wish", wanted=3))
    held.take(View("fact", at(0), event={"name": "runs", "attributes": {"of": "a", "running": 3}}))
    held.take(View("fact", at(1), event={"name": "runs", "attributes": {"of": "a", "running": 4}}))
    assert told(one(held, datum("wish", 3.5, wanted=3)), "State")[-1] == ("sane", "Unknown", "Settling")
    assert told(one(held, datum("wish", 4, wanted=3)), "State")[-1] == ("sane", "Violated", "")


# --- what is counted -----------------------------------------------------------------------------------


def test_keys_that_end_before_anything_of_them_was_judged_are_counted() -> None:
    held = limited()
    held.take(seen(1, 5))
    assert (held.census().unanchored, held.census().unjudged) == (1, 0)
    one(held, seen(1, 5, seconds=1, kind="DELETED"))
    assert (held.census().unanchored, held.census().unjudged) == (0, 1)
    for view in (datum("limits", 2, most=9), seen(1, 5, seconds=3), seen(1, 5, seconds=4, kind="DELETED")):
        held.take(view)
    held.take(datum("limits", 5, kind="DELETED", most=9))
    assert held.census().unjudged == 1


def test_actions_that_are_named_are_counted_where_no_step_explains_them() -> None:
    held = logged(window_s=0.0)
    held.take(event(0))
    assert held.census().actions == {"start": 1}
    for view in (seen(1, 1, seconds=10), event(20)):
        held.take(view)
    assert held.census().actions == {"start": 2}


def test_a_step_and_the_event_that_claims_it_are_counted_once_in_either_order() -> None:
    after = logged(window_s=2.0)
    for view in (seen(1, 0), seen(1, 1, seconds=10), event(10.5)):
        after.take(view)
    before = logged(window_s=2.0)
    for view in (seen(1, 0), event(10), seen(1, 1, seconds=10.5)):
        before.take(view)
    assert after.census().actions == before.census().actions == {"start": 1}
