"""The command `new`: write a specification to start from, which passes."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from speccheck.cli import statuses
from speccheck.cli.failures import guarded
from speccheck.cli.options import taking
from speccheck.cli.outputs import note
from speccheck.errors import UsageError

_STARTER = '''\
"""Workers and a queue: no job is done twice, and no more jobs are taken than there are workers.

Say here what the system is, what can go wrong in it, and what this specification assumes.
"""

from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Interval,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    action,
    example,
    instance,
    invariant,
    state,
)


@state
class Queue(MachineStateBase):
    JOBS: Param[int]  # fixed for a run; an @instance says what it is
    WORKERS: Param[int]
    waiting: StateVar[set[int]]  # changes step by step
    taken: StateVar[set[int]]
    done: StateVar[set[int]]


@action(init=True)
def init(c: Context[Queue]):
    s = c.state
    s.waiting = Interval(1, s.JOBS)
    s.taken = Set(int)
    s.done = Set(int)


@action(inline=False)  # a named action: paths show it, with its arguments
def take(c: Context[Queue], job: Annotated[Expr, int]):
    """A worker that is free takes a job that waits."""
    s = c.state
    c.assume(s.waiting.contains(job) & (s.taken.size < s.WORKERS))
    s.waiting -= Set(job)
    s.taken |= Set(job)


@action(inline=False)
def finish(c: Context[Queue], job: Annotated[Expr, int]):
    s = c.state
    c.assume(s.taken.contains(job))
    s.taken -= Set(job)
    s.done |= Set(job)


@action
def step(c: Context[Queue]):
    """What can happen next: one of the alternatives, for one of the jobs."""
    with c.one_of(Interval(1, c.state.JOBS), "job") as job:
        takes, finishes = c.alternatives("takes", "finishes")
        with takes:
            take(c, job)
        with finishes:
            finish(c, job)


@invariant
def no_more_than_workers(s: Queue):
    """There is a worker for every job that is taken."""
    return s.taken.size <= s.WORKERS


@invariant
def each_job_is_in_one_place(s: Queue):
    return (s.waiting & s.taken).is_empty & (s.waiting & s.done).is_empty & (s.taken & s.done).is_empty


@example
def all_done(s: Queue):
    """The work can be finished; the check shows how."""
    return s.done == Interval(1, s.JOBS)


@instance
def small() -> Queue:
    return Queue(JOBS=3, WORKERS=2)
'''


@dataclass(frozen=True, kw_only=True)
class NewOptions:
    """What `new` takes."""

    name: Annotated[Path, typer.Argument(metavar="NAME", help="What to call it: NAME.py is written.")]


@taking(NewOptions)
def new(options: NewOptions) -> int:
    """Write a small specification to start from. It passes as it is; change it into your own."""
    return guarded(partial(_new, options))


def _new(options: NewOptions) -> int:
    file = options.name if options.name.suffix == ".py" else options.name.with_name(options.name.name + ".py")
    if not file.stem.isidentifier() or keyword.iskeyword(file.stem):
        raise UsageError(f"{file.stem!r} cannot be the name of a Python module; use letters, digits and _")
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(_STARTER)
    except FileExistsError:
        raise UsageError(f"{file} exists already and is left as it is; choose another name") from None
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from error
    note(f"{file} is written. Check it:\n  speccheck check {file}")
    return statuses.FINE
