"""A DNS load balancer's control plane: who may change the zone, and what becomes of old plans?

A service's name is an alias, the root record, which points at a plan: a set of records that spreads
traffic over load balancers. A planner publishes a new plan whenever capacity changes. Several
deployers, in different places and knowing nothing of each other, carry plans into the zone, so that
one of them may fail. Each looks for the newest plan, checks that it is newer than the live one, takes
the zone's lock, writes the plan's records and turns the root to them; the plan that was live before
becomes the rollback record. Then it cleans up: plans much older than the one it has just applied go.

What can go wrong. A deployer that is slow between its check and its write acts on a stale view: it puts an
old plan over a newer one. Nobody notices, all is consistent still. Then the deployer that had applied
the newer plan cleans up, and to it the live plan is an old one. The root points at nothing, the
service's name resolves to nothing. The lock does not help where only its taking is checked: a lock
that a dead deployer must not keep for ever can be taken over, and the slow one is not told.

Two remedies, each a parameter. FENCED: the write itself, as one transaction, is conditional on the lock
still being held for this plan. SPARING: clean-up leaves alone what root or rollback points at.

What the spec assumes: changes to the zone are transactions; published plans stay readable; plans are
numbered in the order of publication; a held lock can be taken over at any time, by a newer plan only
(so the waiting that a real deployer does first is not relied on); a deployer may restart at any time before
it writes and forgets its plan then.

Sources: the outage of Amazon DynamoDB in us-east-1 on 19 and 20 October 2025 and what AWS published
about it ("Summary of the Amazon DynamoDB Service Disruption in the Northern Virginia (US-EAST-1)
Region"). `deployer_gc` and `no_inconsistent_root` stand as they were first written down, to the letter; the
model around them was written for them. It is a design much like the one described, not a description of it.
"""

from enum import Enum
from typing import Annotated

from zones import (
    CNAME,
    NOBODY,
    ROLLBACK,
    ZONE,
    LockRecord,
    PlannerUpdate,
    ZoneRecord,
    alias,
    plan_exists,
    plan_update,
    pointed_to,
    target_of,
)

from speccheck import (
    UPSERT,
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
    SetIf,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    state,
)


class Phase(Enum):
    """What a deployer is about."""

    IDLE = "idle"
    PICKED = "picked"
    LOCKED = "locked"
    APPLIED = "applied"


@state
class DnsBalancerState(MachineStateBase):
    """The planner's publications, the zone with its lock, and each deployer's view of them.

    PLAN_NAMES are the plans' names in the order of publication; the first is live from the start.
    MAX_PLAN_AGE is how many plans behind the one just applied a plan may be before it is cleaned up.
    """

    PLAN_NAMES: Param[list[str]]
    DEPLOYERS: Param[set[str]]
    MAX_PLAN_AGE: Param[int]
    FENCED: Param[bool]
    SPARING: Param[bool]
    planner_updates: StateVar[dict[int, PlannerUpdate], UPSERT]
    zone_records: StateVar[set[ZoneRecord]]
    zone_lock: StateVar[LockRecord]
    deployer_phase: StateVar[dict[str, Phase]]
    deployer_next_plan: StateVar[dict[str, int]]


@expr
def newest_plan(s: DnsBalancerState):
    """The number of the plan published last."""
    return s.planner_updates.size - 1


@expr
def live_plan(s: DnsBalancerState):
    """The number of the plan that the root points at."""
    root = target_of(s.zone_records, ZONE)
    return s.planner_updates.keys.choose(lambda i: s.planner_updates[i].name == root)


@expr
def holds_lock(s: DnsBalancerState, deployer: Annotated[Expr, str]):
    """Whether the lock is still held by this deployer for the plan that it is about to write."""
    return s.zone_lock == LockRecord(holder=deployer, epoch=s.deployer_next_plan[deployer])


@expr
def is_spared(s: DnsBalancerState, deployer: Annotated[Expr, str]):
    """Whether no plan that this deployer takes for old is pointed at by root or rollback."""
    next_plan = s.deployer_next_plan[deployer]
    pointed_at = Set(target_of(s.zone_records, ZONE), target_of(s.zone_records, ROLLBACK))
    return Forall(
        Implies(next_plan > i + s.MAX_PLAN_AGE, ~pointed_at.contains(s.planner_updates[i].name))
        for i in s.planner_updates.keys
    )


@action(init=True)
def init(c: Context[DnsBalancerState]):
    """The first plan is live, root and rollback point at it, nobody does anything."""
    s = c.state
    first = s.PLAN_NAMES[0]
    s.planner_updates = Map((0, plan_update(first)))
    s.zone_records = plan_update(first).creates | Set(alias(ZONE, first), alias(ROLLBACK, first))
    s.zone_lock = LockRecord(holder=NOBODY, epoch=0)
    s.deployer_phase = Map(Phase.IDLE for _ in s.DEPLOYERS)
    s.deployer_next_plan = Map(0 for _ in s.DEPLOYERS)


