"""Lease election: several copies of a controller run, and at most one of them acts.

The copies share a Lease object in the Kubernetes API: who holds it, and when it was renewed. A candidate that
finds the Lease free, or that has watched another's Lease for a whole lease duration without seeing it
renewed, writes its own name into it. The leader renews it again and again, and stops acting by itself
when it has not managed to for as long as its (shorter) renew deadline.

What can go wrong: two copies act at once. Candidates know the Lease only as they last read it; requests and
answers may be slow or lost, so that a leader does not know whether it has renewed; and no two clocks agree.

What the spec assumes.
- Clocks: each copy counts ticks of its own clock; meanwhile two clocks drift apart by at most MAX_SKEW ticks
  in either direction. Nobody compares times of day: what counts is how long ago something was *seen*.
- The API server stores an update only if it was made from the current version of the object (resourceVersion).
- A leader looks at its clock before each act, so that it never acts past its deadline. (A process that is
  stopped between the look and the act breaks this; against that only fencing on the other side helps.)
- The renew deadline counts from when the renewal was *sent*. COUNT_FROM_ANSWER is the common mistake: there it
  counts from when the answer came, however late.
It is safe where LEASE_DURATION > RENEW_DEADLINE + 2 * MAX_SKEW.

The version number itself is left out: all that matters is whether a copy is the current one. So
the number of elections is not bounded.

Sources: Kubernetes, coordination.k8s.io/v1 Lease, and client-go's tools/leaderelection, whose documentation
warns that it tolerates clocks that differ, not clocks that run at different rates, and guarantees nothing more.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Exists,
    Expr,
    Forall,
    Implies,
    Ite,
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

NOBODY = ""


class Request(Enum):
    """What has become of a candidate's last update of the Lease."""

    NONE = "none"
    SENT = "sent"
    STORED = "stored"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@state
class Election(MachineStateBase):
    """The Lease, and what each candidate knows and does. Durations are in ticks of the candidate's own clock.

    `waited`: since it first saw the Lease as it knows it. `since_sent`: since it sent its request.
    `since_renewal`: since it sent the last renewal that it knows to have succeeded. `clock_lead`: how far its
    clock is ahead of the slowest.
    """

    CANDIDATES: Param[set[str]]
    LEASE_DURATION: Param[int]
    RENEW_DEADLINE: Param[int]
    MAX_SKEW: Param[int]
    COUNT_FROM_ANSWER: Param[bool]
    lease_holder: StateVar[str]
    acting: StateVar[dict[str, bool]]
    seen_holder: StateVar[dict[str, str]]
    copy_is_current: StateVar[dict[str, bool]]
    waited: StateVar[dict[str, int]]
    request: StateVar[dict[str, Request]]
    since_sent: StateVar[dict[str, int]]
    since_renewal: StateVar[dict[str, int]]
    clock_lead: StateVar[dict[str, int]]


@action(init=True)
def init(c: Context[Election]):
    """The Lease is free, everybody knows it, nobody acts."""
    s = c.state
    s.lease_holder = NOBODY
    s.acting = Map(False for _ in s.CANDIDATES)
    s.seen_holder = Map(NOBODY for _ in s.CANDIDATES)
    s.copy_is_current = Map(True for _ in s.CANDIDATES)
    s.waited = Map(0 for _ in s.CANDIDATES)
    s.request = Map(Request.NONE for _ in s.CANDIDATES)
    s.since_sent = Map(0 for _ in s.CANDIDATES)
    s.since_renewal = Map(0 for _ in s.CANDIDATES)
    s.clock_lead = Map(0 for _ in s.CANDIDATES)


@expr
def at_most(number: Annotated[Expr, int], limit: Annotated[Expr, int]):
    """The smaller of the two: counting stops where it no longer matters."""
    return Ite(number < limit, number, limit)


@expr
def waits_for_another(s: Election, candidate: Annotated[Expr, str]):
    """Whether, as far as the candidate knows, somebody else holds the Lease."""
    return (s.seen_holder[candidate] != NOBODY) & (s.seen_holder[candidate] != candidate)


@expr
def is_waiting_for_answer(s: Election, candidate: Annotated[Expr, str]):
    """Whether the candidate has sent a request and not heard of it."""
    return (s.request[candidate] == Request.SENT) | (s.request[candidate] == Request.STORED)


@action
def store(c: Context[Election], candidate: Annotated[Expr, str], holder: Annotated[Expr, str]):
    """The Lease gets a new holder and a new version, which only the writer of it has."""
    s = c.state
    s.lease_holder = holder
    s.copy_is_current = Map(other == candidate for other in s.CANDIDATES)
    s.seen_holder[candidate] = holder
    s.waited[candidate] = 0


