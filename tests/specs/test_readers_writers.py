"""Readers and writers: the published counts, a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import READERS_WRITERS
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore

MUTATIONS = (
    Mutation(
        "writes_while_others_read",
        "s.writers.is_empty & s.readers.is_empty & (s",
        "s.writers.is_empty & (s",
        "two",
        "nobody_reads_what_is_being_written",
    ),
    Mutation(
        "reads_while_somebody_writes",
        "head_may_read = s.writers.is_empty & (s",
        "head_may_read = (s",
        "two",
        "nobody_reads_what_is_being_written",
    ),
    Mutation(
        "writes_while_another_writes",
        "head_may_write = s.writers.is_empty & s",
        "head_may_write = s",
        "two",
        "one_writes_alone",
    ),
)

SETTINGS = {"two": (2, 0), "two_at_noon": (2, 2), "three": (3, 0)}
"""Actors, and how many of them read already at first."""

Room = tuple[frozenset[int], frozenset[int], tuple[tuple[str, int], ...]]
"""Who reads, who writes, and the queue."""


def steps_of(actors: int, room: Room) -> Iterator[Room]:
    readers, writers, queue = room
    for request in [(wish, actor) for actor in range(actors) for wish in ("read", "write")]:
        if request not in queue:
            yield readers, writers, (*queue, request)
    if queue and not writers:
        (wish, actor), rest = queue[0], queue[1:]
        if wish == "read":
            yield readers | {actor}, writers, rest
        elif not readers:
            yield readers, writers | {actor}, rest
    for actor in readers | writers:
        yield readers - {actor}, writers - {actor}, queue


@pytest.mark.parametrize("known", READERS_WRITERS, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", READERS_WRITERS, ids=str)
def test_a_second_count(known: Instance) -> None:
    actors, inside = SETTINGS[known.name]
    first: Room = (frozenset(range(inside)), frozenset(), ())
    assert explore([first], lambda room: steps_of(actors, room)) == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "readers_writers", mutation)
