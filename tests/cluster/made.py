"""A one-node cluster made here: Kubernetes from its Go modules, the rest from Debian's packages. Needs root.

Its state is in one directory, so that another process can use it, restart its API server, or take it down.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from tests.cluster import binaries, cgroups, credentials, images, networks
from tests.cluster.clusters import Cluster
from tests.cluster.commands import tail, wait_for
from tests.cluster.components import COMMANDS, CONTAINERD_SOCKET, Place
from tests.cluster.errors import ClusterError, StoppedError
from tests.cluster.namespaces import HIDDEN, Namespaces, create

T = TypeVar("T")

PREFIX = "speccheck-cluster-"
STATE = "cluster.json"
IMPORT_TIMEOUT_S = 120.0
RUNTIME_TIMEOUT_S = 90.0
REMOVE_TIMEOUT_S = 60.0
ELECTED = frozenset({"kube-controller-manager", "kube-scheduler"})
"""They end themselves where a slow machine loses them their Lease, and are started anew, as by a kubelet elsewhere."""
STARTS_LIMIT = 5
CTR = ("ctr", f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io")

# A Service without an endpoint: a look-up in a pod is refused at once, where it would wait without one.
_DNS_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "kube-dns", "namespace": "kube-system"},
}
_DNS_PORTS = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]


class State(msgspec.Struct):
    """What another process has to know to use the cluster or take it down; kept in STATE."""

    namespaces: Namespaces
    programs: str
    sandbox_image: str
    network_index: int | None = None
    pids: dict[str, int] = msgspec.field(default_factory=dict)
    revived: int = 0

    def save(self, directory: Path) -> None:
        beside = directory / f"{STATE}.new"
        beside.write_bytes(msgspec.json.encode(self))
        beside.rename(directory / STATE)

    @staticmethod
    def load(directory: Path) -> "State":
        return msgspec.json.decode((directory / STATE).read_bytes(), type=State)


class MadeCluster(Cluster):
    """The cluster in `directory`, joined to this machine. `make` starts one, `attached` finds one that runs."""

    def __init__(self, directory: Path, state: State, holder: "subprocess.Popen[bytes] | None" = None) -> None:
        if state.network_index is None:
            raise ClusterError(f"the cluster in {directory} was never joined to this machine")
        network = networks.Network(state.network_index)
        self._place = Place(directory, network, Path(state.programs), state.sandbox_image)
        self._state = state
        self._holder = holder
        kubectl = self._place.programs / "kubectl"
        description = f"the cluster in {directory}"
        super().__init__(self._place.kubeconfig("admin"), kubectl, description, owned=holder is not None)

    @property
    def directory(self) -> Path:
        return self._place.directory

    @property
    def node_ip(self) -> str:
        """The node's address: reached from this machine, as are its pods' and Services' addresses."""
        return self._place.network.node_ip

    def environment(self) -> Mapping[str, str]:
        direct = [os.environ.get("NO_PROXY", ""), self.node_ip]
        return {**super().environment(), "NO_PROXY": ",".join(word for word in direct if word)}

    def load_image(self, archive: Path) -> None:
        self._state.namespaces.run([*CTR, "images", "import", archive], timeout_s=IMPORT_TIMEOUT_S)

    def project_image(self) -> str:
        image = images.project()
        self.load_image(image.archive)
        return image.name

    def kill_program(self, name: str) -> None:
        pids = self._pids()
        pid = pids.pop(name)
        self._save(pids)  # first, so that no other process takes it for one that ended by itself
        self._state.namespaces.kill(pid)
        self._start(name)

    @contextmanager
    def audited(self, rules: Sequence[Mapping[str, object]], webhook: Mapping[str, object]) -> Iterator[Path]:
        """While the body runs, the API server tells of requests by these rules of an audit policy, and of no others.

        It posts them to `webhook`, a kubeconfig, and writes them to the log that is given. It is restarted before and
        after.
        """
        audit = self._place.audit
        audit.write(rules, webhook)
        try:
            self.restart_apiserver()
            yield audit.log
        finally:
            audit.remove()
            self.restart_apiserver()

    def kill_container(self, container: str) -> None:
        identity = container.removeprefix("containerd://")
        self._state.namespaces.run([*CTR, "tasks", "kill", "--all", "--signal=SIGKILL", identity])

    def take_down(self) -> None:
        take_down(self.directory)
        if self._holder is not None:
            self._holder.wait(timeout=REMOVE_TIMEOUT_S)

    def diagnosis(self) -> str:
        said = [f"--- {name}\n{tail(self._place.log(name))}" for name in COMMANDS]
        return "\n".join(["The last words of the cluster's programs:", *said])

    def bring_up(self) -> None:
        """Start every program in its turn, and wait until pods can run."""
        cgroups.make(self._place.cgroup)
        credentials.write(self._place.credentials, self._place.network)
        self._start("etcd")
        self._start("containerd")
        self._start("kube-apiserver")
        self.wait("containerd to answer", self._runtime_answers, RUNTIME_TIMEOUT_S)
        self.load_image(images.pause().archive)
        self.wait_for_api()
        for name in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"):
            self._start(name)
        self.apply({**_DNS_SERVICE, "spec": {"clusterIP": self._place.network.dns_service_ip, "ports": _DNS_PORTS}})
        self.wait_until_usable()

    def wait(self, what: str, probe: Callable[[], T | None], timeout_s: float, every_s: float = 0.2) -> T:
        def watched() -> T | None:
            self._check_running()
            return probe()

        return super().wait(what, watched, timeout_s, every_s)

    def _check_running(self) -> None:
        ended = [name for name, pid in self._pids().items() if not self._state.namespaces.running(pid)]
        if not ended:
            return
        revived = State.load(self.directory).revived + len(ended)
        if not ELECTED.issuperset(ended) or revived > STARTS_LIMIT:
            raise StoppedError(f"{', '.join(ended)} of {self.description} ended by itself")
        self._state.revived = revived
        for name in ended:
            self._start(name)

    def _start(self, name: str) -> None:
        log = self._place.log(name)
        log.parent.mkdir(exist_ok=True)
        pid = self._state.namespaces.start(COMMANDS[name](self._place), log)
        self._save({**self._pids(), name: pid})

    def _pids(self) -> dict[str, int]:
        """As the file says: another process may have started a program anew."""
        return State.load(self.directory).pids

    def _save(self, pids: dict[str, int]) -> None:
        msgspec.structs.replace(self._state, pids=pids).save(self.directory)

    def _runtime_answers(self) -> bool:
        return bool(self._state.namespaces.run(["ctr", f"--address={CONTAINERD_SOCKET}", "version"]))


