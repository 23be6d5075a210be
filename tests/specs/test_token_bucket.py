"""A token bucket: a second count, the race, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import TOKEN_BUCKET
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "lets_through_without_a_token",
        "c.assume(seen.is_held and seen.tokens > 0)",
        "c.assume(seen.is_held)",
        "fair",
        "the_bucket_does_not_overflow",
    ),
    Mutation(
        "overflows",
        "return min(s.tokens + s.age * s.RATE, s.CAPACITY)",
        "return s.tokens + s.age * s.RATE",
        "fair",
        "the_limit_is_kept",
    ),
    Mutation(
        "counts_what_has_flowed_in_twice",
        "    s.tokens = seen.tokens - 1\n    s.age = 0\n",
        "    s.tokens = seen.tokens - 1\n",
        "fair",
        "the_limit_is_kept",
    ),
    Mutation(
        "refuses_the_last_token",
        "and s.reading[worker].tokens == 0)",
        "and s.reading[worker].tokens <= 1)",
        "fair",
        "nobody_is_refused_a_token",
    ),
)

SETTINGS = {"fair": (4, 2, 3, True), "racy": (2, 1, 2, False)}
"""Capacity, rate, window, and whether the store compares."""

Reading = tuple[int, bool] | None
"""How many tokens a worker has seen, and whether nobody has written since; None where it has not looked."""
Limiter = tuple[int, int, tuple[Reading, ...], tuple[int, ...], bool]
"""Tokens and when they were written (ticks ago), readings, what was let through (latest first), any refusal."""


def steps_of(capacity: int, rate: int, compares: bool, limiter: Limiter) -> Iterator[Limiter]:
    tokens, age, readings, through, refused = limiter
    level = min(capacity, tokens + rate * age)
    yield tokens, min(age + 1, capacity), (None,) * len(readings), (0, *through[:-1]), False
    for worker, reading in enumerate(readings):
        if reading is None or (compares and not reading[1]):
            yield tokens, age, replaced(readings, worker, (level, True)), through, refused
        match reading:
            case (0, _):
                yield tokens, age, replaced(readings, worker, None), through, True
            case (seen, is_current) if is_current or not compares:
                others = tuple(None if r is None or w == worker else (r[0], False) for w, r in enumerate(readings))
                yield seen - 1, 0, others, (through[0] + 1, *through[1:]), refused


@pytest.mark.parametrize("known", TOKEN_BUCKET, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", TOKEN_BUCKET, ids=str)
def test_a_second_count(known: Instance) -> None:
    capacity, rate, window, compares = SETTINGS[known.name]
    first: Limiter = (capacity, 0, (None, None), (0,) * window, False)
    counted = explore([first], lambda limiter: steps_of(capacity, rate, compares, limiter))
    assert counted == (known.distinct, known.generated, known.depth)


def test_one_token_is_used_twice(library: Library) -> None:
    report = library.report("token_bucket", "racy")
    (result,) = (p for p in report.properties if p.name == "what_is_left_counts")
    assert [action for action, _ in steps(result)] == ["reads", "reads", "lets_through", "lets_through"]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "token_bucket", mutation)