@action(inline=False)
def planner_publish(c: Context[DnsBalancerState]):
    """Planner publishes the next plan."""
    s = c.state
    index = s.planner_updates.size
    c.assume(index < s.PLAN_NAMES.size)
    s.planner_updates[index] = plan_update(s.PLAN_NAMES[index])


@action(inline=False)
def deployer_pick(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer picks the newest plan and checks that it is newer than the live one: true now, perhaps not later."""
    s = c.state
    c.assume((s.deployer_phase[deployer] == Phase.IDLE) | (s.deployer_phase[deployer] == Phase.APPLIED))
    c.assume((newest_plan(s) > s.deployer_next_plan[deployer]) & (newest_plan(s) > live_plan(s)))
    s.deployer_next_plan[deployer] = newest_plan(s)
    s.deployer_phase[deployer] = Phase.PICKED


@action(inline=False)
def deployer_lock(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer takes the zone's lock, or takes it over from a deployer of an older plan."""
    s = c.state
    c.assume(s.deployer_phase[deployer] == Phase.PICKED)
    c.assume(s.deployer_next_plan[deployer] > s.zone_lock.epoch)
    s.zone_lock = LockRecord(holder=deployer, epoch=s.deployer_next_plan[deployer])
    s.deployer_phase[deployer] = Phase.LOCKED


@action(inline=False)
def deployer_apply(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer writes its plan, turns the root to it, keeps the old root as rollback, and lets go of the lock."""
    s = c.state
    c.assume(s.deployer_phase[deployer] == Phase.LOCKED)
    c.assume(Implies(s.FENCED, holds_lock(s, deployer)))
    plan = s.planner_updates[s.deployer_next_plan[deployer]]
    with_rollback = pointed_to(s.zone_records, ROLLBACK, target_of(s.zone_records, ZONE))
    s.zone_records = pointed_to(with_rollback, ZONE, plan.name) | plan.creates
    s.zone_lock.holder = Ite(holds_lock(s, deployer), NOBODY, s.zone_lock.holder)
    s.deployer_phase[deployer] = Phase.APPLIED


@action(inline=False)
def deployer_abandon(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer gives its plan up, because the lock has been taken for one that is not older."""
    s = c.state
    too_late = (s.deployer_phase[deployer] == Phase.PICKED) & (s.deployer_next_plan[deployer] <= s.zone_lock.epoch)
    fenced_out = (s.deployer_phase[deployer] == Phase.LOCKED) & s.FENCED & ~holds_lock(s, deployer)
    c.assume(too_late | fenced_out)
    s.deployer_phase[deployer] = Phase.IDLE


@action(inline=False)
def deployer_restart(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer dies before it has written, and starts afresh; a lock that it held stays held."""
    s = c.state
    c.assume((s.deployer_phase[deployer] == Phase.PICKED) | (s.deployer_phase[deployer] == Phase.LOCKED))
    s.deployer_phase[deployer] = Phase.IDLE
    s.deployer_next_plan[deployer] = 0


# fmt: off
@action(inline=False)
def deployer_gc(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Deployer cleans up old plans."""
    s = c.state
    next_plan = s.deployer_next_plan[deployer]
    old_indices = s.planner_updates.keys.filter(
        lambda i: next_plan > i + s.MAX_PLAN_AGE
    )
    old_plan_entries = Set(
        s.planner_updates[i].creates for i in old_indices
    ).flattened

    # avoid unrealistic no-op cleanups
    c.assume(~(old_plan_entries & s.zone_records).is_empty)

    # implementation may do this in a loop;
    # the spec models the abstract effect
    s.zone_records -= old_plan_entries
# fmt: on


@action
def deployer_clean_up(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """A deployer collects garbage after it has applied a plan; with SPARING, only what nothing points at."""
    s = c.state
    c.assume(s.deployer_phase[deployer] == Phase.APPLIED)
    c.assume(Implies(s.SPARING, is_spared(s, deployer)))
    deployer_gc(c, deployer)


@action
def deployer_step(c: Context[DnsBalancerState], deployer: Annotated[Expr, str]):
    """Something that one deployer does."""
    pick, lock, apply, abandon, restart, clean_up = c.alternatives(
        "pick", "lock", "apply", "abandon", "restart", "clean up"
    )
    with pick:
        deployer_pick(c, deployer)
    with lock:
        deployer_lock(c, deployer)
    with apply:
        deployer_apply(c, deployer)
    with abandon:
        deployer_abandon(c, deployer)
    with restart:
        deployer_restart(c, deployer)
    with clean_up:
        deployer_clean_up(c, deployer)


@action
def step(c: Context[DnsBalancerState]):
    """One step of the planner or of a deployer."""
    planner, deployers = c.alternatives("planner", "deployers")
    with planner:
        planner_publish(c)
    with deployers, c.one_of(c.state.DEPLOYERS, "deployer") as deployer:
        deployer_step(c, deployer)


# fmt: off
@invariant
def no_inconsistent_root(s: DnsBalancerState):
    """Root must always point to an existing plan."""
    cnames = SetIf(r.kind == CNAME for r in s.zone_records)
    plans = Set(r.value[0] for r in SetIf(r2.name == ZONE for r2 in cnames))
    return ~((plans & Set(r.name for r in cnames)).is_empty) & (plans.size == 1)
# fmt: on


@invariant
def rollback_is_kept(s: DnsBalancerState):
    """Where clean-up spares what is pointed at, there is always a plan to roll back to."""
    return Implies(s.SPARING, plan_exists(s.zone_records, target_of(s.zone_records, ROLLBACK)))


@invariant
def root_never_goes_back(s: DnsBalancerState):
    """Where writes are fenced, the live plan is at least as new as any plan a deployer has just applied."""
    return Implies(
        s.FENCED,
        Forall(
            Implies(s.deployer_phase[d] == Phase.APPLIED, s.deployer_next_plan[d] <= live_plan(s)) for d in s.DEPLOYERS
        ),
    )


@example
def a_plan_is_published(s: DnsBalancerState):
    """`planner_publish` happens."""
    return newest_plan(s) > 0


@example
def a_plan_is_picked(s: DnsBalancerState):
    """`deployer_pick` happens."""
    return Exists(s.deployer_phase[d] == Phase.PICKED for d in s.DEPLOYERS)


@example
def a_lock_is_taken_over(s: DnsBalancerState):
    """`deployer_lock` happens while another deployer thinks that it holds the lock."""
    return Exists((s.deployer_phase[d] == Phase.LOCKED) & (s.zone_lock.holder != d) for d in s.DEPLOYERS)


@example
def a_newer_plan_goes_live(s: DnsBalancerState):
    """`deployer_apply` happens."""
    return live_plan(s) > 0


@example
def a_plan_is_abandoned(s: DnsBalancerState):
    """`deployer_abandon` happens: a deployer is idle and remembers a plan."""
    return Exists((s.deployer_phase[d] == Phase.IDLE) & (s.deployer_next_plan[d] > 0) for d in s.DEPLOYERS)


@example
def a_lock_is_orphaned(s: DnsBalancerState):
    """`deployer_restart` happens: an idle deployer holds the lock."""
    return Exists((s.deployer_phase[d] == Phase.IDLE) & (s.zone_lock.holder == d) for d in s.DEPLOYERS)


@example
def gc_fires(s: DnsBalancerState):
    """`deployer_gc` happens: the first plan is gone. (Trivial where no plan can grow old enough.)"""
    never_old = s.PLAN_NAMES.size - 1 <= s.MAX_PLAN_AGE
    return never_old | ~plan_exists(s.zone_records, s.PLAN_NAMES[0])


def plan_names(count: int) -> list[str]:
    """The first plan's name and those of so many newer ones."""
    return [f"plan-{number}.api.example.com" for number in range(count + 1)]


def deployers(count: int) -> set[str]:
    """The names of so many deployers."""
    return {f"deployer-{letter}" for letter in "abc"[:count]}


@instance
def race() -> DnsBalancerState:
    """The design as it was: a check before, a lock that can be lost, and no look back at the write."""
    return DnsBalancerState(
        PLAN_NAMES=plan_names(3), DEPLOYERS=deployers(2), MAX_PLAN_AGE=1, FENCED=False, SPARING=False
    )


@instance
def young() -> DnsBalancerState:
    """The same design where no plan grows old enough to be cleaned up: what tests on a quiet day see."""
    return DnsBalancerState(
        PLAN_NAMES=plan_names(3), DEPLOYERS=deployers(2), MAX_PLAN_AGE=3, FENCED=False, SPARING=False
    )


@instance
def fenced() -> DnsBalancerState:
    """Only the first remedy: the root stays whole, but the plan to roll back to may be cleaned up."""
    return DnsBalancerState(
        PLAN_NAMES=plan_names(3), DEPLOYERS=deployers(2), MAX_PLAN_AGE=1, FENCED=True, SPARING=False
    )


@instance
def repaired() -> DnsBalancerState:
    """Both remedies, two deployers, four newer plans."""
    return DnsBalancerState(PLAN_NAMES=plan_names(4), DEPLOYERS=deployers(2), MAX_PLAN_AGE=1, FENCED=True, SPARING=True)


@instance
def repaired_three_deployers() -> DnsBalancerState:
    """Both remedies, three deployers, three newer plans."""
    return DnsBalancerState(PLAN_NAMES=plan_names(3), DEPLOYERS=deployers(3), MAX_PLAN_AGE=1, FENCED=True, SPARING=True)
