"""Why a named action cannot be taken in a state: which guard was false, and with what values.

Takes a Model, a state and an action with its arguments. Goes through every way of the step, as the search does, and
notes what ended those that were not completed. It judges nothing; it explains what the engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from speccheck.engines.base import Limits
from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.choosers import Resumed
from speccheck.engines.reference.paths import Way, call_of, completed, reported
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.walks import State, Walk, every
from speccheck.errors import ModelError, UsageError
from speccheck.evaluation.binders import elements
from speccheck.evaluation.failures import EvaluationFailed, LimitReached, evaluation
from speccheck.evaluation.scopes import UNSET, Frame, Scope
from speccheck.ir.models import Action, Model
from speccheck.ir.nodes import Apply, Assume, Bind, Block, Choose, Clause, Expr, Let, Perform, blocks
from speccheck.ir.ops import TooLarge
from speccheck.ir.values import Value
from speccheck.ir.walks import in_order
from speccheck.reports import Call, Evaluation
from speccheck.reports import State as Reported

MAX_WAYS = 20_000
"""How many ways, completed or not, are looked at."""

_TOLD = 8
"""How many guards, ways and other calls are told of."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition that ended ways: it as a whole, and the parts of it that were false, each with the values in it.

    `ways` is how many ways it ended.
    """

    whole: Evaluation
    parts: tuple[Evaluation, ...]
    ways: int = 1


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What the model says of an action with its arguments in a state.

    `taken` are the steps that it allows, `guards` what ended the ways in which the action had begun, nearest first:
    those it was closest to passing; `before` what ended ways in which it had not; `others` are calls of the
    action with other arguments that had begun. `error` is an expression without value that was met.
    """

    call: Call
    taken: tuple[Reported, ...]
    guards: tuple[Guard, ...]
    before: tuple[Guard, ...]
    others: tuple[Call, ...]
    complete: bool
    error: Evaluation | None = None


def why_not(model: Model, state: State, name: str, args: Mapping[str, Value]) -> WhyNot:
    """Why a step labelled with the action is not possible in a state; or the steps that are.

    `args` are the values of some or all of the action's parameters. Raises UsageError for an unknown action or
    parameter, ModelError for a model that nests too deeply.
    """
    return Inquiries(model).why_not(state, name, args)


class Inquiries:
    """A Model compiled once, to be asked `why_not` again and again. `limits` are those of one question."""

    def __init__(self, model: Model, limits: Limits | None = None) -> None:
        self._model = model
        self._budget = Budget(limits)
        self._asked: _Inquiry | None = None
        with _looking():
            self._program = Program(model, self._budget, watch=self._ended)

    def why_not(self, state: State, name: str, args: Mapping[str, Value]) -> WhyNot:
        """As the function `why_not`; also raises LimitReached."""
        self._budget.restart()
        with _looking():
            self._asked = _Inquiry(self._model, self._program, name, args)
            return self._asked.answer(state)

    def _ended(self, node: Assume | Choose, scope: Scope, frame: Frame) -> None:
        if self._asked is not None:
            self._asked.ended(node, scope, frame)


@contextmanager
def _looking() -> Iterator[None]:
    with deep_recursion():
        try:
            yield
        except TooLarge as error:
            raise ModelError(f"the step cannot be looked at: {error}") from None


@dataclass(slots=True)
class _Ended:
    """One statement that ended ways in one manner."""

    guard: Guard
    distance: int
    ways: int = 1


_Key: TypeAlias = tuple[int, tuple[str, ...], bool]
"""A statement, by its id, the parts of its condition that were false, and whether other arguments had been chosen."""


