"""What an expression mentions, for telling why it has no value: variables, parameters, locals."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TypeAlias, assert_never

from speccheck.ir.nodes import Apply, Bind, Const, Expr, Fold, Invoke, Let, Local, Match, Param, Read, children
from speccheck.ir.pieces import Style

Leaf: TypeAlias = Read | Param | Local

_MAX_FOUND = 12
"""How many a failure tells of at most."""


def mentioned(node: Expr) -> Iterable[Leaf]:
    """The variables, parameters and locals in an expression, but for those inside a binder's body."""
    found: dict[tuple[str, int], Leaf] = {}
    waiting, visited = [node], set[int]()
    while waiting and len(found) < _MAX_FOUND:
        each = waiting.pop(0)
        if id(each) in visited:
            continue
        visited.add(id(each))
        match each:
            case Read(_, variable, version):
                found.setdefault((variable, version), each)
            case Param(_, name) | Local(_, name):
                found.setdefault((name, -1), each)
            case Bind(_, _, clauses):
                waiting.append(clauses[0].domain)
            case Fold() | Match() | Let():
                waiting.append(children(each)[0])
            case Const() | Apply() | Invoke():
                waiting.extend(children(each))
            case _:
                assert_never(each)
    return found.values()


def shown_name(leaf: Leaf, style: Style, taken: Container[str]) -> str:
    """The author's name for it; what shares a name with another is told apart."""
    match leaf:
        case Read(_, variable, version):
            return f"{variable}@{version}" if variable in taken else variable
        case Param(_, name):
            return name
        case Local(_, name):
            shown = style.local(name)
            return f"{shown} (local)" if shown in taken else shown
