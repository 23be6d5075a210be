"""`speccheck lint`, run for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

Run = Callable[..., Ended]

NEVER = """@action(inline=False)
def never(c: Context[Queue], job: Annotated[Expr, int]):
    c.assume(c.state.taken.size > c.state.WORKERS)


@action
def step"""


def _odd(run: Run, samples: Path) -> None:
    run("new", "odd")
    text = (samples / "odd.py").read_text(encoding="utf-8")
    text = text.replace("@action\ndef step", NEVER).replace("            take(c, job)", "            never(c, job)")
    (samples / "odd.py").write_text(text, encoding="utf-8")


def test_warnings_are_told_with_the_line_and_the_way_out(
    run: Run, samples: Path, golden: Callable[[str, str], None]
) -> None:
    _odd(run, samples)
    done = run("lint", "odd.py")
    assert (done.status, done.err) == (1, "")
    golden("lint.txt", done.out)


def test_warnings_as_json(run: Run, samples: Path) -> None:
    _odd(run, samples)
    done = run("lint", "odd.py", "--json")
    assert done.status == 1
    found = next(each for each in json.loads(done.out)["warnings"] if each["code"] == "unused-argument")
    assert found["place"].startswith("odd.py:")


def test_nothing_to_say(run: Run) -> None:
    run("new", "jobs")
    done = run("lint", "jobs.py")
    assert (done.status, done.out, done.err) == (0, "no warnings\n", "")


def test_a_search_without_end_is_said_and_is_no_success(run: Run, samples: Path) -> None:
    run("new", "jobs")
    text = (samples / "jobs.py").read_text(encoding="utf-8").replace("JOBS=3", "JOBS=60")
    (samples / "jobs.py").write_text(text, encoding="utf-8")
    done = run("lint", "jobs.py", "--timeout", "0.2")
    assert done.status == 3
    assert "instance small: stopped at the time limit of 0.2 s; give a longer --timeout" in done.err
