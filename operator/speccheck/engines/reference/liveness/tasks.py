"""A formula as tasks: a behaviour satisfies it exactly if it satisfies one of them.

Of each task the parts that say what happens infinitely often (weak and strong fairness among them) are taken out: the
search for a fair cycle takes them as they are, and the automaton need not know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from speccheck.engines.reference.liveness.normals import FALSE, All, Formulas, One

_MAX_TASKS = 128
"""Into how many tasks a formula is split at most; a disjunction that would give more goes into the automaton."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a behaviour has to do.

    `obligations` are formulas that hold at its beginning, `recurring` are formulas of a moment that hold infinitely
    often; of a pair in `reacting` the first holds from some moment on, or the second infinitely often (a Streett pair).
    """

    obligations: frozenset[int]
    recurring: tuple[int, ...]
    reacting: tuple[tuple[int, int], ...]


def tasks(formulas: Formulas, root: int) -> list[Task]:
    """The tasks of a formula; none where it is false."""
    return [_task(formulas, conjuncts) for conjuncts in _split(formulas, root) if FALSE not in conjuncts]


def _split(formulas: Formulas, number: int) -> list[frozenset[int]]:
    """The formula as a disjunction of conjunctions, outer operators first."""
    node = formulas.nodes[number]
    if isinstance(node, One) and _reaction(formulas, number) is None:
        found = [each for part in sorted(node.parts) for each in _split(formulas, part)]
        return found if len(found) <= _MAX_TASKS else [frozenset([number])]
    if not isinstance(node, All):
        return [frozenset([number])]
    ways: list[frozenset[int]] = [frozenset()]
    for part in sorted(node.parts):
        inner = _split(formulas, part)
        if len(ways) * len(inner) > _MAX_TASKS:
            inner = [frozenset([part])]
        ways = [one | other for one, other in product(ways, inner)]
    return list(dict.fromkeys(ways))


def _reaction(formulas: Formulas, number: int) -> tuple[int, int] | None:
    """The pair of which a disjunction says: from some moment on the first, or infinitely often the second."""
    node = formulas.nodes[number]
    if not isinstance(node, One) or len(node.parts) != 2:
        return None
    one, other = sorted(node.parts)
    for lasting, recurring in ((one, other), (other, one)):
        never, often = formulas.lasting(lasting), formulas.recurring(recurring)
        if never is not None and often is not None:
            return never, often
    return None


def _task(formulas: Formulas, conjuncts: frozenset[int]) -> Task:
    obligations, recurring, reacting = set(), [], []
    for number in sorted(conjuncts):
        often, pair = formulas.recurring(number), _reaction(formulas, number)
        if often is not None:
            recurring.append(often)
        elif pair is not None:
            reacting.append(pair)
        else:
            obligations.add(number)
    return Task(frozenset(obligations), tuple(recurring), tuple(reacting))
