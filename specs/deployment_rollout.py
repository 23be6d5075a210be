"""Deployment rolling update: replacing a program's pods a few at a time, with enough of them left.

A Kubernetes Deployment says how many pods of which template there shall be. For each template there is
a ReplicaSet, which creates and deletes pods until it has as many as it was told to. When the template changes, the
Deployment controller tells the new ReplicaSet to grow and the old ones to shrink, step by step: never more than
MAX_SURGE pods above the desired number, and, as long as pods do not fail, never fewer than MAX_UNAVAILABLE
below it available. A change back (rollback) is just another change of template.

What can go wrong: too many pods at once, so that they no longer fit the machines; too few that serve; a status
that claims what is not so.

Which claims are true of what. Of one Deployment *object*, as read at any moment, only what its controller computes
at one time from one view can be claimed: `status_adds_up`, `status_is_not_from_the_future`, and, once the status is
about the present generation of the spec, `available_condition_is_honest` and `total_is_bounded`. These mention
observable variables only, and hold through rollouts, rollbacks, scaling and failing pods. Before the controller has
seen the newest spec (observed_generation < generation) the status is about another one, and nothing is claimed.
What the controller promises about the *pods* (`surge_is_bounded`, `availability_is_kept`) is a matter of variables
that the object does not show.

What the spec assumes.
- The status of a Deployment is summed up from the statuses of its ReplicaSets, which lag behind: a ReplicaSet that
  has been told to delete pods still counts them for a while. LAG is the greatest number of such pods, in all, for
  which the claims are made; pods on their way out are beyond MAX_SURGE. Where they are few (LAG = 1) availability
  is kept. Where they are more it is not: the controller takes pods that are about to be deleted for available ones
  and deletes as many others (instance `lagging`), in Kubernetes as here. To judge real objects, choose LAG
  generously, MAX_REPLICAS + MAX_SURGE for example: only `total_is_bounded` depends on it, and it then still tells a
  status that was made up.
- A write of the status succeeds only if it was made from the newest version of the Deployment.
- MAX_UNAVAILABLE and MAX_SURGE are given as numbers and not both 0. The Deployment is not paused.
- Failing pods, and scaling, excuse a lack of available pods until the Deployment is complete again (`disturbed`).
- When the Deployment is scaled in the middle of a rollout, the change is divided among the ReplicaSets in any way;
  Kubernetes divides in proportion.

Variables and the object: `generation` metadata.generation, `desired` spec.replicas, and of the status
`observed_generation` observedGeneration, `total` replicas, `updated` updatedReplicas, `ready` readyReplicas,
`available` availableReplicas (absent is 0), `says_available` whether the condition Available is True.

Sources: Kubernetes' documentation of Deployments, and its Deployment controller, release 1.34
(pkg/controller/deployment: rolling.go, sync.go).
"""

from typing import Annotated

from speccheck import (
    AllMaps,
    Context,
    Exists,
    Expr,
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
    state,
)


@state
class Deployment(MachineStateBase):
    """One Deployment object, and behind it its ReplicaSets, by template.

    MIN_REPLICAS and MAX_REPLICAS are what its users agreed to keep `desired` between; CHANGES is how many changes of
    the spec are explored; FAILURES whether pods fail; SLOW_START whether a ready pod counts as available only after
    a while (minReadySeconds). `wanted` is what each ReplicaSet was told, `pods`, `ready_pods` and `available_pods`
    what it reports. `scaled_for` is the desired number that the ReplicaSets were last told for.
    """

    TEMPLATES: Param[set[str]]
    FIRST_TEMPLATE: Param[str]
    MIN_REPLICAS: Param[int]
    MAX_REPLICAS: Param[int]
    MAX_SURGE: Param[int]
    MAX_UNAVAILABLE: Param[int]
    LAG: Param[int]
    CHANGES: Param[int]
    FAILURES: Param[bool]
    SLOW_START: Param[bool]
    generation: StateVar[int]
    desired: StateVar[int]
    observed_generation: StateVar[int]
    total: StateVar[int]
    updated: StateVar[int]
    ready: StateVar[int]
    available: StateVar[int]
    says_available: StateVar[bool]
    template: StateVar[str]
    wanted: StateVar[dict[str, int]]
    pods: StateVar[dict[str, int]]
    ready_pods: StateVar[dict[str, int]]
    available_pods: StateVar[dict[str, int]]
    scaled_for: StateVar[int]
    disturbed: StateVar[bool]


