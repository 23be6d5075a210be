"""What an entry of the catalogue is: a mistake people really make, and the spelling that works, each inside a small spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import dedent, indent

HEADER = "import enum\nfrom typing import Annotated\n\nfrom speccheck import *\n\n"

TYPES = """
class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@record
class Job:
    owner: Field[str]
    size: Field[int]


@union
class Reply:
    Done: Variant[int]
    Lost: Variant[Unit]

"""

STATE = """
@state
class S(MachineStateBase):
    N: Param[int]
    x: StateVar[int]
    done: StateVar[bool]
    name: StateVar[str]
    colour: StateVar[Colour]
    A: StateVar[set[int]]
    m: StateVar[dict[int, int]]
    queue: StateVar[list[int]]
    job: StateVar[Job]
    reply: StateVar[Reply]

"""

INIT = """
@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x, s.done, s.name, s.colour = 0, False, "", Colour.RED
    s.A, s.m, s.queue = Set(1, 2), Map((1, 0)), List(int)
    s.job, s.reply = Job(owner="ann", size=1), Reply.Lost()

"""

INSTANCE = """
@instance
def small():
    return S(N=3)

"""

IDLE = """
@action
def step(c: Context[S]):
    c.assume(False)

"""

SMALL_STATE = """
@state
class S(MachineStateBase):
    x: StateVar[int]

"""

SMALL_INSTANCE = """
@instance
def small():
    return S()
"""

SMALL_INIT = """
@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

"""


NO_STEP = TYPES + STATE + INIT + INSTANCE


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong spelling and the mended one; `text` puts either into a whole module, beside other files."""

    name: str
    wrong: str
    right: str
    text: Callable[[str], str]
    beside: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        object.__setattr__(self, "wrong", dedent(self.wrong).strip("\n"))
        object.__setattr__(self, "right", dedent(self.right).strip("\n"))


def step(name: str, wrong: str, right: str, before: str = "") -> Mistake:
    """Lines of the action `step`, in which `s` is the state; `before` stands above it."""

    def text(body: str) -> str:
        head = f"{dedent(before).strip()}\n\n\n@action\ndef step(c: Context[S]):\n    s = c.state\n"
        return HEADER + TYPES + STATE + INIT + INSTANCE + head.lstrip() + indent(body, "    ") + "\n"

    return Mistake(name, wrong, right, text)


def prop(name: str, wrong: str, right: str, before: str = "") -> Mistake:
    """Lines of an invariant of the state `s`."""

    def text(body: str) -> str:
        head = f"{dedent(before).strip()}\n\n\n@invariant\ndef p(s: S):\n"
        return HEADER + TYPES + STATE + INIT + INSTANCE + IDLE + head + indent(body, "    ") + "\n"

    return Mistake(name, wrong, right, text)


def init(name: str, wrong: str, right: str) -> Mistake:
    """Lines of the initial action of a state of two ints, `x` and `y`, and a parameter N."""

    def text(body: str) -> str:
        state = SMALL_STATE.rstrip() + "\n    y: StateVar[int]\n    N: Param[int]\n\n"
        head = "@action(init=True)\ndef init(c: Context[S]):\n    s = c.state\n"
        return HEADER + state + IDLE + INSTANCE + head + indent(body, "    ") + "\n"

    return Mistake(name, wrong, right, text)


def after(name: str, wrong: str, right: str, *, before: str = "", base: str = "") -> Mistake:
    """Definitions that follow a complete spec (or the given base)."""

    def text(body: str) -> str:
        whole = base or TYPES + STATE + INIT + INSTANCE + IDLE
        return HEADER + whole + (dedent(before).strip() + "\n\n" if before else "") + body + "\n"

    return Mistake(name, wrong, right, text)


def fields(name: str, wrong: str, right: str, *, before: str = "", value: str = "") -> Mistake:
    """A field of the state class, to which init gives a value where there is one."""

    def text(body: str) -> str:
        state = SMALL_STATE.rstrip() + "\n" + indent(body, "    ") + "\n\n"
        given = f"    c.state.y = {value}\n\n" if value else ""
        head = dedent(before).strip() + "\n\n" if before else ""
        return HEADER + head + state + SMALL_INIT.rstrip() + "\n" + given + IDLE + SMALL_INSTANCE

    return Mistake(name, wrong, right, text)


def whole(name: str, wrong: str, right: str, beside: dict[str, str] | None = None, encoding: str = "utf-8") -> Mistake:
    """A whole module under the usual imports."""
    return Mistake(name, wrong, right, lambda body: HEADER + body + "\n", dict(beside or {}), encoding)


def bare(name: str, wrong: str, right: str, beside: dict[str, str] | None = None) -> Mistake:
    """The first lines of a module, without the usual imports, of a complete spec."""
    rest = SMALL_STATE + SMALL_INIT + IDLE
    return Mistake(name, wrong, right, lambda body: body + "\n" + rest, dict(beside or {}))
