"""The transformation of statements: `if` and `match` ask whether their test is an expression, and so do the others.

    if p: A                         b = flow.fork(p, names)
    else: B           becomes       if b.then(): A
                                    if b.otherwise():
                                        if b.symbolic: names = b.before
                                        B
                                    if b.symbolic: names = b.join()
                                    if b.done: return flow.leave(b.value)

so that each body stands once, in its own function, and Python's own `break`, `continue` and `yield` work where the
test is a Python value. A `return` in an arm is told to `b`; one that stands deeper in it, in a loop, leaves the arm by
an exception. Class bodies and `async` functions are left to Python.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from speccheck.lang.rewriting import patterns
from speccheck.lang.rewriting.expressions import NAME, Expressions, hook, placed, text, with_params
from speccheck.lang.rewriting.names import bound, can_wait, elsewhere, loads, own, returns

_FLOW = "_speccheck_flow"


@dataclass(slots=True)
class _Arm:
    """An arm under transformation: the variable of its `if`, and whether something in it leaves it by an exception."""

    branching: str
    raises: bool = False


@dataclass(slots=True)
class _Function:
    """The function under transformation; `direct` where the present block is the body of the innermost arm itself."""

    flows: bool
    generator: bool
    outer: set[str]
    loaded: Counter[str]
    arms: list[_Arm] = field(default_factory=list)
    loop_arms: list[str] = field(default_factory=list)
    loops: int = 0
    direct: bool = False
    count: int = 0

    def fresh(self, what: str) -> str:
        """A name for a variable of the transformation."""
        self.count += 1
        return f"_speccheck_{what}{self.count}"


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _part(owner: str, name: str) -> ast.Attribute:
    return ast.Attribute(_load(owner), name, ast.Load())


def _call(owner: str, method: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_part(owner, method), list(args), [])


def _assigned(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _unpacked(names: Sequence[str], value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Tuple([ast.Name(n, ast.Store()) for n in names], ast.Store())], value)


def _tuple(items: Sequence[ast.expr]) -> ast.expr:
    return ast.Tuple(list(items), ast.Load())


class Statements(Expressions):
    """Rewrites a module."""

    _function: _Function | None = None
    _class_name = ""
    _check: ast.If | None = None

    # --- scopes -----------------------------------------------------------------------------------

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """A module's statements."""
        node.body = self._block(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """A class: its body is Python's, the functions in it are not."""
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        before = self._in_class, self._class_name, self._function
        self._in_class, self._class_name, self._function = True, node.name, None
        node.body = self._block(node.body)
        self._in_class, self._class_name, self._function = before
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        """An `async` function is left to Python."""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function: where branches stand in it, a `flow` stands for each of its calls."""
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        node.args.kw_defaults = [None if each is None else self.visit(each) for each in node.args.kw_defaults]
        before = self._in_class, self._function, self._loops
        self._in_class, self._loops = False, [set()]
        self._function = function = _Function(
            flows=_flows(node.body),
            generator=any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own(node.body)),
            outer=elsewhere(node.body),
            loaded=loads(node.body),
        )
        start = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = self._block(node.body[start:])
        if function.flows:
            flow = _assigned(_FLOW, hook("Flow", text(node.name), text(function.generator)))
            body = [placed(flow, node), *body, placed(ast.Return(_call(_FLOW, "end")), node)]
        node.body = [*node.body[:start], *body]
        self._in_class, self._function, self._loops = before
        return node

    def _block(self, statements: Sequence[ast.stmt], direct: bool = False) -> list[ast.stmt]:
        """A block. Where an `if` of an arm's own block may have returned, the rest stands under the opposite."""
        function = self._function
        before = function.direct if function else False
        found: list[ast.stmt] = []
        for number, statement in enumerate(statements):
            if function is not None:
                function.direct = direct
            self._check = None
            made = self.visit(statement)
            found += made if isinstance(made, list) else [made]
            check, self._check = self._check, None
            if check is not None and direct:
                check.orelse = self._block(statements[number + 1 :], direct)
                break
            if isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue):
                break
        if function is not None:
            function.direct = before
        return found

    def _inner(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The block of a loop, a `with` or a `try`."""
        return self._block(statements)

    # --- if and return ----------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        """`if`: of a function, a branching; elsewhere Python's."""
        if self._function is None:
            node.test = self.visit(node.test)
            node.body, node.orelse = self._inner(node.body), self._inner(node.orelse)
            return node
        names = self._locals(node, node.body, node.orelse)
        test = self.visit(node.test)
        return self._branching(self._function, node, test, names, ([], node.body), node.orelse)

    def _branching(
        self,
        function: _Function,
        node: ast.stmt,
        test: ast.expr,
        names: list[tuple[str, int, int, bool]],
        then: tuple[list[ast.stmt], Sequence[ast.stmt]],
        otherwise: Sequence[ast.stmt],
    ) -> list[ast.stmt]:
        """The statements for an `if`; `then` begins with statements that are not to be rewritten."""
        branching, direct = function.fresh("b"), function.direct
        leaves = returns([*then[1], *otherwise])
        fork = _call(_FLOW, "fork", test, _tuple([_tuple([text(part) for part in name]) for name in names]))
        bound_names = [name for name, *_ in names]
        restored: list[ast.stmt] = []
        joined: list[ast.stmt] = [ast.Expr(_call(branching, "join"))]
        if names:
            back = _unpacked(bound_names, _part(branching, "before"))
            restored = [ast.If(_part(branching, "symbolic"), [back], [])]
            joined = [_unpacked(bound_names, _call(branching, "join"))]
        first = [*then[0], *self._arm(function, branching, then[1])]
        second = [*restored, *self._arm(function, branching, otherwise)]
        function.direct = direct
        made: list[ast.stmt] = [
            placed(_assigned(branching, placed(fork, test)), node),
            placed(ast.If(_call(branching, "then"), first or [ast.Pass()], []), node),
            placed(ast.If(_call(branching, "otherwise"), second or [ast.Pass()], []), node),
            placed(ast.If(_part(branching, "symbolic"), list(joined), []), node),
        ]
        if leaves:
            check = ast.If(_part(branching, "done"), self._leaving(function, _part(branching, "value")), [])
            made.append(placed(check, node))
            self._check = check
        return made

    def _arm(self, function: _Function, branching: str, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        arm = _Arm(branching)
        function.arms.append(arm)
        function.loop_arms.append(branching)
        made = self._block(body, direct=True)
        function.loop_arms.pop()
        function.arms.pop()
        if not arm.raises:
            return made
        left = ast.Expr(_call(branching, "left", _load("_speccheck_left")))
        kind = ast.Attribute(_load(NAME), "Left", ast.Load())
        handler = ast.ExceptHandler(kind, "_speccheck_left", [left])
        return [placed(ast.Try(made, [handler], [], []), body[0])]

    def _leaving(self, function: _Function, value: ast.expr) -> list[ast.stmt]:
        """The statements that return a value from where the present block stands."""
        if function.direct and function.arms:
            outer = function.arms[-1].branching
            now = ast.Return(_call(_FLOW, "leave", _part(outer, "value")))
            return [ast.If(_call(outer, "leaves", value), [now], [])]
        for arm in function.arms:
            arm.raises = True
        return [ast.Return(_call(_FLOW, "leave", value))]

    def visit_Return(self, node: ast.Return) -> ast.stmt | list[ast.stmt]:
        """`return`."""
        value = None if node.value is None else self.visit(node.value)
        if self._function is None or not self._function.flows:
            node.value = value
            return node
        made = self._leaving(self._function, text(None) if value is None else value)
        return [placed(each, node) for each in made]

    def _locals(
        self, node: ast.stmt, then: Sequence[ast.AST], otherwise: Sequence[ast.AST]
    ) -> list[tuple[str, int, int, bool]]:
        """The locals that two arms may bind: name, a line in each arm, and whether they are used elsewhere."""
        function = self._function
        assert function is not None
        first, second, inside = bound(then), bound(otherwise), loads([node])
        found = []
        for name in sorted({*first, *second} - function.outer):
            live = function.loaded[name] > (0 if function.loops else inside[name])
            found.append((self._mangled(name), first.get(name, 0), second.get(name, 0), live))
        return found

    def _mangled(self, name: str) -> str:
        private = name.startswith("__") and not name.endswith("__") and self._class_name.strip("_")
        return f"_{self._class_name.lstrip('_')}{name}" if private else name

    # --- match ------------------------------------------------------------------------------------

    def visit_Match(self, node: ast.Match) -> ast.stmt | list[ast.stmt]:
        """`match`: one branching for each case."""
        function = self._function
        if function is None or not all(case.guard is None or can_wait(case.guard) for case in node.cases):
            if not self._in_class:
                node.subject = placed(hook("refuse", self.visit(node.subject), text("match")), node.subject)
            for case in node.cases:
                case.body = self._inner(case.body)
            return node
        subject = function.fresh("m")
        parts = [self._locals(node, [case], node.cases[n + 1 :]) for n, case in enumerate(node.cases)]
        value = placed(hook("subject", self.visit(node.subject)), node.subject)
        first = placed(_assigned(subject, value), node)
        return [first, *self._cases(function, node, subject, parts)]

    def _cases(
        self, function: _Function, node: ast.Match, subject: str, parts: list[list[tuple[str, int, int, bool]]]
    ) -> list[ast.stmt]:
        case, names = node.cases[0], patterns.captured(node.cases[0].pattern)
        python, found = function.fresh("k"), function.fresh("c")
        guard = text(None) if case.guard is None else with_params(self.visit(case.guard), names)
        asked = _call(
            subject, "case", _load(python), patterns.as_data(case.pattern), _tuple([text(n) for n in names]), guard
        )  # fmt: skip
        place = ast.copy_location(ast.Pass(), case.pattern)
        begin = [placed(_unpacked(names, _part(found, "bound")), place)] if names else []
        rest: list[ast.stmt] = []
        if len(node.cases) > 1:
            rest = [_Cases(ast.copy_location(ast.Match(node.subject, node.cases[1:]), node), subject, parts[1:])]
        made: list[ast.stmt] = [
            patterns.python_case(python, case, names),
            placed(_assigned(found, placed(asked, place)), place),
        ]
        test = placed(_part(found, "test"), place)
        return [*made, *self._branching(function, place, test, parts[0], (list(begin), case.body), rest)]

    def visit__Cases(self, node: _Cases) -> list[ast.stmt]:
        """The cases of a `match` after the first."""
        assert self._function is not None
        return self._cases(self._function, node.match, node.subject, node.parts)

    # --- loops, with, try -------------------------------------------------------------------------

    def visit_For(self, node: ast.For) -> ast.stmt:
        """`for`: asks what it ranges over."""
        node.iter = self.visit(node.iter)
        node.target = self.visit(node.target)
        if not self._in_class:
            node.iter = placed(hook("each", node.iter), node.iter)
        self._loops.append({n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)})
        self._loop(node)
        self._loops.pop()
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        """`while`: for Python values only."""
        node.test = self.visit(node.test)
        if not self._in_class:
            node.test = placed(hook("refuse", node.test, text("while")), node.test)
        self._loop(node)
        return node

    def _loop(self, node: ast.For | ast.While) -> None:
        function = self._function
        arms: list[str] = []
        if function is not None:
            arms, function.loop_arms = function.loop_arms, []
            function.loops += 1
        node.body = self._inner(node.body)
        if function is not None:
            function.loop_arms = arms
            function.loops -= 1
        node.orelse = self._inner(node.orelse)

    def visit_Break(self, node: ast.Break) -> ast.stmt | list[ast.stmt]:
        """`break`: not under an `if` on an expression."""
        return self._within("break", node)

    def visit_Continue(self, node: ast.Continue) -> ast.stmt | list[ast.stmt]:
        """`continue`: likewise."""
        return self._within("continue", node)

    def _within(self, form: str, node: ast.stmt) -> ast.stmt | list[ast.stmt]:
        if self._function is None or not self._function.loop_arms:
            return node
        check = ast.Expr(hook("within", text(form), *map(_load, self._function.loop_arms)))
        return [placed(check, node), node]

    def visit_With(self, node: ast.With) -> ast.stmt | list[ast.stmt]:
        """`with`: its body stands under the question whether it is run."""
        if self._in_class:
            node.body = self._inner(node.body)
            return node
        item, rest = node.items[0], node.items[1:]
        inner: list[ast.stmt] = node.body
        if rest:
            inner = [ast.copy_location(ast.With(rest, node.body), node)]
        names = sorted(bound(inner).keys() - (self._function.outer if self._function else set()))
        number = self._function.fresh("w") if self._function is not None else "_speccheck_w"
        item.context_expr = placed(
            ast.NamedExpr(ast.Name(number, ast.Store()), self.visit(item.context_expr)), item.context_expr
        )
        if item.optional_vars is not None:
            item.optional_vars = self.visit(item.optional_vars)
        taken = placed(ast.If(hook("taken", _load(number)), self._inner(inner), []), node)
        made = ast.copy_location(ast.With([item], [taken]), node)
        if not names or self._function is None:
            return made
        return self._keeping(made, number, [self._mangled(name) for name in names], self._function.fresh("n"))

    def _keeping(self, made: ast.With, entered: str, names: list[str], kept: str) -> list[ast.stmt]:
        """A `with` after which the names that a branch has bound cannot be used."""
        strings = _tuple([text(name) for name in names])
        before = placed(_assigned(kept, hook("block", _load(entered), strings)), made)
        made.body.insert(0, before)
        test = ast.Compare(_load(kept), [ast.IsNot()], [text(None)])
        after = ast.If(test, [_unpacked(names, hook("after_block", _load(kept), strings))], [])
        return [made, placed(after, made)]

    def visit_Try(self, node: ast.Try) -> ast.stmt | list[ast.stmt]:
        """`try`: for what Python itself raises."""
        node.body, node.orelse = self._inner(node.body), self._inner(node.orelse)
        for handler in node.handlers:
            handler.type = None if handler.type is None else self.visit(handler.type)
            handler.body = self._inner(handler.body)
        node.finalbody = self._inner(node.finalbody)
        function = self._function
        if function is None or not node.handlers:
            return node
        attempt = function.fresh("t")
        for handler in node.handlers:
            handler.body.insert(0, placed(ast.Expr(hook("caught", _load(attempt))), handler.body[0]))
        node.finalbody.insert(0, placed(ast.Expr(hook("tried", _load(attempt))), node))
        begin = placed(_assigned(attempt, hook("trying")), node)
        plain = [placed(ast.Expr(_call(_FLOW, "plain", text("try"))), node)] if function.flows else []
        return [*plain, begin, node]

    # --- the rest ---------------------------------------------------------------------------------

    def visit_Raise(self, node: ast.Raise) -> ast.stmt | list[ast.stmt]:
        """`raise`: not under an `if` on an expression."""
        self.generic_visit(node)
        if self._function is None or not self._function.flows:
            return node
        return [placed(ast.Expr(_call(_FLOW, "plain", text("raise"))), node), node]

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """`assert`: of Python values."""
        self.generic_visit(node)
        if not self._in_class:
            node.test = placed(hook("refuse", node.test, text("assert")), node.test)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """A statement that is nothing but an expression has to have an effect."""
        if self._in_class or isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom | ast.Await):
            self.generic_visit(node)
        elif isinstance(node.value, ast.Call):
            node.value = self._call(node.value, "effect")
        else:
            node.value = placed(hook("discarded", self.visit(node.value)), node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """`x = a`; unpacking goes through a Python set in order."""
        self.generic_visit(node)
        if not self._in_class and any(isinstance(target, ast.Tuple | ast.List) for target in node.targets):
            node.value = placed(hook("spread", node.value), node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """`x: T = a`; the annotation stays."""
        node.target = self.visit(node.target)
        node.value = None if node.value is None else self.visit(node.value)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        """`from os import environ as e`."""
        if node.module == "os":
            self._environs |= {alias.asname or alias.name for alias in node.names if alias.name == "environ"}
        return node


class _Cases(ast.stmt):
    """What remains of a `match` under transformation."""

    _fields = ("match",)

    def __init__(self, match: ast.Match, subject: str, parts: list[list[tuple[str, int, int, bool]]]) -> None:
        super().__init__()
        self.match = match
        self.subject = subject
        self.parts = parts
        ast.copy_location(self, match)


def _flows(body: Sequence[ast.stmt]) -> bool:
    kinds = [type(node) for node in own(body)]
    return ast.If in kinds or ast.Match in kinds or (ast.With in kinds and ast.Return in kinds)
