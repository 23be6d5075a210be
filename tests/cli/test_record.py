"""`speccheck record`: what it is asked for, and the real command against a server of the tests, ended by Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.cli.conftest import COMMAND, Ended, Run, environment
from tests.kube.apis import Body, kubeconfig, serving, until

MAPPING = Path(__file__).resolve().parents[2] / "examples" / "conformance" / "observe.yaml"
KINDS = {"v1": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}


def pool(name: str, app: str = "pool") -> Body:
    return {"metadata": {"name": name, "namespace": "shop", "labels": {"app": app}}, "data": {}}


def recorded(tmp_path: Path, *arguments: str, lines: int = 0, ends: signal.Signals | None = None) -> Ended:
    """The command, with a pool in the cluster, ended by a signal once so many lines are there."""

    async def go() -> Ended:
        async with serving() as api:
            api.kinds = KINDS
            await api.put("configmaps", pool("front"))
            await api.put("configmaps", pool("other", app="else"))
            config = str(kubeconfig(tmp_path, api.url))
            command = [COMMAND, "record", *arguments, "--kubeconfig", config, "-n", "shop"]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
            )
            if ends is not None:
                file = tmp_path / "seen.jsonl"
                await until("lines", lambda: file.exists() and file.read_bytes().count(b"\n") >= lines, 60)
                process.send_signal(ends)
            out, err = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode is not None
            return Ended(process.returncode, out.decode(), err.decode())

    return asyncio.run(go())


def bodies(text: str) -> list[str]:
    found = [msgspec.json.decode(line) for line in text.splitlines()]
    return [f"{each.get('source', '')} {each['object']['metadata']['name']}" for each in found]


def test_what_a_mapping_observes_is_written_until_somebody_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "seen.jsonl"
    ended = recorded(tmp_path, "-f", str(MAPPING), "-o", str(file), lines=1, ends=signal.SIGINT)
    assert ended.status == 0
    assert ended.out == ""
    assert ended.err == (
        f"source controller (otlp) is not recorded: only an operator receives it\n1 observation and 0 gaps in {file}\n"
    )
    assert bodies(file.read_text()) == ["pool front"]


def test_a_kind_is_written_to_standard_output_and_ends_by_itself(tmp_path: Path) -> None:
    ended = recorded(tmp_path, "--kind", "v1/ConfigMap", "--count", "2")
    assert ended.status == 0
    assert sorted(bodies(ended.out)) == [" front", " other"]
    assert ended.err == "2 observations and 0 gaps on standard output\n"


def test_only_objects_with_the_labels_asked_for(tmp_path: Path) -> None:
    ended = recorded(tmp_path, "--kind", "v1/ConfigMap", "--selector", "app=else", "--for", "2s")
    assert (ended.status, bodies(ended.out)) == (0, [" other"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name what to record, by one of"),
        (["-f", str(MAPPING), "--kind", "v1/ConfigMap"], "name what to record, by one of"),
        (["-f", str(MAPPING), "-l", "a=b"], "--selector goes with --kind"),
        (["-f", str(MAPPING), "--audit-log", "audit.log"], "none of its sources is `audit`"),
        (["--kind", "v1/ConfigMap", "--audit-log", "audit.log"], "--audit-log goes with -f"),
        (["--kind", "v1/Secret"], "Secrets are never recorded"),
        (["--kind", "ConfigMap"], "write it as v1/ConfigMap"),
        (["--kind", "v1/ConfigMap", "-l", "app"], "write labels as app=web,tier=front"),
        (["--kind", "v1/ConfigMap", "-o", os.path.join("gone", "x")], "there is no directory"),
        (["-f", "gone.yaml"], "gone.yaml: No such file"),
    ],
)
def test_what_cannot_be_recorded_is_refused(run: Run, arguments: Sequence[str], message: str) -> None:
    ended = run("record", *arguments)
    assert (ended.status, message in ended.err) == (5, True), ended.err


def test_without_a_cluster_it_says_so(run: Run, tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    ended = run("record", "--kind", "v1/ConfigMap", "--kubeconfig", str(config))
    assert (ended.status, "the API server does not answer" in ended.err) == (5, True)


AUDITED = """
sources:
- {name: pool, kubernetes: {apiVersion: v1, kind: ConfigMap}}
- {name: written, audit: {}}
- {name: heard, audit: {}}
variables: {count: json(pool.data.count)}
"""


def audited(verb: str, second: int, namespace: str = "shop", code: int = 200) -> str:
    """An audit event about a ConfigMap, as a line of the log."""
    about = {"resource": "configmaps", "namespace": namespace, "name": "front", "apiVersion": "v1"}
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": f"{second}",
        "stage": "ResponseComplete",
        "verb": verb,
        "stageTimestamp": f"2026-01-01T00:00:{second:02}Z",
        "user": {"username": "writer"},
        "objectRef": about,
        "responseStatus": {"code": code},
        "responseObject": {"kind": "ConfigMap", "metadata": {"name": "front"}, "data": {"at": f"{second}"}},
    }
    return msgspec.json.encode(event).decode() + "\n"


def test_audit_logs_become_observations_of_each_audit_source(run: Run, tmp_path: Path) -> None:
    (tmp_path / "observe.yaml").write_text(AUDITED)
    (tmp_path / "one.log").write_text(audited("create", 1) + audited("patch", 4) + audited("patch", 5, code=409))
    (tmp_path / "two.log").write_text("rubbish\n" + audited("patch", 2, namespace="else") + audited("update", 3))
    ended = run("record", "-f", "observe.yaml", "-n", "shop", "--audit-log", "one.log", "--audit-log", "two.log")
    assert ended.status == 0, ended.err
    found = [msgspec.json.decode(line) for line in ended.out.splitlines()]
    told = [(each["source"], each.get("type", "MODIFIED"), each["time"][17:19]) for each in found]
    assert told == [
        (source, kind, second)
        for kind, second in (("GAP", "01"), ("ADDED", "01"), ("MODIFIED", "03"), ("MODIFIED", "04"))
        for source in ("written", "heard")
    ]
    assert found[2]["event"]["attributes"]["user"] == "writer"
    first, *rest = ended.err.splitlines()
    assert first.startswith("1 line refused, which leaves gaps; the first: two.log:1: no audit event of")
    assert rest == [
        "1 event of other namespaces than shop left out",
        "1 event of requests that changed nothing left out",
        "6 observations and 2 gaps on standard output",
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_what_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "observe.yaml").write_text(AUDITED)
    (tmp_path / "audit.log").write_text(audited("create", 1) * 100)
    ended = run("record", "-f", "observe.yaml", "-n", "shop", "--audit-log", "audit.log", "-o", "/dev/full")
    assert (ended.status, "No space left on device" in ended.err) == (5, True), ended.err
