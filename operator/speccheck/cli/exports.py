"""The command `export`: write a specification in a form that other tools read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, assert_never

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import READING, taking
from speccheck.cli.outputs import save, write
from speccheck.cli.specs import load
from speccheck.errors import UsageError
from speccheck.exchange.names import fitting
from speccheck.exchange.tla import File, exported
from speccheck.ir.json import model_to_json
from speccheck.ir.models import Model
from speccheck.ir.text import model_text


class Format(Enum):
    """What can be written."""

    TLA = "tla"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What `export` takes."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="The specification: NAME.py, or a folder NAME with it.")]
    output: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into; made where there is none.")]
    instance: Annotated[
        str, typer.Option(metavar="NAME", help="The instance to export; may be left out where there is only one.")
    ] = ""
    format: Annotated[Format, typer.Option(help="TLA+ for TLC, or the Model itself.")] = Format.TLA
    timeout: Annotated[float | None, READING] = None


@taking(ExportOptions)
def export(options: ExportOptions) -> int:
    """Write a specification in a form that other tools read.

    `tla` gives a TLA+ module and configurations for TLC: one with every invariant, one more for each example and
    each temporal property. It has the same reachable states, and the same verdicts. What TLA+ would read differently
    is refused. `json` and `text` give the Model.
    """
    return guarded(partial(_export, options))


def _export(options: ExportOptions) -> int:
    model = _specialised(load(options.path, options.timeout).model, options.instance)
    files = _files(model, options.format)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {options.output}: {error.strerror or error}") from error
    for file in files:
        save(options.output / file.name, file.text)
        write(f"{options.output / file.name}\n")
    return statuses.FINE


def _files(model: Model, wanted: Format) -> tuple[File, ...]:
    match wanted:
        case Format.TLA:
            return exported(model).files
        case Format.JSON:
            return (File(f"{fitting(model.name)}.model.json", model_to_json(model).decode() + "\n"),)
        case Format.TEXT:
            return (File(f"{fitting(model.name)}.model.txt", model_text(model)),)
        case _:
            assert_never(wanted)


def _specialised(model: Model, name: str) -> Model:
    if name:
        return model.instance(name)
    if model.free_params() and len(model.instances) == 1:
        return model.instance(model.instances[0].name)
    if model.free_params():
        names = ", ".join(each.name for each in model.instances) or "none"
        raise UsageError(f"{model.name} has parameters without a value; give --instance (it has: {names})")
    return model