@action(init=True)
def init(c: Context[Deployment]):
    """The Deployment has just been created; nobody has looked at it."""
    s = c.state
    s.generation = 1
    s.observed_generation = 0
    s.total = 0
    s.updated = 0
    s.ready = 0
    s.available = 0
    s.says_available = False
    s.template = s.FIRST_TEMPLATE
    s.wanted = Map(0 for _ in s.TEMPLATES)
    s.pods = Map(0 for _ in s.TEMPLATES)
    s.ready_pods = Map(0 for _ in s.TEMPLATES)
    s.available_pods = Map(0 for _ in s.TEMPLATES)
    s.disturbed = True
    with c.one_of(Interval(s.MIN_REPLICAS, s.MAX_REPLICAS), "desired") as desired:
        s.desired = desired
        s.scaled_for = desired


@expr
def smaller(one: Annotated[Expr, int], other: Annotated[Expr, int]):
    """The smaller of two numbers."""
    return Ite(one < other, one, other)


@expr
def total_of(numbers: Annotated[Expr, dict[str, int]]):
    """The sum over all ReplicaSets."""
    return numbers.reduce(lambda total, _template, number: total + number, 0)


@expr
def min_available(s: Deployment):
    """How many pods must be available."""
    return s.desired - smaller(s.MAX_UNAVAILABLE, s.desired)


@expr
def max_pods(s: Deployment):
    """How many pods the ReplicaSets may be told to have, in all."""
    return Ite(s.desired == 0, 0, s.desired + s.MAX_SURGE)


@expr
def being_deleted(s: Deployment, wanted: Annotated[Expr, dict[str, int]]):
    """How many pods would be more than their ReplicaSets were told to have, if they were told this."""
    return s.TEMPLATES.reduce(lambda total, t: total + Ite(s.pods[t] > wanted[t], s.pods[t] - wanted[t], 0), 0)


@expr
def must_scale(s: Deployment):
    """Whether the desired number has changed since the ReplicaSets were told."""
    return (s.scaled_for != s.desired) & (total_of(s.wanted) > 0)


@expr
def can_grow(s: Deployment):
    """Whether the new ReplicaSet lacks pods and there is room for more."""
    return (s.wanted[s.template] < s.desired) & (total_of(s.wanted) < max_pods(s))


@expr
def is_complete(s: Deployment):
    """Whether all pods are of the new template, available, and as many as desired, and none is being deleted."""
    all_new = (s.available_pods[s.template] == s.desired) & (total_of(s.pods) == s.desired)
    return all_new & (s.pods == s.wanted)


@action(inline=False)
def user_changes_template(c: Context[Deployment], template: Annotated[Expr, str]):
    """A user rolls out another template, or an earlier one."""
    s = c.state
    c.assume((s.generation <= s.CHANGES) & (template != s.template))
    s.generation += 1
    s.template = template


@action(inline=False)
def user_scales(c: Context[Deployment], replicas: Annotated[Expr, int]):
    """A user asks for more or fewer pods."""
    s = c.state
    c.assume((s.generation <= s.CHANGES) & (replicas != s.desired))
    s.generation += 1
    s.desired = replicas
    s.disturbed = True


@action
def tell(c: Context[Deployment], wanted: Annotated[Expr, dict[str, int]]):
    """The controller tells the ReplicaSets how many pods to have."""
    s = c.state
    c.assume(being_deleted(s, wanted) <= s.LAG)
    s.wanted = wanted
    s.scaled_for = s.desired


