"""The command `lint`: say what in a specification may not mean what its author thinks it means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from speccheck.cli import statuses
from speccheck.cli.excerpts import line_at
from speccheck.cli.failures import guarded
from speccheck.cli.options import duration, flag, taking
from speccheck.cli.outputs import note, write, write_json
from speccheck.cli.specs import load
from speccheck.entries import entry_file
from speccheck.errors import excerpt
from speccheck.linting import Advice, Linted, lint

_TIMEOUT_S = 30.0
"""How long the search of an instance may take where nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class LintOptions:
    """What `lint` takes."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="The specification: NAME.py, or a folder NAME with it.")]
    timeout: Annotated[
        float | None,
        typer.Option(parser=duration, metavar="TIME", help="Stop the search of an instance then; otherwise 30s."),
    ] = None
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False


@taking(LintOptions)
def check_style(options: LintOptions) -> int:
    """Warn of what is not wrong and may not be meant: unused variables, actions that can never be taken,
    invariants that say nothing, examples that contradict an invariant.

    The exit status is 1 where there is a warning, 3 where the search for some came to no end.
    """
    return guarded(partial(_lint, options), as_json=options.json)


def _lint(options: LintOptions) -> int:
    loaded = load(options.path)
    found = lint(loaded.model, options.timeout or _TIMEOUT_S)
    if options.json:
        write_json({"warnings": [_json(each) for each in found.warnings], "undecided": list(found.undecided)})
    else:
        _tell(found, entry_file(options.path).parent)
    if found.warnings:
        return statuses.VIOLATED
    return statuses.UNDECIDED if found.undecided else statuses.FINE


def _json(warning: Advice) -> dict[str, Any]:
    place = "" if warning.span is None else str(warning.span)
    return {"code": warning.code, "message": warning.message, "hint": warning.hint, "place": place}


def _tell(found: Linted, root: Path) -> None:
    for each in found.warnings:
        lines = [] if each.span is None else excerpt(each.span, line_at(root, str(each.span)))
        hint = [f"  = help: {each.hint}"] if each.hint else []
        write("\n".join([f"warning[{each.code}]: {each.message}", *lines, *hint]) + "\n\n")
    count = len(found.warnings)
    write(f"{count} warning{'s' * (count != 1)}\n" if count else "no warnings\n")
    for each_open in found.undecided:
        note(f"not looked at to the end, so what needs every state is not said: {each_open}; give a longer --timeout")
