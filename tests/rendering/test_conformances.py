"""What users read of a drift in each tier, and of the whole; what programs read of the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from speccheck.conform.protocols import Explanation, Obstacle, Thing, Unjudged
from speccheck.rendering.conformances import (
    OBSTACLES_SHOWN,
    DriftShown,
    Place,
    Totals,
    Trouble,
    drift_json,
    drift_line,
    drift_text,
    ended_text,
    span_text,
    totals_json,
    totals_text,
)
from speccheck.rendering.text import Look
from speccheck.reports import Itf

AT = datetime(2026, 11, 3, 9, 1, 25, 40_000, tzinfo=UTC)
POOL = Thing("v1", "ConfigMap", "shop", "front", "uid-front")
LOOK = Look(width=100)


def versions(a: int, b: int) -> Itf:
    return {"#map": [["a", a], ["b", b]]}


def servers(*names: str) -> Itf:
    return {"#set": list(names)}


def step(**different: object) -> DriftShown:
    """An upgrade of a server that still serves."""
    guard = Obstacle('upgrade(server="b")', "guard", "~s.serving.contains(server) is false", 1001)
    other = Obstacle(
        'choose(server="b")', "mismatch", 'version would be {"a": 2, "b": 1}, observed {"a": 2, "b": 2}', 1
    )
    before = {"serving": servers("a", "b"), "version": versions(2, 1), "chosen": servers()}
    observed = {"serving": servers("a", "b"), "version": versions(2, 2)}
    explained = Explanation(before, observed, 'upgrade(server="b")', (guard, other), None, 3)
    drift = DriftShown("upgrade", "Step", "shop/front", POOL, "pool", AT, Place(8), "", explained)
    return replace(drift, **different)  # type: ignore[arg-type]


def state(**different: object) -> DriftShown:
    told = "At most one server is out of the pool; observed serving = {}"
    drift = DriftShown("enough_serve", "State", "shop/front", POOL, "pool", AT, Place(8), told)
    return replace(drift, **different)  # type: ignore[arg-type]


def overdue() -> DriftShown:
    told = "In the end every server has the newest version: not within 10 min"
    return DriftShown("all_are_upgraded", "Time", "shop/front", POOL, "pool", AT, Place(8, "b.jsonl"), told, after=True)


def test_a_drift_in_each_tier(golden: Callable[[str, str], None]) -> None:
    explained = step().explanation
    assert explained is not None
    unlabelled = msgspec.structs.replace(explained, claimed="")
    drifts = [
        step(),
        step(property="step", explanation=unlabelled),
        state(),
        state(muted="the old pool, until it is gone"),
        overdue(),
    ]
    golden("drifts.txt", "".join(drift_text(each, LOOK) for each in drifts))


def test_of_many_obstacles_the_nearest_are_shown_and_the_others_counted() -> None:
    obstacles = tuple(Obstacle(f"act_{n}", "guard", "it is false", n) for n in range(OBSTACLES_SHOWN + 3))
    text = drift_text(step(explanation=Explanation(obstacles=obstacles)), LOOK)
    assert f"act_{OBSTACLES_SHOWN - 1} " in text
    assert f"act_{OBSTACLES_SHOWN} " not in text
    assert "and 3 more; --json has all" in text


def test_an_observation_that_shows_no_change_says_so() -> None:
    same = Explanation({"version": versions(1, 1)}, {"version": versions(1, 1)}, 'upgrade(server="b")')
    assert "no change of what is observed" in drift_text(step(explanation=same), LOOK)


def test_a_variable_that_was_not_known_before_is_shown_whole() -> None:
    assert "version = {" in drift_text(step(explanation=Explanation(observed={"version": versions(1, 1)})), LOOK)


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in drift_text(state(key="\x1b[2J", message="\x1b]0;x\x07"), LOOK)


def test_one_line_and_an_end() -> None:
    assert drift_line(state(), LOOK) == "✗ line 8  shop/front: enough_serve does not hold  [State]\n"
    told = ended_text("enough_serve", "shop/front", 95, "holds again", Place(9), LOOK)
    assert told == "✓ line 9  shop/front: enough_serve holds again after 1 min 35 s\n\n"


def totals(**different: object) -> Totals:
    whole = Totals(
        spec="pool",
        instance="three",
        answer="Conformant",
        observations=15,
        judged=15,
        keys=2,
        first=AT,
        last=AT + timedelta(hours=1, minutes=5),
        actions={"take_out": 3, "upgrade": 3},
        properties={"enough_serve": 15},
        hidden=("chosen",),
    )
    return replace(whole, **different)  # type: ignore[arg-type]


TROUBLES = (
    Trouble("Gap", 2, "2 gaps: 410 Gone", Place(4)),
    Trouble("RefusedLine", 1, "1 line refused: JSON is malformed", Place(9)),
    Trouble("NoAnchor", 1, "1 time it could not be held to a step", Place(), "map more variables"),
)


def test_the_whole_in_each_case(golden: Callable[[str, str], None]) -> None:
    found = [
        totals(),
        totals(answer="Unknown", troubles=TROUBLES, files=2),
        totals(answer="Drift", drifts=3, muted=1, active=1, untold=1, actions={"take_out": 3, "upgrade": 0}),
        totals(drifts=2, muted=2),
        totals(
            properties={"enough_serve": 0},
            unjudged=(Unjudged("fair", ("chosen",)), Unjudged("done", (), "no deadline")),
        ),
        totals(
            answer="Unknown", observations=0, judged=0, keys=0, first=None, last=None, notes=("Left out: 3 lines.",)
        ),
    ]
    golden("conformances.txt", "\n".join(totals_text(each, LOOK) for each in found))


def test_the_json_form_has_it_all() -> None:
    drift = drift_json(step())
    assert drift["object"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "shop",
        "name": "front",
        "uid": "uid-front",
    }
    assert (drift["line"], drift["file"], drift["time"]) == (8, None, "2026-11-03T09:01:25.040Z")
    assert drift["explanation"]["observed"]["version"] == versions(2, 2)
    assert [each["kind"] for each in drift["explanation"]["obstacles"]] == ["guard", "mismatch"]
    whole = totals_json(totals(troubles=TROUBLES))
    assert [each["name"] for each in whole["troubles"]] == ["Gap", "RefusedLine", "NoAnchor"]
    assert whole["coverage"]["actions"] == {"take_out": 3, "upgrade": 3}
    msgspec.json.encode([drift, whole])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25 s"), (60, "1 min"), (95, "1 min 35 s"), (3600, "1 h"), (7500, "2 h 5 min"), (3 * 86400, "3 days")],
)
def test_spans_of_time(seconds: float, text: str) -> None:
    assert span_text(seconds) == text
