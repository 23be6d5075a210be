"""The processes that read specifications: prepared before they are asked, used once, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.cli.conftest import DEADLINE_S, Ended
from tests.cli.test_specs import assert_gone

from speccheck.cli import readers, specs
from speccheck.cli.answers import Question
from speccheck.cli.main import run as run_here

Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    left = list(readers._prepared)
    readers.discard()
    assert left == []


def test_the_one_that_was_prepared_is_used_and_only_once(samples: Path) -> None:
    readers.prepare()
    readers.prepare()
    (prepared,) = readers._prepared
    with readers.reader() as first, readers.reader() as second:
        assert first is prepared
        assert second.process.pid != prepared.process.pid
        os.close(first.question)
        os.close(second.question)
    assert prepared.process.returncode is not None


def test_a_specification_is_read_by_either(samples: Path) -> None:
    readers.prepare()
    digests = [specs.load(samples / "counter.py").source_digest for _ in range(2)]
    assert digests[0] == digests[1]


def test_one_that_is_not_asked_is_ended() -> None:
    readers.prepare()
    process = readers._prepared[0].process
    readers.discard()
    assert process.returncode == -signal.SIGKILL
    readers.discard()


def test_one_that_is_asked_nothing_ends_by_itself_without_a_word() -> None:
    with readers.reader() as each:
        os.close(each.question)
        assert each.process.wait(DEADLINE_S) == 0
        assert os.read(each.answers, 1) == b""


def test_one_that_has_died_before_it_is_asked_is_told_as_a_crash(samples: Path) -> None:
    readers.prepare()
    readers._prepared[0].process.kill()
    readers._prepared[0].process.wait(DEADLINE_S)
    with pytest.raises(specs.Unread, match="SIGKILL"):
        specs.load(samples / "counter.py")


def test_a_long_question_arrives_whole(samples: Path) -> None:
    watches = tuple(f"s.count + {n}" for n in range(10_000))
    with readers.reader() as each:
        each.ask(msgspec.msgpack.encode(Question(str(samples / "counter.py"), 60.0, watches)))
        answer = specs._awaited(each.process, each.answers, 60.0, samples)
    assert type(answer).__name__ in ("Captured", "Wrong")


@pytest.mark.parametrize(
    ("arguments", "prepared"),
    [
        (["check", "missing.py"], True),
        (["check", "--nonsense"], True),
        (["capture", "--help"], False),
        (["check", "missing.py", "-h"], False),
        (["new", "--nonsense"], False),
        (["chekc"], False),
        ([], False),
    ],
)
def test_a_command_that_reads_prepares_one_and_leaves_none(
    arguments: list[str], prepared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[readers.Reader] = []
    start = readers._started
    monkeypatch.setattr(readers, "_started", lambda: made.append(start()) or made[-1])
    run_here(arguments)
    assert len(made) == prepared
    assert all(each.process.returncode is not None for each in made)


KILLED = """
import sys, time
from speccheck.cli import readers
readers.prepare()
print(readers._prepared[0].process.pid, flush=True)
time.sleep(300)
"""


def test_it_ends_with_a_command_that_is_killed_before_it_asks() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        group = int(process.stdout.readline())
        process.kill()
    assert_gone(group)


def test_what_is_read_does_not_inherit_the_way_to_ask(run: Run, samples: Path) -> None:
    listing = "import os\nprint('open:', sorted(int(n) for n in os.listdir('/proc/self/fd')))\n"
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only Linux lists a process's descriptors")
    (samples / "lists.py").write_text(listing + (samples / "counter.py").read_text())
    ended = run("capture", "lists.py")
    assert ended.status == 0
    (line,) = [line for line in ended.err.splitlines() if line.startswith("open:")]
    assert line.count(",") == 4, "the three standard ones, the answer's, and that of the listing itself"
