"""The temporal properties of one run: told of states and ways as a search finds them, judged when it is over.

Takes what the search tells; gives decisions. A predicate without a value in some reachable state is an error of its
property, found when the state is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from speccheck.engines.reference.endings import Decision, Where, failed, too_large
from speccheck.engines.reference.liveness.graphs import Graph, view
from speccheck.engines.reference.liveness.groundings import Call, Grounded, Predicate, ground
from speccheck.engines.reference.liveness.lassos import Lasso, find_lasso
from speccheck.engines.reference.liveness.tasks import tasks
from speccheck.engines.reference.liveness.words import Word
from speccheck.engines.reference.paths import path_through
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.walks import State
from speccheck.errors import InternalError
from speccheck.evaluation.failures import EvaluationFailed, LimitReached
from speccheck.ir.models import Property
from speccheck.ir.ops import TooLarge
from speccheck.ir.temporals import Formula
from speccheck.reports import Path, Verdict

_SHORT = 100
"""How many places of a stem are tried for one at which standing still breaks the property already."""


def formula_of(wanted: Property) -> Formula:
    """The formula of a temporal property."""
    if not isinstance(wanted.body, Formula):
        raise InternalError(f"{wanted.name} is no temporal property")
    return wanted.body


@dataclass(slots=True)
class _Case:
    """A property under judgement: the calls it speaks of; `masks` are, by state, the bits that its predicates give."""

    wanted: Property
    grounded: Grounded
    calls: list[Call]
    masks: list[int] = field(default_factory=list)


class Judges:
    """The judges of some temporal properties of a program's model, and the graph they look at.

    `decided` are those that are decided before anything is searched.
    """

    def __init__(self, program: Program, properties: list[Property]) -> None:
        self._program = program
        self.graph = Graph([])
        self.decided: dict[str, Decision] = {}
        self._cases: dict[str, _Case] = {}
        for each in properties:
            calls = self.graph.calls
            before = len(calls)
            try:
                self._cases[each.name] = _Case(each, ground(program, formula_of(each), calls), calls[before:])
            except EvaluationFailed as failure:
                self.decided[each.name] = failed(failure, None, "while what is the same in every state was evaluated")
            except TooLarge as error:
                self.decided[each.name] = too_large(error)
            except LimitReached as limit:
                self.decided[each.name] = Decision(Verdict.UNKNOWN, limit.reason, limit.message)

    def judge(self, name: str, state: State, where: Where) -> Decision | None:
        """Evaluates a property's predicates in a state, the next that was found; a decision where one fails."""
        case = self._cases[name]
        mask = 0
        try:
            for position, bit in enumerate(case.grounded.bits):
                if isinstance(bit, Predicate):
                    mask |= bit.holds(state) << position
            for call in case.calls:
                if call.fixed is None:
                    call.args(state)
        except EvaluationFailed as failure:
            return failed(failure, where, "while it was evaluated in this state")
        except TooLarge as error:
            return too_large(error)
        case.masks.append(mask)
        return None

    def decide(self, name: str, otherwise: Decision) -> Decision:
        """Whether a lasso of the graph breaks a property; if none does, what is to be said then.

        Raises LimitReached.
        """
        case = self._cases[name]
        formulas = case.grounded.formulas
        seen = view(self.graph, case.grounded, case.masks)
        found = [
            lasso
            for task in tasks(formulas, case.grounded.root)
            if (lasso := find_lasso(seen, self.graph.initial, formulas, task, self._program.budget.spend))
        ]
        if not found:
            return otherwise
        states = self._shortest(case, min(found, key=lambda lasso: lasso.size))
        return Decision(Verdict.VIOLATED, "BehaviourFound", where=partial(self._path, states))

    def _shortest(self, case: _Case, lasso: Lasso) -> Lasso:
        """The lasso, or one that stands still on its way, if that breaks the property as well."""
        states = [*lasso.stem, lasso.loop[0]]
        formula = formula_of(case.wanted)
        for number, state in enumerate(states[:_SHORT]):
            if state < len(self.graph.following) or not case.grounded.speaks_of_steps:
                still = [self.graph.states[each] for each in states[: number + 1]]
                if not Word(self._program, still, number).satisfies(formula):
                    return Lasso(tuple(states[:number]), (state,))
        return lasso

    def _path(self, lasso: Lasso) -> Path:
        """The lasso as a report has it: the last state is the one at which the loop begins, come to again."""
        numbers = [*lasso.stem, *lasso.loop, *(lasso.loop[:1] if len(lasso.loop) > 1 else ())]
        path = path_through(self._program, [self.graph.states[number] for number in numbers])
        return Path(path.states, len(lasso.stem))
