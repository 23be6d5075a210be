"""`@with_flow`: statements that become a conditional expression."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.reports import Verdict

STATE = """
@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

@action
def step(c: Context[S]):
    c.assume(c.state.x < 9)
    c.state.x += 1

def expected(x):
    return Ite(x < 2, 10, Ite(x < 4, 20, Ite(x < 6, 30, 40)))
"""

STYLES = {
    "statements": """
@expr
@with_flow
def size(x: Annotated[Expr, int]):
    flow.if_(x < 2)
    flow.return_(10)
    flow.elif_(x < 4)
    flow.return_(20)
    flow.else_()
    flow.if_(x < 6)
    flow.return_(30)
    flow.else_()
    flow.return_(40)
    flow.end()
    flow.end()
""",
    "with blocks": """
@expr
@with_flow
def size(x: Annotated[Expr, int]):
    with flow.if_(x < 2):
        flow.return_(10)
    with flow.elif_(x < 4):
        flow.return_(20)
    with flow.else_():
        with flow.if_(x < 6):
            flow.return_(30)
        with flow.else_():
            flow.return_(40)
""",
    "early returns, flow as a parameter": """
@expr
@with_flow
def size(flow, x: Annotated[Expr, int]):
    with flow.if_(x < 4):
        with flow.if_(x < 2):
            flow.return_(10)
        flow.return_(20)
    flow.if_(x < 6)
    flow.return_(30)
    flow.end()
    flow.return_(40)
""",
    "blocks inside statements": """
@expr(inline=False)
@with_flow
def size(x: Annotated[Expr, int], flow):
    flow.if_(x < 4)
    with flow.if_(x < 2):
        flow.return_(10)
    with flow.else_():
        flow.return_(20)
    flow.else_()
    with flow.if_(x < 6):
        flow.return_(30)
    flow.return_(40)
    flow.end()
""",
    "blocks ended by end, other names": """
from speccheck.flow import if_, else_, return_, end
@with_flow
def size(x):
    with if_(x < 4):
        if_(x < 2)
        return_(10)
        end()
        return_(20)
    end()
    if_(x >= 6)
    return_(40)
    else_()
    return_(30)
    end()
""",
    "a loop of Python makes the statements": """
@expr
@with_flow
def size(x: Annotated[Expr, int]):
    for bound, result in [(2, 10), (4, 20), (6, 30)]:
        with flow.if_(x < bound):
            flow.return_(result)
    flow.return_(40)
""",
    "one function calls another": """
@with_flow
def small(x):
    with flow.if_(x < 2):
        flow.return_(10)
    flow.return_(20)

@expr
@with_flow
def size(x: Annotated[Expr, int]):
    with flow.if_(x < 4):
        flow.return_(small(x))
    flow.return_(Ite(x < 6, 30, 40))
""",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_style_gives_the_same_expression(author: Author, style: str) -> None:
    text = STATE + STYLES[style] + "\n@invariant\ndef same(s: S):\n    return size(s.x) == expected(s.x)\n"
    assert author.results(text)["same"].verdict is Verdict.HOLDS


WRONG = {
    "nothing is returned where no condition holds": ("flow-missing-return", "flow.if_(x < 2)\nflow.return_(1)\nflow.end()"),
    "a second return": ("flow-after-return", "flow.return_(1)\nflow.return_(2)"),
    "a condition after a return": ("flow-after-return", "flow.return_(1)\nflow.if_(x < 2)\nflow.return_(1)\nflow.end()"),
    "else alone": ("flow-nesting", "flow.else_()\nflow.return_(1)"),
    "end alone": ("flow-nesting", "flow.return_(1)\nflow.end()"),
    "two elses": ("flow-nesting", "flow.if_(x < 1)\nflow.return_(1)\nflow.else_()\nflow.return_(2)\nflow.else_()\nflow.return_(3)\nflow.end()"),
    "never ended": ("flow-nesting", "flow.if_(x < 1)\nflow.return_(1)\nflow.else_()\nflow.return_(2)"),
    "not ended in its block": ("flow-nesting", "with flow.if_(x < 1):\n        flow.if_(x < 0)\n        flow.return_(1)\nflow.return_(2)"),
    "else of an ended if": ("flow-nesting", "with flow.if_(x < 1):\n        flow.return_(1)\nflow.end()\nflow.else_()\nflow.return_(2)"),
    "Python's return": ("flow-return", "flow.if_(x < 1)\nflow.return_(1)\nflow.end()\nreturn x"),
    "values of different types": ("type-mismatch", "with flow.if_(x < 1):\n        flow.return_(1)\nflow.return_(True)"),
    "a condition that is none": ("type-mismatch", "flow.if_(x)\nflow.return_(1)\nflow.end()\nflow.return_(2)"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_told(author: Author, mistake: str) -> None:
    code, body = WRONG[mistake]
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    text = STATE + f"\n@with_flow\ndef f(x):\n{lines}\n\n@invariant\ndef p(s: S):\n    return f(s.x) == 1\n"
    error = author.error(text)
    assert (error.code, error.span is not None) == (code, True)


def test_outside_of_with_flow_it_is_refused(author: Author) -> None:
    text = STATE + "\n@invariant\ndef p(s: S):\n    flow.return_(s.x == 0)\n"
    assert author.error(text).code == "flow-outside"


def test_only_the_branch_taken_is_evaluated(author: Author) -> None:
    text = (
        STATE
        + """
@expr
@with_flow
def safe(x: Annotated[Expr, int]):
    with flow.if_(x == 0):
        flow.return_(0)
    flow.return_(10 // x)

@invariant
def p(s: S):
    return safe(s.x) >= 0
"""
    )
    assert author.results(text)["p"].verdict is Verdict.HOLDS
