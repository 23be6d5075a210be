"""Each layer of the sandbox alone, in a process of its own, without privileges where the kernel tells users apart."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
    import ctypes, errno, os, resource, signal, socket, subprocess, sys, threading
    from speccheck import sandbox
    from speccheck.errors import EngineError
    from speccheck.sandbox import Profile

    sandbox.require()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.argtypes = [ctypes.c_long] * 7

    def tried(function, *args):
        try:
            return function(*args)
        except OSError as error:
            return errno.errorcode[error.errno]

    def called(name, *args):
        import pyseccomp
        number = name if isinstance(name, int) else pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        ctypes.set_errno(0)
        result = libc.syscall(number, *args, *[0] * (6 - len(args)))
        return errno.errorcode[ctypes.get_errno()] if result == -1 else result
"""

AS_NOBODY = """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        libc.prctl(4, 1, 0, 0, 0)  # dumpable again, as a process is that never had privileges
"""


def run(script: str, *, nobody: bool = True, expect: int = 0) -> str:
    """What a script prints in a process of its own, which gives up root first where it has it."""
    source = "\n".join(textwrap.dedent(part) for part in (PRELUDE, AS_NOBODY if nobody else "", script))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("profile", ["OFFLINE", "CLOSED", "SEALED"])
def test_only_unix_sockets_can_be_made(profile: str) -> None:
    script = f"""
        sandbox.confine(Profile.{profile})
        families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK)
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW)
        print(set(tried(socket.socket, family, kind) for family in families for kind in kinds))
        print(set(tried(socket.socketpair, family, kind) for family in families for kind in kinds))
        a, b = socket.socketpair(socket.AF_UNIX)
        a.sendall(b"still here")
        print(b.recv(100).decode())
    """
    assert run(script) == "{'EACCES'}\n{'EACCES'}\nstill here"


def test_a_socket_of_a_domain_with_high_bits_set_is_refused() -> None:
    script = """
        sandbox.confine(Profile.OFFLINE)
        print([called("socket", (1 << 32) | domain, socket.SOCK_STREAM) for domain in (socket.AF_INET, socket.AF_UNIX)])
    """
    assert run(script) == "['EACCES', 'EACCES']"


def test_threads_run_and_processes_do_not() -> None:
    script = """
        sandbox.confine(Profile.CLOSED)
        seen = []
        thread = threading.Thread(target=seen.append, args=(1,))
        thread.start(); thread.join()
        print(seen, tried(os.fork), tried(os.execv, "/bin/true", ["true"]))
        print(tried(subprocess.run, ["/bin/true"]), tried(os.posix_spawn, "/bin/true", ["true"], {}))
    """
    assert run(script) == "[1] EPERM EPERM\nEPERM EPERM"


def test_a_sealed_process_starts_no_thread() -> None:
    script = """
        sandbox.confine(Profile.SEALED)
        try:
            threading.Thread(target=print).start()
        except RuntimeError as error:
            print(error)
        print(tried(os.fork), tried(os.posix_spawn, "/bin/true", ["true"], {}))
    """
    assert run(script) == "can't start new thread\nEPERM EPERM"


def test_other_processes_of_the_same_user_take_nothing_from_it() -> None:
    script = """
        others = []
        while len(others) < 80:
            others.append(os.fork())
            if others[-1] == 0:
                sandbox.follow_parent()
                signal.pause()
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=1 << 30))
        leave = os.fork()
        if not leave:
            os._exit(0)
        print(len(others), os.waitpid(leave, 0)[1])
        sandbox.confine(Profile.CLOSED)
        seen = []
        thread = threading.Thread(target=seen.append, args=(1,))
        thread.start(); thread.join()
        print(seen)
    """
    assert run(script) == "80 0\n[1]"


def test_files_are_read_and_not_written() -> None:
    script = """
        import tempfile
        os.chdir(made := tempfile.mkdtemp())
        open("there", "w").write("read me")
        leave = os.fork()
        if leave:
            os.waitpid(leave, 0)
            print(sorted(os.listdir()), open("there").read())
            os.unlink("there"), os.rmdir(made)
            sys.exit()
        sandbox.confine(Profile.CLOSED)
        print(open("there").read())
        print({tried(open, "there", mode) for mode in ("w", "a", "r+", "x")})
        flags = {"there": os.O_RDONLY | os.O_TRUNC, "new": os.O_RDONLY | os.O_CREAT, ".": os.O_TMPFILE | os.O_WRONLY}
        print({tried(os.open, *each) for each in flags.items()})
        print({tried(*each) for each in (
            (os.mkdir, "d"), (os.unlink, "there"), (os.rename, "there", "x"), (os.link, "there", "x"),
            (os.symlink, "a", "b"), (os.truncate, "there", 0), (os.chmod, "there", 0), (os.mkfifo, "f"),
            (os.memfd_create, "m"), (os.utime, "there"))}, flush=True)
        os._exit(0)
    """
    assert run(script).splitlines() == ["read me", "{'EPERM'}", "{'EPERM'}", "{'EPERM'}", "['there'] read me"]


