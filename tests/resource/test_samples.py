"""The samples: fresh, accepted, and doing what their comments say, on objects as a cluster has them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.resource.bodies import Body, merged

from speccheck.conform.monitors import Monitor
from speccheck.conform.protocols import MappingOrder, SourceOrder, View
from speccheck.loading import capture
from speccheck.resource.requests import request_of

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "manifests" / "samples"


def objects(*names: str) -> Iterator[Body]:
    for name in names:
        yield from yaml.safe_load_all((SAMPLES / name).read_text())


def one(kind: str, *names: str) -> Body:
    (found,) = (body for body in objects(*names) if body["kind"] == kind)
    return found


def test_the_inline_specs_are_those_of_the_files() -> None:
    written = subprocess.run(
        [sys.executable, SAMPLES / "inline.py", "--check"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (written.returncode, written.stdout) == (0, "")


@pytest.mark.parametrize(
    "sample", ["dns-balancer.yaml", "rollout.yaml", "lease.yaml", "dns-balancer-configmap/speccheck.yaml"]
)
def test_every_speccheck_is_a_good_request(sample: str) -> None:
    found = [request_of(body) for body in objects(sample) if body["kind"] == "SpecCheck"]
    assert found
    for asked in found:
        inline = asked.source.inline
        assert inline is None or len(inline.files) >= 1


@pytest.mark.parametrize("sample", ["rollout.yaml", "lease.yaml"])
def test_an_observer_may_see_what_is_observed_and_nothing_else(sample: str) -> None:
    observe = request_of(one("SpecCheck", sample)).observe
    assert observe is not None
    source = observe.sources[0].kubernetes
    assert source is not None
    account, role, binding = (one(kind, sample) for kind in ("ServiceAccount", "Role", "RoleBinding"))
    assert observe.service_account_name == account["metadata"]["name"] == binding["subjects"][0]["name"]
    (rule,) = role["rules"]
    assert rule["apiGroups"] == [source.api_version.rpartition("/")[0]]
    assert rule["resources"] == [source.kind.lower() + "s"]
    assert rule["verbs"] == ["get", "list", "watch"]
    labels = one(source.kind, sample)["metadata"]["labels"]
    assert source.selector.match_labels.items() <= labels.items()


def monitor(sample: str, directory: Path) -> Monitor:
    """The sample's model and mapping, as an evaluator holds them."""
    asked = request_of(one("SpecCheck", sample))
    assert asked.observe is not None
    assert asked.source.inline is not None
    for name, text in asked.source.inline.files.items():
        (directory / name).write_text(text)
    observe = asked.observe
    sources = tuple(SourceOrder(source.name, source.key) for source in observe.sources)
    order = MappingOrder(sources, dict(observe.variables), observe.instance, dict(observe.parameters), tiers=("State",))
    return Monitor(capture(directory / asked.entrypoint), order)


def broken(watch: Monitor, source: str, body: Any) -> list[str]:
    """The properties that an object breaks; none may be without an answer."""
    (judgement,) = watch.take(View(source, datetime(2026, 11, 22, tzinfo=UTC), object=body))
    assert judgement.rejected == ""
    assert judgement.results
    assert {result.verdict for result in judgement.results} <= {"Holds", "Violated"}
    return [result.property for result in judgement.results if result.verdict == "Violated"]


LIVE_STATUS = {
    "observedGeneration": 1,
    "replicas": 3,
    "updatedReplicas": 1,
    "readyReplicas": 2,
    "availableReplicas": 2,
    "conditions": [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True"}],
}


@pytest.mark.parametrize(
    ("patch", "breaks"),
    [
        ({}, []),
        ({"status": LIVE_STATUS}, []),
        ({"status": {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "False"}]}}, []),
        ({"metadata": {"generation": 2}, "status": LIVE_STATUS | {"replicas": 50}}, []),
        ({"status": LIVE_STATUS | {"replicas": 50}}, ["total_is_bounded"]),
        ({"spec": {"replicas": 9}, "metadata": {"generation": 2}, "status": LIVE_STATUS}, ["desired_is_agreed"]),
        ({"status": LIVE_STATUS | {"readyReplicas": 1, "availableReplicas": 1}}, ["available_condition_is_honest"]),
        ({"status": LIVE_STATUS | {"availableReplicas": 99}}, ["status_adds_up"]),
        ({"status": LIVE_STATUS | {"observedGeneration": 7}}, ["status_is_not_from_the_future"]),
    ],
)
def test_the_rollout_sample(tmp_path: Path, patch: Body, breaks: list[str]) -> None:
    body = merged(one("Deployment", "rollout.yaml"), {"metadata": {"namespace": "a", "generation": 1}})
    assert broken(monitor("rollout.yaml", tmp_path), "deployment", merged(body, patch)) == breaks


@pytest.mark.parametrize(
    ("patch", "breaks"),
    [
        ({}, []),
        ({"holderIdentity": "green", "leaseTransitions": 1, "renewTime": "2026-11-22T11:00:00.000000Z"}, []),
        ({"holderIdentity": None, "leaseDurationSeconds": 1}, []),
        ({"holderIdentity": "mallory"}, ["leader_is_a_candidate"]),
        ({"acquireTime": "2026-11-22T10:00:11.000000Z"}, ["renewed_since_acquired"]),
        ({"leaseDurationSeconds": 0}, ["a_leader_has_a_term"]),
        ({"leaseTransitions": -1}, ["transitions_are_counted"]),
    ],
)
def test_the_lease_sample(tmp_path: Path, patch: Body, breaks: list[str]) -> None:
    body = merged(one("Lease", "lease.yaml"), {"metadata": {"namespace": "a"}, "spec": patch})
    assert broken(monitor("lease.yaml", tmp_path), "lease", body) == breaks