@action(inline=False)
def controller_resizes(c: Context[Deployment], sizes: Annotated[Expr, dict[str, int]]):
    """The desired number has changed: a single ReplicaSet gets it, several share the change."""
    s = c.state
    active = s.TEMPLATES.filter(lambda t: s.wanted[t] > 0)
    shrinks = total_of(s.wanted) > max_pods(s)
    alone = Forall(sizes[t] == Ite(s.wanted[t] > 0, s.desired, 0) for t in s.TEMPLATES)
    fair = Forall(
        Ite(shrinks | (s.wanted[t] == 0), sizes[t] <= s.wanted[t], sizes[t] >= s.wanted[t]) for t in s.TEMPLATES
    )
    c.assume(must_scale(s))
    c.assume(Ite(active.size == 1, alone, fair & (total_of(sizes) == max_pods(s))))
    tell(c, sizes)


@action(inline=False)
def controller_grows_new(c: Context[Deployment]):
    """The new ReplicaSet is told to have as many pods as there is room for."""
    s = c.state
    c.assume(~must_scale(s) & can_grow(s))
    more = smaller(max_pods(s) - total_of(s.wanted), s.desired - s.wanted[s.template])
    tell(c, s.wanted.replace(s.template, s.wanted[s.template] + more))


@action(inline=False)
def controller_trims_new(c: Context[Deployment]):
    """The new ReplicaSet has more pods than desired, after scaling, and is told to have fewer."""
    s = c.state
    c.assume(~must_scale(s) & (s.wanted[s.template] > s.desired))
    tell(c, s.wanted.replace(s.template, s.desired))


@expr
def without_unhealthy(
    s: Deployment,
    sizes: Annotated[Expr, dict[str, int]],
    old: Annotated[Expr, str],
    count: Annotated[Expr, int],
):
    """The sizes with at most so many pods that are not available taken from an old ReplicaSet."""
    unhealthy = sizes[old] - s.available_pods[old]
    return sizes.replace(old, sizes[old] - Ite(unhealthy > 0, smaller(count, unhealthy), 0))


@expr
def without_unhealthy_pods(s: Deployment, first: Annotated[Expr, str], count: Annotated[Expr, int]):
    """What the ReplicaSets are to have with at most so many unavailable old pods gone, of `first` before others."""
    begun = without_unhealthy(s, s.wanted, first, count)
    others = s.TEMPLATES - Set(first, s.template)
    return others.reduce(
        lambda sizes, t: without_unhealthy(s, sizes, t, count - (total_of(s.wanted) - total_of(sizes))), begun
    )


@expr
def without_old_pods(
    s: Deployment,
    sizes: Annotated[Expr, dict[str, int]],
    first: Annotated[Expr, str],
    count: Annotated[Expr, int],
):
    """The sizes with at most so many pods taken from old ReplicaSets, of `first` before others."""
    begun = sizes.replace(first, sizes[first] - smaller(count, sizes[first]))
    others = s.TEMPLATES - Set(first, s.template)
    return others.reduce(
        lambda left, t: left.replace(t, left[t] - smaller(count - (total_of(sizes) - total_of(left)), left[t])), begun
    )


@action(inline=False)
def controller_shrinks_old(c: Context[Deployment], first: Annotated[Expr, str]):
    """Old ReplicaSets are told to have fewer pods: those not available first, then as many as can be spared."""
    s = c.state
    c.assume(~must_scale(s) & ~can_grow(s) & (s.wanted[s.template] <= s.desired))
    c.assume((first != s.template) & (s.wanted[first] > 0))
    starting = s.wanted[s.template] - s.available_pods[s.template]
    room = total_of(s.wanted) - min_available(s) - starting
    c.assume(room > 0)
    healthy = c.cache(without_unhealthy_pods(s, first, room), "healthy")
    spare = total_of(s.available_pods) - min_available(s)
    sizes = c.cache(Ite(spare > 0, without_old_pods(s, healthy, first, spare), healthy), "sizes")
    c.assume(sizes != s.wanted)
    tell(c, sizes)


