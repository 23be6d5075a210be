"""Blocks of statements compiled to closures that take every way of going through them.

A compiled block is a function of a frame and a `Walk`. It raises like `evaluations`: statements run in
the order written, so an error counts exactly when every assume before it held. An action's arguments are
evaluated at most once: where they are first used, or for the label when the way is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, assert_never

from speccheck.engines.reference.statements import (
    Body,
    Link,
    Performing,
    Run,
    arrival,
    assigning,
    assuming,
    branching,
    choosing,
    complete,
    labelled,
    moving,
    picker,
    resumption,
    returning,
    splitting,
    unlabelled,
    watched,
)
from speccheck.engines.reference.walks import Watch
from speccheck.errors import ModelError
from speccheck.evaluation.binders import options
from speccheck.evaluation.scopes import Scope
from speccheck.ir.models import Action
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Block,
    Choose,
    Define,
    Expr,
    Join,
    Perform,
    Split,
    Statement,
    expressions,
)
from speccheck.ir.walks import in_order

Versions: TypeAlias = dict[str, int]
"""The version each variable has at a point of a block."""


def roots(block: Block) -> Iterator[Expr]:
    """Every expression that stands directly in a statement of the block, nested blocks included."""
    for statement in in_order(block):
        yield from expressions(statement)


class Steps:
    """Compiles the blocks of one definition; `actions` gives the bodies of others, `watch` is told what ends a way."""

    def __init__(
        self,
        scope: Scope,
        variables: Sequence[str],
        actions: Callable[[str], tuple[Action, Body]],
        *,
        labels: bool,
        watch: Watch | None = None,
    ) -> None:
        self._scope = scope
        self._variables = variables
        self._actions = actions
        self._labels = labels
        self._watch = watch

    def transition(self, block: Block, writes: Iterable[tuple[str, int]]) -> Run:
        """A whole initial block or step: it ends by telling the walk of the next state."""
        versions = dict(writes)
        slots = [self._scope.version(name, versions.get(name, 0)) for name in self._variables]
        return self._block(block, dict.fromkeys(self._variables, 0))(self._arrival(slots))

    def _arrival(self, slots: list[int]) -> Run:
        state = picker(slots)
        return arrival(complete(state, self._variables) if self._scope.checked else state)

    def body(self, block: Block, writes: Iterable[tuple[str, int]]) -> Body:
        """An action: it ends by resuming its caller."""
        caller = self._scope.spare()
        run = self._block(block, dict.fromkeys(self._variables, 0))(returning(caller))
        slots = {name: self._scope.version(name, version) for name, version in writes}
        return Body(run, self._scope.blank(), caller, slots)

    def _block(self, block: Block, versions: Versions) -> Link:
        links: list[Link] = []
        for statement in block:
            links.append(self._statement(statement, versions))
            versions = versions | _defined(statement)

        def link(then: Run) -> Run:
            for each in reversed(links):
                then = each(then)
            return then

        return link

    def _statement(self, statement: Statement, versions: Versions) -> Link:
        match statement:
            case Assume(condition):
                return assuming(watched(self._scope.code(condition).run, statement, self._scope, self._watch))
            case Assign(variable, version, value):
                return assigning(self._scope.code(value).run, self._scope.version(variable, version))
            case Define(local, value):
                self._scope.define(local, value)
                return lambda then: then
            case Choose(local, domain):
                drawn = watched(options(self._scope, domain), statement, self._scope, self._watch)
                return choosing(statement, drawn, self._scope.choose(local), self._scope.context.spend)
            case Alternatives():
                return self._alternatives(statement, versions)
            case Split():
                return self._split(statement, versions)
            case Perform():
                return self._perform(statement, versions)
            case _:
                assert_never(statement)

    def _alternatives(self, node: Alternatives, versions: Versions) -> Link:
        arms = [self._arm(b.block, versions, node.joins, n) for n, b in enumerate(node.branches)]
        names, spend = [branch.name for branch in node.branches], self._scope.context.spend
        return lambda then: branching(node, names, [arm(then) for arm in arms], spend)

    def _split(self, node: Split, versions: Versions) -> Link:
        condition = self._scope.code(node.condition).run
        first = self._arm(node.then, versions, node.joins, 0)
        second = self._arm(node.otherwise, versions, node.joins, 1)
        return lambda then: splitting(condition, first(then), second(then))

    def _arm(self, block: Block, versions: Versions, joins: tuple[Join, ...], number: int) -> Link:
        inner = self._block(block, versions)
        moves = [
            (self._scope.version(j.variable, j.version), self._scope.version(j.variable, j.sources[number]))
            for j in joins
        ]
        return lambda then: inner(moving(moves, then) if moves else then)

    def _perform(self, node: Perform, versions: Versions) -> Link:
        action, body = self._actions(node.action)
        slots = [self._scope.version(name, versions[name]) for name in self._variables]
        arguments = [self._scope.argument(arg) for arg in node.args]
        unknown = [r.variable for r in node.results if r.variable not in body.writes]
        if unknown or len(arguments) != len(action.params):
            raise ModelError(f"a call of {action.name} does not fit it: {', '.join(unknown) or 'arguments'}")
        moves = [(self._scope.version(r.variable, r.version), body.writes[r.variable]) for r in node.results]
        perform = labelled if self._labels else unlabelled
        spend = self._scope.context.spend
        return lambda then: perform(Performing(action, body, slots, arguments, resumption(moves, then, spend)))


def _defined(statement: Statement) -> Versions:
    match statement:
        case Assign(variable, version):
            return {variable: version}
        case Perform(_, _, results):
            return {each.variable: each.version for each in results}
        case Alternatives(_, joins) | Split(_, _, _, joins):
            return {each.variable: each.version for each in joins}
        case Assume() | Define() | Choose():
            return {}
        case _:
            assert_never(statement)
