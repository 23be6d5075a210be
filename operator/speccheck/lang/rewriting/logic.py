"""What `and`, `or`, `not`, `x if c else y`, chained comparisons, `in` and `is` do in a rewritten module.

Later operands come as functions without arguments, so that Python's own laziness is kept on Python values. Once an
operand is an expression all the rest are captured, and the result is an expression that is as lazy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import Enum, EnumMeta
from functools import partial
from types import FunctionType
from typing import Any, TypeAlias, cast

from speccheck.ir.types import BOOL, ListType, MapType, SetType
from speccheck.lang.activities import only_values
from speccheck.lang.constructors import And, Ite, Not, Or
from speccheck.lang.exprs import Expr, constant, lift, type_of
from speccheck.lang.hints import NO_VALUE
from speccheck.lang.orders import ordered
from speccheck.lang.rewriting.unmerged import Unmerged
from speccheck.lang.spans import spec_error
from speccheck.lang.temporals import NotT, TemporalExpr, conjunction, disjunction

Later: TypeAlias = Callable[[], Any]


def and_(first: Any, *rest: Later) -> Any:
    """`first and …`."""
    return _junction(partial(conjunction, And), first, rest, stops=lambda value: not value)


def or_(first: Any, *rest: Later) -> Any:
    """`first or …`."""
    return _junction(partial(disjunction, Or), first, rest, stops=bool)


def _junction(joined: Any, first: Any, rest: tuple[Later, ...], stops: Callable[[Any], bool]) -> Any:
    value = first
    for number, later in enumerate(rest):
        if isinstance(value, Expr | TemporalExpr):
            return _symbolic(joined, value, rest[number:], stops)
        if stops(value):
            return value
        value = later()
    return value


def _symbolic(joined: Any, first: Expr | TemporalExpr, rest: tuple[Later, ...], stops: Callable[[Any], bool]) -> Any:
    """The junction as an expression; operands after one that decides in Python are never reached."""
    operands: list[Any] = [first]
    with only_values("an operand of `and` or `or`"):
        for later in rest:
            value = later()
            operands.append(value)
            if not isinstance(value, Expr | TemporalExpr) and stops(value):
                break
    return joined(*operands)


def not_(value: Any) -> Any:
    """`not value`."""
    if isinstance(value, TemporalExpr):
        return NotT(value)
    return Not(value) if isinstance(value, Expr) else not value


def if_else(condition: Any, then: Later, otherwise: Later) -> Any:
    """`then if condition else otherwise`."""
    if not isinstance(condition, Expr):
        return then() if condition else otherwise()
    with only_values("an arm of `x if c else y`"):
        return Ite(condition, then(), otherwise())


# --- comparisons -------------------------------------------------------------------------------------


def chain(first: Any, *rest: Any) -> Any:
    """`first op b op c …`; the rest alternates between an operator's spelling and a function of its right operand."""
    found: list[Any] = []
    left, value = first, True
    for symbol, later in zip(rest[::2], rest[1::2], strict=True):
        right = _captured(later) if found else later()
        value = COMPARISONS[symbol](left, right)
        if isinstance(value, Expr):
            found.append(value)
        elif not value:
            return And(*found, value) if found else value
        left = right
    return And(*found) if found else value


def _captured(later: Later) -> Any:
    with only_values("an operand of a chained comparison"):
        return later()


def equal(left: Any, right: Any) -> Any:
    """`left == right`; of Python tuples and lists that hold expressions it is asked item by item."""
    if isinstance(left, Expr) or isinstance(right, Expr):
        return left == right
    if holds_expression(left):
        return lift(left) == right
    return lift(right) == left if holds_expression(right) else left == right


def unequal(left: Any, right: Any) -> Any:
    """`left != right`, likewise."""
    if isinstance(left, Expr) or isinstance(right, Expr):
        return left != right
    return Not(equal(left, right)) if holds_expression((left, right)) else left != right


