"""Which cluster the tests get on this machine, in this order:

1. the one whose kubeconfig SPECCHECK_TEST_KUBECONFIG names;
2. a new one by `kind`, where kind and a Docker engine are there;
3. a new one made here, where root, Go and the Debian packages are there.

Else there is none, and the reasons are told.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import binaries, images, kinds, made
from tests.cluster.clusters import Cluster, GivenCluster
from tests.cluster.commands import run
from tests.cluster.components import CNI_DIRECTORIES, cni_directory
from tests.cluster.errors import ClusterError, UnavailableError

KUBECONFIG_VARIABLE = "SPECCHECK_TEST_KUBECONFIG"
REQUIRE_VARIABLE = "SPECCHECK_REQUIRE_CLUSTER"

_PROGRAMS = ("buildah", "containerd", "ctr", "debootstrap", "etcd", "ip", "iptables", "nsenter", "openssl")
_PROGRAMS_TOO = ("runc", "setpriv", "unshare")
_PATIENCE = "the first time on a machine, building it takes several minutes"
_GO_MINIMUM = (1, 24)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to a cluster: what it is, what takes long once, and how to open it (`detached`: it stays)."""

    name: str
    prepare: Callable[[], None]
    open: Callable[[bool], Cluster]


def required() -> bool:
    """Whether the absence of a cluster is an error: SPECCHECK_REQUIRE_CLUSTER=1."""
    return os.environ.get(REQUIRE_VARIABLE, "") not in ("", "0")


def find() -> Way:
    """The way to a cluster on this machine.

    Raises UnavailableError with the reason against each way, if there is none.
    """
    given = os.environ.get(KUBECONFIG_VARIABLE)
    if given:
        return Way(f"the cluster of {given}", _nothing, lambda detached: open_given(Path(given)))
    against_kind = kinds.reason_against()
    if against_kind is None:
        return Way("a new cluster by kind", _nothing, _make_by_kind)
    against_making = "; ".join(reasons_against_making())
    if not against_making:
        return Way(
            f"a new cluster made here ({_PATIENCE})", prepare_making, lambda detached: made.make(detached=detached)
        )
    raise UnavailableError(
        f"no Kubernetes cluster: {KUBECONFIG_VARIABLE} is not set; by kind: {against_kind}; made here: {against_making}"
    )


def open_given(kubeconfig: Path) -> Cluster:
    """The running cluster of a kubeconfig. Raises ClusterError if there is none."""
    cluster = identified(kubeconfig)
    cluster.wait_until_usable()
    return cluster


def identified(kubeconfig: Path) -> Cluster:
    """The cluster of a kubeconfig, running or not, with all that can be done with its kind."""
    if not kubeconfig.exists():
        raise ClusterError(f"there is no kubeconfig {kubeconfig}")
    known = made.attached(kubeconfig) or kinds.named(kubeconfig)
    return known or GivenCluster(kubeconfig, _kubectl(), f"the cluster of {kubeconfig}", owned=False)


def prepare_making() -> None:
    """Build what takes minutes the first time; nothing to do afterwards."""
    binaries.kubernetes()
    images.pause()
    images.base()
    images.wheels()


def reasons_against_making() -> Iterator[str]:
    """Each thing that this machine lacks for a cluster made here, and how to get it."""
    if sys.platform != "linux":
        yield "this is not Linux"
        return
    if os.geteuid() != 0:
        yield "it needs root"
    if (go := _go_version()) is None or go < _GO_MINIMUM:
        yield f"it needs Go {'.'.join(map(str, _GO_MINIMUM))} or later, to build Kubernetes"
    missing = [program for program in (*_PROGRAMS, *_PROGRAMS_TOO) if shutil.which(program) is None]
    if missing:
        yield f"{', '.join(missing)} not installed (tests/cluster/packages.sh installs them on Debian)"
    if cni_directory() is None:
        yield f"no network plugins in {' or '.join(map(str, CNI_DIRECTORIES))} (tests/cluster/packages.sh likewise)"


def _go_version() -> tuple[int, ...] | None:
    if shutil.which("go") is None:
        return None
    found = re.search(r"go(\d+)\.(\d+)", run(["go", "version"], timeout_s=30))
    return tuple(map(int, found.groups())) if found else None


def _kubectl() -> Path:
    """kubectl as installed, or else as built here."""
    installed = shutil.which("kubectl")
    return Path(installed) if installed else binaries.kubernetes() / "kubectl"


def _make_by_kind(detached: bool) -> Cluster:
    return kinds.make("speccheck" if detached else f"speccheck-test-{os.getpid()}", detached=detached)


def _nothing() -> None:
    """A cluster that is there or comes ready-made needs no preparing."""
