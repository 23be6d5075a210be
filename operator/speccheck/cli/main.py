"""The entry point: finds the command, runs it, and gives the exit status to the shell."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from speccheck.cli import statuses
from speccheck.cli.commands import HELP_NAMES, CommandTable, load_target
from speccheck.cli.failures import guarded
from speccheck.cli.outputs import note, open_standard_streams, silence, write

_PROGRAM = "speccheck"
_COMPLETION = "_SPECCHECK_COMPLETE"

_EPILOG = """[bold]Exit status[/bold]
  0  nothing wrong; the output says within which bound
  1  a property is violated
  2  every --property asked for is an example, and all were found
  3  not decided: a limit was reached, or the run was interrupted
  4  the specification is wrong, or an expression in it has no value
  5  no answer: usage, a missing file, the environment, a fault of speccheck"""

app = typer.Typer(
    name=_PROGRAM,
    cls=CommandTable,
    context_settings=HELP_NAMES,
    help="Executable specifications: explore them, replay them, and hold live controllers to them.",
    epilog=_EPILOG,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        installed = load_target("importlib.metadata:version")
        write(f"{_PROGRAM} {installed(_PROGRAM)}\n")
        raise typer.Exit(statuses.FINE)


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What stands before a command."""


def main() -> None:
    """Runs the command that the process's arguments name, and ends the process."""
    gc.disable()  # what is loaded is no garbage; `commands.collect_again` is for what is made with it
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if _COMPLETION in os.environ:
        app(prog_name=_PROGRAM)
    status = run(sys.argv[1:])
    _flush()
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command line; an empty one is shown the help."""
    if not arguments:
        run(["--help"])
        return statuses.FAILED
    return guarded(lambda: _dispatch(list(arguments)))


def _dispatch(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with command.make_context(_PROGRAM, arguments) as context:
            return int(command.invoke(context) or statuses.FINE)
    except typer.Exit as exit_:
        return exit_.exit_code
    except typer.Abort:
        return statuses.UNDECIDED
    except SystemExit as end:
        if end.code == 1:  # rich's way of saying that the reader of the help has gone away
            return statuses.FINE
        raise
    except typer.TyperException as error:
        return _misused(error)


def _misused(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else _PROGRAM
    note(f"error: {error.format_message()}\nTry: {path} --help")
    return statuses.FAILED


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            silence(stream)
