"""Random programs: blocks of every statement, with versions that are not the last ones, joins, calls and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.engines.models import ap, invariant, model, n

from speccheck.ir.models import Action, Model, Transition, Variable
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Branch,
    Choose,
    Define,
    Defined,
    Expr,
    Join,
    Local,
    Perform,
    Read,
    Split,
    Statement,
)
from speccheck.ir.types import INT

VARIABLES = ("x", "y", "z")


@dataclass
class Programs:
    """Makes models of three variables that take the values 0 to 3."""

    random: Random
    actions: list[Action] = field(default_factory=list)
    partial: bool = True
    """Whether expressions may be undefined."""

    def made(self) -> Model:
        """A model."""
        for number in range(self.random.randint(1, 3)):
            self.actions.append(self._action(f"act{number}"))
        initial = self._initial()
        step = _Definition(self, [], dict.fromkeys(VARIABLES, 0))
        block = step.block(3, wide=True)
        step_ = Transition(block, tuple((v, at) for v, at in step.versions.items() if at))
        small = ap("le", ap("add", Read(INT, "x", 0), Read(INT, "y", 0)), n(self.random.randint(2, 6)))
        variables = [Variable(v, INT) for v in VARIABLES]
        return model(variables, initial, step_, [invariant("small", small)], actions=self.actions)

    def _action(self, name: str) -> Action:
        params = [Local(INT, f"p{k}") for k in range(self.random.randint(0, 2))]
        definition = _Definition(self, list(params), dict.fromkeys(VARIABLES, 0))
        block = definition.block(2)
        writes = tuple((v, at) for v, at in definition.versions.items() if at)
        return Action(name, name, tuple(params), block, writes)

    def _initial(self) -> Transition:
        definition = _Definition(self, [], {})
        block: list[Statement] = []
        for v in VARIABLES:
            block.append(definition.assign(v, definition.value(1)))
        return Transition((*block, *definition.block(1)), tuple(definition.versions.items()))


@dataclass
class _Definition:
    """One definition while it is made: what is in scope, and the version that each variable has."""

    programs: Programs
    locals: list[Local]
    versions: dict[str, int]
    counter: int = 0
    names: int = 0

    @property
    def random(self) -> Random:
        return self.programs.random

    def block(self, depth: int, *, wide: bool = False) -> Block:
        """Some statements; those at the end of the step take alternatives gladly."""
        outer = list(self.locals)
        found = [self._statement(depth) for _ in range(self.random.randint(1, 3))]
        if wide:
            found.append(self._alternatives(depth))
        self.locals = outer
        return tuple(found)

    def _statement(self, depth: int) -> Statement:
        kinds = [self._assign, self._assign, self._assume, self._define, self._choose]
        if depth > 0:
            kinds += [self._alternatives, self._split, self._split]
        if self.programs.actions and len(self.versions) == len(VARIABLES):
            kinds += [self._perform, self._perform]
        return self.random.choice(kinds)(depth)

    def value(self, depth: int) -> Expr:
        """A number; rarely one that is undefined."""
        leaves: list[Expr] = [n(self.random.randint(0, 3)), *self.locals]
        leaves += [Read(INT, v, at) for v, at in self.versions.items()] * 2
        if depth <= 0:
            return self.random.choice(leaves)
        op = self.random.choice(["add", "sub", "mul", "leaf", "ite", "floordiv"])
        if op == "leaf":
            return self.value(0)
        one, other = self.value(depth - 1), self.value(depth - 1)
        if op == "ite":
            return ap("ite", self._condition(depth - 1), one, other)
        if op == "floordiv" and not self.programs.partial:
            other = n(2)
        return ap(op, one, other)

    def _condition(self, depth: int) -> Expr:
        one, other = self.value(depth), self.value(depth)
        found = ap(self.random.choice(["eq", "ne", "lt", "le"]), one, other)
        if self.random.random() < 0.4:
            return ap(self.random.choice(["and", "or", "or", "implies"]), found, self._condition(max(depth - 1, 0)))
        return found

    def assign(self, variable: str, value: Expr) -> Assign:
        """Gives a variable another version."""
        self.counter += 1
        self.versions[variable] = self.counter
        return Assign(variable, self.counter, ap("mod", value, n(4)))

    def _assign(self, depth: int) -> Statement:
        value = self.value(2)
        return self.assign(self.random.choice(VARIABLES), value)

    def _assume(self, depth: int) -> Statement:
        return Assume(ap("or", self._condition(1), self._condition(1)))

    def _local(self, wish: str) -> Local:
        self.names += 1
        return Local(INT, f"{wish}.{self.names}")

    def _define(self, depth: int) -> Statement:
        value, local = self.value(2), self._local("d")
        self.locals.append(local)
        return Define(local, value)

    def _choose(self, depth: int) -> Statement:
        domain = ap("set_make", self.value(1), self.value(0))
        local = self._local("c")
        self.locals.append(local)
        return Choose(local, domain, f"choice{self.names}")

    def _arms(self, count: int, depth: int) -> tuple[list[Block], tuple[Join, ...]]:
        before, ends, blocks = dict(self.versions), [], []
        for _ in range(count):
            self.versions = dict(before)
            blocks.append(() if self.random.random() < 0.2 else self.block(depth - 1))
            ends.append(self.versions)
        self.versions = dict(before)
        joins = []
        for v in before:
            if any(end[v] != before[v] for end in ends):
                self.counter += 1
                joins.append(Join(v, self.counter, tuple(end[v] for end in ends)))
                self.versions[v] = self.counter
        return blocks, tuple(joins)

    def _alternatives(self, depth: int) -> Statement:
        blocks, joins = self._arms(self.random.randint(1, 3), depth)
        return Alternatives(tuple(Branch(f"b{k}", each) for k, each in enumerate(blocks)), joins)

    def _split(self, depth: int) -> Statement:
        condition = self._condition(1)
        (then, otherwise), joins = self._arms(2, depth)
        return Split(condition, then, otherwise, joins)

    def _perform(self, depth: int) -> Statement:
        action = self.random.choice(self.programs.actions)
        args = tuple(self.value(1) for _ in action.params)
        results = []
        for name, _ in action.writes:
            self.counter += 1
            self.versions[name] = self.counter
            results.append(Defined(name, self.counter))
        return Perform(action.key, args, tuple(results))
