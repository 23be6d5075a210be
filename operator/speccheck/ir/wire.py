"""The JSON form of a Model, as the structures that a JSON document is decoded into and encoded from.

Plain data: types and expressions refer to one another by their index in the document's tables, which `ir.json`
checks. docs/model.schema.json is generated from these classes, docs/model-format.md describes them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

Index: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1, description="Index in a table of the document.")]
Version: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1, description="Version of a variable; 0 at the start.")]
Place: TypeAlias = Annotated[
    tuple[Index, Index, Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]],
    Meta(description="Node or statement, file, line and column (in characters), the last two from 1."),
]
Named: TypeAlias = tuple[str, Index]
Written: TypeAlias = tuple[str, Version]


class Strict(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all structures have in common: unknown fields are refused, defaults left out."""


class Tagged(Strict, frozen=True, tag_field="kind"):
    """One of several structures, told apart by its `kind`."""


class IntRow(Tagged, frozen=True, tag="int"):
    """Integers."""


class BoolRow(Tagged, frozen=True, tag="bool"):
    """False and True."""


class StrRow(Tagged, frozen=True, tag="str"):
    """Text."""


class UnitRow(Tagged, frozen=True, tag="unit"):
    """The type with one value."""


class EnumRow(Tagged, frozen=True, tag="enum"):
    """A choice of members, in declared order."""

    name: str
    members: tuple[str, ...]


class SetRow(Tagged, frozen=True, tag="set"):
    """Finite sets."""

    element: Index


class MapRow(Tagged, frozen=True, tag="map"):
    """Finite maps."""

    key: Index
    value: Index


class ListRow(Tagged, frozen=True, tag="list"):
    """Finite lists."""

    element: Index


class TupleRow(Tagged, frozen=True, tag="tuple"):
    """Products without names."""

    items: tuple[Index, ...]


class RecordRow(Tagged, frozen=True, tag="record"):
    """Products with names: field and type, in declared order."""

    name: str
    fields: tuple[Named, ...]


class UnionRow(Tagged, frozen=True, tag="union"):
    """Tagged sums: tag and payload type, in declared order."""

    name: str
    variants: tuple[Named, ...]


TypeRow: TypeAlias = (
    IntRow | BoolRow | StrRow | UnitRow | EnumRow | SetRow | MapRow | ListRow | TupleRow | RecordRow | UnionRow
)


class ConstRow(Tagged, frozen=True, tag="const"):
    """A value, in ITF encoding by its type."""

    type: Index
    value: Any


class ParamRow(Tagged, frozen=True, tag="param"):
    """A parameter of the specification."""

    type: Index
    name: str


class ReadRow(Tagged, frozen=True, tag="read"):
    """A state variable as of a version."""

    type: Index
    variable: str
    version: Version


class LocalRow(Tagged, frozen=True, tag="local"):
    """A local name, where it is bound and where it is used."""

    type: Index
    name: str


class ApplyRow(Tagged, frozen=True, tag="apply"):
    """An operation on arguments; `attribute` is a field, a tag or a tuple index."""

    type: Index
    op: str
    args: tuple[Index, ...]
    attribute: str | int | None = None


class ClauseRow(Strict, frozen=True):
    """One `for local in domain`."""

    local: Index
    domain: Index


class BindRow(Tagged, frozen=True, tag="bind"):
    """A quantifier, a comprehension or a choice."""

    type: Index
    op: Literal["forall", "exists", "image", "filter", "mapping", "list_map", "list_filter", "choose"]
    clauses: tuple[ClauseRow, ...]
    body: Index


class FoldRow(Tagged, frozen=True, tag="fold"):
    """A fold over a set, map or list."""

    type: Index
    collection: Index
    initial: Index
    accumulator: Index
    items: tuple[Index, ...]
    body: Index


class LetRow(Tagged, frozen=True, tag="let"):
    """A local name for a value in a body."""

    type: Index
    local: Index
    value: Index
    body: Index


class ArmRow(Strict, frozen=True):
    """The case of one tag."""

    tag: str
    local: Index
    body: Index


class MatchRow(Tagged, frozen=True, tag="match"):
    """A selection by a union's tag."""

    type: Index
    subject: Index
    arms: tuple[ArmRow, ...]
    default: Index | None = None


class InvokeRow(Tagged, frozen=True, tag="invoke"):
    """A call of a function of the Model."""

    type: Index
    function: str
    args: tuple[Index, ...]


ExprRow: TypeAlias = (
    ConstRow | ParamRow | ReadRow | LocalRow | ApplyRow | BindRow | FoldRow | LetRow | MatchRow | InvokeRow
)


class AssumeRow(Tagged, frozen=True, tag="assume"):
    """A guard."""

    condition: Index


class AssignRow(Tagged, frozen=True, tag="assign"):
    """A new version of a variable."""

    variable: str
    version: Version
    value: Index


class DefineRow(Tagged, frozen=True, tag="define"):
    """A local name for a value from here on."""

    local: Index
    value: Index


class ChooseRow(Tagged, frozen=True, tag="choose"):
    """Any element of a set; `name` is what paths show."""

    local: Index
    domain: Index
    name: str