def make(*, detached: bool = False) -> MadeCluster:
    """Start a cluster, wait until it is usable, and give it.

    It ends with `stop` and at the latest with this process; `detached`: only with `take_down`.
    Raises ClusterError, with the programs' last words, where it does not come up; nothing is left of it then.
    """
    sweep()
    pause = binaries.pause() / "pause"
    programs, sandbox_image = binaries.kubernetes(), images.pause().name
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    holder = None
    try:
        _check_place(directory, programs)
        namespaces, holder = create(directory, pause, detached=detached)
        state = State(namespaces, str(programs), sandbox_image)
        state.save(directory)
        state.network_index = networks.connect(namespaces.first.pid).index
        state.save(directory)
        cluster = MadeCluster(directory, state, holder)
        cluster.bring_up()
    except BaseException:
        take_down(directory)
        if holder is not None:
            holder.wait(timeout=REMOVE_TIMEOUT_S)
        raise
    return cluster


def attached(kubeconfig: Path) -> MadeCluster | None:
    """The cluster whose administrator's kubeconfig this is, or None if it was not made by `make`."""
    directory = kubeconfig.resolve().parent.parent
    if not (directory.name.startswith(PREFIX) and (directory / STATE).exists()):
        return None
    return MadeCluster(directory, State.load(directory))


def take_down(directory: Path) -> None:
    """End a cluster, whatever state it is in, and remove all that is left of it."""
    if (directory / STATE).exists():
        state = State.load(directory)
        # Of a cluster that has ended already the link is gone, and its number may be another's.
        if state.namespaces.first.alive() and state.network_index is not None:
            networks.disconnect(networks.Network(state.network_index))
        state.namespaces.end()
        cgroups.remove(directory.name)
    wait_for(f"{directory} to be removed", lambda: _removed(directory), REMOVE_TIMEOUT_S)


def sweep() -> None:
    """Remove what is left of clusters whose harness was killed."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _has_ended(directory):
            take_down(directory)


def _has_ended(directory: Path) -> bool:
    """Whether this was a cluster and is one no more. What cannot be read is left alone."""
    try:
        return not State.load(directory).namespaces.first.alive()
    except (FileNotFoundError, msgspec.DecodeError):
        return False


def _removed(directory: Path) -> bool:
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def _check_place(*places: Path) -> None:
    for place in places:
        for hidden in HIDDEN:
            if place.resolve().is_relative_to(hidden):
                advice = "set TMPDIR or XDG_CACHE_HOME to another place"
                raise ClusterError(f"{place} lies under {hidden}, of which a cluster has its own: {advice}")
