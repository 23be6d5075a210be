"""Which variables no step ever makes less: numbers that are only added to, sets that are only added to.

Takes a Model with a value for every parameter. Gives what its text shows; a variable that is left out may still only
grow. A state beyond what such a variable is known to be later cannot lead there: followers of a run need not look.
"""

from __future__ import annotations

from collections.abc import Mapping

from speccheck.ir.models import Model
from speccheck.ir.nodes import Apply, Assign, Block, Const, Expr, Param, Read
from speccheck.ir.types import IntType, SetType
from speccheck.ir.values import Value
from speccheck.ir.walks import in_order


def rising(model: Model) -> tuple[int, ...]:
    """The slots of the variables, of number or set types, that every assignment in a step leaves as is or adds to."""
    blocks = [model.step.block, *(action.block for action in model.actions)]
    falling = {name for block in blocks for name in _falling(block, model.bindings)}
    return tuple(
        slot
        for slot, variable in enumerate(model.variables)
        if variable.name not in falling and isinstance(variable.type, IntType | SetType)
    )


def _falling(block: Block, bindings: Mapping[str, Value]) -> set[str]:
    assigned = (each for each in in_order(block) if isinstance(each, Assign))
    return {each.variable for each in assigned if not _adds(each.value, each.variable, bindings)}


def _adds(value: Expr, variable: str, bindings: Mapping[str, Value]) -> bool:
    """Whether an expression is never less than the variable was before the step: every version of it is not."""
    match value:
        case Read(_, name):
            return name == variable
        case Apply(_, "add", (one, other)):
            return (_adds(one, variable, bindings) and _positive(other, bindings)) or (
                _adds(other, variable, bindings) and _positive(one, bindings)
            )
        case Apply(_, "set_union", args):
            return any(_adds(each, variable, bindings) for each in args)
        case Apply(_, "ite", (_, one, other)):
            return _adds(one, variable, bindings) and _adds(other, variable, bindings)
        case _:
            return False


def _positive(value: Expr, bindings: Mapping[str, Value]) -> bool:
    """Whether an expression is a number, the same in every state, that is not negative."""
    match value:
        case Const(IntType(), number):
            return bool(number >= 0)
        case Param(IntType(), name):
            return name in bindings and bool(bindings[name] >= 0)
        case Apply(_, "ite", (_, one, other)):
            return _positive(one, bindings) and _positive(other, bindings)
        case _:
            return False
