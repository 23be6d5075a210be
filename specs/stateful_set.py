"""A StatefulSet's pods: is there ever more than one with the same identity?

Each pod of a StatefulSet has an ordinal, and with it a name, a volume, a place among its peers. Pods are created in
order, each only when all before it are ready, and deleted in the reverse order, each only when all after it are gone.
A pod that is missing is created again under the same ordinal, but only when the old one is surely gone: a database
must not run twice on one volume.

What can go wrong. A node stops answering. Its pod may be dead, or may go on where nobody sees it. The pod stays, as
Terminating, until the node confirms that its containers have ended; the set waits with that ordinal. Whoever deletes
the pod by force tells the API server that it is gone, without anybody having looked. Then the set creates a second
one beside the first.

What the spec assumes: the order is OrderedReady (the default); a node that comes back ends what it should not be
running; the number of replicas is changed by a user at any time, between 0 and MAX_REPLICAS, CHANGES times.

Sources: the Kubernetes documentation, "StatefulSets" (deployment and scaling guarantees) and "Force Delete
StatefulSet Pods".
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
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
    state,
)


class Phase(Enum):
    """What the API server says of a pod."""

    PENDING = "Pending"
    READY = "Ready"
    TERMINATING = "Terminating"


@state
class StatefulSet(MachineStateBase):
    """`replicas` is asked for. `pods`: what the API server has, by ordinal. `running`: how many processes really are.

    `lost`: ordinals whose node does not answer.
    """

    MAX_REPLICAS: Param[int]
    CHANGES: Param[int]
    FAILURES: Param[int]
    FORCE: Param[bool]
    replicas: StateVar[int]
    pods: StateVar[dict[int, Phase]]
    running: StateVar[dict[int, int]]
    lost: StateVar[set[int]]
    changes: StateVar[int]
    failures: StateVar[int]


@action(init=True)
def init(c: Context[StatefulSet]):
    """All replicas are there and ready."""
    s = c.state
    s.replicas = s.MAX_REPLICAS
    s.pods = Map(Phase.READY for _ in Interval(0, s.MAX_REPLICAS - 1))
    s.running = Map(1 for _ in Interval(0, s.MAX_REPLICAS - 1))
    s.lost = Set(int)
    s.changes = 0
    s.failures = 0


@expr
def is_ready(s: StatefulSet, ordinal: Annotated[Expr, int]):
    """Whether there is a pod with the ordinal, and it is ready as far as the API server knows."""
    return s.pods.keys.contains(ordinal) & (s.pods[ordinal] == Phase.READY)


@expr
def without(s: StatefulSet, ordinal: Annotated[Expr, int]):
    """The pods without one."""
    return Map(s.pods[other] for other in s.pods.keys - Set(ordinal))


@action(inline=False)
def user_scales(c: Context[StatefulSet], replicas: Annotated[Expr, int]):
    """A user asks for another number of replicas."""
    s = c.state
    c.assume((s.changes < s.CHANGES) & (s.replicas != replicas))
    s.replicas = replicas
    s.changes += 1


@action(inline=False)
def creates(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """The controller creates the pod with an ordinal: it is wanted and missing, and all before it are ready."""
    s = c.state
    c.assume((ordinal < s.replicas) & ~s.pods.keys.contains(ordinal))
    c.assume(Forall(is_ready(s, before) for before in Interval(0, ordinal - 1)))
    s.pods = s.pods.insert(ordinal, Phase.PENDING)


@action(inline=False)
def starts(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """A kubelet starts the pod's process, which is ready soon."""
    s = c.state
    c.assume(s.pods.keys.contains(ordinal) & ~s.lost.contains(ordinal))
    c.assume(s.pods[ordinal] == Phase.PENDING)
    s.pods[ordinal] = Phase.READY
    s.running[ordinal] += 1