@action(inline=False)
def controller_writes_status(c: Context[Deployment]):
    """The controller, which has scaled for the newest spec, writes what the ReplicaSets report into the status."""
    s = c.state
    c.assume(~must_scale(s))
    total = total_of(s.pods)
    ready = total_of(s.ready_pods)
    available = total_of(s.available_pods)
    updated = s.pods[s.template]
    enough = available >= min_available(s)
    unchanged = (
        (s.observed_generation == s.generation)
        & (s.total == total)
        & (s.updated == updated)
        & (s.ready == ready)
        & (s.available == available)
        & (s.says_available == enough)
    )
    complete = is_complete(s)
    c.assume(~unchanged | (complete & s.disturbed))
    s.observed_generation = s.generation
    s.total = total
    s.updated = updated
    s.ready = ready
    s.available = available
    s.says_available = enough
    s.disturbed = s.disturbed & ~complete


@action
def lose_pod(c: Context[Deployment], template: Annotated[Expr, str]):
    """One pod fewer: one that is not available if there is one, as ReplicaSets choose."""
    s = c.state
    s.pods[template] -= 1
    s.ready_pods[template] = smaller(s.ready_pods[template], s.pods[template])
    s.available_pods[template] = smaller(s.available_pods[template], s.pods[template])


@action(inline=False)
def replicaset_creates_pod(c: Context[Deployment], template: Annotated[Expr, str]):
    """A ReplicaSet that has too few pods creates one."""
    s = c.state
    c.assume(s.pods[template] < s.wanted[template])
    s.pods[template] += 1


@action(inline=False)
def replicaset_deletes_pod(c: Context[Deployment], template: Annotated[Expr, str]):
    """A ReplicaSet that has too many pods deletes one."""
    s = c.state
    c.assume(s.pods[template] > s.wanted[template])
    lose_pod(c, template)


@action(inline=False)
def pod_becomes_ready(c: Context[Deployment], template: Annotated[Expr, str]):
    """A pod passes its readiness probe; without SLOW_START it is available at once."""
    s = c.state
    c.assume(s.ready_pods[template] < s.pods[template])
    s.ready_pods[template] += 1
    s.available_pods[template] += Ite(s.SLOW_START, 0, 1)


@action(inline=False)
def pod_becomes_available(c: Context[Deployment], template: Annotated[Expr, str]):
    """A pod has been ready for long enough."""
    s = c.state
    c.assume(s.available_pods[template] < s.ready_pods[template])
    s.available_pods[template] += 1


@action(inline=False)
def pod_fails(c: Context[Deployment], template: Annotated[Expr, str]):
    """A pod that was available no longer passes its readiness probe."""
    s = c.state
    c.assume(s.FAILURES & (s.available_pods[template] > 0))
    s.ready_pods[template] -= 1
    s.available_pods[template] -= 1
    s.disturbed = True


@action(inline=False)
def pod_is_lost(c: Context[Deployment], template: Annotated[Expr, str]):
    """A pod is evicted, or deleted by hand."""
    s = c.state
    c.assume(s.FAILURES & (s.pods[template] > 0))
    lose_pod(c, template)
    s.disturbed = True


@action
def user_step(c: Context[Deployment]):
    """A change of the Deployment's spec."""
    roll_out, scale = c.alternatives("roll out", "scale")
    with roll_out, c.one_of(c.state.TEMPLATES, "template") as template:
        user_changes_template(c, template)
    with scale, c.one_of(Interval(c.state.MIN_REPLICAS, c.state.MAX_REPLICAS), "replicas") as replicas:
        user_scales(c, replicas)


@action
def controller_step(c: Context[Deployment]):
    """What the Deployment controller does."""
    s = c.state
    resize, grow, trim, shrink, write = c.alternatives("resize", "grow", "trim", "shrink", "write")
    with resize:
        c.assume(must_scale(s))
        with c.one_of(AllMaps(s.TEMPLATES, Interval(0, s.MAX_REPLICAS + s.MAX_SURGE)), "sizes") as sizes:
            controller_resizes(c, sizes)
    with grow:
        controller_grows_new(c)
    with trim:
        controller_trims_new(c)
    with shrink, c.one_of(s.TEMPLATES, "first") as first:
        controller_shrinks_old(c, first)
    with write:
        controller_writes_status(c)