@dataclass(slots=True)
class _Inquiry:
    model: Model
    program: Program
    name: str
    args: Mapping[str, Value]
    walk: Walk = field(init=False)
    ways: int = 0
    taken: list[Way] = field(default_factory=list)
    begun: dict[_Key, _Ended] = field(default_factory=dict)
    before: dict[_Key, _Ended] = field(default_factory=dict)
    others: dict[str, Call] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.walk = Walk(every, self._arrived)
        self._check_names()

    def answer(self, state: State) -> WhyNot:
        error = None
        complete = False
        try:
            failure = self._go(state)
            error = None if failure is None else evaluation(self.model, failure)
            complete = failure is None and len(self.taken) < _TOLD
        except _Enough:
            pass
        given = tuple(self.args.items())
        params = {p.name: p for a in self._actions() for p in a.params}
        return WhyNot(
            call=call_of(self.name, [(params[n], v) for n, v in given]),
            taken=tuple(reported(self.model, way) for way in self.taken[:_TOLD]),
            guards=_nearest(self.begun),
            before=_nearest(self._leading() or self.before),
            others=tuple(self.others.values())[:_TOLD],
            complete=complete,
            error=error,
        )

    def _go(self, state: State) -> EvaluationFailed | None:
        """Takes every way; gives the first failure of those that have no value."""
        first = None
        resumed = Resumed()
        while True:
            self.walk = Walk(resumed.pick, self._arrived)
            try:
                self.program.step(state, self.walk)
                return first
            except EvaluationFailed as failure:
                self._count()
                first = first or failure
                if not resumed.resume(self.walk):
                    return first

    def _actions(self) -> list[Action]:
        return [action for action in self.model.actions if action.name == self.name]

    def _check_names(self) -> None:
        known = self.program.stepping()
        if self.name not in known:
            names = ", ".join(known) or "none"
            raise UsageError(f"{self.model.name} has no named action {self.name!r} in its steps; it has: {names}")
        params = {p.name for a in self._actions() for p in a.params}
        for each in self.args:
            if each not in params:
                names = ", ".join(sorted(params)) or "none"
                raise UsageError(f"{self.name} has no argument {each!r}; it has: {names}")

    def _arrived(self, state: State, walk: Walk) -> bool:
        self._count()
        way = completed(state, walk)
        if any(self._is_wanted(action, args) for action, args in way.calls):
            self.taken.append(way)
        return len(self.taken) >= _TOLD

    def _is_wanted(self, action: Action, args: Sequence[Value]) -> bool:
        found = {p.name: a for p, a in zip(action.params, args, strict=True)}
        wanted = action.name == self.name and all(n in found and found[n] == v for n, v in self.args.items())
        if action.name == self.name and not wanted:
            call = call_of(self.name, list(zip(action.params, args, strict=True)))
            self.others.setdefault(repr(call), call)
        return wanted

    def ended(self, node: Assume | Choose, scope: Scope, frame: Frame) -> None:
        """Is told of a statement that ended a way."""
        self._count()
        found = self.begun if self._has_begun() else self.before
        guard, distance = _guard(self.model, node, scope, frame)
        key = (id(node), tuple(part.expression for part in guard.parts), self._chose_otherwise())
        if key in found:
            found[key].ways += 1
        else:
            found[key] = _Ended(guard, distance)

    def _has_begun(self) -> bool:
        return any(self._is_wanted(action, [_forced(arg) for arg in args]) for action, args in self.walk.calls)

    def _chose_otherwise(self) -> bool:
        """Whether a choice that is named like an argument asked for was made differently on this way."""
        chosen = [(node.name, value) for node, value in self.walk.choices if isinstance(node, Choose)]
        return any(name in self.args and self.args[name] != value for name, value in chosen)

    def _leading(self) -> Mapping[_Key, _Ended]:
        """Of what ended ways before the action began, that which stands on the way to it."""
        keys = {action.key for action in self._actions()}
        on_the_way = set(leading(self.model.step.block, keys, {a.key: a.block for a in self.model.actions}))
        leading_to = {key: ended for key, ended in self.before.items() if key[0] in on_the_way}
        return {key: ended for key, ended in leading_to.items() if not key[2]} or leading_to

    def _count(self) -> None:
        self.ways += 1
        if self.ways > MAX_WAYS:
            raise _Enough


def leading(block: Block, keys: set[str], actions: Mapping[str, Block]) -> Iterator[int]:
    """The ids of the statements that are passed on the way to a call of one of some actions."""
    for number, statement in enumerate(block):
        inner = [*blocks(statement), *([actions[statement.action]] if isinstance(statement, Perform) else [])]
        below = [found for each in inner for found in leading(each, keys, actions)]
        called = isinstance(statement, Perform) and statement.action in keys
        if below or called or any(_calls(each, keys, actions) for each in inner):
            yield from below
            yield from (id(each) for before in block[:number] for each in in_order((before,)))


