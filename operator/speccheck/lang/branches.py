"""Refuses Python names that are bound in a branch of a step and used after it.

A branch is captured by running its lines, so a name bound there would keep what the last branch gave it,
whichever branch is taken. Takes a source file; a branch is a `with` without `as` on a name, an item or next(…).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from speccheck.lang.spans import node_span, spec_error


def check_branches(file: Path) -> None:
    """Check every function of a file; SpecError at the first use of a name that a branch before it has bound."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.FunctionDef):
            _Uses(file).block(node.body)


class _Uses:
    """Follows one function in the order of its lines; `bound` are the names whose value depends on the branch taken."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.bound: set[str] = set()

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.With() if _is_branch(node):
                self._names(node.items[0].context_expr)
                self.block(node.body)
                self.bound |= _stored(node.body)
            case ast.With(items, body):
                for item in items:
                    self._names(item)
                self.block(body)
            case ast.If(test, body, orelse) | ast.While(test, body, orelse):
                self._names(test)
                self._either(body, orelse)
            case ast.For(target, iterable, body, orelse):
                self._names(iterable)
                self._names(target)
                self._either(body, orelse)
            case ast.Try(body, handlers, orelse, final):
                self._either(body, *(h.body for h in handlers))
                self.block([*orelse, *final])
            case ast.Assign(targets, value):
                self._names(value)
                for target in targets:
                    self._names(target)
            case ast.AugAssign(ast.Name(name), _, value):
                self._names(value)
                self._use(name, node)
            case _:
                self._names(node)

    def _either(self, *blocks: Iterable[ast.stmt]) -> None:
        before, after = set(self.bound), set[str]()
        for each in blocks:
            self.bound = set(before)
            self.block(each)
            after |= self.bound
        self.bound = after

    def _names(self, node: ast.AST) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
                self._use(each.id, each)
        self.bound -= _stored([node])

    def _use(self, name: str, node: ast.expr | ast.stmt) -> None:
        if name in self.bound:
            raise spec_error(
                "bound-in-branch",
                f"{name!r} is bound inside a branch and used after it: it would not be the value of the branch taken",
                "assign a state variable in the branches, or write Ite(condition, a, b)",
                span=node_span(str(self._file), node),
            )


def _is_branch(node: ast.With) -> bool:
    if len(node.items) != 1 or node.items[0].optional_vars is not None:
        return False
    entered = node.items[0].context_expr
    drawn = isinstance(entered, ast.Call) and isinstance(entered.func, ast.Name) and entered.func.id == "next"
    return drawn or isinstance(entered, ast.Name | ast.Subscript)


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that statements bind, those of functions and comprehensions inside them left out."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif not isinstance(node, ast.Lambda | ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
            waiting.extend(ast.iter_child_nodes(node))
    return found
