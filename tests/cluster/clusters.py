"""A cluster as the tests see it, whichever way it came about."""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.cluster import caches
from tests.cluster.commands import run, wait_for
from tests.cluster.errors import ClusterError

T = TypeVar("T")

IMAGE_VARIABLE = "SPECCHECK_TEST_IMAGE"
KUBECTL_TIMEOUT_S = 200.0
READY_TIMEOUT_S = 180.0
API_TIMEOUT_S = 120.0


class Cluster(ABC):
    """A running cluster, with the rights of its administrator.

    `kubeconfig`: a file with which any client reaches it. `program`: the kubectl to use.
    `description`: what it is, in a few words. `owned`: whether `stop` takes it down.
    """

    def __init__(self, kubeconfig: Path, program: Path, description: str, *, owned: bool) -> None:
        self.kubeconfig = kubeconfig
        self.program = program
        self.description = description
        self.owned = owned

    @abstractmethod
    def load_image(self, archive: Path) -> None:
        """Put the images of an OCI archive where pods find them under their full names, without a registry."""

    @abstractmethod
    def project_image(self) -> str:
        """The full name of the project's image, built from this checkout and loaded."""

    @abstractmethod
    def kill_program(self, name: str) -> None:
        """Kill a program of the control plane, such as kube-apiserver; it is started again, here or by the cluster."""

    @abstractmethod
    def kill_container(self, container: str) -> None:
        """Kill a container's processes, given its ID as a pod's status has it; what becomes of it is the kubelet's."""

    @abstractmethod
    def take_down(self) -> None:
        """Take the cluster down, whoever made it."""

    def stop(self) -> None:
        """Take the cluster down if it was made for this process. To be called once, at the end."""
        if self.owned:
            self.take_down()

    def environment(self) -> Mapping[str, str]:
        """What kubectl and other clients need in their environment to reach the cluster and leave the user's files."""
        return {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(caches.directory() / "kubectl")}

    def diagnosis(self) -> str:
        """What the cluster's own programs said last, where that can be had."""
        return ""

    def kubectl(self, *words: str | Path, text: str | None = None, timeout_s: float = KUBECTL_TIMEOUT_S) -> str:
        """Run kubectl and return its output. Raises ClusterError where it fails."""
        return run([self.program, *words], timeout_s=timeout_s, env=self.environment(), text=text)

    def read(self, *words: str) -> dict[str, Any]:
        """`kubectl get` an object, or a list where no name is given."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", *words, "--output=json"))
        return answer

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """`kubectl apply` these objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename=-", text=json.dumps(listed))

    def wait(self, what: str, probe: Callable[[], T | None], timeout_s: float, every_s: float = 0.2) -> T:
        """Ask until there is an answer; see `wait_for`. The error at the end also holds the cluster's diagnosis."""
        try:
            return wait_for(what, probe, timeout_s, every_s)
        except ClusterError as error:
            raise type(error)(f"{error}\n{self.diagnosis()}") from error

    def kill_apiserver(self) -> None:
        """Kill the API server; it is started again at once."""
        self.kill_program("kube-apiserver")

    def restart_apiserver(self) -> None:
        """Kill the API server and wait until it serves again."""
        self.kill_apiserver()
        self.wait_for_api()

    def wait_for_api(self) -> None:
        """Wait until the API server says that it is ready."""
        self.wait("the API server to be ready", lambda: self.kubectl("get", "--raw=/readyz") == "ok", API_TIMEOUT_S)

    def wait_until_usable(self) -> None:
        """Wait until a pod can start: a node is ready, and the default namespace has its service account."""
        self.wait_for_api()
        self.wait("a ready node", self._node_ready, READY_TIMEOUT_S)
        self.wait("the default service account", lambda: self.read("serviceaccount", "default"), READY_TIMEOUT_S)

    def _node_ready(self) -> bool:
        nodes = self.read("nodes")["items"]
        conditions = [condition for node in nodes for condition in node["status"].get("conditions", [])]
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


class GivenCluster(Cluster):
    """A cluster somebody else made and keeps, by its kubeconfig.

    It cannot be given images here: the variable IMAGE_VARIABLE names one that it can pull.
    """

    def load_image(self, archive: Path) -> None:
        raise ClusterError(f"no way to load an image into {self.description}: set {IMAGE_VARIABLE} to one it can pull")

    def project_image(self) -> str:
        name = os.environ.get(IMAGE_VARIABLE)
        if not name:
            raise ClusterError(f"{IMAGE_VARIABLE} is not set: it names the project's image, for {self.description}")
        return name

    def kill_program(self, name: str) -> None:
        raise ClusterError(f"the {name} of {self.description} is not this harness's to restart")

    def kill_container(self, container: str) -> None:
        raise ClusterError(f"the containers of {self.description} are not this harness's to kill")

    def take_down(self) -> None:
        raise ClusterError(f"{self.description} is not this harness's to take down")
