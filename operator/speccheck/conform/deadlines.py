"""The third tier: what a spec says will happen, held to a deadline.

Takes a Model with a value for every parameter, seconds by the name of a temporal property, and for each key the states
that it may be in, with the observations' time; gives a `Result` per property. What "eventually" leaves open the
deadline settles: a promise counts from where it was certainly made, and is broken when the time is over and what was
promised has in no state that is possible come about. Other formulas are refused when the mapping is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Literal, TypeAlias, assert_never

from speccheck.conform.protocols import Result
from speccheck.engines.base import Limits
from speccheck.engines.reference.budgets import Budget
from speccheck.engines.reference.programs import Program, deep_recursion
from speccheck.engines.reference.walks import State
from speccheck.errors import ModelError, UsageError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached
from speccheck.evaluation.scopes import UNSET
from speccheck.ir.models import Model, Property
from speccheck.ir.nodes import Clause, Expr, Local, Read
from speccheck.ir.ops import TooLarge
from speccheck.ir.temporals import (
    Enabled,
    Fairness,
    Formula,
    Junction,
    LeadsTo,
    Modality,
    Negation,
    Now,
    Quantifier,
    formula_expressions,
    formulas,
)
from speccheck.ir.values import Value
from speccheck.ir.walks import bottom_up

PROMISES_LIMIT = 1_000
"""How many promises one property may come to, for all elements of what it ranges over."""

_FORMS = (
    "Eventually(p), Always(Eventually(p)), LeadsTo(p, q), and conjunctions or Forall of them over fixed sets, "
    "p and q being predicates of the state"
)

Predicate: TypeAlias = Callable[[State], bool]
_Bound: TypeAlias = tuple[tuple[Local, Value], ...]


@dataclass(frozen=True, slots=True)
class _Promise:
    """Whenever the premise holds (None: from the start), the conclusion is to hold then or in time.

    `once`: that it has held one time is enough for ever. `mentions` are the slots of the variables in both.
    """

    premise: Predicate | None
    conclusion: Predicate
    once: bool
    mentions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Deadline:
    """A property's promises, and how long each has."""

    name: str
    doc: str
    seconds: float
    promises: tuple[_Promise, ...]


