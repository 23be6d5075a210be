"""Small random structures and formulas, and what is true of them, found out by trying: the oracle of these tests.

A structure has up to four states, the pairs of two bits x and y. Nothing here knows of automata or components: a
formula is judged on each word of a bounded length by what its operators say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st
from tests.engines.models import ap, model, n, read

from speccheck.ir.models import Action, Model, Property, Transition, Variable
from speccheck.ir.nodes import Alternatives, Assign, Assume, Block, Branch, Const, Expr, Join, Local, Perform
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
from speccheck.ir.types import INT

X, Y = Variable("x", INT), Variable("y", INT)

PREDICATES: tuple[tuple[Expr, frozenset[int]], ...] = (
    (ap("eq", read(X), n(1)), frozenset({1, 3})),
    (ap("eq", read(Y), n(1)), frozenset({2, 3})),
    (ap("lt", read(X), read(Y)), frozenset({2})),
)
"""Predicates of a state, and the nodes at which they hold; node k is the state x = k mod 2, y = k div 2."""

IS_X, IS_Y = (Now(predicate) for predicate, _ in PREDICATES[:2])
"""x is 1 at nodes 1 and 3, y at nodes 2 and 3."""


@dataclass(frozen=True)
class Edge:
    """A way from a node to another; its label is `A(arg)` or `B(arg)`, or empty."""

    source: int
    target: int
    action: str = ""
    arg: int = 0


@dataclass(frozen=True)
class Kripke:
    """A structure: where it begins, and its ways."""

    initial: tuple[int, ...]
    edges: tuple[Edge, ...]

    def following(self, node: int) -> set[int]:
        """Where a behaviour can be next: standing still is always allowed."""
        return {node} | {edge.target for edge in self.edges if edge.source == node}

    def taken(self, node: int, target: int, fair: Fairness) -> bool:
        """Whether the two are a step with the action that changes one of the variables."""
        return any(
            self.is_of(edge, node, fair.occurrence) and edge.target == target and _differ(node, target, fair)
            for edge in self.edges
        )

    def possible(self, node: int, fair: Fairness) -> bool:
        return any(self.taken(node, target, fair) for target in range(4))

    def is_of(self, edge: Edge, node: int, occurrence: Occurrence) -> bool:
        return edge.source == node and (edge.action, edge.arg) == (occurrence.action, _arg(occurrence, node))


def _arg(occurrence: Occurrence, node: int) -> int:
    """The argument is a constant, or x."""
    (arg,) = occurrence.args
    return arg.value if isinstance(arg, Const) else node % 2


def _differ(node: int, target: int, fair: Fairness) -> bool:
    names = fair.variables or ("x", "y")
    return ("x" in names and node % 2 != target % 2) or ("y" in names and node // 2 != target // 2)


def made(structure: Kripke, formula: Formula) -> Model:
    """The structure as a Model with the formula as its temporal property `wanted`."""
    step = _choice([_way(edge, version) for version, edge in enumerate(structure.edges, 1)])
    initial = _choice([_moved(node, version) for version, node in enumerate(structure.initial, 1)])
    actions = tuple(Action(name, name, (Local(INT, f"{name}.k"),), (), ()) for name in "AB")
    wanted = Property("wanted", "temporal", formula)
    return model([X, Y], initial, step, actions=actions, properties=[wanted])


def _moved(node: int, version: int) -> Block:
    return (Assign("x", version, n(node % 2)), Assign("y", version, n(node // 2)))


def _way(edge: Edge, version: int) -> Block:
    here = ap("and", ap("eq", read(X), n(edge.source % 2)), ap("eq", read(Y), n(edge.source // 2)))
    named = (Perform(edge.action, (n(edge.arg),), ()),) if edge.action else ()
    return (Assume(here), *named, *_moved(edge.target, version))


def _choice(blocks: list[Block]) -> Transition:
    branches = tuple(Branch(f"b{k}", block) for k, block in enumerate(blocks))
    last = len(blocks) + 1
    joins = tuple(Join(name, last, tuple(range(1, last))) for name in ("x", "y"))
    return Transition((Alternatives(branches, joins),), (("x", last), ("y", last)))


# --- what is true ------------------------------------------------------------------------------------


def truth(formula: Formula, structure: Kripke, word: tuple[int, ...], loop: int, at: int = 0) -> bool:
    """Whether a formula is true of a word from a position on; after its last node comes the one at `loop`."""
    later = range(min(at, loop), len(word))

    def of(inner: Formula, position: int) -> bool:
        return truth(inner, structure, word, loop, position)

    match formula:
        case Now(predicate):
            return word[at] in next(nodes for each, nodes in PREDICATES if each is predicate)
        case Negation(inner):
            return not of(inner, at)
        case Junction("implies", (first, second)):
            return not of(first, at) or of(second, at)
        case Junction(op, parts):
            return (all if op == "and" else any)(of(part, at) for part in parts)
        case Modality(op, inner):
            return (all if op == "always" else any)(of(inner, position) for position in later)
        case LeadsTo(first, second):
            return all(
                not of(first, position) or any(of(second, p) for p in range(min(position, loop), len(word)))
                for position in later
            )
        case Enabled(occurrence):
            return any(structure.is_of(edge, word[at], occurrence) for edge in structure.edges)
        case Fairness("weak"):
            return any(not structure.possible(word[p], formula) for p in range(loop, len(word))) or _is_taken(
                formula, structure, word, loop
            )
        case Fairness():
            never = all(not structure.possible(word[p], formula) for p in range(loop, len(word)))
            return never or _is_taken(formula, structure, word, loop)
        case Quantifier():
            raise AssertionError("there are none in these tests")


def _is_taken(formula: Fairness, structure: Kripke, word: tuple[int, ...], loop: int) -> bool:
    nexts = (*word[1:], word[loop])
    return any(structure.taken(word[p], nexts[p], formula) for p in range(loop, len(word)))


def words(structure: Kripke, length: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every behaviour that is a word of at most so many nodes of which the last leads back to one of them."""
    waiting: list[tuple[int, ...]] = [(node,) for node in dict.fromkeys(structure.initial)]
    while waiting:
        word = waiting.pop()
        for loop, node in enumerate(word):
            if node in structure.following(word[-1]):
                yield word, loop
        if len(word) < length:
            waiting += [(*word, node) for node in structure.following(word[-1]) - {word[-1]}]


