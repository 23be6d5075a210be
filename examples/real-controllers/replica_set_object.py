"""A ReplicaSet as one can see it: its owner sets the number, its controller counts.

What can go wrong: a count that does not add up; a status about a number that nobody asked for, or one that goes back.

What the spec assumes: the API server raises the generation with every change of the spec; numbers of pods are at most
LIMIT. Everything is read from the object. What was learned of the real controller is in docs/real-controllers.md.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Interval,
    MachineStateBase,
    Param,
    StateVar,
    action,
    example,
    instance,
    invariant,
    state,
)


@state
class ReplicaSetObject(MachineStateBase):
    """One ReplicaSet. CHANGES is how many changes of the spec are explored."""

    LIMIT: Param[int]
    CHANGES: Param[int]
    generation: StateVar[int]
    desired: StateVar[int]
    observed_generation: StateVar[int]
    total: StateVar[int]
    labelled: StateVar[int]
    ready: StateVar[int]
    available: StateVar[int]


@action(init=True)
def init(c: Context[ReplicaSetObject]):
    """It has just been created; nobody has looked at it."""
    s = c.state
    s.generation = 1
    s.observed_generation = 0
    s.total = 0
    s.labelled = 0
    s.ready = 0
    s.available = 0
    with c.one_of(Interval(0, s.LIMIT), "desired") as desired:
        s.desired = desired


@action(inline=False)
def owner_scales(c: Context[ReplicaSetObject], desired: Annotated[Expr, int]):
    """The Deployment, or a user, asks for another number of pods, or changes something else of the spec."""
    s = c.state
    c.assume(s.generation <= s.CHANGES)
    s.generation += 1
    s.desired = desired


@action(inline=False)
def controller_writes_status(
    c: Context[ReplicaSetObject],
    observed: Annotated[Expr, int],
    total: Annotated[Expr, int],
    labelled: Annotated[Expr, int],
    ready: Annotated[Expr, int],
    available: Annotated[Expr, int],
):
    """The controller writes what it has counted."""
    s = c.state
    c.assume((observed >= s.observed_generation) & (observed <= s.generation) & (observed > 0))
    c.assume((labelled <= total) & (ready <= total) & (available <= ready))
    s.observed_generation = observed
    s.total = total
    s.labelled = labelled
    s.ready = ready
    s.available = available


@action
def step(c: Context[ReplicaSetObject]):
    """A write of the object."""
    s = c.state
    owner, status = c.alternatives("owner", "status")
    with owner, c.one_of(Interval(0, s.LIMIT), "desired") as desired:
        owner_scales(c, desired)
    with (
        status,
        c.one_of(Interval(s.observed_generation, s.generation), "observed") as observed,
        c.one_of(Interval(0, s.LIMIT), "total") as total,
        c.one_of(Interval(0, total), "labelled") as labelled,
        c.one_of(Interval(0, total), "ready") as ready,
        c.one_of(Interval(0, ready), "available") as available,
    ):
        controller_writes_status(c, observed, total, labelled, ready, available)


@invariant
def status_adds_up(s: ReplicaSetObject):
    """Of all pods some carry all labels, some are ready, and of those some available."""
    return (s.labelled <= s.total) & (s.ready <= s.total) & (s.available <= s.ready) & (s.available >= 0)


@invariant
def status_is_not_from_the_future(s: ReplicaSetObject):
    """The status is about a spec that has been written."""
    return s.observed_generation <= s.generation


@example
def a_number_is_changed(s: ReplicaSetObject):
    """`owner_scales` happens."""
    return s.generation > 1


@example
def a_status_is_written(s: ReplicaSetObject):
    """`controller_writes_status` happens."""
    return s.observed_generation > 0


@instance
def small() -> ReplicaSetObject:
    """Up to two pods, one change."""
    return ReplicaSetObject(LIMIT=2, CHANGES=1)


@instance
def live() -> ReplicaSetObject:
    """What a real one is held to: up to eight pods, changes without end."""
    return ReplicaSetObject(LIMIT=8, CHANGES=1_000_000_000)
