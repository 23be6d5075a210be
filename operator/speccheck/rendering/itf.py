"""A path as a document of the Informal Trace Format, and back.

The format is Apalache's (its ADR 15, https://apalache-mc.org/docs/adr/015adr-trace.html): `vars`,
`states`, optionally `loop`. Which model, instance and property it belongs to stands in the document's
`#meta`, how each state was reached in the state's. What is read back is checked against a Model's types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from speccheck.errors import ModelError
from speccheck.ir.itf import decode, encode
from speccheck.ir.models import Action, Model
from speccheck.ir.types import Type
from speccheck.rendering.foreign import adapted
from speccheck.rendering.values import printable, verify_value
from speccheck.reports import Call, Choice, Itf, Path, PropertyResult, Report, State

_T = TypeVar("_T")

MAX_BYTES = 64 << 20
"""How long a document may be."""

_DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"


@dataclass(frozen=True, slots=True)
class PathMeta:
    """What a document says of its path; empty text and None where it says nothing.

    `start`: `anchor`, where the path's first state was observed and need not be an initial one.
    """

    model_digest: str = ""
    spec: str = ""
    instance: str = ""
    property: str = ""
    verdict: str = ""
    seed: int | None = None
    start: str = ""


class _Document(msgspec.Struct):
    vars: list[str]
    states: list[dict[str, Any]]
    meta: dict[str, Any] = msgspec.field(name="#meta", default_factory=dict)
    loop: int | None = None


class _Step(msgspec.Struct):
    """The `#meta` of a state; documents of other tools have none of it."""

    action: str = ""
    args: dict[str, Any] = {}
    calls: list[_NamedCall] = []
    choices: list[_NamedChoice] = []


class _NamedCall(msgspec.Struct):
    action: str
    args: dict[str, Any] = {}


class _NamedChoice(msgspec.Struct):
    name: str
    value: Any


def path_itf(report: Report, result: PropertyResult) -> dict[str, Any]:
    """The document of the path that a report has for one of its properties.

    Raises ValueError where that result has no path.
    """
    if result.path is None:
        raise ValueError(f"no path was found for {result.name}")
    meta: dict[str, Any] = {
        "format": "ITF",
        "format-description": _DESCRIPTION,
        "description": f"{report.spec}: {result.name} {result.verdict.value}",
        "spec": report.spec,
        "instance": report.instance,
        "model_digest": report.model_digest,
        "property": result.name,
        "kind": result.kind,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "seed": report.bounds.seed,
    }
    document = path_document(result.path)
    loop = {} if result.path.loop is None else {"loop": result.path.loop}
    return {"#meta": meta | loop} | document


def path_document(path: Path) -> dict[str, Any]:
    """A path alone as a document, without the document's `#meta`."""
    loop = {} if path.loop is None else {"loop": path.loop}
    states = [_state_itf(n, state) for n, state in enumerate(path.states)]
    return {"vars": [name for name, _ in path.states[0].values], "states": states, **loop}


def _state_itf(index: int, state: State) -> dict[str, Any]:
    calls = [{"action": call.action, "args": dict(call.args)} for call in state.label]
    meta: dict[str, Any] = {"index": index, **(calls[0] if calls else {"action": "", "args": {}})}
    if len(calls) > 1:
        meta["calls"] = calls
    meta["choices"] = [{"name": choice.name, "value": choice.value} for choice in state.choices]
    return {"#meta": meta, **dict(state.values)}


