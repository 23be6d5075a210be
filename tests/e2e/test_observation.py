"""Live objects held to a spec, on a real cluster: conformance through real rollouts, drift within seconds, its end."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from tests.cluster.commands import run
from tests.cluster.errors import ClusterError
from tests.e2e.observing import allow, budget, observing
from tests.e2e.places import SAMPLES, Body, Place
from tests.e2e.recordings import DEPLOYMENTS, EVENTS, SPEC_CHECKS, Heard, Recording, lines, recorded

DRIFT_S = 30.0
"""How long a drift may take from the change to its Event."""

SPECCHECK = Path(sys.executable).parent / "speccheck"


_RECORD = re.compile(r"; in full: SpecCheckDrift [-a-z0-9]+\)$")


def _is_event(reason: str, kind: str, property_name: str) -> Callable[[Heard], bool]:
    """Whether it is an Event with a reason, on an object of a kind, about a property."""

    def wanted(heard: Heard) -> bool:
        event = heard.object
        about = event["note"].startswith(property_name)
        return (event["reason"], event["regarding"]["kind"], about) == (reason, kind, True)

    return wanted


def _is_not_conformant(heard: Heard) -> bool:
    conditions = (heard.object.get("status") or {}).get("conditions") or ()
    return any((each["type"], each["status"]) == ("Conformant", "False") for each in conditions)


@dataclass(frozen=True)
class Witness:
    """Waits for what is told about one SpecCheck's drifts, and how long after the change that was."""

    name: str
    told: Recording

    def drift_s(self, kind: str, property_name: str, changed: datetime) -> float:
        """Seconds from `changed` until a drift's Events were heard on both objects; the end of it is not waited for."""
        took = [
            (self._event("DriftDetected", each, property_name).time - changed).total_seconds()
            for each in (kind, "SpecCheck")
        ]
        print(f"drift of {property_name}: told after {max(took):.3f} s")
        return max(took)

    def resolved(self, kind: str, property_name: str) -> None:
        """Wait until the end of a drift is told on both objects."""
        for each in (kind, "SpecCheck"):
            self._event("DriftResolved", each, property_name)

    def _event(self, reason: str, kind: str, property_name: str) -> Heard:
        what = f"Event {reason} of {property_name} on a {kind}"
        return self.told.wait(what, self.name, _is_event(reason, kind, property_name))


@pytest.fixture
def told(place: Place) -> Iterator[Recording]:
    """The Events of the place as they come."""
    with recorded(place, EVENTS) as recording:
        yield recording


@pytest.fixture
def observed(place: Place) -> Iterator[Place]:
    """A budget that is kept, and observed."""
    allow(place)
    place.apply(budget(3), observing("budget"))
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    yield place


def test_a_drift_is_told_on_both_objects_within_seconds_and_so_is_its_end(observed: Place, told: Recording) -> None:
    witness = Witness("budget", told)
    changed = datetime.now(UTC)
    observed.apply(budget(12))
    assert witness.drift_s("ConfigMap", "bounded", changed) < DRIFT_S
    conformant = observed.wait_condition("budget", "Conformant", "False", "DriftDetected")
    assert f"ConfigMap {observed.namespace}/budget breaks bounded" in conformant["message"]
    assert "count = 12" in conformant["message"]
    (drift,) = observed.status("budget")["observe"]["drifts"]
    assert (drift["property"], drift["object"]["name"], drift["tier"]) == ("bounded", "budget", "State")
    for kind in ("configmap", "speccheck"):
        assert "DriftDetected" in _events_described(observed, kind, "budget")
    observed.apply(budget(2))
    observed.wait_condition("budget", "Conformant", "True", "Conforms")
    witness.resolved("ConfigMap", "bounded")
    assert observed.status("budget")["observe"]["resolved"] == 1


def test_an_object_that_goes_takes_its_drift_with_it(observed: Place) -> None:
    observed.apply(budget(12, "other"))
    observed.wait_condition("budget", "Conformant", "False", "DriftDetected")
    observed.kubectl("delete", "configmap", "other")
    observed.wait_condition("budget", "Conformant", "True", "Conforms")


def test_what_does_not_fit_is_rejected_and_never_taken_for_conformance(observed: Place) -> None:
    observed.apply(budget("many"))
    observed.wait_condition("budget", "Conformant", "Unknown", "Ambiguous")
    (event,) = observed.wait("an Event", "budget", lambda: observed.events("budget", "ObservationRejected"))
    assert "variables.count" in event["note"]
    observed.apply(budget(4))
    observed.wait_condition("budget", "Conformant", "True", "Conforms")


