"""A captured specification: frozen data, and all that engines, documents and other processes see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from speccheck.errors import ModelError, Span, UsageError
from speccheck.ir.nodes import Block, Expr, Local, Perform
from speccheck.ir.temporals import Formula, formula_expressions
from speccheck.ir.types import Type
from speccheck.ir.values import Value, fits
from speccheck.ir.walks import in_order

FORMAT = 1
"""Version of the Model's JSON form; a reader refuses any other."""

PropertyKind = Literal["invariant", "example", "temporal"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable or a parameter. An `upsert` map takes assignments to keys it has not yet."""

    name: str
    type: Type
    upsert: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Function:
    """A named expression function. State it depends on comes in through parameters."""

    name: str
    params: tuple[Local, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Action:
    """A named transition. `key` is unique in the model, `name` is what paths show; `writes` are the
    variables it may assign, with the version each has at its end."""

    key: str
    name: str
    params: tuple[Local, ...]
    block: Block
    writes: tuple[tuple[str, int], ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Property:
    """A named predicate of a state; of kind temporal, a formula about behaviours. Its reads are of version 0."""

    name: str
    kind: PropertyKind
    body: Expr | Formula
    doc: str = ""

    @property
    def predicate(self) -> Expr:
        """The predicate of a state; ModelError where the property is about behaviours."""
        if isinstance(self.body, Formula):
            raise ModelError(f"{self.name} is a property of behaviours, not of a state")
        return self.body

    @property
    def expressions(self) -> tuple[Expr, ...]:
        """The predicate, or every expression in the formula."""
        return formula_expressions(self.body) if isinstance(self.body, Formula) else (self.body,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Coverage:
    """A named function of a state, of any type (its reads are of version 0).

    What is counted are its values among the states visited.
    """

    name: str
    body: Expr
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """Named values of parameters; those not listed stay free."""

    name: str
    values: tuple[tuple[str, Value], ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Transition:
    """An unnamed block with the version each variable has at its end: the initial states, or the step."""

    block: Block
    writes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Model:
    """What one capture gives.

    `name` is the entry module's, `doc` its heading; `initial` starts from variables without value;
    `bindings` are the values given to parameters so far, under the name `instance` ("" for none).
    `spans` maps an expression's or statement's id to where its author wrote it: a side table,
    which the digest leaves out.
    """

    name: str
    doc: str
    state: str
    params: tuple[Variable, ...]
    variables: tuple[Variable, ...]
    functions: tuple[Function, ...]
    actions: tuple[Action, ...]
    initial: Transition
    step: Transition
    properties: tuple[Property, ...]
    instances: tuple[Instance, ...]
    bindings: Mapping[str, Value] = field(default_factory=dict)
    instance_name: str = ""
    spans: Mapping[int, Span] = field(default_factory=dict)
    coverages: tuple[Coverage, ...] = ()

    def instance(self, name: str) -> Model:
        """The model specialised to a named instance.

        Raises UsageError where there is no instance of that name.
        """
        for each in self.instances:
            if each.name == name:
                return replace(self.bind(dict(each.values)), instance_name=name)
        known = ", ".join(i.name for i in self.instances) or "none"
        raise UsageError(f"no instance {name!r} in {self.name}; it has: {known}")

    def bind(self, values: Mapping[str, Value]) -> Model:
        """The model with values given to parameters.

        Raises UsageError for an unknown parameter or a value of another type.
        """
        types = {p.name: p.type for p in self.params}
        for name, value in values.items():
            if name not in types:
                raise UsageError(f"{self.name} has no parameter {name!r}; it has: {', '.join(types) or 'none'}")
            if not fits(value, types[name]):
                raise UsageError(f"parameter {name} of {self.name} should be a value of {types[name]}")
        return replace(self, bindings={**self.bindings, **values})

    def free_params(self) -> tuple[str, ...]:
        """Parameters without a value, in declared order."""
        return tuple(p.name for p in self.params if p.name not in self.bindings)

    def action(self, key: str) -> Action:
        """The action of that key; KeyError where there is none."""
        return {a.key: a for a in self.actions}[key]

    def judged(self) -> tuple[Expr, ...]:
        """What is evaluated of states: the expressions of the properties, then of the coverage functions."""
        return (*(e for p in self.properties for e in p.expressions), *(c.body for c in self.coverages))

    def labelling(self) -> tuple[Action, ...]:
        """The actions that can be in a step's label, in the order of the model."""
        keys = {each.action for each in in_order(self.step.block) if isinstance(each, Perform)}
        return tuple(action for action in self.actions if action.key in keys)

    def property_named(self, name: str) -> Property:
        """The property of that name; UsageError where there is none."""
        for each in self.properties:
            if each.name == name:
                return each
        known = ", ".join(p.name for p in self.properties) or "none"
        raise UsageError(f"no property {name!r} in {self.name}; it has: {known}")

    def span_of(self, node: object) -> Span | None:
        """Where the author wrote an expression or statement of this model."""
        return self.spans.get(id(node))