@action
def pod_step(c: Context[Deployment], template: Annotated[Expr, str]):
    """What happens to the pods of one template."""
    creates, deletes, ready, available, fails, lost = c.alternatives(
        "create", "delete", "ready", "available", "fail", "lose"
    )
    with creates:
        replicaset_creates_pod(c, template)
    with deletes:
        replicaset_deletes_pod(c, template)
    with ready:
        pod_becomes_ready(c, template)
    with available:
        pod_becomes_available(c, template)
    with fails:
        pod_fails(c, template)
    with lost:
        pod_is_lost(c, template)


@action
def step(c: Context[Deployment]):
    """One step of a user, the controller, a ReplicaSet or a pod."""
    user, controller, pod = c.alternatives("user", "controller", "pod")
    with user:
        user_step(c)
    with controller:
        controller_step(c)
    with pod, c.one_of(c.state.TEMPLATES, "template") as template:
        pod_step(c, template)


@invariant
def status_adds_up(s: Deployment):
    """Available pods are ready pods, ready and updated pods are pods. True of the object at any time."""
    counts = (s.available <= s.ready) & (s.ready <= s.total) & (s.updated <= s.total)
    return counts & (s.available >= 0) & (s.updated >= 0)


@invariant
def status_is_not_from_the_future(s: Deployment):
    """The status is about a spec that has been written. True of the object at any time."""
    return s.observed_generation <= s.generation


@invariant
def desired_is_agreed(s: Deployment):
    """Users keep the number of pods within what was agreed. True of the object at any time."""
    return (s.desired >= s.MIN_REPLICAS) & (s.desired <= s.MAX_REPLICAS)


@invariant
def available_condition_is_honest(s: Deployment):
    """The condition Available is True exactly if enough pods are. True once the status is of today."""
    return Implies(s.observed_generation == s.generation, s.says_available == (s.available >= min_available(s)))


@invariant
def total_is_bounded(s: Deployment):
    """No more pods than desired, the surge, and those on their way out. True once the status is of today."""
    return Implies(s.observed_generation == s.generation, s.total <= s.desired + s.MAX_SURGE + s.LAG)


@invariant
def surge_is_bounded(s: Deployment):
    """Once it has seen the newest spec, the controller never asks for more pods than desired and the surge."""
    return Implies(s.observed_generation == s.generation, total_of(s.wanted) <= s.desired + s.MAX_SURGE)


@invariant
def availability_is_kept(s: Deployment):
    """Where no pod failed and nobody scaled since the Deployment was last complete, enough pods are available."""
    return s.disturbed | (total_of(s.available_pods) >= min_available(s))


@example
def a_template_is_rolled_out(s: Deployment):
    """A rollout comes to its end: the new template's pods alone are there, and the status says so."""
    seen = (s.generation > 1) & (s.observed_generation == s.generation) & (s.template != s.FIRST_TEMPLATE)
    return seen & is_complete(s) & (s.updated == s.desired) & (s.available == s.desired)


@example
def a_template_is_changed(s: Deployment):
    """`user_changes_template` happens."""
    return s.template != s.FIRST_TEMPLATE


@example
def a_user_scales(s: Deployment):
    """`user_scales` happens. (Trivial where one number only was agreed.)"""
    return (s.MIN_REPLICAS == s.MAX_REPLICAS) | ((s.scaled_for != s.desired) & (s.generation > 1))


@example
def a_replicaset_is_resized(s: Deployment):
    """`controller_resizes` happens: a ReplicaSet is told a new number and has seen no change of template. (Trivial
    where one number only was agreed.)"""
    told = s.wanted[s.FIRST_TEMPLATE] == s.desired
    resized = (s.pods[s.FIRST_TEMPLATE] > s.desired) & told & (s.template == s.FIRST_TEMPLATE)
    return (s.MIN_REPLICAS == s.MAX_REPLICAS) | resized


@example
def a_replicaset_grows(s: Deployment):
    """`controller_grows_new` happens."""
    return total_of(s.wanted) > 0


