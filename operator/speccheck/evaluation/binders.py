"""Binders and folds as closures: quantifiers, comprehensions, choose, fold.

Every element is visited, sets and maps in canonical order, so the first error met is always the
same; a quantifier does not stop at the first false body. Work is counted, so limits hold inside too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from speccheck.errors import ModelError
from speccheck.evaluation.families import options as few_or_lazy
from speccheck.evaluation.families import ordered
from speccheck.evaluation.scopes import UNSET, Code, Fn, Frame, Scope
from speccheck.ir.nodes import Bind, Clause, Expr, Fold
from speccheck.ir.ops import MAX_ELEMENTS, TooLarge
from speccheck.ir.types import ListType, MapType, SetType
from speccheck.ir.values import FrozenMap, Value, sort_key

Visit: TypeAlias = Callable[[Frame, Any], None]
"""What is done in a frame with every local bound; the second argument collects results."""

_CHUNK = 256
"""How many elements are visited at most between two looks at the run's limits."""


def elements(scope: Scope, domain: Expr) -> Fn:
    """The elements of a set in canonical order, or of a list in its own, as a sequence."""
    code = scope.code(domain)
    run = code.run
    match domain.type:
        case ListType():
            return run
        case SetType(element):
            key = sort_key(element)
            made = (lambda frame: sorted(run(frame), key=key)) if code.lazy is None else ordered(scope, domain, code)
            return made if code.free else _kept(made)
        case _:
            raise ModelError(f"a binder ranges over sets and lists, not {domain.type}")


def options(scope: Scope, domain: Expr) -> Fn:
    """The options of a choice: as `elements`, or made where they are asked for where they are many or have no end."""
    code = scope.code(domain)
    return elements(scope, domain) if code.lazy is None else few_or_lazy(scope, domain, code)


def _kept(ordered: Fn) -> Fn:
    """The order of a set that is the same in every frame, kept."""
    kept: list[Sequence[Value]] = []

    def once(frame: Frame) -> Sequence[Value]:
        if not kept:
            kept.append(ordered(frame))
        return kept[0]

    return once


def bind(scope: Scope, node: Bind) -> Code:
    """A binder of any kind."""
    nest = _Nest(scope, node.clauses)
    body = scope.code(node.body)
    free = nest.free | (body.free - nest.bound)
    return Code(_binder(scope, node, nest, body.run), frozenset(free))


class _Nest:
    """The loops over a binder's clauses, later domains seeing earlier locals."""

    def __init__(self, scope: Scope, clauses: tuple[Clause, ...]) -> None:
        self._spend = scope.context.spend
        self._loops: list[tuple[Fn, int, list[int]]] = []
        self.slots: list[int] = []
        self.bound: set[int] = set()
        self.free: set[int] = set()
        for clause in clauses:
            domain = elements(scope, clause.domain)
            self.free |= scope.code(clause.domain).free - self.bound
            slot, forgets = scope.bind(clause.local)
            self._loops.append((domain, slot, forgets))
            self.slots.append(slot)
            self.bound.add(slot)

    def around(self, visit: Visit) -> Visit:
        """The visit made for every binding of the locals."""
        for domain, slot, forgets in reversed(self._loops):
            visit = _loop(domain, slot, forgets, visit, self._spend)
        return visit

    def key(self) -> Fn:
        """The bound local, or the tuple of them where there are several."""
        return itemgetter(*self.slots)


def _loop(domain: Fn, slot: int, forgets: list[int], visit: Visit, spend: Callable[[int], None]) -> Visit:
    def loop(frame: Frame, out: Any) -> None:
        found = domain(frame)
        for element in _paced(found, spend):
            frame[slot] = element
            for each in forgets:
                frame[each] = UNSET
            visit(frame, out)

    return loop


def _paced(found: Sequence[Value], spend: Callable[[int], None]) -> Iterable[Value]:
    """The elements, their number counted as work before they are visited: all at once where they are few."""
    if len(found) > _CHUNK:
        return _chunked(found, spend)
    spend(len(found))
    return found


def _chunked(found: Sequence[Value], spend: Callable[[int], None]) -> Iterator[Value]:
    for start in range(0, len(found), _CHUNK):
        spend(_CHUNK)
        yield from found[start : start + _CHUNK]


