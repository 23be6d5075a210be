"""From a change in the API to the Event that tells of the drift: python -m benchmarks.latency [CHANGES] [PAUSE_S]

On the cluster of the tests (their kubeconfig's, or one made for this run), with the operator installed as users install
it. So many ConfigMaps are observed and good; each is made bad once, one after another, with random pauses of PAUSE_S
on average. Measured is from the moment at which the API server had accepted the change until the Event on that
ConfigMap was heard by a watch of its own, which shares nothing with the operator's. Also: from the accepted change to
the Event on the SpecCheck.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from kubernetes import client, config
from tests.cluster import finding
from tests.cluster.clusters import Cluster
from tests.cluster.commands import run
from tests.e2e.conftest import INSTALL_TIMEOUT_S, TOP, namespace
from tests.e2e.observing import allow, budget, observing
from tests.e2e.places import Place
from tests.e2e.recordings import EVENTS, Heard, Recording, recorded

from benchmarks.machines import machine

LAST_S = 30.0
"""How long after the last change its Events are waited for."""

KINDS = ("ConfigMap", "SpecCheck")


@dataclass(frozen=True)
class Written:
    """When a change was sent and when it was accepted, by a clock that nobody sets."""

    sent_s: float
    accepted_s: float


@contextmanager
def installed() -> Iterator[Cluster]:
    """A cluster with the operator ready in it."""
    way = finding.find()
    print(f"cluster: {way.name}", flush=True)
    way.prepare()
    cluster = way.open(False)
    try:
        image = cluster.project_image()
        path = f"{cluster.program.parent}:{os.environ['PATH']}"
        environment = {**cluster.environment(), "IMAGE": image, "PATH": path}
        run(["sh", TOP / "manifests" / "deploy.sh"], timeout_s=INSTALL_TIMEOUT_S, env=environment)
        yield cluster
    finally:
        cluster.stop()


def observed(place: Place, names: list[str]) -> None:
    """Has ConfigMaps of these names, all of them good, observed."""
    allow(place)
    for first in range(0, len(names), 50):
        place.apply(*(budget(3, name) for name in names[first : first + 50]))
    place.apply(observing("budget"))
    place.wait_condition("budget", "Conformant", "True", "Conforms", timeout_s=120)


def changed(place: Place, names: list[str], pause_s: float) -> dict[str, Written]:
    """Makes each bad, in an order and at times that are random."""
    os.environ.update(place.cluster.environment())  # where there is a proxy, the API server is not behind it
    api = client.CoreV1Api(config.new_client_from_config(str(place.cluster.kubeconfig)))  # type: ignore[no-untyped-call]
    rng = random.Random(1)
    written = {}
    for name in rng.sample(names, len(names)):
        time.sleep(rng.expovariate(1 / pause_s))
        sent_s = time.monotonic()
        api.patch_namespaced_config_map(name, place.namespace, {"data": {"count": "12"}}, _request_timeout=30)
        written[name] = Written(sent_s, time.monotonic())
    return written


def told(recording: Recording, place: Place) -> Mapping[str, dict[str, float]]:
    """By the kind of the object that an Event is on, and the name of the ConfigMap, when it was heard first."""
    found: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    for each in list(recording.heard):
        if each.object.get("reason") == "DriftDetected":
            kind, name = each.object["regarding"]["kind"], _config_map(each, place)
            found[kind].setdefault(name, each.since_s)
    return found


def _config_map(heard: Heard, place: Place) -> str:
    about: dict[str, Any] = heard.object["regarding"]
    if about["kind"] != "ConfigMap":
        about = heard.object.get("related") or {}
    assert about.get("namespace", place.namespace) == place.namespace, "an Event on something else"
    return str(about.get("name", ""))


def heard(recording: Recording, place: Place, count: int) -> Mapping[str, dict[str, float]]:
    """All Events, or those that came in time."""
    ends = time.monotonic() + LAST_S
    while any(len(each) < count for each in told(recording, place).values()) and time.monotonic() < ends:
        recording.check()
        time.sleep(0.2)
    return told(recording, place)


def shown(kind: str, written: Mapping[str, Written], times: Mapping[str, float]) -> str:
    """The figures of the Events on one kind of object."""
    took = sorted(times[name] - each.accepted_s for name, each in written.items() if name in times)
    missed = len(written) - len(took)
    if not took:
        return f"on the {kind}: no Event came"
    shares = {f"p{share}": took[min(len(took) - 1, len(took) * share // 100)] for share in (50, 90, 99)}
    told_as = ", ".join(f"{name} {1000 * each:.0f} ms" for name, each in shares.items())
    return f"on the {kind}: {told_as}, max {1000 * took[-1]:.0f} ms, of {len(took)}; missed {missed}"


def measure(place: Place, count: int, pause_s: float) -> None:
    """Measures and prints."""
    names = [f"budget-{n}" for n in range(count)]
    observed(place, names)
    with recorded(place, EVENTS) as recording:
        written = changed(place, names, pause_s)
        times = heard(recording, place, count)
    took_ms = 1000 * median(each.accepted_s - each.sent_s for each in written.values())
    print(f"{count} changes, {pause_s:g} s apart on average; a write takes {took_ms:.0f} ms (median)")
    for kind in KINDS:
        print(shown(kind, written, times[kind]))


def main(count: int = 200, pause_s: float = 0.5) -> None:
    """The machine, then the figures."""
    print(machine())
    with installed() as cluster, namespace(cluster) as place:
        measure(place, count, pause_s)
        print(f"load of the machine over the last minutes: {os.getloadavg()}")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["200"])[0]), float((sys.argv[2:] or ["0.5"])[0]))
