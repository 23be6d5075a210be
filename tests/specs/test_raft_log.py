"""Raft's log replication: a second count, figure 8 of the paper, planted faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import pytest
from tests.specs.known_classics import RAFT_LOG
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps
from tests.specs.searches import explore, replaced

from speccheck.reports import Verdict

MUTATIONS = (
    Mutation(
        "elects_whoever_stands",
        "    c.assume(voters.forall(lambda voter: is_up_to_date(s, server, voter)))\n",
        "",
        "three_terms",
        "leaders_have_what_is_committed",
    ),
    Mutation(
        "compares_lengths_of_logs_only",
        "(last > voters_last) | ((last == voters_last) & (s.log[server].size >= s.log[voter].size))",
        "s.log[server].size >= s.log[voter].size",
        "three_terms",
        "leaders_have_what_is_committed",
    ),
    Mutation(
        "takes_entries_that_do_not_fit",
        "    c.assume(entry_at(s, server, place - 1) == entry_at(s, leader, place - 1))\n",
        "",
        "two_terms",
        "logs_match",
    ),
    Mutation(
        "commits_without_a_majority",
        "    c.assume(is_majority(s, s.SERVERS.filter(lambda each: s.matched[leader][each] >= place) | Set(leader)))\n",
        "",
        "three_terms",
        "leaders_have_what_is_committed",
    ),
    Mutation(
        "obeys_leaders_of_the_past",
        "    c.assume(s.term[leader] >= s.term[server])\n",
        "",
        "three_terms",
        "servers_carry_out_the_same",
    ),
)

SETTINGS = {"three_terms": (3, 1, False), "two_terms": (2, 2, False), "figure_8": (4, 1, True)}
"""The last term, the longest log, and whether entries of earlier terms are committed."""
SERVERS = range(3)

Log = tuple[int, ...]
Server = tuple[int, bool, Log, int, tuple[int, ...]]
"""Its term, whether it leads, its log, how much of it it knows to be committed, how far the others' logs match."""
Group = tuple[tuple[Server, ...], tuple[Log, int]]
"""The servers; the longest log that was ever committed, and the term of that."""

NONE_MATCH = (0,) * len(SERVERS)


def elections(last_term: int, group: Group) -> Iterator[Group]:
    servers, truth = group
    for me in SERVERS:
        for size in (1, 2):
            for others in combinations([other for other in SERVERS if other != me], size):
                voters = {me, *others}
                term = 1 + max(servers[voter][0] for voter in voters)
                fit = all(rank(servers[me][2]) >= rank(servers[voter][2]) for voter in voters)
                if fit and term <= last_term:
                    yield (
                        tuple(
                            (term, n == me, *servers[n][2:4], NONE_MATCH) if n in voters else servers[n]
                            for n in SERVERS
                        ),
                        truth,
                    )


def rank(log: Log) -> tuple[int, int]:
    """The higher, the more up to date."""
    return (log[-1], len(log)) if log else (0, 0)


def replications(group: Group) -> Iterator[Group]:
    servers, truth = group
    for me, (term, leads, log, commit, matched) in enumerate(servers):
        for other, (their_term, _, theirs, their_commit, _) in enumerate(servers):
            if not leads or other == me or their_term > term:
                continue
            for place in range(1, len(log) + 1):
                if len(theirs) < place - 1 or (place > 1 and theirs[place - 2] != log[place - 2]):
                    continue
                has_it = len(theirs) >= place and theirs[place - 1] == log[place - 1]
                new_log = theirs if has_it else (*theirs[: place - 1], log[place - 1])
                new_commit = max(their_commit, place) if place <= commit else their_commit
                told = replaced(servers, other, (term, False, new_log, new_commit, NONE_MATCH))
                mine = (term, leads, log, commit, replaced(matched, other, max(matched[other], place)))
                yield replaced(told, me, mine), truth


def steps_of(last_term: int, longest: int, old_terms: bool, group: Group) -> Iterator[Group]:
    servers, truth = group
    yield from elections(last_term, group)
    yield from replications(group)
    for me, (term, leads, log, commit, matched) in enumerate(servers):
        if leads and len(log) < longest:
            yield replaced(servers, me, (term, leads, (*log, term), commit, matched)), truth
        for place in range(commit + 1, len(log) + 1) if leads else ():
            have_it = 1 + sum(other != me and matched[other] >= place for other in SERVERS)
            if 2 * have_it > len(SERVERS) and (old_terms or log[place - 1] == term):
                now = (log[:place], term) if place > len(truth[0]) else truth
                yield replaced(servers, me, (term, leads, log, place, matched)), now
        if leads or commit:
            yield replaced(servers, me, (term, False, log, 0, NONE_MATCH)), truth


def counted(instance: str, max_steps: int | None = None) -> tuple[int, int, int]:
    last_term, longest, old_terms = SETTINGS[instance]
    first: Group = (((0, False, (), 0, NONE_MATCH),) * len(SERVERS), ((), 0))
    return explore([first], lambda group: steps_of(last_term, longest, old_terms, group), max_steps)


@pytest.mark.parametrize("known", RAFT_LOG, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", RAFT_LOG, ids=str)
def test_a_second_count(known: Instance) -> None:
    assert counted(known.name) == (known.distinct, known.generated, known.depth)


def test_figure_8_of_the_paper(library: Library) -> None:
    report = library.report("raft_log", "figure_8", 8)
    assert (report.stats.distinct, report.stats.generated, report.stats.depth) == counted("figure_8", 8)
    verdicts = {p.name: p.verdict for p in report.properties}
    assert verdicts["logs_match"] is Verdict.HOLDS_WITHIN_BOUND
    (result,) = (p for p in report.properties if p.name == "leaders_have_what_is_committed")
    assert result.verdict is Verdict.VIOLATED
    actions = Counter(action for action, _ in steps(result))
    assert actions == {"is_elected": 4, "takes_command": 2, "replicates": 1, "commits": 1}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "raft_log", mutation)