def test_an_account_that_may_not_see_is_told_what_to_apply(place: Place) -> None:
    body = observing("budget")
    del body["spec"]["observe"]["serviceAccountName"]
    place.apply(budget(3), body)
    conformant = place.wait_condition("budget", "Conformant", "Unknown", "ObserverForbidden")
    assert f"service account default of namespace {place.namespace} may not" in conformant["message"]
    place.wait_condition("budget", "Stalled", "True", "ObserverForbidden")
    place.wait_condition("budget", "Verified", "True", "Holds")
    commands = conformant["message"].partition("grant it: ")[2].split(" && ")
    assert [command.split()[:3] for command in commands] == [
        ["kubectl", "create", "role"],
        ["kubectl", "create", "rolebinding"],
    ]
    for command in commands:  # to the letter, as a person would
        place.cluster.kubectl(*command.split()[1:])
    place.wait_condition("budget", "Conformant", "True", "Conforms")
    place.wait_condition("budget", "Stalled", "False")


def test_secrets_are_never_observed_whoever_may_see_them(place: Place) -> None:
    source = {"name": "budget", "kubernetes": {"apiVersion": "v1", "kind": "Secret"}}
    with pytest.raises(ClusterError, match="Secrets are never observed"):
        place.apply(observing("budget", sources=[source]))


def test_names_that_nothing_has_stall_with_the_reason(place: Place) -> None:
    allow(place)
    place.apply(
        observing("no-variable", variables={"cuont": "1"}), observing("no-name", variables={"count": "budgte.count"})
    )
    stalled = place.wait_condition("no-variable", "Stalled", "True", "SpecInvalid")
    assert "variables.cuont: the spec has no such variable; did you mean 'count'?" in stalled["message"]
    stalled = place.wait_condition("no-name", "Stalled", "True", "SpecInvalid")
    assert "variables.count: nothing is named 'budgte'; did you mean 'budget'?" in stalled["message"]
    assert place.condition("no-name", "Conformant")["status"] == "Unknown"


def test_a_kind_that_the_cluster_has_not_is_named(place: Place) -> None:
    source = {"name": "widget", "kubernetes": {"apiVersion": "example.org/v1", "kind": "Widget"}}
    place.apply(observing("budget", sources=[source]))
    stalled = place.wait_condition("budget", "Stalled", "True", "KindUnknown")
    assert "Widget" in stalled["message"]


def test_drift_is_kept_over_a_restart_and_told_once(observed: Place) -> None:
    observed.apply(budget(12))
    conformant = observed.wait_condition("budget", "Conformant", "False", "DriftDetected")
    before = observed.status("budget")["observe"]["drifts"]
    observed.cluster.kubectl(
        "delete", "pod", "--namespace=speccheck-system", "--selector=app.kubernetes.io/name=speccheck-operator"
    )

    def observed_again() -> bool:
        observe = observed.status("budget")["observe"]
        return (observe["gaps"], observe["judged"]) == (1, 1)

    observed.wait("another operator to observe it", "budget", observed_again, timeout_s=60)
    after = observed.status("budget")["observe"]["drifts"]
    assert [drift["identity"] for drift in after] == [drift["identity"] for drift in before]
    still = observed.condition("budget", "Conformant")
    assert (still["status"], still["lastTransitionTime"]) == ("False", conformant["lastTransitionTime"])
    observed.apply(budget(1))
    observed.wait_condition("budget", "Conformant", "True", "Conforms")
    observed.wait("its end", "budget", lambda: len(observed.events("budget", "DriftResolved")) == 2)
    assert len(observed.events("budget", "DriftDetected")) == 2


def test_drifts_that_end_while_no_operator_runs_are_resolved_afterwards(
    observed: Place, scaled: Callable[[int], None]
) -> None:
    observed.apply(budget(12), budget(13, "other"))
    observed.wait("two drifts", "budget", lambda: len(observed.status("budget")["observe"].get("drifts", ())) == 2)
    scaled(0)
    observed.apply(budget(4))
    observed.kubectl("delete", "configmap", "other")
    scaled(1)
    observed.wait_condition("budget", "Conformant", "True", "Conforms")

    def told() -> bool:
        on_objects_and_speccheck = observed.events("budget", "DriftResolved")
        return (len(on_objects_and_speccheck), len(observed.events("other", "DriftResolved"))) == (3, 1)

    observed.wait("the ends of both drifts, on each object and on the SpecCheck", "budget", told)
    assert observed.status("budget")["observe"]["resolved"] == 2


