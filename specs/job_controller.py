"""The Job controller: is every pod that ended counted exactly once?

A Job wants some completions. Its controller creates pods, a few at a time, counts those that succeed and those that
fail, and is done when enough have succeeded, or too many have failed. Pods that have ended may be removed by others
at any moment; the count must survive that, and restarts of the controller. So each pod carries a *finalizer*, which
keeps it from being removed. The controller first notes the ended pods in the Job's status as uncounted, then takes
their finalizers away, and only then adds them to the totals and forgets them.

What can go wrong. With the totals raised first, a controller that restarts before the finalizer is gone sees the pod
again and counts it twice. With the finalizer gone first, the pod may be removed before it was counted, and the work
is done again. A controller that does not look at what is still running creates more pods than may run at once.

What the spec assumes: a status update is one transaction; the controller reads what it writes (see informer.py for
what happens if it does not); pods are numbered, and a number is used once; every write may be the last before a
restart, which loses nothing, since all state is in the API server.

Sources: Kubernetes enhancement 2307, "Job tracking without lingering Pods", and the Job controller's documentation.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Field,
    Forall,
    Implies,
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
    record,
    state,
)


class Phase(Enum):
    """How far a pod has come."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Condition(Enum):
    """What the Job's status says."""

    ACTIVE = "active"
    COMPLETE = "Complete"
    FAILED = "Failed"


@record
class Pod:
    """A pod, and whether it still carries the Job's finalizer."""

    phase: Field[Phase]
    finalizer: Field[bool]


@state
class Job(MachineStateBase):
    """The pods there are; of the status, `uncounted` and the totals.

    `really`: how many pods ever succeeded, which nobody sees.
    """

    COMPLETIONS: Param[int]
    PARALLELISM: Param[int]
    BACKOFF_LIMIT: Param[int]
    PODS: Param[int]
    pods: StateVar[dict[int, Pod]]
    created: StateVar[int]
    uncounted: StateVar[set[int]]
    uncounted_failed: StateVar[set[int]]
    succeeded: StateVar[int]
    failed: StateVar[int]
    condition: StateVar[Condition]
    really: StateVar[int]


@action(init=True)
def init(c: Context[Job]):
    """The Job has just been created."""
    s = c.state
    s.pods = Map(int, Pod)
    s.created = 0
    s.uncounted = Set(int)
    s.uncounted_failed = Set(int)
    s.succeeded = 0
    s.failed = 0
    s.condition = Condition.ACTIVE
    s.really = 0


@expr
def in_phase(s: Job, phase: Annotated[Expr, Phase]):
    """The pods in a phase."""
    return SetIf(s.pods[pod].phase == phase for pod in s.pods.keys)


@expr
def tracked(s: Job, phase: Annotated[Expr, Phase]):
    """The pods in a phase that carry the finalizer still, and are not noted in the status."""
    noted = s.uncounted | s.uncounted_failed
    return SetIf(s.pods[pod].finalizer & ~noted.contains(pod) for pod in in_phase(s, phase))


@action(inline=False)
def creates(c: Context[Job]):
    """The controller creates a pod: fewer run than may, and fewer have succeeded or run than are wanted."""
    s = c.state
    active = in_phase(s, Phase.RUNNING).size
    done = s.succeeded + s.uncounted.size + tracked(s, Phase.SUCCEEDED).size
    c.assume((s.condition == Condition.ACTIVE) & (s.created < s.PODS))
    c.assume((active < s.PARALLELISM) & (active + done < s.COMPLETIONS))
    c.assume(s.failed + s.uncounted_failed.size + tracked(s, Phase.FAILED).size <= s.BACKOFF_LIMIT)
    s.created += 1
    s.pods = s.pods.insert(s.created, Pod(phase=Phase.RUNNING, finalizer=True))


@action(inline=False)
def pod_succeeds(c: Context[Job], pod: Annotated[Expr, int]):
    """A pod's containers end well."""
    s = c.state
    c.assume(s.pods[pod].phase == Phase.RUNNING)
    s.pods[pod].phase = Phase.SUCCEEDED
    s.really += 1


@action(inline=False)
def pod_fails(c: Context[Job], pod: Annotated[Expr, int]):
    """A pod's containers fail, or its node does."""
    s = c.state
    c.assume(s.pods[pod].phase == Phase.RUNNING)
    s.pods[pod].phase = Phase.FAILED


@action(inline=False)
def notes(c: Context[Job], pod: Annotated[Expr, int]):
    """The controller notes a pod that ended as uncounted, in the Job's status."""
    s = c.state
    c.assume(s.pods[pod].finalizer & ~(s.uncounted | s.uncounted_failed).contains(pod))
    c.assume(s.pods[pod].phase != Phase.RUNNING)
    well, badly = c.split(s.pods[pod].phase == Phase.SUCCEEDED)
    with well:
        s.uncounted |= Set(pod)
    with badly:
        s.uncounted_failed |= Set(pod)