def _calls(block: Block, keys: set[str], actions: Mapping[str, Block]) -> bool:
    """Whether some actions are called in a block, or in an action that it calls."""
    performed = [each for each in in_order(block) if isinstance(each, Perform)]
    return any(each.action in keys or _calls(actions[each.action], keys, actions) for each in performed)


class _Enough(Exception):
    """So many ways have been looked at that what was seen must do."""


def _forced(arg: Value) -> Value:
    force = getattr(arg, "force", None)
    if force is None:
        return arg
    with suppress(EvaluationFailed, TooLarge, LimitReached):
        return force()
    return UNSET


def _nearest(ended: Mapping[_Key, _Ended]) -> tuple[Guard, ...]:
    """The guards that fewest parts kept from passing, first; of those, the ones that ended most ways."""
    found = sorted(ended.values(), key=lambda each: (each.distance, -each.ways))
    return tuple(Guard(each.guard.whole, each.guard.parts, each.ways) for each in found[:_TOLD])


def _guard(model: Model, node: Assume | Choose, scope: Scope, frame: Frame) -> tuple[Guard, int]:
    if isinstance(node, Choose):
        text = f"{node.name}: nothing to choose from"
        return Guard(_told(model, scope, node.domain, frame, text), ()), 1
    whole = _told(model, scope, node.condition, frame, "is false")
    parts = tuple(_false_parts(model, scope, node.condition, frame))
    return Guard(whole, () if len(parts) == 1 and parts[0].expression == whole.expression else parts), len(parts)


def _told(model: Model, scope: Scope, node: Expr, frame: Frame, reason: str) -> Evaluation:
    return evaluation(model, scope.failed(node, frame, reason))


def _false_parts(model: Model, scope: Scope, node: Expr, frame: Frame) -> Iterator[Evaluation]:
    """The smallest parts of a false condition that make it false, with the values in them."""
    match node:
        case Apply(_, "and", args):
            for arg in args:
                if _value(scope, arg, frame) is False:
                    yield from _false_parts(model, scope, arg, frame)
        case Apply(_, "implies", (_, conclusion)):
            yield from _false_parts(model, scope, conclusion, frame)
        case Apply(_, "ite", (condition, then, otherwise)):
            chosen = then if _value(scope, condition, frame) else otherwise
            yield from _false_parts(model, scope, chosen, frame)
        case Let(_, _, _, body):
            yield from _false_parts(model, scope, body, frame)
        case Bind(_, "forall", (Clause(local, Apply(_, "list_make", args)),), body) if body is local:
            for arg in args:
                if _value(scope, arg, frame) is False:
                    yield from _false_parts(model, scope, arg, frame)
        case Bind(_, "forall", clauses, body) if _counterexample(scope, clauses, body, frame):
            yield from _false_parts(model, scope, body, frame)
        case _:
            yield _told(model, scope, node, frame, "is false")


def _value(scope: Scope, node: Expr, frame: Frame) -> Value:
    """The value of an expression that the scope has compiled; UNSET where it has none."""
    with suppress(EvaluationFailed, TooLarge, LimitReached):
        return scope.code(node).run(frame)
    return UNSET


def _counterexample(scope: Scope, clauses: tuple[Clause, ...], body: Expr, frame: Frame) -> bool:
    """Binds the locals of a quantifier, in the frame itself, to the first elements for which the body is false."""
    if not clauses:
        return _value(scope, body, frame) is False
    first, *rest = clauses
    domain: Callable[[Frame], Value] = elements(scope, first.domain)
    slot, forgets = scope.bound(first.local)
    with suppress(EvaluationFailed, TooLarge, LimitReached):
        for element in domain(frame):
            frame[slot] = element
            for each in forgets:
                frame[each] = UNSET
            if _counterexample(scope, tuple(rest), body, frame):
                return True
    return False