def test_a_lease_drifts_when_a_stranger_leads_and_one_event_counts_how_often(place: Place, told: Recording) -> None:
    place.kubectl("apply", f"--filename={SAMPLES / 'lease.yaml'}")
    place.wait_condition("lease", "Conformant", "True", "Conforms")
    witness = Witness("lease", told)
    changed = datetime.now(UTC)
    _lead(place, "mallory", 20)
    (property_name,) = _broken(place, "lease")
    assert witness.drift_s("Lease", property_name, changed) < DRIFT_S
    for second in range(21, 26):
        _lead(place, "mallory", second)

    def counted() -> bool:
        detected = place.events("color", "DriftDetected") + place.events("lease", "DriftDetected")
        counts = [(event.get("series") or {}).get("count", 0) for event in detected]
        return len(counts) == 2 and min(counts) >= 2

    place.wait("one Event with a series on each object", "lease", counted)
    assert "DriftDetected" in _events_described(place, "lease", "color")
    _lead(place, "green", 30)
    place.wait_condition("lease", "Conformant", "True", "Conforms")
    witness.resolved("Lease", property_name)
    (ended,) = place.events("color", "DriftResolved")
    assert "6 observations" in ended["note"]
    assert len(place.events("color")) == 2


def _lead(place: Place, holder: str, second: int) -> None:
    spec = {"holderIdentity": holder, "renewTime": f"2026-11-22T10:00:{second}.000000Z"}
    place.kubectl("patch", "lease", "color", "--type=merge", f"--patch={json.dumps({'spec': spec})}")


def _broken(place: Place, name: str) -> list[str]:
    """The properties that a SpecCheck's objects break at present, once one is broken."""
    place.wait_condition(name, "Conformant", "False", "DriftDetected")
    return [drift["property"] for drift in place.status(name)["observe"]["drifts"]]


def _events_described(place: Place, kind: str, name: str) -> str:
    """What `kubectl describe` shows of an object's Events."""
    return place.kubectl("describe", kind, name).partition("Events:")[2]


SHOWN = ("status", "reason", "message")

ROLLOUTS = (
    ("set", "env", "deployment/web", "ROUND=1"),
    ("set", "env", "deployment/web", "ROUND=2"),
    ("rollout", "undo", "deployment/web"),
    ("scale", "deployment/web", "--replicas=3"),
)

HAND_EDITS = {
    "total_is_bounded": {"replicas": 50},
    "available_condition_is_honest": {"conditions": [{"type": "Available", "status": "False"}]},
}
"""Statuses that the controller never writes, by the invariant that each breaks."""


def test_a_real_deployment_conforms_through_rollouts_and_drifts_when_edited(
    place: Place, project_image: str, told: Recording, tmp_path: Path
) -> None:
    *objects, spec_check = _sample("rollout.yaml", project_image)
    place.apply(*objects)
    _rolled_out(place)
    with recorded(place, DEPLOYMENTS, "web") as seen, recorded(place, SPEC_CHECKS, "rollout") as checked:
        seen.wait_quiet("rollout")
        place.apply(spec_check)
        _conforms_through_rollouts(place, seen)
        assert [each for each in checked.heard if _is_not_conformant(each)] == []
        witness = Witness("rollout", told)
        for property_name, status in HAND_EDITS.items():
            changed = datetime.now(UTC)
            patch = json.dumps({"status": status})
            place.kubectl("patch", "deployment", "web", "--subresource=status", f"--patch={patch}")
            assert witness.drift_s("Deployment", property_name, changed) < DRIFT_S
            witness.resolved("Deployment", property_name)  # the controller has put it right
        changed = datetime.now(UTC)
        place.kubectl("scale", "deployment/web", "--replicas=0")
        assert witness.drift_s("Deployment", "desired_is_agreed", changed) < DRIFT_S
        told_as = checked.wait(
            "Conformant=False", "rollout", lambda each: each.time > changed and _is_not_conformant(each)
        )
        assert (told_as.time - changed).total_seconds() < DRIFT_S
        for kind, name in (("deployment", "web"), ("speccheck", "rollout")):
            described = _events_described(place, kind, name)
            assert all(f"{each}:" in described for each in (*HAND_EDITS, "desired_is_agreed"))
        _is_the_same_without_a_cluster(place, spec_check, seen, tmp_path)
    place.kubectl("scale", "deployment/web", "--replicas=2")
    place.wait_condition("rollout", "Conformant", "True", "Conforms")


