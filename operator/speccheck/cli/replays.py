"""The command `replay`: take the steps of a saved path again and judge its states anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from speccheck.cli import statuses
from speccheck.cli.excerpts import line_at, with_source_line
from speccheck.cli.failures import guarded
from speccheck.cli.options import READING, flag, taking
from speccheck.cli.outputs import look_of, note, write, write_json
from speccheck.cli.specs import load
from speccheck.cli.suggestions import require
from speccheck.engines.base import Limits
from speccheck.engines.reference.engine import ReferenceEngine
from speccheck.engines.reference.replays import refuted
from speccheck.engines.reference.replays import replay as take_again
from speccheck.entries import Loaded, entry_file
from speccheck.errors import ModelError, UsageError
from speccheck.ir.itf import decode
from speccheck.ir.json import model_digest
from speccheck.ir.models import Model, Transition
from speccheck.ir.nodes import Assign, Const
from speccheck.rendering.itf import MAX_BYTES, PathMeta, document_from_bytes, meta_from_itf, path_from_itf
from speccheck.rendering.json import reports_json
from speccheck.rendering.text import replay_text
from speccheck.reports import Bounds, Path, PropertyResult, Report, State, Stats, Verdict


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What `replay` takes."""

    spec: Annotated[FilePath, typer.Argument(metavar="SPEC", help="The specification: NAME.py, or a folder NAME.")]
    path: Annotated[FilePath, typer.Argument(metavar="PATH", help="The saved path, an ITF document.")]
    instance: Annotated[
        str, typer.Option(metavar="NAME", help="Replay on this instance instead of the one that the document names.")
    ] = ""
    force: Annotated[bool, flag("--force", "Replay also a path that was found on another Model.")] = False
    timeout: Annotated[float | None, READING] = None
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(ReplayOptions)
def replay(options: ReplayOptions) -> int:
    """Take the steps of a saved path again, one by one, and say which properties it shows.

    The path is an ITF document as `speccheck check --itf FILE` saves it. It is refused where the
    specification has changed since, unless forced. The exit status is 1 where a property is violated.
    """
    return guarded(partial(_replay, options), as_json=options.json)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A saved path, taken again: the specification, the model of its instance, the path, what the document says."""

    loaded: Loaded
    model: Model
    path: Path
    meta: PathMeta


def replayed(options: ReplayOptions) -> tuple[Model, Path, PathMeta]:
    """The model that a saved path is of, the path taken again on it, and what the document says of it.

    Raises UsageError and ModelError where the path cannot be read, is another Model's, or does not replay.
    """
    again = _replayed(options)
    return again.model, again.path, again.meta


def _replayed(options: ReplayOptions) -> Replayed:
    try:
        document = document_from_bytes(_read(options.path))
    except ModelError as error:
        raise ModelError(f"{options.path}: {error}") from error
    meta = meta_from_itf(document)
    loaded = load(options.spec, options.timeout)
    _refuse_other_models(loaded.model, meta, options)
    model = _specialised(loaded.model, options.instance or meta.instance)
    recorded, _ = path_from_itf(document, model)
    if meta.start != "anchor":
        return Replayed(loaded, model, take_again(model, recorded), meta)
    first, *others = recorded.states
    observed = replace(recorded, states=(replace(first, label=(), choices=()), *others))
    return Replayed(loaded, model, take_again(_starting_in(model, first), observed), meta)


def _replay(options: ReplayOptions) -> int:
    again = _replayed(options)
    line = partial(line_at, entry_file(options.spec).parent)
    results = [with_source_line(result, line) for result in judged(again.model, again.path)]
    results.sort(key=lambda result: result.name != again.meta.property)
    if options.json:
        write_json(_json(_report(again, results), again.meta))
    else:
        model = again.model
        title = f"{model.name}, instance {model.instance_name}" if model.instance_name else model.name
        write(replay_text(title, again.path, results, look_of(options.spec, no_color=options.no_color)))
    if not _shows(results, again.meta):
        note(
            f"the path replays, but it does not show what it was saved for: {again.meta.property} {again.meta.verdict}"
        )
    return statuses.worst_status([statuses.verdict_status(result.verdict) for result in results])


def _shows(results: Sequence[PropertyResult], meta: PathMeta) -> bool:
    """Whether the path shows the property it was saved for, if any."""
    return not meta.property or meta.property in [result.name for result in results]


def _report(again: Replayed, results: Sequence[PropertyResult]) -> Report:
    """What a replay shows, in the form in which a search says what it found."""
    distinct = len({str(state.values) for state in again.path.states})
    return Report(
        spec=again.model.name,
        instance=again.model.instance_name,
        model_digest=model_digest(again.model),
        engine="reference",
        method="Replay",
        bounds=Bounds(),
        properties=tuple(results),
        stats=Stats(distinct, len(again.path.states), again.path.depth, 0.0),
        source_digest=again.loaded.source_digest,
    )


def _json(report: Report, meta: PathMeta) -> dict[str, Any]:
    """That no property is broken on one path is no verdict on any: only what is shown has one."""
    answer = reports_json([report])
    if not report.properties:
        answer["verdict"] = Verdict.UNKNOWN.value
    saved = {"property": meta.property, "verdict": meta.verdict, "shown": _shows(report.properties, meta)}
    return answer | {"saved_for": saved if meta.property else None}


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
        require("instance", name, [each.name for each in model.instances], model.name)
        return model.instance(name)
    if model.free_params() and len(model.instances) == 1:
        return model.instance(model.instances[0].name)
    if model.free_params():
        names = ", ".join(each.name for each in model.instances) or "none"
        raise UsageError(f"the document names no instance of {model.name}; give --instance (it has: {names})")
    return model


def judged(model: Model, path: Path) -> Sequence[PropertyResult]:
    """What a path shows: temporal properties that a lasso breaks; broken invariants, each at the first state that
    breaks it; and in the last state of a finite path examples that hold, a deadlock, and a step without value."""
    shown: dict[str, PropertyResult] = _refuted(model, path)
    for n, state in enumerate(path.states):
        last = path.loop is None and n == len(path.states) - 1
        limits = Limits(max_steps=1 if last else 0, deadlock=last)
        properties = tuple(p.name for p in model.properties if last or p.kind != "temporal")
        report = ReferenceEngine().run(_starting_in(model, state), properties, limits)
        for result in report.properties:
            if result.name not in shown and _is_shown(result, last=last):
                shown[result.name] = replace(result, path=Path(path.states[: n + 1]))
    return list(shown.values())


def _refuted(model: Model, path: Path) -> dict[str, PropertyResult]:
    """The temporal properties that a lasso breaks."""
    asked = {p.name: p for p in model.properties if p.kind == "temporal"}
    names = refuted(model, path, asked)
    return {
        name: PropertyResult(name, "temporal", Verdict.VIOLATED, "BehaviourFound", doc=asked[name].doc, path=path)
        for name in names
    }


def _is_shown(result: PropertyResult, *, last: bool) -> bool:
    """Whether a result is about the very state that the run started in, not about what comes after it."""
    if result.kind == "temporal" and result.verdict is not Verdict.ERROR:
        return False
    here = result.path is not None and result.path.depth == 0
    return here and (last or result.verdict is not Verdict.HOLDS)


def _starting_in(model: Model, state: State) -> Model:
    """The model with one initial state."""
    values: dict[str, Any] = dict(state.values)
    block = tuple(Assign(v.name, 1, Const(v.type, decode(values[v.name], v.type))) for v in model.variables)
    return replace(model, initial=Transition(block, tuple((v.name, 1) for v in model.variables)))
