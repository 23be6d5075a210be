"""Paxos, for a single decision: a group agrees on one value, though messages get lost and members fall silent.

Proposers try to get a value chosen, in numbered ballots; acceptors vote. A ballot has two phases. First its
proposer asks the acceptors to ignore all lower ballots from now on and to say what they last voted for. Once a
quorum has promised, the proposer proposes a value: that of the highest ballot that anybody in the quorum voted in,
or, if nobody did, any it likes. Then acceptors that have promised nothing higher vote for it. A value that a whole
quorum voted for in one ballot is chosen.

What can go wrong: two values are chosen.

What the spec assumes: any two quorums have a member in common. Messages may be lost, late, doubled and out of order
(one sent is never removed; that nobody acts on it is the same as its loss), but none is forged. Acceptors remember
their promises and votes for ever. Each ballot has one proposer, which proposes at most once in it. Nothing says
that a value is ever chosen: two proposers can outbid each other for ever.

Sources: Leslie Lamport, "Paxos made simple", ACM SIGACT News 32(4), 2001; and, step by step the same, his TLA+
module Paxos (the one of his Turing award lecture).
"""

from typing import Annotated

from speccheck import (
    Context,
    Exists,
    Expr,
    Field,
    Forall,
    Implies,
    Interval,
    MachineStateBase,
    Map,
    Param,
    Set,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
)

NEVER = -1
NOTHING = ""


@record
class Promise:
    """Phase 1's answer: the acceptor ignores lower ballots, and this is what it last voted for, if it has."""

    acceptor: Field[str]
    ballot: Field[int]
    voted_ballot: Field[int]
    voted_value: Field[str]


@record
class Proposal:
    """Phase 2's question: the acceptors are to vote for this value."""

    ballot: Field[int]
    value: Field[str]


@record
class Vote:
    """Phase 2's answer."""

    acceptor: Field[str]
    ballot: Field[int]
    value: Field[str]


@state
class Paxos(MachineStateBase):
    """What the acceptors remember, and every message ever sent, by kind. Ballots are 0 to LAST_BALLOT."""

    ACCEPTORS: Param[set[str]]
    QUORUMS: Param[set[set[str]]]
    VALUES: Param[set[str]]
    LAST_BALLOT: Param[int]
    promised: StateVar[dict[str, int]]
    voted_ballot: StateVar[dict[str, int]]
    voted_value: StateVar[dict[str, str]]
    requests: StateVar[set[int]]
    promises: StateVar[set[Promise]]
    proposals: StateVar[set[Proposal]]
    votes: StateVar[set[Vote]]


@action(init=True)
def init(c: Context[Paxos]):
    """Nobody has promised anything, voted or said anything."""
    s = c.state
    s.promised = Map(NEVER for _ in s.ACCEPTORS)
    s.voted_ballot = Map(NEVER for _ in s.ACCEPTORS)
    s.voted_value = Map(NOTHING for _ in s.ACCEPTORS)
    s.requests = Set(int)
    s.promises = Set(Promise)
    s.proposals = Set(Proposal)
    s.votes = Set(Vote)


@action(inline=False)
def requests_promises(c: Context[Paxos], ballot: Annotated[Expr, int]):
    """Phase 1a: a proposer begins its ballot, or asks once more."""
    c.state.requests |= Set(ballot)


@action(inline=False)
def promises(c: Context[Paxos], acceptor: Annotated[Expr, str], ballot: Annotated[Expr, int]):
    """Phase 1b: an acceptor promises to ignore lower ballots, and tells of its last vote."""
    s = c.state
    c.assume(ballot > s.promised[acceptor])
    s.promises |= Set(
        Promise(
            acceptor=acceptor,
            ballot=ballot,
            voted_ballot=s.voted_ballot[acceptor],
            voted_value=s.voted_value[acceptor],
        )
    )
    s.promised[acceptor] = ballot


@action(inline=False)
def proposes(
    c: Context[Paxos], ballot: Annotated[Expr, int], value: Annotated[Expr, str], quorum: Annotated[Expr, set[str]]
):
    """Phase 2a: with a quorum's promises, a proposer proposes the value of the latest vote told of, or its own."""
    s = c.state
    c.assume(~s.proposals.exists(lambda p: p.ballot == ballot))
    heard = s.promises.filter(lambda p: quorum.contains(p.acceptor) & (p.ballot == ballot))
    c.assume(quorum.forall(lambda acceptor: heard.exists(lambda p: p.acceptor == acceptor)))
    told = heard.filter(lambda p: p.voted_ballot != NEVER)
    free, bound = c.alternatives("free", "bound")
    with free:
        c.assume(told.is_empty)
    with bound, c.one_of(told, "latest") as latest:
        c.assume(latest.voted_value == value)
        c.assume(told.forall(lambda p: p.voted_ballot <= latest.voted_ballot))
    s.proposals |= Set(Proposal(ballot=ballot, value=value))


