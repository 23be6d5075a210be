"""The command `record`: write down what happens to a cluster's objects, as observations that `conform` reads."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from speccheck.cli import statuses
from speccheck.cli.commands import load_target
from speccheck.cli.failures import guarded
from speccheck.cli.manifests import content_of
from speccheck.cli.options import duration, flag, taking
from speccheck.cli.outputs import note, require_place, shows_color
from speccheck.cli.recordings import Recording, Shown, Wanted, Written
from speccheck.cli.trails import Trail
from speccheck.errors import UsageError
from speccheck.kube.connections import Connection
from speccheck.kube.kinds import SECRET
from speccheck.resource.fields import KubernetesSource, ObserveSource, Selector
from speccheck.resource.observing import load_observe
from speccheck.resource.paths import counted

_DISPLAY = "speccheck.cli.progress:Spinner"
"""Loaded only where a terminal shows it."""


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """What `record` takes."""

    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="A SpecCheck, or its `observe` section: record what it observes."
        ),
    ] = None
    kind: Annotated[
        list[str],
        typer.Option(metavar="VERSION/KIND", help="A kind to record, as apps/v1/Deployment; may be repeated."),
    ] = field(default_factory=list)
    audit_log: Annotated[
        list[str],
        typer.Option(
            metavar="FILE", help="An API server's audit log, for the file's `audit` sources; may be repeated."
        ),
    ] = field(default_factory=list)
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="LABELS", help="Only objects with these: app=web,tier=front.")
    ] = ""
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", metavar="NS", help="Where, unless the file says; `*` is every namespace."),
    ] = "default"
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; `-` is standard output.")
    ] = "-"
    lasting: Annotated[
        float | None,
        typer.Option("--for", parser=duration, metavar="TIME", help="End then; otherwise at Ctrl-C."),
    ] = None
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after so many observations.")] = None
    kubeconfig: Annotated[
        str, typer.Option(metavar="FILE", help="The cluster's kubeconfig; the usual one if not given.")
    ] = ""
    context: Annotated[str, typer.Option(metavar="NAME", help="A context of the kubeconfig.")] = ""
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(RecordOptions)
def record(options: RecordOptions) -> int:
    """Write down what happens in a cluster, one observation a line.

    The lines are what `conform` takes: changes of objects, and with -f what pods write about themselves. Objects that
    are there at first come first. Where changes may have been missed, a line says GAP. Secrets are never recorded;
    of everything else the whole object is, so look before you pass a recording on.
    """
    return guarded(partial(_record, options))


def _record(options: RecordOptions) -> int:
    if options.audit_log:
        return _told(options, _read(options, _audited(options)))
    wanted = tuple(_wanted(options))
    with _opened(options.output) as out, _shown(options) as shown:
        written = asyncio.run(_recorded(options, wanted, out, shown))
    return _told(options, written)


def _told(options: RecordOptions, written: Written) -> int:
    where = "on standard output" if options.output == "-" else f"in {options.output}"
    note(f"{counted(written.observations, 'observation')} and {counted(written.gaps, 'gap')} {where}")
    return statuses.FINE


def _read(options: RecordOptions, sources: Sequence[ObserveSource]) -> Written:
    """Writes down what an audit log says, as each of the sources hears it."""
    trail = Trail(options.audit_log, "" if options.namespace == "*" else options.namespace)
    with _opened(options.output) as out, _shown(options) as shown:
        recording = Recording(out, options.count, shown, note)
        try:
            for observation in trail:
                for source in sources:
                    recording.write(replace(observation, source=source.name))
                if recording.ended:
                    break
        except KeyboardInterrupt:
            note("interrupted: the rest was not read")
        written = recording.finished()
    for text in trail.notes():
        note(text)
    return written


def _audited(options: RecordOptions) -> Sequence[ObserveSource]:
    """The sources that hear of audit events. Raises UsageError where there is none."""
    if options.file is None or options.kind or options.lasting is not None:
        raise UsageError("--audit-log goes with -f, whose `audit` sources hear of its events, not with --kind or --for")
    found = [source for source in load_observe(content_of(options.file)).sources if source.audit is not None]
    if not found:
        raise UsageError(f"{options.file}: none of its sources is `audit`, so nobody would hear of the audit log")
    return found


async def _recorded(options: RecordOptions, wanted: tuple[Wanted, ...], out: BinaryIO, shown: Shown) -> Written:
    connection = await Connection.open(options.kubeconfig, options.context)
    recording = Recording(out, options.count, shown, note)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, recording.end)
    try:
        return await recording.run(wanted, connection, options.lasting)
    finally:
        await connection.close()


def _wanted(options: RecordOptions) -> Iterator[Wanted]:
    """What to record. Raises UsageError where nothing is named, or what cannot be recorded."""
    if (options.file is None) == (not options.kind):
        raise UsageError("name what to record, by one of: -f speccheck.yaml, --kind apps/v1/Deployment")
    selector = Selector(match_labels=_labels(options.selector))
    namespace = "" if options.namespace == "*" else options.namespace
    for text in options.kind:
        version, kind = _kind(text)
        objects = KubernetesSource(api_version=version, kind=kind, selector=selector)
        yield _allowed(Wanted(ObserveSource(name="", kubernetes=objects), namespace))
    if options.file is None:
        return
    if selector.match_labels:
        raise UsageError("--selector goes with --kind; with -f the file's own selectors count")
    found = [each for each in load_observe(content_of(options.file)).sources if _is_told(each)]
    if not found:
        raise UsageError(f"{options.file}: none of its sources is `kubernetes` or `lines`: there is nothing to record")
    yield from (_allowed(Wanted(each, namespace)) for each in found)


def _is_told(source: ObserveSource) -> bool:
    """Whether a cluster's API tells what a source observes; a note where it does not."""
    (kind,) = source.given
    if kind in ("kubernetes", "lines"):
        return True
    way = "record its log with --audit-log" if kind == "audit" else "only an operator receives it"
    note(f"source {source.name} ({kind}) is not recorded: {way}")
    return False


