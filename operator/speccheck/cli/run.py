"""The command `run`: carry out SpecChecks without a cluster, and print what a cluster would show."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, assert_never

import typer

from speccheck.cli import statuses
from speccheck.cli.commands import load_target
from speccheck.cli.failures import guarded
from speccheck.cli.manifests import read
from speccheck.cli.options import flag, taking
from speccheck.cli.outputs import look_of, note, shows_color, write, write_json
from speccheck.cli.rehearsals import Lines, Rehearsal, Stage, rehearse
from speccheck.engines.base import Progress
from speccheck.errors import UsageError
from speccheck.rendering.json import report_json
from speccheck.rendering.text import report_text
from speccheck.rendering.values import printable
from speccheck.reports import Report
from speccheck.resource.events import EventBody
from speccheck.resource.outcomes import Failed
from speccheck.resource.paths import counted, cut
from speccheck.resource.reasons import is_authors
from speccheck.resource.sources import Missing
from speccheck.resource.statuses import Refused
from speccheck.sources import lines
from speccheck.sources.lines import Refused as RefusedLine
from speccheck.sources.observations import Observation

_DISPLAY = "speccheck.cli.progress:Display"
"""Loaded only where a terminal shows it."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What `run` takes."""

    file: Annotated[
        Path,
        typer.Option(
            "--file", "-f", metavar="FILE_OR_DIR", help="The manifests: SpecChecks, and ConfigMaps they name."
        ),
    ]
    observations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to observe, as lines of JSON; `-` is standard input.")
    ] = None
    paths: Annotated[bool, flag("--paths", "Write every report in full first, with its paths.")] = False
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(RunOptions)
def run(options: RunOptions) -> int:
    """Carry out SpecChecks without a cluster: check, observe, and print their conditions and Events.

    The manifests are those that a cluster takes. Live objects come from a file, one observation a line. The exit
    status is that of the checks, 1 for any drift, 3 where an observation may be missing or could not be judged,
    4 where a property has no value.
    """
    return guarded(partial(_run, options), as_json=options.json)


def _run(options: RunOptions) -> int:
    manifests = read(options.file)
    stage = Stage(manifests.config_maps, _lines(options), partial(_shown, no_color=options.no_color))
    found = [rehearse(body, stage) for body in manifests.spec_checks]
    status = statuses.worst_status([_status(each, observed=options.observations is not None) for each in found])
    _note_refused(found)
    _note_left_out(found)
    if options.json:
        write_json({"exitStatus": status, "specChecks": [_json(each) for each in found]})
    else:
        write("\n".join(_text(each, options) for each in found))
    return status


def _lines(options: RunOptions) -> Lines | None:
    """Reads the observations anew at each call; standard input, which cannot be, once."""
    path = options.observations
    if path is None:
        return None
    if str(path) == "-":
        kept = list(lines.read(sys.stdin.buffer))
        return lambda: kept
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    return partial(_read, path)


def _read(path: Path) -> Iterable[Observation | RefusedLine]:
    with path.open("rb") as stream:
        yield from lines.read(stream)


@contextmanager
def _shown(title: str, *, no_color: bool) -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with load_target(_DISPLAY)(title, color=shows_color(sys.stderr) and not no_color) as progress:
        yield progress


def _status(found: Rehearsal, *, observed: bool) -> int:
    """The exit status for one SpecCheck."""
    watched = found.watched
    worst = [statuses.exit_status(found.reports), _failure_status(found)]
    if watched is not None:
        problem = watched.state.problem
        worst.append(statuses.SPEC_WRONG if problem and problem.permanent else statuses.FINE)
        worst.append(statuses.VIOLATED if watched.drifted else statuses.FINE)
        worst.append(statuses.SPEC_WRONG if watched.wrong else statuses.FINE)
        worst.append(statuses.UNDECIDED if observed and watched.unsure else statuses.FINE)
    return statuses.worst_status(worst)