class JoinRow(Strict, frozen=True):
    """The version of a variable after a branching, and its version at the end of each branch."""

    variable: str
    version: Version
    sources: tuple[Version, ...]


class BranchRow(Strict, frozen=True):
    """One of several branches."""

    name: str
    block: tuple[StatementRow, ...]


class AlternativesRow(Tagged, frozen=True, tag="alternatives"):
    """Exactly one branch is taken."""

    branches: tuple[BranchRow, ...]
    joins: tuple[JoinRow, ...] = ()


class SplitRow(Tagged, frozen=True, tag="split"):
    """The first block where the condition holds, else the second."""

    condition: Index
    then: tuple[StatementRow, ...]
    otherwise: tuple[StatementRow, ...]
    joins: tuple[JoinRow, ...] = ()


class PerformRow(Tagged, frozen=True, tag="perform"):
    """A call of a named action; `results` are the versions it gives to what it writes."""

    action: str
    args: tuple[Index, ...]
    results: tuple[Written, ...] = ()


StatementRow: TypeAlias = AssumeRow | AssignRow | DefineRow | ChooseRow | AlternativesRow | SplitRow | PerformRow


class VariableRow(Strict, frozen=True):
    """A variable or parameter."""

    name: str
    type: Index
    upsert: bool = False


class FunctionRow(Strict, frozen=True):
    """A named function."""

    name: str
    params: tuple[Index, ...]
    body: Index


class ActionRow(Strict, frozen=True):
    """A named action."""

    key: str
    name: str
    params: tuple[Index, ...]
    block: tuple[StatementRow, ...]
    writes: tuple[Written, ...]
    doc: str = ""


class TransitionRow(Strict, frozen=True):
    """The initial states, or the step."""

    block: tuple[StatementRow, ...]
    writes: tuple[Written, ...]


class NowRow(Tagged, frozen=True, tag="now"):
    """A predicate of the present state."""

    predicate: Index


class NegationRow(Tagged, frozen=True, tag="negation"):
    """The operand does not hold."""

    operand: FormulaRow


class JunctionRow(Tagged, frozen=True, tag="junction"):
    """All operands hold, one of them, or the second where the first does."""

    op: Literal["and", "or", "implies"]
    operands: tuple[FormulaRow, ...]


class ModalityRow(Tagged, frozen=True, tag="modality"):
    """The operand holds from every moment on, or from some."""

    op: Literal["always", "eventually"]
    operand: FormulaRow


class LeadsToRow(Tagged, frozen=True, tag="leads_to"):
    """Whenever the premise holds, the conclusion holds then or later."""

    premise: FormulaRow
    conclusion: FormulaRow


class QuantifierRow(Tagged, frozen=True, tag="quantifier"):
    """The body holds for all elements, or for some."""

    op: Literal["forall", "exists"]
    clauses: tuple[ClauseRow, ...]
    body: FormulaRow


class EnabledRow(Tagged, frozen=True, tag="enabled"):
    """A step labelled with the action and these arguments is possible."""

    action: str
    args: tuple[Index, ...] = ()


class FairnessRow(Tagged, frozen=True, tag="fairness"):
    """Such steps that change one of the variables (of all, where none is listed) are taken fairly."""

    op: Literal["weak", "strong"]
    action: str
    args: tuple[Index, ...] = ()
    variables: tuple[str, ...] = ()


FormulaRow: TypeAlias = (
    NowRow | NegationRow | JunctionRow | ModalityRow | LeadsToRow | QuantifierRow | EnabledRow | FairnessRow
)


class PropertyRow(Strict, frozen=True):
    """A named predicate, by its index; of kind temporal, a formula."""

    name: str
    kind: Literal["invariant", "example", "temporal"]
    body: Index | FormulaRow
    doc: str = ""


class CoverageRow(Strict, frozen=True):
    """A named function of a state whose values are counted."""

    name: str
    body: Index
    doc: str = ""


class ValueRow(Strict, frozen=True):
    """A parameter's value, in ITF encoding by the parameter's type."""

    name: str
    value: Any


class InstanceRow(Strict, frozen=True):
    """Named values of parameters."""

    name: str
    values: tuple[ValueRow, ...]
    doc: str = ""


class SpansRow(Strict, frozen=True):
    """Where expressions (by index) and statements (counted in the order of the document) were written."""

    files: tuple[str, ...] = ()
    expressions: tuple[Place, ...] = ()
    statements: tuple[Place, ...] = ()


class Document(Strict, frozen=True):
    """A Model."""

    format: int
    name: str
    doc: str
    state: str
    types: tuple[TypeRow, ...]
    expressions: tuple[ExprRow, ...]
    params: tuple[VariableRow, ...]
    variables: tuple[VariableRow, ...]
    functions: tuple[FunctionRow, ...]
    actions: tuple[ActionRow, ...]
    initial: TransitionRow
    step: TransitionRow
    properties: tuple[PropertyRow, ...]
    instances: tuple[InstanceRow, ...]
    bindings: tuple[ValueRow, ...] = ()
    instance: str = ""
    spans: SpansRow = SpansRow()
    coverages: tuple[CoverageRow, ...] = ()


class Head(Struct, frozen=True):
    """What is read first of a document, whatever else is in it."""

    format: int
