"""The command `capture`: write the Model that a specification is captured to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import READING, flag, taking
from speccheck.cli.outputs import note, require_place, save, write
from speccheck.cli.specs import load
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest, model_to_json
from speccheck.ir.text import model_text


@dataclass(frozen=True, kw_only=True)
class CaptureOptions:
    """What `capture` takes."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="The specification: NAME.py, or a folder NAME with it.")]
    json: Annotated[bool, flag("--json", "The form that other programs read.")] = False
    text: Annotated[bool, flag("--text", "The form that people read (the default).")] = False
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; standard output otherwise.")
    ] = None
    timeout: Annotated[float | None, READING] = None


@taking(CaptureOptions)
def capture(options: CaptureOptions) -> int:
    """Run a specification's Python once and write the Model that comes of it.

    The Model is all that engines see: types, parameters, variables, actions, properties, instances.
    The same files give the same Model on every machine; its digest goes to standard error with --output.
    """
    return guarded(partial(_capture, options), as_json=options.json)


def _capture(options: CaptureOptions) -> int:
    if options.json and options.text:
        raise UsageError("--json and --text exclude each other; give one of them")
    if options.output is not None:
        require_place(options.output)
    model = load(options.path, options.timeout).model
    text = model_to_json(model).decode() + "\n" if options.json else model_text(model)
    if options.output is None:
        write(text)
    else:
        save(options.output, text)
        note(f"{options.output}: {model.name}, {model_digest(model)}")
    return statuses.FINE
