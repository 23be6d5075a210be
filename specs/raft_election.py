"""Raft's leader election: of the servers of a group, at most one leads in any term.

Time is divided into terms. A server that has not heard of a leader for a while raises its term, stands for election
in it and asks everybody for a vote. A server votes at most once in a term, for whoever asks first; a candidate with
the votes of a majority leads. Whoever hears of a higher term than its own moves on to it, and stands and leads no
more.

What can go wrong: two servers lead in the same term. Each then takes commands that the other does not know of.

What the spec assumes: messages may be lost, late, doubled and out of order (one sent is never removed; that nobody
acts on it is the same as its loss), but none is forged. A server may crash and come back at any moment. It then
knows its term and its vote, which it has written to disk before it answered, and nothing else. Logs are left out:
here everybody is fit to lead (see raft_log). Terms end with LAST_TERM, and nothing says that anybody is ever
elected.

Source: Diego Ongaro and John Ousterhout, "In search of an understandable consensus algorithm", USENIX ATC 2014,
section 5.2; Diego Ongaro's TLA+ module raft in his dissertation, Stanford 2014.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Field,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    action,
    example,
    instance,
    invariant,
    record,
    state,
)

NOBODY = ""


class Role(Enum):
    """What a server is in its term."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@record
class Request:
    """A candidate asks for votes in a term."""

    candidate: Field[str]
    term: Field[int]


@record
class Vote:
    """A server votes for a candidate in a term."""

    voter: Field[str]
    candidate: Field[str]
    term: Field[int]


@state
class Group(MachineStateBase):
    """What each server knows, and every message ever sent.

    `term` and `voted_for` are on its disk, `role` and `votes` (who has voted for it in its term) in its memory.
    `elected` is not part of the algorithm: it remembers all leaders, as requests that were granted.
    """

    SERVERS: Param[set[str]]
    LAST_TERM: Param[int]
    REMEMBERS_VOTE: Param[bool]
    term: StateVar[dict[str, int]]
    voted_for: StateVar[dict[str, str]]
    role: StateVar[dict[str, Role]]
    votes: StateVar[dict[str, set[str]]]
    requests_sent: StateVar[set[Request]]
    votes_sent: StateVar[set[Vote]]
    elected: StateVar[set[Request]]


@action(init=True)
def init(c: Context[Group]):
    """Everybody follows, in a term in which there was no election."""
    s = c.state
    s.term = {server: 0 for server in s.SERVERS}
    s.voted_for = {server: NOBODY for server in s.SERVERS}
    s.role = {server: Role.FOLLOWER for server in s.SERVERS}
    s.votes = {server: Set(str) for server in s.SERVERS}
    s.requests_sent = Set(Request)
    s.votes_sent = Set(Vote)
    s.elected = Set(Request)


@action(inline=False)
def stands(c: Context[Group], server: Annotated[Expr, str]):
    """A server that does not lead loses patience: it raises its term, votes for itself and asks for votes."""
    s = c.state
    c.assume(s.role[server] != Role.LEADER and s.term[server] < s.LAST_TERM)
    s.term[server] += 1
    s.voted_for[server] = server
    s.role[server] = Role.CANDIDATE
    s.votes[server] = {server}
    s.requests_sent |= {Request(candidate=server, term=s.term[server])}


@action(inline=False)
def moves_on(c: Context[Group], server: Annotated[Expr, str], term: Annotated[Expr, int]):
    """A server hears of a higher term: it follows in that one, and has not voted there."""
    s = c.state
    c.assume(term > s.term[server])
    s.term[server] = term
    s.voted_for[server] = NOBODY
    s.role[server] = Role.FOLLOWER
    s.votes[server] = Set(str)


@action(inline=False)
def votes(c: Context[Group], voter: Annotated[Expr, str], request: Annotated[Expr, Request]):
    """A server votes for a candidate of its own term, unless it has voted for another."""
    s = c.state
    c.assume(request.term == s.term[voter])
    c.assume(s.voted_for[voter] == NOBODY or s.voted_for[voter] == request.candidate)
    c.assume(request.candidate != voter)
    s.voted_for[voter] = request.candidate
    s.votes_sent |= {Vote(voter=voter, candidate=request.candidate, term=request.term)}


