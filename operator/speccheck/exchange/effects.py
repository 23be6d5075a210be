"""What actions do, as far as it decides how their calls are written: what they read, and whether they choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from speccheck.ir.models import Action
from speccheck.ir.nodes import Alternatives, Block, Choose, Perform, Read, Split, expressions
from speccheck.ir.walks import bottom_up, in_order


def entries(actions: Iterable[Action]) -> dict[str, frozenset[str]]:
    """By action: the variables whose values where it begins its formula may mention. Callees come first."""
    found: dict[str, frozenset[str]] = {}
    for action in actions:
        needed: set[str] = set()
        for statement in in_order(action.block):
            for expr in expressions(statement):
                needed |= {n.variable for n in bottom_up((expr,), set()) if isinstance(n, Read) and n.version == 0}
            match statement:
                case Perform(key):
                    needed |= found[key]
                case Alternatives(_, joins) | Split(_, _, _, joins):
                    needed |= {join.variable for join in joins if 0 in join.sources}
                case _:
                    pass
        found[action.key] = frozenset(needed)
    return found


def chooses(block: Block, choosy: Mapping[str, bool]) -> bool:
    """Whether a block has a choice in it; `choosy` says so of the actions that it may perform."""
    return any(
        isinstance(each, Choose | Alternatives) or (isinstance(each, Perform) and choosy[each.action])
        for each in in_order(block)
    )


def choosy_actions(actions: Iterable[Action]) -> dict[str, bool]:
    """By action: whether there is a choice in it. Callees come first."""
    found: dict[str, bool] = {}
    for action in actions:
        found[action.key] = chooses(action.block, found)
    return found
