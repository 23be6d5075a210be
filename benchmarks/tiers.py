"""Observations a second on one core, by tier, for the rolling update: python -m benchmarks.tiers [State|unlike|Step]

The object is a Deployment with its eight mapped variables, as large as one is; the spec is specs/deployment_rollout.py
with its ReplicaSets hidden, so that the step tier keeps every state of them that fits. `unlike`: tier State with no two
observations alike in their values, so that nothing found before helps. Also: memory per thousand keys.
"""

from __future__ import annotations

import random
import sys
import time
import tracemalloc
from typing import Any

import msgspec

from benchmarks.machines import machine
from benchmarks.worlds import SCENARIOS, at
from speccheck.conform.monitors import Monitor
from speccheck.conform.protocols import MappingOrder, SourceOrder, Tier, View

ROLLOUT = next(each for each in SCENARIOS if each.name == "rollout")
NUMBERS = {
    "generation": "object.metadata.generation",
    "desired": "object.spec.replicas",
    "observed_generation": 'get(object, "status.observedGeneration", 0)',
    "total": 'get(object, "status.replicas", 0)',
    "updated": 'get(object, "status.updatedReplicas", 0)',
    "ready": 'get(object, "status.readyReplicas", 0)',
    "available": 'get(object, "status.availableReplicas", 0)',
    "says_available": 'get(object, "status.conditions", []).exists(c, c.type == "Available" && c.status == "True")',
}


def deployment(state: dict[str, Any], name: str) -> dict[str, Any]:
    """A Deployment in that state, with what else there is in one."""
    container = {"name": "c", "image": "example.org/web:1", "env": [{"name": "A", "value": "b"}], "resources": {}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "restartPolicy": "Always"}}
    metadata = {"name": name, "namespace": "bench", "uid": f"uid-{name}", "labels": {"app": name}}
    says = "True" if state["says_available"] else "False"
    conditions = [{"type": "Progressing", "status": "True"}, {"type": "Available", "status": says}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, "generation": state["generation"]},
        "spec": {"replicas": state["desired"], "selector": {"matchLabels": {"app": name}}, "template": template},
        "status": {
            "observedGeneration": state["observed_generation"],
            "replicas": state["total"],
            "updatedReplicas": state["updated"],
            "readyReplicas": state["ready"],
            "availableReplicas": state["available"],
            "conditions": conditions,
        },
    }


def views(count: int, keys: int, seed: int = 7) -> list[View]:
    """Rollouts of many Deployments, each a random walk that begins anew at its end."""
    rng = random.Random(seed)
    stepper = ROLLOUT.stepper
    states = {f"web-{n}": rng.choice(stepper.initials()) for n in range(keys)}
    found: list[View] = []
    while len(found) < count:
        name = rng.choice(list(states))
        ways = stepper.successors(states[name])
        if not ways:
            body = deployment(dict(zip(stepper.variables, states[name], strict=True)), name)
            found.append(View("deployment", at(len(found) / 100), "DELETED", body))
            states[name] = rng.choice(stepper.initials())
            continue
        states[name] = rng.choice(ways).state
        body = deployment(dict(zip(stepper.variables, states[name], strict=True)), name)
        found.append(View("deployment", at(len(found) / 100), "MODIFIED", body))
    return found


def unlike(seen: list[View]) -> list[View]:
    """The same, with generations of their own."""
    found = []
    for n, view in enumerate(seen):
        body = dict(view.object or {})
        metadata, status = dict(body["metadata"]), dict(body["status"])
        metadata["generation"] += 1_000 * n
        status["observedGeneration"] += 1_000 * n
        found.append(msgspec.structs.replace(view, object={**body, "metadata": metadata, "status": status}))
    return found


def rate(tiers: tuple[Tier, ...], seen: list[View]) -> float:
    """Observations a second, each decoded from JSON as it comes over the evaluator's socket."""
    order = MappingOrder((SourceOrder("deployment"),), NUMBERS, instance="rolling", tiers=tiers, hidden_steps=2)
    lines = [msgspec.json.encode(each) for each in seen]
    monitor = Monitor(ROLLOUT.whole, order)
    decoder = msgspec.json.Decoder(View)
    began = time.perf_counter()
    for line in lines:
        monitor.take(decoder.decode(line))
    return len(seen) / (time.perf_counter() - began)


def memory_kib(keys: int) -> float:
    """KiB for each key that is followed in all tiers, after three observations of it."""
    order = MappingOrder((SourceOrder("deployment"),), NUMBERS, instance="rolling", hidden_steps=2)
    seen = views(3 * keys, keys)
    monitor = Monitor(ROLLOUT.whole, order)
    for each in seen[: keys // 10]:
        monitor.take(each)
    tracemalloc.start()
    before, followed = tracemalloc.get_traced_memory()[0], monitor.census().keys
    for each in seen[keys // 10 :]:
        monitor.take(each)
    return (tracemalloc.get_traced_memory()[0] - before) / 1024 / (monitor.census().keys - followed)


def main() -> None:
    """What is named, or all."""
    print(machine())
    wanted = sys.argv[1:] or ["State", "unlike", "Step", "memory"]
    counts: dict[Tier, int] = {"State": 40_000, "Step": 10_000}
    for tier, count in counts.items():
        if tier in wanted:
            seen = views(count, keys=50)
            print(f"{tier}: {rate((tier,), seen):.0f} observations a second")
    if "unlike" in wanted:
        print(f"State, no two alike: {rate(('State',), unlike(views(20_000, keys=50))):.0f} observations a second")
    if "memory" in wanted:
        print(f"memory: {memory_kib(2_000) * 1000 / 1024:.1f} MiB a thousand keys, caches included")


if __name__ == "__main__":
    main()
