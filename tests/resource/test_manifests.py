"""The operator's own manifests: no right too many, nothing unconfined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.resource.bodies import Body

ROOT = Path(__file__).parents[2]
BASE = ROOT / "manifests" / "base"


def objects(file: str) -> Iterator[Body]:
    yield from yaml.safe_load_all((BASE / file).read_text())


def one(file: str, kind: str, name: str = "speccheck-operator") -> Body:
    (found,) = (body for body in objects(file) if (body["kind"], body["metadata"]["name"]) == (kind, name))
    return found


DEPLOYMENT = one("deployment.yaml", "Deployment")["spec"]["template"]
CONTAINERS = {container["name"]: container for container in DEPLOYMENT["spec"]["containers"]}


def test_the_rights_are_these_and_no_others(golden: Any) -> None:
    rights = []
    for body in objects("rbac.yaml"):
        for rule in body.get("rules", []):
            named = f" named {', '.join(rule['resourceNames'])}" if "resourceNames" in rule else ""
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    of = f"{resource}.{group}" if group else resource
                    rights.append(f"{body['kind']} {body['metadata']['name']}: {of}{named}: {' '.join(rule['verbs'])}")
    golden("rights.yaml", rights)


def test_no_right_is_a_wildcard_or_reaches_secrets() -> None:
    for body in objects("rbac.yaml"):
        for rule in body.get("rules", []):
            words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            assert not words & {"*", "secrets", "pods/exec", "escalate", "bind", "nodes"}


def test_every_container_is_confined() -> None:
    pod = DEPLOYMENT["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in CONTAINERS.values():
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        assert container["imagePullPolicy"] == "IfNotPresent"


def test_only_the_operator_has_the_token() -> None:
    assert DEPLOYMENT["spec"]["automountServiceAccountToken"] is False
    assert one("serviceaccount.yaml", "ServiceAccount")["automountServiceAccountToken"] is False
    mounts = {name: [mount["name"] for mount in container["volumeMounts"]] for name, container in CONTAINERS.items()}
    assert mounts == {"operator": ["socket", "token"], "evaluator": ["socket"]}


def test_the_socket_is_the_same_for_both() -> None:
    env = {entry["name"]: entry.get("value") for entry in CONTAINERS["operator"]["env"]}
    assert env["SPECCHECK_EVALUATOR"] in CONTAINERS["evaluator"]["args"]
    paths = {m["mountPath"] for c in CONTAINERS.values() for m in c["volumeMounts"] if m["name"] == "socket"}
    assert paths == {str(Path(str(env["SPECCHECK_EVALUATOR"])).parent)}


def test_probes_look_at_the_operator() -> None:
    probes = {name: CONTAINERS["operator"][name]["httpGet"] for name in ("livenessProbe", "readinessProbe")}
    assert probes["livenessProbe"] == {"path": "/healthz", "port": "metrics"}
    assert probes["readinessProbe"] == {"path": "/readyz", "port": "metrics"}


def test_the_namespace_is_at_the_restricted_level() -> None:
    labels = one("namespace.yaml", "Namespace", "speccheck-system")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_everything_is_denied_that_is_not_named() -> None:
    deny = one("networkpolicy.yaml", "NetworkPolicy", "speccheck-deny-all")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    allowed = one("networkpolicy.yaml", "NetworkPolicy")["spec"]
    assert allowed["podSelector"]["matchLabels"].items() <= DEPLOYMENT["metadata"]["labels"].items()
    assert [port["port"] for rule in allowed["ingress"] for port in rule["ports"]] == [9090]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "manifests").rglob("*.yaml")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_every_manifest_is_listed_by_its_kustomization(file: Path) -> None:
    list(yaml.safe_load_all(file.read_text()))
    kustomization = file.with_name("kustomization.yaml")
    if file.name != "kustomization.yaml" and kustomization.exists():
        assert file.name in kustomization.read_text()
