"""The commands `check` and `simulate`: load a specification, search its instances, write the reports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from speccheck.checking import CheckRequest
from speccheck.checking import check as run_check
from speccheck.cli import statuses
from speccheck.cli.commands import load_target
from speccheck.cli.excerpts import line_at, with_source_lines
from speccheck.cli.failures import guarded
from speccheck.cli.options import duration, flag, size, taking
from speccheck.cli.outputs import json_text, look_of, note, require_place, save, shows_color, write, write_json
from speccheck.cli.specs import load
from speccheck.cli.suggestions import require
from speccheck.engines.base import Limits, Progress, Walks
from speccheck.entries import Loaded, entry_file
from speccheck.ir.models import Model
from speccheck.rendering.itf import first_path, path_itf
from speccheck.rendering.json import reports_json
from speccheck.rendering.text import report_text, summary_text
from speccheck.reports import Report, Verdict, worst

_DISPLAY = "speccheck.cli.progress:Display"
"""Loaded only where a terminal shows it: it takes longer to load than small models take to check."""

_INTERRUPTED = "Interrupted"
"""The reason of a result that an engine left open when it was interrupted."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What `check` takes, and `simulate` with more."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="The specification: NAME.py, or a folder NAME with it.")]
    instance: Annotated[
        list[str], typer.Option(metavar="NAME", help="An instance to search; may be repeated. Otherwise all.")
    ] = field(default_factory=list)
    property: Annotated[
        list[str], typer.Option(metavar="NAME", help="A property to judge; may be repeated. Otherwise all.")
    ] = field(default_factory=list)
    max_steps: Annotated[
        int | None, typer.Option(min=0, metavar="K", help="Go no deeper than K steps from an initial state.")
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(
            parser=duration, metavar="TIME", help="Stop reading, and an instance's search, then: 3, 10m, 1h30m."
        ),
    ] = None
    memory: Annotated[
        int | None, typer.Option(parser=size, metavar="SIZE", help="Stop a search that uses more: 512MiB, 4GiB.")
    ] = None
    deadlock: Annotated[bool, flag("--deadlock", "Judge also whether some state has no step.")] = False
    fail_fast: Annotated[bool, flag("--fail-fast", "Stop at the first violation; what is open then is Unknown.")] = (
        False
    )
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False
    itf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the path that was found, for `speccheck replay`.")
    ] = None
    engine: Annotated[str, typer.Option(metavar="NAME", help="Which engine searches.")] = "reference"
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(SearchOptions):
    """What `simulate` takes. The bounds have no defaults: an answer within them should be one that was asked for."""

    max_steps: Annotated[int, typer.Option(min=0, metavar="K", help="How many steps a walk has at most.")] = field()
    walks: Annotated[int, typer.Option(min=1, metavar="N", help="How many random walks to take.")]
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="Where the random numbers start.")] = 0


@taking(SearchOptions)
def check(options: SearchOptions) -> int:
    """Visit every reachable state, nearest first, and judge every property in each.

    A violation comes with a shortest path to it. Without --max-steps the answer is final: Holds or
    Violated. A limit that is reached first gives Unknown, never Holds.
    """
    return guarded(partial(_search, options, _limits(options)), as_json=options.json)


@taking(SimulateOptions)
def simulate(options: SimulateOptions) -> int:
    """Take random walks from the initial states and judge every property on the way.

    The same seed takes the same walks. A violation is real; that none was seen is no proof of anything.
    """
    walks = Walks(options.walks, options.seed)
    return guarded(partial(_search, options, _limits(options, walks)), as_json=options.json)


def _limits(options: SearchOptions, walks: Walks | None = None) -> Limits:
    return Limits(
        max_steps=options.max_steps,
        timeout_s=options.timeout,
        memory_bytes=options.memory,
        walks=walks,
        fail_fast=options.fail_fast,
        deadlock=options.deadlock,
    )


