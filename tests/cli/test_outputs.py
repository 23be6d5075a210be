"""Writing to standard output and standard error."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ended

from speccheck.cli.outputs import look_of, note, require_place, save, shows_color, write, write_json
from speccheck.errors import UsageError

Run = Callable[..., Ended]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_results_and_notes_go_different_ways(capsys: pytest.CaptureFixture[str]) -> None:
    write("result\n")
    note("note")
    assert capsys.readouterr() == ("result\n", "note\n")


def test_json_is_indented_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": [1]})
    assert capsys.readouterr().out == '{\n  "a": [\n    1\n  ]\n}\n'


@pytest.mark.parametrize(
    ("stream", "variables", "color"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    stream: io.StringIO, variables: dict[str, str], color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shows_color(stream) is color


def test_the_width_comes_from_the_environment_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert look_of(Path("a.py"), no_color=False).width == 72
    monkeypatch.setenv("COLUMNS", "1")
    assert look_of(Path("a.py"), no_color=False).width == 40


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*gone.*No such file"):
        save(tmp_path / "gone" / "a.json", "{}")


def test_a_file_that_cannot_be_written_is_refused_before_any_work(run: Run, samples: Path) -> None:
    (samples / "folder").mkdir()
    for place, why in (("folder", "it is a directory"), ("no/where.json", "there is no directory no")):
        for arguments in (("check", "counter.py", "--itf", place), ("capture", "counter.py", "--output", place)):
            ended = run(*arguments)
            assert (ended.status, ended.out, ended.err) == (5, "", f"error: cannot write {place}: {why}\n")


def test_a_place_without_permission_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(UsageError, match="permission denied"):
        require_place(tmp_path / "new.json")
    (tmp_path / "old.json").touch()
    require_place(tmp_path / "old.json")
