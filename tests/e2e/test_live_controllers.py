"""Kubernetes' own controllers on a real cluster, held to examples/real-controllers while they work, and edited by hand.

docs/real-controllers.md tells what was learned; tests/conform/test_recordings.py holds recordings of them again.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.clusters import GivenCluster
from tests.e2e.places import Body, Place, inline, metrics

EXAMPLES = Path(__file__).parents[2] / "examples" / "real-controllers"
DRIFT_S = 60.0
TAKEN_OVER_S = 180.0
FAILING_S = 120.0
RENEWALS = 20

RESOURCES = {"deployment": "deployments.apps", "replica_set": "replicasets.apps", "job": "jobs.batch"}
STATUS = ("--subresource=status", "--type=merge")
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
}


def _held(name: str, **parameters: str) -> Body:
    """A SpecCheck of an example, that observes its namespace, or the one that the example says."""
    observe: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{name}_object.yaml").read_text())
    observe["parameters"] = observe.get("parameters", {}) | parameters
    spec = (EXAMPLES / f"{name}_object.py").read_text()
    check = {"instances": ["small"]}
    return inline(
        name.replace("_", "-"),
        spec,
        check=check,
        observe=observe | {"serviceAccountName": "observer", "driftHold": "1s"},
    )


def _pod(image: str, command: str, app: str = "web", **more: object) -> Body:
    hardened = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "c", "image": image, "command": ["sh", "-c", command], "securityContext": hardened}
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"containers": [container], "securityContext": security, "automountServiceAccountToken": False}
    return {"metadata": {"labels": {"app": app}}, "spec": {**pod, "terminationGracePeriodSeconds": 1, **more}}


@pytest.fixture
def observed(place: Place, project_image: str) -> Place:
    """A namespace with a Deployment, its ReplicaSet and a Job, all observed."""
    place.kubectl("create", "serviceaccount", "observer")
    kinds = ",".join(RESOURCES.values())
    place.kubectl("create", "role", "see", "--verb=get,list,watch", f"--resource={kinds}")
    place.kubectl("create", "rolebinding", "see", "--role=see", f"--serviceaccount={place.namespace}:observer")
    place.apply(*map(_held, RESOURCES))
    web = {**WEB, "spec": {**WEB["spec"], "template": _pod(project_image, "sleep 3600")}}  # type: ignore[dict-item]
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "work"},
        "spec": {"completions": 4, "parallelism": 2, "template": _pod(project_image, "sleep 1", restartPolicy="Never")},
    }
    place.apply(web, job)
    place.kubectl("rollout", "status", "deployment/web", "--timeout=180s")
    place.kubectl("wait", "--for=condition=Complete", "job/work", "--timeout=180s")
    for name in RESOURCES:
        place.wait_condition(name.replace("_", "-"), "Conformant", "True")
    return place


def _failing(image: str) -> tuple[Body, Body]:
    """A Job that is given up after its second pod, and a Deployment whose pod ends again and again."""
    pod = _pod(image, "sleep 1; exit 1", "crash", restartPolicy="Never")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "futile"},
        "spec": {"backoffLimit": 1, "template": pod},
    }
    crash = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "crash"},
        "spec": {"selector": {"matchLabels": {"app": "crash"}}, "template": _pod(image, "sleep 1; exit 1", "crash")},
    }
    return job, crash


def test_they_conform_through_rollouts_scalings_a_rollback_a_pause_and_failing_pods(
    observed: Place, project_image: str
) -> None:
    observed.apply(*_failing(project_image))
    for change in (
        ("set", "env", "deployment/web", "ROUND=1"),
        ("scale", "deployment/web", "--replicas=4"),
        ("set", "env", "deployment/web", "ROUND=2"),
        ("rollout", "undo", "deployment/web"),
        ("rollout", "pause", "deployment/web"),
        ("set", "env", "deployment/web", "ROUND=3"),
        ("rollout", "resume", "deployment/web"),
        ("scale", "deployment/web", "--replicas=1"),
    ):
        observed.kubectl(*change)
    observed.kubectl("rollout", "status", "deployment/web", "--timeout=180s")
    observed.wait("a pod to end for the third time", "deployment", lambda: _restarts(observed) >= 2, FAILING_S)
    observed.wait("the Job to be given up", "job", lambda: _is_given_up(observed), FAILING_S)
    for name in RESOURCES:
        checked = name.replace("_", "-")
        observed.wait_condition(checked, "Conformant", "True")
        assert [event["note"] for event in observed.events(checked, "DriftDetected")] == []
        observe = observed.status(checked)["observe"]
        assert [observe.get(each, 0) for each in ("rejected", "resolved", "driftsActive")] == [0, 0, 0], observe


def _restarts(place: Place) -> int:
    """How often the crashing Deployment's containers were started again."""
    pods = [pod for pod in place.items("pods") if pod["metadata"]["name"].startswith("crash-")]
    return sum(each["restartCount"] for pod in pods for each in pod["status"].get("containerStatuses", ()))


def _is_given_up(place: Place) -> bool:
    conditions = place.read("job", "futile")["status"].get("conditions", ())
    return any(each["type"] == "Failed" and each["status"] == "True" for each in conditions)