@action(inline=False)
def lets_go(c: Context[Job], pod: Annotated[Expr, int]):
    """The controller takes the finalizer off a pod that it has noted."""
    s = c.state
    c.assume(s.pods[pod].finalizer & (s.uncounted | s.uncounted_failed).contains(pod))
    s.pods[pod].finalizer = False


@action(inline=False)
def counts(c: Context[Job], pod: Annotated[Expr, int]):
    """The controller adds a noted pod, whose finalizer is gone, to the totals, and forgets it: one status update."""
    s = c.state
    c.assume((s.uncounted | s.uncounted_failed).contains(pod))
    c.assume(~s.pods.keys.contains(pod) | ~s.pods[pod].finalizer)
    well, badly = c.split(s.uncounted.contains(pod))
    with well:
        s.succeeded += 1
        s.uncounted -= Set(pod)
    with badly:
        s.failed += 1
        s.uncounted_failed -= Set(pod)


@action(inline=False)
def is_removed(c: Context[Job], pod: Annotated[Expr, int]):
    """Somebody (a user, the collector of garbage) removes a pod that has ended and carries no finalizer."""
    s = c.state
    c.assume(~s.pods[pod].finalizer & (s.pods[pod].phase != Phase.RUNNING))
    s.pods = Map(s.pods[other] for other in s.pods.keys - Set(pod))


@action(inline=False)
def finishes(c: Context[Job]):
    """The controller declares the Job complete, or failed."""
    s = c.state
    c.assume(s.condition == Condition.ACTIVE)
    enough, too_few = c.split(s.succeeded >= s.COMPLETIONS)
    with enough:
        s.condition = Condition.COMPLETE
    with too_few:
        c.assume(s.failed > s.BACKOFF_LIMIT)
        s.condition = Condition.FAILED


@action
def step(c: Context[Job]):
    """The controller, or a pod, or whoever removes pods, does one thing."""
    s = c.state
    controller, pods, count = c.alternatives("controller", "pods", "count")
    with controller:
        create, finish = c.alternatives("create", "finish")
        with create:
            creates(c)
        with finish:
            finishes(c)
    with pods:
        with c.one_of(s.pods.keys, "pod") as pod:
            succeed, fail, note, release, remove = c.alternatives("succeed", "fail", "note", "release", "remove")
            with succeed:
                pod_succeeds(c, pod)
            with fail:
                pod_fails(c, pod)
            with note:
                notes(c, pod)
            with release:
                lets_go(c, pod)
            with remove:
                is_removed(c, pod)
    with count:
        with c.one_of(s.uncounted | s.uncounted_failed, "pod") as noted:
            counts(c, noted)


@invariant
def counted_once(s: Job):
    """What succeeded is counted, or noted, or still to be seen: once each."""
    return s.really == s.succeeded + s.uncounted.size + tracked(s, Phase.SUCCEEDED).size


@invariant
def not_too_many_at_once(s: Job):
    """No more pods run than may."""
    return in_phase(s, Phase.RUNNING).size <= s.PARALLELISM


@invariant
def complete_means_done(s: Job):
    """A Job is complete only if enough pods really succeeded."""
    return Implies(s.condition == Condition.COMPLETE, s.really >= s.COMPLETIONS)


@invariant
def no_work_too_much(s: Job):
    """No more pods succeed than were wanted."""
    return s.really <= s.COMPLETIONS


@invariant
def noted_pods_are_known(s: Job):
    """Only pods that were created are noted, and each in one place."""
    return (s.uncounted & s.uncounted_failed).is_empty & Forall(
        pod <= s.created for pod in s.uncounted | s.uncounted_failed
    )


@example
def completes(s: Job):
    """`creates` happens, `pod_succeeds` happens, `notes` happens, `lets_go` happens, `counts` happens.

    At the end `finishes` happens.
    """
    return s.condition == Condition.COMPLETE


@example
def fails(s: Job):
    """`pod_fails` happens too often: the Job has failed."""
    return s.condition == Condition.FAILED


@example
def removed_before_it_is_counted(s: Job):
    """`is_removed` happens to a pod that is noted and not yet counted: the count survives."""
    return ~(s.uncounted <= s.pods.keys)


@instance
def pair() -> Job:
    """Two completions, both at once, one failure allowed."""
    return Job(COMPLETIONS=2, PARALLELISM=2, BACKOFF_LIMIT=1, PODS=4)


@instance
def one_at_a_time() -> Job:
    """Two completions, one after the other."""
    return Job(COMPLETIONS=2, PARALLELISM=1, BACKOFF_LIMIT=0, PODS=3)
