"""A temporal property of a model whose parameters have values, without its quantifiers: a formula over bits.

Takes a formula of the IR; gives its negation in normal form, and what each bit means. Domains, and predicates that
read no variable, are evaluated here, once: they are the same in every state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, assert_never

from speccheck.engines.reference.liveness.normals import Formulas
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.walks import State
from speccheck.evaluation.scopes import UNSET
from speccheck.ir.nodes import Clause, Const, Expr, Local, Read
from speccheck.ir.scopes import UseTable, Work
from speccheck.ir.temporals import (
    Enabled,
    Fairness,
    Formula,
    Junction,
    LeadsTo,
    Modality,
    Negation,
    Now,
    Occurrence,
    Quantifier,
)
from speccheck.ir.values import Value

Args: TypeAlias = Callable[[State], tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Call:
    """An occurrence of a named action: the arguments in a state; `fixed` where they are the same in all."""

    action: str
    args: Args
    fixed: tuple[Value, ...] | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step whose label has a call (its number among the calls) and that changes one of some variables (slots)."""

    call: int
    slots: tuple[int, ...]

    def changes(self, state: State, target: State) -> bool:
        """Whether one of the variables differs between two states."""
        return any(state[slot] != target[slot] for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A bit that an expression gives."""

    holds: Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Possible:
    """A bit that says that a call, or (`step`) a step, each by its number, is possible."""

    number: int
    step: bool


Bit: TypeAlias = Predicate | Possible


@dataclass(frozen=True, slots=True)
class Grounded:
    """The negation of a property: `root` in `formulas`. `bits` are a state's, `steps` those of a step, by position."""

    formulas: Formulas
    root: int
    bits: tuple[Bit, ...]
    steps: tuple[Step, ...]

    @property
    def speaks_of_steps(self) -> bool:
        """Whether what can be done in a state matters, not only what the state is."""
        return any(isinstance(bit, Possible) for bit in self.bits) or bool(self.steps)


def ground(program: Program, formula: Formula, calls: list[Call]) -> Grounded:
    """The negation of a formula, grounded. Calls that are not among those given are added to them.

    Raises EvaluationFailed, TooLarge and LimitReached as evaluations do.
    """
    grounding = _Grounding(program, calls)
    root = grounding.normal(formula, positive=False)
    return Grounded(grounding.formulas, root, tuple(grounding.bits), tuple(grounding.steps))


_Made = TypeVar("_Made")


@dataclass(slots=True)
class _Grounding:
    program: Program
    calls: list[Call]
    formulas: Formulas = field(default_factory=Formulas)
    bits: list[Bit] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _env: dict[str, tuple[Local, Value]] = field(default_factory=dict)
    _numbers: dict[object, int] = field(default_factory=dict)
    _compiled: dict[tuple[int, tuple[str, ...]], Callable[[State, tuple[Value, ...]], Value]] = field(
        default_factory=dict
    )
    _uses: UseTable = field(default_factory=lambda: UseTable(Work()))

    def normal(self, node: Formula, *, positive: bool) -> int:
        """The formula, or (not `positive`) its negation."""
        self.program.budget.spend(1)
        table = self.formulas
        match node:
            case Now(predicate):
                return self._predicate(predicate, positive=positive)
            case Negation(operand):
                return self.normal(operand, positive=not positive)
            case Junction(op, operands):
                signs = [positive != (op == "implies" and n == 0) for n in range(len(operands))]
                parts = [self.normal(each, positive=sign) for each, sign in zip(operands, signs, strict=True)]
                return table.all(parts) if (op == "and") is positive else table.one(parts)
            case Modality(op, operand):
                inner = self.normal(operand, positive=positive)
                return table.always(inner) if (op == "always") is positive else table.eventually(inner)
            case LeadsTo(premise, conclusion):
                return self._leads_to(premise, conclusion, positive=positive)
            case Quantifier(op, clauses, body):
                instances = [self.normal(body, positive=positive) for _ in self._instances(clauses)]
                return table.all(instances) if (op == "forall") is positive else table.one(instances)
            case Enabled(occurrence):
                return self._possible(Possible(self._call(occurrence), step=False), positive=positive)
            case Fairness():
                return self._fairness(node, positive=positive)
            case _:
                assert_never(node)

    def _leads_to(self, premise: Formula, conclusion: Formula, *, positive: bool) -> int:
        table = self.formulas
        if positive:
            later = table.eventually(self.normal(conclusion, positive=True))
            return table.always(table.one([self.normal(premise, positive=False), later]))
        never = table.always(self.normal(conclusion, positive=False))
        return table.eventually(table.all([self.normal(premise, positive=True), never]))

    def _fairness(self, node: Fairness, *, positive: bool) -> int:
        """Weak: infinitely often not possible or taken. Strong: from some time on never possible, or often taken."""
        table, slots = self.formulas, self._slots(node.variables)
        step = self._numbered(("step", call := self._call(node.occurrence), slots), self.steps, Step(call, slots))
        possible = self._possible(Possible(step, step=True), positive=True)
        impossible = self._possible(Possible(step, step=True), positive=False)
        taken, not_taken = (table.literal(step, positive=sign, step=True) for sign in (True, False))
        often, ever = table.always, table.eventually
        if node.op == "weak":
            if positive:
                return often(ever(table.one([impossible, taken])))
            return ever(often(table.all([possible, not_taken])))
        if positive:
            return table.one([ever(often(impossible)), often(ever(taken))])
        return table.all([often(ever(possible)), ever(often(not_taken))])

    def _slots(self, names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(n for n, name in enumerate(self.program.variables) if name in names or not names)

    # --- quantifiers ---------------------------------------------------------------------------------

    def _instances(self, clauses: tuple[Clause, ...]) -> Iterator[None]:
        """Once for each combination of elements, with the locals bound to them."""
        if not clauses:
            yield
            return
        clause, *rest = clauses
        scope = [local for local, _ in self._env.values()]
        elements = self.program.elements_of(clause.domain, scope)
        outer = self._env
        for element in elements([value for _, value in outer.values()]):
            self.program.budget.spend(1)
            self._env = {**outer, clause.local.name: (clause.local, element)}
            yield from self._instances(tuple(rest))
        self._env = outer

    def _closed(self, expr: Expr) -> tuple[Callable[[State], Value], bool, object]:
        """An expression with its locals bound, whether it is the same in all states, and what tells it from others."""
        uses = self._uses.of(expr)
        used = {name: pair for name, pair in self._env.items() if name in uses}
        names, values = tuple(used), tuple(value for _, value in used.values())
        if (id(expr), names) not in self._compiled:
            self._compiled[id(expr), names] = self.program.function_of(expr, [local for local, _ in used.values()])
        run = self._compiled[id(expr), names]
        constant = not any(isinstance(use, Read) for use in uses.values())
        return lambda state: run(state, values), constant, (id(expr), values)

    @property
    def _nowhere(self) -> State:
        return (UNSET,) * len(self.program.variables)

    # --- bits ----------------------------------------------------------------------------------------

    def _predicate(self, expr: Expr, *, positive: bool) -> int:
        if isinstance(expr, Const):
            return self.formulas.truth(bool(expr.value) is positive)
        run, constant, key = self._closed(expr)
        if constant:
            return self.formulas.truth(bool(run(self._nowhere)) is positive)
        bit = self._numbered(("now", key), self.bits, Predicate(lambda state: bool(run(state))))
        return self.formulas.literal(bit, positive=positive)

    def _possible(self, bit: Possible, *, positive: bool) -> int:
        return self.formulas.literal(self._numbered(bit, self.bits, bit), positive=positive)

    def _call(self, occurrence: Occurrence) -> int:
        closed = [self._closed(arg) for arg in occurrence.args]
        runs = [run for run, _, _ in closed]
        fixed = tuple(run(self._nowhere) for run in runs) if all(same for _, same, _ in closed) else None
        key = (occurrence.action, fixed if fixed is not None else tuple(key for _, _, key in closed))
        found = Call(occurrence.action, lambda state: tuple(run(state) for run in runs), fixed)
        return self._numbered(("call", key), self.calls, found)

    def _numbered(self, key: object, table: list[_Made], made: _Made) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(table)
            table.append(made)
        return self._numbers[key]
