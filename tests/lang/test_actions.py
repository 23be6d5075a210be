"""Actions: reads and writes of the state, assumptions, choices, branches, calls, and what is refused of them."""

from __future__ import annotations

import pytest
from tests.lang.specs import COUNTER, Author

from speccheck.ir.text import model_text
from speccheck.reports import Verdict

PAIR = """
@state
class S(MachineStateBase):
    x: StateVar[int]
    y: StateVar[int]
    m: StateVar[dict[str, dict[str, int]]]
    u: StateVar[dict[int, int], UPSERT]
    l: StateVar[list[int]]

@action(init=True)
def init(c: Context[S]):
    s = c.state
    s.x, s.y = 1, 2
    s.m = Map(("a", Map(("b", 0))))
    s.u = Map(int, int)
    s.l = List(0, 0)
"""


def _after(author: Author, step: str, expected: str) -> Verdict:
    """The verdict on: some state satisfies the expectation."""
    body = "".join(f"    {line}\n" for line in step.splitlines())
    text = PAIR + f"@action\ndef step(c: Context[S]):\n    s = c.state\n    c.assume(s.x == 1)\n{body}"
    return author.results(text + f"@example\ndef reached(s: S):\n    return {expected}\n")["reached"].verdict


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("old = s.x\ns.x += 1\ns.y = old", "(s.x == 2) & (s.y == 1)"),
        ("s.x += 1\ns.y = s.x", "(s.x == 2) & (s.y == 2)"),
        ("with s.editing() as upd:\n    upd.x = s.y\n    upd.y = s.x", "(s.x == 2) & (s.y == 1)"),
        ("with s.editing() as upd:\n    upd.x = s.y\n    upd.l[0] = 1\n    upd.l[1] = 2", "s.l == [1, 2]"),
        ("s.x = 5\ns.m['a']['b'] += s.x", "s.m['a']['b'] == 5"),
        ("s.x = 5\ns.u[3] = 4\ns.u[3] += 1", "s.u == {3: 5}"),
        ("s.x = 5\ns.l[0] = 1\ns.l[1] = 2", "s.l == [1, 2]"),
        ("s.x = 5\nold = s.l\ns.l[0] = 1\ns.y = old[0]", "(s.y == 0) & (s.l == [1, 0])"),
        ("with c.one_of(Set(5, 6), 'n') as n:\n    s.x = n\ns.y = n", "(s.x == 6) & (s.y == 6)"),
        (
            "a, b = c.alternatives('a', 'b')\nwith a:\n    s.x = 5\nwith b:\n    s.x = 6\ns.y = s.x",
            "(s.x == 6) & (s.y == 6)",
        ),
        ("yes, no = c.split(s.y == 2)\nwith no:\n    s.x = 5\nwith yes:\n    s.x = 6", "s.x == 6"),
        ("yes, no = c.split(s.y == 3)\nwith yes:\n    s.y = 9\ns.x = s.y + 1", "(s.x == 3) & (s.y == 2)"),
        ("e = c.cache(s.y * 10, 'e')\ns.y = 0\ns.x = e", "s.x == 20"),
        ("e = c.cache(s.y // 0, 'unused')\ns.x = 5", "s.x == 5"),
    ],
)
def test_a_step_does_what_its_lines_say(author: Author, step: str, expected: str) -> None:
    assert _after(author, step, expected) is Verdict.HOLDS


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("s.x = 1\ns.x = 2", "double-assignment"),
        ("s.l[0] = 1\ns.l = [1, 2]", "double-assignment"),
        ("a, b = c.alternatives('a', 'b')\nwith a:\n    s.x = 2\nwith b:\n    pass\ns.x = 3", "double-assignment"),
        ("m = s.m['a']\ns.m['a']['b'] = 1\nm['b'] = 2", "stale-write"),
        ("s.x = True", "type-mismatch"),
        ("s.z = 1", "no-such-variable"),
        ("c.one_of(Set(1), 'n')", "choice-never-entered"),
        ("n = c.one_of(Set(1), 'n')\ns.x = n.value", "choice-never-entered"),
        ("c.one_of([1], 'n')", "choice-domain"),
        ("a, b = c.alternatives('a', 'b')\nwith a:\n    s.x = 2\ns.y = 1", "alternative-never-entered"),
        ("a, b = c.alternatives('a', 'b')\nwith a:\n    pass\nwith a:\n    pass", "branch-twice"),
        (
            "a, b = c.alternatives('a', 'b')\nwith a:\n    with c.one_of(Set(1), 'n') as n:\n        pass\nwith b:\n    pass\ns.x = n",
            "bound-in-branch",
        ),
        ("if s.x:\n    s.x = 2", "type-mismatch"),
        ("while s.x == 1:\n    pass", "while-expression"),
        ("for n in Set(1, 2):\n    s.x = n", "iteration-over-expression"),
        ("c.assume(s.x)", "type-mismatch"),
        ("del s.m['a']", "deletion"),
        ("(s.x + 1).foo = 2", "assignment-to-value"),
        ("yes, no = c.split(s.x == 1)\nwith yes:\n    s.x = 2\ns.y = 1\nwith no:\n    pass", "late-branch"),
    ],
)
def test_a_step_that_is_wrong_is_refused_at_its_line(author: Author, step: str, code: str) -> None:
    body = "".join(f"    {line}\n" for line in step.splitlines())
    error = author.error(PAIR + f"@action\ndef step(c: Context[S]):\n    s = c.state\n{body}")
    assert error.code == code


