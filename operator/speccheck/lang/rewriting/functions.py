"""Rewrites one function where its module came another way than through the loader or the import hook.

The function's own lines are found in its file, transformed and compiled anew; the new function keeps the closure's
cells, the globals, defaults and names of the old one. Where the source cannot be had, or is not what was compiled (code
made by `exec`, a class's private names, another tool's rewriting), the function stays as it is: the overloaded
operators still work, and raise with the way out.
"""

from __future__ import annotations
import __future__

import ast
import copy
import linecache
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import TypeVar

from speccheck.lang.rewriting.expressions import NAME
from speccheck.lang.rewriting.hooks import HOOKS
from speccheck.lang.rewriting.sources import Brackets
from speccheck.lang.rewriting.statements import Statements

Function = TypeVar("Function")

_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_FACTORY = "_speccheck_factory"


def plain_python(function: Function) -> Function:
    """The function rewritten; itself where it is rewritten already or cannot be."""
    if not isinstance(function, FunctionType) or NAME in function.__globals__ or NAME in function.__code__.co_freevars:
        return function
    code = _rewritten(function)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)) | {NAME: CellType(HOOKS)}
    if code is None or not cells.keys() >= set(code.co_freevars):
        return function
    made = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, tuple(cells[n] for n in code.co_freevars)
    )
    for name in ("__kwdefaults__", "__annotations__", "__qualname__", "__module__", "__doc__", "__type_params__"):
        if hasattr(function, name):
            setattr(made, name, getattr(function, name))
    vars(made).update(vars(function))
    return made  # type: ignore[return-value]


def _rewritten(function: FunctionType) -> CodeType | None:
    old = function.__code__
    source = "".join(linecache.getlines(old.co_filename, function.__globals__))
    if not source or "__class__" in old.co_freevars:
        return None
    node = _nodes(source).get((old.co_name, old.co_firstlineno))
    if node is None or not _is_same(_compiled(node, function), old):
        return None
    return _compiled(_transformed(node, source), function)


@lru_cache(maxsize=256)
def _nodes(source: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a source, by name and first line; those that share both are left out."""
    found: dict[tuple[str, int], ast.FunctionDef] = {}
    try:
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError):
        return {}
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        found[node.name, first] = node
    return found if len(found) == len(nodes) else {}


def _transformed(node: ast.FunctionDef, source: str) -> ast.FunctionDef:
    made = Statements(Brackets(source).bare).visit(copy.deepcopy(node))
    assert isinstance(made, ast.FunctionDef)
    return ast.fix_missing_locations(made)


def _compiled(node: ast.FunctionDef, function: FunctionType) -> CodeType | None:
    """The code of a function that closes over what another does, and over the hooks."""
    bare = copy.copy(node)
    bare.decorator_list = []
    names = [*function.__code__.co_freevars, NAME]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    factory = ast.FunctionDef(_FACTORY, arguments, [bare], [])
    factory.type_params = []  # type: ignore[attr-defined,unused-ignore]
    ast.copy_location(factory, node)
    module = ast.fix_missing_locations(ast.Module([factory], []))
    flags = function.__code__.co_flags & _FUTURE
    outer = compile(module, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    return _code_of(_code_of(outer, _FACTORY), node.name)


def _code_of(code: CodeType | None, name: str) -> CodeType | None:
    consts = () if code is None else code.co_consts
    return next((c for c in consts if isinstance(c, CodeType) and c.co_name == name), None)


def _is_same(made: CodeType | None, old: CodeType) -> bool:
    return made is not None and made.co_code == old.co_code and made.co_names == old.co_names
