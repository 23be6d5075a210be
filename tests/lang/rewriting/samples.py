"""A small spec with a variable of every kind, for the tests of plain Python."""

from __future__ import annotations

from textwrap import indent

DECLARATIONS = """
class PC(enum.Enum):
    A = 1
    B = 2
    C = 3


@union
class U:
    P: Variant[int]
    Q: Variant[Unit]


@state
class S(MachineStateBase):
    x: StateVar[int]
    y: StateVar[int]
    t: StateVar[bool]
    pc: StateVar[PC]
    u: StateVar[U]
    s: StateVar[set[int]]
    l: StateVar[list[int]]
    m: StateVar[dict[int, int]]


@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x = 0
    s.y = 0
    s.t = True
    s.pc = PC.A
    s.u = U.P(3)
    s.s = Set(1, 2, 3)
    s.l = List(4, 5, 4)
    s.m = Map((1, 2), (3, 4))
"""
"""The declarations and the initial state."""


def step(body: str) -> str:
    """The action `step` with a body, `s` being the state."""
    return "@action\ndef step(c: Context[S]):\n    s = c.state\n" + indent(body, "    ") + "\n"


def invariant(expression: str, name: str = "p") -> str:
    """An invariant."""
    return f"@invariant\ndef {name}(s: S):\n    return {expression}\n"
