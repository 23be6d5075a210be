"""Hand-made reports, and comparison with golden files.

`SPECCHECK_UPDATE_GOLDEN=1 pytest tests/rendering` writes the golden files anew, for review.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path as FilePath

import pytest

from speccheck.reports import (
    ActionCount,
    Bounds,
    Call,
    Choice,
    Evaluation,
    Itf,
    Path,
    PropertyResult,
    Report,
    State,
    Stats,
    Verdict,
)

DIGEST = "sha256:" + "0f" * 32


NO_BOUNDS = Bounds()


def number(n: int) -> Itf:
    return {"#bigint": str(n)}


def record(kind: str, name: str, *value: str) -> Itf:
    return {"kind": kind, "name": name, "value": list(value)}


PLAN_0 = record("A", "plan-0", "10.0.0.1")
PLAN_1 = record("A", "plan-1", "10.0.0.2")
ROOT = record("CNAME", "root", "plan-0")


def zone_state(updates: list[Itf], records: list[Itf], d1: int, lock: Itf, **reached: object) -> State:
    values = (
        ("planner_updates", {"#map": updates}),
        ("zone_records", {"#set": records}),
        ("deployer_next_plan", {"#map": [["d1", number(d1)], ["d2", number(0)]]}),
        ("lock", lock),
    )
    return State(values, **reached)  # type: ignore[arg-type]


FREE = {"tag": "Free", "value": {"#tup": []}}
HELD = {"tag": "Held", "value": {"by": "d1", "epoch": number(4)}}
UPDATE = [number(1), {"creates": {"#set": [PLAN_1]}, "epoch": number(1)}]

RACE = Path(
    (
        zone_state([], [PLAN_0, ROOT], 0, FREE),
        zone_state(
            [UPDATE],
            [PLAN_0, ROOT],
            0,
            FREE,
            label=(Call("planner_publish", (("plan", number(1)),)),),
            choices=(Choice("plan", number(1)), Choice("host", "10.0.0.2")),
        ),
        zone_state(
            [UPDATE],
            [ROOT],
            1,
            HELD,
            label=(Call("deployer_gc", (("deployer", "d1"),)),),
            choices=(Choice("deployer", "d1"),),
        ),
    )
)


def report(*properties: PropertyResult, bounds: Bounds = NO_BOUNDS, actions: tuple[ActionCount, ...] = ()) -> Report:
    return Report(
        spec="dns_balancer",
        instance="n3",
        model_digest=DIGEST,
        engine="reference",
        method="Simulate" if bounds.walks else "Explore",
        bounds=bounds,
        properties=properties,
        stats=Stats(12_345, 45_678, 17, 2.34, actions, bounds.walks or 0),
        source_digest=DIGEST,
        doc="A DNS load balancer's control plane.\n\nWith garbage collection.",
    )


HOLDS = PropertyResult("bounded", "invariant", Verdict.HOLDS, "SpaceExhausted")
VIOLATED = PropertyResult(
    "no_inconsistent_root",
    "invariant",
    Verdict.VIOLATED,
    "InvariantViolated",
    doc="Root must always point to an existing plan.",
    path=RACE,
)
FOUND = PropertyResult("gc_fires", "example", Verdict.HOLDS, "WitnessFound", path=RACE)
NOT_FOUND = PropertyResult("never_so", "example", Verdict.VIOLATED, "NoWitness")
UNDECIDED = PropertyResult("converges", "invariant", Verdict.UNKNOWN, "Timeout", "the time limit of 3 s was reached")
FAILED = PropertyResult(
    "ratio",
    "invariant",
    Verdict.ERROR,
    "EvaluationError",
    doc="Half of them at most.",
    path=Path(RACE.states[:1]),
    error=Evaluation(
        reason="division by zero",
        expression="s.x // s.y",
        place="dns_balancer.py:12:12",
        source_line="    return s.x // s.y",
        values=(("s.x", number(3)), ("s.y", number(0))),
    ),
)
DEADLOCK = PropertyResult("deadlock", "deadlock", Verdict.VIOLATED, "DeadlockFound", path=RACE)
_ROUND = Path((*RACE.states, replace(RACE.states[2], values=RACE.states[1].values)), loop=1)
LASSO = PropertyResult("served", "temporal", Verdict.VIOLATED, "BehaviourFound", path=_ROUND)
STANDING = PropertyResult("served", "temporal", Verdict.VIOLATED, "BehaviourFound", path=Path(RACE.states, loop=2))
OPEN = PropertyResult(
    "settles", "temporal", Verdict.UNKNOWN, "BoundReached", "no behaviour that stays within 9 steps breaks it"
)


@pytest.fixture
def reports() -> dict[str, Report]:
    """One report of each kind, by name."""
    within = PropertyResult("bounded", "invariant", Verdict.HOLDS_WITHIN_BOUND, "BoundCompleted")
    message = "1000 random walks did not decide it"
    walked = PropertyResult("bounded", "invariant", Verdict.UNKNOWN, "Sampled", message)
    unseen = PropertyResult("gc_fires", "example", Verdict.UNKNOWN, "Sampled", message)
    sampled = PropertyResult("bounded", "invariant", Verdict.HOLDS_WITHIN_BOUND, "Sampled")
    unmet = PropertyResult("gc_fires", "example", Verdict.UNKNOWN, "BoundReached")
    walks = Bounds(max_steps=30, walks=1000, seed=7)
    idle = (ActionCount("planner_publish", 40), ActionCount("root_rollback", 0))
    return {
        "holds": report(HOLDS, FOUND),
        "violation": report(VIOLATED, HOLDS, actions=idle),
        "within_bound": report(within, unmet, bounds=Bounds(max_steps=10)),
        "unknown": report(HOLDS, UNDECIDED, bounds=Bounds(timeout_s=3)),
        "error": report(FAILED),
        "not_found": report(NOT_FOUND),
        "deadlock": report(DEADLOCK),
        "lasso": report(LASSO),
        "standing": report(STANDING, OPEN, bounds=Bounds(max_steps=9)),
        "simulation": report(walked, unseen, bounds=walks),
        "simulated_bound": report(sampled, bounds=walks),
        "simulated_violation": report(VIOLATED, bounds=walks),
        "counts_only": report(),
    }


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name."""

    def compare(name: str, text: str) -> None:
        file = FilePath(__file__).parent / "golden" / name
        if os.environ.get("SPECCHECK_UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return compare
