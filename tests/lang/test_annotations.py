"""Decorators' options and annotation forms: what each lets through, refuses, and makes of it."""

from __future__ import annotations

import pytest
from tests.lang.specs import Author

from speccheck.errors import UsageError
from speccheck.ir.nodes import Invoke, Let
from speccheck.ir.walks import bottom_up
from speccheck.reports import Verdict

STATE = """
class PC(enum.Enum):
    A = 1
    B = 2

@state
class S(MachineStateBase):
    N: Param[int]
    P: Param[set[int]]
    x: StateVar[int]
    s: StateVar[set[int]]
    m: StateVar[dict[int, int], UPSERT]
    mm: StateVar[dict[int, dict[int, int]], UPSERT]

@action(init=True)
def init(c: Context[S]):
    v = c.state
    v.x = 0
    v.s = v.P
    v.m = Map(int, int)
    v.mm = Map((1, Map((1, 1))))
"""

STEP = """
@action
def step(c: Context[S]):
    c.assume(c.state.x < c.state.N)
    c.state.x += 1
"""

INSTANCE = """
@instance
def small() -> S:
    return S(N=3, P={1, 2})
"""


def whole(*parts: str) -> str:
    return "\n".join([STATE, *parts, INSTANCE])


def invariant(text: str) -> str:
    return f"@invariant\ndef p(s: S):\n    return {text}\n"


# --- expr --------------------------------------------------------------------------------------------

EXPR = "@expr({options})\ndef f(x: Annotated[Expr, int]):\n    return x + x\n"


def property_nodes(author: Author, options: str) -> list[object]:
    model = author.model(whole(EXPR.format(options=options), STEP, invariant("f(s.x * s.x) >= 0")))
    return list(bottom_up([model.property_named("p").body], set()))


def test_an_argument_is_bound_once(author: Author) -> None:
    assert sum(isinstance(node, Let) for node in property_nodes(author, "")) == 1


def test_cache_args_false_substitutes(author: Author) -> None:
    assert not any(isinstance(node, Let) for node in property_nodes(author, "cache_args=False"))


def test_inline_false_stays_a_function(author: Author) -> None:
    nodes = property_nodes(author, "inline=False")
    assert [node.function for node in nodes if isinstance(node, Invoke)] == ["f"]


def test_pure_is_never_given_the_state(author: Author) -> None:
    pure = "@expr(pure=True)\ndef f(s):\n    return s.x\n"
    assert author.error(whole(pure, STEP, invariant("f(s) == 0"))).code == "pure-state"


def test_coerce_false_takes_and_gives_only_expressions(author: Author) -> None:
    assert (
        author.error(whole(EXPR.format(options="coerce=False"), STEP, invariant("f(1) == 2"))).code
        == "expression-wanted"
    )
    gives = "@expr(coerce=False)\ndef f(x: Annotated[Expr, int]):\n    return 1\n"
    assert author.error(whole(gives, STEP, invariant("f(s.x) == 2"))).code == "expression-wanted"
    fine = author.results(whole(EXPR.format(options="coerce=False"), STEP, invariant("f(Val(1)) == 2")))
    assert fine["p"].verdict is Verdict.HOLDS


def test_an_action_with_coerce_false_takes_only_expressions(author: Author) -> None:
    act = (
        "@action(coerce=False, inline=False)\ndef act(c: Context[S], by: Annotated[Expr, int]):\n    c.state.x += by\n"
    )
    call = "@action\ndef step(c: Context[S]):\n    c.assume(c.state.x < 3)\n    act(c, {})\n"
    assert author.error(whole(act, call.format("1"))).code == "expression-wanted"
    assert author.report(whole(act, call.format("Val(1)"))).stats.distinct == 4


