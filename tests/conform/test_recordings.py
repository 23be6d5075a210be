"""What real controllers did on a real API server, recorded: it means today what it meant then."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conform.holding import RECORDINGS, TOP, held, monitor, observations

from speccheck.conform.protocols import View

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXAMPLE = TOP / "examples" / "dns-controller"


def _verdicts(spec: Path, mapping: Path, recording: str) -> Counter[tuple[str, str, str]]:
    watch = monitor(spec, mapping)
    found: Counter[tuple[str, str, str]] = Counter()
    for seen, judgement in held(watch, observations(RECORDINGS / recording)):
        assert not judgement.rejected, f"line {seen.line}: {judgement.rejected}"
        found.update((each.tier, each.property, each.verdict) for each in judgement.results)
    return found


def test_the_correct_dns_controller_conforms() -> None:
    found = _verdicts(EXAMPLE / "dns_zone.py", EXAMPLE / "observe.yaml", "dns_correct.jsonl")
    assert {verdict for _, _, verdict in found} == {"Holds"}
    assert found["State", "no_inconsistent_root", "Holds"] == 100
    assert min(found["Step", each, "Holds"] for each in ("deployer_lock", "deployer_apply", "deployer_gc")) > 5


def test_the_race_is_where_it_was_and_names_who_and_what() -> None:
    watch = monitor(EXAMPLE / "dns_zone.py", EXAMPLE / "observe.yaml")
    broken = [
        (seen.line, each.property, each.message)
        for seen, judgement in held(watch, observations(RECORDINGS / "dns_race.jsonl"))
        for each in judgement.results
        if each.verdict == "Violated"
    ]
    first = {name: (line, message) for line, name, message in reversed(broken)}
    line, message = first["no_inconsistent_root"]
    assert line == 20
    assert message == (
        "Root must always point to an existing plan; observed root = 71, plans = {79, 80}; "
        'after deployer_gc(deployer="deployer-a")'
    )
    line, message = first["deployer_apply"]
    assert line == 19
    assert message.startswith('deployer_apply(deployer="deployer-c") was observed: root 80 → 71')
    assert "nearest: deployer_apply" in message and "is false" in message


REAL = TOP / "examples" / "real-controllers"

CONFORMANT = {
    "deployment": ("deployment_object", {"user_changes": 10, "controller_numbers": 5, "controller_writes_status": 50}),
    "replicaset": ("replica_set_object", {"owner_scales": 20, "controller_writes_status": 80}),
    "job": ("job_object", {"controller_counts": 20, "controller_completes": 1, "controller_gives_up": 1}),
    "lease": ("lease_object", {"holder_renews": 25, "another_takes_over": 1}),
}
"""By recording, its spec, and how often each action was seen at least: through rollouts, scalings, a rollback, a pause,
failing pods, and a restart of the controller manager."""


PARAMETERS = {"deployment": {"MAX_UNAVAILABLE": "0", "PERCENT_UNAVAILABLE": "0"}}
"""What was agreed for the objects recorded, where the recording leaves it out."""


@pytest.mark.parametrize("recording", CONFORMANT)
def test_kubernetes_own_controllers_conform(recording: str) -> None:
    spec, seen = CONFORMANT[recording]
    watch = monitor(REAL / f"{spec}.py", REAL / f"{spec}.yaml", PARAMETERS.get(recording))
    for each, judgement in held(watch, observations(RECORDINGS / f"{recording}.jsonl")):
        assert not judgement.rejected, f"line {each.line}: {judgement.rejected}"
        assert [result for result in judgement.results if result.verdict != "Holds"] == [], f"line {each.line}"
    counted = watch.census().actions
    assert {name: counted.get(name, 0) for name, least in seen.items() if counted.get(name, 0) < least} == {}


def test_a_quarter_of_a_deployments_pods_may_be_unavailable_where_it_says_nothing() -> None:
    status = {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 4, "readyReplicas": 3, "availableReplicas": 3}
    said = [{"type": "Available", "status": "True"}]
    for strategy, ready, wanted in (
        ({}, 3, "Holds"),
        ({}, 2, "Violated"),
        ({"maxUnavailable": "50%"}, 2, "Holds"),
        ({"maxUnavailable": 1}, 3, "Holds"),
        ({"maxUnavailable": 0}, 3, "Violated"),
    ):
        watch = monitor(REAL / "deployment_object.py", REAL / "deployment_object.yaml")
        seen = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "generation": 1},
            "spec": {"replicas": 4, "strategy": {"rollingUpdate": strategy}},
            "status": status | {"readyReplicas": ready, "availableReplicas": ready, "conditions": said},
        }
        (judgement,) = watch.take(View("deployment", NOON, "ADDED", seen))
        honest = {r.property: r.verdict for r in judgement.results}["available_condition_is_honest"]
        assert (strategy, ready, honest) == (strategy, ready, wanted), judgement


EDITED = {
    "deployment": (
        "deployment_object",
        {
            3: ("Step", "step", "total 2 → 50"),
            5: ("State", "available_condition_is_honest", "available_condition"),
            8: ("State", "status_is_not_from_the_future", "observed_generation = 99"),
            10: ("Step", "step", "revision 1 → 9"),
            13: ("Step", "step", "total 2 → 60"),
            15: ("Step", "step", "desired 2 → 20"),
        },
    ),
    "replicaset": (
        "replica_set_object",
        {
            3: ("State", "status_is_not_from_the_future", "observed_generation = 77"),
            5: ("Step", "step", "total 2 → 60"),
            7: ("Step", "step", "desired 2 → 20"),
        },
    ),
    "job": ("job_object", {13: ("Step", "step", "failed 2 → 7")}),
    "lease": ("lease_object", {14: ("State", "acquired_before_renewed", "renewed = 1577836800")}),
}
"""By recording, the lines at which somebody had edited the object by hand, and what that breaks."""


@pytest.mark.parametrize("recording", EDITED)
def test_illegal_edits_by_hand_are_caught_and_named(recording: str) -> None:
    spec, edits = EDITED[recording]
    watch = monitor(REAL / f"{spec}.py", REAL / f"{spec}.yaml")
    broken: dict[int, list[tuple[str, str, str]]] = {}
    for each, judgement in held(watch, observations(RECORDINGS / f"{recording}_edited.jsonl")):
        found = [
            (r.tier, r.property, f"{r.property} {r.message}") for r in judgement.results if r.verdict == "Violated"
        ]
        broken.setdefault(each.line, []).extend(found)
    for line, (tier, name, told) in edits.items():
        mine = [message for at, what, message in broken[line] if (at, what) == (tier, name)]
        assert mine and told in mine[0], f"line {line}: {broken[line]}"


def test_a_broken_invariant_comes_with_the_way_there_once() -> None:
    watch = monitor(EXAMPLE / "dns_zone.py", EXAMPLE / "observe.yaml")
    told = [
        result.explanation
        for _, judgement in held(watch, observations(RECORDINGS / "dns_race.jsonl"))
        for result in judgement.results
        if (result.property, result.verdict) == ("no_inconsistent_root", "Violated")
    ]
    assert len(told) > 1
    first = told[0]
    assert first is not None and first.path is not None
    assert all(each is None for each in told[1:])
    states = first.path["states"]
    assert {name: states[-1][name] for name in first.observed} == first.observed
