"""Operations on sets that need no elements: which expressions give a `LazySet`, and which ask for one.

Takes an operation's node and the codes of its operands. `family` is how the operation makes a lazy set; `question` is
how it answers where an operand can be one. Both give None where the ordinary meaning is all there is. Every
other operation gets real sets, so none needs to know that there are others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from speccheck.evaluation.lazysets import (
    Described,
    Finite,
    Integers,
    LazySet,
    Maps,
    Options,
    Products,
    Span,
    Subsets,
    drawable,
    equal,
    included,
    properly_included,
)
from speccheck.evaluation.scopes import Code, Fn, Frame, Scope
from speccheck.ir.nodes import Apply, Expr
from speccheck.ir.ops import OPS
from speccheck.ir.shortfalls import ENDLESS, Undefined
from speccheck.ir.types import SetType
from speccheck.ir.values import SortKey, Value, sort_key

FamilyFn: TypeAlias = Callable[[Frame], LazySet]

_SMALL = 256
"""Finite sets of at most this many elements are made as they are: that is faster."""


def lazily(code: Code, node: Expr) -> FamilyFn:
    """The set as a lazy one, whatever it comes as."""
    run, key = code.lazy or code.run, _key(node)

    def family(frame: Frame) -> LazySet:
        found = run(frame)
        return found if isinstance(found, LazySet) else Finite(found, key)

    return family


def _key(node: Expr) -> SortKey | None:
    return sort_key(node.type.element) if isinstance(node.type, SetType) else None


def family(scope: Scope, node: Apply, codes: Sequence[Code]) -> Fn | None:
    """How an operation makes a lazy set, where it can."""
    made = _made(node, codes)
    if made is not None:
        return _reporting(scope, node, made)
    if node.op == "ite" and any(code.lazy for code in codes[1:]):
        condition, then, otherwise = codes[0].run, codes[1].lazy or codes[1].run, codes[2].lazy or codes[2].run
        return lambda frame: then(frame) if condition(frame) else otherwise(frame)
    if node.op in _DESCRIBED and any(code.lazy for code in codes):
        return _described(node, codes)
    return None


def _made(node: Apply, codes: Sequence[Code]) -> FamilyFn | None:
    match node.op:
        case "ints" | "unsigned_ints":
            return lambda frame: Integers(signed=node.op == "ints")
        case "interval":
            low, high = codes[0].run, codes[1].run
            return lambda frame: Span(low(frame), high(frame))
        case "all_subsets":
            base = lazily(codes[0], node.args[0])
            return lambda frame: Subsets(base(frame))
        case "all_maps":
            keys, key, values = codes[0].run, _key(node.args[0]), lazily(codes[1], node.args[1])
            return lambda frame: Maps(sorted(keys(frame), key=key), values(frame))
        case "all_tuples" | "all_records":
            parts = [lazily(code, arg) for code, arg in zip(codes, node.args, strict=True)]
            return lambda frame: Products([part(frame) for part in parts])
        case _:
            return None


_DESCRIBED = ("set_union", "set_intersection", "set_difference")


def _described(node: Apply, codes: Sequence[Code]) -> Fn:
    """A union, intersection or difference that is infinite; a finite one is made as it is."""
    left, right = (lazily(code, arg) for code, arg in zip(codes, node.args, strict=True))
    key, combine = _key(node), _COMBINED[node.op]

    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        if not _endless(node.op, one, other):
            return combine(one, other)
        drawn = [*drawable(one), *(drawable(other) if node.op == "set_union" else [])]
        match node.op:
            case "set_union":
                return Described(lambda v: one.contains(v) or other.contains(v), drawn, key)
            case "set_difference":
                return Described(lambda v: one.contains(v) and not other.contains(v), drawn, key)
            case _:
                return Described(lambda v: one.contains(v) and other.contains(v), drawn, key)

    return run


def _endless(op: str, one: LazySet, other: LazySet) -> bool:
    """Whether the elements are without end, or that cannot be told."""
    match op:
        case "set_union":
            return one.size is None or other.size is None
        case "set_difference":
            return one.size is None
        case _:
            return one.size is None and other.size is None


def _joined(one: LazySet, other: LazySet) -> frozenset[Value]:
    joined: frozenset[Value] = OPS["set_union"].meaning(frozenset(one.members()), frozenset(other.members()))
    return joined


def _met(one: LazySet, other: LazySet) -> frozenset[Value]:
    few, many = (one, other) if _fewer(one, other) else (other, one)
    return frozenset(filter(many.contains, few.members()))


def _fewer(one: LazySet, other: LazySet) -> bool:
    return one.size is not None and (other.size is None or one.size <= other.size)


def _without(one: LazySet, other: LazySet) -> frozenset[Value]:
    return frozenset(each for each in one.members() if not other.contains(each))


_COMBINED: dict[str, Callable[[LazySet, LazySet], frozenset[Value]]] = {
    "set_union": _joined,
    "set_intersection": _met,
    "set_difference": _without,
}


def question(scope: Scope, node: Apply, codes: Sequence[Code]) -> Fn | None:
    """How an operation answers where one of its operands can be a lazy set."""
    if not any(code.lazy for code in codes):
        return None
    answer = _answer(scope, node, codes)
    return None if answer is None else _reporting(scope, node, answer)


def _answer(scope: Scope, node: Apply, codes: Sequence[Code]) -> Fn | None:
    spend = scope.context.spend
    match node.op:
        case "set_contains" if codes[0].lazy:
            return _contains(codes[0].lazy, codes[1].run)
        case "set_size":
            return _size(lazily(codes[0], node.args[0]))
        case "subset" | "proper_subset" | "eq" | "ne" | "set_intersection" | "set_difference":
            left, right = (lazily(code, arg) for code, arg in zip(codes, node.args, strict=True))
            return _comparing(_COMPARED[node.op], left, right, spend)
        case _:
            return None


def _contains(domain: Fn, item: Fn) -> Fn:
    def run(frame: Frame) -> Value:
        found = domain(frame)
        return found.contains(item(frame)) if isinstance(found, LazySet) else item(frame) in found

    return run


def _size(domain: FamilyFn) -> Fn:
    def run(frame: Frame) -> Value:
        size = domain(frame).size
        if size is None:
            raise Undefined(ENDLESS)
        return size

    return run


_COMPARED: dict[str, Callable[[LazySet, LazySet], Value]] = {
    "subset": included,
    "proper_subset": properly_included,
    "eq": equal,
    "ne": lambda one, other: not equal(one, other),
    "set_intersection": _met,
    "set_difference": _without,
}


def _comparing(
    compare: Callable[[LazySet, LazySet], Value], left: FamilyFn, right: FamilyFn, spend: Callable[[int], None]
) -> Fn:
    def run(frame: Frame) -> Value:
        one, other = left(frame), right(frame)
        spend(min(one.size or 0, other.size or 0, _SMALL))
        return compare(one, other)

    return run


def _reporting(scope: Scope, node: Apply, run: Fn) -> Fn:
    def reported(frame: Frame) -> Value:
        try:
            return run(frame)
        except Undefined as error:
            raise scope.failed(node, frame, str(error)) from None

    return reported


def ordered(scope: Scope, node: Expr, code: Code) -> Fn:
    """The elements of a set that can be lazy, in canonical order, counted as work. Raises as `LazySet.ordered` does."""
    found, spend = lazily(code, node), scope.context.spend

    def run(frame: Frame) -> Value:
        try:
            return _counted(found(frame), spend)
        except Undefined as error:
            raise scope.failed(node, frame, str(error)) from None

    return run


def _counted(family: LazySet, spend: Callable[[int], None]) -> Sequence[Value]:
    spend(family.counted())
    return family.ordered()


def options(scope: Scope, node: Expr, code: Code) -> Fn:
    """The options of a choice from a set that can be lazy: a list in canonical order where there are few."""
    found, spend = lazily(code, node), scope.context.spend

    def run(frame: Frame) -> Value:
        each = found(frame)
        return _counted(each, spend) if each.size is not None and each.size <= _SMALL else Options(each)

    return run
