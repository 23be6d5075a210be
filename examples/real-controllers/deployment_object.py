"""A Deployment as one can see it: what may happen to the object itself from one write of it to the next.

`specs/deployment_rollout.py` says how a rollout works, with the ReplicaSets and pods behind it. To hold a real
Deployment to a spec step by step, less is better: every variable here is read from the object, nothing is hidden, and
each observation is an anchor of its own. Two write the object: users its spec, the controller its status and its
revision.

What can go wrong: a status that claims what is not so, or is about a spec that was never written; a status that goes
back to an older spec; a revision that goes back; a user's write that also changes the status.

What the spec assumes.
- The API server raises the generation by one with every change of the spec, and only then.
- A write of the status is about one generation, not older than the one before. It may be *older than the newest*: then
  only what is true of any status can be claimed.
- `maxUnavailable` is a number, MAX_UNAVAILABLE, or a percentage of the desired number, rounded down; the other is 0.
- Numbers of pods are at most LIMIT, which is to leave room for the surge and for pods on their way out.
- The revision is written by the controller to the object's metadata, apart from the status, and only counts up.

What was learned of the real controller is in docs/real-controllers.md.

Variables and the object: `generation` metadata.generation, `desired` spec.replicas, `paused` spec.paused, `revision`
the annotation deployment.kubernetes.io/revision (0 without), and of the status `observed_generation`, `total`
replicas, `updated` updatedReplicas, `ready` readyReplicas, `available` availableReplicas (absent is 0),
`says_available` the condition.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Implies,
    Interval,
    Ite,
    MachineStateBase,
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
class DeploymentObject(MachineStateBase):
    """One Deployment. CHANGES is how many changes of the spec are explored."""

    LIMIT: Param[int]
    MAX_UNAVAILABLE: Param[int]
    PERCENT_UNAVAILABLE: Param[int]
    CHANGES: Param[int]
    generation: StateVar[int]
    desired: StateVar[int]
    paused: StateVar[bool]
    revision: StateVar[int]
    observed_generation: StateVar[int]
    total: StateVar[int]
    updated: StateVar[int]
    ready: StateVar[int]
    available: StateVar[int]
    says_available: StateVar[bool]


@action(init=True)
def init(c: Context[DeploymentObject]):
    """It has just been created; nobody has looked at it."""
    s = c.state
    s.generation = 1
    s.paused = False
    s.revision = 0
    s.observed_generation = 0
    s.total = 0
    s.updated = 0
    s.ready = 0
    s.available = 0
    s.says_available = False
    with c.one_of(Interval(0, s.LIMIT), "desired") as desired:
        s.desired = desired


@expr
def min_available(s: DeploymentObject):
    """How many pods must be available for the condition Available."""
    unavailable = s.MAX_UNAVAILABLE + s.desired * s.PERCENT_UNAVAILABLE // 100
    return Ite(s.desired > unavailable, s.desired - unavailable, 0)


@action(inline=False)
def user_changes(c: Context[DeploymentObject], desired: Annotated[Expr, int], paused: Annotated[Expr, bool]):
    """A user changes the template, the number of pods, or pauses or resumes the rollout."""
    s = c.state
    c.assume(s.generation <= s.CHANGES)
    s.generation += 1
    s.desired = desired
    s.paused = paused


@action(inline=False)
def controller_numbers(c: Context[DeploymentObject]):
    """The controller notes that there is another template, or one from before again: its revision is the highest."""
    s = c.state
    c.assume(s.revision <= s.generation)
    s.revision += 1


@action(inline=False)
def controller_writes_status(
    c: Context[DeploymentObject],
    observed: Annotated[Expr, int],
    total: Annotated[Expr, int],
    updated: Annotated[Expr, int],
    ready: Annotated[Expr, int],
    available: Annotated[Expr, int],
):
    """The controller writes what it has counted."""
    s = c.state
    c.assume((observed >= s.observed_generation) & (observed <= s.generation) & (observed > 0))
    c.assume((updated <= total) & (ready <= total) & (available <= ready))
    s.observed_generation = observed
    s.total = total
    s.updated = updated
    s.ready = ready
    s.available = available
    about_today = observed == s.generation
    with c.one_of(Ite(about_today, Set(available >= min_available(s)), Set(True, False)), "says") as says:
        s.says_available = says


@action
def step(c: Context[DeploymentObject]):
    """A write of the object."""
    s = c.state
    user, numbers, status = c.alternatives("user", "revision", "status")
    with user:
        with c.one_of(Interval(0, s.LIMIT), "desired") as desired, c.one_of(Set(True, False), "paused") as paused:
            user_changes(c, desired, paused)
    with numbers:
        controller_numbers(c)
    with status:
        with (
            c.one_of(Interval(s.observed_generation, s.generation), "observed") as observed,
            c.one_of(Interval(0, s.LIMIT), "total") as total,
            c.one_of(Interval(0, total), "updated") as updated,
            c.one_of(Interval(0, total), "ready") as ready,
            c.one_of(Interval(0, ready), "available") as available,
        ):
            controller_writes_status(c, observed, total, updated, ready, available)


@invariant
def status_adds_up(s: DeploymentObject):
    """Of all pods some are updated, some ready, and of those some available."""
    return (s.updated <= s.total) & (s.ready <= s.total) & (s.available <= s.ready) & (s.available >= 0)


@invariant
def status_is_not_from_the_future(s: DeploymentObject):
    """The status is about a spec that has been written."""
    return s.observed_generation <= s.generation


@invariant
def available_condition_is_honest(s: DeploymentObject):
    """The condition Available is True exactly if enough pods are. True once the status is of today."""
    return Implies(s.observed_generation == s.generation, s.says_available == (s.available >= min_available(s)))


@example
def a_spec_is_changed(s: DeploymentObject):
    """`user_changes` happens."""
    return s.generation > 1


@example
def a_revision_is_noted(s: DeploymentObject):
    """`controller_numbers` happens."""
    return s.revision > 0


@example
def a_status_is_written(s: DeploymentObject):
    """`controller_writes_status` happens."""
    return s.observed_generation > 0


@instance
def small() -> DeploymentObject:
    """Up to two pods, one change."""
    return DeploymentObject(LIMIT=2, MAX_UNAVAILABLE=0, PERCENT_UNAVAILABLE=50, CHANGES=1)
