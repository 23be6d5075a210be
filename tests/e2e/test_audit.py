"""What the API server itself tells of writes by its audit webhook, held to a spec; its audit log, held to it again."""

import base64
import json
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.cluster.clusters import Cluster
from tests.cluster.made import MadeCluster
from tests.e2e.conftest import SYSTEM, TOP
from tests.e2e.observing import BUDGET, budget, observing
from tests.e2e.places import Body, Place, metrics
from tests.e2e.processes import START
from tests.e2e.test_receivers import ROLLOUT, Receiver, receiver

from speccheck.sources.audit import heard

__all__ = ["receiver"]

SENDER = "audit-sender"
HEARD_S = 120.0
CONFORM_S = 120.0
DRIFT = 1  # the exit status of `conform`


@dataclass(frozen=True)
class Audited:
    """A namespace whose ConfigMaps' writes the API server tells of: to the operator, and in a log."""

    place: Place
    log: Path

    @property
    def writer(self) -> str:
        return f"system:serviceaccount:{self.place.namespace}:writer"

    def write(self, body: Body) -> None:
        """Apply an object as the account `writer`."""
        self.place.kubectl("apply", "--filename=-", f"--as={self.writer}", text=json.dumps(body))

    def counted(self, result: str) -> float:
        """How many audit events were received with this result."""
        return metrics(self.place.cluster).get(f'speccheck_received_total{{kind="audit",result="{result}"}}', 0)


@pytest.fixture(scope="module")
def made_here(cluster: Cluster) -> MadeCluster:
    """Only of an API server that is started here are the options known."""
    if not isinstance(cluster, MadeCluster):
        pytest.skip(f"the API server of {cluster.description} is not this harness's to give an audit policy")
    return cluster


@pytest.fixture(scope="module")
def audited(made_here: MadeCluster, receiver: Receiver, shared_place: Place) -> Iterator[Audited]:
    """While the operator receives audit events, and the API server sends those of a namespace's ConfigMaps."""
    space = shared_place.namespace
    rights = ("--verb=get,create,patch", "--resource=configmaps")
    shared_place.kubectl("create", "serviceaccount", "writer")
    shared_place.kubectl("create", "role", "write", *rights)
    shared_place.kubectl("create", "rolebinding", "write", "--role=write", f"--serviceaccount={space}:writer")
    shared_place.kubectl("create", "serviceaccount", SENDER)
    user = f"system:serviceaccount:{space}:{SENDER}"
    made_here.kubectl("apply", "--server-side", f"--kustomize={_taking_from(user)}")
    made_here.kubectl(*ROLLOUT)
    made_here.wait("one operator that takes audit events", lambda: _takes(receiver), 180)
    resources = [{"group": "", "resources": ["configmaps"]}]
    rule = {"level": "RequestResponse", "namespaces": [space], "resources": resources}
    token = shared_place.kubectl("create", "token", SENDER, "--audience=speccheck", "--duration=2h").strip()
    with made_here.audited([rule], _webhook(receiver, token)) as log:
        yield Audited(shared_place, log)


def _taking_from(user: str) -> Path:
    """A kustomization of what `receiver` has installed, that takes audit events from this user, too."""
    folder = TOP / "build" / "audit"
    folder.mkdir(parents=True, exist_ok=True)
    argument = {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": f"--audit={user}"}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../receiver"],
        "patches": [
            {"target": {"kind": "Deployment", "name": "speccheck-operator"}, "patch": json.dumps([argument])},
        ],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
    return folder


def _takes(receiver: Receiver) -> bool:
    """Whether there is one operator, and it wants to know who sends audit events."""
    if len(receiver.cluster.read("pods", f"--namespace={SYSTEM}")["items"]) != 1:
        return False
    trusting = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(receiver.certificate)))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), trusting)
    try:
        direct.open(f"https://{receiver.address}:4318/audit", data=b"{}", timeout=5).close()
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except OSError:
        return False
    return False


