"""What a function in a cell can do to the process that asked: answer, or end; nothing else."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
    import ctypes, os, resource, signal, sys, threading, time
    from speccheck import cells, sandbox
    from speccheck.cells import Cell

    sandbox.require()

    def show(function, **changes):
        given = {"timeout_s": 20, "memory_bytes": 512 << 20, "result_bytes": 1000} | changes
        outcome = cells.run(function, Cell(**given))
        print(outcome.end.name, outcome.result, outcome.how, outcome.output, sep="|")
"""


def run(script: str) -> str:
    """What a script prints that calls `show` with functions."""
    source = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_answer_comes_back() -> None:
    assert run("show(lambda: b'forty-two')") == "ANSWERED|b'forty-two'|answered|b''"


def test_an_answer_of_exactly_the_limit_comes_back_and_one_byte_more_does_not() -> None:
    assert run("show(lambda: b'x' * 10, result_bytes=10)").startswith("ANSWERED|b'xxxxxxxxxx'")
    assert run("show(lambda: b'x' * 11, result_bytes=10)") == "TOO_LONG|b''|answered with more than 10 bytes|b''"


def test_an_endless_answer_is_cut_off() -> None:
    script = """
        def flood():
            while True:
                os.write(3, b"A" * 65536)
        show(flood)
    """
    assert run(script).startswith("TOO_LONG|b''")


@pytest.mark.parametrize(
    "loop", ["while True: pass", "time.sleep(1000)", "os.close(1), os.close(2), os.close(3), time.sleep(1000)"]
)
def test_what_does_not_end_is_ended(loop: str) -> None:
    script = f"""
        def endless():
            {loop}
        show(endless, timeout_s=1)
    """
    assert run(script) == "TIMED_OUT|b''|did not finish within 1 s|b''"


def test_signals_do_not_save_it() -> None:
    script = """
        def stubborn():
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            print("ignoring", flush=True)
            while True: pass
        show(stubborn, timeout_s=2)
    """
    assert run(script) == r"TIMED_OUT|b''|did not finish within 2 s|b'ignoring\n'"


def test_eating_memory_ends_with_a_reason() -> None:
    assert run("show(lambda: bytes(1 << 40))") == "OUT_OF_MEMORY|b''|needed more than 512 MiB of memory|b''"


def test_eating_memory_slowly_ends_too() -> None:
    script = """
        def grow():
            kept = []
            while True:
                kept.append(bytearray(1 << 20))
        show(grow)
    """
    assert run(script).startswith("OUT_OF_MEMORY|b''")


def test_of_ten_megabytes_printed_two_ends_are_kept() -> None:
    script = """
        def chatter():
            print("first")
            for _ in range(10):
                print("x" * (1 << 20))
            print("last")
            return b"ok"
        show(chatter, output_bytes=100)
    """
    end, result, _, output = run(script).split("|")
    assert (end, result) == ("ANSWERED", "b'ok'")
    assert output.startswith("b'first\\nxxx") and output.endswith("xxx\\nlast\\n'")
    assert f"[{10 * ((1 << 20) + 1) + 11 - 100} bytes left out]" in output
    assert len(output) < 200


def test_errors_are_seen_in_the_output() -> None:
    script = """
        def fail():
            os.write(2, b"what went wrong")
            sys.exit(3)
        show(fail)
    """
    found = run(script)
    assert found.startswith("DIED|b''|ended with exit status 1 before it had answered|b'what went wrongTraceback")
    assert "SystemExit: 3" in found


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("os._exit(7)", "ended with exit status 7 before it had answered"),
        ("os._exit(0)", "ended with exit status 0 before it had answered"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "was ended by the signal SIGTERM"),
        ("ctypes.string_at(0)", "was ended by the signal SIGSEGV"),
    ],
)
def test_an_early_end_is_told(what: str, how: str) -> None:
    assert run(f"show(lambda: {what})") == f"DIED|b''|{how}|b''"


def test_a_forged_answer_is_taken_for_what_it_is() -> None:
    script = """
        import struct
        show(lambda: (os.write(3, struct.pack(">cQ", b"A", 5) + b"mine!"), os._exit(0)))
        show(lambda: (os.write(3, b"rubbish"), b"answer")[1])
        show(lambda: (os.write(3, struct.pack(">cQ", b"A", 1 << 60)), os._exit(0)))
    """
    first, second, third = run(script).splitlines()
    assert first.startswith("ANSWERED|b'mine!'")
    assert second.startswith("DIED|b''")
    assert third.startswith("DIED|b''")


def test_no_second_process_survives_or_starts() -> None:
    script = """
        def bomb():
            while True:
                os.fork()
        show(lambda: bomb())
    """
    assert "Operation not permitted" in run(script)


def test_the_parents_streams_files_and_limits_stay_its_own() -> None:
    script = """
        def reach():
            tried = []
            for path in (f"/proc/{os.getppid()}/fd/1", f"/proc/{os.getppid()}/mem", "/tmp/speccheck-cell"):
                try:
                    os.open(path, os.O_WRONLY | os.O_CREAT)
                    tried.append("opened " + path)
                except OSError as error:
                    tried.append(error.errno)
            for pid in (os.getppid(), -1):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError as error:
                    tried.append(error.errno)
            tried.append(sorted(os.listdir("/proc/self/fd"))[:4])
            return repr(tried).encode()
        show(reach)
    """
    assert run(script) == "ANSWERED|b\"[1, 1, 1, 1, 1, ['0', '1', '2', '3']]\"|answered|b''"


def test_without_privileges_the_parents_memory_and_secrets_are_not_even_readable() -> None:
    script = """
        if os.geteuid() == 0:
            os.setgroups([]), os.setgid(65534), os.setuid(65534)
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again, as a process is that never had privileges

        def read():
            tried = []
            for what in ("mem", "environ", "fd/1"):
                try:
                    os.open(f"/proc/{os.getppid()}/{what}", os.O_RDONLY)
                    tried.append("opened " + what)
                except OSError as error:
                    tried.append(error.errno)
            return repr(tried).encode()
        show(read)
    """
    assert run(script) == "ANSWERED|b'[13, 13, 13]'|answered|b''"


def test_nothing_runs_where_the_filter_cannot_be_installed() -> None:
    script = """
        from speccheck.errors import EngineError
        def refuse(profile):
            raise EngineError("no filter here")
        sandbox.confine = refuse
        try:
            show(lambda: print("must not run", flush=True))
        except EngineError as error:
            print(error)
    """
    assert run(script) == "no filter here"
