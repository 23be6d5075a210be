"""The command `explain`: what expressions are worth along a saved path, and why an action could not be taken."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import flag, taking
from speccheck.cli.outputs import look_of, write, write_json
from speccheck.cli.replays import ReplayOptions, replayed
from speccheck.cli.specs import load
from speccheck.engines.reference.guards import why_not
from speccheck.engines.reference.valuations import valuations
from speccheck.errors import UsageError
from speccheck.ir.itf import decode
from speccheck.ir.models import Model
from speccheck.ir.readings import parsed, value_from
from speccheck.ir.values import Value
from speccheck.rendering.explanations import Watched, watched_json, watched_text, why_not_json, why_not_text
from speccheck.rendering.paths import call_text, path_lines
from speccheck.rendering.styles import render
from speccheck.reports import Path, State


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """What `explain` takes."""

    spec: Annotated[FilePath, typer.Argument(metavar="SPEC", help="The specification: NAME.py, or a folder NAME.")]
    path: Annotated[FilePath, typer.Argument(metavar="PATH", help="The saved path, an ITF document.")]
    why_not: Annotated[
        list[str],
        typer.Option(metavar="ACTION(ARGS)", help="Why this action cannot be taken; arguments may be left out."),
    ] = field(default_factory=list)
    watch: Annotated[
        list[str],
        typer.Option(metavar="EXPR", help="Show this expression of the state `s` in every state; may be repeated."),
    ] = field(default_factory=list)
    step: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="In the state after step N; otherwise in the last state.")
    ] = None
    instance: Annotated[
        str, typer.Option(metavar="NAME", help="On this instance instead of the one that the document names.")
    ] = ""
    force: Annotated[bool, flag("--force", "Take also a path that was found on another Model.")] = False
    json: Annotated[bool, flag("--json", "Write one JSON object instead of text.")] = False
    no_color: Annotated[bool, flag("--no-color", "No colours; NO_COLOR in the environment does the same.")] = False


@taking(ExplainOptions)
def explain(options: ExplainOptions) -> int:
    """Take a saved path again and explain it.

    For an action it says which of its guards were false in a state of the path, and with what values; for an
    expression what it is worth in each state.
    """
    return guarded(partial(_explain, options), as_json=options.json)


def _explain(options: ExplainOptions) -> int:
    asked = ReplayOptions(spec=options.spec, path=options.path, instance=options.instance, force=options.force)
    model, path, _ = replayed(asked)
    number = path.depth if options.step is None else options.step
    if number > path.depth:
        raise UsageError(f"the path has {path.depth} steps; there is no state after step {number}")
    look = look_of(options.spec, no_color=options.no_color)
    answers = [why_not(model, _state(model, path.states[number]), *_asked(model, text)) for text in options.why_not]
    watched = _watched(options, model, path)
    if options.json:
        told = [why_not_json(each) for each in answers]
        write_json({"step": number, "why_not": told, "watched": watched_json(watched)})
        return statuses.FINE
    if not answers and not watched:
        write(render(path_lines(path, look.width), color=look.color))
    texts = [why_not_text(each, _where(path, number), look) for each in answers]
    if watched:
        texts.insert(0, watched_text(watched, [_label(n, state) for n, state in enumerate(path.states)], look))
    write("\n".join(texts))
    return statuses.FINE


def _label(number: int, state: State) -> str:
    if number == 0:
        return "initial state"
    return ", ".join(call_text(call) for call in state.label) or "step"


def _watched(options: ExplainOptions, model: Model, path: Path) -> list[Watched]:
    """The expressions asked for, in every state of the path."""
    if not options.watch:
        return []
    watching = load(options.spec, watches=options.watch).model
    watching = watching.bind(model.bindings)
    states = [_state(model, state) for state in path.states]
    names = [f"watch {n}" for n in range(1, len(options.watch) + 1)]
    bodies = {each.name: each.body for each in watching.coverages}
    found = valuations(watching, [bodies[name] for name in names], states)
    return [Watched(text, *values) for text, values in zip(options.watch, found, strict=True)]


def _where(path: Path, number: int) -> str:
    return "in the initial state" if number == 0 else f"after step {number} of {path.depth}"


def _state(model: Model, state: State) -> tuple[Value, ...]:
    values: dict[str, Any] = dict(state.values)
    return tuple(decode(values[v.name], v.type) for v in model.variables)


def _asked(model: Model, text: str) -> tuple[str, dict[str, Value]]:
    """The action and the arguments that a text names. Raises UsageError where it names none."""
    match parsed(text):
        case ast.Name(name):
            return name, {}
        case ast.Call(ast.Name(name), args, keywords):
            return name, _arguments(model, name, args, keywords)
        case _:
            raise UsageError(f"{text!r} names no action; write ACTION, or ACTION(1, name=2)")


def _arguments(model: Model, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> dict[str, Value]:
    params = next((a.params for a in model.actions if a.name == name), ())
    types = {p.name: p.type for p in params}
    if len(args) > len(params):
        raise UsageError(f"{name} takes {len(params)} arguments ({', '.join(types) or 'none'}), not {len(args)}")
    given = {p.name: a for p, a in zip(params, args, strict=False)}
    for each in keywords:
        if each.arg is None or each.arg not in types:
            raise UsageError(f"{name} has no argument {each.arg!r}; it has: {', '.join(types) or 'none'}")
        given[each.arg] = each.value
    return {n: value_from(node, types[n]) for n, node in given.items()}
