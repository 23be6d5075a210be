"""Which expressions may have no value: where they may, the exported text must ask for it exactly where speccheck does.

Takes a Model and answers for its nodes, on the safe side: `fallible` is False only where evaluating the
expression cannot be an error of the language, whatever the state. It evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from speccheck.ir.models import Model
from speccheck.ir.nodes import (
    Apply,
    Bind,
    Block,
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
    children,
    expressions,
)
from speccheck.ir.walks import bottom_up, in_order

_PARTIAL = frozenset({"ints", "unsigned_ints", "map_get", "map_replace", "list_get", "list_slice", "list_replace"})
_PARTIAL_UNLESS_CONSTANT = frozenset({"floordiv", "mod", "pow"})


class Definedness:
    """Answers for one model, each node worked out once."""

    def __init__(self, model: Model) -> None:
        self._known: dict[int, bool] = {}
        self._seen: set[int] = set()
        self._functions = {f.name: f for f in model.functions}
        self._fallible_functions: set[str] = set()
        self._lazy: set[int] = set()
        self._lazy_names: dict[int, set[str]] = {}
        self._settle(model)

    def fallible(self, expr: Expr) -> bool:
        """Whether an expression may have no value."""
        for node in bottom_up((expr,), self._seen):
            self._known[id(node)] = self._judged(node)
        return self._known[id(expr)]

    def _settle(self, model: Model) -> None:
        """Finds the locals that stand for something fallible, and the functions that are, until nothing is added."""
        roots = list(_definitions(model))
        while True:
            before = self._found()
            self._known.clear()
            self._seen.clear()
            for owner, exprs, block in roots:
                self._round(model, owner, exprs, block)
            for name, function in self._functions.items():
                if self.fallible(function.body):
                    self._fallible_functions.add(name)
            if before == self._found():
                return

    def _found(self) -> tuple[int, int]:
        return sum(map(len, self._lazy_names.values())), len(self._fallible_functions)

    def _round(self, model: Model, owner: object, exprs: tuple[Expr, ...], block: Block) -> None:
        """One look at a definition; what a local is called says which it is, since its names are unique in it."""
        names = self._lazy_names.setdefault(id(owner), set())
        self._mark(exprs, names)
        for node in bottom_up(exprs, set()):
            match node:
                case Let(_, local, value) if self.fallible(value):
                    names.add(local.name)
                case Invoke(_, function, args):
                    callee = self._functions[function]
                    self._pass(callee, [p.name for p in callee.params], args)
                case _:
                    pass
        for statement in in_order(block):
            match statement:
                case Define(local, value) if self.fallible(value):
                    names.add(local.name)
                case Perform(key, args):
                    action = model.action(key)
                    self._pass(action, [p.name for p in action.params], args)
                case _:
                    pass

    def _mark(self, exprs: Iterable[Expr], names: set[str]) -> None:
        for node in bottom_up(exprs, set()):
            if isinstance(node, Local) and node.name in names:
                self._lazy.add(id(node))

    def _pass(self, callee: object, params: list[str], args: tuple[Expr, ...]) -> None:
        names = self._lazy_names.setdefault(id(callee), set())
        names.update(name for name, arg in zip(params, args, strict=True) if self.fallible(arg))

    def _judged(self, node: Expr) -> bool:
        match node:
            case Const() | Param() | Read():
                return False
            case Local():
                return id(node) in self._lazy
            case Apply(_, op, args):
                return _partial(op, args) or any(self._known[id(arg)] for arg in args)
            case Invoke(_, function):
                return function in self._fallible_functions or any(self._known[id(arg)] for arg in node.args)
            case Bind(_, op):
                return op == "choose" or any(self._known[id(each)] for each in children(node))
            case Fold() | Let() | Match():
                return any(self._known[id(each)] for each in children(node))


def _partial(op: str, args: tuple[Expr, ...]) -> bool:
    if op in _PARTIAL_UNLESS_CONSTANT:
        match args[1]:
            case Const(_, value):
                return bool(value < 0 or (value == 0 and op != "pow"))
            case _:
                return True
    return op in _PARTIAL


def _definitions(model: Model) -> Iterator[tuple[object, tuple[Expr, ...], Block]]:
    for function in model.functions:
        yield function, (function.body,), ()
    for owner, block in (*((a, a.block) for a in model.actions), *((t, t.block) for t in (model.initial, model.step))):
        yield owner, tuple(e for s in in_order(block) for e in expressions(s)), block
    for judged in model.judged():
        yield judged, (judged,), ()
