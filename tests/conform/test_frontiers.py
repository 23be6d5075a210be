"""The step tier: nothing that the spec explains is a drift, everything that it does not is."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conform.divided import number
from tests.conform.stepping import SPECS, Oracle, Seen, TooMany, Walk, stepper
from tests.engines.clocks import Clocks

from speccheck.conform import frontiers, spaces
from speccheck.conform.frontiers import Bounds, Broken, Claim, Explained, Frontier, Overflow, matching
from speccheck.engines.base import State, Successor
from speccheck.engines.reference.steppers import ReferenceStepper
from speccheck.ir.itf import decode
from speccheck.loading import load
from speccheck.rendering.itf import path_from_itf

SMALLEST = [
    ("die_hard", "film"),
    ("peterson", "two"),
    ("two_phase_commit", "n3"),
    ("payment_saga", "one_order"),
    ("readers_writers", "two"),
    ("alternating_bit", "small"),
    ("deployment_rollout", "rolling"),
    ("token_bucket", "fair"),
]


@pytest.fixture(scope="module", autouse=True)
def _in_its_own_time() -> Iterator[None]:
    """Paths are told in full however slow the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontiers, "_PATH_BUDGET_S", 60.0)
        yield


def begun(walk: Walk) -> Frontier:
    frontier = Frontier(walk.spec, walk.bounds)
    assert frontier.anchor(walk.spec.initials(), 0.0, fresh=True)
    return frontier


def a_walk(spec: str, instance: str, rng: random.Random, *, claims: bool) -> tuple[Walk, list[Seen]]:
    made = stepper(spec, instance)
    claimable = frozenset(rng.sample(made.actions, min(2, len(made.actions)))) if claims else frozenset()
    walk = Walk(made, Bounds(rng.randint(0, 2), window_s=1_000.0, claimable=claimable, budget_s=1.5), rng)
    walk.go(rng.randint(2, 10))
    slots = list(range(len(made.variables)))
    rng.shuffle(slots)
    cut, visible = rng.randint(0, len(slots)), rng.randint(1, len(slots))
    return walk, walk.observations([slots[:visible], slots[cut:visible] or slots[:1]])


@pytest.mark.parametrize("claims", [False, True])
@pytest.mark.parametrize(("spec", "instance"), SMALLEST)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_what_the_spec_does_is_explained(spec: str, instance: str, claims: bool, seed: int) -> None:
    walk, observations = a_walk(spec, instance, random.Random(seed), claims=claims)
    frontier = begun(walk)
    for seen in observations:
        outcome = frontier.observe(seen.fixed, seen.claim, seen.time)
        assert not isinstance(outcome, Broken), (seen, outcome)
        if isinstance(outcome, Overflow):
            return
    assert walk.states[-1] in frontier.states


@pytest.mark.parametrize("claims", [False, True])
@pytest.mark.parametrize(("spec", "instance"), SMALLEST)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_drift_is_what_an_oracle_finds_no_explanation_for(spec: str, instance: str, claims: bool, seed: int) -> None:
    rng = random.Random(seed)
    walk, observations = a_walk(spec, instance, rng, claims=claims)
    frontier = Frontier(walk.spec, Bounds(walk.bounds.hidden_steps, window_s=0.75, claimable=walk.bounds.claimable))
    frontier.anchor(walk.spec.initials(), 0.0, fresh=True)
    oracle = Oracle(walk.spec, Bounds(walk.bounds.hidden_steps, 0.75, claimable=walk.bounds.claimable), set())
    oracle.possible = {(state, frozenset()) for state in walk.spec.initials()}
    for seen in walk.corrupted(observations) if observations else []:
        outcome = frontier.observe(seen.fixed, seen.claim, seen.time)
        try:
            explained = oracle.observe(seen)
        except TooMany:
            return
        if isinstance(outcome, Overflow):
            return
        assert isinstance(outcome, Explained) == explained, (seen, outcome)
        if not explained:
            assert isinstance(outcome, Broken)
            assert not frontier.anchored
            return
        assert set(frontier.states) == oracle.states


