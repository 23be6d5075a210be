"""What is remembered of late, and what is not."""

from __future__ import annotations

import random

from speccheck.engines.recents import Recent


def test_the_last_ones_are_remembered_for_certain_and_never_twice_as_many_and_more() -> None:
    rng = random.Random(1)
    recent: Recent[int, str] = Recent(10)
    lately: list[int] = []
    for _ in range(5_000):
        key = rng.randrange(40)
        found = recent.get(key)
        assert found in (None, str(key))
        assert found or key not in lately[:10]
        if found is None:
            recent.put(key, str(key))
        lately = [key, *(each for each in lately if each != key)]
        assert len(recent) <= 20


def test_what_is_asked_for_again_and_again_stays_and_what_came_once_goes_though_there_is_room() -> None:
    recent: Recent[int, str] = Recent(1_000, uses=100)
    recent.put(-1, "often")
    for n in range(1_000):
        recent.put(n, "once")
        for _ in range(10):
            assert recent.get(-1) == "often"
        assert len(recent) < 25
    assert recent.get(0) is None