@action(inline=False)
def counts(c: Context[Group], vote: Annotated[Expr, Vote]):
    """A candidate receives a vote of its present term."""
    s = c.state
    c.assume(vote.term == s.term[vote.candidate] and s.role[vote.candidate] == Role.CANDIDATE)
    c.assume(vote.voter not in s.votes[vote.candidate])
    s.votes[vote.candidate] |= {vote.voter}


@action(inline=False)
def leads(c: Context[Group], server: Annotated[Expr, str]):
    """A candidate has the votes of a majority."""
    s = c.state
    c.assume(s.role[server] == Role.CANDIDATE and 2 * len(s.votes[server]) > len(s.SERVERS))
    s.role[server] = Role.LEADER
    s.votes[server] = Set(str)
    s.elected |= {Request(candidate=server, term=s.term[server])}


@action(inline=False)
def restarts(c: Context[Group], server: Annotated[Expr, str]):
    """A server crashes and comes back; it knows what is on its disk."""
    s = c.state
    forgets = not s.REMEMBERS_VOTE and s.voted_for[server] != NOBODY
    c.assume(s.role[server] != Role.FOLLOWER or forgets)
    s.role[server] = Role.FOLLOWER
    s.votes[server] = Set(str)
    if forgets:
        s.voted_for[server] = NOBODY


@action
def step(c: Context[Group]):
    """One step of any server."""
    s = c.state
    stand, move, vote, count, lead, restart = c.alternatives("stand", "move on", "vote", "count", "lead", "restart")
    with stand, c.one_of(s.SERVERS, "server") as server:
        stands(c, server)
    with move, c.one_of(s.SERVERS, "server") as server, c.one_of({r.term for r in s.requests_sent}, "term") as term:
        moves_on(c, server, term)
    with vote, c.one_of(s.SERVERS, "voter") as voter, c.one_of(s.requests_sent, "request") as request:
        votes(c, voter, request)
    with count, c.one_of(s.votes_sent, "vote") as sent:
        counts(c, sent)
    with lead, c.one_of(s.SERVERS, "server") as server:
        leads(c, server)
    with restart, c.one_of(s.SERVERS, "server") as server:
        restarts(c, server)


@invariant
def one_leader_a_term(s: Group):
    """Election safety: no two servers are ever elected in the same term."""
    return all(one == other for one in s.elected for other in s.elected if one.term == other.term)


@invariant
def one_vote_a_term(s: Group):
    """No server votes for two candidates in the same term."""
    return all(
        one.candidate == other.candidate
        for one in s.votes_sent
        for other in s.votes_sent
        if one.voter == other.voter and one.term == other.term
    )


@invariant
def leaders_have_voted_for_themselves(s: Group):
    """Who stands or leads has not given its vote of this term to somebody else."""
    return all(s.voted_for[server] == server for server in s.SERVERS if s.role[server] != Role.FOLLOWER)


@example
def two_stand_in_one_term(s: Group):
    """`stands` happens, to two at once."""
    return len({server for server in s.SERVERS if s.role[server] == Role.CANDIDATE}) >= 2


@example
def somebody_has_moved_on(s: Group):
    """`moves_on` happens: a server has come to a term without a vote."""
    return any(s.term[server] > 0 and s.voted_for[server] == NOBODY for server in s.SERVERS)


@example
def somebody_votes(s: Group):
    """`votes` happens."""
    return len(s.votes_sent) > 0


@example
def a_vote_is_counted(s: Group):
    """`counts` happens."""
    return any(len(s.votes[server]) > 1 for server in s.SERVERS)


@example
def all_terms_have_a_leader(s: Group):
    """`leads` happens, once in each term."""
    return len(s.elected) == s.LAST_TERM


@example
def a_candidate_has_come_back(s: Group):
    """`restarts` happens: a server has voted for itself, and follows."""
    return any(s.voted_for[server] == server and s.role[server] == Role.FOLLOWER for server in s.SERVERS)


@instance
def one_term() -> Group:
    """Three servers, one term."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=1, REMEMBERS_VOTE=True)


@instance
def two_terms() -> Group:
    """Three servers, two terms."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=2, REMEMBERS_VOTE=True)


@instance
def forgetful() -> Group:
    """Servers that do not keep their vote on disk: one that comes back votes a second time."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=1, REMEMBERS_VOTE=False)