def _failure_status(found: Rehearsal) -> int:
    match found.failed:
        case None:
            return statuses.FINE
        case Refused():
            return statuses.SPEC_WRONG
        case Missing(reason) | Failed(reason):
            return statuses.SPEC_WRONG if is_authors(reason) else statuses.FAILED
        case _:
            assert_never(found.failed)


def _note_refused(found: list[Rehearsal]) -> None:
    watched = next((each.watched for each in found if each.watched), None)
    for line in watched.refused_lines if watched else ():
        note(f"refused: {line}")


def _note_left_out(found: list[Rehearsal]) -> None:
    """Says which lines were not of a SpecCheck's source: where they should have been, this is why nothing is seen."""
    for each in found:
        left_out = each.watched.left_out if each.watched else {}
        if left_out:
            lines = counted(sum(left_out.values()), "line")
            whys = "; ".join(f"{count} {printable(cut(why, 200))}" for why, count in left_out.items())
            note(f"{each.namespace}/{each.name}: {lines} left out: {whys}")


def _json(found: Rehearsal) -> dict[str, Any]:
    return {
        "metadata": {"name": found.name, "namespace": found.namespace},
        "status": found.status,
        "events": [event.body for event in found.events],
        "leftOutLines": dict(found.watched.left_out) if found.watched else {},
        "droppedEvents": found.watched.dropped_events if found.watched else 0,
        "reports": [report_json(report) for report in found.reports],
    }


def _text(found: Rehearsal, options: RunOptions) -> str:
    """What `kubectl describe` would show, with the reports in front where they are asked for."""
    reports = [_report(report, no_color=options.no_color) for report in found.reports] if options.paths else []
    parts = [
        f"Name:         {found.name}",
        f"Namespace:    {found.namespace}",
        "Kind:         SpecCheck",
        "Status:",
        "  Conditions:",
        *_table(("Type", "Status", "Reason", "Message"), map(_condition_row, found.status["conditions"]), "    "),
        *_observe_lines(found.status.get("observe") or {}),
        "Events:" if found.events else "Events:       <none>",
        *_table(("Type", "Reason", "Object", "Message"), map(_event_row, found.events), "  "),
    ]
    return "\n".join([*reports, "\n".join(parts)]) + "\n"


def _report(report: Report, *, no_color: bool) -> str:
    return report_text(report, look_of(f"{report.spec}.py", no_color=no_color))


def _condition_row(condition: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(condition.get(name) or "") for name in ("type", "status", "reason", "message"))


def _event_row(event: EventBody) -> tuple[str, ...]:
    regarding = event.body["regarding"]
    count = (event.body.get("series") or {}).get("count", 1)
    again = f" (seen {count} times)" if count > 1 else ""
    thing = f"{regarding.get('kind', 'object')}/{regarding['name']}"
    return str(event.body["type"]), str(event.body["reason"]), thing, f"{event.body['note']}{again}"


_WHERE_ANY = ("driftsMuted", "unanchored", "ambiguous", "notFollowed")
"""What is only shown where there is any."""


def _observe_lines(observe: Mapping[str, Any]) -> list[str]:
    shown = ("keys", "judged", "gaps", "rejected", "resolved", "driftsActive", *_WHERE_ANY)
    told = ", ".join(
        f"{name} {observe[name]}" for name in shown if name in observe and (observe[name] or name not in _WHERE_ANY)
    )
    coverage = observe.get("coverage") or {}
    never = [
        name for part in ("actions", "properties") for name, count in (coverage.get(part) or {}).items() if not count
    ]
    lines = [f"  Observe:    {told}"] if told else []
    return [*lines, f"  Never seen: {', '.join(never)}"] if never else lines


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]], indent: str) -> list[str]:
    """Columns as kubectl writes them: as wide as their widest entry, the last as it is."""
    cells = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    if not cells:
        return []
    lined = [heading, tuple("-" * len(name) for name in heading), *cells]
    widths = [max(len(row[at]) for row in lined) + 2 for at in range(len(heading) - 1)]
    return [
        indent + ("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[-1]).rstrip()
        for row in lined
    ]
