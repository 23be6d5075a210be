"""Raft's log replication: what a leader has once called committed is never lost or changed, whoever leads next.

A leader takes commands into its log and sends the entries to the other servers, each with the place and the term of
the entry before it. A server that has that one takes the entry, throws away what it has in its place and after it
if that differs, and says so. An entry that a majority has is committed, and so is everything before it; the others
learn of that with the messages that follow. Only a server whose log is at least as up to date as that of each of
its voters is elected: its last entry has a higher term, or the same term and the log is no shorter.

What can go wrong: a committed entry is overwritten, and servers carry out different commands. The subtle case: an
entry of an earlier term is no more committed by being on a majority; only one of the leader's own term on top of it
makes it safe. COMMITS_OLD_TERMS leaves that rule out.

What the spec assumes: messages may be lost, and a leader that others have given up may still send them; but a
message and its answer, if they arrive, are one step here, and so is an election with all its messages
(raft_election shows them one by one). That an answer is lost is the same as that the leader does not act on it. A
server may crash and come back; term and log are on its disk, and what it knows of commits and of its leading is
not. Terms in which nobody is elected are left out. Of a command only the term counts in which it was taken. Terms
and logs are bounded.

Source: Diego Ongaro and John Ousterhout, "In search of an understandable consensus algorithm", USENIX ATC 2014,
sections 5.3 and 5.4 with figure 8; Diego Ongaro's TLA+ module raft in his dissertation, Stanford 2014.
"""

from typing import Annotated

from speccheck import (
    AllSubsets,
    Context,
    Exists,
    Expr,
    Forall,
    Implies,
    Interval,
    Ite,
    List,
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
    state,
)


@state
class Group(MachineStateBase):
    """Logs are lists of terms; places count from 1, and `commit` is the last place known to be committed.

    `matched` is how far a leader knows each other server's log to be the same as its own.
    `committed` and `committed_in` are not part of the algorithm: the longest log that any leader has called
    committed, and that leader's term.
    """

    SERVERS: Param[set[str]]
    LAST_TERM: Param[int]
    LONGEST: Param[int]
    COMMITS_OLD_TERMS: Param[bool]
    term: StateVar[dict[str, int]]
    leads: StateVar[dict[str, bool]]
    log: StateVar[dict[str, list[int]]]
    commit: StateVar[dict[str, int]]
    matched: StateVar[dict[str, dict[str, int]]]
    committed: StateVar[list[int]]
    committed_in: StateVar[int]


@expr
def nothing_matched(s: Group):
    """What a server knows of the others' logs before it has heard from them."""
    return Map(0 for _ in s.SERVERS)


@action(init=True)
def init(c: Context[Group]):
    """Nobody leads, all logs are empty."""
    s = c.state
    s.term = Map(0 for _ in s.SERVERS)
    s.leads = Map(False for _ in s.SERVERS)
    s.log = Map(List(int) for _ in s.SERVERS)
    s.commit = Map(0 for _ in s.SERVERS)
    s.matched = Map(nothing_matched(s) for _ in s.SERVERS)
    s.committed = List(int)
    s.committed_in = 0


@expr
def entry_at(s: Group, server: Annotated[Expr, str], place: Annotated[Expr, int]):
    """The entry at a place of a log, 0 before the first and beyond the end."""
    return Ite((place >= 1) & (place <= s.log[server].size), s.log[server][place - 1], 0)


@expr
def is_up_to_date(s: Group, server: Annotated[Expr, str], voter: Annotated[Expr, str]):
    """Whether a voter finds a candidate's log no worse than its own."""
    last, voters_last = entry_at(s, server, s.log[server].size), entry_at(s, voter, s.log[voter].size)
    return (last > voters_last) | ((last == voters_last) & (s.log[server].size >= s.log[voter].size))


@expr
def greater(one: Annotated[Expr, int], other: Annotated[Expr, int]):
    """The greater of two numbers."""
    return Ite(one > other, one, other)


@expr
def is_majority(s: Group, servers: Annotated[Expr, set[str]]):
    """Whether they are more than half."""
    return 2 * servers.size > s.SERVERS.size


@action(inline=False)
def is_elected(c: Context[Group], server: Annotated[Expr, str], others: Annotated[Expr, set[str]]):
    """Enough others to make a majority vote for a server, in a term that is new to all of them."""
    s = c.state
    voters = others | Set(server)
    c.assume(is_majority(s, voters))
    term = voters.map(lambda voter: s.term[voter]).reduce(greater, 0) + 1
    c.assume(voters.forall(lambda voter: is_up_to_date(s, server, voter)))
    s.term = Map(Ite(voters.contains(each), term, s.term[each]) for each in s.SERVERS)
    s.leads = Map(Ite(voters.contains(each), each == server, s.leads[each]) for each in s.SERVERS)
    s.matched = Map(Ite(voters.contains(each), nothing_matched(s), s.matched[each]) for each in s.SERVERS)


@action(inline=False)
def takes_command(c: Context[Group], leader: Annotated[Expr, str]):
    """A leader takes a command into its log."""
    s = c.state
    c.assume(s.log[leader].size < s.LONGEST)
    s.log[leader] += List(s.term[leader])


