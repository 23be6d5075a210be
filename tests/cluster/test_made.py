"""A cluster made here leaves nothing behind, and another process can use it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cluster import cgroups, made
from tests.cluster.clusters import Cluster
from tests.cluster.commands import run
from tests.cluster.components import COMMANDS
from tests.cluster.errors import StoppedError

pytestmark = pytest.mark.cluster


def _made(cluster: Cluster) -> made.MadeCluster:
    if not isinstance(cluster, made.MadeCluster):
        pytest.skip(f"{cluster.description} was not made here")
    return cluster


def test_another_process_finds_it_by_its_kubeconfig(cluster: Cluster) -> None:
    running = _made(cluster)
    found = made.attached(running.kubeconfig)
    assert found is not None
    assert (found.directory, found.node_ip, found.owned) == (running.directory, running.node_ip, False)
    assert made.attached(Path("/etc/kubernetes/admin.conf")) is None


def test_says_which_program_ended_and_its_last_words(cluster: Cluster, tmp_path: Path) -> None:
    state = made.State.load(_made(cluster).directory)
    log = tmp_path / "logs" / "etcd.log"
    log.parent.mkdir()
    state.pids["etcd"] = state.namespaces.start(["sh", "-c", "echo no memory; exit 1"], log)
    state.save(tmp_path)
    with pytest.raises(StoppedError, match=r"etcd of the cluster in \S+ ended by itself\n(.|\n)*--- etcd\nno memory\n"):
        made.MadeCluster(tmp_path, state).wait("what will not be", lambda: None, timeout_s=20)


def test_a_program_that_ended_for_want_of_its_lease_is_started_anew_a_few_times(cluster: Cluster) -> None:
    running = _made(cluster)
    state = made.State.load(running.directory)
    ended, revived = state.pids["kube-scheduler"], state.revived
    state.namespaces.kill(ended)
    running.wait("a look at the programs", lambda: True, timeout_s=20)
    state = made.State.load(running.directory)
    assert state.pids["kube-scheduler"] != ended
    assert state.namespaces.running(state.pids["kube-scheduler"])
    assert state.revived == revived + 1


def test_one_that_ends_again_and_again_is_told(cluster: Cluster, tmp_path: Path) -> None:
    state = made.State.load(_made(cluster).directory)
    log = tmp_path / "logs" / "kube-scheduler.log"
    log.parent.mkdir()
    state.pids = {"kube-scheduler": state.namespaces.start(["sh", "-c", "echo no lease; exit 1"], log)}
    state.revived = made.STARTS_LIMIT
    state.save(tmp_path)
    with pytest.raises(StoppedError, match=r"kube-scheduler of the cluster in \S+ ended by itself"):
        made.MadeCluster(tmp_path, state).wait("what will not be", lambda: None, timeout_s=20)


def test_one_process_sees_what_another_has_restarted(cluster: Cluster) -> None:
    running = _made(cluster)
    other = made.attached(running.kubeconfig)
    assert other is not None
    other.restart_apiserver()
    running.wait_until_usable()


def test_what_is_done_is_told_while_it_is_wanted_though_nobody_hears_it(
    cluster: Cluster, restricted_namespace: str
) -> None:
    running = _made(cluster)
    rule = {"level": "Metadata", "namespaces": [restricted_namespace], "verbs": ["create"]}
    nobody = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "nobody", "cluster": {"server": f"http://{running.node_ip}:9/audit"}}],
        "contexts": [{"name": "nobody", "context": {"cluster": "nobody"}}],
        "current-context": "nobody",
    }
    with running.audited([rule], nobody) as log:
        running.kubectl("create", "configmap", "told", f"--namespace={restricted_namespace}")
        running.kubectl("create", "configmap", f"not-told-{restricted_namespace}", "--namespace=default")
        (event,) = running.wait("an audit event", lambda: _events(log) or None, 120)
    assert (event["objectRef"]["name"], event["stage"]) == ("told", "ResponseComplete")
    assert not log.exists()
    running.kubectl("delete", "configmap", f"not-told-{restricted_namespace}", "--namespace=default")


def _events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_services_are_reached_from_here(cluster: Cluster) -> None:
    running = _made(cluster)
    api = running.read("service", "kubernetes")["spec"]["clusterIP"]
    assert running.kubectl("get", "--raw=/readyz", f"--server=https://{api}:443") == "ok"


def test_one_that_does_not_come_up_leaves_nothing(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = _made(cluster)
    commands = {**COMMANDS, "etcd": lambda place: ["sh", "-c", "echo etcd has no memory >&2; exit 1"]}
    monkeypatch.setattr(made, "COMMANDS", commands)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(StoppedError, match=r"etcd of (.|\n)*etcd has no memory") as caught:
        made.make()
    named = re.search(rf"{tmp_path}/({made.PREFIX}\w+)", str(caught.value))
    assert named is not None
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in cgroups.hierarchies() if (path / named[1]).exists()]
    assert named[1] not in run(["ps", "-eo", "args"], timeout_s=10)
    assert running.kubectl("get", "--raw=/readyz") == "ok"
