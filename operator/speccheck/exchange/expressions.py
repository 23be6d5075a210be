r"""Expressions as TLA+ formulas.

An `Expressions` translates the expressions of one definition: it knows what the definition's locals and the versions
of variables are called in the text. Expressions form a graph; what is large and used twice becomes a LET, so the
text grows no faster than the graph. Names of TLA+'s LET stand for values asked for only when needed, as here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from speccheck.exchange.constants import EMPTY, UNION_TAG, TooWide, constant, payload_name, string
from speccheck.exchange.definedness import Definedness
from speccheck.exchange.names import Names, hint
from speccheck.exchange.operations import operation
from speccheck.exchange.orders import Orders
from speccheck.exchange.pieces import ATOM, OPEN, Cases, Doc, Joined, Text, call, relation, tight, where
from speccheck.exchange.ranges import binder, fold
from speccheck.exchange.refusals import refusal
from speccheck.ir.models import Model
from speccheck.ir.nodes import Apply, Bind, Const, Expr, Fold, Invoke, Let, Local, Match, Param, Read, children
from speccheck.ir.scopes import UseTable
from speccheck.ir.types import UnionType, UnitType
from speccheck.ir.walks import bottom_up

_LARGE = 8
"""Nodes from which on an expression that is used twice gets a name."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the definitions of one module share."""

    model: Model
    names: Names
    params: dict[str, str]
    variables: dict[str, str]
    definedness: Definedness
    orders: Orders
    uses: UseTable
    require: Callable[[str], str]
    function: Callable[[str], str]
    fold: Callable[[Fold], str]


@dataclass(slots=True)
class Expressions:
    """The translation of one definition's expressions; `place` says in errors which definition it is."""

    around: Surroundings
    place: str
    names: Names
    locals: dict[str, Doc] = field(default_factory=dict)
    versions: dict[tuple[str, int], Doc] = field(default_factory=dict)
    _scope: frozenset[str] = frozenset()
    _short: dict[int, Doc] = field(default_factory=dict)

    @property
    def definedness(self) -> Definedness:
        """Which expressions may have no value."""
        return self.around.definedness

    @property
    def orders(self) -> Orders:
        """The canonical order in the module."""
        return self.around.orders

    @property
    def uses(self) -> UseTable:
        """Which locals an expression uses."""
        return self.around.uses

    def needs(self, operator: str) -> str:
        """Makes the module define an operator of the library; gives its name."""
        return self.around.require(operator)

    def hoisted(self, node: Fold) -> str:
        """Makes the module define an operator for a fold that needs nothing from outside; gives its name."""
        return self.around.fold(node)

    def bound(self, local: Local) -> str:
        """Gives a local a name."""
        name = self.names.fresh(hint(local.name))
        self.locals[local.name] = Text(name)
        return name

    def stands_for(self, local: Local, doc: Doc) -> None:
        """Lets a local be written as something else than a name."""
        self.locals[local.name] = doc

    def root(self, node: Expr) -> Doc:
        """A whole expression of a statement or definition: all locals it uses unbound are in scope."""
        return self._shortened(node, frozenset(u for u in self.uses.of(node) if isinstance(u, str)))

    def within(self, node: Expr, locals_: tuple[Local, ...]) -> Doc:
        """An expression inside a binder of these locals."""
        return self._shortened(node, self._scope | {local.name for local in locals_})

    def _shortened(self, node: Expr, scope: frozenset[str]) -> Doc:
        outer, self._scope = self._scope, scope
        given: list[tuple[str, Doc | None]] = []
        shared = self._shared(node)
        for each in shared:
            doc = self.expr(each)
            name = self.names.fresh("shared")
            given.append((name, doc))
            self._short[id(each)] = Text(name)
        body = self.expr(node)
        for each in shared:
            del self._short[id(each)]
        self._scope = outer
        return where(given, body)

    def _shared(self, root: Expr) -> list[Expr]:
        """What is large, stands at several places under the root, and can be named in this scope; inner ones first."""
        above: dict[int, int] = {}
        order = list(bottom_up((root,), set(self._short)))
        for node in order:
            for child in children(node):
                above[id(child)] = above.get(id(child), 0) + 1
        if not any(count > 1 for count in above.values()):
            return []
        sizes: dict[int, int] = {}
        found: list[Expr] = []
        for node in order:
            size = 1 + sum(sizes.get(id(child), 1) for child in children(node))
            if size >= _LARGE and above.get(id(node), 0) > 1 and self._in_scope(node):
                found.append(node)
                size = 1
            sizes[id(node)] = min(size, 1 << 30)
        return found

    def _in_scope(self, node: Expr) -> bool:
        return all(use in self._scope for use in self.uses.of(node) if isinstance(use, str))

    def expr(self, node: Expr) -> Doc:
        """An expression in the scope where the translation is."""
        short = self._short.get(id(node))
        return self._formula(node) if short is None else short

    def _formula(self, node: Expr) -> Doc:
        match node:
            case Const(type_, value):
                try:
                    return constant(value, type_)
                except TooWide as error:
                    raise refusal(self.around.model, node, str(error), self.place) from None
            case Param(_, name):
                return Text(self.around.params[name])
            case Read(_, variable, version):
                return self.versions[variable, version]
            case Local(_, name):
                return self.locals[name]
            case Apply(_, _, args):
                return operation(node, [self.expr(arg) for arg in args], self.needs)
            case Bind():
                return binder(self, node)
            case Fold():
                return fold(self, node)
            case Let(_, local, value, body):
                doc = self.expr(value)
                if isinstance(doc, Text):
                    self.stands_for(local, doc)
                    return self.within(body, (local,))
                name = self.bound(local)
                return where([(name, doc)], self.within(body, (local,)))
            case Match():
                return self._match(node)
            case Invoke(_, function, args):
                return call(self.around.function(function), *(self.expr(arg) for arg in args))
            case _:
                assert_never(node)

    def _match(self, node: Match) -> Doc:
        union = node.subject.type
        assert isinstance(union, UnionType)
        subject, given = self.expr(node.subject), list[tuple[str, Doc | None]]()
        if not isinstance(subject, Text):
            name = self.names.fresh("case")
            subject, given = Text(name), [(name, subject)]
        arms: list[tuple[Doc | None, Doc]] = []
        tag = Joined((subject, Text(f".{UNION_TAG}")))
        for arm in node.arms:
            payload = (
                Text("<<>>") if isinstance(union.variant(arm.tag), UnitType) else _payload(subject, union, arm.tag)
            )
            self.stands_for(arm.local, payload)
            body = tight(self.within(arm.body, (arm.local,)), OPEN + 1)
            arms.append((relation("=", tag, Text(string(arm.tag))), body))
        if node.default is not None:
            arms.append((None, tight(self.expr(node.default), OPEN + 1)))
        return where(given, Cases(tuple(arms)) if arms[0][0] is not None else arms[0][1])


def _payload(subject: Doc, union: UnionType, tag: str) -> Doc:
    if isinstance(union.variant(tag), UnitType):
        return EMPTY
    return Joined((tight(subject, ATOM), Text(f".{payload_name(union, tag)}")))