NAMED = (
    COUNTER
    + """
@action(inline=False)
def add(c: Context[S], by: Annotated[Expr, int]):
    c.assume(c.state.x + by <= c.state.N)
    c.state.x += by

@invariant
def bounded(s: S):
    return s.x <= 2
"""
)


def test_named_actions_label_the_step_with_their_arguments(author: Author) -> None:
    result = author.results(
        NAMED + "@action\ndef step(c: Context[S]):\n    with c.one_of(Set(1, 2), 'n') as n:\n        add(c, n)\n"
    )["bounded"]
    assert result.verdict is Verdict.VIOLATED
    assert result.path is not None
    assert [(s.label[0].action, s.label[0].args) for s in result.path.states[1:]] == [
        ("add", (("by", {"#bigint": "1"}),)),
        ("add", (("by", {"#bigint": "2"}),)),
    ]
    assert result.path.states[1].choices[0].name == "n"


def test_without_a_step_the_uncalled_actions_without_arguments_are_it(author: Author) -> None:
    text = NAMED + (
        "@action(inline=False)\ndef one(c: Context[S]):\n    add(c, 1)\n\n"
        "@action(inline=False)\ndef helper(c: Context[S]):\n    c.state.x = 100\n\n"
        "@action(inline=False)\ndef two(c: Context[S]):\n    c.assume(False)\n    helper(c)\n"
    )
    report = author.report(text)
    assert report.stats.distinct == 4
    assert [s.label[0].action for p in report.properties if p.path for s in p.path.states[1:]] == ["one", "one", "one"]


def test_one_named_action_called_in_two_places_is_one_definition(author: Author) -> None:
    text = NAMED + (
        "@action\ndef step(c: Context[S]):\n    a, b = c.alternatives('a', 'b')\n"
        "    with a:\n        add(c, 1)\n    with b:\n        add(c, 2)\n"
    )
    assert [a.key for a in author.model(text).actions] == ["add"]


def test_a_callers_read_carried_into_a_named_action_is_refused(author: Author) -> None:
    text = NAMED + (
        "held = []\n\n@action(inline=False)\ndef use(c: Context[S]):\n    c.state.x = held[0]\n\n"
        "@action\ndef step(c: Context[S]):\n    held.append(c.state.x)\n    use(c)\n"
    )
    assert author.error(text).code == "foreign-read"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@action\ndef step(c: Context[S]):\n    c.state.N = 3\n", "parameter-assigned"),
        ("@action\ndef step(c: Context[S]):\n    step(c)\n", "recursion"),
        (
            "@action(inline=False)\ndef a(c: Context[S]):\n    a(c)\n\n@action\ndef step(c: Context[S]):\n    a(c)\n",
            "recursion",
        ),
        (
            "@action(inline=False)\ndef a(c: Context[S]):\n    return c.state.x\n\n@action\ndef step(c: Context[S]):\n    a(c)\n",
            "action-result",
        ),
        ("@action\ndef step(c: Context[S], n: Annotated[Expr, int]):\n    pass\n", "action-arguments"),
        ("", "no-step"),
        (
            "@action\ndef step(c: Context[S]):\n    pass\n\n@invariant\ndef p(s: S):\n    s.x = 2\n    return True\n",
            "side-effect",
        ),
        ("@action\ndef step(c: Context[S]):\n    pass\n\n@invariant\ndef p(s: S):\n    s.x == 2\n", "no-effect"),
        ("@action\ndef step(c: Context[S]):\n    pass\n\n@invariant\ndef p(s: S):\n    pass\n", "no-result"),
        ("@action\ndef step(c: Context[S]):\n    pass\n\n@instance\ndef bad():\n    return 3\n", "instance-result"),
        (
            "@action\ndef step(c: Context[S]):\n    pass\n\n@instance\ndef bad():\n    return S(N=3, x=1)\n",
            "variable-given",
        ),
    ],
)
def test_declarations_that_are_wrong_are_refused(author: Author, text: str, code: str) -> None:
    assert author.error(COUNTER + text).code == code


def test_a_variable_left_without_a_value_by_init_is_refused(author: Author) -> None:
    text = PAIR.replace("    s.x, s.y = 1, 2\n", "    s.x = 1\n") + "@action\ndef step(c: Context[S]):\n    pass\n"
    error = author.error(text)
    assert (error.code, "'y'" in error.message) == ("unassigned-variable", True)
    text = (
        PAIR.replace("    s.x, s.y = 1, 2\n", "    s.x = s.y\n    s.y = 1\n")
        + "@action\ndef step(c: Context[S]):\n    pass\n"
    )
    assert author.error(text).code == "unassigned-read"


def test_several_init_actions_run_in_order(author: Author) -> None:
    text = (
        PAIR
        + "@action(init=True)\ndef later(c: Context[S]):\n    c.assume(c.state.x == 1)\n\n@action\ndef step(c: Context[S]):\n    pass\n"
    )
    assert author.report(text).stats.distinct == 1


def test_thirty_splits_in_a_row_are_captured_in_one_pass(author: Author) -> None:
    lines = "".join(
        f"    y{n}, n{n} = c.split(c.state.x > {n})\n    with y{n}:\n        c.assume(True)\n" for n in range(30)
    )
    model = author.model(COUNTER + f"@action\ndef step(c: Context[S]):\n{lines}")
    assert model_text(model).count("split") == 30