def observed(frontier: Frontier, *numbers: int, time: float = 1.0) -> list[str]:
    """What becomes of a frontier of `divided` that sees these numbers one after the other, and no log."""
    return [type(frontier.observe({0: each}, None, time + n)).__name__ for n, each in enumerate(numbers)]


def dividing(hidden_steps: int = 0, *, claimable: str = "divides", faulty: bool = False, **more: int) -> Frontier:
    claims = frozenset(claimable.split())
    made = number(faulty=faulty)
    frontier = Frontier(made, Bounds(hidden_steps, claimable=claims, **more))
    assert frontier.anchor(made.initials(), 0.0, fresh=True)
    return frontier


def divides(by: int | None = None) -> Claim:
    return Claim("divides", () if by is None else (("by", by),))


def test_nothing_changing_is_no_drift_and_no_action() -> None:
    frontier = dividing()
    assert frontier.observe({0: 12}, None, 1.0) == Explained(())
    assert not frontier.determined
    assert frontier.observe({0: 6}, None, 2.0) == Explained(("divides",))
    assert frontier.observe({1: frozenset({12})}, None, 3.0) == Explained(())
    assert frontier.determined
    assert frontier.states == ((6, frozenset({12})),)


def test_hidden_steps_are_as_many_as_are_allowed() -> None:
    assert observed(dividing(0), 2) == ["Broken"]
    assert observed(dividing(1), 2, 1) == ["Explained", "Explained"]
    assert observed(dividing(0), 4, 2, 1, 12, 6) == ["Explained"] * 5
    assert observed(dividing(1), 12, 12, 1) == ["Explained"] * 3


def test_after_a_drift_nothing_is_known_until_the_next_anchor() -> None:
    frontier = dividing()
    assert observed(frontier, 6, 5) == ["Explained", "Broken"]
    assert not frontier.anchored
    assert frontier.observe({0: 5}, None, 3.0) == Overflow("NoAnchor", "nothing is known of the state before")
    assert frontier.anchor([(5, frozenset())], 3.0)
    assert observed(frontier, 2) == ["Explained"]
    frontier.lose()
    assert (frontier.anchored, frontier.size, frontier.states) == (False, 0, ())
    assert not frontier.anchor([], 4.0)


def test_a_claim_needs_its_step_with_its_arguments() -> None:
    frontier = dividing()
    assert isinstance(frontier.observe({0: 6}, divides(3), 1.0), Broken)
    frontier = dividing()
    assert frontier.observe({0: 6}, divides(2), 1.0) == Explained(("divides",))
    assert frontier.observe({0: 2}, divides(), 2.0) == Explained(("divides",))
    assert isinstance(frontier.observe({0: 2}, Claim("resets"), 3.0), Broken)


def test_a_claim_may_come_after_what_it_did_once_and_within_the_window() -> None:
    frontier = dividing()
    assert observed(frontier, 6) == ["Explained"]
    assert frontier.observe({0: 6}, divides(2), 2.5) == Explained(("divides",))
    assert isinstance(frontier.observe({0: 6}, divides(2), 2.6), Broken)
    frontier = dividing()
    assert observed(frontier, 6) == ["Explained"]
    assert isinstance(frontier.observe({0: 6}, divides(2), 3.5), Broken)


def test_a_claim_held_back_for_the_window_is_as_old_as_it_says() -> None:
    frontier = dividing()
    assert observed(frontier, 6, 6, 6, 6) == ["Explained"] * 4
    assert frontier.observe({0: 6}, divides(2), 2.5) == Explained(("divides",))


def test_a_claim_may_come_a_window_late_and_wait_for_another_and_later_nobody_knows() -> None:
    """The step was seen at 1; what claims it is of 2.5, and the window 2 s long."""
    for latest, numbers in ((6.4, {6, 3}), (6.6, set())):
        frontier = dividing()
        assert observed(frontier, 6) + observed(frontier, 6, time=latest) == ["Explained"] * 2
        found = frontier.observe({}, divides(2), 2.5)
        assert found == Explained(("divides",)) if numbers else isinstance(found, Overflow)
        assert {state[0] for state in frontier.states} == numbers
    assert isinstance(found, Overflow) and (found.reason, "make `window` longer" in found.message) == ("NoAnchor", True)