def _sample(name: str, image: str) -> list[Body]:
    """A sample's objects, its pods running an image that every cluster of the tests has."""
    bodies = list(yaml.safe_load_all((SAMPLES / name).read_text()))
    for body in bodies:
        if body["kind"] == "Deployment":
            (container,) = body["spec"]["template"]["spec"]["containers"]
            container |= {"image": image, "command": ["sleep", "3600"]}
            body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    return bodies


def _rolled_out(place: Place) -> None:
    """Wait until the Deployment's pods are all there and of its template."""
    try:
        place.kubectl("rollout", "status", "deployment/web", "--timeout=180s")
    except ClusterError as error:
        raise ClusterError(f"{error}\n{place.kubectl('describe', 'deployments,replicasets,pods')}") from error


def _conforms_through_rollouts(place: Place, seen: Recording) -> None:
    """It conforms all the while, and every version of the Deployment there was has been judged."""
    conformant = place.wait_condition("rollout", "Conformant", "True", "Conforms")
    for change in ROLLOUTS:
        place.kubectl(*change)
        _rolled_out(place)
    observe, heard = _counted(place, seen)
    versions = {each.object["metadata"]["resourceVersion"] for each in heard}
    assert observe["judged"] == len(versions) >= 20
    assert (observe["gaps"], observe["rejected"], observe["resolved"], observe["driftsActive"]) == (0, 0, 0, 0)
    still = place.condition("rollout", "Conformant")
    assert (still["status"], still["lastTransitionTime"]) == ("True", conformant["lastTransitionTime"])
    assert place.events("web", "DriftDetected") == []
    print(f"{observe['judged']} versions judged")


def _counted(place: Place, seen: Recording) -> tuple[Body, list[Heard]]:
    """The counts of observation as they are, and the versions of the Deployment that there were until then.

    Counts alone are written once a minute; a request that has changed has them written with its status.
    """

    def probe() -> tuple[Body, list[Heard]] | None:
        heard = seen.wait_quiet("rollout")
        generation = place.read("speccheck", "rollout")["metadata"]["generation"] + 1
        patch = json.dumps({"spec": {"historyLimit": 3 + generation % 2}})
        place.kubectl("patch", "speccheck", "rollout", "--type=merge", f"--patch={patch}")
        observe = place.wait(f"generation {generation} to be seen", "rollout", lambda: written(generation))
        return (observe, heard) if len(seen.heard) == len(heard) else None

    def written(generation: int) -> Body | None:
        status = place.status("rollout")
        found: Body = status["observe"]
        return found if status["observedGeneration"] == generation else None

    return place.wait("counts of a Deployment that has settled", "rollout", probe)


def _is_the_same_without_a_cluster(place: Place, spec_check: Body, seen: Recording, folder: Path) -> None:
    """`speccheck run`, given the same manifest and what was recorded, comes to what the cluster shows."""
    observe, heard = _counted(place, seen)
    manifest = spec_check | {"metadata": {"name": "rollout", "namespace": place.namespace}}
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    (folder / "seen.jsonl").write_text(lines(heard, "deployment"))
    command = f"{SPECCHECK} run -f {folder}/manifest.yaml --observations {folder}/seen.jsonl --json; test $? -eq 1"
    (found,) = json.loads(run(["sh", "-c", command], timeout_s=60))["specChecks"]
    (conformant,) = (each for each in found["status"]["conditions"] if each["type"] == "Conformant")
    there = place.condition("rollout", "Conformant")
    assert [conformant[each] for each in SHOWN] == [there[each] for each in SHOWN]
    assert _counts(found["status"]["observe"]) == _counts(observe)
    assert [_told_drift(drift) for drift in found["status"]["observe"]["drifts"]] == [
        _told_drift(drift) for drift in observe["drifts"]
    ]
    events = place.events("web") + place.events("rollout")
    assert _notes(found["events"]) == _notes(events)


def _counts(observe: Body) -> Body:
    return {each: observe[each] for each in ("keys", "judged", "gaps", "rejected", "resolved", "driftsActive")}


def _told_drift(drift: Body) -> Body:
    return {each: drift[each] for each in ("property", "tier", "key", "object", "message", "count")}


def _notes(events: list[Body]) -> list[tuple[str, str]]:
    """What the Events about the beginnings of drifts say, and on what; without where a cluster has more about it."""
    drifts = [event for event in events if event["reason"] == "DriftDetected"]
    return sorted((event["regarding"]["kind"], _RECORD.sub(")", event["note"])) for event in drifts)
