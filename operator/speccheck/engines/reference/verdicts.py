"""The ledger of a run: which properties are decided, how, and where.

A search or simulation hands it every new state; it evaluates the properties that are still open.
At the end the rest is settled by how the run ended, and `results` turns decisions into results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from speccheck.engines.reference.coverages import Tally
from speccheck.engines.reference.endings import TEMPORAL, Decision, Ending, Where, ended, failed, too_large
from speccheck.engines.reference.liveness.graphs import Graph
from speccheck.engines.reference.liveness.judges import Judges
from speccheck.engines.reference.programs import Predicate, Program
from speccheck.engines.reference.walks import State
from speccheck.evaluation.failures import EvaluationFailed, evaluation
from speccheck.ir.models import Property
from speccheck.ir.ops import TooLarge
from speccheck.reports import Coverage, Path, PropertyResult, Verdict

DEADLOCK = "deadlock"
"""The name and kind of the result on deadlock."""

RUN = "run"
"""The name and kind of the result on a run of which nothing was asked and which did not do all it was to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a property of the model, or (None) about deadlock or the run itself."""

    name: str
    kind: str
    wanted: Property | None = None

    @property
    def doc(self) -> str:
        """What its author says about it."""
        return self.wanted.doc if self.wanted else ""


_SEARCHED = ("SpaceExhausted", "BoundReached")
"""The endings after which every state within the bound, if there is one, is known with its ways."""

Confirm: TypeAlias = Callable[[Question, Decision, Path], None]
"""Is shown what is about to be reported; raises InternalError where it is not so."""


class Ledger:
    """The decisions on some questions.

    Where nothing is asked, the run itself is the question: it has a result only where it failed or was cut short.
    """

    def __init__(self, program: Program, properties: tuple[str, ...], *, deadlock: bool) -> None:
        found = [program.model.property_named(name) for name in dict.fromkeys(properties)]
        self._model = program.model
        self._questions = [Question(p.name, p.kind, p) for p in found]
        self._predicates = {p.name: program.predicate(p) for p in found if p.kind != TEMPORAL}
        self._judges = Judges(program, [p for p in found if p.kind == TEMPORAL])
        self._open = list(self._questions)
        self._decisions: dict[str, Decision] = {}
        self._asks_deadlock = deadlock
        self._deadlock: Decision | None = None
        self._doubt: Decision | None = None
        self._tally = Tally(program)
        self._run: Decision | None = None
        self.violated = False
        for question in self._questions:
            if question.name in self._judges.decided:
                self._decide(question, self._judges.decided[question.name])

    @property
    def graph(self) -> Graph | None:
        """What is to be told of every state expanded and of every way; None where no temporal property is open."""
        return self._judges.graph if any(question.kind == TEMPORAL for question in self._open) else None

    @property
    def done(self) -> bool:
        """Whether something was asked, and all of it is decided."""
        return self._asks and not self._open and not self._awaits_deadlock

    @property
    def _asks(self) -> bool:
        return bool(self._questions) or self._asks_deadlock

    @property
    def _awaits_deadlock(self) -> bool:
        return self._asks_deadlock and self._deadlock is None

    def judge(self, state: State, where: Where) -> None:
        """Evaluates the open properties, and what coverage counts, in a state not met before."""
        self._tally.note(state)
        for question in tuple(self._open):
            if question.kind == TEMPORAL:
                decision = self._judges.judge(question.name, state, where)
            else:
                decision = _judged(question, self._predicates[question.name], state, where)
            if decision is not None:
                self._decide(question, decision)

    def deadlocked(self, where: Where) -> None:
        """A state without a step was found."""
        if self._awaits_deadlock:
            self._deadlock = Decision(Verdict.VIOLATED, "DeadlockFound", "no step can be taken", where)
            self.violated = True

    def doubted(self, decision: Decision) -> None:
        """A state was found that may have no step: deadlock is undecided, unless one is found."""
        self._doubt = decision

    def settle(self, ending: Ending) -> None:
        """Decides everything still open by its kind: the run is over."""
        for question in tuple(self._open):
            decision = ending(question.kind)
            if question.kind == TEMPORAL and decision.reason in _SEARCHED:
                decision = ended(partial(self._of_behaviours, question.name, decision))(TEMPORAL)
            self._decide(question, decision)
        if self._awaits_deadlock:
            self._deadlock = self._doubt or ending(DEADLOCK)
        if not self._asks:
            self._run = ending(RUN)

    def _of_behaviours(self, name: str, otherwise: Decision) -> Ending:
        decision = self._judges.decide(name, otherwise)
        return lambda kind: decision

    def coverage(self) -> tuple[Coverage, ...]:
        """The values of the model's coverage functions in the states judged."""
        return self._tally.reported()

    def results(self, confirm: Confirm) -> tuple[PropertyResult, ...]:
        """One result a question; `confirm` is shown each path before it is reported."""
        answers = [(q, self._decisions[q.name]) for q in self._questions]
        if self._deadlock is not None:
            answers.append((Question(DEADLOCK, DEADLOCK), self._deadlock))
        if self._run is not None and not _complete(self._run):
            answers.append((Question(RUN, RUN), self._run))
        return tuple(self._result(question, decision, confirm) for question, decision in answers)

    def _decide(self, question: Question, decision: Decision) -> None:
        self._open.remove(question)
        self._decisions[question.name] = decision
        if decision.verdict in (Verdict.VIOLATED, Verdict.ERROR):
            self.violated = True

    def _result(self, question: Question, decision: Decision, confirm: Confirm) -> PropertyResult:
        path = None if decision.where is None else decision.where()
        if path is not None:
            confirm(question, decision, path)
        return PropertyResult(
            name=question.name,
            kind=question.kind,
            verdict=decision.verdict,
            reason=decision.reason,
            message=decision.message,
            doc=question.doc,
            path=path,
            error=None if decision.failure is None else evaluation(self._model, decision.failure),
        )


def _judged(question: Question, predicate: Predicate, state: State, where: Where) -> Decision | None:
    try:
        holds = predicate(state)
    except EvaluationFailed as failure:
        return failed(failure, where, "while it was evaluated in this state")
    except TooLarge as error:
        return too_large(error)
    if question.kind == "example":
        return Decision(Verdict.HOLDS, "WitnessFound", where=where) if holds else None
    return None if holds else Decision(Verdict.VIOLATED, "InvariantViolated", where=where)


def _complete(decision: Decision) -> bool:
    """Whether a run did what it was to do."""
    return decision.verdict in (Verdict.HOLDS, Verdict.HOLDS_WITHIN_BOUND) or decision.reason == "Sampled"
