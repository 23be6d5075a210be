"""Random numbers as the contract between engines fixes them."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from speccheck.engines.reference.choosers import Generator, mix


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
