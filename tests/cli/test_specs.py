"""Specifications that do more than declare, read by the real command; and that reading elsewhere changes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND, DEADLINE_S, Ended, environment

from speccheck import loading
from speccheck.cli import specs
from speccheck.cli.answers import Faulty
from speccheck.errors import InternalError, SpecError, UsageError
from speccheck.ir.json import model_to_json

Run = Callable[..., Ended]

LOOP = "def spin():\n    n = 0\n    while True:\n        n += 1\n\nspin()\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOOP, "did not end within 20 s\n  --> odd.py:"),
        ("import itertools\nsum(itertools.repeat(0))\n", "did not end within 3 s\n"),
        ("import os\nos._exit(0)\n", "ended itself with exit status 0\n"),
        ("import os\nos._exit(7)\n", "ended itself with exit status 7\n"),
        ("import signal\nsignal.raise_signal(9)\n", "was killed (SIGKILL), most likely for want of memory\n"),
        ("import os\nos.abort()\n", "was ended by signal 6 (Aborted)\n"),
        ("import os\nos.closerange(3, 99)\nwhile True: pass\n", "closed every file"),
        ("raise KeyboardInterrupt\n", "raised KeyboardInterrupt\n  --> odd.py:1:1\n"),
        ("import sys\nsys.exit(0)\n", "raised SystemExit: 0\n  --> odd.py:2:1\n"),
        ("import sys\nsys.stdin.readline() or 1 / 0\n", "raised ZeroDivisionError"),
    ],
)
def test_what_does_not_end_well_is_told_as_the_specifications_fault(
    text: str, said: str, run: Run, samples: Path
) -> None:
    (samples / "odd.py").write_text(text)
    timeout = "20" if text == LOOP else "1"  # where it was is told only if it had begun
    ended = run("check", "odd.py", "--timeout", timeout)
    assert (ended.status, ended.out) == (4, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "odd.py", "--walks", "1", "--max-steps", "1"),
        ("capture", "odd.py"),
        ("replay", "odd.py", "path.itf.json"),
    ],
)
def test_every_command_that_reads_a_specification_survives_it(
    arguments: tuple[str, ...], run: Run, samples: Path
) -> None:
    run("check", "counter.py", "--instance", "large", "--property", "below_five", "--itf", "path.itf.json")
    (samples / "odd.py").write_text("import os\nos._exit(3)\n")
    ended = run(*arguments)
    assert (ended.status, ended.out) == (4, "")
    assert "ended itself with exit status 3" in ended.err
    (samples / "odd.py").write_text(LOOP)
    ended = run(*arguments, "--timeout", "0.1")
    assert ended.status == 4
    assert "error[capture-timed-out]: reading the specification did not end within 3 s" in ended.err


def test_the_json_form_says_so_too(run: Run, samples: Path) -> None:
    (samples / "odd.py").write_text("import os\nos._exit(3)\n")
    ended = run("check", "odd.py", "--json")
    assert (ended.status, json.loads(ended.out)["error"]["code"]) == (4, "capture-crashed")


def test_what_it_prints_goes_to_standard_error_as_it_is(run: Run, samples: Path) -> None:
    noise = "import os, sys\nprint('grüße', end='')\nsys.__stdout__.write('buffered;')\nos.write(1, b'raw;')\n"
    plain = (samples / "counter.py").read_text()
    (samples / "loud.py").write_text(noise + plain + "\nprint('last', file=sys.stderr)\n")
    ended = run("capture", "loud.py", "--json")
    assert ended.status == 0
    assert json.loads(ended.out)["name"] == "loud"
    assert all(each in ended.err for each in ("grüße", "buffered;", "raw;", "last\n"))


def test_the_model_does_not_depend_on_the_hash_seed(run: Run, samples: Path) -> None:
    plain = (samples / "counter.py").read_text()
    named = "\nfor each in {'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'}:\n    print(each)\n"
    (samples / "words.py").write_text(plain + named)
    seen = {run("capture", "words.py", PYTHONHASHSEED=seed).err for seed in ("1", "2", "3", "random")}
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["counter", "endless"])
def test_it_is_what_loading_gives_here(name: str, samples: Path) -> None:
    elsewhere, here = specs.load(samples / f"{name}.py"), loading.load(samples / f"{name}.py")
    assert model_to_json(elsewhere.model) == model_to_json(here.model)
    assert (elsewhere.source_digest, elsewhere.files) == (here.source_digest, here.files)


@pytest.mark.parametrize(
    "text",
    [
        "x = (\n",
        "from speccheck import Nothing\n",
        "from speccheck import *\n",
        "import helper\n",
        "1 / 0\n",
        "x = '\udcff'\n",
        "from speccheck import *\n@state\nclass S(MachineStateBase):\n    x: StateVar[nonsense]\n",
    ],
)
def test_an_error_is_what_loading_raises_here(text: str, tmp_path: Path) -> None:
    spec = tmp_path / "wrong.py"
    spec.write_text(text, errors="surrogateescape")
    (tmp_path / "helper.py").write_text("raise ValueError('helper')\n")
    with pytest.raises(SpecError) as here:
        loading.load(spec)
    with pytest.raises(SpecError) as elsewhere:
        specs.load(spec)
    assert str(elsewhere.value) == str(here.value)
    assert elsewhere.value.code == here.value.code


def test_a_file_that_is_not_there_is_no_matter_for_another_process(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        specs.load(tmp_path / "gone.py")


def test_a_fault_there_is_a_fault_here_with_its_traceback(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    monkeypatch.setattr(specs, "_awaited", lambda *_: Faulty("KeyError: 'k'", "Traceback: in capture.py"))
    with pytest.raises(InternalError, match=r"counter\.py: KeyError: 'k'") as error:
        specs.load(samples / "counter.py")
    assert "in capture.py" in str(error.value.__cause__)


# --- what is left afterwards ---------------------------------------------------------------------


FORKS = """
exec('''
import os, pathlib, time
if os.fork() == 0:
    time.sleep(300)
pathlib.Path('pids').write_text(str(os.getpgid(0)))
''')
"""
WAITS = """
exec('''
import os, pathlib, time
pathlib.Path('pids').write_text(str(os.getpgid(0)))
time.sleep(300)
''')
"""


def test_a_process_that_it_leaves_is_ended(run: Run, samples: Path) -> None:
    (samples / "forks.py").write_text(FORKS + (samples / "counter.py").read_text())
    assert run("capture", "forks.py").status == 0
    assert_gone(int((samples / "pids").read_text()))


def test_an_interrupt_ends_it_at_once(samples: Path) -> None:
    (samples / "waits.py").write_text(FORKS + WAITS)
    with started(samples, "check", "waits.py") as (process, group):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, err) == (3, "interrupted: nothing was decided\n")
    assert_gone(group)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_it_ends_with_a_command_that_is_killed(samples: Path) -> None:
    (samples / "waits.py").write_text(WAITS)
    with started(samples, "check", "waits.py") as (process, group):
        process.kill()
        process.communicate(timeout=DEADLINE_S)
    assert_gone(group)


@contextmanager
def started(samples: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command under way, and the process group of what it reads with."""
    process = subprocess.Popen(
        [COMMAND, *arguments], cwd=samples, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        pids = samples / "pids"
        deadline = time.monotonic() + DEADLINE_S
        while not (pids.exists() and pids.read_text()):
            assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for the specification to be read"
            time.sleep(0.02)
        yield process, int(pids.read_text())
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def assert_gone(group: int) -> None:
    """Nothing of a process group runs; what has ended and waits to be reaped counts as gone."""
    deadline = time.monotonic() + DEADLINE_S
    while _running(group):
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for the processes of group {group} to end"
        time.sleep(0.02)


def _running(group: int) -> bool:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True, timeout=DEADLINE_S
    ).stdout
    return any(row.split()[0] == str(group) and not row.split()[1].startswith("Z") for row in listed.splitlines())
