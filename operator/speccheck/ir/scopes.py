"""Which locals and versions an expression uses, and whether a block uses locals only where they are bound.

Takes expressions and blocks as they are, verified or not. Types are no matter here; versions are only listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, assert_never

from speccheck.errors import ModelError
from speccheck.ir.limits import MAX_BLOCK_DEPTH, MAX_WORK
from speccheck.ir.nodes import (
    Apply,
    Bind,
    Block,
    Const,
    Expr,
    Fold,
    Invoke,
    Let,
    Local,
    Match,
    Param,
    Read,
    Statement,
    blocks,
    expressions,
)
from speccheck.ir.walks import bottom_up, defined_local

Uses: TypeAlias = Mapping[str | tuple[str, int], Local | Read]
"""By a local's name, or a variable and its version: the first node that uses it."""


class Work:
    """A budget of steps, so that a Model made to be slow is refused instead."""

    def __init__(self, steps: int = MAX_WORK) -> None:
        self._steps = steps
        self._left = steps

    def spend(self, steps: int) -> None:
        """Take some steps; ModelError where they are used up."""
        self._left -= steps
        if self._left < 0:
            raise ModelError(f"the model is too tangled: verifying it takes more than {self._steps:,} steps")


class UseTable:
    """What expressions use that they do not bind themselves, each node worked out once."""

    def __init__(self, work: Work) -> None:
        self._known: dict[int, Uses] = {}
        self._seen: set[int] = set()
        self._work = work

    def of(self, expr: Expr) -> Uses:
        """The free locals and the versions that an expression uses."""
        for node in bottom_up((expr,), self._seen):
            self._known[id(node)] = self._found(node)
        return self._known[id(expr)]

    def _found(self, node: Expr) -> Uses:
        match node:
            case Const() | Param():
                return {}
            case Read(_, variable, version):
                return {(variable, version): node}
            case Local(_, name):
                return {name: node}
            case Apply(_, _, args) | Invoke(_, _, args):
                return self._merged(self._below(arg) for arg in args)
            case Bind(_, _, clauses, body):
                uses = self._below(body)
                for clause in reversed(clauses):
                    uses = self._merged((self._below(clause.domain), self._without(uses, clause.local)))
                return uses
            case Fold(_, collection, initial, accumulator, items, body):
                outside = (self._below(collection), self._below(initial))
                return self._merged((*outside, self._without(self._below(body), accumulator, *items)))
            case Let(_, local, value, body):
                return self._merged((self._below(value), self._without(self._below(body), local)))
            case Match(_, subject, arms, default):
                inside = (self._without(self._below(arm.body), arm.local) for arm in arms)
                rest = () if default is None else (self._below(default),)
                return self._merged((self._below(subject), *inside, *rest))
            case _:
                assert_never(node)

    def _below(self, node: Expr) -> Uses:
        return self._known[id(node)]

    def _without(self, uses: Uses, *bound: Local) -> Uses:
        names = {local.name for local in bound}
        if names.isdisjoint(uses):
            return uses
        self._work.spend(len(uses))
        return {key: node for key, node in uses.items() if key not in names}

    def _merged(self, parts: Iterable[Uses]) -> Uses:
        parts = tuple(parts)
        largest = max(parts, key=len, default={})
        self._work.spend(1 + sum(map(len, parts)) - len(largest))
        if all(part.keys() <= largest.keys() for part in parts):
            return largest
        self._work.spend(len(largest))
        merged: dict[str | tuple[str, int], Local | Read] = {}
        for part in parts:
            for key, node in part.items():
                merged.setdefault(key, node)
        return merged


def out_of_scope(params: tuple[Local, ...], block: Block) -> tuple[Local, Statement] | None:
    """The first use of a local outside its scope, and the statement it is in; None where there is none.

    A local made by a statement is in scope from the next statement to the end of the block it is made in,
    blocks nested there included. Raises ModelError for blocks nested deeper than `MAX_BLOCK_DEPTH`.
    """
    return _first_outside(block, {local.name for local in params}, UseTable(Work()), 1)


def _first_outside(block: Block, scope: set[str], uses: UseTable, depth: int) -> tuple[Local, Statement] | None:
    if depth > MAX_BLOCK_DEPTH:
        raise ModelError(f"blocks are nested deeper than {MAX_BLOCK_DEPTH}")
    inner = set(scope)
    for statement in block:
        for expr in expressions(statement):
            for node in uses.of(expr).values():
                if isinstance(node, Local) and node.name not in inner:
                    return node, statement
        for nested in blocks(statement):
            found = _first_outside(nested, inner, uses, depth + 1)
            if found is not None:
                return found
        defined = defined_local(statement)
        if defined is not None:
            inner.add(defined.name)
    return None
