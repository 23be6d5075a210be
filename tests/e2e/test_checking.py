"""From `kubectl apply` to a verdict, on a real cluster: the race, the repair, edits, schedules, history, the end."""

import json

import pytest
from tests.cluster.errors import ClusterError
from tests.e2e.places import BROKEN, COUNTER, SAMPLES, Place, config_map, from_config_map, inline


@pytest.fixture(scope="module", autouse=True)
def scheduled(shared_place: Place) -> Place:
    """Two SpecChecks that are due each minute, one of them suspended: applied first, looked at last."""
    every_minute = {"schedule": "* * * * *"}
    shared_place.apply(inline("scheduled", COUNTER, check=every_minute))
    shared_place.apply(inline("suspended", COUNTER, check=every_minute, suspend=True))
    return shared_place


def test_the_race_is_found_and_told_with_its_shortest_path(place: Place) -> None:
    place.kubectl("apply", f"--filename={SAMPLES / 'dns-balancer.yaml'}")
    verified = place.wait_condition("dns-balancer", "Verified", "False", "InvariantViolated")
    race = "no_inconsistent_root in race is violated after 10 steps: init → planner_publish"
    assert verified["message"].startswith(race)
    assert 'deployer_gc("deployer-b")' in verified["message"]
    assert place.condition("dns-balancer", "Ready")["status"] == "True"
    (run,) = place.wait_runs("dns-balancer", 1)
    assert run["status"]["verdict"] == "Violated"
    (event,) = place.wait("an Event", "dns-balancer", lambda: place.events("dns-balancer", "InvariantViolated"))
    assert event["note"].startswith(race)
    assert event["type"] == "Warning"
    assert event["related"]["name"] == run["metadata"]["name"]
    described = place.kubectl("describe", "speccheck", "dns-balancer")
    assert "InvariantViolated" in described.partition("Events:")[2]


def test_columns_say_it_in_one_line(place: Place) -> None:
    place.apply(inline("counter", COUNTER))
    place.wait_condition("counter", "Verified", "True")
    header, line = place.kubectl("get", "spc").splitlines()
    assert header.split() == ["NAME", "VERIFIED", "CONFORMANT", "STATES", "LAST-RUN", "AGE"]
    assert line.split()[:3] == ["counter", "True", "4"]
    assert place.kubectl("get", "spcr").splitlines()[1].split()[1:5] == ["counter", "True", "Holds", "CheckCompleted"]


def test_three_designs_from_one_config_map_get_three_answers(place: Place) -> None:
    place.kubectl("apply", f"--kustomize={SAMPLES / 'dns-balancer-configmap'}")
    place.wait_condition("dns-balancer-race", "Verified", "False", "InvariantViolated")
    place.wait_condition("dns-balancer-young", "Verified", "True", "Holds")
    place.wait_condition("dns-balancer-repaired", "Verified", "True", "Holds")
    assert place.condition("dns-balancer-repaired", "Ready")["status"] == "True"


def test_nothing_is_checked_twice_and_an_edit_is_checked_again(place: Place) -> None:
    place.apply(config_map("spec", spec_py=COUNTER), from_config_map("counter", "spec"))
    place.wait_condition("counter", "Verified", "True", "Holds")
    place.apply(config_map("spec", spec_py=COUNTER, README="not part of the spec"))
    place.kubectl("annotate", "speccheck", "counter", "note=nothing")
    place.apply(config_map("spec", spec_py=BROKEN))
    violated = place.wait_condition("counter", "Verified", "False", "InvariantViolated")
    assert "bounded in small is violated after 11 steps" in violated["message"]
    assert len(place.wait_runs("counter", 2)) == 2
    place.apply(config_map("spec", spec_py=COUNTER))
    place.wait_condition("counter", "Verified", "True", "Holds")
    assert len(place.wait_runs("counter", 2)) == 2  # the first run's answer stands for the same source


def test_an_annotation_asks_for_a_fresh_run_and_history_is_bounded(place: Place) -> None:
    place.apply(inline("counter", COUNTER, historyLimit=1))
    (first,) = place.wait_runs("counter", 1)
    place.kubectl("annotate", "speccheck", "counter", "speccheck.dev/requested-at=now")

    def replaced() -> bool:
        runs = place.items("speccheckruns", "counter")
        return len(runs) == 1 and runs[0]["metadata"]["uid"] != first["metadata"]["uid"] and "status" in runs[0]

    place.wait("another run in the first one's place", "counter", replaced)
    place.wait_condition("counter", "Verified", "True", "Holds")
    jobs = place.wait("one Job", "counter", lambda: len(place.items("jobs", "counter")) == 1)
    assert jobs


def test_a_changed_spec_takes_a_running_checks_place(place: Place) -> None:
    endless = COUNTER.replace("LIMIT=3", "LIMIT=100_000_000").replace("s.count <= 10", "s.count >= 0")
    place.apply(inline("counter", endless, check={"timeout": "5m"}))
    place.wait("a pod", "counter", lambda: place.items("pods", "counter"))
    place.apply(inline("counter", COUNTER))
    place.wait_condition("counter", "Verified", "True", "Holds")
    place.wait_runs("counter", 1)
    place.wait("the first Job to go", "counter", lambda: len(place.items("jobs", "counter")) == 1)


def test_the_pod_is_confined_and_cut_off(place: Place) -> None:
    place.apply(inline("counter", COUNTER))
    (pod,) = place.wait("a pod", "counter", lambda: place.items("pods", "counter"))
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    for container in spec["initContainers"] + spec["containers"]:
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"] is True
        assert confined["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    (policy,) = place.items("networkpolicies", "counter")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy["spec"]
    selected = policy["spec"]["podSelector"]["matchLabels"]
    assert selected.items() <= pod["metadata"]["labels"].items()
    place.wait_condition("counter", "Verified", "True")


def test_deleting_a_speccheck_deletes_all_that_was_made_for_it(place: Place) -> None:
    place.apply(inline("counter", COUNTER))
    place.wait_condition("counter", "Verified", "True")
    metadata = place.read("speccheck", "counter")["metadata"]
    assert "finalizers" not in metadata
    assert list(metadata.get("annotations", {})) == ["kubectl.kubernetes.io/last-applied-configuration"]
    place.kubectl("delete", "speccheck", "counter")
    kinds = "speccheckruns,jobs,pods,networkpolicies"
    place.wait("all of it to go", "counter", lambda: not place.items(kinds, "counter"))


def test_what_cannot_be_meant_is_refused_when_it_is_applied(place: Place) -> None:
    with pytest.raises(ClusterError, match="entrypoint is not among"):
        place.apply(inline("counter", COUNTER, entrypoint="other.py"))
    with pytest.raises(ClusterError, match="unknown field"):
        place.kubectl("create", "--validate=strict", "-f-", text=json.dumps(inline("counter", COUNTER, chekc={})))


def test_a_schedule_checks_again_and_a_suspended_one_never(scheduled: Place) -> None:
    scheduled.wait(
        "a run that the schedule asked for",
        "scheduled",
        lambda: [run for run in scheduled.items("speccheckruns", "scheduled") if "tick" in run["spec"]],
        timeout_s=90,
    )
    scheduled.wait_condition("scheduled", "Verified", "True", "Holds")
    scheduled.wait_condition("suspended", "Ready", "True", "Suspended")
    assert scheduled.items("speccheckruns", "suspended") == []
    assert scheduled.items("jobs", "suspended") == []