@action(inline=False)
def clock_ticks(c: Context[Election], candidate: Annotated[Expr, str]):
    """A candidate's clock goes on by one. A leader whose time is up has stopped before that."""
    s = c.state
    c.assume(s.clock_lead[candidate] < s.MAX_SKEW)
    c.assume(~(s.acting[candidate] & (s.since_renewal[candidate] >= s.RENEW_DEADLINE)))
    all_ahead = Forall((other == candidate) | (s.clock_lead[other] > 0) for other in s.CANDIDATES)
    s.clock_lead = Map(
        s.clock_lead[other] + Ite(other == candidate, 1, 0) - Ite(all_ahead, 1, 0) for other in s.CANDIDATES
    )
    s.waited[candidate] += Ite(waits_for_another(s, candidate) & (s.waited[candidate] < s.LEASE_DURATION), 1, 0)
    s.since_renewal[candidate] += Ite(s.acting[candidate], 1, 0)
    s.since_sent[candidate] = Ite(
        is_waiting_for_answer(s, candidate), at_most(s.since_sent[candidate] + 1, s.RENEW_DEADLINE + 1), 0
    )


@action(inline=False)
def reads_lease(c: Context[Election], candidate: Annotated[Expr, str]):
    """A candidate reads the Lease; if it has changed, the candidate starts to wait anew."""
    s = c.state
    c.assume(~is_waiting_for_answer(s, candidate))
    c.assume(~s.copy_is_current[candidate] | (s.request[candidate] != Request.NONE))
    s.waited[candidate] = Ite(s.copy_is_current[candidate], s.waited[candidate], 0)
    s.seen_holder[candidate] = s.lease_holder
    s.copy_is_current[candidate] = True
    s.request[candidate] = Request.NONE


@action(inline=False)
def sends_update(c: Context[Election], candidate: Annotated[Expr, str]):
    """A candidate asks for the Lease: it leads, or the Lease is free or its own, or it has waited long enough."""
    s = c.state
    c.assume(s.request[candidate] == Request.NONE)
    c.assume(~waits_for_another(s, candidate) | (s.waited[candidate] >= s.LEASE_DURATION))
    s.request[candidate] = Request.SENT
    s.since_sent[candidate] = 0


@action(inline=False)
def api_stores(c: Context[Election], candidate: Annotated[Expr, str]):
    """The API server stores the update, because it was made from the current version."""
    s = c.state
    c.assume(s.request[candidate] == Request.SENT)
    c.assume(s.copy_is_current[candidate])
    store(c, candidate, candidate)
    s.request[candidate] = Request.STORED


@action(inline=False)
def api_refuses(c: Context[Election], candidate: Annotated[Expr, str]):
    """The API server refuses the update (409 Conflict), because the Lease has changed since it was read."""
    s = c.state
    c.assume(s.request[candidate] == Request.SENT)
    c.assume(~s.copy_is_current[candidate])
    s.request[candidate] = Request.REFUSED
    s.since_sent[candidate] = 0


@action(inline=False)
def hears_success(c: Context[Election], candidate: Annotated[Expr, str]):
    """A candidate hears that its update was stored, and leads from here on, or goes on leading."""
    s = c.state
    c.assume(s.request[candidate] == Request.STORED)
    c.assume(s.COUNT_FROM_ANSWER | (s.since_sent[candidate] <= s.RENEW_DEADLINE))
    s.request[candidate] = Request.NONE
    s.acting[candidate] = True
    s.since_renewal[candidate] = Ite(s.COUNT_FROM_ANSWER, 0, s.since_sent[candidate])
    s.since_sent[candidate] = 0


@action(inline=False)
def request_gets_lost(c: Context[Election], candidate: Annotated[Expr, str]):
    """A request does not arrive, and the candidate does not know."""
    s = c.state
    c.assume(s.request[candidate] == Request.SENT)
    s.request[candidate] = Request.UNKNOWN
    s.since_sent[candidate] = 0


@action(inline=False)
def answer_gets_lost(c: Context[Election], candidate: Annotated[Expr, str]):
    """The update was stored, but the answer does not arrive, or too late to be of use."""
    s = c.state
    c.assume(s.request[candidate] == Request.STORED)
    s.request[candidate] = Request.UNKNOWN
    s.since_sent[candidate] = 0


@action(inline=False)
def stops_acting(c: Context[Election], candidate: Annotated[Expr, str]):
    """A leader stops: its deadline has come, or it wants to, or it crashes."""
    s = c.state
    c.assume(s.acting[candidate])
    s.acting[candidate] = False


@action(inline=False)
def releases_lease(c: Context[Election], candidate: Annotated[Expr, str]):
    """A leader stops and then frees the Lease, so that nobody need wait."""
    s = c.state
    c.assume(s.acting[candidate] & (s.request[candidate] == Request.NONE))
    c.assume(s.copy_is_current[candidate])
    s.acting[candidate] = False
    store(c, candidate, NOBODY)


