"""The transformation of expressions: each form that Python would decide at once becomes a call of a hook.

Every new node takes the place of the one it stands for, so that spans, tracebacks and debuggers show the author's
text. Operands that come later become lambdas, except where they bind or yield: such a form stays as it is, and meets
the overloaded operators, which refuse it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from speccheck.lang.rewriting.names import can_wait, first_name

Node = TypeVar("Node", bound=ast.AST)

NAME = "__speccheck__"
"""Under this name rewritten code finds the hooks."""

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def placed(node: Node, origin: ast.AST) -> Node:
    """A new node, and all new ones in it, at the place of the one it stands for.

    What is called stands on one line: Python tells the place of a method called over several lines by the last.
    """
    made: Any = node
    if isinstance(origin, ast.expr | ast.stmt | ast.pattern):
        ast.copy_location(node, origin)
        if isinstance(node, ast.stmt):
            _narrow(made)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and not hasattr(made.func, "lineno"):
        ast.copy_location(made.func, made)
        _narrow(made.func)
    return ast.fix_missing_locations(node)


def _narrow(node: Any) -> None:
    node.end_lineno, node.end_col_offset = node.lineno, node.col_offset + 1


def hook(name: str, *args: ast.expr, **named: ast.expr) -> ast.Call:
    """A call of a hook."""
    keywords = [ast.keyword(arg, value) for arg, value in named.items()]
    return ast.Call(ast.Attribute(ast.Name(NAME, ast.Load()), name, ast.Load()), list(args), keywords)


def later(body: ast.expr, *params: str) -> ast.Lambda:
    """A lambda that gives an expression."""
    arguments = ast.arguments([], [ast.arg(p) for p in params], None, [], [], None, [])
    return placed(ast.Lambda(arguments, body), body)


def with_params(body: ast.expr, params: list[str]) -> ast.Lambda:
    """A lambda of some parameters."""
    return later(body, *params)


def text(value: Any) -> ast.Constant:
    """A constant."""
    return ast.Constant(value)


class Expressions(ast.NodeTransformer):
    """Rewrites expressions outside of class bodies; `is_bare(node)` tells that an operand has no parentheses."""

    def __init__(self, is_bare: Callable[[ast.expr, bool], bool]) -> None:
        self._is_bare = is_bare
        self._in_class = False
        self._loops: list[set[str]] = [set()]
        self._environs = {"environ"}

    # --- logic ------------------------------------------------------------------------------------

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """`a and b`, `a or b`."""
        lazy = all(map(can_wait, node.values[1:]))
        self.generic_visit(node)
        if self._in_class or not lazy:
            return node
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return placed(hook(name, node.values[0], *map(later, node.values[1:])), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """`not a`."""
        self.generic_visit(node)
        if self._in_class or not isinstance(node.op, ast.Not):
            return node
        return placed(hook("not_", node.operand), node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """`a if c else b`."""
        lazy = can_wait(node.body) and can_wait(node.orelse)
        self.generic_visit(node)
        if self._in_class or not lazy:
            return node
        return placed(hook("if_else", node.test, later(node.body), later(node.orelse)), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """`a < b < c`, `a in b`, `a is b`; a bare `&` or `|` beside a comparison."""
        lazy = all(map(can_wait, node.comparators))
        operands = [node.left, *node.comparators]
        mixed = [n for n, each in enumerate(operands) if _is_bitwise(each) and self._is_bare(each, n == 0)]
        self.generic_visit(node)
        if self._in_class:
            return node
        operands = [node.left, *node.comparators]
        for number in mixed:
            operands[number] = _bitwise(operands[number])
        node.left, *node.comparators = operands
        symbols = [_SYMBOLS[type(op)] for op in node.ops]
        if len(symbols) == 1:
            return _comparison(node, symbols[0])
        if not lazy:
            return node
        rest = [part for s, each in zip(symbols, node.comparators, strict=True) for part in (text(s), later(each))]
        return placed(hook("chain", node.left, *rest), node)

    # --- calls and names --------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`f(x)`: what is called is asked for at run time."""
        return self._call(node, "callee")

    def _call(self, node: ast.Call, name: str) -> ast.expr:
        self.generic_visit(node)
        if not self._in_class and not (isinstance(node.func, ast.Name) and node.func.id == "super"):
            node.func = placed(hook(name, node.func), node.func)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        """`*x` where it is read."""
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and not self._in_class:
            node.value = placed(hook("spread", node.value), node.value)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        """`x := a`."""
        self.generic_visit(node)
        if not self._in_class:
            node.value = placed(hook("refuse", node.value, text("walrus")), node.value)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        """`{x}` in an f-string."""
        self.generic_visit(node)
        if not self._in_class:
            node.value = placed(hook("refuse", node.value, text("text")), node.value)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`os.environ`."""
        self.generic_visit(node)
        if node.attr == "environ" and isinstance(node.ctx, ast.Load) and not self._in_class:
            return placed(hook("environ", node), node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """`environ`, however it was imported."""
        if node.id in self._environs and isinstance(node.ctx, ast.Load) and not self._in_class:
            return placed(hook("environ", node), node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        """A lambda; one that is made in a loop notes what the loop's variables are."""
        node.args = self.visit(node.args)
        before, self._in_class = self._in_class, False
        own = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        wanted = {n.id for n in ast.walk(node.body) if isinstance(n, ast.Name)} & set().union(*self._loops) - own
        self._loops.append(set())
        node.body = self.visit(node.body)
        self._loops.pop()
        self._in_class = before
        return node if before else _noting(node, sorted(wanted))

    # --- comprehensions and displays --------------------------------------------------------------

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        """A generator: its loops ask what they range over, its `if`s filter that."""
        if not self._in_class:
            self._comprehended(node)
        else:
            self.generic_visit(node)
        return node

    def _comprehended(self, node: Any) -> bool:
        """Rewrite a comprehension's loops; whether it may also become a generator."""
        lazy = can_wait(node)
        names = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        for number, loop in enumerate(node.generators):
            loop.iter = self.visit(loop.iter)
            if number == 0:
                self._loops.append(names)
            loop.ifs = [self.visit(each) for each in loop.ifs]
            if lazy and not loop.is_async:
                _ranging(loop)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        self._loops.pop()
        return lazy

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        """`{f(x) for x in S}`."""
        return self._collected(node, "set_of")

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """`[f(x) for x in l]`."""
        return self._collected(node, "list_of")

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        """`{k: v for k in S}`."""
        return self._collected(node, "dict_of")

    def _collected(self, node: Any, name: str) -> ast.expr:
        if self._in_class:
            return self.generic_visit(node)  # type: ignore[return-value]
        if not self._comprehended(node):
            return node  # type: ignore[no-any-return]
        pair = isinstance(node, ast.DictComp)
        elt = (
            placed(ast.Tuple([node.key, node.value], ast.Load()), node.key) if isinstance(node, ast.DictComp) else None
        )
        made = ast.GeneratorExp(elt if pair and elt is not None else node.elt, node.generators)
        return placed(hook(name, made), node)

    def visit_Set(self, node: ast.Set) -> ast.expr:
        """`{a, b}`."""
        self.generic_visit(node)
        if self._in_class or all(isinstance(e, ast.Constant) for e in node.elts):
            return node
        return placed(hook("set_display", *node.elts), node)

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        """`{k: v}`; those with `**d` are Python's."""
        self.generic_visit(node)
        keys = [key for key in node.keys if key is not None]
        if self._in_class or len(keys) < len(node.keys) or all(isinstance(k, ast.Constant) for k in keys):
            return node
        entries = [ast.Tuple([k, v], ast.Load()) for k, v in zip(keys, node.values, strict=True)]
        return placed(hook("dict_display", *entries), node)


