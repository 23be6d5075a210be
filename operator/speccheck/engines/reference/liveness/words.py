"""Whether a temporal formula is true of a behaviour that repeats itself, by what its operators say.

Takes states of which the last is followed by one before it, or by itself, for ever. It knows neither automata nor the
graph of a search: what each state can do is asked of the program anew. So it can tell whether a counterexample is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.walks import State, Walk, every
from speccheck.ir.nodes import Clause, Expr, Local
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

_Way: TypeAlias = tuple[State, list[tuple[str, tuple[Value, ...]]]]


@dataclass(slots=True)
class Word:
    """A behaviour: `states`, each once, of which the last is followed by the one at `loop`.

    Of a loop of one state nothing but stuttering is meant.
    """

    program: Program
    states: Sequence[State]
    loop: int
    _bound: list[tuple[Local, Value]] = field(default_factory=list)
    _ways: dict[State, list[_Way]] = field(default_factory=dict)

    def satisfies(self, formula: Formula) -> bool:
        """Whether the formula is true of the whole behaviour. Raises as evaluations do."""
        return self._truths(formula)[0]

    def _truths(self, node: Formula) -> list[bool]:
        """By position: whether the formula is true of the behaviour from there on."""
        positions = range(len(self.states))
        match node:
            case Now(predicate):
                return [bool(self._value(predicate, state)) for state in self.states]
            case Negation(operand):
                return [not truth for truth in self._truths(operand)]
            case Junction(op, operands):
                return _joined(op, [self._truths(each) for each in operands], len(positions))
            case Modality(op, operand):
                truths = self._truths(operand)
                test = all if op == "always" else any
                return [test(truths[n] for n in self._from(position)) for position in positions]
            case LeadsTo(premise, conclusion):
                first, then = self._truths(premise), self._truths(conclusion)
                kept = [not first[p] or any(then[n] for n in self._from(p)) for p in positions]
                return [all(kept[n] for n in self._from(position)) for position in positions]
            case Quantifier(op, clauses, body):
                columns = [self._truths(body) for _ in self._instances(clauses)]
                return _joined("and" if op == "forall" else "or", columns, len(positions))
            case Enabled(occurrence):
                return [any(self._is_of(way, occurrence, state) for way in self._out(state)) for state in self.states]
            case Fairness():
                return [self._is_fair(node)] * len(positions)
            case _:
                assert_never(node)

    def _from(self, position: int) -> range:
        """The positions that the behaviour is at from a position on."""
        return range(min(position, self.loop), len(self.states))

    def _is_fair(self, node: Fairness) -> bool:
        """Judged on the loop alone, for all that counts is what happens infinitely often."""
        loop = range(self.loop, len(self.states))
        possible = [self._can(node, self.states[n], None) for n in loop]
        taken = [self._can(node, self.states[n], self._next(n)) for n in loop]
        return any(taken) or not (all(possible) if node.op == "weak" else any(possible))

    def _next(self, position: int) -> State:
        return self.states[position + 1 if position + 1 < len(self.states) else self.loop]

    def _can(self, node: Fairness, state: State, target: State | None) -> bool:
        """Whether such a step that changes the variables leads from a state: to another, or (None) to any."""
        return any(
            self._is_of(way, node.occurrence, state) and self._changes(node, state, way[0])
            for way in self._out(state)
            if target is None or way[0] == target
        )

    def _changes(self, node: Fairness, state: State, target: State) -> bool:
        names = node.variables or self.program.variables
        pairs = zip(self.program.variables, state, target, strict=True)
        return any(before != after for name, before, after in pairs if name in names)

    def _is_of(self, way: _Way, occurrence: Occurrence, state: State) -> bool:
        args = tuple(self._value(arg, state) for arg in occurrence.args)
        return (occurrence.action, args) in way[1]

    def _out(self, state: State) -> list[_Way]:
        if state not in self._ways:
            found: list[_Way] = []

            def arrive(target: State, walk: Walk) -> bool:
                found.append((target, [(action.name, tuple(args)) for action, args in walk.calls]))
                return False

            self.program.step(state, Walk(every, arrive))
            self._ways[state] = found
        return self._ways[state]

    def _value(self, expr: Expr, state: State) -> Value:
        run = self.program.function_of(expr, [local for local, _ in self._bound])
        return run(state, [value for _, value in self._bound])

    def _instances(self, clauses: tuple[Clause, ...]) -> Iterator[None]:
        if not clauses:
            yield
            return
        first, *rest = clauses
        elements = self.program.elements_of(first.domain, [local for local, _ in self._bound])
        for element in elements([value for _, value in self._bound]):
            self._bound.append((first.local, element))
            yield from self._instances(tuple(rest))
            self._bound.pop()


def _joined(op: str, columns: list[list[bool]], length: int) -> list[bool]:
    match op:
        case "and":
            return [all(column[n] for column in columns) for n in range(length)]
        case "or":
            return [any(column[n] for column in columns) for n in range(length)]
        case _:
            first, second = columns
            return [not first[n] or second[n] for n in range(length)]