@action(inline=False)
def deletes(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """The controller deletes the last pod that is too many; those before it are ready."""
    s = c.state
    c.assume((ordinal >= s.replicas) & is_ready(s, ordinal))
    c.assume(Forall(other <= ordinal for other in s.pods.keys))
    c.assume(Forall(is_ready(s, before) for before in Interval(0, ordinal - 1)))
    s.pods[ordinal] = Phase.TERMINATING


@action(inline=False)
def process_ends(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """The node ends the process of a terminating pod and says so: the pod is gone."""
    s = c.state
    c.assume(s.pods.keys.contains(ordinal) & ~s.lost.contains(ordinal))
    c.assume((s.pods[ordinal] == Phase.TERMINATING) & (s.running[ordinal] > 0))
    s.running[ordinal] -= 1
    s.pods = without(s, ordinal)


@action(inline=False)
def node_is_lost(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """A pod's node stops answering, and the pod is marked for deletion; its process may go on."""
    s = c.state
    c.assume((s.failures < s.FAILURES) & is_ready(s, ordinal))
    s.failures += 1
    s.lost |= Set(ordinal)
    s.pods[ordinal] = Phase.TERMINATING


@action(inline=False)
def node_comes_back(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """The node answers again, ends what it should not be running any more, and says so."""
    s = c.state
    c.assume(s.lost.contains(ordinal))
    s.lost -= Set(ordinal)
    s.running[ordinal] -= 1
    old, new = c.split(s.pods.keys.contains(ordinal) & (s.pods.size > 0))
    with old:
        is_old, is_new = c.split(s.pods[ordinal] == Phase.TERMINATING)
        with is_old:
            s.pods = without(s, ordinal)
        with is_new:
            pass
    with new:
        pass


@action(inline=False)
def user_forces_deletion(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """A user deletes the pod of a lost node by force: nobody has looked whether its process has ended."""
    s = c.state
    c.assume(s.FORCE & s.lost.contains(ordinal) & s.pods.keys.contains(ordinal))
    c.assume(s.pods[ordinal] == Phase.TERMINATING)
    s.pods = without(s, ordinal)


@action(inline=False)
def starts_elsewhere(c: Context[StatefulSet], ordinal: Annotated[Expr, int]):
    """A kubelet on another node starts the pod that was created in place of a lost one."""
    s = c.state
    c.assume(s.lost.contains(ordinal) & s.pods.keys.contains(ordinal))
    c.assume(s.pods[ordinal] == Phase.PENDING)
    s.pods[ordinal] = Phase.READY
    s.running[ordinal] += 1


@action
def step(c: Context[StatefulSet]):
    """The user, the controller or a node does one thing."""
    s = c.state
    user, controller, node = c.alternatives("user", "controller", "node")
    with user:
        with c.one_of(Interval(0, s.MAX_REPLICAS), "replicas") as replicas:
            user_scales(c, replicas)
    with controller:
        with c.one_of(Interval(0, s.MAX_REPLICAS - 1), "ordinal") as ordinal:
            create, delete = c.alternatives("create", "delete")
            with create:
                creates(c, ordinal)
            with delete:
                deletes(c, ordinal)
    with node:
        with c.one_of(Interval(0, s.MAX_REPLICAS - 1), "ordinal") as place:
            start, end, lose, come, force, elsewhere = c.alternatives(
                "start", "end", "lose", "come", "force", "elsewhere"
            )
            with start:
                starts(c, place)
            with end:
                process_ends(c, place)
            with lose:
                node_is_lost(c, place)
            with come:
                node_comes_back(c, place)
            with force:
                user_forces_deletion(c, place)
            with elsewhere:
                starts_elsewhere(c, place)


@invariant
def one_process_for_each_identity(s: StatefulSet):
    """Never do two processes run under one ordinal."""
    return Forall(s.running[ordinal] <= 1 for ordinal in s.running.keys)


@invariant
def in_order(s: StatefulSet):
    """A pod that waits to be started has all before it; no later one was created while an earlier one was missing."""
    return Forall(
        Implies(s.pods[ordinal] == Phase.PENDING, Interval(0, ordinal - 1) <= s.pods.keys) for ordinal in s.pods.keys
    ) | (s.failures > 0)


@invariant
def no_gap_without_a_failure(s: StatefulSet):
    """Without failures the ordinals that exist have no gap."""
    return (s.failures > 0) | (s.pods.keys == Interval(0, s.pods.size - 1))


@invariant
def ready_runs(s: StatefulSet):
    """What is ready has a process."""
    return Forall(Implies(s.pods[ordinal] == Phase.READY, s.running[ordinal] > 0) for ordinal in s.pods.keys)


@example
def scaled_down(s: StatefulSet):
    """`user_scales` happens, `deletes` happens and `process_ends` happens: one replica is left of several."""
    return (s.pods.keys == Set(0)) & (s.failures == 0)


@example
def recreated(s: StatefulSet):
    """`creates` happens: an ordinal that was given up waits to be started again."""
    return s.pods.keys.exists(lambda ordinal: s.pods[ordinal] == Phase.PENDING)


@example
def waits_for_a_lost_node(s: StatefulSet):
    """`node_is_lost` happens: an ordinal is wanted and not ready, and nobody may create it."""
    return s.lost.contains(0) & s.pods.keys.contains(0) & ~is_ready(s, 0)


@example
def recovered(s: StatefulSet):
    """`node_comes_back` happens and `starts` happens: every ordinal has its pod again."""
    all_ready = Forall(is_ready(s, ordinal) for ordinal in Interval(0, s.MAX_REPLICAS - 1))
    return (s.failures > 0) & s.lost.is_empty & all_ready


@example
def replaced_by_force(s: StatefulSet):
    """`user_forces_deletion` happens and `starts_elsewhere` happens: the ordinal is ready, its old node still lost."""
    return s.lost.contains(0) & is_ready(s, 0)


@instance
def patient() -> StatefulSet:
    """Three replicas, two failures, and nobody uses force."""
    return StatefulSet(MAX_REPLICAS=3, CHANGES=2, FAILURES=2, FORCE=False)


@instance
def four() -> StatefulSet:
    """Four replicas, changed often, and two failures."""
    return StatefulSet(MAX_REPLICAS=4, CHANGES=3, FAILURES=2, FORCE=False)


@instance
def forced() -> StatefulSet:
    """Somebody deletes the pod of a lost node by force."""
    return StatefulSet(MAX_REPLICAS=2, CHANGES=1, FAILURES=1, FORCE=True)
