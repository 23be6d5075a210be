"""Questions to a syntax tree: which names it binds and loads, and what stands in it outside of nested functions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Functions: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FRAMED = frozenset({"super", "locals", "vars", "dir", "eval", "exec"})


def own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and all below them, but not what belongs to a nested function or class."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def bound(nodes: Iterable[ast.AST]) -> dict[str, int]:
    """The names that statements bind in their own scope, with the first line of each."""
    found: dict[str, int] = {}
    for name, line in _bindings(list(nodes)):
        found[name] = min(line, found.get(name, line))
    return found


def _bindings(waiting: list[ast.AST]) -> Iterator[tuple[str, int]]:
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(name, ast.Store() | ast.Del()):
                yield name, node.lineno
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.ExceptHandler(_, str(name)) | ast.MatchAs(_, str(name)) | ast.MatchStar(str(name)):
                yield name, node.lineno
            case ast.MatchMapping(_, _, str(name)):
                yield name, node.lineno
            case ast.Import(names) | ast.ImportFrom(_, names):
                yield from (((a.asname or a.name).split(".")[0], node.lineno) for a in names)
            case _:
                pass
        if isinstance(node, _COMPREHENSIONS):
            waiting.extend(n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        elif not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def loads(nodes: Iterable[ast.AST]) -> Counter[str]:
    """How often each name is loaded, nested functions included; `x += 1` loads x."""
    found: Counter[str] = Counter()
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found[node.id] += 1
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                found[node.target.id] += 1
    return found


def elsewhere(body: Iterable[ast.AST]) -> set[str]:
    """The names that a function declares to be of an outer scope."""
    return {name for node in own(body) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}


def can_wait(node: ast.AST) -> bool:
    """Whether an expression means the same inside a lambda: it binds nothing, yields nothing, asks for no frame."""
    for each in own([node]):
        if isinstance(each, ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr):
            return False
        if isinstance(each, ast.Name) and each.id in _FRAMED:
            return False
        if isinstance(each, ast.comprehension) and each.is_async:
            return False
    return True


def returns(nodes: Iterable[ast.AST]) -> bool:
    """Whether a `return` of the function itself stands in the nodes."""
    return any(isinstance(node, ast.Return) for node in own(nodes))


def first_name(target: ast.expr) -> str:
    """A name for what a loop's target is bound to."""
    return next((node.id for node in ast.walk(target) if isinstance(node, ast.Name)), "x")
