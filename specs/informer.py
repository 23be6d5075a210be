"""A ReplicaSet-like controller that looks at a cache: does it ever make more pods than it should?

A controller does not ask the API server what there is: an informer keeps a copy, fed by a watch, and the copy lags
behind. The controller counts the pods in it, and creates what is missing. Until the watch has brought the new pods,
they seem to be missing still. So it remembers its *expectations*: having created pods, it does nothing until it has
seen them all.

What can go wrong. Without expectations the controller creates the same pods again and again until the watch catches
up. With them a restart is still dangerous: memory is lost, and if the list that fills the new cache comes from a
server that lags behind, the pods that were just created are not in it. (So a first list should be a consistent one.)
A pod that goes away unobserved does no harm: the controller creates too few for a while.

What the spec assumes: pods have names that are never used again; the watch loses nothing for ever; a lagging server
may be behind by any number of changes, but it has what was there when the pods were last all seen; at most CRASHES
restarts.

Sources: the expectations of the Kubernetes controllers (kubernetes/kubernetes, pkg/controller/controller_utils.go);
issue 59848 there, on stale reads after a restart of a component.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
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
    instance,
    invariant,
    state,
)
from speccheck.faults import delivers, unobserved_delete


class Phase(Enum):
    """How far a pod has come."""

    PENDING = "Pending"
    RUNNING = "Running"


@state
class ReplicaSet(MachineStateBase):
    """Pods by number: the API's, and the cache's copy.

    `expected`: pods that were created and not seen yet. `settled`: the pods when the cache was last complete.
    `removed`: whether the controller ever had to delete one.
    """

    REPLICAS: Param[int]
    NAMES: Param[int]
    CRASHES: Param[int]
    EXPECTATIONS: Param[bool]
    CONSISTENT_LIST: Param[bool]
    pods: StateVar[dict[int, Phase]]
    cache: StateVar[dict[int, Phase]]
    expected: StateVar[set[int]]
    settled: StateVar[dict[int, Phase]]
    created: StateVar[int]
    crashes: StateVar[int]
    removed: StateVar[bool]


@action(init=True)
def init(c: Context[ReplicaSet]):
    """No pod yet."""
    s = c.state
    s.pods = Map(int, Phase)
    s.cache = Map(int, Phase)
    s.expected = Set(int)
    s.settled = Map(int, Phase)
    s.created = 0
    s.crashes = 0
    s.removed = False


@action(inline=False)
def creates(c: Context[ReplicaSet]):
    """The controller misses a pod in its cache, and creates one."""
    s = c.state
    c.assume(s.created < s.NAMES)
    c.assume(s.cache.size + Ite(s.EXPECTATIONS, s.expected.size, 0) < s.REPLICAS)
    s.created += 1
    s.pods = s.pods.insert(s.created, Phase.PENDING)
    s.expected |= Set(s.created)


@action(inline=False)
def removes(c: Context[ReplicaSet], pod: Annotated[Expr, int]):
    """The controller sees more pods than it wants, and deletes one."""
    s = c.state
    c.assume((s.cache.size > s.REPLICAS) & s.cache.keys.contains(pod) & s.pods.keys.contains(pod))
    s.pods = Map(s.pods[other] for other in s.pods.keys - Set(pod))
    s.removed = True


@action(inline=False)
def runs(c: Context[ReplicaSet], pod: Annotated[Expr, int]):
    """A kubelet has started a pod's containers."""
    s = c.state
    c.assume(s.pods.keys.contains(pod))
    c.assume(s.pods[pod] == Phase.PENDING)
    s.pods[pod] = Phase.RUNNING


@action(inline=False)
def crash_and_restart(c: Context[ReplicaSet]):
    """The controller begins anew: it expects nothing, and fills its cache with a list."""
    s = c.state
    c.assume(s.crashes < s.CRASHES)
    s.crashes += 1
    s.expected = Set(int)
    s.cache = Ite(s.CONSISTENT_LIST, s.pods, s.settled)


@action
def sees(c: Context[ReplicaSet], pod: Annotated[Expr, int]):
    """The watch brings a pod up to date; what was expected of it is fulfilled."""
    s = c.state
    delivers(c, "pods", "cache", pod)
    s.expected -= Set(pod)
    s.settled = Ite(s.cache == s.pods, s.pods, s.settled)


@action
def step(c: Context[ReplicaSet]):
    """The controller acts, the watch delivers, a pod goes away, or the controller restarts."""
    act, look, restart = c.alternatives("act", "look", "restart")
    with act:
        creates(c)
    with look:
        with c.one_of(Interval(1, c.state.created), "pod") as pod:
            starts, arrives, dies, goes = c.alternatives("starts", "arrives", "dies", "goes")
            with starts:
                runs(c, pod)
            with arrives:
                sees(c, pod)
            with dies:
                unobserved_delete(c, "pods", pod)
            with goes:
                removes(c, pod)
    with restart:
        crash_and_restart(c)


@invariant
def never_too_many(s: ReplicaSet):
    """There are never more pods than were asked for."""
    return s.pods.size <= s.REPLICAS


@invariant
def expects_what_exists(s: ReplicaSet):
    """The controller waits for nothing that it has seen."""
    return Implies(s.EXPECTATIONS, (s.expected & s.cache.keys).is_empty)


@invariant
def invents_nothing(s: ReplicaSet):
    """The cache never has a pod that was not created."""
    return s.cache.keys.forall(lambda pod: pod <= s.created)


@example
def all_there(s: ReplicaSet):
    """`creates` happens, `runs` happens and `delivers` happens: the pods that were asked for run, and are seen to."""
    running = s.pods.keys.forall(lambda pod: s.pods[pod] == Phase.RUNNING)
    return (s.pods.size == s.REPLICAS) & (s.cache == s.pods) & running


@example
def one_is_gone(s: ReplicaSet):
    """`unobserved_delete` happens: the cache has a pod that is no more."""
    return ~(s.cache.keys <= s.pods.keys)


@example
def restarted(s: ReplicaSet):
    """`crash_and_restart` happens, and forgets what it waited for."""
    return (s.crashes > 0) & s.expected.is_empty & ~s.pods.is_empty


@example
def cleans_up(s: ReplicaSet):
    """`removes` happens where there were too many."""
    return s.removed & (s.pods.size == s.REPLICAS)


@instance
def careful() -> ReplicaSet:
    """Expectations, and a first list that is consistent."""
    return ReplicaSet(REPLICAS=2, NAMES=4, CRASHES=1, EXPECTATIONS=True, CONSISTENT_LIST=True)


@instance
def forgetful() -> ReplicaSet:
    """No expectations."""
    return ReplicaSet(REPLICAS=2, NAMES=3, CRASHES=0, EXPECTATIONS=False, CONSISTENT_LIST=True)


@instance
def stale_list() -> ReplicaSet:
    """Expectations, but the first list after a restart may come from a server that lags behind."""
    return ReplicaSet(REPLICAS=2, NAMES=3, CRASHES=1, EXPECTATIONS=True, CONSISTENT_LIST=False)