def _webhook(receiver: Receiver, token: str) -> Body:
    """The kubeconfig by which the API server posts its events, as docs/instrumentation.md has it."""
    server = {
        "server": f"https://{receiver.address}:4318/audit",
        "certificate-authority-data": base64.b64encode(receiver.certificate.read_bytes()).decode(),
    }
    name = "speccheck"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": server}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _held(audited: Audited) -> Body:
    """A SpecCheck of the ConfigMap `budget`, to which each write by `writer` adds one. Its account may see none."""
    wanted = 'event.attributes.resource == "configmaps" && event.attributes.name == "budget"'
    adds = f'event.name == "patch" && event.attributes.user == "{audited.writer}"'
    return observing(
        "budget",
        serviceAccountName="default",
        sources=[{"name": "written", "audit": {}, "match": wanted}],
        actions=[{"name": "increment", "when": adds}],
        tiers=["State", "Step"],
        window="1s",
    )


def test_writes_are_held_to_the_spec_as_the_api_server_tells_of_them(audited: Audited, tmp_path: Path) -> None:
    place, held = audited.place, _held(audited)
    place.apply(held)
    place.wait_condition("budget", "Conformant", "Unknown", "NothingObserved")
    for count in (1, 2, 3):
        audited.write(budget(count))
    place.kubectl("label", "configmap", "budget", "color=red")  # as somebody else, so it adds nothing
    place.wait("four writes to be heard of", "budget", lambda: audited.counted("taken") >= 4, HEARD_S)
    place.wait_condition("budget", "Conformant", "True", timeout_s=HEARD_S)

    audited.write(budget(5))
    place.wait_condition("budget", "Conformant", "False", "DriftDetected", timeout_s=HEARD_S)
    place.kubectl("patch", "configmap", "budget", """--patch={"data": {"count": "12"}}""")
    place.wait("three drifts", "budget", lambda: len(_drifts(place)) == 3, HEARD_S)
    told = {(drift["tier"], drift["property"]): drift["message"] for drift in _drifts(place)}
    assert told["Step", "increment"].startswith("increment() was observed: count 3 → 5")
    assert told["Step", "step"].startswith("a change was observed: count 5 → 12")
    assert told["State", "bounded"].startswith("Never above ten")
    place.wait("the Events", "budget", lambda: _events_on(place) == {"ConfigMap", "SpecCheck"}, HEARD_S)
    assert [audited.counted(each) for each in ("taken", "malformed", "forbidden", "full")] == [6, 0, 0, 0]

    answer = _conformed(audited, held, tmp_path)
    assert (answer["answer"], answer["judged"], answer["troubles"]) == ("Drift", 6, [])
    assert answer["coverage"]["actions"] == {"increment": 3}  # also what drifted was seen
    assert _identified(answer["drifts"]) == _identified(_drifts(place))


def _drifts(place: Place) -> list[Body]:
    """What is told of the active drifts."""
    drifts: list[Body] = place.status("budget")["observe"].get("drifts", [])
    return drifts


def _events_on(place: Place) -> set[str]:
    return {event["regarding"]["kind"] for event in place.events("budget", "DriftDetected")}


def _identified(drifts: list[Body]) -> set[tuple[str, ...]]:
    """Drifts as the operator and the command line both tell them."""
    told = ("tier", "property", "key", "message")
    return {(*(drift[each] for each in told), drift["object"]["uid"]) for drift in drifts}


def _conformed(audited: Audited, held: Body, folder: Path) -> Body:
    """What `speccheck conform` says of the API server's own log, in which there is nothing that was not asked for."""
    events = [each for said in audited.log.read_bytes().splitlines() for each in heard(said).audited]
    assert {each.namespace for each in events} == {audited.place.namespace}
    (folder / "spec.py").write_text(BUDGET)
    (folder / "observe.yaml").write_text(yaml.safe_dump(held["spec"]["observe"]))
    made = ["record", "--file=observe.yaml", f"--audit-log={audited.log}", f"--namespace={audited.place.namespace}"]
    _said(folder, 0, *made, "--output=log.jsonl")
    answer: Body = json.loads(
        _said(folder, DRIFT, "conform", "spec.py", "--mapping=observe.yaml", "log.jsonl", "--json")
    )
    return answer


def _said(folder: Path, status: int, *words: str) -> str:
    """What the command line answers."""
    command = [sys.executable, "-c", START, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=CONFORM_S, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout
