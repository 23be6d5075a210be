"""The entry point: version, help, and what is no command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND, DEADLINE_S, Ended

from speccheck.cli.commands import COMMANDS
from speccheck.cli.main import run as run_here

Run = Callable[..., Ended]


def test_the_version(run: Run) -> None:
    ended = run("--version")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("speccheck 0.")


def test_the_help_lists_every_command_and_status(run: Run) -> None:
    ended = run("--help")
    assert (ended.status, ended.err) == (0, "")
    assert all(name in ended.out for name in COMMANDS)
    assert "3  not decided" in ended.out


def test_without_arguments_there_is_help_and_no_success(run: Run) -> None:
    ended = run()
    assert ended.status == 5
    assert "Usage: speccheck" in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here([name, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for example in COMMANDS[name].examples:
        assert example in shown


def test_a_misspelt_command_is_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["chekc"]) == 5
    written = capsys.readouterr()
    assert written.err == "error: No such command 'chekc'. Did you mean 'check'?\nTry: speccheck --help\n"
    assert written.out == ""


def test_a_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["check"]) == 5
    assert capsys.readouterr().err == "error: Missing argument 'PATH'.\nTry: speccheck check --help\n"


def test_help_fits_the_width(run: Run) -> None:
    ended = run("--help", COLUMNS="60")
    assert max(map(len, ended.out.splitlines())) <= 60


@pytest.mark.parametrize("arguments", ["--help", "check --help", "--version"])
def test_a_reader_that_goes_away_is_no_error(arguments: str) -> None:
    script = f"{COMMAND} {arguments} | sleep 0; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("arguments", [("-h",), ("check", "-h"), ("pod", "-h")])
def test_help_has_a_short_name_and_takes_no_value(arguments: tuple[str, ...], run: Run) -> None:
    ended = run(*arguments)
    assert (ended.status, ended.err) == (0, "")
    (line,) = [line for line in ended.out.splitlines() if "--help" in line]
    assert "-h " in line
    assert "<bool>" not in line or arguments == ("pod", "-h")


def test_a_file_in_a_commands_place_is_told_what_is_missing(run: Run) -> None:
    for path in ("counter.py", "gone.py"):
        ended = run(path)
        assert ended.status == 5
        assert f"{path} is no command; to check it: speccheck check {path}" in ended.err


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams_change_no_status(closed: str, samples: Path) -> None:
    script = f"{COMMAND} check counter.py --instance small --property below_five {closed}; echo $? > status"
    done = subprocess.run(["bash", "-c", script], cwd=samples, capture_output=True, text=True, timeout=60, check=True)
    assert (samples / "status").read_text() == "0\n"
    assert done.stderr == ""