def document_from_bytes(data: bytes) -> dict[str, Any]:
    """The JSON object in a document's file.

    Raises ModelError where it is too long or no JSON object.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(f"a document of {len(data):,} bytes is refused; the most is {MAX_BYTES:,}")
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelError(f"not an ITF document: {error}") from error


def meta_from_itf(document: dict[str, Any]) -> PathMeta:
    """What a document says of its path.

    Raises ModelError where what it says has the wrong types.
    """
    return _converted(document.get("#meta", {}), PathMeta, "#meta")


def path_from_itf(document: dict[str, Any], model: Model) -> tuple[Path, PathMeta]:
    """The path of a document, its values put into the model's canonical form.

    Raises ModelError naming the place where the document is malformed or does not fit the model's
    variables, actions and types. Whether the model can take those steps is for a replay to tell.
    """
    document = adapted(document, [variable.name for variable in model.variables])
    meta = meta_from_itf(document)
    checked = _converted(document, _Document, "document")
    if not checked.states:
        raise ModelError("states: a path has at least its initial state")
    if checked.loop is not None and not 0 <= checked.loop < len(checked.states):
        raise ModelError(f"loop: {checked.loop} is not the index of one of the {len(checked.states)} states")
    _verify_vars(checked.vars, model)
    states = [_state(state, model, f"states[{n}]") for n, state in enumerate(checked.states)]
    return Path(tuple(states), checked.loop), meta


def _verify_vars(names: list[str], model: Model) -> None:
    known = [variable.name for variable in model.variables]
    missing = [name for name in known if name not in names]
    extra = [name for name in names if name not in known]
    if missing or extra:
        wrong = [*(f"{name} is missing" for name in missing), *(f"{_short(name)} is unknown" for name in extra)]
        raise ModelError(f"vars: not the variables of {model.name}: {', '.join(wrong[:10])}")


def _state(state: dict[str, Any], model: Model, place: str) -> State:
    known = [variable.name for variable in model.variables]
    extra = [name for name in state if name not in known and name != "#meta"]
    if extra:
        raise ModelError(f"{place}.{_short(extra[0])}: {model.name} has no such variable")
    step = _converted(state.get("#meta", {}), _Step, f"{place}.#meta")
    values = tuple((v.name, _canonical(state, v.name, v.type, place)) for v in model.variables)
    return State(values, _label(step, model, f"{place}.#meta"), _choices(step, f"{place}.#meta"))


def _label(step: _Step, model: Model, place: str) -> tuple[Call, ...]:
    named = step.calls or ([_NamedCall(step.action, step.args)] if step.action else [])
    return tuple(_call(call, model, f"{place}.{call.action[:80]}") for call in named)


def _call(call: _NamedCall, model: Model, place: str) -> Call:
    fitting = [action for action in model.actions if action.name == call.action]
    if not fitting:
        raise ModelError(f"{printable(place)}: {model.name} has no action of that name")
    problems: list[ModelError] = []
    for action in fitting:
        try:
            return Call(call.action, _args(call.args, action, place))
        except ModelError as error:
            problems.append(error)
    raise problems[0]


def _args(args: dict[str, Any], action: Action, place: str) -> tuple[tuple[str, Itf], ...]:
    names = [param.name for param in action.params]
    if sorted(args) != sorted(names):
        raise ModelError(f"{place}: its arguments should be {', '.join(names) or 'none'}")
    return tuple((param.name, _canonical(args, param.name, param.type, place)) for param in action.params)


def _choices(step: _Step, place: str) -> tuple[Choice, ...]:
    for choice in step.choices:
        verify_value(choice.value, f"{place}.choices.{_short(choice.name)}")
    return tuple(Choice(choice.name, choice.value) for choice in step.choices)


def _canonical(values: dict[str, Any], name: str, type_: Type, place: str) -> Itf:
    if name not in values:
        raise ModelError(f"{place}: {name} is missing")
    return encode(decode(values[name], type_, f"{place}.{name}"), type_)


def _converted(data: Any, type_: type[_T], place: str) -> _T:
    try:
        return msgspec.convert(data, type_)
    except msgspec.ValidationError as error:
        raise ModelError(f"{place}: {error}") from error


def _short(name: str) -> str:
    return printable(name[:80])


def first_path(reports: Sequence[Report]) -> tuple[Report, PropertyResult] | None:
    """The path most worth keeping: of the worst verdict, earliest in the reports; None where there is none."""
    found = [(report, result) for report in reports for result in report.properties if result.path is not None]
    return min(found, key=lambda pair: pair[1].verdict.rank, default=None)
