"""Whether the blocks of actions, of the initial states and of the step are well-formed.

Every version of a variable is defined once and before it is used, on every path; a branching joins what its
branches assign; a performed action gets and gives exactly what it takes and writes. Walks statements in order,
leaves expressions to `ir.definitions`, and raises ModelError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from speccheck.ir.definitions import Definition, Shared
from speccheck.ir.limits import MAX_BLOCK_DEPTH
from speccheck.ir.literals import shown
from speccheck.ir.models import Action, Transition
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Branch,
    Choose,
    Define,
    Join,
    Perform,
    Split,
    Statement,
    expressions,
)
from speccheck.ir.ops import TypeMismatch
from speccheck.ir.typechecks import check_args, check_distinct, check_name, check_same
from speccheck.ir.types import BOOL, SetType
from speccheck.ir.walks import defined_local

_UNREADABLE = "is read where it is not defined on every path"


def check_action(shared: Shared, action: Action) -> None:
    """Raise ModelError unless an action is well-formed; those it performs must have been checked before."""
    definition = Definition(shared, f"action {shown(action.key)}", _UNREADABLE)
    definition.params(action.params)
    walk = _Walk(definition, dict.fromkeys(shared.known.variables, 0))
    walk.whole(action.block, action.writes)
    shared.needs[action.key] = frozenset(walk.needs)


def check_step(shared: Shared, step: Transition) -> None:
    """Raise ModelError unless the step is well-formed."""
    walk = _Walk(Definition(shared, "step", _UNREADABLE), dict.fromkeys(shared.known.variables, 0))
    walk.whole(step.block, step.writes)


def check_initial(shared: Shared, initial: Transition) -> None:
    """Raise ModelError unless the initial block is well-formed and gives every variable a value."""
    definition = Definition(shared, "initial", _UNREADABLE)
    walk = _Walk(definition, dict.fromkeys(shared.known.variables))
    walk.whole(initial.block, initial.writes)
    for name in shared.known.variables:
        if name not in dict(initial.writes):
            raise definition.error(f"variable {shown(name)} gets no initial value on every path")


@dataclass(slots=True)
class _Walk:
    """The way through one block. `current` has each variable's version here, None where it has no value.

    `needs` are the variables used, here or by actions performed, as they are at the start.
    """

    definition: Definition
    current: dict[str, int | None]
    needs: set[str] = field(default_factory=set)
    defined: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.definition.readable = {(name, 0) for name, version in self.current.items() if version == 0}

    def whole(self, block: Block, writes: tuple[tuple[str, int], ...]) -> None:
        start = dict(self.current)
        self._block(block, 1)
        with self.definition.blaming(None, None):
            check_distinct("written variable", (name for name, _ in writes))
        for name, version in writes:
            self._variable(name, None)
            if self.current[name] != version:
                have = "no version" if self.current[name] is None else f"version {self.current[name]}"
                problem = f"{shown(name)} has {have} at the end, where version {version} is listed as written"
                raise self.definition.error(problem)
            self._used(name, version)
        for name in sorted(self.current.keys() - dict(writes).keys()):
            if self.current[name] != start[name]:
                raise self.definition.error(f"{shown(name)} is assigned and not listed as written")

    def _block(self, block: Block, depth: int) -> None:
        """Walk a block; afterwards only `current` tells what was defined in it."""
        if depth > MAX_BLOCK_DEPTH:
            raise self.definition.error(f"blocks are nested deeper than {MAX_BLOCK_DEPTH}")
        before = self.definition.scope, self.definition.readable
        self.definition.shared.work.spend(1 + len(before[0]) + len(before[1]))
        self.definition.scope, self.definition.readable = set(before[0]), set(before[1])
        for statement in block:
            self._statement(statement, depth)
        self.definition.scope, self.definition.readable = before

    def _statement(self, statement: Statement, depth: int) -> None:
        for expr in expressions(statement):
            self.definition.expression(expr, statement)
            for key in self.definition.shared.uses.of(expr):
                if isinstance(key, tuple):
                    self._used(*key)
        with self.definition.blaming(None, statement):
            match statement:
                case Assume(condition):
                    check_same("an assumption", condition.type, BOOL)
                case Assign(variable, version, value):
                    self._assign(variable, version, statement)
                    check_same(shown(variable), value.type, self.definition.shared.known.variables[variable])
                case Define(local, value):
                    check_same(f"the value of {shown(local.name)}", value.type, local.type)
                case Choose(local, domain, name):
                    check_name(name)
                    check_same("the domain of one_of", domain.type, SetType(local.type))
                case Alternatives(branches, joins):
                    _check(bool(branches), "alternatives need a branch")
                    check_distinct("branch", (branch.name for branch in branches))
                    self._branching(statement, branches, joins, depth)
                case Split(condition, then, otherwise, joins):
                    check_same("the condition of a split", condition.type, BOOL)
                    self._branching(statement, (Branch("then", then), Branch("otherwise", otherwise)), joins, depth)
                case Perform():
                    self._perform(statement)
                case _:
                    assert_never(statement)
        defined = defined_local(statement)
        if defined is not None:
            self.definition.bind(defined, None, statement)
            self.definition.scope.add(defined.name)

    def _variable(self, name: str, statement: Statement | None) -> None:
        if name not in self.current:
            raise self.definition.error(f"there is no variable {shown(name)}", None, statement)

    def _used(self, name: str, version: int) -> None:
        if version == 0:
            self.needs.add(name)

    def _assign(self, name: str, version: int, statement: Statement) -> None:
        self._variable(name, statement)
        _check(version > 0, f"version {version} of {shown(name)} cannot be assigned: it is what there is at the start")
        _check((name, version) not in self.defined, f"version {version} of {shown(name)} is assigned twice")
        self.defined.add((name, version))
        self.definition.readable.add((name, version))
        self.current[name] = version

    def _branching(
        self, statement: Statement, branches: tuple[Branch, ...], joins: tuple[Join, ...], depth: int
    ) -> None:
        before, ends = self.current, []
        self.definition.shared.work.spend(len(before) * (len(branches) + 1))
        for branch in branches:
            self.current = dict(before)
            self._block(branch.block, depth + 1)
            ends.append(self.current)
        self.current = dict(before)
        check_distinct("joined variable", (join.variable for join in joins))
        joined = {join.variable for join in joins}
        for name in sorted(before.keys() - joined):
            if any(end[name] != before[name] for end in ends):
                _check(any(end[name] is None for end in ends), f"{shown(name)} is assigned in a branch and not joined")
                self.current[name] = None
        for join in joins:
            self._join(join, branches, ends, statement)

    def _join(
        self, join: Join, branches: tuple[Branch, ...], ends: list[dict[str, int | None]], statement: Statement
    ) -> None:
        self._variable(join.variable, statement)
        name = shown(join.variable)
        _check(len(join.sources) == len(ends), f"{name} is joined from {len(join.sources)} of {len(ends)} branches")
        for branch, end, source in zip(branches, ends, join.sources, strict=True):
            found = "no version" if end[join.variable] is None else f"version {end[join.variable]}"
            where = f"{name} is joined from version {source} of branch {shown(branch.name)}"
            _check(end[join.variable] == source, f"{where}, which ends with {found}")
            self._used(join.variable, source)
        self._assign(join.variable, join.version, statement)

    def _perform(self, statement: Perform) -> None:
        key = shown(statement.action)
        action = self.definition.shared.actions.get(statement.action)
        if action is None:
            raise self.definition.error(f"there is no action {key}", None, statement)
        check_args(f"action {key}", statement.args, action.params)
        for name in sorted(self.definition.shared.needs[action.key]):
            version = self.current[name]
            if version is None:
                raise self.definition.error(f"{key} uses {shown(name)}, which may have no value here", None, statement)
            self._used(name, version)
        check_distinct("result", (result.variable for result in statement.results))
        given, written = {result.variable for result in statement.results}, {name for name, _ in action.writes}
        _check(given <= written, f"{key} does not write {_listed(given - written)}")
        _check(written <= given, f"{key} writes {_listed(written - given)}, which gets no version here")
        for result in statement.results:
            self._assign(result.variable, result.version, statement)


def _check(condition: bool, problem: str) -> None:
    if not condition:
        raise TypeMismatch(problem)


def _listed(names: set[str]) -> str:
    return ", ".join(map(shown, sorted(names)))