# --- random ones -------------------------------------------------------------------------------------

_nodes = st.integers(0, 3)
_occurrences = st.builds(
    Occurrence, st.sampled_from("AB"), st.tuples(st.one_of(st.builds(n, st.integers(0, 1)), st.just(read(X))))
)


def structures(edges: int = 7) -> st.SearchStrategy[Kripke]:
    """Structures with at most so many ways."""
    each = st.builds(Edge, _nodes, _nodes, st.sampled_from(["", "A", "B"]), st.integers(0, 1))
    ways = st.lists(each, min_size=1, max_size=edges).map(_labelled)
    return st.builds(Kripke, st.lists(_nodes, min_size=1, max_size=2, unique=True).map(tuple), ways)


def _labelled(edges: list[Edge]) -> tuple[Edge, ...]:
    """Both actions are in the step, also where no state can take them: formulas may speak of them."""
    return (*edges, Edge(3, 3, "A", 9), Edge(3, 3, "B", 9))


def predicates() -> st.SearchStrategy[Formula]:
    """Predicates of a state."""
    return st.sampled_from([predicate for predicate, _ in PREDICATES]).map(Now)


def fairnesses() -> st.SearchStrategy[Formula]:
    """Weak and strong fairness of actions."""
    vars_ = st.sampled_from([(), ("x",), ("y",), ("x", "y")])
    return st.builds(Fairness, st.sampled_from(["weak", "strong"]), _occurrences, vars_)


def formulas(*, fair: bool, leaves: int = 6) -> st.SearchStrategy[Formula]:
    """Formulas of any nesting; with `fair`, of actions as well."""
    atoms = predicates()
    below = st.one_of(atoms, fairnesses(), st.builds(Enabled, _occurrences)) if fair else atoms
    return st.recursive(below, _composed, max_leaves=leaves)


def _composed(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    return st.one_of(
        st.builds(Negation, inner),
        st.builds(Modality, st.sampled_from(["always", "eventually"]), inner),
        st.builds(LeadsTo, inner, inner),
        st.builds(Junction, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Junction, st.just("implies"), st.tuples(inner, inner)),
    )