def _binder(scope: Scope, node: Bind, nest: _Nest, body: Fn) -> Fn:
    match node.op:
        case "forall":
            return _quantifier(nest, body, witness=False)
        case "exists":
            return _quantifier(nest, body, witness=True)
        case "image":
            return _collected(nest, set, frozenset, lambda frame, out: _add(out, body(frame)))
        case "filter":
            key = nest.key()
            return _collected(nest, set, frozenset, lambda frame, out: _add(out, key(frame)) if body(frame) else None)
        case "mapping":
            return _mapping(nest, body)
        case "list_map":
            return _collected(nest, list, tuple, lambda frame, out: _append(out, body(frame)))
        case "list_filter":
            key = nest.key()
            return _collected(nest, list, tuple, lambda frame, out: _append(out, key(frame)) if body(frame) else None)
        case "choose":
            return _choose(scope, node, nest, body)
        case _:
            raise ModelError(f"{node.op!r} is not a binder that the reference engine knows")


def _quantifier(nest: _Nest, body: Fn, *, witness: bool) -> Fn:
    """`exists` looks for a true body, `forall` for a false one; every body is evaluated all the same."""

    def visit(frame: Frame, out: list[bool]) -> None:
        if body(frame) is witness:
            out[0] = witness

    loop = nest.around(visit)

    def run(frame: Frame) -> Value:
        out = [not witness]
        loop(frame, out)
        return out[0]

    return run


def _collected(nest: _Nest, start: Callable[[], Any], finish: Callable[[Any], Value], visit: Visit) -> Fn:
    loop = nest.around(visit)

    def run(frame: Frame) -> Value:
        out = start()
        loop(frame, out)
        return finish(out)

    return run


def _mapping(nest: _Nest, body: Fn) -> Fn:
    key = nest.key()

    def visit(frame: Frame, out: dict[Value, Value]) -> None:
        out[key(frame)] = body(frame)
        _cap(out)

    return _collected(nest, dict, FrozenMap, visit)


def _choose(scope: Scope, node: Bind, nest: _Nest, body: Fn) -> Fn:
    key = nest.key()

    def visit(frame: Frame, out: list[Value]) -> None:
        if body(frame) and not out:
            out.append(key(frame))

    loop = nest.around(visit)

    def run(frame: Frame) -> Value:
        out: list[Value] = []
        loop(frame, out)
        if not out:
            raise scope.failed(node, frame, "choose: no element satisfies the condition")
        return out[0]

    return run


def _add(out: set[Value], value: Value) -> None:
    out.add(value)
    _cap(out)


def _append(out: list[Value], value: Value) -> None:
    out.append(value)
    _cap(out)


def _cap(out: set[Value] | list[Value] | dict[Value, Value]) -> None:
    if len(out) > MAX_ELEMENTS:
        raise TooLarge(f"a comprehension of more than {MAX_ELEMENTS} elements")


def fold(scope: Scope, node: Fold) -> Code:
    """A fold from its initial value over a collection."""
    collection, initial = scope.code(node.collection), scope.code(node.initial)
    rows = _rows(scope, node.collection)
    bound = [scope.bind(local) for local in (node.accumulator, *node.items)]
    body = scope.code(node.body)
    slots = [slot for slot, _ in bound]
    forgets = [each for _, forgotten in bound for each in forgotten]
    free = collection.free | initial.free | (body.free - frozenset(slots))
    return Code(_folding(rows, initial.run, slots, forgets, body.run, scope.context.spend), free)


def _rows(scope: Scope, collection: Expr) -> Fn:
    """What the items are bound to, one tuple an iteration."""
    match collection.type:
        case MapType(key, _):
            run, order = scope.code(collection).run, sort_key(key)
            return lambda frame: _entries(run(frame), order)
        case _:
            found = elements(scope, collection)
            return lambda frame: [(element,) for element in found(frame)]


def _entries(entries: FrozenMap, order: Callable[[Value], Any] | None) -> list[tuple[Value, Value]]:
    return [(key, entries[key]) for key in sorted(entries, key=order)]


def _folding(rows: Fn, initial: Fn, slots: list[int], forgets: list[int], body: Fn, spend: Callable[[int], None]) -> Fn:
    accumulator, *items = slots

    def run(frame: Frame) -> Value:
        found = rows(frame)
        value = initial(frame)
        for row in _paced(found, spend):
            frame[accumulator] = value
            for slot, item in zip(items, row, strict=True):
                frame[slot] = item
            for each in forgets:
                frame[each] = UNSET
            value = body(frame)
        return value

    return run
