"""One control group for all pods of a cluster, in every hierarchy of this machine (version 1 or 2)."""

from collections.abc import Iterator
from pathlib import Path

from tests.cluster.commands import wait_for

ROOT = Path("/sys/fs/cgroup")
REMOVE_TIMEOUT_S = 60.0


def hierarchies() -> Iterator[Path]:
    """Where control groups are mounted: the one tree of version 2, or each controller's of version 1."""
    if (ROOT / "cgroup.controllers").exists():
        yield ROOT
        return
    for path in sorted(ROOT.iterdir()):
        if not path.is_symlink() and (path / "cgroup.procs").exists():
            yield path


def make(name: str) -> None:
    """Make the group. A fresh cpuset of version 1 allows nothing until it is told what its parent allows."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (group / setting).exists() and (hierarchy / setting).exists():
                (group / setting).write_text((hierarchy / setting).read_text())


def remove(name: str) -> None:
    """Remove the group and all below it, once the processes in it have gone."""
    groups = [hierarchy / name for hierarchy in hierarchies()]
    what = f"the processes in control group {name} to go"
    wait_for(what, lambda: all(_gone(group) for group in groups), REMOVE_TIMEOUT_S, every_s=0.05)


def _gone(group: Path) -> bool:
    if not group.exists():
        return True
    try:
        for path in sorted(group.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
        group.rmdir()
    except OSError:  # still in use
        return False
    return True
