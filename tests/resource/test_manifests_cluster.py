"""The manifests through kustomize, and by a real API server: what it would refuse, and what a pod would be refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.clusters import Cluster
from tests.resource.bodies import FROM_CONFIG_MAP, SETTINGS, Body, found, request, run

from speccheck.resource.jobs import job_body
from speccheck.resource.policies import network_policy_body

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).parents[2]


def built(cluster: Cluster, *path: str) -> list[Body]:
    return list(yaml.safe_load_all(cluster.kubectl("kustomize", ROOT.joinpath("manifests", *path))))


def of_kind(bodies: list[Body], kind: str) -> list[Body]:
    return [body for body in bodies if body["kind"] == kind]


def images(deployment: Mapping[str, Any]) -> set[str]:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in containers[0]["env"]}
    return {env["SPECCHECK_IMAGE"], *(container["image"] for container in containers)}


@pytest.mark.parametrize(
    ("path", "image"),
    [
        (("base",), "speccheck.dev/speccheck:0.1.0"),
        (("overlays", "own-image"), "registry.example.com/speccheck:0.1.0"),
        (("overlays", "one-namespace"), "speccheck.dev/speccheck:0.1.0"),
    ],
)
def test_the_checkers_image_is_the_operators(cluster: Cluster, path: tuple[str, ...], image: str) -> None:
    (deployment,) = of_kind(built(cluster, *path), "Deployment")
    assert images(deployment) == {image}


def test_everything_is_in_the_namespace_that_is_made(cluster: Cluster) -> None:
    bodies = built(cluster, "base")
    namespaced = [body for body in bodies if "namespace" in body["metadata"]]
    assert {body["metadata"]["namespace"] for body in namespaced} == {"speccheck-system"}
    assert len(of_kind(bodies, "CustomResourceDefinition")) == 3


def test_for_one_namespace_no_right_is_bound_elsewhere(cluster: Cluster) -> None:
    bodies = built(cluster, "overlays", "one-namespace")
    assert of_kind(bodies, "ClusterRoleBinding") == []
    bindings = {b["metadata"]["namespace"]: b["roleRef"]["name"] for b in of_kind(bodies, "RoleBinding")}
    assert bindings == {"platform": "speccheck-operator", "speccheck-system": "speccheck-operator-lease"}
    (deployment,) = of_kind(bodies, "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["args"] == ["operator", "--namespace", "platform"]


def test_the_hash_of_a_generated_config_map_reaches_the_specchecks(cluster: Cluster) -> None:
    bodies = built(cluster, "samples", "dns-balancer-configmap")
    (generated,) = of_kind(bodies, "ConfigMap")
    named = {body["spec"]["source"]["configMap"]["name"] for body in of_kind(bodies, "SpecCheck")}
    assert named == {generated["metadata"]["name"]}
    assert generated["metadata"]["name"].startswith("dns-balancer-spec-")


def test_the_api_server_takes_all_of_it(cluster: Cluster, restricted_namespace: str) -> None:
    cluster.kubectl("apply", "--kustomize", ROOT / "crds")
    for name in ("specchecks", "speccheckruns"):
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}.speccheck.dev", "--timeout=120s")
    for sample in ("dns-balancer.yaml", "rollout.yaml", "lease.yaml"):
        file = ROOT / "manifests" / "samples" / sample
        told = cluster.kubectl("apply", f"--namespace={restricted_namespace}", "--filename", file, "--dry-run=server")
        assert "created (server dry run)" in told
    cluster.kubectl("apply", "--kustomize", ROOT / "manifests" / "base" / "", "--dry-run=client")


def test_the_pods_of_a_job_pass_the_restricted_level(cluster: Cluster, restricted_namespace: str) -> None:
    specs: list[Body] = [{}, FROM_CONFIG_MAP["spec"]]
    for spec in specs:
        asked = request(spec, namespace=restricted_namespace)
        job = job_body(asked, run(asked), found(asked), SETTINGS, 1)
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "checker", "namespace": restricted_namespace, **job["spec"]["template"]["metadata"]},
            "spec": job["spec"]["template"]["spec"],
        }
        for body in (job, pod, network_policy_body(asked)):
            text = yaml.safe_dump(body)
            told = cluster.kubectl("create", "--filename=-", "--dry-run=server", "--validate=strict", text=text)
            assert "created (server dry run)" in told
