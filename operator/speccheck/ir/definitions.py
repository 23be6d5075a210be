"""Whether the expressions of one definition are well-formed: typed, with locals bound once and used in scope.

Takes functions whole; for actions, the initial states and the step, `ir.assignments` walks the
statements, and for properties `ir.propositions` the formulas. Raises ModelError showing the node, the statement and
the definition it is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from speccheck.errors import ModelError
from speccheck.ir.limits import MAX_EXPRESSION_DEPTH
from speccheck.ir.literals import shown
from speccheck.ir.models import Action, Coverage, Function, Model
from speccheck.ir.nodes import Expr, Local, Read, Statement, children
from speccheck.ir.ops import TypeMismatch
from speccheck.ir.scopes import UseTable, Work
from speccheck.ir.text import expression_text, statement_text
from speccheck.ir.typechecks import Known, TypeLimits, check_name, check_node
from speccheck.ir.walks import bottom_up, bound_locals


class Shared:
    """What the definitions of one Model have in common; the types of each expression are checked once.

    `needs` lists, by action, the variables that it uses as they are where it begins; `ir.assignments` fills it.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.known = Known.of(model)
        self.actions: Mapping[str, Action] = {each.key: each for each in model.actions}
        self.labelling = model.labelling()
        self.needs: dict[str, frozenset[str]] = {}
        self.work = Work()
        self.uses = UseTable(self.work)
        self.types = TypeLimits()
        self.typed: set[int] = set()
        self.depths: dict[int, int] = {}


@dataclass(slots=True)
class Definition:
    """One definition, and what is bound, in scope and readable at the place that its check has come to."""

    shared: Shared
    label: str
    unreadable: str
    scope: set[str] = field(default_factory=set)
    readable: set[tuple[str, int]] = field(default_factory=set)
    bound: dict[str, Local] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def error(self, problem: str, node: Expr | None = None, statement: Statement | None = None) -> ModelError:
        """A ModelError that shows the problem's neighbours, and the author's line where it is known."""
        lines = [problem]
        if node is not None:
            lines.append(f"  in  {expression_text(node, 120, versions=True)}")
        if statement is not None:
            lines.append(f"  in  {statement_text(statement, 120, versions=True)}")
        lines.append(f"  of  {self.label}")
        span = self.shared.model.span_of(node) or self.shared.model.span_of(statement)
        return ModelError("\n".join(lines + ([] if span is None else [f"  at  {span}"])))

    @contextmanager
    def blaming(self, node: Expr | None, statement: Statement | None) -> Iterator[None]:
        """Turn a TypeMismatch into this definition's error."""
        try:
            yield
        except TypeMismatch as problem:
            raise self.error(str(problem), node, statement) from None

    def params(self, params: tuple[Local, ...]) -> None:
        """Bind parameters, in scope everywhere in the definition."""
        for local in params:
            self.bind(local, None, None)
            self.scope.add(local.name)

    def bind(self, local: Local, node: Expr | None, statement: Statement | None) -> None:
        """Take note of a local's one binding; its scope is the caller's to keep."""
        with self.blaming(node, statement):
            check_name(local.name)
            self.shared.types.check(local.type)
        if local.name in self.bound:
            raise self.error(f"local {shown(local.name)} is bound twice in one definition", node, statement)
        self.bound[local.name] = local

    def expression(self, expr: Expr, statement: Statement | None = None) -> None:
        """Check one expression at this place."""
        self._typed(expr, statement)
        fresh = list(bottom_up((expr,), self.seen))
        self.shared.work.spend(len(fresh))
        for node in fresh:
            for local in bound_locals(node):
                self.bind(local, node, statement)
        uses = self.shared.uses.of(expr)
        self.shared.work.spend(len(uses))
        for used in uses.values():
            self._reachable(used, statement)
        for node in fresh:
            if isinstance(node, Local) and node.type != self.bound[node.name].type:
                problem = f"local {shown(node.name)} is bound as {self.bound[node.name].type}, not {node.type}"
                raise self.error(problem, node, statement)

    def _typed(self, expr: Expr, statement: Statement | None) -> None:
        depths = self.shared.depths
        for node in bottom_up((expr,), self.shared.typed):
            depths[id(node)] = 1 + max((depths[id(child)] for child in children(node)), default=0)
            if depths[id(node)] > MAX_EXPRESSION_DEPTH:
                raise self.error(f"an expression is nested deeper than {MAX_EXPRESSION_DEPTH}", node, statement)
            with self.blaming(node, statement):
                self.shared.types.check(node.type)
                check_node(node, self.shared.known)

    def _reachable(self, used: Local | Read, statement: Statement | None) -> None:
        match used:
            case Local(_, name) if name not in self.scope:
                known = "used outside its scope" if name in self.bound else "not bound"
                raise self.error(f"local {shown(name)} is {known}", used, statement)
            case Read(_, variable, version) if (variable, version) not in self.readable:
                raise self.error(f"version {version} of {shown(variable)} {self.unreadable}", used, statement)
            case _:
                pass


def check_function(shared: Shared, function: Function) -> None:
    """Raise ModelError unless a function's body is well-formed, uses its parameters only and reads no variable."""
    label = f"function {shown(function.name)}"
    definition = Definition(shared, label, "is read in a function, which has no variables of its own")
    definition.params(function.params)
    definition.expression(function.body)


def check_coverage(shared: Shared, each: Coverage) -> None:
    """Raise ModelError unless a coverage function is well-formed and of the variables as they are."""
    label = f"coverage {shown(each.name)}"
    definition = Definition(shared, label, "is read in a coverage function, which assigns nothing")
    definition.readable = {(name, 0) for name in shared.known.variables}
    definition.expression(each.body)
