"""A cluster made by `kind` in Docker, for machines that have both; kind-config.yaml says what it is like."""

import shutil
import tempfile
from pathlib import Path

from tests.cluster import caches, images
from tests.cluster.clusters import Cluster
from tests.cluster.commands import run
from tests.cluster.errors import ClusterError

CONFIG = images.PROJECT / "kind-config.yaml"
PREFIX = "speccheck-kind-"
CREATE_TIMEOUT_S = 600.0
BUILD_TIMEOUT_S = 900.0
LOAD_TIMEOUT_S = 300.0
PROBE_TIMEOUT_S = 10.0
PROCESS_NAME_CHARS = 15  # the kernel keeps no more of a process's name, and pkill compares with what is kept


class KindCluster(Cluster):
    """The kind cluster `name`."""

    def __init__(self, name: str, kubeconfig: Path, *, owned: bool) -> None:
        super().__init__(kubeconfig, Path("kubectl"), f"the kind cluster {name}", owned=owned)
        self._name = name

    def load_image(self, archive: Path) -> None:
        run(["kind", "load", "image-archive", archive, "--name", self._name], timeout_s=LOAD_TIMEOUT_S)

    def project_image(self) -> str:
        """Build the image by Docker on its default base, from the network, and load it."""
        parts = [part for path in images.inputs() for part in (str(path), path.read_bytes())]
        name = f"{images.PROJECT_IMAGE}:{caches.digest(parts)}"
        recipe = images.PROJECT / "Containerfile"
        run(["docker", "build", "--file", recipe, "--tag", name, images.PROJECT], timeout_s=BUILD_TIMEOUT_S)
        run(["kind", "load", "docker-image", name, "--name", self._name], timeout_s=LOAD_TIMEOUT_S)
        return name

    def kill_program(self, name: str) -> None:
        """The kubelet starts it again: it is a static pod there."""
        node = f"{self._name}-control-plane"
        run(["docker", "exec", node, "pkill", "-KILL", name[:PROCESS_NAME_CHARS]], timeout_s=PROBE_TIMEOUT_S)

    def kill_container(self, container: str) -> None:
        node = f"{self._name}-control-plane"
        ctr = ["ctr", "--namespace=k8s.io", "tasks", "kill", "--all", "--signal=SIGKILL"]
        identity = container.removeprefix("containerd://")
        run(["docker", "exec", node, *ctr, identity], timeout_s=PROBE_TIMEOUT_S)

    def take_down(self) -> None:
        run(["kind", "delete", "cluster", "--name", self._name], timeout_s=CREATE_TIMEOUT_S)
        if self.kubeconfig.parent.name.startswith(PREFIX):
            shutil.rmtree(self.kubeconfig.parent, ignore_errors=True)


def reason_against() -> str | None:
    """Why kind cannot be used here, or None where it can."""
    for program in ("kind", "docker", "kubectl"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        run(["docker", "info"], timeout_s=PROBE_TIMEOUT_S)
    except ClusterError:
        return "no Docker engine answers `docker info`"
    return None


def make(name: str, *, detached: bool = False) -> KindCluster:
    """Create the cluster and wait until it is usable. `detached`: it stays when this process has ended."""
    kubeconfig = Path(tempfile.mkdtemp(prefix=PREFIX)) / "kubeconfig"
    cluster = KindCluster(name, kubeconfig, owned=not detached)
    options = [f"--name={name}", f"--config={CONFIG}", f"--kubeconfig={kubeconfig}"]
    try:
        run(["kind", "create", "cluster", *options], timeout_s=CREATE_TIMEOUT_S)
        cluster.wait_until_usable()
    except BaseException:
        cluster.take_down()
        raise
    return cluster


def named(kubeconfig: Path) -> KindCluster | None:
    """The kind cluster that a kubeconfig's current context speaks of, if it does and kind is here."""
    if reason_against() is not None:
        return None
    current = ["kubectl", "config", "current-context"]
    context = run(current, timeout_s=PROBE_TIMEOUT_S, env={"KUBECONFIG": str(kubeconfig)}).strip()
    name = context.removeprefix("kind-")
    return KindCluster(name, kubeconfig, owned=False) if name != context else None