@action(inline=False)
def replicates(
    c: Context[Group], leader: Annotated[Expr, str], server: Annotated[Expr, str], place: Annotated[Expr, int]
):
    """A leader sends an entry; a server takes it if it fits its log, drops what contradicts it, and answers."""
    s = c.state
    c.assume(s.term[leader] >= s.term[server])
    c.assume(s.log[server].size >= place - 1)
    c.assume(entry_at(s, server, place - 1) == entry_at(s, leader, place - 1))
    entry = entry_at(s, leader, place)
    had_it = entry_at(s, server, place) == entry
    s.log[server] = Ite(had_it, s.log[server], s.log[server][0 : place - 1] + List(entry))
    s.commit[server] = greater(s.commit[server], Ite(place <= s.commit[leader], place, 0))
    s.term[server] = s.term[leader]
    s.leads[server] = False
    s.matched[server] = nothing_matched(s)
    s.matched[leader][server] = greater(s.matched[leader][server], place)


@action(inline=False)
def commits(c: Context[Group], leader: Annotated[Expr, str], place: Annotated[Expr, int]):
    """A leader finds that a majority has an entry, of its own term, and calls it and all before it committed."""
    s = c.state
    c.assume(s.COMMITS_OLD_TERMS | (entry_at(s, leader, place) == s.term[leader]))
    c.assume(is_majority(s, s.SERVERS.filter(lambda each: s.matched[leader][each] >= place) | Set(leader)))
    s.commit[leader] = place
    is_longer = place > s.committed.size
    s.committed_in = Ite(is_longer, s.term[leader], s.committed_in)
    s.committed = Ite(is_longer, s.log[leader][0:place], s.committed)


@action(inline=False)
def restarts(c: Context[Group], server: Annotated[Expr, str]):
    """A server crashes and comes back with its term and its log."""
    s = c.state
    c.assume(s.leads[server] | (s.commit[server] > 0))
    s.leads[server] = False
    s.matched[server] = nothing_matched(s)
    s.commit[server] = 0


@action
def step(c: Context[Group]):
    """One step of any server."""
    s = c.state
    elect, take, replicate, commit, restart = c.alternatives("elect", "take", "replicate", "commit", "restart")
    leaders = s.SERVERS.filter(lambda server: s.leads[server])
    electorate = s.SERVERS.filter(lambda server: s.term[server] < s.LAST_TERM)
    with elect, c.one_of(electorate, "server") as server:
        with c.one_of(AllSubsets(electorate - Set(server)), "others") as others:
            is_elected(c, server, others)
    with take, c.one_of(leaders, "leader") as leader:
        takes_command(c, leader)
    with replicate, c.one_of(leaders, "leader") as leader, c.one_of(s.SERVERS - Set(leader), "server") as server:
        with c.one_of(Interval(1, s.log[leader].size), "place") as place:
            replicates(c, leader, server, place)
    with commit, c.one_of(leaders, "leader") as leader:
        with c.one_of(Interval(s.commit[leader] + 1, s.log[leader].size), "place") as place:
            commits(c, leader, place)
    with restart, c.one_of(s.SERVERS, "server") as server:
        restarts(c, server)


@invariant
def logs_match(s: Group):
    """Log matching: where two logs have the same term at the same place, they are the same up to there."""
    return Forall(
        Implies(
            (entry_at(s, one, place) != 0) & (entry_at(s, one, place) == entry_at(s, other, place)),
            s.log[one][0:place] == s.log[other][0:place],
        )
        for one in s.SERVERS
        for other in s.SERVERS
        for place in Interval(1, s.LONGEST)
    )


@invariant
def leaders_have_what_is_committed(s: Group):
    """Leader completeness: who leads in a later term has everything committed in earlier ones."""
    return Forall(
        Implies(
            s.leads[server] & (s.term[server] > s.committed_in),
            s.log[server][0 : s.committed.size] == s.committed,
        )
        for server in s.SERVERS
    )


@invariant
def servers_carry_out_the_same(s: Group):
    """State machine safety: what any server knows to be committed is what was committed."""
    return Forall(s.log[server][0 : s.commit[server]] == s.committed[0 : s.commit[server]] for server in s.SERVERS)


@example
def somebody_is_elected(s: Group):
    """`is_elected` happens."""
    return Exists(s.leads[server] for server in s.SERVERS)


@example
def a_command_is_taken(s: Group):
    """`takes_command` happens."""
    return Exists(~s.log[server].is_empty for server in s.SERVERS)


@example
def an_entry_is_on_all_servers(s: Group):
    """`replicates` happens, to all."""
    return Forall(entry_at(s, server, 1) == 1 for server in s.SERVERS)


@example
def everybody_knows_of_a_commit(s: Group):
    """`commits` happens, and the news reaches all."""
    return Forall(s.commit[server] > 0 for server in s.SERVERS)


@example
def a_leader_has_come_back(s: Group):
    """`restarts` happens: a server has taken a command in the present term of all, and nobody leads."""
    return Exists(s.log[server] == List(s.term[server]) for server in s.SERVERS) & Forall(
        ~s.leads[server] for server in s.SERVERS
    )


@instance
def two_terms() -> Group:
    """Three servers, two terms, two places."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=2, LONGEST=2, COMMITS_OLD_TERMS=False)


@instance
def three_terms() -> Group:
    """Three servers, three terms, one place."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=3, LONGEST=1, COMMITS_OLD_TERMS=False)


@instance
def figure_8() -> Group:
    """Entries of earlier terms are committed once a majority has them: the mistake that figure 8 of the paper shows."""
    return Group(SERVERS={"s1", "s2", "s3"}, LAST_TERM=4, LONGEST=1, COMMITS_OLD_TERMS=True)
