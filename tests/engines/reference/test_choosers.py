"""Random numbers as the contract between engines fixes them."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from speccheck.engines.reference.choosers import MAX_DRAWS, Generator, Guide, mix
from speccheck.engines.reference.walks import Walk, every
from speccheck.evaluation.lazysets import Integers, Options, Span
from speccheck.ir.itf import encode
from speccheck.ir.nodes import Apply, Choose, Local
from speccheck.ir.ops import MAX_ELEMENTS
from speccheck.ir.types import INT, SetType
from speccheck.reports import Choice

NO_WALK = Walk(every, lambda state, walk: False)


def test_the_words_are_splitmix64s() -> None:
    generator = Generator(0, 0)
    assert [generator.word() for _ in range(3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_seed_and_walk_key_the_state() -> None:
    assert Generator(5, 3).word() == mix((mix(5) + 3 + 0x9E3779B97F4A7C15) % (1 << 64))
    assert Generator(-1, 0).word() == Generator((1 << 64) - 1, 0).word()
    assert len({Generator(seed, walk).word() for seed in range(30) for walk in range(30)}) == 900


@given(st.integers(0, 1 << 64), st.integers(0, 1000), st.integers(1, 1 << 20))
def test_draws_lie_below_their_bound_and_repeat(seed: int, walk: int, count: int) -> None:
    first, second = Generator(seed, walk), Generator(seed, walk)
    drawn = [first.draw(count) for _ in range(5)]
    assert drawn == [second.draw(count) for _ in range(5)]
    assert all(0 <= each < count for each in drawn)


def test_a_draw_from_one_takes_no_word() -> None:
    generator, untouched = Generator(7, 0), Generator(7, 0)
    assert [generator.draw(1) for _ in range(9)] == [0] * 9
    assert generator.word() == untouched.word()


def test_words_above_the_largest_multiple_are_drawn_again() -> None:
    count = (1 << 63) + 1
    generator, words = Generator(1, 0), Generator(1, 0)
    drawn = [generator.draw(count) for _ in range(20)]
    fitting = [word for word in (words.word() for _ in range(200)) if word < count]
    assert drawn == fitting[:20]


def test_draws_are_uniform() -> None:
    counts = Counter(Generator(11, walk).draw(6) for walk in range(12_000))
    assert set(counts) == set(range(6))
    assert all(abs(count - 2_000) < 300 for count in counts.values())


def test_numbers_above_one_word_are_drawn_from_as_many_as_they_need() -> None:
    first, second = Generator(5, 1), Generator(5, 1)
    wide = first.draw(1 << 128)
    assert wide == second.word() << 64 | second.word()
    drawn = [Generator(7, walk).draw((1 << 70) + 3) for walk in range(200)]
    assert max(drawn) < (1 << 70) + 3
    assert len(set(drawn)) == 200
    assert max(drawn) > 1 << 69 > min(drawn)


def test_options_that_are_not_listed_are_drawn_as_from_the_list() -> None:
    point = Choose(Local(INT, "x"), Apply(SetType(INT), "ints", ()), "x")
    many = Generator(3, 0)
    taken = list(islice(many.pick(point, Options(Span(1, MAX_ELEMENTS + 1)), NO_WALK), 50))
    listed, by_hand = list(range(MAX_ELEMENTS + 1)), Generator(3, 0)
    assert taken == [listed.pop(by_hand.draw(len(listed))) for _ in range(50)]
    assert many.doubtful == ""


def test_a_choice_given_up_with_options_left_is_noted() -> None:
    point = Choose(Local(INT, "x"), Apply(SetType(INT), "ints", ()), "x")
    generator = Generator(3, 0)
    taken = list(generator.pick(point, Options(Span(1, 1 << 40)), NO_WALK))
    assert len(taken) == len(set(taken)) == MAX_DRAWS
    assert generator.doubtful == "x"
    endless = Generator(3, 0)
    options = Options(Integers(signed=True))
    assert {options[position] for position in endless.pick(point, options, NO_WALK)} == set(range(-1_024, 1_025))
    assert endless.doubtful == "x"


def test_a_recorded_element_is_taken_wherever_it_stands() -> None:
    point = Choose(Local(INT, "x"), Apply(SetType(INT), "ints", ()), "x")
    options = Options(Integers(signed=False))
    for wanted, found in [(10**30, [10**30]), (-1, [])]:
        guide = Guide((Choice("x", encode(wanted, INT)),))
        assert [options[position] for position in guide.pick(point, options, NO_WALK)] == found
