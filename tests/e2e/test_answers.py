"""What one can do about an answer, on a real cluster: a drift's record, muting, gates, deadlines, every namespace."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cluster.commands import run
from tests.e2e.conftest import namespace
from tests.e2e.observing import BUDGET, allow, budget, observing
from tests.e2e.places import Body, Place

SPECCHECK = Path(sys.executable).parent / "speccheck"
ENDLESS = "2099-01-01T00:00:00Z"

DRAINED = BUDGET.replace("instance, invariant, state", "instance, invariant, state, temporal, LeadsTo").replace(
    "@example\n",
    '''@temporal
def drained(s: Counter):
    """What is high comes down again."""
    return LeadsTo(s.count > 5, s.count == 0)


@example
''',
)
"""The budget's spec with a promise; its own actions only count up, so it is observed and not checked."""


def _patch(place: Place, name: str, **spec: object) -> None:
    place.kubectl("patch", "speccheck", name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")


def test_a_drift_has_a_record_that_leads_a_laptop_to_it(place: Place, tmp_path: Path) -> None:
    allow(place)
    place.apply(budget(1), observing("budget", tiers=["Step"], driftHold="5s", instance="small", parameters={}))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    place.apply(budget(2))
    place.apply(budget(4))
    place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    (record,) = place.wait("its record", "budget", lambda: place.items("speccheckdrifts", "budget"))
    found = record["spec"]
    assert (found["property"], found["tier"], found["object"]["name"]) == ("step", "Step", "budget")
    assert (found["lastGood"], found["observed"]) == ({"count": _itf(2)}, {"count": _itf(4)})
    (nearest,) = found["obstacles"]
    assert (nearest["kind"], nearest["detail"]) == ("mismatch", "count would be 3, observed 4")

    name = record["metadata"]["name"]
    (drift,) = place.status("budget")["observe"]["drifts"]
    assert drift["record"] == name
    told = place.wait("the Events", "budget", lambda: place.events("budget", "DriftDetected"))
    assert all(f"in full: SpecCheckDrift {name})" in event["note"] for event in told)

    (tmp_path / "spec.py").write_text(BUDGET)
    (tmp_path / "drift.itf.json").write_text(place.kubectl("get", "spcd", name, "--output=jsonpath={.spec.path}"))
    shown = run([SPECCHECK, "replay", tmp_path / "spec.py", tmp_path / "drift.itf.json"], timeout_s=60)
    assert "the path replays" in shown

    def ended() -> Body:
        status: Body = place.read("speccheckdrift", name).get("status") or {}
        return status

    assert place.wait("its end to be noted", "budget", ended)["reason"] == "Quiet"
    place.kubectl("delete", "speccheck", "budget")
    place.wait("it to go with its SpecCheck", "budget", lambda: not place.items("speccheckdrifts"))


def _itf(number: int) -> str:
    return json.dumps({"#bigint": str(number)}, separators=(",", ":"))


def test_a_muted_drift_is_counted_and_told_when_it_is_muted_no_more(place: Place) -> None:
    allow(place)
    mute = {"reason": "known", "property": "bounded", "until": ENDLESS}
    place.apply(budget(3), observing("budget", mute=[mute]))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    place.apply(budget(12))

    def muted() -> bool:
        return place.status("budget")["observe"].get("driftsMuted") == 1

    place.wait("a muted drift", "budget", muted)
    assert place.condition("budget", "Conformant")["status"] == "True"
    (drift,) = place.status("budget")["observe"]["drifts"]
    assert (drift["muted"], drift["muteReason"]) == (True, "known")
    assert place.events("budget", "DriftDetected") == []
    _patch(place, "budget", observe={"mute": None})
    place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    place.wait("the Events", "budget", lambda: len(place.events("budget", "DriftDetected")) == 2)


def test_a_gate_lets_a_drift_fail_a_sync_for_as_long_as_it_lasts(place: Place) -> None:
    allow(place)
    body = observing("budget")
    body["spec"]["gate"] = {"conformant": True}
    place.apply(budget(3), body)
    place.wait_condition("budget", "Ready", "True")
    place.apply(budget(12))
    stalled = place.wait_condition("budget", "Stalled", "True")
    assert "bounded" in stalled["message"]
    place.wait_condition("budget", "Ready", "False")
    place.apply(budget(2))
    place.wait_condition("budget", "Ready", "True")
    place.wait_condition("budget", "Stalled", "False")


def test_what_is_promised_and_not_kept_in_time_is_told_though_nothing_happens(place: Place) -> None:
    allow(place)
    body = observing("budget", tiers=["Time"], deadlines={"drained": "3s"})
    body["spec"]["source"] = {"inline": {"files": {"spec.py": DRAINED}}}
    body["spec"]["check"] = {"properties": ["bounded"]}
    place.apply(budget(1), body)
    place.wait_condition("budget", "Conformant", "True")
    place.apply(budget(7))
    conformant = place.wait_condition("budget", "Conformant", "False", "DriftDetected")
    assert "drained" in conformant["message"]
    (drift,) = place.status("budget")["observe"]["drifts"]
    assert (drift["property"], drift["tier"], drift["object"]["name"]) == ("drained", "Time", "budget")
    place.apply(budget(0))
    place.wait_condition("budget", "Conformant", "True")


@pytest.mark.parametrize(
    ("observe", "told"),
    [
        ({"actions": [{"name": "incremnt", "when": "true"}]}, "did you mean 'increment'"),
        ({"actions": [{"name": "increment", "when": "true", "args": {"by": "1"}}]}, "by"),
        ({"deadlines": {"bounded": "5s"}}, "it is not a temporal property"),
    ],
    ids=["action", "argument", "deadline"],
)
def test_what_the_spec_has_not_is_refused_before_anything_is_observed(place: Place, observe: Body, told: str) -> None:
    allow(place)
    place.apply(observing("budget", **observe))
    stalled = place.wait_condition("budget", "Stalled", "True", "SpecInvalid")
    assert told in stalled["message"]


@contextmanager
def _everywhere(place: Place) -> Iterator[None]:
    """The observer may see ConfigMaps in every namespace, while the body runs."""
    name, account = place.namespace, f"--serviceaccount={place.namespace}:observer"
    place.cluster.kubectl("create", "clusterrole", name, "--verb=get,list,watch", "--resource=configmaps")
    try:
        place.cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", account)
        yield
    finally:
        for kind in ("clusterrole", "clusterrolebinding"):
            place.cluster.kubectl("delete", kind, name, "--ignore-not-found")


def test_objects_of_every_namespace_are_observed_each_as_its_own_trace(place: Place) -> None:
    allow(place)
    source = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "*", "selector": {"matchLabels": {"app": "budget"}}}
    with _everywhere(place), namespace(place.cluster) as other:
        place.apply(budget(3), observing("budget", sources=[{"name": "budget", "kubernetes": source}]))
        other.apply(budget(4))
        place.wait("both to be judged", "budget", lambda: _keys(place) == 2)
        place.wait_condition("budget", "Conformant", "True", "Conforms")
        other.apply(budget(12))
        conformant = place.wait_condition("budget", "Conformant", "False", "DriftDetected")
        assert f"ConfigMap {other.namespace}/budget breaks bounded" in conformant["message"]
        other.wait("an Event beside the object", "budget", lambda: other.events("budget", "DriftDetected"))


def _keys(place: Place) -> int:
    return int((place.status("budget").get("observe") or {}).get("keys", 0))
