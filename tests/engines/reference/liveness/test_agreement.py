"""The engine against an oracle that tries every word up to a length: on random structures and formulas."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.reference.liveness.kripke import (
    Kripke,
    fairnesses,
    formulas,
    made,
    predicates,
    structures,
    truth,
    words,
)

from speccheck.engines.base import Limits
from speccheck.engines.reference import ReferenceEngine
from speccheck.engines.reference.liveness.lassos import tidied
from speccheck.ir.temporals import Formula, Junction, Modality
from speccheck.ir.verify import verify
from speccheck.reports import Path, PropertyResult, Verdict

LENGTH = 6


def answer(structure: Kripke, formula: Formula, limits: Limits | None = None) -> PropertyResult:
    model = made(structure, formula)
    verify(model)
    (result,) = ReferenceEngine().run(model, ("wanted",), limits or Limits()).properties
    return result


def nodes(path: Path) -> tuple[int, ...]:
    values = [[int(value["#bigint"]) for _, value in state.values] for state in path.states]
    return tuple(x + 2 * y for x, y in values)


def judge(structure: Kripke, formula: Formula, *, lasting: bool = False) -> None:
    """The engine's verdict is the oracle's; its lasso is one, and breaks the formula.

    Of a `lasting` formula, which does not depend on how a behaviour begins, no lasso has a shorter stem.
    """
    result = answer(structure, formula)
    broken = [(word, loop) for word, loop in words(structure, LENGTH) if not truth(formula, structure, word, loop)]
    if result.verdict is Verdict.HOLDS:
        assert not broken, f"{broken[0]} breaks it"
        return
    assert result.verdict is Verdict.VIOLATED
    assert result.path is not None and result.path.loop is not None
    found, loop = nodes(result.path), result.path.loop
    assert found[-1] == found[loop]
    word = found[:-1] if len(found) - 1 > loop else found
    assert all(b in structure.following(a) for a, b in pairwise(found))
    assert not truth(formula, structure, word, loop)
    if lasting and len(word) <= LENGTH:
        stems = [len(tidied(list(word[:loop]), list(word[loop:])).stem) for word, loop in broken]
        assert loop == min(stems)


@settings(max_examples=300, deadline=None)
@given(structures(), formulas(fair=False))
def test_any_nesting(structure: Kripke, formula: Formula) -> None:
    judge(structure, formula)


@settings(max_examples=300, deadline=None)
@given(structures(), formulas(fair=True, leaves=4))
def test_any_nesting_of_fairness_too(structure: Kripke, formula: Formula) -> None:
    judge(structure, formula)


fair = st.lists(fairnesses(), min_size=1, max_size=3)


@settings(max_examples=300, deadline=None)
@given(structures(), fair, formulas(fair=False, leaves=4))
def test_under_fairness(structure: Kripke, fair: list[Formula], goal: Formula) -> None:
    judge(structure, Junction("implies", (Junction("and", tuple(fair)), goal)))


@settings(max_examples=300, deadline=None)
@given(structures(), fair, st.sampled_from(["always", "eventually"]), predicates())
def test_the_stem_is_the_shortest(structure: Kripke, fair: list[Formula], outer: str, goal: Formula) -> None:
    """`Always(Eventually(p))` and `Eventually(Always(p))` under fairness."""
    inner = "eventually" if outer == "always" else "always"
    lasting = Modality(outer, Modality(inner, goal))  # type: ignore[arg-type]
    judge(structure, Junction("implies", (Junction("and", tuple(fair)), lasting)), lasting=True)


@settings(max_examples=200, deadline=None)
@given(structures(), formulas(fair=True, leaves=4), st.integers(0, 3))
def test_within_a_bound(structure: Kripke, formula: Formula, bound: int) -> None:
    """What is answered within a bound is so without one; a lasso that stays where everything is known is found."""
    result = answer(structure, formula, Limits(max_steps=bound))
    if result.verdict is Verdict.UNKNOWN:
        assert result.reason == "BoundReached"
        known = near(structure, bound)
        within = [(word, loop) for word, loop in words(structure, LENGTH) if known.issuperset(word)]
        assert all(truth(formula, structure, word, loop) for word, loop in within)
    else:
        assert result.verdict is answer(structure, formula).verdict
    if result.path is not None and result.path.loop is not None:
        found, loop = nodes(result.path), result.path.loop
        assert not truth(formula, structure, found[:-1] if len(found) - 1 > loop else found, loop)


def near(structure: Kripke, bound: int) -> set[int]:
    """The nodes that are less than so many steps away, so that all they can do is known."""
    found: set[int] = set()
    level = set(structure.initial)
    for _ in range(bound):
        found |= level
        level = {node for each in level for node in structure.following(each)}
    return found
