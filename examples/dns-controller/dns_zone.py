"""The DNS controller beside this file: what may its planner and its deployers write into the zone's ConfigMap?

Everything lies in one object, so that each write is one step and what was written is seen whole: the number of the
newest plan, the records, the lock, and what each deployer is about. Plans are numbered in the order of publication.

`specs/dns_balancer` is the design, with the deployers' heads and the planner's store. This is the same design as one
can see it in the object: a deployer that picks a plan and dies before it takes the lock leaves no trace, so picking is
not a step here; what was picked shows when the lock is taken, and is any plan newer than the lock's epoch.

What can go wrong. A deployer that is slow between taking the lock and writing loses it to another and is not told.
It puts an old plan over a newer one. All is consistent still. Then a deployer that has applied a newer plan cleans up,
and to it the live plan is an old one: the root points at nothing.

Two remedies, each a parameter. FENCED: a plan is written only while the lock is still held for it, in the same
transaction. SPARING: clean-up leaves alone what root and rollback point at.

What the spec assumes: a write of the ConfigMap is a transaction (resourceVersion); nobody else writes it.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Exists,
    Expr,
    Field,
    Forall,
    Implies,
    Interval,
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
    record,
    state,
)

NOBODY = "nobody"


class Phase(Enum):
    """How far a deployer has come with the plan it last took the lock for."""

    IDLE = "idle"
    LOCKED = "locked"
    APPLIED = "applied"


@record
class Lock:
    """Who holds the zone, and the epoch, which is the newest plan it was ever taken for."""

    holder: Field[str]
    epoch: Field[int]


@record
class Work:
    """A deployer's plan, and what it has done with it."""

    phase: Field[Phase]
    plan: Field[int]


@state
class Zone(MachineStateBase):
    """The zone. `root` and `rollback` are the plans that these names point at; `plans` are those with records.

    MAX_PLAN_AGE is how many plans behind the one just applied a plan may be before it is cleaned up.
    """

    LAST_PLAN: Param[int]
    DEPLOYERS: Param[set[str]]
    MAX_PLAN_AGE: Param[int]
    FENCED: Param[bool]
    SPARING: Param[bool]
    newest: StateVar[int]
    root: StateVar[int]
    rollback: StateVar[int]
    plans: StateVar[set[int]]
    lock: StateVar[Lock]
    work: StateVar[dict[str, Work]]


@expr
def holds_lock(s: Zone, deployer: Annotated[Expr, str]):
    """Whether the lock is still this deployer's, for its plan."""
    return s.lock == Lock(holder=deployer, epoch=s.work[deployer].plan)


@action(init=True)
def init(c: Context[Zone]):
    """The first plan is live, nobody does anything."""
    s = c.state
    s.newest = 0
    s.root = 0
    s.rollback = 0
    s.plans = Set(0)
    s.lock = Lock(holder=NOBODY, epoch=0)
    s.work = Map(Work(phase=Phase.IDLE, plan=0) for _ in s.DEPLOYERS)


@action(inline=False)
def planner_publish(c: Context[Zone]):
    """The planner publishes the next plan."""
    s = c.state
    c.assume(s.newest < s.LAST_PLAN)
    s.newest += 1


@action(inline=False)
def deployer_lock(c: Context[Zone], deployer: Annotated[Expr, str], plan: Annotated[Expr, int]):
    """A deployer takes the lock for a plan, or takes it over from a deployer of an older plan."""
    s = c.state
    c.assume((plan <= s.newest) & (plan > s.lock.epoch))
    s.lock = Lock(holder=deployer, epoch=plan)
    s.work[deployer] = Work(phase=Phase.LOCKED, plan=plan)


