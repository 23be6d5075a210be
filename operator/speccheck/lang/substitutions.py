"""Copies expressions with some of what they mention put in place of something else.

Takes an expression; gives it as it is where nothing in it changes. A binder that is copied binds other locals than the
original does, for a definition binds each name once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from speccheck.ir.nodes import (
    Apply,
    Arm,
    Bind,
    Clause,
    Const,
    Expr,
    Fold,
    Invoke,
    Let,
    Local,
    Match,
    Param,
    Read,
    children,
)
from speccheck.lang.spans import copied, recorded


class Substitution:
    """What to put in place of locals, by name; `fresh` makes a new local for the copy of one."""

    def __init__(self, locals_: dict[str, Expr], fresh: Callable[[Local], Local]) -> None:
        self.locals = locals_
        self._fresh = fresh
        self._done: dict[int, tuple[Expr, Expr]] = {}

    def leaf(self, node: Expr) -> Expr | None:
        """What to put in place of a node that is no local; None to look into it."""
        return None

    def is_leaf(self, node: Expr) -> bool:
        """Whether `leaf` puts something in place of a node."""
        return False

    def node(self, node: Expr) -> Expr:
        """The expression with everything put in place."""
        kept = self._done.get(id(node))
        if kept is None:
            kept = self._done[id(node)] = (node, self._carried(node))
        return kept[1]

    def _carried(self, node: Expr) -> Expr:
        if isinstance(node, Local) and node.name in self.locals:
            return self.locals[node.name]
        found = self.leaf(node) if self.is_leaf(node) else self._rebuilt(node)
        return node if found is None or found is node else copied(found, node)

    def _all(self, nodes: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return tuple(self.node(node) for node in nodes)

    def _rebuilt(self, node: Expr) -> Expr:
        match node:
            case Const() | Param() | Read() | Local():
                return node
            case Apply(_, _, args) | Invoke(_, _, args):
                carried = self._all(args)
                return node if _same(carried, args) else replace(node, args=carried)
            case _ if not self._is_touched(node):
                return node
            case Let(_, local, value, body):
                return replace(node, value=self.node(value), local=self._renamed(local), body=self.node(body))
            case Fold(_, collection, initial, accumulator, items, body):
                first, second = self._all((collection, initial))
                names = (self._renamed(accumulator), tuple(map(self._renamed, items)))
                return Fold(node.type, first, second, *names, self.node(body))
            case Bind(_, _, clauses, body):
                made = tuple(copied(Clause(self._renamed(c.local), self.node(c.domain)), c) for c in clauses)
                return replace(node, clauses=made, body=self.node(body))
            case Match(_, subject, arms, default):
                made_arms = tuple(copied(Arm(a.tag, self._renamed(a.local), self.node(a.body)), a) for a in arms)
                rest = None if default is None else self.node(default)
                return replace(node, subject=self.node(subject), arms=made_arms, default=rest)

    def _renamed(self, local: Local) -> Local:
        """Another local for the copy of what binds one: a definition binds each name once."""
        made = recorded(self._fresh(local))
        self.locals[local.name] = made
        return made

    def _is_touched(self, root: Expr) -> bool:
        """Whether something below mentions what the branch defines."""
        waiting = [root]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            match node:
                case Local(_, name) if name in self.locals:
                    return True
                case _ if self.is_leaf(node):
                    return True
                case _:
                    waiting.extend(children(node))
        return False


def _same(ones: tuple[Expr, ...], others: tuple[Expr, ...]) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))
