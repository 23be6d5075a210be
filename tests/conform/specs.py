"""Specs that the tests of conformance hold observations to, captured from their text."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from speccheck.ir.json import model_to_json
from speccheck.ir.models import Model
from speccheck.loading import capture

ROLLOUT = '''
"""A rollout."""
import enum

from speccheck import (
    Always, Context, Eventually, Field, MachineStateBase, Param, Set, StateVar, action, example, instance, invariant,
    record, state, temporal
)


class Phase(enum.Enum):
    RUNNING = 1
    DONE = 2


@record
class Pod:
    ready: Field[bool]
    revision: Field[int]


@state
class Rollout(MachineStateBase):
    WANTED: Param[int]
    replicas: StateVar[int]
    available: StateVar[int]
    phase: StateVar[Phase]
    pods: StateVar[dict[str, Pod]]
    hidden: StateVar[int]


@action(init=True)
def init(c: Context[Rollout]):
    c.state.replicas = 0
    c.state.available = 0
    c.state.phase = Phase.RUNNING
    c.state.pods = {}
    c.state.hidden = 0


@action(inline=False)
def grow(c: Context[Rollout]):
    c.assume(c.state.replicas < c.state.WANTED)
    c.state.replicas += 1
    c.state.hidden += 1


@invariant
def never_more(s: Rollout):
    """No more replicas than wanted.

    Surge is not part of this spec.
    """
    return s.replicas <= s.WANTED


@invariant
def available_exist(s: Rollout):
    """What is available exists."""
    return s.available <= s.replicas


@invariant
def ratio(s: Rollout):
    """Half of them at least."""
    return 100 / s.replicas >= 0


@invariant
def secret(s: Rollout):
    """Hidden and visible agree."""
    return s.hidden == s.replicas


@example
def some(s: Rollout):
    return s.replicas == 1


@temporal
def converges(s: Rollout):
    return Eventually(Always(s.replicas == s.WANTED))


@instance
def three() -> Rollout:
    return Rollout(WANTED=3)


@instance
def nine() -> Rollout:
    return Rollout(WANTED=9)
'''

SLOW = '''
"""A property that takes for ever."""
from speccheck import Context, Exists, Forall, Interval, MachineStateBase, StateVar, action, instance, invariant, state


@state
class Slow(MachineStateBase):
    n: StateVar[int]


@action(init=True)
def init(c: Context[Slow]):
    c.state.n = 0


@action(inline=False)
def up(c: Context[Slow]):
    c.state.n += 1


@invariant
def heavy(s: Slow):
    """Counts and counts."""
    return Forall(a * b * d + s.n >= 0 for a in Interval(0, s.n) for b in Interval(0, s.n) for d in Interval(0, s.n))


@instance
def only() -> Slow:
    return Slow()
'''


@cache
def model(text: str) -> Model:
    """The Model of a spec's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spec.py"
        file.write_text(text)
        return capture(file)


def model_json(text: str) -> bytes:
    """The Model of a spec's text, as it crosses processes."""
    return model_to_json(model(text))
