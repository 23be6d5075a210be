"""The command `conform`: hold recorded observations to a specification, with the answers that a cluster would give."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from speccheck.cli import statuses
from speccheck.cli.commands import load_target
from speccheck.cli.failures import guarded
from speccheck.cli.findings import Findings, Saved, totals_of
from speccheck.cli.manifests import content_of
from speccheck.cli.options import READING, flag, taking
from speccheck.cli.outputs import look_of, note, shows_color, write, write_json
from speccheck.cli.readings import Reading
from speccheck.cli.specs import load
from speccheck.cli.suggestions import require
from speccheck.cli.watching import Watch
from speccheck.errors import UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model
from speccheck.rendering.conformances import Answer, Totals, totals_json, totals_text
from speccheck.resource.fields import Observe
from speccheck.resource.observing import load_observe
from speccheck.resource.paths import counted

_METER = "speccheck.cli.progress:Meter"
"""Loaded only where a terminal shows it."""

_SHOWN_EVERY = 500
"""After how many lines it is shown how far it is."""

_STATUSES: dict[Answer, int] = {
    "Conformant": statuses.FINE,
    "Drift": statuses.VIOLATED,
    "Unknown": statuses.UNDECIDED,
}


@dataclass(frozen=True, kw_only=True)
class ConformOptions:
    """What `conform` takes."""

    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The specification: NAME.py, or a folder NAME.")]
    observations: Annotated[
        list[str],
        typer.Argument(metavar="OBSERVATIONS", help="Files of observations, one a line; `-`: standard input."),
    ]
    mapping: Annotated[
        Path,
        typer.Option("--mapping", "-m", metavar="FILE", help="The `observe` section of a SpecCheck, or a SpecCheck."),
    ]
    instance: Annotated[
        str, typer.Option(metavar="NAME", help="On this instance instead of the one that the mapping names.")
    ] = ""
    itf: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save each drift's path, from the anchor to the last good state.")
    ] = None
    timeout: Annotated[float | None, READING] = None
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(ConformOptions)
def conform(options: ConformOptions) -> int:
    """Hold recorded observations to a specification.

    Every state has to keep the invariants, every change has to be a step of the spec, and what is to happen has to
    happen in time. The exit status is 4 where a property has no value in some state; else 1 for any drift that is not
    muted; else 3 where anything was missed or could not be judged; else 0.
    """
    return guarded(partial(_conform, options), as_json=options.json)


def _conform(options: ConformOptions) -> int:
    observe = _observe(options.mapping)
    reading = Reading(options.observations)
    if options.itf is not None and options.itf.exists() and not options.itf.is_dir():
        raise UsageError(f"--itf {options.itf}: it is a file; name a folder, one path is saved for each drift")
    model = load(options.spec, options.timeout).model
    if options.instance:
        require("instance", options.instance, [each.name for each in model.instances], model.name)
    watch = Watch(model, observe, instance=options.instance)
    look = look_of(options.spec, no_color=options.no_color)
    saved = None if options.itf is None else Saved(options.itf, model, watch.order.instance or "")
    with _shown(options, reading, model) as shown:
        findings = Findings(look, None if options.json else shown.write, saved)
        _read(reading, watch, findings, shown)
    totals = totals_of(model, watch, findings, len(options.observations))
    return _told(options, model, totals, findings)


def _observe(path: Path) -> Observe:
    try:
        return load_observe(content_of(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


class _Shown:
    """Where results go while they come: standard output, around what a terminal shows of the progress."""

    def __init__(self, meter: Any = None) -> None:
        self._meter = meter

    def write(self, text: str) -> None:
        if self._meter is None or not sys.stdout.isatty():
            write(text)
            return
        with self._meter.paused():
            write(text)

    def advance(self, reading: Reading, lines: int, findings: Findings) -> None:
        if self._meter is not None:
            self._meter.advance(reading.read_bytes, f"{lines:,} lines, {counted(findings.begun, 'drift')}")


@contextmanager
def _shown(options: ConformOptions, reading: Reading, model: Model) -> Iterator[_Shown]:
    if not sys.stderr.isatty():
        yield _Shown()
        return
    color = shows_color(sys.stderr) and not options.no_color
    with load_target(_METER)(model.name, reading.total_bytes, color=color) as meter:
        yield _Shown(meter)


def _read(reading: Reading, watch: Watch, findings: Findings, shown: _Shown) -> None:
    with reading:
        for number, line in enumerate(reading, 1):
            for notice in watch.take(line):
                findings.take(notice)
            if number % _SHOWN_EVERY == 0:
                shown.advance(reading, number, findings)
        for notice in watch.end():
            findings.take(notice)


def _told(options: ConformOptions, model: Model, totals: Totals, findings: Findings) -> int:
    wrong = statuses.SPEC_WRONG if any(each.name == "Error" for each in totals.troubles) else statuses.FINE
    status = statuses.worst_status([_STATUSES[totals.answer], wrong])
    if options.json:
        told = {"exitStatus": status, "modelDigest": model_digest(model), **totals_json(totals)}
        write_json({**told, "drifts": findings.drifts, "omittedDrifts": findings.omitted})
    else:
        write(totals_text(totals, look_of(options.spec, no_color=options.no_color)))
    if findings.saved is not None:
        note(findings.saved.text)
    return status
