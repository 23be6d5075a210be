"""The table of commands."""

from __future__ import annotations

import gc
import subprocess
import sys
from importlib import import_module

import pytest

from speccheck.cli import specs
from speccheck.cli.commands import COMMANDS, load_target
from speccheck.cli.main import run

SCRIPT = """
import sys
from speccheck.cli.main import run
status = run(sys.argv[1:])
print(status, *sorted(name for name in sys.modules if name.startswith(("speccheck.", "rich", "kopf", "kubernetes"))))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_row_names_something_that_is_there(name: str) -> None:
    assert callable(load_target(COMMANDS[name].target))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_row_is_complete(name: str) -> None:
    row = COMMANDS[name]
    assert row.summary.endswith(".")
    assert row.examples
    assert all(example.startswith(f"speccheck {name} ") for example in row.examples)


def modules_after(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()[-1].split()


def test_a_command_loads_its_own_module_and_no_other() -> None:
    status, *loaded = modules_after("capture", "missing.py")
    assert status == "5"
    assert "speccheck.cli.captures" in loaded
    assert "speccheck.cli.searches" not in loaded


def test_nothing_heavy_is_loaded_where_no_terminal_is_written_to() -> None:
    _, *loaded = modules_after("check", "missing.py")
    assert "speccheck.cli.searches" in loaded
    assert not [name for name in loaded if name.startswith(("rich", "kopf", "kubernetes"))]


@pytest.mark.parametrize("command", [name for name in COMMANDS if COMMANDS[name].reads and name != "lint"])
def test_the_language_is_loaded_where_specifications_are_read_and_not_beside(command: str) -> None:
    _, *loaded = modules_after(command, "missing.py")
    assert not [name for name in loaded if name.startswith(("speccheck.lang", "speccheck.loading"))]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_says_whether_its_command_reads_a_specification(name: str) -> None:
    module = import_module(COMMANDS[name].target.split(":")[0])
    assert COMMANDS[name].reads == (getattr(module, "load", None) is specs.load)


@pytest.mark.parametrize("arguments", [["capture", "missing.py"], ["pod", "--nonsense"], ["new", "--help"], ["chekc"]])
def test_the_collector_works_again_when_a_command_runs(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` stops it; here it is put back after those that run no command."""
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    gc.disable()
    try:
        run(arguments)
        assert gc.isenabled() == bool(frozen) == (arguments[0] in ("capture", "pod"))
    finally:
        gc.enable()
