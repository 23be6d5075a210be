"""What the kernel takes from a process before code that nobody vouches for runs in it.

Takes the calling process and gives it back with less: resource limits, no new privileges, a system-call
filter. Each layer stands alone and each is one function. It starts nothing; `cells` runs functions inside.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from speccheck.errors import EngineError

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_THREAD = 0x10000

FIRST_UNKNOWN_CALL = 452
"""System calls from this number on are newer than this page; they answer "not implemented"."""

LAST_UNKNOWN_CALL = 767


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_KERNEL = _words(
    "acct add_key bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module fsconfig fsmount "
    "fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup kcmp kexec_file_load kexec_load keyctl "
    "lookup_dcookie mount mount_setattr move_mount name_to_handle_at open_by_handle_at open_tree perf_event_open "
    "pidfd_getfd pivot_root process_madvise process_mrelease process_vm_readv process_vm_writev ptrace quotactl "
    "quotactl_fd reboot request_key setdomainname sethostname setns settimeofday swapoff swapon syslog umount2 unshare "
    "userfaultfd vhangup"
)
"""Nothing here needs these; each widens what a flaw in the kernel or a neighbour would give away."""

_PROCESSES = _words("execve execveat fork vfork")
"""New processes, but for `clone` and `clone3`, which threads need and which are told apart by their flags."""

_NEIGHBOURS = _words(
    "ioprio_set kill migrate_pages move_pages pidfd_open pidfd_send_signal prlimit64 rt_sigqueueinfo rt_tgsigqueueinfo "
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler setpriority tgkill tkill"
)
"""Ways to disturb another process of the same user; `kill`, `tgkill` and `prlimit64` reach the caller itself."""

_WRITES = _words(
    "chmod chown creat fallocate fchmod fchmodat fchown fchownat fremovexattr fsetxattr ftruncate futimesat lchown "
    "link linkat lremovexattr lsetxattr memfd_create memfd_secret mkdir mkdirat mknod mknodat mq_open mq_unlink msgget "
    "removexattr rename renameat renameat2 rmdir semget setxattr shmget symlink symlinkat truncate unlink unlinkat "
    "utime utimensat utimes"
)
"""Changes of the file system, and memory that outlives or escapes the limits; `open` is told by its flags."""


class Profile(Enum):
    """How much is refused. OFFLINE: the network and the kernel's far corners. CLOSED: also new processes,
    signals to others, and every write to a file. SEALED: also new threads."""

    OFFLINE = "offline"
    CLOSED = "closed"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Resource limits of one process: seconds of CPU (None for no limit), bytes of address space, bytes of any
    file it writes. How many processes there may be is no limit of these: the kernel counts those of a user on the
    whole machine, so that other pods of the same user would take it up. The filter refuses new ones instead."""

    cpu_s: int | None
    memory_bytes: int
    file_bytes: int = 0
    open_files: int = 128


def require() -> None:
    """Checks that the filter can be installed here, and loads what that takes.

    Raises EngineError where the system, the library or its binding lacks it.
    """
    _binding()


def withdraw() -> None:
    """Hides this process's memory and descriptors from others of its user (its /proc entries become root's).

    Raises EngineError where the kernel refuses.
    """
    _prctl(_PR_SET_DUMPABLE, 0, "hide the process from its user's others")