@example
def a_new_replicaset_is_trimmed(s: Deployment):
    """`controller_trims_new` happens: the new ReplicaSet alone is left, and has too many pods, though not all of them
    are available; the status has shown old ones only. (Trivial where one number only was agreed, or one change.)"""
    alone = (total_of(s.wanted) == s.desired) & (s.wanted[s.template] == s.desired)
    too_many = (s.pods[s.template] > s.desired) & (s.available_pods[s.template] < s.pods[s.template])
    old_only = (s.updated == 0) & (s.total > 0)
    return (s.MIN_REPLICAS == s.MAX_REPLICAS) | (s.CHANGES < 2) | (alone & too_many & old_only)


@example
def an_old_replicaset_shrinks(s: Deployment):
    """`controller_shrinks_old` happens: an old ReplicaSet is told to have no pods and still has some."""
    return Exists((t != s.template) & (s.wanted[t] == 0) & (s.pods[t] > 0) for t in s.TEMPLATES)


@example
def a_status_is_written(s: Deployment):
    """`controller_writes_status` happens."""
    return s.observed_generation > 0


@example
def a_pod_is_created(s: Deployment):
    """`replicaset_creates_pod` happens."""
    return total_of(s.pods) > 0


@example
def an_old_pod_is_deleted(s: Deployment):
    """`replicaset_deletes_pod` happens: the status has shown a pod that is no longer there, and none was lost."""
    return (s.total > total_of(s.pods)) & ~s.disturbed


@example
def a_pod_is_ready(s: Deployment):
    """`pod_becomes_ready` happens."""
    return total_of(s.ready_pods) > 0


@example
def a_pod_is_available_later(s: Deployment):
    """`pod_becomes_available` happens. (Trivial without SLOW_START.)"""
    return ~s.SLOW_START | (total_of(s.available_pods) > 0)


@example
def a_pod_fails(s: Deployment):
    """`pod_fails` happens: a pod that the status has shown available is not. (Trivial without FAILURES.)"""
    fewer = (s.available > total_of(s.available_pods)) & (s.total == total_of(s.pods))
    return ~s.FAILURES | (fewer & (s.generation == 1))


@example
def a_pod_is_lost(s: Deployment):
    """`pod_is_lost` happens: the status has shown a pod that is no longer there. (Trivial without FAILURES.)"""
    return ~s.FAILURES | ((s.total > total_of(s.pods)) & (s.generation == 1))


def deployment(**different: object) -> Deployment:
    """Two pods, none of which may be missing, and one more during a rollout; but for what is different."""
    usual = {
        "TEMPLATES": {"v1", "v2"},
        "FIRST_TEMPLATE": "v1",
        "MIN_REPLICAS": 2,
        "MAX_REPLICAS": 2,
        "MAX_SURGE": 1,
        "MAX_UNAVAILABLE": 0,
        "LAG": 1,
        "CHANGES": 2,
        "FAILURES": False,
        "SLOW_START": False,
    }
    return Deployment(**{**usual, **different})


@instance
def rolling() -> Deployment:
    """A rollout, and a rollback at any time."""
    return deployment()


@instance
def scaling() -> Deployment:
    """One or two pods; two changes, of the template or of the number."""
    return deployment(MIN_REPLICAS=1)


@instance
def failing() -> Deployment:
    """One or two pods, which fail and get lost, and of which one may be missing; one change."""
    return deployment(MIN_REPLICAS=1, MAX_UNAVAILABLE=1, CHANGES=1, FAILURES=True)


@instance
def slow_start() -> Deployment:
    """One or two pods, which must be ready for a while to count, and of which one may be missing; one change."""
    return deployment(MIN_REPLICAS=1, MAX_UNAVAILABLE=1, CHANGES=1, SLOW_START=True)


@instance
def three_templates() -> Deployment:
    """One pod, and rollouts that overtake each other."""
    return deployment(TEMPLATES={"v1", "v2", "v3"}, MIN_REPLICAS=1, MAX_REPLICAS=1, CHANGES=3)


@instance
def lagging() -> Deployment:
    """As `rolling`, but up to two pods on their way out still count: the controller deletes one too many."""
    return deployment(LAG=2)
