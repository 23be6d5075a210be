"""The zone as it lies in a ConfigMap, and what may be done to it: pure functions, no cluster.

Takes and gives a `Zone`; each function below is one write, and gives None where there is nothing to write. With `safe`
in `Rules` off, the two remedies are off: a plan is written whoever holds the lock, and clean-up spares nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

ROOT = "api.example.com"
ROLLBACK = "rollback.api.example.com"
POOL = "pool.api.example.com"
NOBODY = "nobody"


@dataclass(frozen=True)
class Rules:
    """How this controller behaves."""

    safe: bool = True
    max_plan_age: int = 2


@dataclass(frozen=True)
class Zone:
    """What the ConfigMap's data says. `records` is name → target; `work` is deployer → (phase, plan); `last` says who
    wrote it last, and which step that was: in the same write, so that there is no order to get wrong."""

    newest: int
    records: Mapping[str, str]
    lock: tuple[str, int]
    work: Mapping[str, tuple[str, int]]
    last: Mapping[str, str] = field(default_factory=lambda: {"action": "created", "deployer": ""})

    @property
    def live(self) -> int:
        """The plan that the root points at."""
        return number(self.records[ROOT])


def plan_name(plan: int) -> str:
    return f"plan-{plan}.{ROOT}"


def number(name: str) -> int:
    """The plan that a record's name is of."""
    return int(name.removeprefix("plan-").partition(".")[0])


def new(deployers: list[str]) -> Zone:
    """The first plan is live, nobody does anything."""
    records = {ROOT: plan_name(0), ROLLBACK: plan_name(0), plan_name(0): POOL}
    return Zone(0, records, (NOBODY, 0), dict.fromkeys(deployers, ("IDLE", 0)))


def read(data: Mapping[str, str]) -> Zone:
    """The zone that a ConfigMap's data describes."""
    lock = json.loads(data["lock"])
    work = {name: (each["phase"], each["plan"]) for name, each in json.loads(data["work"]).items()}
    last = json.loads(data["last"])
    return Zone(int(data["newest"]), json.loads(data["records"]), (lock["holder"], lock["epoch"]), work, last)


def written(zone: Zone) -> dict[str, str]:
    """The ConfigMap's data."""
    work = {name: {"phase": phase, "plan": plan} for name, (phase, plan) in zone.work.items()}
    return {
        "newest": str(zone.newest),
        "records": json.dumps(zone.records, sort_keys=True),
        "lock": json.dumps({"holder": zone.lock[0], "epoch": zone.lock[1]}),
        "work": json.dumps(work, sort_keys=True),
        "last": json.dumps(zone.last),
    }


def publish(zone: Zone) -> Zone:
    """The planner publishes the next plan."""
    return replace(zone, newest=zone.newest + 1, last=_by("planner_publish", ""))


def take_lock(zone: Zone, deployer: str, plan: int) -> Zone | None:
    """A deployer takes the lock for a plan, also from another, but only for a newer plan than it was ever taken for."""
    if plan <= zone.lock[1]:
        return None
    work = {**zone.work, deployer: ("LOCKED", plan)}
    return replace(zone, lock=(deployer, plan), work=work, last=_by("deployer_lock", deployer))


def apply(zone: Zone, deployer: str, plan: int, rules: Rules) -> Zone | None:
    """A deployer writes its plan. The remedy: only if it still holds the lock for it."""
    holds = zone.lock == (deployer, plan)
    if rules.safe and not holds:
        return None
    records = {
        **zone.records,
        ROLLBACK: zone.records[ROOT],
        ROOT: plan_name(plan),
        plan_name(plan): POOL,
    }
    lock = (NOBODY, plan) if holds else zone.lock
    work = {**zone.work, deployer: ("APPLIED", plan)}
    return replace(zone, records=records, lock=lock, work=work, last=_by("deployer_apply", deployer))


def clean_up(zone: Zone, deployer: str, plan: int, rules: Rules) -> Zone | None:
    """A deployer removes plans much older than its own. The remedy: not those that root and rollback point at."""
    plans = [name for name in zone.records if name.startswith("plan-")]
    old = {name for name in plans if plan > number(name) + rules.max_plan_age}
    if rules.safe:
        old -= {zone.records[ROOT], zone.records[ROLLBACK]}
    if not old:
        return None
    records = {name: target for name, target in zone.records.items() if name not in old}
    return replace(zone, records=records, last=_by("deployer_gc", deployer))


def _by(action: str, deployer: str) -> dict[str, str]:
    return {"action": action, "deployer": deployer}
