"""The Linux namespaces that a cluster lives in: its own processes, mounts and network.

Everything of a cluster, its containers included, is a descendant of one process in a process namespace. When that one
ends, however it ends, the kernel ends all of them, drops their mounts and takes the network down. So a cluster cannot
outlive its harness, even one that was killed, and leaves nothing on the machine but its directory and empty control
groups.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tests.cluster.commands import run, wait_for
from tests.cluster.errors import ClusterError, StoppedError

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 120.0

# A kubelet sets these for the whole machine. It finds them set to its liking instead, in files of this cluster's own.
_KERNEL_SETTINGS = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}

# Where the programs keep their files by default, and some of them by fixed names. In memory, because it is much
# faster to unpack images there and to forget them: the tests' images and etcd take half a gigabyte of it.
IN_MEMORY = ("/run", "/var/lib")
MEMORY_MAX = "4g"
LOGS = "/var/log"
HIDDEN = (*IN_MEMORY, LOGS)


class Process(msgspec.Struct, frozen=True):
    """A process of this machine, told from a later one of the same number by its start in clock ticks since boot."""

    pid: int
    started: int

    @staticmethod
    def of(pid: int) -> "Process":
        return Process(pid, _started(pid))

    def alive(self) -> bool:
        return _started(self.pid) == self.started


class Namespaces(msgspec.Struct, frozen=True):
    """The namespaces by the process that holds them (seen from here) and the first one inside."""

    holder: Process
    first: Process

    def run(self, argv: Sequence[str | Path], *, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
        """Run a program inside to its end and return its standard output."""
        return run([*self._enter(), *argv], timeout_s=timeout_s)

    def start(self, argv: Sequence[str | Path], log: Path) -> int:
        """Start a program inside, its output appended to `log`; give its process id as seen inside."""
        script = '"$@" >>"$0" 2>&1 </dev/null & echo $!'
        environment = ["env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/var/lib"]
        return int(run([*self._enter(), *environment, "sh", "-c", script, log, *argv], timeout_s=START_TIMEOUT_S))

    def kill(self, pid: int) -> None:
        """Kill a process inside and wait until it is gone."""
        self.run(["sh", "-c", f"kill -KILL {pid}"])
        wait_for(f"process {pid} of the cluster to end", lambda: not self.running(pid), END_TIMEOUT_S, every_s=0.05)

    def running(self, pid: int) -> bool:
        """Whether there is such a process inside."""
        try:
            self.run(["sh", "-c", f"kill -0 {pid}"])
        except ClusterError:
            if not self.first.alive():
                raise StoppedError("the cluster's first process has ended, and all the others with it") from None
            return False
        return True

    def end(self) -> None:
        """End every process inside, and wait until they have ended."""
        if self.first.alive():
            run(["kill", "-KILL", str(self.first.pid)], timeout_s=START_TIMEOUT_S)
        # The holder is the first one's parent: it ends when it has seen its child end.
        wait_for("the cluster's processes to end", lambda: not self.holder.alive(), END_TIMEOUT_S, every_s=0.05)

    def _enter(self) -> list[str]:
        if not self.first.alive():
            raise StoppedError("the cluster is not running any more: its first process has ended")
        return ["nsenter", f"--target={self.first.pid}", "--mount", "--net", "--pid"]


def create(directory: Path, first_program: Path, *, detached: bool) -> tuple[Namespaces, "subprocess.Popen[bytes]"]:
    """New namespaces with their own /run, /var/lib and /var/log, the last in `directory`; they end with this process.

    `detached`: they go on when this process ends. The second value is the holder, for its parent to wait for.
    """
    tied = [] if detached else ["setpriv", "--pdeathsig", "KILL"]
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation=slave"]
    quiet = subprocess.DEVNULL
    argv = [*tied, *apart, str(first_program)]
    holder = subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        name = first_program.name
        first = wait_for("new namespaces", lambda: _child(holder.pid, name), START_TIMEOUT_S, every_s=0.02)
        made = Namespaces(Process.of(holder.pid), Process.of(first))
        made.run(["sh", "-ec", _mounts(directory)])
    except BaseException:
        holder.kill()
        holder.wait()
        raise
    return made, holder


def _mounts(directory: Path) -> str:
    lines = ["mount --make-rshared /"]
    lines += [f"mount -t tmpfs -o mode=755,size={MEMORY_MAX} speccheck {target}" for target in IN_MEMORY]
    (directory / "log").mkdir()
    lines.append(f"mount --bind '{directory}/log' {LOGS}")
    for name, value in _KERNEL_SETTINGS.items():
        source = directory / "settings" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(value)
        lines.append(f"mount --bind '{source}' /proc/sys/{name}")
    return "\n".join(lines)


def _child(pid: int, name: str) -> int | None:
    """The child of `pid` once it runs the program of that name."""
    for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if Path(f"/proc/{word}/comm").read_text().strip() == name:
            return int(word)
    return None


def _started(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where there is none or it has ended (a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