@action(inline=False)
def votes(c: Context[Paxos], acceptor: Annotated[Expr, str], proposal: Annotated[Expr, Proposal]):
    """Phase 2b: an acceptor votes, unless it has promised to ignore the ballot."""
    s = c.state
    c.assume(proposal.ballot >= s.promised[acceptor])
    s.promised[acceptor] = proposal.ballot
    s.voted_ballot[acceptor] = proposal.ballot
    s.voted_value[acceptor] = proposal.value
    s.votes |= Set(Vote(acceptor=acceptor, ballot=proposal.ballot, value=proposal.value))


@action
def step(c: Context[Paxos]):
    """One step of a proposer or of an acceptor."""
    s = c.state
    ballots = Interval(0, s.LAST_BALLOT)
    request, promise, propose, vote = c.alternatives("1a", "1b", "2a", "2b")
    with request, c.one_of(ballots, "ballot") as ballot:
        requests_promises(c, ballot)
    with promise, c.one_of(s.ACCEPTORS, "acceptor") as acceptor, c.one_of(s.requests, "ballot") as ballot:
        promises(c, acceptor, ballot)
    with (
        propose,
        c.one_of(ballots, "ballot") as ballot,
        c.one_of(s.VALUES, "value") as value,
        c.one_of(s.QUORUMS, "quorum") as quorum,
    ):
        proposes(c, ballot, value, quorum)
    with vote, c.one_of(s.ACCEPTORS, "acceptor") as acceptor, c.one_of(s.proposals, "proposal") as proposal:
        votes(c, acceptor, proposal)


@expr
def is_chosen_in(s: Paxos, value: Annotated[Expr, str], ballot: Annotated[Expr, int]):
    """Whether a whole quorum has voted for the value in the ballot."""
    return s.QUORUMS.exists(
        lambda quorum: quorum.forall(
            lambda acceptor: s.votes.contains(Vote(acceptor=acceptor, ballot=ballot, value=value))
        )
    )


@expr
def is_chosen(s: Paxos, value: Annotated[Expr, str]):
    """Whether the value is chosen, in any ballot."""
    return Exists(is_chosen_in(s, value, ballot) for ballot in Interval(0, s.LAST_BALLOT))


@invariant
def one_value_is_chosen(s: Paxos):
    """No two values are chosen."""
    return Forall(
        Implies(one != other, ~(is_chosen(s, one) & is_chosen(s, other))) for one in s.VALUES for other in s.VALUES
    )


@invariant
def one_proposal_a_ballot(s: Paxos):
    """All votes in one ballot are for the same value, the one proposed."""
    return Forall(Implies(p.ballot == q.ballot, p == q) for p in s.proposals for q in s.proposals) & s.votes.forall(
        lambda vote: s.proposals.contains(Proposal(ballot=vote.ballot, value=vote.value))
    )


@invariant
def later_proposals_keep_what_is_chosen(s: Paxos):
    """Once a value is chosen, no higher ballot proposes another."""
    return s.proposals.forall(
        lambda p: Forall(
            Implies(is_chosen_in(s, value, ballot) & (ballot < p.ballot), p.value == value)
            for ballot in Interval(0, s.LAST_BALLOT)
            for value in s.VALUES
        )
    )


@example
def a_ballot_begins(s: Paxos):
    """`requests_promises` happens."""
    return ~s.requests.is_empty


@example
def a_promise_tells_of_a_vote(s: Paxos):
    """`promises` happens, by somebody who has voted."""
    return s.promises.exists(lambda p: p.voted_ballot != NEVER)


@example
def a_value_is_proposed(s: Paxos):
    """`proposes` happens."""
    return ~s.proposals.is_empty


@example
def a_value_is_chosen(s: Paxos):
    """`votes` happens, and often enough."""
    return s.VALUES.exists(lambda value: is_chosen(s, value))


@example
def a_value_is_chosen_twice(s: Paxos):
    """A higher ballot chooses once more what a lower one has chosen."""
    return s.VALUES.exists(lambda v: is_chosen_in(s, v, 0) & is_chosen_in(s, v, s.LAST_BALLOT))


@instance
def two_ballots() -> Paxos:
    """Three acceptors, of whom any two are a quorum; two values, two ballots. 3,921 states."""
    quorums = {frozenset({"a1", "a2"}), frozenset({"a1", "a3"}), frozenset({"a2", "a3"})}
    return Paxos(ACCEPTORS={"a1", "a2", "a3"}, QUORUMS=quorums, VALUES={"v1", "v2"}, LAST_BALLOT=1)


@instance
def split() -> Paxos:
    """Quorums that have no member in common: each chooses for itself."""
    quorums = {frozenset({"a1"}), frozenset({"a2"})}
    return Paxos(ACCEPTORS={"a1", "a2"}, QUORUMS=quorums, VALUES={"v1", "v2"}, LAST_BALLOT=1)
