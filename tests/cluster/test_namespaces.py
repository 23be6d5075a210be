"""A cluster's processes end with its harness, however that ends, and leave the machine as it was."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster import binaries, finding, images
from tests.cluster.commands import run, wait_for
from tests.cluster.errors import StoppedError
from tests.cluster.namespaces import Namespaces, Process, create

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(any(True for _ in finding.reasons_against_making()), reason="no cluster can be made here"),
]

HARNESS = """
import pathlib, sys, time
from tests.cluster.namespaces import create
made, holder = create(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), detached=False)
inside = made.start(["sleep", "300"], pathlib.Path(sys.argv[1]) / "sleep.log")
print(made.first.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def program() -> Path:
    return binaries.pause() / "pause"


@pytest.fixture
def namespaces(tmp_path: Path, program: Path) -> Iterator[Namespaces]:
    made, holder = create(tmp_path, program, detached=False)
    yield made
    made.end()
    holder.wait(timeout=10)


def test_a_program_runs_inside_until_it_is_killed(namespaces: Namespaces, tmp_path: Path) -> None:
    log = tmp_path / "said.log"
    pid = namespaces.start(["sh", "-c", "echo begun; exec sleep 300"], log)
    wait_for("the program's first word", lambda: log.exists() and log.read_text() == "begun\n", timeout_s=10)
    assert namespaces.running(pid)
    namespaces.kill(pid)
    assert not namespaces.running(pid)


def test_what_is_written_inside_stays_out_of_the_machine(namespaces: Namespaces, tmp_path: Path) -> None:
    before = Path("/proc/sys/vm/overcommit_memory").read_text()
    changes = "echo x >/var/log/of-a-cluster; touch /run/of-a-cluster; echo 2 >/proc/sys/vm/overcommit_memory"
    namespaces.run(["sh", "-ec", changes])
    assert (tmp_path / "log" / "of-a-cluster").read_text() == "x\n"
    assert not Path("/var/log/of-a-cluster").exists()
    assert not Path("/run/of-a-cluster").exists()
    assert Path("/proc/sys/vm/overcommit_memory").read_text() == before
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_after_its_end_nothing_can_be_asked_of_it(namespaces: Namespaces) -> None:
    namespaces.end()
    with pytest.raises(StoppedError, match="not running any more"):
        namespaces.run(["true"])


def test_a_killed_harness_takes_its_processes_with_it(tmp_path: Path, program: Path) -> None:
    words = [sys.executable, "-c", HARNESS, str(tmp_path), str(program)]
    with subprocess.Popen(words, cwd=images.PROJECT, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        first = Process.of(int(harness.stdout.readline()))
        assert first.alive()
        assert "sleep" in run(["ps", "--ppid", str(first.pid), "-o", "comm="], timeout_s=10)
        harness.kill()
        wait_for("the first process inside to end", lambda: not first.alive(), timeout_s=10)
