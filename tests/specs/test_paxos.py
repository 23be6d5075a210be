"""Paxos: the published count, a second count, quorums that do not meet, planted faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.specs.known_classics import PAXOS
from tests.specs.libraries import Instance, Library, Mutation, assert_caught, assert_known
from tests.specs.searches import explore

MUTATIONS = (
    Mutation(
        "proposes_what_it_likes",
        "        c.assume(latest.voted_value == value)\n",
        "",
        "two_ballots",
        "one_value_is_chosen",
    ),
    Mutation(
        "proposes_twice",
        "    c.assume(~s.proposals.exists(lambda p: p.ballot == ballot))\n",
        "",
        "two_ballots",
        "one_proposal_a_ballot",
    ),
    Mutation(
        "votes_in_spite_of_its_promise",
        "    c.assume(proposal.ballot >= s.promised[acceptor])\n",
        "",
        "two_ballots",
        "later_proposals_keep_what_is_chosen",
    ),
    Mutation(
        "does_not_wait_for_a_quorum",
        "    c.assume(quorum.forall(lambda acceptor: heard.exists(lambda p: p.acceptor == acceptor)))\n",
        "",
        "two_ballots",
        "one_value_is_chosen",
    ),
)

QUORUMS = {"two_ballots": ({0, 1}, {0, 2}, {1, 2}), "split": ({0}, {1})}
BALLOTS, VALUES = (0, 1), ("v", "w")

Acceptor = tuple[int, int, str]
"""What it has promised, and its last vote: ballot (-1 for none) and value."""
Message = tuple[str | int, ...]
"""1a and a ballot; 1b, acceptor, ballot, last vote; 2a, ballot, value; 2b, acceptor, ballot, value."""
State = tuple[tuple[Acceptor, ...], frozenset[Message]]


def steps_of(quorums: tuple[set[int], ...], state: State) -> Iterator[State]:
    acceptors, sent = state
    for ballot in BALLOTS:
        yield acceptors, sent | {("1a", ballot)}
        for value in VALUES:
            yield from ((acceptors, sent | {("2a", ballot, value)}) for _ in reasons(quorums, sent, ballot, value))
    for number, (promised, vote, voted) in enumerate(acceptors):
        others = acceptors[:number], acceptors[number + 1 :]
        for message in sent:
            match message:
                case ("1a", int(ballot)) if ballot > promised:
                    now = (*others[0], (ballot, vote, voted), *others[1])
                    yield now, sent | {("1b", number, ballot, vote, voted)}
                case ("2a", int(ballot), str(value)) if ballot >= promised:
                    now = (*others[0], (ballot, ballot, value), *others[1])
                    yield now, sent | {("2b", number, ballot, value)}


def reasons(quorums: tuple[set[int], ...], sent: frozenset[Message], ballot: int, value: str) -> Iterator[None]:
    """One for each way in which the value may be proposed in the ballot."""
    if any(message[:2] == ("2a", ballot) for message in sent):
        return
    promises = [message[1:] for message in sent if message[0] == "1b" and message[2] == ballot]
    for quorum in quorums:
        heard = [(who, int(vote), voted) for who, _, vote, voted in promises if who in quorum]
        if {who for who, _, _ in heard} != quorum:
            continue
        highest = max(vote for _, vote, _ in heard)
        if highest == -1:
            yield None
        else:
            yield from (None for _, vote, voted in heard if (vote, voted) == (highest, value))


@pytest.mark.parametrize("known", PAXOS, ids=str)
def test_counts_and_verdicts(known: Instance, library: Library) -> None:
    assert_known(library, known)


@pytest.mark.parametrize("known", PAXOS, ids=str)
def test_a_second_count(known: Instance) -> None:
    quorums = QUORUMS[known.name]
    first: State = (((-1, -1, ""),) * len(set().union(*quorums)), frozenset())
    counted = explore([first], lambda state: steps_of(quorums, state))
    assert counted == (known.distinct, known.generated, known.depth)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_planted_fault_is_caught(mutation: Mutation, library: Library) -> None:
    assert_caught(library, "paxos", mutation)
