"""Whether a property is well-formed: a bool of the variables, or a temporal formula whose parts mean something.

Takes a property and what its Model declares. Raises ModelError showing what is wrong and the property it is in.
"""

from __future__ import annotations

from typing import assert_never

from speccheck.ir.definitions import Definition, Shared
from speccheck.ir.limits import MAX_FORMULA_DEPTH
from speccheck.ir.literals import shown
from speccheck.ir.models import Property
from speccheck.ir.nodes import Clause, Expr, Read, element_type
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
    operands,
)
from speccheck.ir.types import BOOL


def check_property(shared: Shared, each: Property) -> None:
    """Raise ModelError unless a property is a bool of the variables as they are, or a formula of such."""
    definition = Definition(shared, f"{each.kind} {shown(each.name)}", "is read in a property, which assigns nothing")
    definition.readable = {(name, 0) for name in shared.known.variables}
    body = each.body
    if isinstance(body, Formula) is not (each.kind == "temporal"):
        raise definition.error("a formula about behaviours belongs to a temporal property, a bool to any other")
    if isinstance(body, Formula):
        _formula(definition, body, 1)
    else:
        _bool(definition, body)


def _bool(definition: Definition, body: Expr) -> None:
    definition.expression(body)
    if body.type != BOOL:
        raise definition.error(f"a property should be bool, not {body.type}", body)


def _formula(definition: Definition, node: Formula, depth: int) -> None:
    if depth > MAX_FORMULA_DEPTH:
        raise definition.error(f"temporal operators are nested deeper than {MAX_FORMULA_DEPTH}")
    definition.shared.work.spend(1)
    match node:
        case Now(predicate):
            _bool(definition, predicate)
        case Junction(op, parts):
            if op == "implies" and len(parts) != 2:
                raise definition.error(f"an implication has two operands, not {len(parts)}")
            _below(definition, node, depth)
        case Negation() | Modality() | LeadsTo():
            _below(definition, node, depth)
        case Quantifier(_, clauses):
            outside = set(definition.scope)
            for clause in clauses:
                _clause(definition, clause)
            _below(definition, node, depth)
            definition.scope = outside
        case Enabled(occurrence):
            _occurrence(definition, occurrence)
        case Fairness(_, occurrence, variables):
            _occurrence(definition, occurrence)
            _variables(definition, variables)
        case _:
            assert_never(node)


def _below(definition: Definition, node: Formula, depth: int) -> None:
    for each in operands(node):
        _formula(definition, each, depth + 1)


def _clause(definition: Definition, clause: Clause) -> None:
    """A domain that reads no variable; its local is bound once, however often the same formula stands in a property."""
    definition.expression(clause.domain)
    for used in definition.shared.uses.of(clause.domain).values():
        if isinstance(used, Read):
            problem = f"a temporal quantifier ranges over what changes: {shown(used.variable)} is a variable"
            raise definition.error(problem, clause.domain)
    local = clause.local
    if element_type(clause.domain.type) != local.type:
        raise definition.error(f"local {shown(local.name)} is no element of {clause.domain.type}", clause.domain)
    if definition.bound.get(local.name) is not local:
        definition.bind(local, clause.domain, None)
    definition.scope.add(local.name)


def _occurrence(definition: Definition, occurrence: Occurrence) -> None:
    for arg in occurrence.args:
        definition.expression(arg)
    found = [a for a in definition.shared.labelling if a.name == occurrence.action]
    if not found:
        raise definition.error(f"no step has an action {shown(occurrence.action)} in its label")
    given = [arg.type for arg in occurrence.args]
    for action in found:
        if [param.type for param in action.params] != given:
            told = ", ".join(map(str, given)) or "nothing"
            raise definition.error(f"action {shown(occurrence.action)} does not take {told}")


def _variables(definition: Definition, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in definition.shared.known.variables:
            raise definition.error(f"there is no variable {shown(name)}")
    if len(set(names)) < len(names):
        raise definition.error("a variable is listed twice")
