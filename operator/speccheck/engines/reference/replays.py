"""Paths taken again: a recorded path is executed on the model, and must do what it says.

`replay` takes a Model and a path from anywhere (a report, an ITF file), trusts neither, and gives
the path as this engine would report it. A state's label and choices are followed where they are
recorded; where they are not, any way that leads to the recorded state will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice

from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.choosers import Guide
from speccheck.engines.reference.endings import Decision
from speccheck.engines.reference.liveness.judges import formula_of
from speccheck.engines.reference.liveness.words import Word
from speccheck.engines.reference.paths import Way, completed, first_way, label_text, path_of, take
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.verdicts import Question
from speccheck.engines.reference.walks import State, Walk, every
from speccheck.errors import InternalError, ModelError
from speccheck.evaluation.failures import EvaluationFailed, evaluation
from speccheck.ir.itf import decode
from speccheck.ir.literals import literal
from speccheck.ir.models import Model, Property
from speccheck.ir.ops import TooLarge
from speccheck.ir.types import Type
from speccheck.ir.values import Value
from speccheck.reports import Itf, Path, Verdict
from speccheck.reports import State as Reported

_WAYS_SHOWN = 8
_CHARACTERS = 60
_WAYS_TRIED = 10_000
"""How many ways are looked through for what to show of them."""


def replay(model: Model, path: Path) -> Path:
    """The path, executed step by step, with labels and choices complete.

    Raises ModelError naming the first step that the model does not allow, with what it would allow
    there; UsageError where the model's parameters are not all given.
    """
    with deep_recursion():
        try:
            program = Program(model, Budget())
            return Path(path_of(model, retrace(program, path)).states, path.loop)
        except TooLarge as error:
            raise ModelError(f"the path cannot be replayed: {error}") from None


def retrace(program: Program, path: Path) -> list[Way]:
    """The ways that the path records. Raises ModelError like `replay`, and TooLarge.

    The ways of a lasso end where its loop begins, also where the path leaves out the step that leads back there.
    """
    if not path.states:
        raise ModelError("the path has no state")
    if path.loop is not None and not 0 <= path.loop < len(path.states):
        raise ModelError(f"the loop begins at state {path.loop}, which is not in the path")
    ways: list[Way] = []
    for number, recorded in enumerate(path.states):
        ways.append(_followed(program, ways[-1].state if ways else None, recorded, number))
    if path.loop is not None and ways[-1].state != ways[path.loop].state:
        back = Reported(path.states[path.loop].values)
        ways.append(_followed(program, ways[-1].state, back, len(ways)))
    return ways


def breaks(program: Program, wanted: Property, ways: Sequence[Way], loop: int) -> bool:
    """Whether a lasso, taken again, breaks a temporal property. Raises as evaluations do."""
    states = [way.state for way in ways]
    return not Word(program, states[:-1] if len(states) - 1 > loop else states, loop).satisfies(formula_of(wanted))


def refuted(model: Model, path: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Which of some temporal properties a lasso breaks, by name.

    Raises ModelError where it does not replay or a property has no value on it, UsageError like `replay`.
    """
    if path.loop is None:
        return ()
    with deep_recursion():
        try:
            program = Program(model, Budget())
            ways = retrace(program, path)
            return tuple(name for name in names if breaks(program, model.property_named(name), ways, path.loop))
        except EvaluationFailed as failure:
            raise ModelError(f"a temporal property has no value on the path: {_error(model, failure)}") from None
        except TooLarge as error:
            raise ModelError(f"the path cannot be replayed: {error}") from None


def _followed(program: Program, origin: State | None, recorded: Reported, number: int) -> Way:
    target = _decoded(program.model, recorded, number)

    def fits(state: State, walk: Walk) -> bool:
        return state == target and _agrees(program.model, completed(state, walk), recorded)

    try:
        way = first_way(program, origin, fits, Guide(recorded.choices).pick if recorded.choices else every)
    except EvaluationFailed as failure:
        raise ModelError(f"{_place(number)} meets an evaluation error: {_error(program.model, failure)}") from None
    if way is None:
        raise ModelError(_refusal(program, origin, target, recorded, number))
    return way


def _error(model: Model, failure: EvaluationFailed) -> str:
    told = evaluation(model, failure)
    return f"{told.expression} ({told.place or 'no place'}): {told.reason}"


def _agrees(model: Model, way: Way, recorded: Reported) -> bool:
    """Whether a way has the label and choices that were recorded, as far as any were."""
    if not recorded.label and not recorded.choices:
        return True
    if recorded.choices and len(way.choices) != len(recorded.choices):
        return False
    return not recorded.label or _same_label(model, way, recorded)


