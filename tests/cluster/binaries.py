"""Kubernetes itself, built from its Go modules as tools/go.mod pins them: built once, then taken from the cache.

Takes a Go tool chain and, for the first build, the Go module proxy and some minutes; gives a directory of programs.
"""

from collections.abc import Callable
from pathlib import Path

from tests.cluster import caches
from tests.cluster.commands import run

TOOLS = Path(__file__).parent / "tools"
VERSION = "1.34.4"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet")
BUILD_TIMEOUT_S = 3_600.0  # three minutes on two idle cores

_STAMP = "k8s.io/component-base/version"
_FLAGS = f"-s -w -X {_STAMP}.gitVersion=v{VERSION} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor=34"


def kubernetes() -> Path:
    """The directory that holds PROGRAMS.

    Raises ClusterError where the build fails.
    """
    inputs = [(TOOLS / name).read_bytes() for name in ("go.mod", "go.sum")]
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in PROGRAMS]
    return caches.kept(f"kubernetes-{caches.digest([*inputs, _FLAGS])}", _go_build(packages))


def pause() -> Path:
    """The directory that holds `pause`, the program that waits."""
    source = (TOOLS / "pause" / "main.go").read_bytes()
    return caches.kept(f"pause-{caches.digest([source])}", _go_build(["./pause"]))


def _go_build(packages: list[str]) -> Callable[[Path], None]:
    def build(place: Path) -> None:
        place.mkdir()
        run(
            ["nice", "go", "build", "-mod=readonly", "-trimpath", "-ldflags", _FLAGS, "-o", f"{place}/", *packages],
            timeout_s=BUILD_TIMEOUT_S,
            env={"CGO_ENABLED": "0"},
            cwd=TOOLS,
        )

    return build
