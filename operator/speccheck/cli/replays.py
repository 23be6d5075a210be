"""The command `replay`: take the steps of a saved path again and judge its states anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from speccheck.cli import statuses
from speccheck.cli.excerpts import with_source_line
from speccheck.cli.failures import guarded
from speccheck.cli.options import flag, taking
from speccheck.cli.outputs import look_of, note, write
from speccheck.engines.base import Limits
from speccheck.engines.reference.engine import ReferenceEngine
from speccheck.engines.reference.replays import replay as take_again
from speccheck.errors import UsageError
from speccheck.ir.itf import decode
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model, Transition
from speccheck.ir.nodes import Assign, Const
from speccheck.loading import entry_file, load
from speccheck.rendering.itf import MAX_BYTES, PathMeta, document_from_bytes, meta_from_itf, path_from_itf
from speccheck.rendering.text import replay_text
from speccheck.reports import Path, PropertyResult, State, Verdict


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What `replay` takes."""

    spec: Annotated[FilePath, typer.Argument(metavar="SPEC", help="The specification: NAME.py, or a folder NAME.")]
    path: Annotated[FilePath, typer.Argument(metavar="PATH", help="The saved path, an ITF document.")]
    instance: Annotated[
        str, typer.Option(metavar="NAME", help="Replay on this instance instead of the one that the document names.")
    ] = ""
    force: Annotated[bool, flag("--force", "Replay also a path that was found on another Model.")] = False
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(ReplayOptions)
def replay(options: ReplayOptions) -> int:
    """Take the steps of a saved path again, one by one, and say which properties it shows.

    The path is an ITF document as `speccheck check --itf FILE` saves it. It is refused where the
    specification has changed since, unless forced. The exit status is 1 where a property is violated.
    """
    return guarded(partial(_replay, options))


def _replay(options: ReplayOptions) -> int:
    document = document_from_bytes(_read(options.path))
    meta = meta_from_itf(document)
    captured = load(options.spec).model
    _refuse_other_models(captured, meta, options)
    model = _specialised(captured, options.instance or meta.instance)
    recorded, _ = path_from_itf(document, model)
    path = take_again(model, recorded)
    root = entry_file(options.spec).parent
    results = [with_source_line(result, root) for result in judged(model, path)]
    results.sort(key=lambda result: result.name != meta.property)
    title = f"{model.name}, instance {model.instance_name}" if model.instance_name else model.name
    write(replay_text(title, path, results, look_of(options.spec, no_color=options.no_color)))
    if meta.property and meta.property not in [result.name for result in results]:
        note(f"the path replays, but it does not show what it was saved for: {meta.property} {meta.verdict}")
    return statuses.worst_status([statuses.verdict_status(result.verdict) for result in results])


def _read(path: FilePath) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def _refuse_other_models(model: Model, meta: PathMeta, options: ReplayOptions) -> None:
    digest = model_digest(model)
    if meta.model_digest == digest or options.force:
        return
    found = (
        f"it was found on {meta.model_digest}" if meta.model_digest else "it does not say on which Model it was found"
    )
    raise UsageError(
        f"{options.path} is not a path of this Model: {found}, and {options.spec} is {digest}.\n"
        "  Find it anew with `speccheck check --itf`, or replay it all the same with --force."
    )


def _specialised(model: Model, name: str) -> Model:
    if name:
        return model.instance(name)
    if model.free_params() and len(model.instances) == 1:
        return model.instance(model.instances[0].name)
    if model.free_params():
        names = ", ".join(each.name for each in model.instances) or "none"
        raise UsageError(f"the document names no instance of {model.name}; give --instance (it has: {names})")
    return model


def judged(model: Model, path: Path) -> Sequence[PropertyResult]:
    """What the states of a path show: broken invariants, each at the first state that breaks it, and in the
    last state examples that hold, a deadlock, and a step that cannot be evaluated."""
    shown: dict[str, PropertyResult] = {}
    for n, state in enumerate(path.states):
        last = n == len(path.states) - 1
        limits = Limits(max_steps=1 if last else 0, deadlock=last)
        properties = tuple(p.name for p in model.properties)
        report = ReferenceEngine().run(_starting_in(model, state), properties, limits)
        for result in report.properties:
            if result.name not in shown and _is_shown(result, last=last):
                shown[result.name] = replace(result, path=Path(path.states[: n + 1]))
    return list(shown.values())


def _is_shown(result: PropertyResult, *, last: bool) -> bool:
    """Whether a result is about the very state that the run started in, not about one after it."""
    here = result.path is not None and result.path.depth == 0
    return here and (last or result.verdict is not Verdict.HOLDS)


def _starting_in(model: Model, state: State) -> Model:
    """The model with one initial state."""
    values: dict[str, Any] = dict(state.values)
    block = tuple(Assign(v.name, 1, Const(v.type, decode(values[v.name], v.type))) for v in model.variables)
    return replace(model, initial=Transition(block, tuple((v.name, 1) for v in model.variables)))
