"""TLC's answers beside ours: on every spec, on random programs, on random expressions, on the canonical order.

Skipped, and said so, where SPECCHECK_TLC_JAR names no tla2tools.jar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.engines.models import ap, exists, forall, invariant, model, n, transition
from tests.engines.naive import Failed, evaluate
from tests.engines.reference.test_agreement import BOOL, INT, LIST, MAP, SET, Maker
from tests.exchange import tlc
from tests.exchange.programs import Programs
from tests.ir.values import TYPES, values
from tests.specs.known import ALL
from tests.specs.libraries import SPECS, Instance

from speccheck.checking import CheckRequest, check
from speccheck.engines.base import Limits
from speccheck.engines.reference import ReferenceEngine
from speccheck.exchange.tla import exported
from speccheck.ir.models import Model, Property, Variable
from speccheck.ir.nodes import Bind, Clause, Const, Expr, Fold, Local
from speccheck.ir.types import STR, BoolType, IntType, ListType, SetType, Type, parts
from speccheck.ir.values import FrozenMap, Value, in_order
from speccheck.ir.verify import verify
from speccheck.loading import capture
from speccheck.reports import PropertyResult, Verdict

MOST_STATES = 5_000
"""Distinct states that an instance may have to be explored by TLC here."""

MOST_STATES_FOR_EXAMPLES = 300
"""Likewise, to be explored once more for each example."""

A, B = Variable("a", INT), Variable("b", INT)
VALUES = {"a": 2, "b": -1}
ALWAYS = Property("always", "invariant", Const(BOOL, True))

quick = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@pytest.fixture(scope="module", autouse=True)
def _jar() -> None:
    tlc.jar()


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[Model], tlc.Outcome]:
    """What TLC says of all invariants of a model."""
    count = 0

    def run(made: Model) -> tlc.Outcome:
        nonlocal count
        count += 1
        export = exported(made)
        return tlc.run(export, tlc.written(export, tmp_path / str(count)), f"{export.module}.cfg")

    return run


# --- every spec --------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [each for each in ALL if each.distinct <= MOST_STATES], ids=str)
def test_counts_and_verdicts_are_those_of_the_specs(known: Instance, tmp_path: Path) -> None:
    file = SPECS / f"{known.spec}.py"
    made = capture(file if file.exists() else SPECS / known.spec)
    export = exported(made.instance(known.name))
    (report,) = check(made, CheckRequest(instances=(known.name,)))
    kinds = {export.configurations[each.name]: each.kind for each in made.properties}
    for number, (configuration, kind) in enumerate(kinds.items()):
        if kind == "example" and known.distinct > MOST_STATES_FOR_EXAMPLES:
            continue
        outcome = tlc.run(export, tlc.written(export, tmp_path / str(number)), configuration)
        results = [each for each in report.properties if export.configurations.get(each.name) == configuration]
        assert outcome.errors == (), outcome.text
        if not outcome.temporal:  # TLC stops at a behaviour that breaks a property
            assert (outcome.distinct, outcome.generated) == (known.distinct, known.generated)
        assert_verdicts(results, outcome)


def assert_verdicts(results: Sequence[PropertyResult], outcome: tlc.Outcome) -> None:
    """TLC names one broken invariant a state, so each that it names is broken, and some are where it names any."""
    broken = {each.name for each in results if each.kind == "invariant" and each.verdict is Verdict.VIOLATED}
    found = {f"Never_{each.name}" for each in results if each.kind == "example" and each.verdict is Verdict.HOLDS}
    assert outcome.violated <= broken | found
    assert bool(outcome.violated) == bool(broken | found)
    temporal = [each for each in results if each.kind == "temporal"]
    assert outcome.temporal == any(each.verdict is Verdict.VIOLATED for each in temporal)


# --- random programs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_have_the_same_counts_and_errors(seed: int, ask: Callable[[Model], tlc.Outcome]) -> None:
    made = Programs(Random(seed), partial=seed % 3 == 0).made()
    made = replace(made, properties=(*made.properties, ALWAYS))
    verify(made)
    limits = Limits(timeout_s=10)
    small, always = ReferenceEngine().run(made, ("small", "always"), limits).properties
    if always.verdict is Verdict.UNKNOWN:
        pytest.skip("too many ways to compare")
    outcome = ask(made)
    if always.verdict is Verdict.ERROR:
        assert outcome.errors != ()
        return
    stats = ReferenceEngine().run(made, (), limits).stats
    assert outcome.errors == (), outcome.text
    assert (outcome.distinct, outcome.generated) == (stats.distinct, stats.generated)
    assert (outcome.violated == {"small"}) is (small.verdict is Verdict.VIOLATED)


# --- random expressions ------------------------------------------------------------------------------


def made_from(seed: int) -> Expr:
    maker = Maker(Random(seed))
    return maker.make(maker.random.choice([INT, BOOL, SET, LIST, MAP]), 5)


def small(value: Value, type_: Type) -> bool:
    """Whether TLC can read every integer of a value."""
    match type_:
        case IntType():
            return bool(abs(value) < 1 << 31)
        case BoolType():
            return True
        case _ if isinstance(value, FrozenMap):
            return all(small(k, INT) and small(v, INT) for k, v in value.items())
        case _:
            (element,) = parts(type_)
            return all(small(each, element) for each in value)


def test_random_expressions_have_the_same_values(ask: Callable[[Model], tlc.Outcome]) -> None:
    asked: list[Property] = []
    for seed in range(300):
        expr = made_from(seed)
        try:
            value = evaluate(expr, VALUES, {})
        except Failed:
            continue
        if small(value, expr.type):
            asked.append(invariant(f"seed{seed}", ap("eq", expr, Const(expr.type, value))))
    assert len(asked) > 100
    for start in range(0, len(asked), 50):
        outcome = ask(model([A, B], VALUES, transition(), asked[start : start + 50]))
        assert (outcome.errors, outcome.violated) == ((), frozenset()), outcome.text


def test_expressions_without_a_value_are_errors(ask: Callable[[Model], tlc.Outcome]) -> None:
    failing: list[int] = []
    for seed in range(1_000, 1_100):
        expr = made_from(seed)
        try:
            evaluate(expr, VALUES, {})
        except Failed:
            failing.append(seed)
            outcome = ask(model([A, B], VALUES, transition(), [invariant("p", ap("eq", expr, expr))]))
            assert outcome.errors != (), f"seed {seed}: {outcome.text}"
        if len(failing) == 15:
            return
    raise AssertionError("too few expressions without a value")


X = Local(INT, "x")
DIVIDED = ap("floordiv", n(6), X)
TWO = Const(SET, frozenset({-1, 0, 1}))
GRANTED = ap("gt", DIVIDED, n(0))


@pytest.mark.parametrize(
    "body",
    [
        forall(X, TWO, GRANTED),
        exists(X, TWO, ap("eq", DIVIDED, n(-6))),
        ap("set_contains", Bind(SET, "filter", (Clause(X, TWO),), GRANTED), n(1)),
        ap("set_contains", ap("map_keys", Bind(MAP, "mapping", (Clause(X, TWO),), DIVIDED)), n(1)),
        ap("eq", ap("list_size", Bind(LIST, "list_map", (Clause(X, Const(LIST, (0, 1))),), DIVIDED)), n(2)),
        ap("eq", Fold(INT, TWO, n(0), Local(INT, "t"), (X,), ap("ite", ap("eq", X, n(1)), n(0), DIVIDED)), n(0)),
        ap("set_contains", ap("map_keys", ap("map_replace", Const(MAP, FrozenMap({1: 1})), n(2), n(0))), n(1)),
        ap("eq", ap("list_size", ap("list_replace", Const(LIST, (1,)), n(1), n(0))), n(1)),
        ap("eq", ap("list_size", ap("list_slice", Const(LIST, (1,)), n(-1), n(1))), n(1)),
        ap("eq", ap("pow", n(2), ap("neg", n(1))), n(0)),
        ap("eq", ap("mod", n(1), ap("sub", n(1), n(1))), n(0)),
    ],
)
def test_an_error_in_any_element_is_an_error(body: Expr, ask: Callable[[Model], tlc.Outcome]) -> None:
    made = model([A], {"a": 1}, transition(), [Property("p", "invariant", body)])
    assert ReferenceEngine().run(made, ("p",), Limits()).properties[0].verdict is Verdict.ERROR
    assert ask(made).errors != ()


def test_division_is_that_of_python(ask: Callable[[Model], tlc.Outcome]) -> None:
    pairs = [(a, b) for a in (-7, -6, 0, 6, 7) for b in (-3, -1, 1, 3)]
    bodies = [
        ap("and", ap("eq", ap("floordiv", n(a), n(b)), n(a // b)), ap("eq", ap("mod", n(a), n(b)), n(a % b)))
        for a, b in pairs
    ]
    powers = [ap("eq", ap("pow", n(a), ap("add", n(b), n(0))), n(a**b)) for a in (-2, 0, 3) for b in (0, 1, 3)]
    asked = [invariant(f"p{k}", body) for k, body in enumerate((*bodies, *powers))]
    outcome = ask(model([A], {"a": 1}, transition(), asked))
    assert (outcome.errors, outcome.violated) == ((), frozenset()), outcome.text


# --- the canonical order -----------------------------------------------------------------------------


def folded_in_order(type_: Type, found: frozenset[Value]) -> Property:
    """That a fold meets the elements of a set in canonical order."""
    item, before = Local(type_, "item"), Local(ListType(type_), "before")
    start = Const(ListType(type_), ())
    over = Const(SetType(type_), found)
    longer = ap("list_concat", before, ap("list_make", item))
    fold = Fold(ListType(type_), over, start, before, (item,), longer)
    return invariant("p", ap("eq", fold, Const(ListType(type_), tuple(in_order(found, type_)))))


def narrow(value: Value) -> Value:
    """The value with integers that TLC can read."""
    match value:
        case bool() | str():
            return value
        case int():
            return max(-1_000, min(1_000, value))
        case FrozenMap():
            return FrozenMap({narrow(k): narrow(v) for k, v in value.items()})
        case frozenset():
            return frozenset(map(narrow, value))
        case _:
            return tuple(map(narrow, value))


SETS = TYPES.flatmap(lambda t: st.tuples(st.just(t), st.frozensets(values(t), max_size=5)))


@quick
@given(cases=st.lists(SETS, min_size=25, max_size=25))
def test_folds_go_in_canonical_order(
    cases: list[tuple[Type, frozenset[Value]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = [
        replace(folded_in_order(type_, frozenset(map(narrow, found))), name=f"p{k}")
        for k, (type_, found) in enumerate(cases)
    ]
    export = exported(model([A], {"a": 1}, transition(), asked))
    folder = tlc.written(export, tmp_path_factory.mktemp("order"))
    outcome = tlc.run(export, folder, f"{export.module}.cfg")
    assert (outcome.errors, outcome.violated) == ((), frozenset()), outcome.text


def test_texts_of_every_two_ascii_characters_are_texts(ask: Callable[[Model], tlc.Outcome]) -> None:
    marks = [chr(code) for code in range(128) if not chr(code).isalnum()]
    texts = Const(SetType(STR), frozenset(a + b for a in marks for b in marks))
    all_differ = ap("eq", ap("set_size", texts), n(len(marks) ** 2))
    outcome = ask(model([A], {"a": 1}, transition(), [invariant("p", all_differ)]))
    assert (outcome.errors, outcome.violated) == ((), frozenset()), outcome.text


def test_variables_may_be_called_as_the_librarys_operators_call_their_parameters(
    ask: Callable[[Model], tlc.Outcome],
) -> None:
    names = ("map", "key", "value", "list", "set", "a", "b", "x", "y", "place", "collection", "left", "Least")
    variables = [Variable(name, INT) for name in names]
    least = Bind(INT, "choose", (Clause(X, TWO),), ap("ne", X, n(7)))
    replaced = ap("map_replace", Const(MAP, FrozenMap({1: 1})), n(1), n(2))
    asked = [invariant("p", ap("eq", least, n(-1))), invariant("q", ap("eq", ap("map_get", replaced, n(1)), n(2)))]
    outcome = ask(model(variables, dict.fromkeys(names, 0), transition(), asked))
    assert (outcome.errors, outcome.violated, outcome.distinct) == ((), frozenset(), 1), outcome.text