def test_what_is_claimed_soon_after_an_anchor_may_have_been_before_it() -> None:
    made = number()
    for fresh, time, name in ((False, 2.0, "Explained"), (False, 2.5, "Broken"), (True, 2.0, "Broken")):
        frontier = Frontier(made, Bounds(claimable=frozenset({"resets"})))
        frontier.anchor([(12, frozenset())], 0.0, fresh=fresh)
        assert type(frontier.observe({}, Claim("resets"), time)).__name__ == name
    frontier = Frontier(made, Bounds(claimable=frozenset({"divides"})))
    frontier.anchor([(6, frozenset())], 0.0)
    assert frontier.observe({}, divides(2), 1.0) == Explained(("divides",))
    assert {state[0] for state in frontier.states} == {6, 3}


def test_what_the_source_of_the_anchor_claims_later_was_done_later() -> None:
    made = number()
    for source, name in (("other", "Explained"), ("first", "Broken")):
        frontier = Frontier(made, Bounds(claimable=frozenset({"resets"})))
        frontier.anchor([(12, frozenset())], 0.0, source="first")
        assert type(frontier.observe({}, Claim("resets"), 1.0, source)).__name__ == name


def test_an_anchor_may_be_what_an_action_leads_to() -> None:
    made = number()
    frontier = Frontier(made, Bounds(claimable=frozenset({"divides"})))
    assert frontier.anchor([(12, frozenset()), (1, frozenset())], 0.0, claim=divides(3))
    assert {state[0] for state in frontier.states} == {4}
    assert not frontier.anchor([(1, frozenset())], 0.0, claim=divides(3))
    assert not frontier.anchored


def test_an_overtaken_observation_may_name_its_action() -> None:
    for time, name in ((1.1, "Explained"), (9.0, "Broken")):
        frontier = dividing(hidden_steps=1)
        assert frontier.observe({0: 3}, None, 1.2) == Explained(("divides", "divides"))
        assert type(frontier.observe({1: frozenset({12})}, divides(2), time)).__name__ == name


def test_sources_may_overtake_each_other_within_the_window_but_not_themselves() -> None:
    made = number()
    for time, name in ((1.5, "Explained"), (9.0, "Broken")):
        frontier = Frontier(made, Bounds(claimable=frozenset()))
        frontier.anchor(made.initials(), 0.0)
        assert frontier.observe({0: 6}, None, 1.0) == Explained(("divides",))
        assert type(frontier.observe({1: frozenset()}, None, time)).__name__ == name
    frontier = dividing(claimable="")
    assert observed(frontier, 6, 3, 6) == ["Explained", "Explained", "Broken"]


def test_an_overtaken_observation_puts_the_others_behind_it() -> None:
    frontier = dividing(claimable="", hidden_steps=1)
    assert observed(frontier, 2, time=1.0) == ["Explained"]
    assert frontier.observe({1: frozenset()}, None, 1.5) == Explained(())
    assert {state[0] for state in frontier.states} == {2}


def test_over_a_limit_it_is_never_conformant() -> None:
    frontier = dividing(1, claimable="", states_limit=2)
    outcome = frontier.observe({}, None, 1.0)
    assert outcome == Overflow("Ambiguous", "consistent with more than 2 states")
    assert frontier.trouble == outcome
    assert not frontier.anchored
    outcome = dividing(3, claimable="", expansions_limit=5).observe({0: 1}, None, 1.0)
    assert isinstance(outcome, Overflow)
    assert outcome.reason == "Ambiguous"
    outcome = dividing(3, expansions_limit=5).observe({0: 1}, None, 1.0)
    assert isinstance(outcome, Overflow)
    frontier = Frontier(number(), Bounds(states_limit=1))
    assert not frontier.anchor([(1, frozenset()), (2, frozenset())], 0.0)
    assert frontier.trouble is not None


def test_out_of_time_is_over_budget_and_the_next_one_is_tried_again() -> None:
    made = number()
    frontier = Frontier(made, Bounds(3, claimable=frozenset(), budget_s=0.0))
    frontier.anchor(made.initials(), 0.0)
    outcome = frontier.observe({0: 6}, None, 1.0)
    assert isinstance(outcome, Overflow)
    assert outcome.reason == "OverBudget"


