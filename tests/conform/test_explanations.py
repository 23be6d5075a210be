"""Why nothing explains an observation: nearest first, the claimed action first, with values, and bounded."""

from __future__ import annotations

import pytest
from tests.conform.divided import number
from tests.conform.stepping import stepper

from speccheck.conform import explanations
from speccheck.conform.explanations import Claim, Near, Step, explain, fits_claim, nearest, path_document
from speccheck.conform.frontiers import Bounds, Broken, Frontier
from speccheck.engines.base import Called

START = (12, frozenset())


def told(fixed: dict[int, object], claim: Claim | None = None, state: tuple[object, ...] = START) -> list[str]:
    found = explain(number(), [state], fixed, claim)
    return [f"{each.kind} {each.distance} {each.action}: {each.detail}" for each in found]


def test_each_action_says_what_it_would_have_made_or_which_guard_was_false() -> None:
    assert told({0: 5}) == [
        "mismatch 1 divides(by=1): x would be 12, observed 5",
        "mismatch 1 divides(by=2): x would be 6, observed 5",
        "mismatch 1 divides(by=3): x would be 4, observed 5",
        "guard 1001 resets: s.x <= 1 is false, with x = 12",
    ]


def test_the_nearest_comes_first() -> None:
    found = told({0: 6, 1: frozenset({7})})
    assert found[0] == "mismatch 1 divides(by=2): log would be {12}, observed {7}"
    assert found[1].startswith("mismatch 2 ")


def test_the_claimed_action_comes_before_nearer_ones() -> None:
    assert told({0: 5}, Claim("resets"))[0] == "guard 1001 resets(): s.x <= 1 is false, with x = 12"
    found = told({0: 6}, Claim("divides", (("by", 3),)))
    assert found[0].startswith("mismatch 0 divides(by=2): it is not the action that was claimed")
    assert "mismatch 1 divides(by=3): x would be 4, observed 6" in found


def test_what_could_not_be_told_says_so() -> None:
    found = explain(number(faulty=True), [START], {0: 5})
    assert [each.detail for each in found if each.kind == "unknown"] == [
        "an expression has no value in a step: division by zero"
    ]


def test_of_many_states_the_nearest_few_are_looked_at_and_obstacles_are_bounded() -> None:
    states = [(x, frozenset()) for x in range(2, 200)]
    found = explain(number(), states, {0: 50})
    assert len(found) <= explanations.OBSTACLES_LIMIT
    assert nearest(states, {0: 7}, 1) == [(7, frozenset())]


def test_out_of_time_less_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "_BUDGET_S", -1.0)
    assert explain(number(), [START], {0: 5}) == ()


def test_steps_that_hidden_ones_lead_to_are_told_of() -> None:
    near = [Near((Called("divides", (("by", 2),)),), (3, frozenset({6, 12})), 1)]
    found = explain(number(), [START], {0: 2}, None, near)
    assert "after 1 other step, x would be 3, observed 2" in [each.detail for each in found]


def test_a_claim_fits_with_some_or_all_arguments() -> None:
    call = Called("moves", (("to", 1), ("by", 2)))
    assert fits_claim(call, Claim("moves"))
    assert fits_claim(call, Claim("moves", (("by", 2),)))
    assert not fits_claim(call, Claim("moves", (("by", 3),)))
    assert not fits_claim(call, Claim("stays"))


def test_a_path_is_an_itf_document() -> None:
    steps = [Step((), START), Step((Called("divides", (("by", 2),)),), (6, frozenset({12})))]
    document = path_document(number(), steps)
    assert document["vars"] == ["x", "log"]
    assert document["states"][1] == {
        "#meta": {"index": 1, "action": "divides", "args": {"by": {"#bigint": "2"}}, "choices": []},
        "x": {"#bigint": "6"},
        "log": {"#set": [{"#bigint": "12"}]},
    }


def test_a_drift_of_a_rollout_is_explained_whole() -> None:
    made = stepper("deployment_rollout", "rolling")
    slots = {name: slot for slot, name in enumerate(made.variables)}
    frontier = Frontier(made, Bounds(3))
    frontier.anchor(made.initials(), 0.0)
    outcome = frontier.observe({slots["generation"]: 1, slots["total"]: 3, slots["observed_generation"]: 1}, None, 1.0)
    assert isinstance(outcome, Broken)
    found = outcome.explanation
    assert found.obstacles[0].kind == "mismatch"
    assert found.obstacles[0].action == "controller_writes_status()"
    assert "observed 3" in found.obstacles[0].detail
    assert any(each.kind == "guard" for each in found.obstacles)
    assert found.observed["total"] == {"#bigint": "3"}
    assert found.path is not None