def is_(left: Any, right: Any, read: bool = False) -> Any:
    """`left is right`: identity of Python objects; of expressions only with what can be no value, such as None.

    `read`: the left one is written as `a.b` or `a[b]`. Where that is part of the state, it is never None.
    """
    if read and right is None and isinstance(left, Expr) and left._place is not None:
        raise spec_error(
            "is-on-expression", "`is None` of a part of the state: it always has a value, and that is never None",
            f"whether a map has a key: k in s.m; {NO_VALUE} and match on it",
        )  # fmt: skip
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Unmerged):
            raise one.error()
        if isinstance(one, Expr) and isinstance(other, _VALUES):
            raise spec_error(
                "is-on-expression", "`is` on an expression asks which Python object it is, not what it is worth",
                "compare with == or != instead",
            )  # fmt: skip
    return left is right


_VALUES = (Expr, bool, int, str, Enum, set, frozenset, list, tuple, dict)


def contains(item: Any, container: Any) -> Any:
    """`item in collection`."""
    collection: Any = expression_of(container)
    if isinstance(collection, Expr):
        return _in_expression(item, collection)
    if isinstance(collection, _PYTHON):
        asked = holds_expression(item) or _any_expression(collection)
        return _in_python(item, collection) if asked else operator.contains(cast(Any, collection), item)
    if isinstance(getattr(type(collection), "__contains__", None), FunctionType):
        found = type(collection).__contains__(collection, item)
        return found if isinstance(found, Expr) else bool(found)
    if isinstance(item, Expr):
        raise spec_error(
            "in-on-expression",
            f"`in` asks a Python {type(collection).__name__} for an expression, whose value is not known here",
            "have the collection as an expression too: Set(…), List(…), Map(…)",
        )
    return item in collection


def expression_of(value: Any) -> Any:
    """The expression that a value stands for, such as an edited copy; other values as they are."""
    return lift(value) if hasattr(type(value), "__as_expr__") else value


_PYTHON: tuple[type, ...] = (list, tuple, set, frozenset, dict, range, EnumMeta, type({}.keys()))


def _in_expression(item: Any, collection: Any) -> Any:
    if isinstance(type_of(collection), SetType | ListType | MapType):
        return collection.contains(item)
    raise spec_error(
        "in-on-expression",
        f"`in` on a value of type {type_of(collection)}, which has no elements",
        "`in` is for sets, lists and the keys of maps",
    )


def _any_expression(collection: Any) -> bool:
    return isinstance(collection, list | tuple) and any(holds_expression(each) for each in collection)


def _in_python(item: Any, collection: Any) -> Any:
    if isinstance(collection, range) and len(collection) and abs(collection.step) == 1:
        low, high = min(collection), max(collection)
        lifted = lift(item)
        return And(lifted >= low, lifted <= high)
    elements = list(ordered(collection))
    if not elements:
        return constant(BOOL, False)
    wanted = lift(item)
    return Or(*(wanted == each for each in elements))


def holds_expression(value: Any) -> bool:
    """Whether a Python value is an expression, or a tuple or list that holds one."""
    if isinstance(value, Expr):
        return True
    return isinstance(value, tuple | list) and any(holds_expression(each) for each in value)


def bitwise(symbol: str, left: Any, right: Any) -> Any:
    """`left & right` or `left | right`, unparenthesised beside a comparison."""
    if any(isinstance(v, Expr) and not isinstance(type_of(v), SetType) for v in (left, right)):
        raise spec_error(
            "mixed-operators",
            f"`{symbol}` binds more tightly than the comparison beside it: a == b {symbol} c is read as "
            f"a == (b {symbol} c)",
            f"put the comparisons in parentheses: (a == b) {symbol} (c == d), or write "
            f"a == b {'and' if symbol == '&' else 'or'} c == d",
        )
    return left & right if symbol == "&" else left | right


COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": unequal,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": is_,
    "is not": lambda left, right: not is_(left, right),
    "in": contains,
    "not in": lambda item, collection: not_(contains(item, collection)),
}
"""What each comparison operator does, by its spelling."""
