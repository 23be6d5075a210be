"""Lazy sets against the sets that they stand for: every question has the answer that enumerating gives."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.evaluation.lazysets import (
    DRAWN_BOUND,
    Described,
    Finite,
    Given,
    Integers,
    LazySet,
    Maps,
    Options,
    Products,
    Span,
    Subsets,
    equal,
    included,
    properly_included,
)
from speccheck.ir.ops import MAX_ELEMENTS, OPS, TooLarge, Undefined
from speccheck.ir.shortfalls import EndlessChoice
from speccheck.ir.types import INT, MapType, SetType, TupleType, Type
from speccheck.ir.values import in_order, sort_key

INTS = st.frozensets(st.integers(-2, 3), max_size=3)


@st.composite
def ints(draw: Any) -> tuple[LazySet, frozenset[Any], Type]:
    """A small set of integers: as itself or as a span."""
    if draw(st.booleans()):
        low, high = draw(st.integers(-2, 2)), draw(st.integers(-2, 3))
        return Span(low, high), frozenset(range(low, high + 1)), INT
    elements = draw(INTS)
    return Finite(elements, None), elements, INT


@st.composite
def families(draw: Any, deep: bool = True) -> tuple[LazySet, frozenset[Any], Type]:
    """A lazy set, the set it stands for, and its elements' type."""
    base, elements, type_ = draw(families(deep=False)) if deep and draw(st.booleans()) else draw(ints())
    if len(elements) > 4:
        base, elements, type_ = draw(ints())
    other, others, other_type = draw(ints())
    match draw(st.sampled_from(["itself", "subsets", "maps", "products"])):
        case "subsets":
            return Subsets(base), OPS["all_subsets"].meaning(elements), SetType(type_)
        case "maps":
            keys = in_order(elements, type_)
            return Maps(keys, other), OPS["all_maps"].meaning(elements, others), MapType(type_, other_type)
        case "products":
            return Products([base, other]), OPS["all_tuples"].meaning(elements, others), TupleType((type_, other_type))
        case _:
            return base, elements, type_


@given(families())
def test_a_family_has_the_elements_in_canonical_order(found: tuple[LazySet, frozenset[Any], Type]) -> None:
    family, elements, type_ = found
    assert family.size == family.window == len(elements)
    assert list(family.ordered()) == in_order(elements, type_)
    assert [family.nth(n) for n in range(len(elements))] == in_order(elements, type_)
    assert all(map(family.contains, elements))


@given(families(), families())
def test_membership_and_comparison_are_those_of_the_elements(
    one: tuple[LazySet, frozenset[Any], Type], other: tuple[LazySet, frozenset[Any], Type]
) -> None:
    if one[2] != other[2]:
        return
    assert included(one[0], other[0]) == (one[1] <= other[1])
    assert properly_included(one[0], other[0]) == (one[1] < other[1])
    assert equal(one[0], other[0]) == (one[1] == other[1])
    assert [other[0].contains(each) for each in one[1]] == [each in other[1] for each in one[1]]
    known = Finite(other[1], sort_key(other[2]))
    assert included(one[0], known) == (one[1] <= other[1])
    assert included(known, one[0]) == (other[1] <= one[1])


def test_forty_elements_have_a_last_subset() -> None:
    family = Subsets(Span(1, 40))
    assert (family.size, family.nth(0), family.nth(2**40 - 1)) == (2**40, frozenset(), frozenset({40}))
    assert [sorted(family.nth(n)) for n in range(3)] == [[], [1], [1, 2]]
    with pytest.raises(TooLarge, match="1099511627776 elements"):
        family.ordered()


def test_sizes_beyond_all_bounds_are_refused_and_membership_is_not() -> None:
    family = Subsets(Subsets(Span(1, 40)))
    assert family.contains(frozenset({frozenset({1, 2})}))
    assert not family.contains(frozenset({frozenset({0})}))
    with pytest.raises(TooLarge):
        _ = family.size


INFINITE = [Integers(signed=True), Integers(signed=False), Subsets(Integers(signed=True))]


@pytest.mark.parametrize("family", INFINITE)
def test_an_infinite_set_is_never_enumerated(family: LazySet) -> None:
    assert family.size is None
    with pytest.raises(Undefined, match="infinite set"):
        family.ordered()
    with pytest.raises(Undefined, match="infinite set"):
        family.counted()


def test_comparisons_with_infinite_sets() -> None:
    ints, naturals, small = Integers(signed=True), Integers(signed=False), Span(-1, 1)
    table = {
        (a, b): included(x, y) for (a, x), (b, y) in product({"Z": ints, "N": naturals, "s": small}.items(), repeat=2)
    }
    assert {pair for pair, holds in table.items() if not holds} == {("Z", "N"), ("Z", "s"), ("N", "s"), ("s", "N")}
    assert equal(ints, ints)
    assert not equal(ints, naturals)
    assert not equal(ints, small)
    assert properly_included(small, ints)
    assert properly_included(naturals, ints)
    assert not properly_included(ints, ints)
    described = Described(lambda value: value > 0, range(-3, 4), None)
    assert included(Span(1, 9), described)
    for left, right in [(described, small), (described, ints), (ints, described)]:
        with pytest.raises(Undefined, match="infinite set"):
            equal(left, right)


def test_products_with_nothing_are_empty_even_beside_an_infinite_set() -> None:
    nothing, ints = Finite(frozenset(), None), Integers(signed=True)
    assert Products([ints, nothing]).size == 0
    assert list(Products([ints, nothing]).ordered()) == []
    assert Maps((), ints).size == 1
    assert Maps((1,), nothing).size == 0


def test_it_has_no_equality_and_no_hash() -> None:
    """So a lazy set that strayed into a state or another set would be an error, and never another value."""
    with pytest.raises(TypeError):
        _ = Span(1, 2) == frozenset({1, 2})
    with pytest.raises(TypeError):
        hash(Span(1, 2))
    with pytest.raises(TypeError):
        _ = (1, Span(1, 2)) == (1, Span(1, 2))


def test_options_are_made_where_they_are_asked_for() -> None:
    options = Options(Subsets(Span(1, 40)))
    assert (options.total, bool(options), options[2], frozenset({3}) in options) == (
        2**40,
        True,
        frozenset({1, 2}),
        True,
    )
    assert options[Given(frozenset({7}))] == frozenset({7})
    with pytest.raises(TooLarge, match="choice 'n' is among 1099511627776"):
        options.refuse_search("n")
    endless = Options(Integers(signed=True))
    assert (endless.total, endless[0], endless[2 * DRAWN_BOUND]) == (2 * DRAWN_BOUND + 1, -DRAWN_BOUND, DRAWN_BOUND)
    assert 10**30 in endless
    with pytest.raises(EndlessChoice, match="choice 'n' is from an infinite set"):
        endless.refuse_search("n")
    Options(Span(1, MAX_ELEMENTS)).refuse_search("n")
