"""`speccheck explain`, run for real on a path that `speccheck check` saved."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.cli.conftest import Ended

Run = Callable[..., Ended]


@pytest.fixture
def saved(run: Run) -> str:
    run("new", "jobs")
    assert run("check", "jobs.py", "--property", "all_done", "--itf", "done.itf.json").status == 2
    return "done.itf.json"


def test_why_an_action_cannot_be_taken(run: Run, saved: str, golden: Callable[[str, str], None]) -> None:
    done = run("explain", "jobs.py", saved, "--why-not", "take(1)", "--why-not", "finish(job=2)", "--step", "2")
    assert (done.status, done.err) == (0, "")
    golden("explain.txt", done.out)


def test_an_action_that_is_possible(run: Run, saved: str) -> None:
    done = run("explain", "jobs.py", saved, "--why-not", "take", "--step", "0")
    assert done.status == 0
    assert done.out.startswith("take() in the initial state: possible\n  by the step take(job=1)\n")


def test_as_json(run: Run, saved: str) -> None:
    done = run("explain", "jobs.py", saved, "--why-not", "take(1)", "--json")
    (found,) = json.loads(done.out)["why_not"]
    assert (found["possible"], found["complete"]) == (False, True)
    assert found["guards"][0]["parts"][0]["expression"] == "job in s.waiting"


def test_without_a_question_the_path_is_shown(run: Run, saved: str) -> None:
    done = run("explain", "jobs.py", saved)
    assert done.status == 0
    assert "initial state" in done.out and "finish(job=" in done.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--why-not", "tale"), "no named action 'tale' in its steps; it has: take, finish"),
        (("--why-not", "take(True)"), "True is not a value of type int"),
        (("--why-not", "take(1, 2)"), "take takes 1 arguments (job), not 2"),
        (("--why-not", "take(to=2)"), "take has no argument 'to'; it has: job"),
        (("--why-not", "take("), "cannot be read"),
        (("--why-not", "1 + 1"), "names no action; write ACTION, or ACTION(1, name=2)"),
        (("--step", "99"), "the path has 6 steps; there is no state after step 99"),
    ],
)
def test_what_cannot_be_asked(run: Run, saved: str, arguments: tuple[str, ...], told: str) -> None:
    done = run("explain", "jobs.py", saved, *arguments)
    assert done.status == 5
    assert told in done.err


def test_expressions_are_shown_along_the_path(run: Run, saved: str, golden: Callable[[str, str], None]) -> None:
    done = run("explain", "jobs.py", saved, "--watch", "s.waiting.size", "--watch", "5 // (3 - len(s.done))")
    assert (done.status, done.err) == (0, "")
    golden("explain_watch.txt", done.out)


def test_expressions_as_json(run: Run, saved: str) -> None:
    done = run("explain", "jobs.py", saved, "--watch", "1 in s.waiting and s.JOBS == 3", "--json")
    (found,) = json.loads(done.out)["watched"]
    assert found["expression"] == "1 in s.waiting and s.JOBS == 3"
    assert found["values"][0] == {"value": True} and found["values"][-1] == {"value": False}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s.wating", "no variable or parameter 'wating'"),
        ("s.waiting +", "invalid syntax"),
        ("s.waiting.add(1)", "add"),
        ("None", "returns nothing"),
    ],
)
def test_an_expression_that_is_wrong_is_told_at_its_place(run: Run, saved: str, text: str, told: str) -> None:
    done = run("explain", "jobs.py", saved, "--watch", text)
    assert done.status == 4
    assert told in done.err and "--watch 1:" in done.err
