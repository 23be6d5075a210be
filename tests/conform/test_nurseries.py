"""A nursery, in a process of its own: it forks workers, tells how they ended, and ends with whoever made it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from speccheck.conform.nurseries import FORK, ORDER, REAP, REPLY

WORK = """
import os, resource, socket, sys
from speccheck.conform.nurseries import nurse

def work(channel, memory_bytes):
    channel.sendall(f"{os.getpid()} {os.getsid(0)} {os.getppid()} {memory_bytes}".encode())
    told = channel.recv(16)
    if told == b"fail":
        raise ValueError("so told")
    if told == b"exit":
        sys.exit(0)

nurse(socket.socket(fileno=int(sys.argv[1])), work)
"""


@contextmanager
def nursery(before: str = "") -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """The other end of its socket, and the process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    with theirs:
        command = [sys.executable, "-c", before + WORK, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
    with ours, process:
        try:
            yield ours, process
        finally:
            process.kill()


def ask(control: socket.socket, kind: bytes, number: int, *descriptors: int) -> int:
    socket.send_fds(control, [ORDER.pack(kind, number)], descriptors)
    return int(REPLY.unpack(control.recv(REPLY.size))[0])


def worker(control: socket.socket, memory_bytes: int = 7) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    with theirs:
        return ask(control, FORK, memory_bytes, theirs.fileno()), ours


def test_each_worker_is_a_process_and_a_session_of_its_own() -> None:
    with nursery() as (control, process):
        for _ in range(3):
            pid, channel = worker(control)
            with channel:
                assert channel.recv(100).decode() == f"{pid} {pid} {process.pid} 7"


@pytest.mark.parametrize(("told", "status"), [(b"done", 0), (b"exit", 1), (b"fail", 1)])
def test_how_a_worker_ended_is_told_and_it_never_goes_back_to_the_nursery(told: bytes, status: int) -> None:
    with nursery() as (control, _):
        pid, channel = worker(control)
        with channel:
            channel.sendall(told)
            assert ask(control, REAP, pid) == status
        other, channel = worker(control)
        with channel:
            assert other != pid


def test_a_killed_worker_is_told_as_such() -> None:
    with nursery() as (control, _):
        pid, channel = worker(control)
        with channel:
            os.kill(pid, signal.SIGKILL)
            assert ask(control, REAP, pid) == -signal.SIGKILL


def test_it_ends_when_the_other_side_closes_and_its_workers_with_it() -> None:
    with nursery() as (control, process):
        _, channel = worker(control)
        with channel:
            assert channel.recv(100)
            control.close()
            assert process.wait(20) == 0
            assert channel.recv(1) == b"", "the worker is killed"


def test_a_process_with_threads_is_no_nursery() -> None:
    before = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    with nursery(before) as (control, process):
        assert control.recv(1) == b""
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert "has threads" in process.stderr.read().decode()
