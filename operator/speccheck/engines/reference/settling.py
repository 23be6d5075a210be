"""Which choices settle what variables become: in `with c.one_of(S) as x: … s.v = x` the next value of `v` is `x`.

Takes a Model. Gives for each choice of its step the variables that have the chosen value after every step in which the
choice is made. Where it is known what a step led to, such a choice need not be tried with anything else. Assignments
are followed backwards, as in program slicing (Weiser, "Program slicing", ICSE 1981). What the text does not show is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from speccheck.ir.models import Action, Model
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Choose,
    Define,
    Expr,
    Join,
    Local,
    Perform,
    Split,
    Statement,
)

Slots: TypeAlias = frozenset[int]
"""Variables, by their places in a state."""

_Goals: TypeAlias = frozenset[tuple[str, int, int]]
"""Which version of which variable is its value after the step, and the variable's slot."""

_Settled: TypeAlias = frozenset[tuple[str, int]]
"""Locals, and the slots whose values after the step are theirs."""


def settling(model: Model) -> Mapping[int, Slots]:
    """The slots that each choice settles, by the id of the statement; choices that settle none are not in it."""
    finding = _Finding({action.key: action for action in model.actions})
    slots = {variable.name: slot for slot, variable in enumerate(model.variables)}
    goals = frozenset((name, version, slots[name]) for name, version in model.step.writes)
    finding.block(model.step.block, goals, frozenset())
    return {node: slots for node, slots in finding.found.items() if slots}


@dataclass(slots=True)
class _Finding:
    """What is found so far: of a choice that stands in an action, what it settles wherever that is performed."""

    actions: Mapping[str, Action]
    found: dict[int, Slots] = field(default_factory=dict)
    _done: dict[tuple[str, _Goals], _Settled] = field(default_factory=dict)

    def block(self, block: Block, goals: _Goals, after: _Settled) -> _Settled:
        """What is settled from a block's beginning on, where `after` is from its end on."""
        for statement in reversed(block):
            after = after | self._statement(statement, goals, after)
        return after

    def _statement(self, statement: Statement, goals: _Goals, after: _Settled) -> _Settled:
        """What a statement settles, before what comes after it."""
        match statement:
            case Assign(variable, version, value):
                return _same(value, (slot for name, number, slot in goals if (name, number) == (variable, version)))
            case Define(local, value):
                return _same(value, (slot for name, slot in after if name == local.name))
            case Choose(local):
                self._settle(statement, frozenset(slot for name, slot in after if name == local.name))
                return frozenset()
            case Alternatives(branches, joins):
                return self._arms([branch.block for branch in branches], joins, goals, after)
            case Split(_, then, otherwise, joins):
                return self._arms([then, otherwise], joins, goals, after)
            case Perform():
                return self._perform(statement, goals)
            case Assume():
                return frozenset()
            case _:
                assert_never(statement)

    def _arms(self, arms: Sequence[Block], joins: Sequence[Join], goals: _Goals, after: _Settled) -> _Settled:
        """What every arm settles."""
        settled = [self.block(arm, goals | _joined(joins, goals, n), after) for n, arm in enumerate(arms)]
        return frozenset.intersection(*settled) if settled else frozenset()

    def _perform(self, node: Perform, goals: _Goals) -> _Settled:
        action = self.actions[node.action]
        ends = dict(action.writes)
        wanted = {(name, version): slot for name, version, slot in goals}
        results = [(each.variable, wanted.get((each.variable, each.version))) for each in node.results]
        inner = frozenset((name, ends[name], slot) for name, slot in results if slot is not None and name in ends)
        settled = self._body(action, inner)
        places = {param.name: place for place, param in enumerate(action.params)}
        return frozenset(
            pair for name, slot in settled if name in places for pair in _same(node.args[places[name]], [slot])
        )

    def _body(self, action: Action, goals: _Goals) -> _Settled:
        key = (action.key, goals)
        if key not in self._done:
            self._done[key] = self.block(action.block, goals, frozenset())
        return self._done[key]

    def _settle(self, node: Choose, slots: Slots) -> None:
        self.found[id(node)] = self.found.get(id(node), slots) & slots


def _joined(joins: Iterable[Join], goals: _Goals, arm: int) -> _Goals:
    """The goals of an arm: what it leaves of the versions that are goals after the join."""
    wanted = {(name, version): slot for name, version, slot in goals}
    found = ((join.variable, join.sources[arm], wanted.get((join.variable, join.version))) for join in joins)
    return frozenset((name, source, slot) for name, source, slot in found if slot is not None)


def _same(value: Expr, slots: Iterable[int]) -> _Settled:
    """A local, where the value is one and nothing else, settles what the value does."""
    return frozenset((value.name, slot) for slot in slots) if isinstance(value, Local) else frozenset()
