"""A Job as one can see it: pods that ended are noted, then counted; totals only grow; what is finished stays so.

`specs/job_controller.py` has the pods and their finalizers, too. Here everything is read from the object.

What can go wrong: a total that shrinks, or jumps by more than what was noted; a Job that is complete without enough
completions, or complete and failed, or taken up again.

What the spec assumes: one write of the status may note several pods and count several that were noted before. At most
LIMIT pods are noted at once. What was learned of the real controller is in docs/real-controllers.md.

Variables and the object: `active`, `succeeded` and `failed` of the status (absent is 0); `noted` and `noted_failed`
are how many uncountedTerminatedPods.succeeded and .failed has; `complete` and `broken` whether the conditions
Complete and Failed are True.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Implies,
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
class JobObject(MachineStateBase):
    """One Job. MOST is up to how many pods that ended are explored."""

    LIMIT: Param[int]
    MOST: Param[int]
    COMPLETIONS: Param[int]
    PARALLELISM: Param[int]
    active: StateVar[int]
    noted: StateVar[int]
    noted_failed: StateVar[int]
    succeeded: StateVar[int]
    failed: StateVar[int]
    complete: StateVar[bool]
    broken: StateVar[bool]


@action(init=True)
def init(c: Context[JobObject]):
    """It has just been created."""
    s = c.state
    s.active = 0
    s.noted = 0
    s.noted_failed = 0
    s.succeeded = 0
    s.failed = 0
    s.complete = False
    s.broken = False


@action(inline=False)
def controller_counts(
    c: Context[JobObject],
    active: Annotated[Expr, int],
    counted: Annotated[Expr, int],
    counted_failed: Annotated[Expr, int],
    noted: Annotated[Expr, int],
    noted_failed: Annotated[Expr, int],
):
    """The controller adds noted pods to the totals, and notes others: one write of the status."""
    s = c.state
    c.assume(~s.complete & ~s.broken)
    c.assume((counted <= s.noted) & (counted_failed <= s.noted_failed))
    c.assume(s.succeeded + counted + noted + s.failed + counted_failed + noted_failed <= s.MOST)
    s.active = active
    s.succeeded += counted
    s.failed += counted_failed
    s.noted = noted
    s.noted_failed = noted_failed


@action(inline=False)
def controller_completes(c: Context[JobObject]):
    """Enough have succeeded, all is counted, and nothing runs any more."""
    s = c.state
    c.assume(~s.complete & ~s.broken & (s.succeeded + s.noted >= s.COMPLETIONS))
    s.succeeded += s.noted
    s.failed += s.noted_failed
    s.noted = 0
    s.noted_failed = 0
    s.active = 0
    s.complete = True


@action(inline=False)
def controller_gives_up(c: Context[JobObject]):
    """Too many have failed."""
    s = c.state
    c.assume(~s.complete & ~s.broken & (s.failed + s.noted_failed > 0))
    s.succeeded += s.noted
    s.failed += s.noted_failed
    s.noted = 0
    s.noted_failed = 0
    s.active = 0
    s.broken = True


@action
def step(c: Context[JobObject]):
    """A write of the status."""
    s = c.state
    counts, completes, gives_up = c.alternatives("count", "complete", "give up")
    with (
        counts,
        c.one_of(Interval(0, s.PARALLELISM), "active") as active,
        c.one_of(Interval(0, s.noted), "counted") as counted,
        c.one_of(Interval(0, s.noted_failed), "counted failed") as counted_failed,
        c.one_of(Interval(0, s.LIMIT), "noted") as noted,
        c.one_of(Interval(0, s.LIMIT), "noted failed") as noted_failed,
    ):
        controller_counts(c, active, counted, counted_failed, noted, noted_failed)
    with completes:
        controller_completes(c)
    with gives_up:
        controller_gives_up(c)


@invariant
def complete_means_done(s: JobObject):
    """A Job is complete only if enough pods succeeded."""
    return Implies(s.complete, s.succeeded >= s.COMPLETIONS)


@invariant
def one_end(s: JobObject):
    """No Job is both complete and failed."""
    return ~(s.complete & s.broken)


@invariant
def finished_is_quiet(s: JobObject):
    """What is finished has nothing running and nothing left to count."""
    return Implies(s.complete | s.broken, (s.active == 0) & (s.noted == 0) & (s.noted_failed == 0))


@invariant
def not_too_many_at_once(s: JobObject):
    """No more pods run than may."""
    return s.active <= s.PARALLELISM


@example
def completes(s: JobObject):
    """`controller_counts` and `controller_completes` happen."""
    return s.complete


@example
def fails(s: JobObject):
    """`controller_gives_up` happens."""
    return s.broken


@instance
def small() -> JobObject:
    """Two completions, of at most three pods."""
    return JobObject(LIMIT=2, MOST=3, COMPLETIONS=2, PARALLELISM=2)


@instance
def live() -> JobObject:
    """What a real one is held to: four completions, two at a time."""
    return JobObject(LIMIT=4, MOST=1_000_000_000, COMPLETIONS=4, PARALLELISM=2)