def follow_parent() -> None:
    """Has the kernel kill this process when the one that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, "tie the process to its parent")


def limit(ceilings: Ceilings) -> None:
    """Sets the resource limits of this process, hard and soft; never above those it has."""
    for kind, value in (
        (resource.RLIMIT_CPU, resource.RLIM_INFINITY if ceilings.cpu_s is None else ceilings.cpu_s),
        (resource.RLIMIT_AS, ceilings.memory_bytes),
        (resource.RLIMIT_FSIZE, ceilings.file_bytes),
        (resource.RLIMIT_NOFILE, ceilings.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _lower(kind, value)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = min((each for each in (value, hard) if each != resource.RLIM_INFINITY), default=resource.RLIM_INFINITY)
    resource.setrlimit(kind, (allowed, allowed))


def confine(profile: Profile) -> None:
    """Installs the system-call filter for this process and all it will ever start, and checks that it works.

    Raises EngineError where it cannot be installed or does not refuse: nothing untrusted may run then.
    """
    seccomp = _binding()
    try:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1, "give up new privileges")
        _filter(seccomp, profile).load()
    except OSError as error:
        raise EngineError(f"the system-call filter could not be installed: {error}") from error
    _prove()


def _filter(seccomp: Any, profile: Profile) -> Any:
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    _refuse_network(seccomp, filter_)
    refused = [*_KERNEL]
    if profile is not Profile.OFFLINE:
        refused += [*_PROCESSES, *_WRITES]
        _refuse_processes(seccomp, filter_, threads=profile is Profile.SEALED)
        _refuse_neighbours(seccomp, filter_)
        _refuse_opening_to_write(seccomp, filter_)
    for name in refused:
        _rule(seccomp, filter_, errno.EPERM, name)
    for number in range(FIRST_UNKNOWN_CALL, LAST_UNKNOWN_CALL + 1):
        filter_.add_rule(seccomp.ERRNO(errno.ENOSYS), number)
    return filter_


def _refuse_network(seccomp: Any, filter_: Any) -> None:
    for name in ("socket", "socketpair"):
        _rule(seccomp, filter_, errno.EACCES, name, seccomp.Arg(0, seccomp.NE, socket.AF_UNIX))


def _refuse_processes(seccomp: Any, filter_: Any, *, threads: bool) -> None:
    _rule(seccomp, filter_, errno.EPERM, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
    if threads:
        only = seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
        _rule(seccomp, filter_, errno.EAGAIN, "clone", only)
    _rule(seccomp, filter_, errno.ENOSYS, "clone3")  # its flags are in memory; the C library then uses clone


def _refuse_neighbours(seccomp: Any, filter_: Any) -> None:
    own = {"kill": os.getpid(), "tgkill": os.getpid(), "prlimit64": 0}
    for name in _NEIGHBOURS:
        only = (seccomp.Arg(0, seccomp.NE, own[name]),) if name in own else ()
        _rule(seccomp, filter_, errno.EPERM, name, *only)


def _refuse_opening_to_write(seccomp: Any, filter_: Any) -> None:
    for name, at in (("open", 1), ("openat", 2)):
        for mask, value in (
            (os.O_ACCMODE, os.O_WRONLY),
            (os.O_ACCMODE, os.O_RDWR),
            (os.O_ACCMODE, os.O_ACCMODE),
            (os.O_CREAT, os.O_CREAT),
            (os.O_TRUNC, os.O_TRUNC),
        ):
            _rule(seccomp, filter_, errno.EPERM, name, seccomp.Arg(at, seccomp.MASKED_EQ, mask, value))
    _rule(seccomp, filter_, errno.ENOSYS, "openat2")  # its flags are in memory


def _rule(seccomp: Any, filter_: Any, error: int, name: str, *only: Any) -> None:
    number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
    if number == -1:
        raise EngineError(f"the installed libseccomp does not know the system call {name}; version 2.5.3 or later does")
    filter_.add_rule(seccomp.ERRNO(error), number, *only)


def _prove() -> None:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    if status.get("Seccomp") != "2" or status.get("NoNewPrivs") != "1":
        raise EngineError("the kernel took the system-call filter and does not apply it")
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except PermissionError:
        return
    raise EngineError("the system-call filter is installed and lets network sockets through")


def _binding() -> Any:
    if not sys.platform.startswith("linux"):
        raise EngineError(f"the sandbox needs Linux's seccomp; this is {sys.platform}")
    try:
        return import_module("pyseccomp")
    except ImportError as error:
        raise EngineError("the sandbox needs the package pyseccomp (pip install 'speccheck[operator]')") from error
    except RuntimeError as error:
        raise EngineError("the sandbox needs the library libseccomp2 (Debian: apt-get install libseccomp2)") from error


def _prctl(option: int, value: int, what: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise EngineError(f"the kernel refused to {what}: {os.strerror(code)}")