@pytest.mark.parametrize(("passing", "ends"), [(Clocks.wait, False), (Clocks.work, True)])
def test_waiting_for_a_turn_is_not_out_of_time(
    monkeypatch: pytest.MonkeyPatch, passing: Callable[[Clocks, float], None], ends: bool
) -> None:
    clocks, made = Clocks(monkeypatch), number()
    frontier = Frontier(made, Bounds(3, budget_s=1.0))
    frontier.anchor(made.initials(), 0.0)
    successors = made.successors

    def slow(state: State) -> Sequence[Successor]:
        passing(clocks, 0.25)
        return successors(state)

    monkeypatch.setattr(made, "successors", slow)
    assert isinstance(frontier.observe({0: 6}, None, 1.0), Overflow if ends else Explained)


def test_states_that_were_seen_once_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOVES_ASKED", 50)
    made = number()
    followed = []
    successors = made.successors

    def counted(state: State) -> Sequence[Successor]:
        followed.append(state)
        return successors(state)

    monkeypatch.setattr(made, "successors", counted)
    space = spaces.Space(made, Bounds(1))
    (start,) = made.initials()[:1]
    for strange in range(1_000, 1_500):
        assert space.move(space.cloud([start]), spaces.Question(())).cloud
        assert space.move(space.cloud([(strange, *start[1:])]), spaces.Question(())).cloud
        assert len(space._now.states) + len(space._before.states) < 1_000
    assert followed.count(start) == 1, "what is asked for again and again is carried over"


def test_a_step_without_value_makes_no_certain_drift() -> None:
    frontier = dividing(faulty=True)
    outcome = frontier.observe({0: 7}, None, 1.0)
    assert outcome == Overflow("OverBudget", "a step has no value: division by zero")
    frontier = dividing(faulty=True)
    frontier.anchor([(1, frozenset())], 0.0)
    assert isinstance(frontier.observe({0: 7}, None, 1.0), Broken)


def test_what_can_be_claimed_more_stands_for_what_can_be_claimed_less() -> None:
    frontier = dividing(1)
    for time in range(30):
        assert isinstance(frontier.observe({0: 12}, None, time / 10), Explained)
    assert frontier.size <= 3


@pytest.mark.parametrize("claims", [False, True])
@pytest.mark.parametrize(
    ("spec", "instance"), [("die_hard", "film"), ("deployment_rollout", "rolling"), ("token_bucket", "fair")]
)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_the_path_leads_from_the_anchor_past_all_observations(
    spec: str, instance: str, claims: bool, seed: int
) -> None:
    walk, observations = a_walk(spec, instance, random.Random(seed), claims=claims)
    frontier = begun(walk)
    if any(isinstance(frontier.observe(each.fixed, each.claim, each.time), Overflow) for each in observations):
        return
    outcome = frontier.observe({0: 10**9}, None, 10_000.0)
    assert isinstance(outcome, Broken)
    assert outcome.explanation.path is not None
    found, _ = path_from_itf(outcome.explanation.path, load(SPECS / f"{spec}.py").model)
    states = [
        tuple(decode(value, type_) for (_, value), type_ in zip(each.values, walk.spec.types, strict=True))
        for each in found.states
    ]
    assert dict(found.states[-1].values) == outcome.explanation.last_good
    if len(observations) <= 16:
        assert states[0] in walk.spec.initials()
    for n, (one, other) in enumerate(pairwise(states), 1):
        names = tuple(call.action for call in found.states[n].label)
        ways = [(tuple(call.action for call in way.label), way.state) for way in walk.spec.successors(one)]
        assert (names, other) in ways
    place = 0
    for each in observations[-16:]:
        while not all(states[place][slot] == value for slot, value in each.fixed.items()):
            place += 1