@pytest.mark.parametrize(
    ("annotation", "given", "code"),
    [
        ("Annotated[Expr, int]", "True", "type-mismatch"), ("Annotated[Expr, PC]", "s.x", "type-mismatch"),
        ("Annotated[Expr, set[int]]", "{'a'}", "type-mismatch"), ("IntExpr", "s.x == 0", "type-mismatch"),
        ("BoolExpr", "s.x", "type-mismatch"), ("SetExpr", "s.m", "type-mismatch"), ("MapExpr", "s.s", "type-mismatch"),
        ("Annotated[SetExpr, set[int]]", "{1}", None), ("Annotated[Expr, dict[int, int]]", "{}", None), ("IntExpr", "3", None),
        ("Expr", "'x'", None), ("Annotated[Expr, tuple[int, bool]]", "(1, True)", None), ("Annotated[Expr, Unit]", "()", None),
        ("Annotated[Expr, list[set[int]]]", "[{1}, set()]", None), ("Annotated[Expr, 5]", "1", "not-a-type"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("options", ["", "inline=False"])
def test_an_arguments_type_is_checked(
    author: Author, annotation: str, given: str, code: str | None, options: str
) -> None:
    function = f"@expr({options})\ndef f(x: {annotation}):\n    return x == x\n"
    text = whole(function, STEP, invariant(f"f({given})"))
    if code is None:
        assert author.results(text)["p"].verdict is Verdict.HOLDS
    else:
        assert author.error(text).code == code


def test_types_are_checked_in_branches_that_no_run_takes(author: Author) -> None:
    step = "@action\ndef step(c: Context[S]):\n    yes, no = c.split(Val(False))\n    with yes:\n        c.state.x = Set(1)\n    c.state.x += 1\n"
    assert author.error(whole(step)).code == "type-mismatch"
    assert author.error(whole(STEP, invariant("Implies(False, s.x == 'a')"))).code == "type-mismatch"


# --- PARAMETER ---------------------------------------------------------------------------------------

CONSTANT = """
@expr({options})
def f(n: Annotated[Expr, int, PARAMETER]):
    return n > 0

@action(inline=False)
def act(c: Context[S], n: Annotated[Expr, int, PARAMETER], k: Annotated[Expr, int]):
    c.assume(f({inner}))
    c.assume(c.state.x < n)
    c.state.x += 1
"""

CALL = "@action\ndef step(c: Context[S]):\n    s = c.state\n    with c.one_of(s.P, 'k') as k:\n        act(c, {}, 1)\n"


@pytest.mark.parametrize("options", ["", "inline=False", "cache_args=False"])
@pytest.mark.parametrize(
    "given", ["3", "s.N", "s.N + 1", "s.P.size", "s.P.choose(lambda e: f(e))", "s.P.reduce(lambda a, e: a + e, 0)"]
)
def test_a_parameter_is_given_what_is_constant(author: Author, options: str, given: str) -> None:
    text = whole(CONSTANT.format(options=options, inner="n"), CALL.format(given))
    assert author.report(text).stats.distinct > 1


@pytest.mark.parametrize("options", ["", "inline=False"])
@pytest.mark.parametrize(
    ("given", "named"), [("s.x", "x"), ("s.N + s.x", "x"), ("k", "k"), ("k + 1", "k"), ("s.s.size", "s")]
)
def test_a_parameter_is_not_given_what_changes(author: Author, options: str, given: str, named: str) -> None:
    error = author.error(whole(CONSTANT.format(options=options, inner="n"), CALL.format(given)))
    assert error.code == "changing-parameter"
    assert f"depends on '{named}'" in error.message


def test_an_ordinary_argument_is_not_handed_on_as_a_parameter(author: Author) -> None:
    error = author.error(whole(CONSTANT.format(options="", inner="k"), CALL.format("3")))
    assert (error.code, "'k'" in error.message) == ("changing-parameter", True)


def test_an_element_of_a_set_that_changes_is_no_parameter(author: Author) -> None:
    fine = whole(CONSTANT.format(options="", inner="n"), STEP, invariant("Forall(f(e) for e in s.P)"))
    assert author.results(fine)["p"].verdict is Verdict.HOLDS
    assert author.error(fine.replace("for e in s.P", "for e in s.s")).code == "changing-parameter"


# --- UPSERT, instances, inits ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assignment", "verdict"),
    [
        ("s.m[5] = 1", Verdict.HOLDS), ("s.mm[5] = Map((1, 1))", Verdict.HOLDS), ("s.mm[1][1] = 2", Verdict.HOLDS),
        ("s.mm[1][2] = 2", Verdict.ERROR), ("s.mm[5][1] = 2", Verdict.ERROR), ("s.m[5] += 1", Verdict.ERROR),
        ("s.mm[1] = s.mm[1].insert(2, 2)", Verdict.HOLDS),
    ],
)  # fmt: skip
def test_upsert_adds_keys_to_the_variables_own_map_alone(author: Author, assignment: str, verdict: Verdict) -> None:
    step = (
        f"@action\ndef step(c: Context[S]):\n    s = c.state\n    c.assume(s.x == 0)\n    s.x = 1\n    {assignment}\n"
    )
    assert author.results(whole(step, invariant("s.x >= 0")))["p"].verdict is verdict


def test_editing_reads_the_values_before(author: Author) -> None:
    step = """
@action
def step(c: Context[S]):
    s = c.state
    c.assume(s.x == 0)
    with s.editing() as upd:
        upd.x = s.x + 1
        upd.m[s.x] = upd.x + 10
        upd.m[7] = s.m.size
"""
    text = whole(step, "@example\ndef seen(s: S):\n    return And(s.x == 1, s.m == Map((0, 10), (7, 0)))\n")
    assert author.results(text)["seen"].verdict is Verdict.HOLDS


def test_edit_changes_a_copy_of_a_map_and_a_record(author: Author) -> None:
    text = whole(
        "@record\nclass R:\n    size: Field[int]\n    f: Field[dict[int, int]]\n",
        STEP,
        "@expr\ndef changed(m):\n    with m.edit() as e:\n        e[3] = 4\n        e[3] += 1\n    return e\n",
        "@expr\ndef record(m):\n    with R(size=1, f=m)._.edit() as e:\n        e.size = 5\n        e.f = m.insert(1, 1)\n    return e\n",
        invariant("And(changed(s.m) == Map((3, 5)), s.m.is_empty, record(s.m).size == 5, record(s.m).f[1] == 1)"),
    )
    assert author.results(text)["p"].verdict is Verdict.HOLDS


def test_an_instance_gives_expressions_and_may_leave_fields_open(author: Author) -> None:
    helper = "@expr(inline=False)\ndef double(x: Annotated[Expr, int]):\n    return x * 2\n"
    base = STATE + STEP + helper + invariant("And(s.N == 4, s.P == Set(1, 2, 3))")
    given = (
        base
        + "\n@instance\ndef made() -> S:\n    return S(N=double(Set(1, ..., 2).size), P=Set(k for k in Interval(1, 3)))\n"
    )
    assert author.results(given)["p"].verdict is Verdict.HOLDS
    model = author.model(base + "\n@instance\ndef half() -> S:\n    return S(N=4)\n")
    assert model.instance("half").free_params() == ("P",)
    with pytest.raises(UsageError, match=r"P .*has no value"):
        author.report(base + "\n@instance\ndef half() -> S:\n    return S(N=4)\n")


@pytest.mark.parametrize(
    ("given", "code"), [("S(x=1)", "variable-given"), ("S(Q=1)", "no-such-variable"), ("S(N=True)", "type-mismatch"), ("S(N=1, P=Ints)", "no-value")]
)  # fmt: skip
def test_an_instance_gives_parameters_their_type(author: Author, given: str, code: str) -> None:
    assert author.error(STATE + STEP + f"\n@instance\ndef i() -> S:\n    return {given}\n").code == code


def test_several_initial_actions_run_in_order(author: Author) -> None:
    text = """
@state
class S(MachineStateBase):
    x: StateVar[int]
    y: StateVar[int]

@action(init=True)
def first(c: Context[S]):
    c.state.x = 3

@action(init=True)
def second(c: Context[S]):
    c.state.y = c.state.x * 2

@action
def step(c: Context[S]):
    c.assume(False)

@invariant
def p(s: S):
    return s.y == 6
"""
    assert author.results(text)["p"].verdict is Verdict.HOLDS
    swapped = (
        text.replace("def first", "def third")
        .replace("c.state.x = 3", "c.state.y = 1")
        .replace("c.state.y = c.state.x * 2", "c.state.x = 2")
    )
    assert author.model(swapped).initial.block


# --- coverage ----------------------------------------------------------------------------------------


def test_coverage_counts_the_values_among_the_states(author: Author) -> None:
    covers = (
        '@coverage\ndef parity(s: S):\n    """Odd or even."""\n    return (s.x % 2, s.m.is_empty)\n',
        "@coverage\ndef quotient(s: S):\n    return 6 // s.x\n",
    )
    report = author.report(whole(STEP, *covers, invariant("s.x >= 0")))
    parity, quotient = report.stats.coverage
    assert (parity.name, parity.doc, parity.distinct, parity.undefined) == ("parity", "Odd or even.", 2, 0)
    assert [(each.value["#tup"][0]["#bigint"], each.states) for each in parity.values] == [("0", 2), ("1", 2)]
    assert (quotient.distinct, quotient.undefined) == (3, 1)
    assert [p.name for p in report.properties] == ["p"]


@pytest.mark.parametrize(
    ("body", "code"),
    [("pass", "no-result"), ("s.x = 1\n    return s.x", "side-effect"), ("return s.zz", "no-such-variable"), ("return 1.5", "not-a-value")],
)  # fmt: skip
def test_a_coverage_function_only_reads(author: Author, body: str, code: str) -> None:
    assert author.error(whole(STEP, f"@coverage\ndef k(s: S):\n    {body}\n")).code == code