class Deadlines:
    """The temporal properties of a Model that have deadlines, compiled."""

    def __init__(self, model: Model, seconds: Mapping[str, float], limits: Limits | None = None) -> None:
        """`limits` are those of one call of an obligation's methods.

        Raises UsageError, with the place in the mapping, for a name that is no temporal property's and for a formula
        that no deadline can settle; ModelError for a model that cannot be evaluated.
        """
        self._budget = Budget(limits)
        with deep_recursion():
            try:
                compiler = _Compiler(Program(model, self._budget))
                self.deadlines = tuple(compiler.deadline(_named(model, name), s) for name, s in seconds.items())
            except (TooLarge, LimitReached, EvaluationFailed) as error:
                raise ModelError(f"a deadline's property cannot be evaluated: {error}") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that have deadlines."""
        return tuple(each.name for each in self.deadlines)

    def begin(self) -> Obligations:
        """The obligations of one key, of which nothing has been seen."""
        return Obligations(self.deadlines, self._budget)


@dataclass(slots=True)
class _Case:
    """One promise to one key: since when it is owed, whether the time is over, whether it is kept for ever."""

    promise: _Promise
    since: datetime | None = None
    overdue: bool = False
    kept: bool = False


@dataclass(slots=True)
class Obligations:
    """What one key owes, and since when."""

    deadlines: tuple[_Deadline, ...]
    budget: Budget
    _cases: dict[str, list[_Case]] = field(init=False)

    def __post_init__(self) -> None:
        self._cases = {each.name: [_Case(promise) for promise in each.promises] for each in self.deadlines}

    @property
    def waiting(self) -> bool:
        """Whether the passing of time can break anything."""
        return any(case.since and not case.overdue for cases in self._cases.values() for case in cases)

    def observe(self, states: Sequence[State], time: datetime) -> tuple[Result, ...]:
        """What an observation means, after which the key may be in one of these states; UNSET is not known.

        A promise is made where its premise holds in all of them, kept where its conclusion holds in one. There is no
        result of a property that mentions what is not known. Each state counts: pass all, or none.
        """
        self.budget.restart()
        with deep_recursion():
            return tuple(result for each in self.deadlines for result in self._observed(each, states, time))

    def tick(self, time: datetime, of: Sequence[_Deadline] | None = None) -> tuple[Result, ...]:
        """What it means that it is this late: a result for each property that has just become overdue."""
        asked = self.deadlines if of is None else of
        return tuple(self._result(each, time) for each in asked if any([*map(self._late(each, time), self._of(each))]))

    def restart(self) -> None:
        """Something may have happened that nobody saw: whatever is owed counts anew. What is overdue stays so."""
        for cases in self._cases.values():
            for case in cases:
                case.since = case.since if case.overdue else None

    def _of(self, deadline: _Deadline) -> list[_Case]:
        return self._cases[deadline.name]

    def _late(self, deadline: _Deadline, time: datetime) -> Callable[[_Case], bool]:
        limit = timedelta(seconds=deadline.seconds)

        def late(case: _Case) -> bool:
            if case.since is None or case.overdue or time - case.since < limit:
                return False
            case.overdue = True
            return True

        return late

    def _observed(self, deadline: _Deadline, states: Sequence[State], time: datetime) -> tuple[Result, ...]:
        """What is so now; before it, where a promise was kept too late and nobody had told so, that it was broken."""
        judged = False
        late = tuple(self.tick(time, (deadline,)))
        try:
            for case in self._of(deadline):
                judged |= self._move(case, states, time)
        except EvaluationFailed as failure:
            return (Result(deadline.name, "Error", f"it has no value here: {failure.reason}", "Time"),)
        except (TooLarge, LimitReached) as error:
            return (Result(deadline.name, "Unknown", str(error), "Time", "OverBudget"),)
        if not judged:
            return late
        now = self._result(deadline, time)
        return (now,) if now.verdict == "Violated" else (*late, now)

    def _move(self, case: _Case, states: Sequence[State], time: datetime) -> bool:
        """Takes one promise on; whether anything could be said of it."""
        promise = case.promise
        if not states or any(state[slot] is UNSET for state in states for slot in promise.mentions):
            return False
        if case.kept:
            return True
        if any(promise.conclusion(state) for state in states):
            case.since, case.overdue, case.kept = None, False, promise.once
        elif case.since is None and (promise.premise is None or all(promise.premise(state) for state in states)):
            case.since = time
        return True

    def _result(self, deadline: _Deadline, time: datetime) -> Result:
        overdue = [case.since for case in self._of(deadline) if case.overdue and case.since]
        if not overdue:
            return Result(deadline.name, "Holds", tier="Time")
        said = deadline.doc.rstrip(".") or "what was promised has not come about"
        since = min(overdue)
        waited = (
            f"owed since {since.isoformat()}, {(time - since).total_seconds():g} s ago; due in {deadline.seconds:g} s"
        )
        return Result(deadline.name, "Violated", f"{said}; {waited}", "Time")


def _named(model: Model, name: str) -> Property:
    """The temporal property of that name; UsageError where there is none."""
    temporal = {each.name: each for each in model.properties if each.kind == "temporal"}
    if name in temporal:
        return temporal[name]
    if any(each.name == name for each in model.properties):
        raise UsageError(f"deadlines.{name}: it is not a temporal property; an invariant is judged at once")
    close = get_close_matches(name, temporal, 1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    known = ", ".join(temporal) or "none"
    raise UsageError(f"deadlines.{name}: {model.name} has no such temporal property; {meant}There is: {known}")


def refuse_strange(model: Model, names: Iterable[str]) -> None:
    """Refuses, before parameters have values, what `Deadlines` will refuse: other names, and formulas of other forms.

    Raises UsageError.
    """
    for name in names:
        wanted = _named(model, name)
        if not (isinstance(wanted.body, Formula) and _can_be_settled(wanted.body)):
            raise _refused(name)


def mentioned(each: Property) -> frozenset[str]:
    """The variables that a temporal property mentions."""
    roots = formula_expressions(each.body) if isinstance(each.body, Formula) else (each.body,)
    return frozenset(node.variable for node in bottom_up(list(roots), set()) if isinstance(node, Read))


@dataclass(slots=True)
class _Compiler:
    """Compiles properties to promises."""

    program: Program

    def deadline(self, wanted: Property, seconds: float) -> _Deadline:
        """A property with its deadline. Raises UsageError for a formula of another form."""
        if not isinstance(wanted.body, Formula):
            raise ModelError(f"{wanted.name} has no formula")
        promises: list[_Promise] = []
        for each in self._promises(wanted.body, (), wanted.name):
            promises.append(each)
            if len(promises) > PROMISES_LIMIT:
                raise UsageError(f"deadlines.{wanted.name}: it ranges over more than {PROMISES_LIMIT} elements")
        doc = wanted.doc.strip().split("\n")[0]
        return _Deadline(wanted.name, doc, seconds, tuple(promises))

    def _promises(self, node: Formula, bound: _Bound, name: str) -> Iterator[_Promise]:
        match node:
            case Junction("and", operands):
                for each in operands:
                    yield from self._promises(each, bound, name)
            case Junction("implies", (premise, conclusion)) if _is_fairness(premise):
                yield from self._promises(conclusion, bound, name)
            case Quantifier("forall", clauses, body):
                for inner in self._elements(clauses, bound):
                    yield from self._promises(body, inner, name)
            case LeadsTo(premise, conclusion):
                yield self._promise(premise, conclusion, bound, name)
            case Modality("always", Junction("implies", (premise, Modality("eventually", conclusion)))):
                yield self._promise(premise, conclusion, bound, name)
            case Modality("always", Modality("eventually", conclusion)):
                yield self._promise(None, conclusion, bound, name)
            case Modality("eventually", conclusion):
                yield self._promise(None, conclusion, bound, name, once=True)
            case _:
                raise _refused(name)

    def _promise(
        self, premise: Formula | None, conclusion: Formula, bound: _Bound, name: str, *, once: bool = False
    ) -> _Promise:
        roots = [*formula_expressions(conclusion), *(formula_expressions(premise) if premise else ())]
        reads = {node.variable for node in bottom_up(roots, set()) if isinstance(node, Read)}
        return _Promise(
            None if premise is None else self._predicate(premise, bound, name),
            self._predicate(conclusion, bound, name),
            once,
            tuple(slot for slot, variable in enumerate(self.program.variables) if variable in reads),
        )

    def _predicate(self, node: Formula, bound: _Bound, name: str) -> Predicate:
        """A formula about the present state alone."""
        match node:
            case Now(body):
                return self._now(body, bound)
            case Negation(operand):
                inner = self._predicate(operand, bound, name)
                return lambda state: not inner(state)
            case Junction(op, operands):
                return _joined(op, [self._predicate(each, bound, name) for each in operands])
            case Quantifier(op, clauses, body):
                found = [self._predicate(body, inner, name) for inner in self._elements(clauses, bound)]
                return _joined("and" if op == "forall" else "or", found)
            case Modality() | LeadsTo() | Enabled() | Fairness():
                raise _refused(name)
            case _:
                assert_never(node)

    def _now(self, body: Expr, bound: _Bound) -> Predicate:
        run = self.program.function_of(body, [local for local, _ in bound])
        values = [value for _, value in bound]
        return lambda state: bool(run(state, values))

    def _elements(self, clauses: tuple[Clause, ...], bound: _Bound) -> Iterator[_Bound]:
        if not clauses:
            yield bound
            return
        clause, *rest = clauses
        elements = self.program.elements_of(clause.domain, [local for local, _ in bound])
        for element in elements([value for _, value in bound]):
            yield from self._elements(tuple(rest), (*bound, (clause.local, element)))


def _can_be_settled(node: Formula) -> bool:
    match node:
        case Junction("and", operands):
            return all(map(_can_be_settled, operands))
        case Junction("implies", (premise, conclusion)) if _is_fairness(premise):
            return _can_be_settled(conclusion)
        case Quantifier("forall", _, body):
            return _can_be_settled(body)
        case LeadsTo(premise, conclusion) | Modality(
            "always", Junction("implies", (premise, Modality("eventually", conclusion)))
        ):
            return _is_of_states(premise) and _is_of_states(conclusion)
        case Modality("always", Modality("eventually", conclusion)) | Modality("eventually", conclusion):
            return _is_of_states(conclusion)
        case _:
            return False


def _is_of_states(node: Formula) -> bool:
    return not any(isinstance(each, Modality | LeadsTo | Enabled | Fairness) for each in formulas(node))


def _joined(op: Literal["and", "or", "implies"], parts: list[Predicate]) -> Predicate:
    match op:
        case "and":
            return lambda state: all(part(state) for part in parts)
        case "or":
            return lambda state: any(part(state) for part in parts)
        case "implies":
            premise, conclusion = parts
            return lambda state: not premise(state) or conclusion(state)
        case _:
            assert_never(op)


def _is_fairness(node: Formula) -> bool:
    """Whether a formula only asks that steps be not put off for ever, for which a deadline stands."""
    match node:
        case Fairness():
            return True
        case Junction("and", operands):
            return all(map(_is_fairness, operands))
        case Quantifier("forall", _, body):
            return _is_fairness(body)
        case _:
            return False


def _refused(name: str) -> UsageError:
    return UsageError(f"deadlines.{name}: no deadline can settle a formula of this form; give one to {_FORMS}")
