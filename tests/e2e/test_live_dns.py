"""A real controller with a real race, held to its spec while it runs: examples/dns-controller on a real cluster."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from tests.cluster.errors import ClusterError
from tests.e2e.places import Body, Place
from tests.e2e.recordings import CONFIG_MAPS, EVENTS, Heard, lines, recorded

EXAMPLE = Path(__file__).parents[2] / "examples" / "dns-controller"
SPECCHECK = Path(sys.executable).parent / "speccheck"

PLANS = int(os.environ.get("SPECCHECK_DNS_PLANS", "300"))
"""How many plan changes the correct controller is watched through; benchmarks/README.md tells of a thousand."""

UNSAFE_PLANS = 2000
RUN_S = 60.0 + PLANS / 4
RACE_S = 120.0
DRIFT_S = 30.0


@contextmanager
def controller(place: Place, folder: Path, **settings: object) -> Iterator["subprocess.Popen[bytes]"]:
    """The planner and the deployers while the body runs; what they say goes to a file, which an error shows."""
    environment = {f"DNS_{name.upper()}": str(value) for name, value in settings.items()}
    log = folder / "controller.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, EXAMPLE / "run.py"],
            env={**os.environ, **place.cluster.environment(), "DNS_NAMESPACE": place.namespace, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    except ClusterError as error:
        raise ClusterError(f"{error}\n{log.read_text()[-4000:]}") from error
    finally:
        process.send_signal(2)
        process.wait(60)


@pytest.fixture
def observed(place: Place) -> Place:
    """A namespace whose zone is held to the spec; there is no zone yet."""
    place.kubectl("apply", f"--kustomize={EXAMPLE}")
    place.wait_condition("zone", "Verified", "True", "Holds")
    return place


def test_the_correct_controller_conforms_through_plan_changes_under_load(observed: Place, tmp_path: Path) -> None:
    with recorded(observed, CONFIG_MAPS, "api") as seen:
        with controller(observed, tmp_path, plans=PLANS, period_s=0.04) as process:
            observed.wait("the last plan", "zone", lambda: process.poll() is not None, timeout_s=RUN_S)
        assert process.returncode == 0, (tmp_path / "controller.log").read_text()[-4000:]
        heard = seen.wait_quiet("zone")
    assert _steps(heard)["planner_publish"] >= PLANS
    assert set(_steps(heard)) == {"created", "planner_publish", "deployer_lock", "deployer_apply", "deployer_gc"}
    conformant = observed.wait_condition("zone", "Conformant", "True")
    assert conformant["lastTransitionTime"] <= _stamp(heard[-1].time)
    assert [event["note"] for event in observed.events("api")] == []
    observe = observed.status("zone")["observe"]
    assert [observe.get(each, 0) for each in ("gaps", "rejected", "resolved", "driftsActive")] == [0, 0, 0, 0]
    found = _offline(heard, tmp_path, status=0)
    assert found["judged"] == len(heard)
    print(f"{PLANS} plans, {len(heard)} writes, no alarm")


def test_the_race_is_caught_in_the_act_and_named(observed: Place, tmp_path: Path) -> None:
    with recorded(observed, EVENTS) as told, recorded(observed, CONFIG_MAPS, "api") as seen:
        with controller(observed, tmp_path, plans=UNSAFE_PLANS, unsafe=1, period_s=0.04):
            event = told.wait("an Event of the race", "zone", _is_of_the_race, timeout_s=RACE_S)
        heard = seen.wait_quiet("zone")
    note = event.object["note"]
    assert event.object["regarding"]["name"] == "api"
    assert 'deployer_gc(deployer="deployer-' in note
    broken = next(each for each in heard if _is_broken(each))
    late_s = (event.time - broken.time).total_seconds()
    print(f"told after {late_s:.3f} s: {note}")
    assert late_s < DRIFT_S
    found = _offline(heard, tmp_path, status=1)
    drifts = {(drift["tier"], drift["property"]) for drift in found["drifts"]}
    assert ("State", "no_inconsistent_root") in drifts
    assert {name for tier, name in drifts if tier == "Step"} & {"deployer_apply", "deployer_gc"}


def _is_of_the_race(heard: Heard) -> bool:
    event = heard.object
    named = (event["reason"], event["regarding"]["kind"]) == ("DriftDetected", "ConfigMap")
    return named and event["note"].startswith("no_inconsistent_root")


def _is_broken(heard: Heard) -> bool:
    records = json.loads(heard.object["data"]["records"])
    return records["api.example.com"] not in records


def _steps(heard: list[Heard]) -> dict[str, int]:
    """How often each step was written."""
    counts: dict[str, int] = {}
    for each in heard:
        action = json.loads(each.object["data"]["last"])["action"]
        counts[action] = counts.get(action, 0) + 1
    return counts


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _offline(heard: list[Heard], folder: Path, status: int) -> Body:
    """What `speccheck conform` says of the recording; its exit status is to be this."""
    recording = folder / "zone.jsonl"
    recording.write_text(lines(heard, "zone"))
    words = [SPECCHECK, "conform", EXAMPLE / "dns_zone.py", "-m", EXAMPLE / "observe.yaml", recording, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stdout[-3000:] + done.stderr[-3000:]
    found: Body = json.loads(done.stdout)
    return found
