"""Conditions."""

from tests.resource.bodies import NOW, later

from speccheck.resource.conditions import Condition, condition_in, conditions_body

READY = Condition("Ready", "Unknown", "Queued", "one", 3)


def test_a_new_condition_has_the_present_time() -> None:
    assert conditions_body([], [READY], NOW) == [
        {
            "type": "Ready",
            "status": "Unknown",
            "reason": "Queued",
            "message": "one",
            "lastTransitionTime": "2026-11-22T10:00:00Z",
            "observedGeneration": 3,
        }
    ]


def test_the_time_moves_only_with_the_status() -> None:
    first = conditions_body([], [READY], NOW)
    same = conditions_body(first, [Condition("Ready", "Unknown", "CheckStarted", "two", 4)], later(60))
    moved = conditions_body(same, [Condition("Ready", "True", "CheckStarted", "two", 4)], later(120))
    assert same[0]["lastTransitionTime"] == "2026-11-22T10:00:00Z"
    assert (same[0]["reason"], same[0]["observedGeneration"]) == ("CheckStarted", 4)
    assert moved[0]["lastTransitionTime"] == "2026-11-22T10:02:00Z"


def test_a_condition_that_is_not_wanted_any_more_goes() -> None:
    assert conditions_body(conditions_body([], [READY], NOW), [], NOW) == []


def test_a_message_is_bounded() -> None:
    body = conditions_body([], [Condition("Ready", "True", "Reconciled", "x" * 5000)], NOW)
    assert len(body[0]["message"]) == 4096
    assert "observedGeneration" not in body[0]


def test_looking_one_up() -> None:
    status = {"conditions": conditions_body([], [READY], NOW)}
    assert condition_in(status, "Ready")["reason"] == "Queued"
    assert condition_in(status, "Stalled") == {}
    assert condition_in({}, "Ready") == {}
