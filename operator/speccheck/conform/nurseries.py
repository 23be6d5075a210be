"""A nursery: a process that has loaded what its work takes, and forks itself for each worker that is asked for.

Takes a socket and what a worker does; gives the numbers of processes, and how they ended. It does the work itself
never, and knows nothing of what the work is. It has one thread, so that a fork leaves nothing behind.
"""

from __future__ import annotations

import gc
import os
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from speccheck import sandbox
from speccheck.errors import EngineError

ORDER = struct.Struct(">cQ")
"""What a nursery is asked: `FORK` with the bytes of memory (and the worker's socket beside it), or `REAP` with the
number of a process that has ended or is about to."""

REPLY = struct.Struct(">q")
"""What it answers: the number of the process it made, or how one ended, as `os.waitstatus_to_exitcode` says."""

FORK, REAP = b"F", b"R"

Work = Callable[[socket.socket, int], None]
"""What a worker does, over a socket and under a limit of so many bytes."""


def nurse(control: socket.socket, work: Work) -> None:
    """Makes workers until the other side closes; they end with this process, and it with the one that made it.

    Raises EngineError where this process is not fit to be forked.
    """
    sandbox.follow_parent()
    sandbox.require()  # finding the library takes processes that workers are not allowed
    gc.collect()
    gc.freeze()  # what is shared with workers stays so
    if len(os.listdir("/proc/self/task")) != 1:
        raise EngineError("the nursery of workers has threads, which a fork would leave behind")
    while True:
        message, sockets, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if not message:
            return
        kind, number = ORDER.unpack(message)
        control.sendall(REPLY.pack(_forked(control, sockets[0], number, work) if kind == FORK else _reaped(number)))


def _forked(control: socket.socket, descriptor: int, memory_bytes: int, work: Work) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        control.close()
        _live(nursery, descriptor, memory_bytes, work)
    os.close(descriptor)
    return pid


def _reaped(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _live(nursery: int, descriptor: int, memory_bytes: int, work: Work) -> NoReturn:
    """A worker's life, which never goes back to the nursery's code."""
    try:
        os.setsid()
        sandbox.follow_parent()
        if os.getppid() == nursery:
            work(socket.socket(fileno=descriptor), memory_bytes)
        os._exit(0)
    except BaseException:  # noqa: BLE001  whatever was raised, this is its end
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)