def _allowed(wanted: Wanted) -> Wanted:
    objects = wanted.source.kubernetes
    if objects is not None and (objects.api_version, objects.kind) == SECRET:
        raise UsageError("Secrets are never recorded; name another kind")
    if objects is None and not wanted.namespace:
        raise UsageError(f"source {wanted.source.name}: logs are of the pods of one namespace; name it with -n")
    return wanted


def _kind(text: str) -> tuple[str, str]:
    version, _, kind = text.rpartition("/")
    if not version or not kind[:1].isupper():
        raise UsageError(f"{text!r} names no kind; write it as v1/ConfigMap or apps/v1/Deployment")
    return version, kind


def _labels(text: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in text.split(",") if each]
    for name, sign, value in pairs:
        if not (sign and name.strip() and "!" not in name and not value.startswith("=")):
            raise UsageError(f"--selector {text!r}: write labels as app=web,tier=front")
    return {name.strip(): value.strip() for name, _, value in pairs}


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    if output == "-":
        yield sys.stdout.buffer
        return
    require_place(Path(output))
    with Path(output).open("wb") as stream:
        yield stream


@contextmanager
def _shown(options: RecordOptions) -> Iterator[Shown]:
    """Shows on a terminal how far it is."""
    if not sys.stderr.isatty():
        yield lambda written: None
        return
    with load_target(_DISPLAY)("connecting", color=shows_color(sys.stderr) and not options.no_color) as spinner:
        yield lambda written: spinner.say(_progress(written))


def _progress(written: Written) -> str:
    told = f"{counted(written.observations, 'observation')}, {counted(written.gaps, 'gap')}"
    return f"recording: {told}; Ctrl-C ends it"
