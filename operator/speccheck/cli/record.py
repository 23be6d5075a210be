"""The command `record`: write down what happens to a cluster's objects, as observations that `conform` reads."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from speccheck.errors import UsageError
from speccheck.kube.connections import Connection
from speccheck.kube.kinds import SECRET
from speccheck.resource.fields import ObserveSource
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
    """Write down what happens to objects of a cluster, one observation a line.

    The lines are what `conform` takes. Objects that are there at first come first. Where changes may have been
    missed, a line says GAP. Secrets are never recorded; of everything else the whole object is, so look before you
    pass a recording on.
    """
    return guarded(partial(_record, options))


def _record(options: RecordOptions) -> int:
    wanted = tuple(_wanted(options))
    with _opened(options.output) as out, _shown(options) as shown:
        written = asyncio.run(_recorded(options, wanted, out, shown))
    where = "on standard output" if options.output == "-" else f"in {options.output}"
    note(f"{counted(written.observations, 'observation')} and {counted(written.gaps, 'gap')} {where}")
    return statuses.FINE


async def _recorded(options: RecordOptions, wanted: tuple[Wanted, ...], out: BinaryIO, shown: Shown) -> Written:
    connection = await Connection.open(options.kubeconfig, options.context)
    recording = Recording(wanted, out, options.count, shown, note)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, recording.end)
    try:
        return await recording.run(connection, options.lasting)
    finally:
        await connection.close()


def _wanted(options: RecordOptions) -> Iterator[Wanted]:
    """What to record. Raises UsageError where nothing is named, or what cannot be recorded."""
    if (options.file is None) == (not options.kind):
        raise UsageError("name what to record, by one of: -f speccheck.yaml, --kind apps/v1/Deployment")
    labels = _labels(options.selector)
    namespace = "" if options.namespace == "*" else options.namespace
    for text in options.kind:
        yield _allowed(Wanted(*_kind(text), namespace, labels))
    if options.file is None:
        return
    if labels:
        raise UsageError("--selector goes with --kind; with -f the file's own selectors count")
    found = [_of_source(source, namespace) for source in load_observe(content_of(options.file)).sources]
    if not any(found):
        raise UsageError(f"{options.file}: none of its sources is `kubernetes`, so there is nothing to record")
    yield from (_allowed(each) for each in found if each is not None)


def _of_source(source: ObserveSource, namespace: str) -> Wanted | None:
    """What a source observes; None, and a note, where a cluster's API cannot tell it."""
    wanted = source.kubernetes
    if wanted is None:
        note(f"source {source.name} is not recorded: only `kubernetes` sources are")
        return None
    where = "" if wanted.namespace == "*" else wanted.namespace or namespace
    return Wanted(wanted.api_version, wanted.kind, where, wanted.selector.match_labels, source.name)


def _allowed(wanted: Wanted) -> Wanted:
    if (wanted.api_version, wanted.kind) == SECRET:
        raise UsageError("Secrets are never recorded; name another kind")
    return wanted


def _kind(text: str) -> tuple[str, str]:
    version, _, kind = text.rpartition("/")
    if not version or not kind[:1].isupper():
        raise UsageError(f"{text!r} names no kind; write it as v1/ConfigMap or apps/v1/Deployment")
    return version, kind


def _labels(text: str) -> Mapping[str, str]:
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