@dataclass(slots=True)
class _Answers:
    """What a command has found so far, instance by instance."""

    reports: list[Report] = field(default_factory=list)
    skipped: tuple[str, ...] = ()
    interrupted: bool = False


def _search(options: SearchOptions, limits: Limits) -> int:
    if options.itf is not None:
        require_place(options.itf)
    loaded = load(options.path, options.timeout)
    instances = _instances(loaded.model, options)
    answers = _Answers()
    try:
        _search_each(loaded, instances, options, limits, answers)
    except KeyboardInterrupt:
        answers.interrupted = True
        answers.skipped = instances[len(answers.reports) :]
    if not (answers.reports or options.json):
        raise KeyboardInterrupt
    return _finish(options, answers)


def _instances(model: Model, options: SearchOptions) -> tuple[str, ...]:
    """The instances to search, once each; one without a name where the model has none.

    Raises UsageError for an instance or property that the model does not have.
    """
    for name in options.property:
        require("property", name, [each.name for each in model.properties], model.name)
    for name in options.instance:
        require("instance", name, [each.name for each in model.instances], model.name)
    return tuple(dict.fromkeys(options.instance)) or tuple(each.name for each in model.instances) or ("",)


def _search_each(
    loaded: Loaded, instances: tuple[str, ...], options: SearchOptions, limits: Limits, answers: _Answers
) -> None:
    look = look_of(options.path, no_color=options.no_color, witnesses=bool(options.property))
    for n, name in enumerate(instances):
        report = _search_one(loaded, name, options, limits)
        if not options.json:
            write(("\n" if answers.reports else "") + report_text(report, look))
        answers.reports.append(report)
        answers.interrupted = any(result.reason == _INTERRUPTED for result in report.properties)
        enough = options.fail_fast and report.verdict in (Verdict.VIOLATED, Verdict.ERROR)
        if answers.interrupted or enough:
            answers.skipped = instances[n + 1 :]
            return


def _search_one(loaded: Loaded, instance: str, options: SearchOptions, limits: Limits) -> Report:
    request = CheckRequest(
        instances=(instance,) if instance else (),
        properties=tuple(dict.fromkeys(options.property)),
        limits=limits,
        engine=options.engine,
        source_digest=loaded.source_digest,
    )
    title = f"{loaded.model.name} {instance}".strip()
    with _progress(title, no_color=options.no_color) as progress:
        (report,) = run_check(loaded.model, request, progress)
    return with_source_lines(report, partial(line_at, entry_file(options.path).parent))


@contextmanager
def _progress(title: str, *, no_color: bool) -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    display = load_target(_DISPLAY)
    with display(title, color=shows_color(sys.stderr) and not no_color) as progress:
        yield progress


def _finish(options: SearchOptions, answers: _Answers) -> int:
    reports = answers.reports
    if options.json:
        write_json(_answers_json(answers))
    elif len(reports) > 1:
        write("\n" + summary_text(reports, look_of(options.path, no_color=options.no_color)))
    if answers.skipped:
        why = "interrupted" if answers.interrupted else "--fail-fast"
        note(f"not searched ({why}): {', '.join(name or options.path.name for name in answers.skipped)}")
    if options.itf is not None:
        _save_path(options.itf, reports)
    status = statuses.exit_status(reports, options.property)
    return statuses.worst_status([status, statuses.UNDECIDED]) if answers.interrupted else status


def _answers_json(answers: _Answers) -> dict[str, Any]:
    answer = reports_json(answers.reports)
    if answers.interrupted:
        answer["verdict"] = worst([Verdict(answer["verdict"]), Verdict.UNKNOWN]).value
    return answer | {"skipped": list(answers.skipped), "interrupted": answers.interrupted}


def _save_path(file: Path, reports: list[Report]) -> None:
    found = first_path(reports)
    if found is None:
        note(f"no path was found: {file} is not written")
        return
    report, result = found
    save(file, json_text(path_itf(report, result)))
    where = f" of {report.instance}" if report.instance else ""
    note(f"the path of {result.name}{where} is saved in {file}")
