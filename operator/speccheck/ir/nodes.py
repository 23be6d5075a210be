"""The nodes of the intermediate representation: expressions and the statements of a step.

Expressions are pure and form a graph (a node may be used twice). Statements are read in order, and
state variables are in static single assignment form: `Read(x, 0)` is the value of x where the
enclosing action begins, every `Assign`, `Perform` and join defines a new version. So a read never
changes its meaning, whatever is written after it. Nodes compare by identity; equality of meaning is
equality of `ir.text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from speccheck.ir.ops import Attribute
from speccheck.ir.types import ListType, SetType, Type
from speccheck.ir.values import Value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Const:
    """A value, written as `ir.values` represents it."""

    type: Type
    value: Value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Param:
    """A parameter of the specification: fixed for a run, given by an instance."""

    type: Type
    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Read:
    """A state variable as of one of its versions in the enclosing action or property."""

    type: Type
    variable: str
    version: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Local:
    """A name bound by a binder, a `Let`, a `Choose` or a parameter list. Names are unique in a definition."""

    type: Type
    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Apply:
    """An operation of `ir.ops.OPS` on arguments; strict but for the lazy ones."""

    type: Type
    op: str
    args: tuple[Expr, ...]
    attribute: Attribute = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clause:
    """`for local in domain`: a set (canonical order) or a list (its order), over which a binder ranges."""

    local: Local
    domain: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bind:
    """A binder over one or several clauses, later domains seeing earlier locals.

    `op` is one of

    * forall, exists: the body is a bool;
    * image: the set of bodies;
    * filter: the elements for which the body holds, tuples of them where there are several clauses;
    * mapping: from the local (the tuple of several) to the body;
    * list_map, list_filter: one clause, over a list;
    * choose: one clause, over a set: the canonically least element for which the body holds; Undefined
      where there is none.

    Strict: an error in any body is an error.
    """

    type: Type
    op: str
    clauses: tuple[Clause, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fold:
    """Folds a set, map or list in canonical order (a list: its own) from `initial`.

    The body sees `accumulator` and `items`: the element, or the key and the value of a map.
    """

    type: Type
    collection: Expr
    initial: Expr
    accumulator: Local
    items: tuple[Local, ...]
    body: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Let:
    """`local` stands for `value` in `body`: evaluated once, and only if used."""

    type: Type
    local: Local
    value: Expr
    body: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Arm:
    """One tag of a `Match`, its payload bound to a local."""

    tag: str
    local: Local
    body: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Match:
    """Selects by a union's tag; `default` stands for the tags without an arm, and is None where all have one."""

    type: Type
    subject: Expr
    arms: tuple[Arm, ...]
    default: Expr | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Invoke:
    """A call of a named function of the model; arguments are evaluated once, and only if used."""

    type: Type
    function: str
    args: tuple[Expr, ...]


Expr: TypeAlias = Const | Param | Read | Local | Apply | Bind | Fold | Let | Match | Invoke

BINDERS = ("forall", "exists", "image", "filter", "mapping", "list_map", "list_filter", "choose")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Assume:
    """This way of taking the step exists only where the condition holds."""

    condition: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Assign:
    """Defines a new version of a state variable."""

    variable: str
    version: int
    value: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Define:
    """From here on `local` stands for `value`: evaluated once, and only if used."""

    local: Local
    value: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Choose:
    """`local` is any element of the set; no such step where it is empty. `name` is what paths show."""

    local: Local
    domain: Expr
    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Join:
    """After a branching statement: `version` of the variable is, per arm, that arm's version."""

    variable: str
    version: int
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Branch:
    """One arm of `Alternatives`."""

    name: str
    block: Block


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Alternatives:
    """Exactly one branch is taken, any of them."""

    branches: tuple[Branch, ...]
    joins: tuple[Join, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Split:
    """The first block where the condition holds, the second where it does not."""

    condition: Expr
    then: Block
    otherwise: Block
    joins: tuple[Join, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Defined:
    """The version a `Perform` gives to a variable that its action may write."""

    variable: str
    version: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Perform:
    """A call of a named action. Its frame starts from the variables as they are here; outermost ones label the step.

    An argument is evaluated at most once: where it is first used, or for the label when the way is completed.
    """

    action: str
    args: tuple[Expr, ...]
    results: tuple[Defined, ...]


Statement: TypeAlias = Assume | Assign | Define | Choose | Alternatives | Split | Perform
Block: TypeAlias = tuple[Statement, ...]


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly below an expression, in order of evaluation; bound locals are not among them."""
    match node:
        case Const() | Param() | Read() | Local():
            return ()
        case Apply(_, _, args) | Invoke(_, _, args):
            return args
        case Bind(_, _, clauses, body):
            return (*(c.domain for c in clauses), body)
        case Fold(_, collection, initial, _, _, body):
            return (collection, initial, body)
        case Let(_, _, value, body):
            return (value, body)
        case Match(_, subject, arms, default):
            return (subject, *(a.body for a in arms), *(() if default is None else (default,)))


def blocks(statement: Statement) -> tuple[Block, ...]:
    """The blocks directly inside a statement."""
    match statement:
        case Alternatives(branches):
            return tuple(b.block for b in branches)
        case Split(_, then, otherwise):
            return (then, otherwise)
        case _:
            return ()


def expressions(statement: Statement) -> tuple[Expr, ...]:
    """The expressions directly in a statement, in order of evaluation."""
    match statement:
        case Assume(condition) | Split(condition):
            return (condition,)
        case Assign(_, _, value) | Define(_, value):
            return (value,)
        case Choose(_, domain):
            return (domain,)
        case Perform(_, args):
            return args
        case Alternatives():
            return ()


def element_type(domain: Type) -> Type | None:
    """What a clause over a set or list binds; None over anything else."""
    return domain.element if isinstance(domain, SetType | ListType) else None