def test_ten_edits_by_hand_are_caught_and_named(observed: Place) -> None:
    (replicas,) = (each["metadata"]["name"] for each in observed.items("replicasets"))
    available = {"conditions": [{"type": "Available", "status": "False"}]}
    edits: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("deployment", "total 2 → 50", _status("deployment/web", {"replicas": 50})),
        ("deployment", "available_condition_is_honest", _status("deployment/web", available)),
        ("deployment", "status_is_not_from_the_future", _status("deployment/web", {"observedGeneration": 99})),
        (
            "deployment",
            "revision 1 → 9",
            ("annotate", "deployment/web", "deployment.kubernetes.io/revision=9", "--overwrite"),
        ),
        ("replica-set", "status_is_not_from_the_future", _status(f"rs/{replicas}", {"observedGeneration": 77})),
        ("replica-set", "total 2 → 60", _status(f"rs/{replicas}", {"replicas": 60})),
        ("deployment", "total 2 → 60", ("get", "deployment/web")),  # its controller believed it
        ("job", "failed 0 → 7", _status("job/work", {"failed": 7})),
        ("deployment", "desired 2 → 20", ("scale", "deployment/web", "--replicas=20")),
        ("replica-set", "desired 2 → 20", ("get", "deployment/web")),
    )
    for checked, told, words in edits:
        observed.kubectl(*words)
        what = f"an Event or a count of {told!r}"
        observed.wait(what, checked, lambda checked=checked, told=told: _is_told(observed, checked, told), DRIFT_S)
        observed.wait("the drifts to end", checked, lambda checked=checked: _is_quiet(observed, checked), DRIFT_S)


def _status(what: str, status: Body) -> tuple[str, ...]:
    return ("patch", what, *STATUS, f"--patch={json.dumps({'status': status})}")


def _is_quiet(place: Place, checked: str) -> bool:
    """Whether no step drift is active: a second one on an object would only be counted."""
    drifts = place.status(checked)["observe"].get("drifts", ())
    return not any(drift["tier"] == "Step" for drift in drifts)


def _is_told(place: Place, checked: str, told: str) -> bool:
    notes = [event["note"] for event in place.events(checked)]
    drifts = [drift["message"] for drift in place.status(checked)["observe"].get("drifts", ())]
    return any(told in each for each in (*notes, *drifts))


@contextmanager
def _seeing_leases(place: Place) -> Iterator[None]:
    """While the body runs, the account `observer` may see the control plane's Leases."""
    name, account = f"see-{place.namespace}", f"--serviceaccount={place.namespace}:observer"
    system = "--namespace=kube-system"
    place.kubectl("create", "serviceaccount", "observer")
    place.cluster.kubectl("create", "role", name, "--verb=get,list,watch", "--resource=leases", system)
    try:
        place.cluster.kubectl("create", "rolebinding", name, f"--role={name}", account, system)
        yield
    finally:
        place.cluster.kubectl("delete", "role,rolebinding", name, "--ignore-not-found", system)


def test_the_control_planes_own_leases_conform_when_one_changes_hands(place: Place) -> None:
    if isinstance(place.cluster, GivenCluster):
        pytest.skip(f"{place.cluster.description} is not this harness's to kill the controller manager of")
    with _seeing_leases(place):
        place.apply(_held("lease", DURATION="object.spec.leaseDurationSeconds"))
        place.wait_condition("lease", "Conformant", "True")
        place.wait(f"{RENEWALS} renewals", "lease", lambda: _judged(place, "conforms") >= RENEWALS, TAKEN_OVER_S)
        before, held = _judged(place, "conforms"), _lease(place)
        place.cluster.kill_program("kube-controller-manager")
        place.wait("another to hold the Lease", "lease", lambda: _has_changed_hands(place, held), TAKEN_OVER_S)
        more = before + RENEWALS
        place.wait(f"{RENEWALS} renewals more", "lease", lambda: _judged(place, "conforms") >= more, TAKEN_OVER_S)
        place.wait("the take-over to be counted", "lease", lambda: _taken_over(place) >= 1, TAKEN_OVER_S)
        place.wait_condition("lease", "Conformant", "True")
        observe = place.status("lease")["observe"]
        assert observe["keys"] == 2  # kube-scheduler and kube-controller-manager
        assert [observe.get(each, 0) for each in ("rejected", "resolved", "driftsActive")] == [0, 0, 0], observe
        assert (_judged(place, "drifts"), place.events("lease", "DriftDetected")) == (0, [])


def _judged(place: Place, result: str) -> int:
    """How many observed steps of Leases came to this."""
    labels = f'namespace="{place.namespace}",result="{result}",speccheck="lease",tier="Step"'
    return int(metrics(place.cluster).get(f"speccheck_observations_total{{{labels}}}", 0))


def _lease(place: Place) -> Body:
    spec: Body = place.cluster.read("lease", "kube-controller-manager", "--namespace=kube-system")["spec"]
    return spec


def _has_changed_hands(place: Place, before: Body) -> bool:
    spec = _lease(place)
    changed = spec["leaseTransitions"] > before["leaseTransitions"]
    return bool(changed and spec["holderIdentity"] not in ("", before["holderIdentity"]))


def _taken_over(place: Place) -> int:
    """How many changes of hands were seen, by a status that is written once a minute."""
    return int(place.status("lease")["observe"]["coverage"]["actions"].get("another_takes_over", 0))
