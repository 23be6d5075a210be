"""The CRDs in a real API server: what it takes, fills in and refuses, and in which words."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError
from tests.resource.bodies import (
    DIGEST,
    NOW,
    OBSERVE,
    VIOLATED,
    Body,
    answered_run,
    document,
    key_of,
    merged,
    report,
    request,
    speccheck,
)
from tests.resource.observed import DRIFT, observed
from tests.resource.refusals import GOOD, MESSAGES, REFUSALS, Refusal

from speccheck.resource.events import drift_events, finished_events, series_patch
from speccheck.resource.outcomes import Answered
from speccheck.resource.requests import request_of
from speccheck.resource.runs import finished_status, run_body
from speccheck.resource.sources import Found
from speccheck.resource.statuses import Inputs, changed, status

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Cluster:
    """The cluster, with the CRDs in it."""
    cluster.kubectl("apply", "--kustomize", ROOT / "crds")
    for name in ("specchecks", "speccheckruns"):
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}.speccheck.dev", "--timeout=120s")
    return cluster


@pytest.fixture(scope="module")
def namespace(api: Cluster) -> Iterator[str]:
    """A namespace for the objects of all these tests: one by one, since each test takes its own away."""
    name = f"test-crds-{secrets.token_hex(4)}"
    api.kubectl("create", "namespace", name)
    yield name
    api.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def create(api: Cluster, namespace: str) -> Iterator[Callable[[Any], Body]]:
    """Creates an object and gives it as the API server has it; it is gone after the test."""
    made: list[str] = []

    def make(body: Any) -> Body:
        metadata = {"namespace": namespace, "uid": None, "creationTimestamp": None, "generation": None}
        text = json.dumps(merged(body, {"metadata": metadata}))
        told = api.kubectl("create", "--filename=-", "--output=json", "--validate=ignore", text=text)
        answer: Body = json.loads(told)
        made.append(json.dumps({name: answer[name] for name in ("apiVersion", "kind", "metadata")}))
        return answer

    yield make
    for text in made:
        api.kubectl("delete", "--filename=-", "--ignore-not-found", text=text)


def put_once(api: Cluster, kind: str, body: Body, wanted: Any) -> Body:
    """Writes `.status` over the version that was read."""
    metadata = body["metadata"]
    path = f"/apis/speccheck.dev/v1alpha1/namespaces/{metadata['namespace']}/{kind}/{metadata['name']}/status"
    told = api.kubectl("replace", f"--raw={path}", "--filename=-", text=json.dumps({**body, "status": wanted}))
    answer: Body = json.loads(told)
    return answer


def put_status(api: Cluster, kind: str, body: Body, wanted: Any) -> Body:
    """Writes `.status` over the newest version, again on a conflict: an operator may be at work in the same cluster."""
    metadata = body["metadata"]

    def put() -> Body:
        newest = api.read(f"{kind}.speccheck.dev", metadata["name"], f"--namespace={metadata['namespace']}")
        return put_once(api, kind, newest, wanted)

    return api.wait(f"the status of {metadata['name']} to be written", put, timeout_s=30)


def test_the_api_server_finds_nothing_amiss_in_the_schemas(api: Cluster) -> None:
    for name in ("specchecks", "speccheckruns"):
        conditions = api.read("crd", f"{name}.speccheck.dev")["status"]["conditions"]
        assert {c["type"]: c["status"] for c in conditions}.get("NonStructuralSchema", "False") == "False"
        assert api.read("crd", f"{name}.speccheck.dev")["status"]["acceptedNames"]["shortNames"] == [
            {"specchecks": "spc", "speccheckruns": "spcr"}[name]
        ]


def test_defaults_are_those_of_python(create: Callable[[Any], Body]) -> None:
    made = create(GOOD)
    assert merged(made["spec"], {}) != GOOD["spec"], "the API server fills in defaults"
    assert made["spec"]["check"]["timeout"] == "10m"
    assert made["spec"]["gate"] == {"verified": False, "conformant": False, "onUnknown": "Pass"}
    stored, written = request_of(made), request_of(merged(GOOD, {"metadata": made["metadata"]}))
    assert stored == written


@pytest.mark.parametrize("refusal", [r for r in REFUSALS if r.only != "operator"], ids=lambda refusal: refusal.name)
def test_what_is_refused_says_the_same_as_without_a_cluster(create: Callable[[Any], Body], refusal: Refusal) -> None:
    with pytest.raises(ClusterError) as error:
        create(refusal.body)
    told = str(error.value)
    assert "Invalid value" in told or "Required value" in told or "Unsupported value" in told or "Too " in told, told
    if not refusal.schema:
        assert any(message in told for message in {*MESSAGES, "give a name of at most 63 characters"}), told
        assert refusal.fault in told


def test_files_are_measured_in_bytes(create: Callable[[Any], Body]) -> None:
    def of(text: str) -> Any:
        return merged(speccheck(), {"spec": {"source": {"inline": {"files": {"dns_balancer.py": text}}}}})

    create(of("é" * 102_000))
    with pytest.raises(ClusterError, match="the files have more than 200 KiB together; put them into a ConfigMap"):
        create(merged(of("é" * 103_000), {"metadata": {"name": "large"}}))


def test_unknown_fields_do_not_stay(create: Callable[[Any], Body]) -> None:
    assert "shards" not in create(merged(GOOD, {"spec": {"shards": 4}}))["spec"]


def test_a_status_is_taken_as_it_is_and_read_back_the_same(api: Cluster, create: Callable[[Any], Body]) -> None:
    made = create(GOOD)
    asked = request_of(made)
    many = report(*(VIOLATED for _ in range(60)))
    state = observed(drifts=(DRIFT,), gaps=1)
    inputs = Inputs(asked, asked.generation, {}, NOW, Found(DIGEST, {}), answered_run(asked, many), state)
    wanted = status(inputs)
    written = put_status(api, "specchecks", made, wanted)
    assert written["status"] == wanted
    assert not changed(written["status"], wanted)
    assert written["metadata"]["generation"] == made["metadata"]["generation"]


def test_the_columns(api: Cluster, create: Callable[[Any], Body]) -> None:
    made = create(GOOD)
    asked = request_of(made)
    inputs = Inputs(asked, asked.generation, {}, NOW, Found(DIGEST, {}), answered_run(asked), observed(drifts=(DRIFT,)))

    def shown() -> list[str] | None:
        put_status(api, "specchecks", made, status(inputs))
        heads, row = api.kubectl("get", "spc", f"--namespace={made['metadata']['namespace']}").splitlines()
        assert heads.split() == ["NAME", "VERIFIED", "CONFORMANT", "STATES", "LAST-RUN", "AGE"]
        return row.split() if "288" in row else None

    assert api.wait("the columns", shown, timeout_s=30)[:4] == ["dns-balancer", "True", "False", "288"]


def made_run(create: Callable[[Any], Body]) -> Body:
    """A run that no operator takes for its own: it has no owner."""
    asked = request(namespace="any")
    body = run_body(asked, key_of(asked, tick="2026-11-22T03:00:00Z"), DIGEST)
    return create(merged(body, {"metadata": {"ownerReferences": None, "labels": None}}))


def test_a_run_never_changes_what_it_was_made_for(api: Cluster, create: Callable[[Any], Body]) -> None:
    run = made_run(create)
    with pytest.raises(
        ClusterError, match="a run's spec never changes; to check again, change the SpecCheck's annotation"
    ):
        api.apply(merged(run, {"spec": {"entrypoint": "other.py"}}))


def test_a_finished_run_never_changes(api: Cluster, create: Callable[[Any], Body]) -> None:
    run = made_run(create)
    waiting = put_status(api, "speccheckruns", run, {"attempt": 1, "startedAt": "2026-11-22T10:00:00Z"})
    whole = document(report(VIOLATED))
    ended = put_status(api, "speccheckruns", waiting, finished_status(waiting["status"], Answered(whole), 1, NOW))
    assert ended["status"]["verdict"] == "Violated"
    for other in ({**ended["status"], "verdict": "Holds"}, None, {}):
        with pytest.raises(ClusterError, match="a finished run is a record and never changes; to check again, change"):
            put_once(api, "speccheckruns", ended, other)
    api.kubectl("annotate", "spcr", run["metadata"]["name"], f"--namespace={run['metadata']['namespace']}", "note=kept")


def test_a_run_of_full_size_is_taken(api: Cluster, create: Callable[[Any], Body]) -> None:
    run = made_run(create)
    wanted = finished_status({}, Answered(document(report(VIOLATED))), 1, NOW) | {"reports": "A" * 921_600}
    assert len(put_status(api, "speccheckruns", run, wanted)["status"]["reports"]) == 921_600


def test_events_are_taken_once_and_their_series_patched(api: Cluster, create: Callable[[Any], Body]) -> None:
    asked = request_of(create(merged(speccheck(), {"spec": {"observe": OBSERVE}})))
    race = finished_events(asked, answered_run(asked, report(VIOLATED)), NOW)
    elsewhere = replace(DRIFT, object=replace(DRIFT.object, namespace=asked.namespace))
    drift, on_speccheck = drift_events(asked, elsewhere, NOW)
    for event in (*race, on_speccheck):
        create(event.body)
    with pytest.raises(ClusterError, match="AlreadyExists"):
        create(on_speccheck.body)
    patch = series_patch(2, NOW, None, NOW)
    name = f"event.v1.events.k8s.io/{on_speccheck.name}"
    api.kubectl("patch", name, f"--namespace={asked.namespace}", "--type=merge", f"--patch={json.dumps(patch)}")
    patched = api.read("events.v1.events.k8s.io", on_speccheck.name, f"--namespace={asked.namespace}")
    assert patched["series"]["count"] == 2
    assert drift.namespace == asked.namespace
    described = api.kubectl("describe", "spc", asked.name, f"--namespace={asked.namespace}")
    assert "InvariantViolated" in described
    assert "init → planner_publish(1) → deployer_apply" in described


def test_the_request_of_the_tests_is_one_the_api_server_takes(create: Callable[[Any], Body]) -> None:
    assert request_of(create(speccheck())).check == request().check