@action(inline=False)
def deployer_apply(c: Context[Zone], deployer: Annotated[Expr, str]):
    """A deployer writes its plan, turns the root to it, keeps the old root as rollback, and lets go of the lock."""
    s = c.state
    c.assume(s.work[deployer].phase == Phase.LOCKED)
    c.assume(Implies(s.FENCED, holds_lock(s, deployer)))
    s.rollback = s.root
    s.root = s.work[deployer].plan
    s.plans |= Set(s.work[deployer].plan)
    s.lock.holder = Ite(holds_lock(s, deployer), NOBODY, s.lock.holder)
    s.work[deployer].phase = Phase.APPLIED


@action(inline=False)
def deployer_gc(c: Context[Zone], deployer: Annotated[Expr, str]):
    """A deployer that has applied a plan removes those much older; with SPARING, not what is pointed at."""
    s = c.state
    c.assume(s.work[deployer].phase == Phase.APPLIED)
    spared = Ite(s.SPARING, Set(s.root, s.rollback), Set(int))
    next_plan = s.work[deployer].plan
    old = s.plans.filter(lambda plan: next_plan > plan + s.MAX_PLAN_AGE) - spared
    c.assume(~old.is_empty)
    s.plans -= old


@action
def deployer_step(c: Context[Zone], deployer: Annotated[Expr, str]):
    """One write of a deployer's."""
    s = c.state
    locks, applies, cleans = c.alternatives("lock", "apply", "clean up")
    with locks:
        with c.one_of(Interval(s.lock.epoch + 1, s.newest), "plan") as plan:
            deployer_lock(c, deployer, plan)
    with applies:
        deployer_apply(c, deployer)
    with cleans:
        deployer_gc(c, deployer)


@action
def step(c: Context[Zone]):
    """One write of the planner's or of a deployer's."""
    planner, deployers = c.alternatives("planner", "deployers")
    with planner:
        planner_publish(c)
    with deployers:
        with c.one_of(c.state.DEPLOYERS, "deployer") as deployer:
            deployer_step(c, deployer)


@invariant
def no_inconsistent_root(s: Zone):
    """Root must always point to an existing plan."""
    return s.plans.contains(s.root)


@invariant
def rollback_is_kept(s: Zone):
    """Where clean-up spares what is pointed at, there is always a plan to roll back to."""
    return Implies(s.SPARING, s.plans.contains(s.rollback))


@invariant
def root_never_goes_back(s: Zone):
    """Where writes are fenced, the live plan is at least as new as any plan a deployer has just applied."""
    return Implies(
        s.FENCED,
        Forall(Implies(s.work[d].phase == Phase.APPLIED, s.work[d].plan <= s.root) for d in s.DEPLOYERS),
    )


@example
def a_plan_is_published(s: Zone):
    """`planner_publish` happens."""
    return s.newest > 0


@example
def a_lock_is_taken_over(s: Zone):
    """`deployer_lock` happens while another deployer thinks that it holds the lock."""
    return Exists((s.work[d].phase == Phase.LOCKED) & (s.lock.holder != d) for d in s.DEPLOYERS)


@example
def a_newer_plan_goes_live(s: Zone):
    """`deployer_apply` happens."""
    return s.root > 0


@example
def gc_fires(s: Zone):
    """`deployer_gc` happens: the first plan is gone."""
    return ~s.plans.contains(0)


def zone(**different: object) -> Zone:
    """Two deployers, three newer plans, and both remedies; but for what is different."""
    usual = {
        "LAST_PLAN": 3,
        "DEPLOYERS": {"deployer-a", "deployer-b"},
        "MAX_PLAN_AGE": 1,
        "FENCED": True,
        "SPARING": True,
    }
    return Zone(**{**usual, **different})


@instance
def race() -> Zone:
    """The design as it was: a lock that can be lost, and no look back at the write."""
    return zone(FENCED=False, SPARING=False)


@instance
def repaired() -> Zone:
    """Both remedies, four newer plans."""
    return zone(LAST_PLAN=4)


@instance
def live() -> Zone:
    """What the running controller is held to: three deployers, and plans without end."""
    return zone(LAST_PLAN=1_000_000_000, DEPLOYERS={"deployer-a", "deployer-b", "deployer-c"}, MAX_PLAN_AGE=2)
