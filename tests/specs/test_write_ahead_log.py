"""A write-ahead log: a second count, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import WRITE_AHEAD_LOG
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "writes_pages_before_the_log",
        "    c.assume(change_is_on_disk(s, s.memory[page], page))\n",
        "",
        "one_page",
        "what_is_aborted_vanishes",
    ),
    Mutation(
        "acknowledges_before_the_commit_is_safe",
        "    c.assume(commit_is_on_disk(s, transaction))\n",
        "",
        "one_page",
        "what_is_acknowledged_survives",
    ),
    Mutation(
        "does_not_undo",
        "else change.before",
        "else value",
        "one_page",
        "what_is_aborted_vanishes",
    ),
    Mutation(
        "does_not_redo",
        "return change.transaction if",
        "return value if",
        "one_page",
        "what_is_acknowledged_survives",
    ),
    Mutation(
        "loses_the_log_in_a_crash",
        "    s.log = s.log[: s.on_disk]\n",
        "    s.log = List(Record)\n    s.on_disk = 0\n",
        "one_page",
        "the_log_is_ahead",
    ),
)

PAGES = {"one_page": 1, "two_pages": 2}

Record = tuple[int, int, int] | tuple[int]
"""Who changed which page and what it held before; or who has committed."""
Database = tuple[
    tuple[str, ...], tuple[Record, ...], int, tuple[int, ...], tuple[int, ...], frozenset[int], tuple[int, ...]
]
"""Fates, log, how much of it is on the disk, pages in memory, on the disk, to recover; and what is promised."""


def work(database: Database) -> Iterator[Database]:
    """The steps of transactions 1 and 2 while the database works; a page of value 0 is nobody's."""
    fates, log, safe, memory, disk, broken, promised = database
    is_open = (False, *(fate in ("active", "committing") for fate in fates))
    for me, fate in enumerate(fates, 1):
        if fate == "active":
            for page, value in enumerate(memory):
                if not is_open[value]:
                    noted = (*log, (me, page, value))
                    yield fates, noted, safe, replaced(memory, page, me), disk, broken, promised
            if me in memory:
                yield replaced(fates, me - 1, "committing"), (*log, (me,)), safe, memory, disk, broken, promised
        if fate == "committing" and (me,) in log[:safe]:
            kept = tuple(me if value == me else old for value, old in zip(memory, promised, strict=True))
            yield replaced(fates, me - 1, "acknowledged"), log, safe, memory, disk, broken, kept
    if safe < len(log):
        yield fates, log, safe + 1, memory, disk, broken, promised
    for page, value in enumerate(memory):
        if value != disk[page] and any(record[:2] == (value, page) for record in log[:safe]):
            yield fates, log, safe, memory, replaced(disk, page, value), broken, promised


def crash(database: Database) -> Database:
    fates, log, safe, memory, disk, _, promised = database
    left = log[:safe]
    is_open = (False, *(fate in ("active", "committing") for fate in fates))
    new = tuple(
        ("acknowledged" if (me,) in left else "aborted") if is_open[me] and me in memory else fate
        for me, fate in enumerate(fates, 1)
    )
    kept = tuple(
        value if is_open[value] and (value,) in left else old for value, old in zip(memory, promised, strict=True)
    )
    return new, left, safe, disk, disk, frozenset(range(len(disk))), kept


def recover(page: int, database: Database) -> Database:
    fates, log, safe, memory, disk, broken, promised = database
    value = disk[page]
    for record in log:
        match record:
            case (who, changed, before) if changed == page:
                value = who if (who,) in log else before
    return fates, log, safe, replaced(memory, page, value), replaced(disk, page, value), broken - {page}, promised


def steps_of(database: Database) -> Iterator[Database]:
    broken = database[5]
    if not broken:
        yield from work(database)
    if len(broken) < len(database[4]):
        yield crash(database)
    for page in broken:
        yield recover(page, database)


@pytest.mark.parametrize("known", WRITE_AHEAD_LOG, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", WRITE_AHEAD_LOG, ids=str)
def test_a_second_count(known: Instance) -> None:
    empty = (0,) * PAGES[known.name]
    first: Database = (("active", "active"), (), 0, empty, empty, frozenset(), empty)
    assert explore([first], steps_of) == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "write_ahead_log", mutation)