@pytest.mark.parametrize(("limit", "most"), [("STATES_KEPT", 10), ("MOVES_ASKED", 0), ("MOVES_ASKED", 7)])
def test_a_frontier_outlives_what_is_forgotten(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(spaces, limit, most)
    frontier, other = dividing(1), dividing(1)
    for time in range(40):
        for each in (frontier, other):
            x = (12, 4, 2, 1)[time % 4]
            assert each.observe({0: x}, divides() if time % 4 in (1, 2) else None, float(time)), x
            assert each.anchored
            assert all(state[0] == x for state in each.states)


def test_what_keys_share_goes_with_the_stepper() -> None:
    made = number()
    gone = weakref.ref(made)
    frontier = Frontier(made, Bounds(1))
    frontier.anchor(made.initials(), 0.0)
    frontier.observe({0: 6}, None, 1.0)
    del made, frontier
    gc.collect()
    assert gone() is None


def test_reachable_states_that_agree() -> None:
    made = number()
    assert sorted(matching(made, {0: 4}, 1_000) or (), key=repr) == [
        state for state in sorted(made.reachable(1_000) or (), key=repr) if state[0] == 4
    ]
    assert matching(made, {0: 99}, 1_000) == []
    assert matching(made, {0: 4}, 3) is None


KINDS = ("deployment", "job", "lease", "replica_set")
WIDE = [
    ("deployment_rollout", "rolling"),
    *((f"../examples/real-controllers/{name}_object", "small") for name in KINDS),
]


@pytest.mark.parametrize("claims", [False, True])
@pytest.mark.parametrize(("spec", "instance"), WIDE)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), corrupted=st.booleans())
def test_with_the_observation_in_view_the_answers_are_the_same(
    spec: str, instance: str, claims: bool, seed: int, corrupted: bool
) -> None:
    rng = random.Random(seed)
    made = stepper(spec, instance)
    claimable = frozenset(rng.sample(made.actions, min(2, len(made.actions)))) if claims else frozenset()
    walk = Walk(made, Bounds(window_s=1_000.0, claimable=claimable, budget_s=1.0), rng)
    walk.go(rng.randint(2, 8))
    slots = list(range(len(made.variables)))
    rng.shuffle(slots)
    observations = walk.observations([slots, slots[: rng.randint(1, len(slots))]])
    plain = begun(walk)
    walk.bounds = replace(walk.bounds, budget_s=1.1)
    aimed = begun(walk)
    aimed._space._wide = True  # as it becomes by itself where a state has a hundred ways out
    for seen in walk.corrupted(observations) if corrupted else observations:
        found, wanted = (each.observe(seen.fixed, seen.claim, seen.time) for each in (aimed, plain))
        if isinstance(wanted, Overflow):
            return
        assert type(found) is type(wanted)
        assert set(aimed.states) == set(plain.states)
        if isinstance(found, Broken) and isinstance(wanted, Broken):
            assert found.explanation.obstacles == wanted.explanation.obstacles
            assert found.explanation.last_good == wanted.explanation.last_good
            assert len(found.explanation.path["states"]) == len(wanted.explanation.path["states"])


ENDLESS = """
from typing import Annotated
from speccheck import Context, Expr, Ints, MachineStateBase, StateVar, action, instance, invariant, state

@state
class Wide(MachineStateBase):
    x: StateVar[int]
    n: StateVar[int]

@action(init=True)
def init(c: Context[Wide]):
    c.state.x = 0
    c.state.n = 0

@action(inline=False)
def jump(c: Context[Wide], to: Annotated[Expr, int]):
    s = c.state
    c.assume(to > s.x)
    s.x = to
    s.n += 1

@action
def step(c: Context[Wide]):
    with c.one_of(Ints, "to") as to:
        jump(c, to)

@invariant
def counted(s: Wide):
    return s.n >= 0

@instance
def usual() -> Wide:
    return Wide()
"""


def test_more_ways_than_can_be_followed_are_no_obstacle_where_the_observation_tells_which(tmp_path: Path) -> None:
    (tmp_path / "wide.py").write_text(ENDLESS)
    made = ReferenceStepper(load(tmp_path / "wide.py").model.instance("usual"))
    frontier = Frontier(made, Bounds())
    frontier.anchor([(0, 0)], 0.0)
    assert frontier.observe({0: 10**20, 1: 1}, None, 1.0) == Explained(("jump",))
    assert frontier.observe({0: 10**21, 1: 2}, None, 2.0) == Explained(("jump",))
    outcome = frontier.observe({0: 5, 1: 3}, None, 3.0)
    assert isinstance(outcome, Overflow) and outcome.reason == "OverBudget"