def _same_label(model: Model, way: Way, recorded: Reported) -> bool:
    if [action.name for action, _ in way.calls] != [call.action for call in recorded.label]:
        return False
    for (action, args), call in zip(way.calls, recorded.label, strict=True):
        given = dict(call.args)
        if given.keys() != {param.name for param in action.params}:
            return False
        if any(_read(given[p.name], p.type) != (value,) for p, value in zip(action.params, args, strict=True)):
            return False
    return True


def _read(itf: Itf, type_: Type) -> tuple[Value, ...]:
    """The value, or nothing where it is not of the type."""
    try:
        return (decode(itf, type_),)
    except ModelError:
        return ()


def _decoded(model: Model, recorded: Reported, number: int) -> State:
    given = dict(recorded.values)
    names = [variable.name for variable in model.variables]
    odd = sorted({name for name, _ in recorded.values} ^ set(names))
    if odd or len(recorded.values) != len(names):
        told = f"{', '.join(odd)} is missing or unknown" if odd else "a variable occurs twice"
        raise ModelError(f"{_place(number)}: {told}; the variables of {model.name} are {', '.join(names)}")
    try:
        return tuple(decode(given[v.name], v.type, v.name) for v in model.variables)
    except ModelError as error:
        raise ModelError(f"{_place(number)}: {error}") from None


def _place(number: int) -> str:
    return f"step {number} of the path" if number else "the initial state of the path"


# --- what to say of a step that does not reproduce -------------------------------------------------


def _refusal(program: Program, origin: State | None, target: State, recorded: Reported, number: int) -> str:
    ways = _allowed(program, origin)
    wanted = _recorded_label(recorded)
    head = f"{_place(number)}{', ' + wanted + ',' if wanted else ''} does not reproduce"
    if not ways:
        return f"{head}: the model allows {'no step here' if number else 'no initial state'}"
    labels = list(dict.fromkeys(label_text(way) for way in ways))
    few = "; ".join(islice(labels, _WAYS_SHOWN)) + ("; …" if len(labels) > _WAYS_SHOWN else "")
    alike = [way for way in ways if _agrees(program.model, way, recorded)]
    if not alike:
        return f"{head}: it is not possible here; the model allows: {few}"
    nearest = min(alike, key=lambda way: sum(a != b for a, b in zip(way.state, target, strict=True)))
    return f"{head}: {_difference(program.model, nearest.state, target)}; the model allows: {few}"


def _allowed(program: Program, origin: State | None) -> list[Way]:
    """The ways the model has, up to a number; those before an evaluation error where there is one."""
    ways: list[Way] = []

    def arrive(state: State, walk: Walk) -> bool:
        ways.append(completed(state, walk))
        return len(ways) >= _WAYS_TRIED

    with suppress(EvaluationFailed):
        take(program, origin, Walk(every, arrive))
    return ways


def _recorded_label(recorded: Reported) -> str:
    return ", ".join(f"{call.action}({', '.join(name for name, _ in call.args)})" for call in recorded.label)


def _difference(model: Model, found: State, target: State) -> str:
    told = [
        f"{v.name} would be {_short(literal(a, v.type))}, not {_short(literal(b, v.type))}"
        for v, a, b in zip(model.variables, found, target, strict=True)
        if a != b
    ]
    return ", ".join(told) or "its choices are other ones"


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


# --- what this engine found, taken again before it is reported -------------------------------------


def confirm(program: Program, question: Question, decision: Decision, path: Path) -> None:
    """Takes a path that was found again. Raises InternalError where it does not show what it is to show."""
    try:
        ways = retrace(program, path)
    except (ModelError, TooLarge) as error:
        raise InternalError(f"the path found for {question.name} does not replay: {error}") from None
    if not _shows(program, question, decision, ways, path.loop):
        raise InternalError(f"the path found for {question.name} does not show that it is {decision.verdict.value}")


def _shows(program: Program, question: Question, decision: Decision, ways: Sequence[Way], loop: int | None) -> bool:
    last = ways[-1].state
    match question.kind, decision.verdict:
        case (_, Verdict.ERROR):
            return True
        case ("temporal", _):
            wanted = question.wanted
            return wanted is not None and loop is not None and breaks(program, wanted, ways, loop)
        case ("deadlock", _):
            return not _allowed(program, last)
        case (kind, _):
            found = question.wanted
            return found is not None and program.predicate(found)(last) is (kind == "example")
