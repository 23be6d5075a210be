"""A namespace of the test cluster with SpecChecks in it, as a person with kubectl sees it.

Every wait has a deadline, and what it says at the end includes `kubectl describe` of what was waited for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError

T = TypeVar("T")

Body = dict[str, Any]

EVERY_S = 0.4
WAIT_S = 120.0
SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"
SPECS = Path(__file__).parents[2] / "specs"

COUNTER = '''"""A counter that stops in time."""
from speccheck import Context, MachineStateBase, Param, StateVar, action, example, instance, invariant, state


@state
class Counter(MachineStateBase):
    LIMIT: Param[int]
    count: StateVar[int]


@action(init=True)
def init(c: Context[Counter]):
    c.state.count = 0


@action(inline=False)
def increment(c: Context[Counter]):
    c.assume(c.state.count < c.state.LIMIT)
    c.state.count += 1


@invariant
def bounded(s: Counter):
    """Never above ten."""
    return s.count <= 10


@example
def starts(s: Counter):
    """It counts at all."""
    return s.count == 1


@instance
def small() -> Counter:
    return Counter(LIMIT=3)
'''
"""A spec that is checked in no time, and holds."""

BROKEN = COUNTER.replace("LIMIT=3", "LIMIT=12")
"""The same with a counterexample of eleven steps."""


@dataclass(frozen=True)
class Place:
    """A namespace."""

    cluster: Cluster
    namespace: str

    def kubectl(self, *words: str | Path, text: str | None = None) -> str:
        return self.cluster.kubectl(*words, f"--namespace={self.namespace}", text=text)

    def apply(self, *bodies: Mapping[str, Any]) -> None:
        self.kubectl("apply", "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": [*bodies]}))

    def read(self, *words: str) -> Body:
        """An object, or a list."""
        return self.cluster.read(*words, f"--namespace={self.namespace}")

    def items(self, kind: str, name: str = "") -> list[Body]:
        """The objects of a kind, those of the SpecCheck of that name only where one is given."""
        selected = [f"--selector=speccheck.dev/speccheck={name}"] if name else []
        found: list[Body] = self.read(kind, *selected)["items"]
        return found

    def condition(self, name: str, kind: str) -> Body:
        """A condition of a SpecCheck, empty where it has none."""
        status = self.read("speccheck", name).get("status") or {}
        return next((each for each in status.get("conditions", ()) if each["type"] == kind), {})

    def status(self, name: str) -> Body:
        found: Body = self.read("speccheck", name).get("status") or {}
        return found

    def events(self, about: str, reason: str = "") -> list[Body]:
        """The Events on an object of that name, with that reason where one is given."""
        found = self.read("events.events.k8s.io")["items"]
        mine = [event for event in found if event["regarding"]["name"] == about]
        return [event for event in mine if reason in ("", event["reason"])]

    def describe(self, *names: str) -> str:
        """What `kubectl describe` says of the SpecChecks of these names and all that was made for them."""
        told = []
        for name in names:
            made = f"--selector=speccheck.dev/speccheck={name}"
            for words in (("speccheck", name), ("speccheckrun", made), ("job", made), ("pod", made)):
                try:
                    told.append(self.kubectl("describe", *words))
                except ClusterError as error:
                    told.append(str(error))
        return "\n".join(told)[-12_000:]

    def wait(self, what: str, about: str, probe: Callable[[], T | None], timeout_s: float = WAIT_S) -> T:
        """Wait for an answer that is true; the error tells all of the SpecCheck `about`, and what the operator said."""
        where = f"{what} in namespace {self.namespace}"
        try:
            return self.cluster.wait(where, lambda: probe() or None, timeout_s, EVERY_S)
        except ClusterError as error:
            raise ClusterError(f"{error}\n{self.describe(about)}\n{operator_log(self.cluster)}") from error

    def wait_condition(
        self,
        name: str,
        kind: str,
        status: str,
        reason: str = "",
        timeout_s: float = WAIT_S,
        generation: int | None = None,
    ) -> Body:
        """Wait until a SpecCheck's condition has that status, and that reason where one is given; give it."""

        def probe() -> Body | None:
            found = self.condition(name, kind)
            wanted = found.get("status") == status and reason in ("", found.get("reason"))
            return found if wanted and generation in (None, found.get("observedGeneration")) else None

        what = f"condition {kind}={status} {reason} of SpecCheck {name}"
        return self.wait(what, name, probe, timeout_s)

    def wait_runs(self, name: str, count: int, timeout_s: float = WAIT_S) -> list[Body]:
        """Wait until a SpecCheck has so many runs that were not given up for another, all of them finished."""

        def probe() -> list[Body] | None:
            runs = [run for run in self.items("speccheckruns", name) if finished_reason(run) != "Superseded"]
            return runs if len(runs) == count and all(map(finished_reason, runs)) else None

        return self.wait(f"{count} finished runs of SpecCheck {name}", name, probe, timeout_s)


def finished_reason(run: Body) -> str:
    """Why a run has ended, "" where it has not."""
    status = run.get("status") or {}
    return str(status["conditions"][0]["reason"]) if "finishedAt" in status else ""


def inline(name: str, text: str, **spec: Any) -> Body:
    """A SpecCheck with one inline file; `check: {}` unless something else is said."""
    source = {"inline": {"files": {"spec.py": text}}}
    return speccheck(name, source=source, **spec)


def from_config_map(name: str, config_map_name: str, **spec: Any) -> Body:
    """A SpecCheck of a ConfigMap's spec."""
    return speccheck(name, source={"configMap": {"name": config_map_name}}, **spec)


def speccheck(name: str, **spec: Any) -> Body:
    return {
        "apiVersion": "speccheck.dev/v1alpha1",
        "kind": "SpecCheck",
        "metadata": {"name": name},
        "spec": {"entrypoint": "spec.py", "check": {}} | spec,
    }


def config_map(name: str, labels: Mapping[str, str] | None = None, **data: str) -> Body:
    """A ConfigMap; a key's `_py` at the end stands for `.py`."""
    files = {key.removesuffix("_py") + ".py" if key.endswith("_py") else key: value for key, value in data.items()}
    metadata = {"name": name, "labels": dict(labels or {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}


def metrics(cluster: Cluster) -> dict[str, float]:
    """What the installed operator's /metrics says, by name and labels."""
    (pod,) = cluster.read("pods", "--namespace=speccheck-system")["items"]
    path = f"/api/v1/namespaces/speccheck-system/pods/{pod['metadata']['name']}:9090/proxy/metrics"
    lines = cluster.kubectl("get", f"--raw={path}").splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def operator_log(cluster: Cluster) -> str:
    """The last that an installed operator said."""
    try:
        words = ("logs", "deployment/speccheck-operator", "--all-containers", "--tail=30")
        return cluster.kubectl(*words, "--namespace=speccheck-system")
    except ClusterError as error:
        return str(error)
