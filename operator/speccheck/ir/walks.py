"""Walks over expressions and statements that do not recurse over expressions, so depth costs no stack.

They take nodes as they are, verified or not, and give each distinct node once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from speccheck.ir.nodes import (
    Alternatives,
    Apply,
    Assign,
    Assume,
    Bind,
    Block,
    Choose,
    Const,
    Define,
    Expr,
    Fold,
    Invoke,
    Let,
    Local,
    Match,
    Param,
    Perform,
    Read,
    Split,
    Statement,
    blocks,
    children,
)


def bottom_up(
    roots: Iterable[Expr], seen: set[int], below: Callable[[Expr], tuple[Expr, ...]] = children
) -> Iterator[Expr]:
    """Every node reachable from the roots, after the nodes below it.

    `seen` holds the ids of nodes to leave out with all below them; those given are added to it.
    """
    for root in roots:
        stack = [(root, False)]
        while stack:
            node, done = stack.pop()
            if done:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(below(node)))


def top_down(roots: Iterable[Expr], seen: set[int]) -> Iterator[Expr]:
    """Every node reachable from the roots, before the nodes below it, in reading order; `seen` as for `bottom_up`."""
    stack = list(reversed(tuple(roots)))
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            stack.extend(reversed(children(node)))


def bound_locals(node: Expr) -> tuple[Local, ...]:
    """The locals that an expression itself binds, in order."""
    match node:
        case Bind(_, _, clauses):
            return tuple(clause.local for clause in clauses)
        case Fold(_, _, _, accumulator, items):
            return (accumulator, *items)
        case Let(_, local):
            return (local,)
        case Match(_, _, arms):
            return tuple(arm.local for arm in arms)
        case Const() | Param() | Read() | Local() | Apply() | Invoke():
            return ()


def defined_local(statement: Statement) -> Local | None:
    """The local that a statement defines for what comes after it."""
    match statement:
        case Define(local) | Choose(local):
            return local
        case Assume() | Assign() | Alternatives() | Split() | Perform():
            return None


def in_order(block: Block) -> Iterator[Statement]:
    """Every statement of a block and of the blocks inside it, outer before inner, in the order written."""
    stack = list(reversed(block))
    while stack:
        statement = stack.pop()
        yield statement
        for inner in reversed(blocks(statement)):
            stack.extend(reversed(inner))


_PARTIAL = frozenset(("floordiv", "mod", "pow", "map_get", "map_replace", "list_get", "list_replace", "list_slice"))
_ENDLESS = frozenset(("ints", "unsigned_ints"))


def may_be_undefined(root: Expr) -> bool:
    """Whether an expression could be without a value, as far as its operations tell; too large does not count."""
    bound: set[str] = set()
    for node in top_down([root], set()):
        match node:
            case Apply(_, op) if op in _PARTIAL | _ENDLESS:
                return True
            case Bind(_, "choose") | Invoke():
                return True
            case Local(_, name) if name not in bound:
                return True
            case Bind() | Fold() | Match():
                bound |= {local.name for local in bound_locals(node)}
            case _:
                pass
    return False