@action
def candidate_step(c: Context[Election], candidate: Annotated[Expr, str]):
    """Something that happens to one candidate."""
    tick, reads, sends, stores, refuses, hears, request_lost, answer_lost, stops, releases = c.alternatives(
        "tick", "read", "send", "store", "refuse", "hear", "request lost", "answer lost", "stop", "release"
    )
    with tick:
        clock_ticks(c, candidate)
    with reads:
        reads_lease(c, candidate)
    with sends:
        sends_update(c, candidate)
    with stores:
        api_stores(c, candidate)
    with refuses:
        api_refuses(c, candidate)
    with hears:
        hears_success(c, candidate)
    with request_lost:
        request_gets_lost(c, candidate)
    with answer_lost:
        answer_gets_lost(c, candidate)
    with stops:
        stops_acting(c, candidate)
    with releases:
        releases_lease(c, candidate)


@action
def step(c: Context[Election]):
    """One step of one candidate."""
    with c.one_of(c.state.CANDIDATES, "candidate") as candidate:
        candidate_step(c, candidate)


@invariant
def at_most_one_acts(s: Election):
    """Never do two copies act at once."""
    return Forall(
        Implies(s.acting[one] & s.acting[other], one == other) for one in s.CANDIDATES for other in s.CANDIDATES
    )


@invariant
def who_acts_holds_the_lease(s: Election):
    """Whoever acts is named in the Lease: so a look at the Lease alone tells who may be acting."""
    return Forall(Implies(s.acting[one], s.lease_holder == one) for one in s.CANDIDATES)


@invariant
def leaders_stop_in_time(s: Election):
    """Nobody acts when its renew deadline has passed."""
    return Forall(Implies(s.acting[one], s.since_renewal[one] <= s.RENEW_DEADLINE) for one in s.CANDIDATES)


@example
def clocks_differ(s: Election):
    """`clock_ticks` happens."""
    return Exists(s.clock_lead[one] > 0 for one in s.CANDIDATES)


@example
def another_holder_is_seen(s: Election):
    """`reads_lease` happens: somebody knows that another holds the Lease."""
    return Exists(waits_for_another(s, one) for one in s.CANDIDATES)


@example
def an_update_is_under_way(s: Election):
    """`sends_update` happens."""
    return Exists(s.request[one] == Request.SENT for one in s.CANDIDATES)


@example
def an_update_is_stored(s: Election):
    """`api_stores` happens."""
    return Exists(s.request[one] == Request.STORED for one in s.CANDIDATES)


@example
def an_update_is_refused(s: Election):
    """`api_refuses` happens."""
    return Exists(s.request[one] == Request.REFUSED for one in s.CANDIDATES)


@example
def somebody_leads(s: Election):
    """`hears_success` happens."""
    return Exists(s.acting[one] for one in s.CANDIDATES)


@example
def a_request_was_lost(s: Election):
    """`request_gets_lost` happens: the outcome is unknown, and the Lease is as free as it was."""
    return Exists(s.request[one] == Request.UNKNOWN for one in s.CANDIDATES) & (s.lease_holder == NOBODY)


@example
def an_answer_was_lost(s: Election):
    """`answer_gets_lost` happens: somebody holds the Lease and does not know it."""
    return Exists((s.request[one] == Request.UNKNOWN) & (s.lease_holder == one) for one in s.CANDIDATES)


@example
def a_leader_has_stopped(s: Election):
    """`stops_acting` happens: somebody acted up to its deadline and no longer does."""
    return Exists(~s.acting[one] & (s.since_renewal[one] == s.RENEW_DEADLINE) for one in s.CANDIDATES)


@example
def the_lease_is_free_again(s: Election):
    """`releases_lease` happens: the Lease is free, and somebody does not know it yet."""
    return (s.lease_holder == NOBODY) & Exists(~s.copy_is_current[one] for one in s.CANDIDATES)


@example
def leadership_changes_hands(s: Election):
    """Somebody acts after another has acted before it."""
    return Exists(
        s.acting[one] & (s.since_renewal[other] > 0) for one in s.CANDIDATES for other in s.CANDIDATES - Set(one)
    )


@instance
def steady() -> Election:
    """Two candidates, the shortest durations that are safe with a skew of one tick."""
    return Election(CANDIDATES={"a", "b"}, LEASE_DURATION=4, RENEW_DEADLINE=1, MAX_SKEW=1, COUNT_FROM_ANSWER=False)


@instance
def hasty() -> Election:
    """A lease duration one tick too short for the skew: two may act at once."""
    return Election(CANDIDATES={"a", "b"}, LEASE_DURATION=3, RENEW_DEADLINE=1, MAX_SKEW=1, COUNT_FROM_ANSWER=False)


@instance
def counts_from_answer() -> Election:
    """Safe durations, but a leader that counts from a late answer acts too long."""
    return Election(CANDIDATES={"a", "b"}, LEASE_DURATION=4, RENEW_DEADLINE=1, MAX_SKEW=1, COUNT_FROM_ANSWER=True)