def _is_bitwise(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr)


def _bitwise(node: ast.expr) -> ast.expr:
    assert isinstance(node, ast.BinOp)
    symbol = "&" if isinstance(node.op, ast.BitAnd) else "|"
    return placed(hook("bitwise", text(symbol), node.left, node.right), node)


def _comparison(node: ast.Compare, symbol: str) -> ast.expr:
    match symbol:
        case "==" | "!=":
            return placed(hook("equal" if symbol == "==" else "unequal", node.left, node.comparators[0]), node)
        case "in":
            return placed(hook("contains", node.left, node.comparators[0]), node)
        case "not in":
            return placed(hook("not_", placed(hook("contains", node.left, node.comparators[0]), node)), node)
        case "is":
            return placed(_identity(node), node)
        case "is not":
            return placed(hook("not_", placed(_identity(node), node)), node)
        case _:
            return node


def _identity(node: ast.Compare) -> ast.expr:
    """`a is b`, told whether `a` is read from something: a mere name may be an argument that was not given."""
    read = isinstance(node.left, ast.Attribute | ast.Subscript)
    return hook("is_", node.left, node.comparators[0], text(read))


def _ranging(loop: ast.comprehension) -> None:
    """`for x in S if p` ranges over what is left of S."""
    if not loop.ifs:
        loop.iter = placed(hook("each", loop.iter), loop.iter)
        return
    guard = loop.ifs[0]
    if len(loop.ifs) > 1:
        guard = placed(hook("and_", loop.ifs[0], *map(later, loop.ifs[1:])), loop.ifs[0])
    loop.iter = placed(hook("each", loop.iter, _of_element(loop.target, guard)), loop.iter)
    loop.ifs = []


def _of_element(target: ast.expr, guard: ast.expr) -> ast.Lambda:
    """The guard as a function of the loop's element."""
    if isinstance(target, ast.Name):
        return later(guard, target.id)
    name = first_name(target)
    one = ast.Tuple([ast.Name(name, ast.Load())], ast.Load())
    unpacked = ast.ListComp(guard, [ast.comprehension(target, one, [], 0)])
    found = ast.Subscript(unpacked, ast.Constant(0), ast.Load())
    return later(placed(found, guard), name)


def _noting(node: ast.Lambda, names: list[str]) -> ast.expr:
    """The lambda, made where its loop variables are noted under other names."""
    if not names:
        return node
    noted = [f"_speccheck_{name}" for name in names]
    checks = [
        hook("loopvar", ast.Name(name, ast.Load()), ast.Name(note, ast.Load()), text(name))
        for name, note in zip(names, noted, strict=True)
    ]
    node.body = placed(ast.BoolOp(ast.Or(), [*checks, node.body]), node.body)
    made = later(node, *noted)
    return placed(ast.Call(made, [ast.Name(name, ast.Load()) for name in names], []), node)