def test_no_other_process_is_reached() -> None:
    script = """
        sandbox.confine(Profile.CLOSED)
        parent = os.getppid()
        print([tried(*call) for call in (
            (os.kill, parent, 0), (os.kill, -1, signal.SIGKILL), (os.pidfd_open, parent),
            (os.setpriority, os.PRIO_PROCESS, parent, 10), (os.sched_setaffinity, parent, {0}))])
        try:
            resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1))
        except PermissionError:
            print("no limits for others")
        os.kill(os.getpid(), 0)
        print("itself it may")
    """
    assert run(script) == f"{['EPERM'] * 5}\nno limits for others\nitself it may"


def test_the_corners_of_the_kernel_are_refused_even_to_root() -> None:
    script = """
        sandbox.confine(Profile.OFFLINE)
        names = ("ptrace io_uring_setup io_uring_enter process_vm_readv process_vm_writev bpf perf_event_open "
                 "userfaultfd keyctl add_key request_key mount umount2 unshare setns kexec_load pivot_root "
                 "chroot init_module open_by_handle_at pidfd_getfd move_mount fsopen").split()
        print({called(name) for name in names})
        print(called(sandbox.FIRST_UNKNOWN_CALL), called(sandbox.LAST_UNKNOWN_CALL))
    """
    assert run(script, nobody=False) == "{'EPERM'}\nENOSYS ENOSYS"


def test_the_filter_outlives_an_exec() -> None:
    script = """
        sandbox.confine(Profile.OFFLINE)
        inner = "import socket\\ntry:\\n    socket.socket()\\nexcept PermissionError:\\n    print('refused')"
        os.execv(sys.executable, [sys.executable, "-c", inner])
    """
    assert run(script, nobody=False) == "refused"


def test_privileges_cannot_be_regained() -> None:
    script = """
        sandbox.confine(Profile.OFFLINE)
        print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "Seccomp:"))])
    """
    assert run(script) == "['1', '2']"


def test_a_withdrawn_process_shows_its_user_neither_memory_nor_descriptors() -> None:
    script = """
        _, pipe = os.pipe()

        def look(parent):
            libc.prctl(4, 1, 0, 0, 0)
            answers = [tried(os.open, f"/proc/{parent}/{what}", os.O_RDWR) for what in ("mem", f"fd/{pipe}")]
            print(["EACCES" if answer == "EACCES" else "open" for answer in answers], flush=True)
            os._exit(0)

        for step in (lambda: None, sandbox.withdraw):
            step()
            parent = os.getpid()
            child = os.fork()
            if child == 0:
                look(parent)
            os.waitpid(child, 0)
    """
    assert run(script) == "['open', 'open']\n['EACCES', 'EACCES']"


def test_memory_is_limited() -> None:
    script = """
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=512 << 20))
        try:
            bytearray(1 << 30)
        except MemoryError:
            print("no more")
    """
    assert run(script) == "no more"


def test_no_file_can_grow() -> None:
    script = """
        import tempfile
        file = tempfile.TemporaryFile(buffering=0)
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=1 << 30))
        print(tried(os.write, file.fileno(), b"x"))
    """
    assert run(script) == "EFBIG"


def test_descriptors_and_cores_are_limited() -> None:
    script = """
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=1 << 30, open_files=20))
        print(tried(lambda: [os.dup(1) for _ in range(30)]), resource.getrlimit(resource.RLIMIT_CORE))
    """
    assert run(script) == "EMFILE (0, 0)"


def test_processor_time_is_limited() -> None:
    script = """
        sandbox.limit(sandbox.Ceilings(cpu_s=1, memory_bytes=1 << 30))
        while True:
            pass
    """
    run(script, expect=-signal.SIGKILL)


def test_limits_only_go_down() -> None:
    script = """
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=1 << 30, open_files=20))
        sandbox.limit(sandbox.Ceilings(cpu_s=60, memory_bytes=1 << 30, open_files=50))
        print(resource.getrlimit(resource.RLIMIT_NOFILE))
    """
    assert run(script) == "(20, 20)"


def test_without_the_library_it_refuses_and_says_what_to_install() -> None:
    script = """
        import ctypes.util
        find = ctypes.util.find_library
        ctypes.util.find_library = lambda name: None if name == "seccomp" else find(name)
        sys.modules.pop("pyseccomp")
        try:
            sandbox.confine(Profile.CLOSED)
        except EngineError as error:
            print(error)
    """
    assert "apt-get install libseccomp2" in run(script, nobody=False)
