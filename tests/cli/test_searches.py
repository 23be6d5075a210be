"""`speccheck check` and `speccheck simulate`, run for real."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import COMMAND, DEADLINE_S, Ended, environment

Run = Callable[..., Ended]
Golden = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--instance", "small", "--property", "below_five"), 0),
        (("--instance", "large", "--property", "below_five", "--max-steps", "2"), 0),
        (("--instance", "large", "--property", "below_five"), 1),
        (("--property", "below_five"), 1),
        (("--instance", "small", "--property", "seven"), 1),
        (("--instance", "small", "--property", "below_five", "--deadlock"), 1),
        (("--instance", "large", "--property", "three"), 2),
        (("--instance", "large", "--property", "three", "--property", "seven"), 2),
        (("--instance", "large", "--property", "three", "--property", "below_five", "--max-steps", "2"), 0),
        (("--instance", "large", "--property", "seven", "--max-steps", "2"), 3),
        (("--instance", "large", "--property", "divides"), 4),
        (("--instance", "large"), 4),
        (("--instance", "none"), 5),
        (("--property", "none"), 5),
        (("--engine", "none"), 5),
        (("--max-steps", "-1"), 5),
        (("--max-steps", "many"), 5),
        (("--timeout", "soon"), 5),
        (("--memory", "lots"), 5),
        (("--no-such-option",), 5),
        (("another",), 5),
    ],
)
def test_the_exit_status_is_that_of_the_worst_answer(arguments: tuple[str, ...], status: int, run: Run) -> None:
    ended = run("check", "counter.py", *arguments)
    assert ended.status == status, ended
    assert bool(ended.err) == (status == 5), "errors go to standard error, and only they"
    assert bool(ended.out) == (status != 5)


def test_violation_text(run: Run, golden: Golden) -> None:
    golden("violation.txt", run("check", "counter.py", "--instance", "large", "--property", "below_five").out)


def test_several_instances_text(run: Run, golden: Golden) -> None:
    golden("instances.txt", run("check", "counter.py", "--property", "below_five").out)


def test_error_text(run: Run, golden: Golden) -> None:
    golden("error.txt", run("check", "counter.py", "--instance", "small", "--property", "divides").out)


def test_witness_text(run: Run, golden: Golden) -> None:
    golden("witness.txt", run("check", "counter.py", "--instance", "small", "--property", "three").out)


def test_within_bound_text(run: Run, golden: Golden) -> None:
    arguments = ("--instance", "large", "--max-steps", "1", "--property", "below_five", "--property", "seven")
    golden("within_bound.txt", run("check", "counter.py", *arguments).out)


def test_deadlock_text(run: Run, golden: Golden) -> None:
    golden("deadlock.txt", run("check", "counter.py", "--instance", "zero", "--property", "divides", "--deadlock").out)


def test_simulation_text(run: Run, golden: Golden) -> None:
    arguments = ("--instance", "large", "--property", "below_five", "--walks", "20", "--max-steps", "9", "--seed", "3")
    golden("simulation.txt", run("simulate", "counter.py", *arguments).out)


def test_open_simulation_text(run: Run, golden: Golden) -> None:
    arguments = ("--instance", "small", "--property", "below_five", "--walks", "20", "--max-steps", "9")
    golden("open_simulation.txt", run("simulate", "counter.py", *arguments).out)


@pytest.mark.parametrize("missing", ["--walks", "--max-steps"])
def test_simulation_has_no_bounds_of_its_own(missing: str, run: Run) -> None:
    bounds = {"--walks": "5", "--max-steps": "5"}
    del bounds[missing]
    ended = run("simulate", "counter.py", *(word for pair in bounds.items() for word in pair))
    assert ended.status == 5
    assert f"Missing option '{missing}'" in ended.err


def test_the_same_seed_takes_the_same_walks(run: Run) -> None:
    walks = ("simulate", "counter.py", "--instance", "large", "--walks", "3", "--max-steps", "4", "--json")
    first, again, other = (json.loads(run(*walks, "--seed", seed).out) for seed in ("1", "1", "2"))
    assert all(answer["bounds"] == {"max_steps": 4, "walks": 3, "seed": s} for answer, s in ((first, 1), (other, 2)))
    assert first | {"seconds": 0, "instances": []} == again | {"seconds": 0, "instances": []}


def answer(ended: Ended) -> dict[str, Any]:
    """The one object on standard output."""
    data = json.loads(ended.out)
    assert isinstance(data, dict)
    return data


def test_one_json_object_for_one_instance(run: Run) -> None:
    data = answer(run("check", "counter.py", "--instance", "large", "--property", "below_five", "--json"))
    assert {k: data[k] for k in ("verdict", "depth", "spec", "instance", "engine")} == {
        "verdict": "Violated",
        "depth": 3,
        "spec": "counter",
        "instance": "large",
        "engine": "reference",
    }
    assert data["distinct"] <= data["generated"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", data["model_digest"])
    (result,) = data["properties"]
    assert (result["name"], result["kind"], result["verdict"]) == ("below_five", "invariant", "Violated")
    assert [state["count"] for state in result["path"]["states"]][-1] == {"#bigint": "5"}


def test_one_json_object_for_several_instances(run: Run) -> None:
    data = answer(run("check", "counter.py", "--property", "below_five", "--json"))
    assert [one["instance"] for one in data["instances"]] == ["small", "large", "zero"]
    assert data["distinct"] == sum(one["distinct"] for one in data["instances"])
    assert (data["verdict"], data["depth"]) == ("Violated", 3)


def test_a_wrong_specification_is_one_json_object(run: Run, samples: Path) -> None:
    (samples / "wrong.py").write_text("from speccheck import state\n\nx = (\n")
    ended = run("check", "wrong.py", "--json")
    data = answer(ended)
    assert ended.status == 4
    assert data["verdict"] == "Error"
    assert (data["error"]["file"], data["error"]["line"]) == ("wrong.py", 3)
    assert set(data["error"]) == {"code", "message", "file", "line", "column", "hint"}
    assert "wrong.py:3" in ended.err


def test_a_missing_file_is_one_json_object(run: Run) -> None:
    ended = run("check", "missing.py", "--json")
    assert ended.status == 5
    assert answer(ended)["error"]["code"] == "usage"
    assert "no such file: missing.py" in ended.err


def test_a_folder_stands_for_the_module_of_its_name(run: Run, samples: Path) -> None:
    folder = samples / "tally"
    folder.mkdir()
    (samples / "counter.py").rename(folder / "tally.py")
    assert answer(run("check", "tally", "--instance", "small", "--property", "three", "--json"))["spec"] == "tally"


def test_fail_fast_leaves_the_other_instances_out_and_says_so(run: Run) -> None:
    ended = run("check", "counter.py", "--fail-fast", "--property", "below_five", "--instance", "large", "--json")
    assert answer(ended)["skipped"] == []
    ended = run("check", "counter.py", "--fail-fast", "--property", "seven")
    assert ended.status == 1
    assert "not searched (--fail-fast): large, zero" in ended.err


def test_a_time_limit_leaves_the_answer_open(run: Run) -> None:
    ended = run("check", "endless.py", "--timeout", "0.3", "--json")
    assert ended.status == 3
    (result,) = answer(ended)["properties"]
    assert (result["verdict"], result["reason"]) == ("Unknown", "Timeout")


def test_the_path_is_saved_only_where_there_is_one(run: Run, samples: Path) -> None:
    none = run("check", "counter.py", "--instance", "small", "--property", "below_five", "--itf", "path.itf.json")
    assert (none.status, none.err) == (0, "no path was found: path.itf.json is not written\n")
    assert not (samples / "path.itf.json").exists()
    found = run("check", "counter.py", "--instance", "large", "--property", "below_five", "--itf", "path.itf.json")
    assert (found.status, found.err) == (1, "the path of below_five of large is saved in path.itf.json\n")
    assert json.loads((samples / "path.itf.json").read_text())["#meta"]["instance"] == "large"


def test_a_path_that_cannot_be_saved_is_an_error(run: Run) -> None:
    ended = run("check", "counter.py", "--instance", "large", "--property", "below_five", "--itf", "no/where.json")
    assert ended.status == 5
    assert "cannot write no/where.json" in ended.err


def test_a_reader_that_goes_away_is_no_error(samples: Path) -> None:
    script = f"{COMMAND} check counter.py | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=samples, capture_output=True, text=True, timeout=DEADLINE_S, check=True
    )
    assert (done.stdout, done.stderr) == ("4\n", "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_interrupted_search_says_what_it_found(form: str, samples: Path) -> None:
    started = samples / "started"
    command = [COMMAND, "check", "endless.py", *(["--json"] if form == "json" else [])]
    process = subprocess.Popen(
        command,
        cwd=samples,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(started.exists, "the specification to be read")
        time.sleep(2)  # loaded, it is captured and searched, which nothing tells of
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 3, err
    assert "Traceback" not in err
    if form == "json":
        data = json.loads(out)
        assert (data["verdict"], data["interrupted"]) == ("Unknown", True)
    else:
        assert "Interrupted" in out


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for {what}"
        time.sleep(0.02)


def on_terminal(samples: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit status and everything that appears on a terminal of 80 columns."""
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    process = subprocess.Popen(
        [COMMAND, *arguments],
        cwd=samples,
        env=environment(**variables),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    seen, deadline = b"", time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                seen += os.read(leader, 65536)
            except OSError:  # the terminal's other end is closed: the command has ended
                break
    os.close(leader)
    return process.wait(timeout=DEADLINE_S), seen.decode()


def test_a_terminal_gets_colours_and_progress(samples: Path) -> None:
    status, seen = on_terminal(samples, "check", "endless.py", "--timeout", "1.5")
    assert status == 3
    assert re.search(r"endless only: [\d,]+ states, ", seen)
    assert "\x1b[33mUnknown: the time limit was reached first\x1b[0m" in seen


@pytest.mark.parametrize(
    ("arguments", "variables"), [(("--no-color",), {}), ((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"})]
)
def test_a_terminal_gets_no_colours_where_none_are_wanted(
    arguments: tuple[str, ...], variables: dict[str, str], samples: Path
) -> None:
    _, seen = on_terminal(samples, "check", "counter.py", *arguments, **variables)
    assert "✗ seven" in seen
    assert not re.search(r"\x1b\[[0-9;]*m", seen)


def test_a_pipe_gets_neither_colours_nor_progress(run: Run) -> None:
    ended = run("check", "endless.py", "--timeout", "1")
    assert "\x1b" not in ended.out
    assert ended.err == ""


def test_a_narrow_output_without_unicode_is_still_written(run: Run) -> None:
    ended = run("check", "counter.py", COLUMNS="50", PYTHONIOENCODING="ascii")
    assert ended.status == 4
    assert "? seven" in ended.out
