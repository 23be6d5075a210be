"""`speccheck new`: what it writes passes, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

Run = Callable[..., Ended]


def test_what_is_written_passes(run: Run, samples: Path) -> None:
    done = run("new", "jobs")
    assert (done.status, done.out) == (0, "")
    assert "speccheck check jobs.py" in done.err
    checked = run("check", "jobs.py", "--deadlock", "--property", "no_more_than_workers")
    assert checked.status == 1, "the work comes to an end: that is a deadlock"
    assert run("check", "jobs.py").status == 0


def test_nothing_is_overwritten(run: Run, samples: Path) -> None:
    (samples / "mine.py").write_text("# mine\n", encoding="utf-8")
    done = run("new", "mine.py")
    assert done.status == 5
    assert "mine.py exists already and is left as it is" in done.err
    assert (samples / "mine.py").read_text(encoding="utf-8") == "# mine\n"


def test_a_name_that_python_cannot_import_is_refused(run: Run, samples: Path) -> None:
    for name in ("my-spec", "class", "1st"):
        done = run("new", name)
        assert done.status == 5
        assert "cannot be the name of a Python module" in done.err
        assert not (samples / f"{name}.py").exists()


def test_a_folder_that_is_not_there(run: Run) -> None:
    done = run("new", "nowhere/jobs")
    assert done.status == 5
    assert "cannot write nowhere/jobs.py: No such file or directory" in done.err
