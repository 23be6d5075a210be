"""Feeds: what each kind of source tells, in order, and what it says when it cannot be had.

tests/e2e/test_sources.py has them in a real cluster; test_logs.py has what pods write.
"""

from pathlib import Path

import pytest
from tests.kube.apis import Body
from tests.kube.feeding import WHOSE, Feeding, feeding

from speccheck.kube import feeds
from speccheck.resource.fields import KubernetesSource, ObserveSource, OtlpSource


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "KIND_RETRY_S", 0.02)


def _objects(**given: str) -> ObserveSource:
    return ObserveSource(name="zone", kubernetes=KubernetesSource(**given))  # type: ignore[arg-type]


def _config_map(name: str, namespace: str) -> Body:
    return {"metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("namespace", "seen", "path"),
    [
        ({}, ("ADDED mine",), "/api/v1/namespaces/platform/configmaps"),
        ({"namespace": "elsewhere"}, ("ADDED theirs",), "/api/v1/namespaces/elsewhere/configmaps"),
        ({"namespace": "*"}, ("ADDED theirs", "ADDED mine"), "/api/v1/configmaps"),
    ],
)
def test_objects_of_one_namespace_or_of_all(
    tmp_path: Path, namespace: dict[str, str], seen: tuple[str, ...], path: str
) -> None:
    async def body(made: Feeding) -> None:
        await made.api.put("configmaps", _config_map("theirs", "elsewhere"))
        await made.api.put("configmaps", _config_map("mine", "platform"))
        made.api.kinds["v1"] = [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]
        await made.until(*seen, "listed")
        assert set(made.asked("configmaps")) == {f"{WHOSE.user} {path}"}

    feeding(tmp_path, _objects(api_version="v1", kind="ConfigMap", **namespace), body)


def test_objects_of_a_kind_without_namespaces(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.api.put("nodes", {"metadata": {"name": "one"}})
        made.api.kinds["v1"] = [{"name": "nodes", "kind": "Node", "namespaced": False}]
        await made.until("ADDED one", "listed")
        assert set(made.asked("nodes")) == {f"{WHOSE.user} /api/v1/nodes"}

    feeding(tmp_path, _objects(api_version="v1", kind="Node"), body)


def test_what_the_operator_does_not_receive_is_told(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("failing 0: this operator does not receive otlp; start it with the option for it")

    feeding(tmp_path, ObserveSource(name="deployer", otlp=OtlpSource()), body)
