"""Raft's leader election: a second count, votes that are not kept, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import RAFT_ELECTION
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known, steps
from tests.specs.searches import explore, replaced

MUTATIONS = (
    Mutation(
        "votes_for_whoever_asks",
        "    c.assume(s.voted_for[voter] == NOBODY or s.voted_for[voter] == request.candidate)\n",
        "",
        "one_term",
        "one_vote_a_term",
    ),
    Mutation(
        "leads_with_half_of_the_votes",
        "2 * len(s.votes[server]) > len(s.SERVERS)",
        "2 * len(s.votes[server]) + 1 >= len(s.SERVERS)",
        "one_term",
        "one_leader_a_term",
    ),
    Mutation(
        "counts_votes_of_other_terms",
        "c.assume(vote.term == s.term[vote.candidate] and s.role",
        "c.assume(s.role",
        "two_terms",
        "one_leader_a_term",
    ),
    Mutation(
        "stands_without_voting_for_itself",
        "    s.voted_for[server] = server\n",
        "",
        "one_term",
        "one_leader_a_term",
    ),
)

SETTINGS = {"one_term": (1, True), "two_terms": (2, True), "forgetful": (1, False)}
"""The last term, and whether votes are kept on disk."""
SERVERS = range(3)

Server = tuple[int, int | None, str, frozenset[int]]
"""Its term, whom it has voted for, its role, and who has voted for it."""
Message = tuple[int, int] | tuple[int, int, int]
"""A request: candidate and term; a vote: voter, candidate and term."""
Group = tuple[tuple[Server, ...], frozenset[Message], frozenset[tuple[int, int]]]
"""The servers, the messages sent, and who was elected when."""


def steps_of(last_term: int, keeps_vote: bool, group: Group) -> Iterator[Group]:
    servers, sent, elected = group
    heard_of = {message[1] for message in sent if len(message) == 2}
    for me, (term, choice, role, voters) in enumerate(servers):
        if role != "leader" and term < last_term:
            standing = (term + 1, me, "candidate", frozenset({me}))
            yield replaced(servers, me, standing), sent | {(me, term + 1)}, elected
        for higher in heard_of:
            if higher > term:
                yield replaced(servers, me, (higher, None, "follower", frozenset())), sent, elected
        if role == "candidate" and len(voters) >= 2:
            yield replaced(servers, me, (term, choice, "leader", frozenset())), sent, elected | {(me, term)}
        forgets = choice is not None and not keeps_vote
        if role != "follower" or forgets:
            yield replaced(servers, me, (term, None if forgets else choice, "follower", frozenset())), sent, elected
        for message in sent:
            match message:
                case (who, when) if who != me and when == term and choice in (None, who):
                    yield replaced(servers, me, (term, who, role, voters)), sent | {(me, who, term)}, elected
                case (who, for_whom, when) if (for_whom, when, role) == (me, term, "candidate") and who not in voters:
                    yield replaced(servers, me, (term, choice, role, voters | {who})), sent, elected


@pytest.mark.parametrize("known", RAFT_ELECTION, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", RAFT_ELECTION, ids=str)
def test_a_second_count(known: Instance) -> None:
    last_term, keeps_vote = SETTINGS[known.name]
    first: Group = (((0, None, "follower", frozenset()),) * len(SERVERS), frozenset(), frozenset())
    counted = explore([first], lambda group: steps_of(last_term, keeps_vote, group))
    assert counted == (known.distinct, known.generated, known.depth)


def test_two_leaders_come_of_a_vote_forgotten(library: Library) -> None:
    report = library.report("raft_election", "forgetful")
    (result,) = (p for p in report.properties if p.name == "one_leader_a_term")
    actions = [action for action, _ in steps(result)]
    assert actions.count("leads") == 2
    assert "restarts" in actions


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "raft_election", mutation)
