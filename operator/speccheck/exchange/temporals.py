r"""Temporal formulas in TLA+.

speccheck judges fairness and `Enabled` of a named action on whole steps whose label contains the action. So an
occurrence becomes an operator of its own: the ways of Next that go through one of its calls, with the call's
arguments equal to those asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from speccheck.exchange.expressions import Expressions
from speccheck.exchange.modules import Module, headed
from speccheck.exchange.names import hint
from speccheck.exchange.pieces import (
    ATOM,
    NEGATION,
    OPEN,
    Doc,
    Enclosed,
    Infix,
    Joined,
    Scoped,
    Text,
    call,
    conjunction,
    disjunction,
    tight,
)
from speccheck.exchange.ranges import opened
from speccheck.exchange.refusals import NotExported
from speccheck.exchange.steps import Site
from speccheck.ir.nodes import Alternatives, Block, Perform, Split
from speccheck.ir.temporals import (
    Enabled,
    Fairness,
    Formula,
    Junction,
    LeadsTo,
    Modality,
    Negation,
    Now,
    Occurrence,
    Quantifier,
)


@dataclass(slots=True)
class Formulas:
    """The translation of a module's temporal formulas."""

    module: Module
    _occurrences: dict[str, str] = field(default_factory=dict)

    def formula(self, node: Formula, into: Expressions) -> Doc:
        """A formula in the scope of a property."""
        match node:
            case Now(predicate):
                return into.root(predicate)
            case Negation(operand):
                return Joined((Text("~"), tight(self.formula(operand, into), ATOM)), NEGATION)
            case Junction(op, operands):
                return _joined(op, [self.formula(each, into) for each in operands])
            case Modality(op, operand):
                sign = "[]" if op == "always" else "<>"
                return Joined((Text(sign), tight(self.formula(operand, into), ATOM)), NEGATION)
            case LeadsTo(premise, conclusion):
                sides = tight(self.formula(premise, into), ATOM), tight(self.formula(conclusion, into), ATOM)
                return Infix("~>", sides, OPEN)
            case Quantifier():
                return self._quantifier(node, into)
            case Enabled(occurrence):
                return Joined((Text("ENABLED "), tight(self._step(occurrence, into), ATOM)), NEGATION)
            case Fairness(op, occurrence, variables):
                of = [self.module.variables[name] for name in variables] or list(self.module.variables.values())
                changing = "vars" if len(of) == len(self.module.variables) else f"<<{', '.join(of)}>>"
                word = "WF" if op == "weak" else "SF"
                return Joined((Text(f"{word}_{changing}("), self._step(occurrence, into), Text(")")))
            case _:
                assert_never(node)

    def _quantifier(self, node: Quantifier, into: Expressions) -> Doc:
        members = opened(into, node.clauses)
        body = self.formula(node.body, into)
        for name, domain in reversed(members):
            member = Infix(r"\in", (Text(name), tight(domain, ATOM)), 0)
            body = Scoped(Enclosed("\\A " if node.op == "forall" else "\\E ", (member,), ""), body)
        return body

    def _step(self, occurrence: Occurrence, into: Expressions) -> Doc:
        return call(self._operator(occurrence.action), *(into.root(arg) for arg in occurrence.args))

    def _operator(self, name: str) -> str:
        """The operator for the whole steps whose label contains an action; it takes the action's arguments."""
        if name in self._occurrences:
            return self._occurrences[name]
        model = self.module.model
        keys = {action.key: action for action in model.actions if action.name == name}
        sites = list(_sites(model.step.block, {}, frozenset(keys)))
        if not sites:
            raise NotExported(f"{model.name} cannot be exported to TLA+: no step calls {name} outermost")
        scope = self.module.names.inside()
        first = keys[sites[0][1].action]
        params = [scope.fresh(f"with_{hint(param.name)}") for param in first.params]
        args = tuple(Text(each) for each in params)
        ways = [
            self.module.transition(model.step, initial=False, site=Site(arms, perform, args), avoiding=params)
            for arms, perform in sites
        ]
        found = self._occurrences[name] = self.module.names.fresh(f"Step_{name}")
        comment = f"\\* The steps whose label contains {name}."
        self.module.define(headed(found, params), disjunction(ways, tall=True), [comment])
        return found


def _joined(op: str, docs: list[Doc]) -> Doc:
    match op:
        case "and":
            return conjunction(docs)
        case "or":
            return disjunction(docs)
        case _:
            return Infix("=>", tuple(tight(each, NEGATION) for each in docs), OPEN)


def _sites(block: Block, arms: dict[int, int], keys: frozenset[str]) -> Iterator[tuple[dict[int, int], Perform]]:
    """Each call of one of some actions in a block, with the arms that lead to it."""
    for statement in block:
        match statement:
            case Perform(key) if key in keys:
                yield arms, statement
            case Alternatives(branches):
                for n, branch in enumerate(branches):
                    yield from _sites(branch.block, {**arms, id(statement): n}, keys)
            case Split(_, then, otherwise):
                for n, each in enumerate((then, otherwise)):
                    yield from _sites(each, {**arms, id(statement): n}, keys)
            case _:
                pass
