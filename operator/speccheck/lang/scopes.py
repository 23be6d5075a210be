"""Checks that a captured definition uses only what is in scope where it is used.

Python lets an author carry an expression out of the lambda, branch or action it was made in; its
meaning ends there, so such a use is a SpecError at the place that uses it.
"""

from __future__ import annotations

from speccheck.ir.nodes import (
    Alternatives,
    Bind,
    Block,
    Choose,
    Define,
    Expr,
    Fold,
    Let,
    Local,
    Match,
    Read,
    Split,
    children,
    expressions,
)
from speccheck.ir.temporals import Formula, Quantifier, leaves, operands
from speccheck.lang.builders import Frame
from speccheck.lang.spans import span_of, spec_error


def check_frame(frame: Frame, params: tuple[Local, ...], block: Block) -> None:
    """Every local in scope and every read of this definition's own state; SpecError otherwise."""
    _check_block(block, frozenset(p.name for p in params), frame.owned)


def check_function(params: tuple[Local, ...], body: Expr) -> None:
    """Every local of a named function in scope, and no state but through its parameters."""
    _check(body, frozenset(p.name for p in params), set(), {}, body)


def check_property(body: Expr) -> None:
    """Every local of a property's body in scope."""
    _check(body, frozenset(), None, {}, body)


def check_formula(root: Formula) -> None:
    """Every local of a temporal property in scope."""
    _check_formula(root, frozenset())


def _check_formula(node: Formula, scope: frozenset[str]) -> None:
    if isinstance(node, Quantifier):
        for clause in node.clauses:
            _check(clause.domain, scope, None, {}, clause.domain)
            scope |= {clause.local.name}
    else:
        for each in leaves(node):
            _check(each, scope, None, {}, each)
    for below in operands(node):
        _check_formula(below, scope)


def _check_block(block: Block, scope: frozenset[str], owned: set[int]) -> None:
    for statement in block:
        for expression in expressions(statement):
            _check(expression, scope, owned, {}, statement)
        match statement:
            case Choose(local) | Define(local):
                scope |= {local.name}
            case Alternatives(branches):
                for branch in branches:
                    _check_block(branch.block, scope, owned)
            case Split(_, then, otherwise):
                _check_block(then, scope, owned)
                _check_block(otherwise, scope, owned)
            case _:
                pass


def _check(
    node: Expr, scope: frozenset[str], owned: set[int] | None, seen: dict[int, list[frozenset[str]]], user: object
) -> None:
    """`seen` keeps, per node, the scopes it was found good in: a shared node is checked once in each."""
    if any(known <= scope for known in seen.get(id(node), ())):
        return
    seen.setdefault(id(node), []).append(scope)
    match node:
        case Local(_, name) if name not in scope:
            raise spec_error(
                "out-of-scope",
                f"{name.rsplit('.', 1)[0]!r} is used outside of the lambda, generator, branch or action it belongs to",
                "use it where it is bound, or choose it before the branches",
                span=span_of(user) or span_of(node),
            )
        case Read(_, name, _) if owned is not None and id(node) not in owned:
            raise spec_error(
                "foreign-read",
                f"a value of {name!r} that another action (or the caller) read is used here",
                "read it from this function's own state, or pass it as an argument annotated Annotated[Expr, T]",
                span=span_of(user) or span_of(node),
            )
        case Bind(_, _, clauses, body):
            for clause in clauses:
                _check(clause.domain, scope, owned, seen, user)
                scope |= {clause.local.name}
            _check(body, scope, owned, seen, user)
        case Fold(_, collection, initial, accumulator, items, body):
            _check(collection, scope, owned, seen, user)
            _check(initial, scope, owned, seen, user)
            _check(body, scope | {accumulator.name, *(i.name for i in items)}, owned, seen, user)
        case Let(_, local, value, body):
            _check(value, scope, owned, seen, user)
            _check(body, scope | {local.name}, owned, seen, user)
        case Match(_, subject, arms, default):
            _check(subject, scope, owned, seen, user)
            for arm in arms:
                _check(arm.body, scope | {arm.local.name}, owned, seen, user)
            if default is not None:
                _check(default, scope, owned, seen, user)
        case _:
            for child in children(node):
                _check(child, scope, owned, seen, user)
