"""A Lease as anyone can read it: who leads, since when, and when that was last confirmed.

A leader election leaves its trace in one Lease object. This spec says what such an object may look like at any moment,
whoever writes it: it is there to hold live Leases to. (Whether at most one candidate *acts* cannot be read off a
Lease; that is the subject of the spec of the election itself.)

Times are seconds. What the spec assumes: clocks of candidates agree here, so `renewed` is never before `acquired`; a
candidate that writes the Lease with a slow clock after another with a fast one would break that claim, and should.

Variables and the object: `holder` is spec.holderIdentity, absent is ""; `term` spec.leaseDurationSeconds; `acquired`
spec.acquireTime; `renewed` spec.renewTime; `transitions` spec.leaseTransitions. `now` is nobody's to see.

Source: Kubernetes, coordination.k8s.io/v1 Lease, and how client-go's leader election writes it.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Implies,
    MachineStateBase,
    Param,
    StateVar,
    action,
    example,
    instance,
    invariant,
    state,
)

NOBODY = ""


@state
class LeaseRecord(MachineStateBase):
    """The Lease, and the time. CANDIDATES may lead, for TERM seconds at a time.

    LAST and CHANGES bound what is explored: the last second, and how often leadership changes hands.
    """

    CANDIDATES: Param[set[str]]
    TERM: Param[int]
    LAST: Param[int]
    CHANGES: Param[int]
    holder: StateVar[str]
    term: StateVar[int]
    acquired: StateVar[int]
    renewed: StateVar[int]
    transitions: StateVar[int]
    now: StateVar[int]


@action(init=True)
def init(c: Context[LeaseRecord]):
    """The Lease was just created, by its first leader."""
    s = c.state
    s.now = 0
    s.term = s.TERM
    s.acquired = 0
    s.renewed = 0
    s.transitions = 0
    with c.one_of(s.CANDIDATES, "candidate") as candidate:
        s.holder = candidate


@action(inline=False)
def second_passes(c: Context[LeaseRecord]):
    """Time goes on."""
    s = c.state
    c.assume(s.now < s.LAST)
    s.now += 1


@action(inline=False)
def leader_renews(c: Context[LeaseRecord]):
    """The leader confirms that it leads, whether or not its term has run out: nobody else wanted the Lease."""
    s = c.state
    c.assume(s.holder != NOBODY)
    s.renewed = s.now


@action(inline=False)
def leader_releases(c: Context[LeaseRecord]):
    """The leader gives the Lease up, so that nobody has to wait for its term to run out."""
    s = c.state
    c.assume(s.holder != NOBODY)
    s.holder = NOBODY
    s.term = 1
    s.acquired = s.now
    s.renewed = s.now


@action(inline=False)
def candidate_takes_over(c: Context[LeaseRecord], candidate: Annotated[Expr, str]):
    """Another candidate leads, once the Lease was released or its term has run out."""
    s = c.state
    c.assume((s.holder == NOBODY) | (s.now > s.renewed + s.term))
    c.assume((s.holder != candidate) & (s.transitions < s.CHANGES))
    s.holder = candidate
    s.term = s.TERM
    s.acquired = s.now
    s.renewed = s.now
    s.transitions += 1


@action
def step(c: Context[LeaseRecord]):
    """Time passes, the leader does something, or another takes its place."""
    passing, renewing, releasing, taking_over = c.alternatives("passing", "renewing", "releasing", "taking over")
    with passing:
        second_passes(c)
    with renewing:
        leader_renews(c)
    with releasing:
        leader_releases(c)
    with taking_over, c.one_of(c.state.CANDIDATES, "candidate") as candidate:
        candidate_takes_over(c, candidate)


@invariant
def leader_is_a_candidate(s: LeaseRecord):
    """Nobody leads who is no candidate."""
    return (s.holder == NOBODY) | s.CANDIDATES.contains(s.holder)


@invariant
def a_leader_has_a_term(s: LeaseRecord):
    """A Lease that is held runs out at some time."""
    return Implies(s.holder != NOBODY, s.term > 0)


@invariant
def renewed_since_acquired(s: LeaseRecord):
    """The last confirmation is not older than the leadership it confirms."""
    return s.renewed >= s.acquired


@invariant
def transitions_are_counted(s: LeaseRecord):
    """Leadership has changed hands so many times, never fewer than none."""
    return s.transitions >= 0


@example
def leadership_changes_hands(s: LeaseRecord):
    """`candidate_takes_over` happens."""
    return s.transitions > 0


@example
def the_lease_is_free(s: LeaseRecord):
    """`leader_releases` happens."""
    return s.holder == NOBODY


@example
def leadership_is_confirmed(s: LeaseRecord):
    """`leader_renews` and `second_passes` happen."""
    return s.renewed > s.acquired


@instance
def pair() -> LeaseRecord:
    """Two candidates, over eight seconds, two at a time, three changes of leadership."""
    return LeaseRecord(CANDIDATES={"blue", "green"}, TERM=2, LAST=8, CHANGES=3)
