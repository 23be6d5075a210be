"""What Models, expressions and statements read like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ir.models import ALL, BY, COUNT, LIMIT, MESSAGE, PLAN, branches, counter, doubled, forall, num, numbers, op

from speccheck.ir.models import Model
from speccheck.ir.nodes import Apply, Bind, Clause, Const, Expr, Local, Read
from speccheck.ir.text import expression_text, model_text, statement_text, type_text
from speccheck.ir.types import BOOL, INT, STR, ListType, MapType, SetType, TupleType
from speccheck.ir.values import FrozenMap

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("make", ALL)
def test_a_model_reads_as_reviewed(make: Callable[[], Model], golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / f"{make.__name__}.txt", model_text(make()))


def test_a_bound_model_shows_its_instance_and_values() -> None:
    text = model_text(counter().instance("small"))
    assert text.startswith("spec counter, instance small\n")
    assert "  N: Param[int] = 5\n" in text


def test_a_type_reads_like_its_annotation() -> None:
    assert type_text(MapType(STR, TupleType((INT, SetType(PLAN))))) == "dict[str, tuple[int, set[Plan]]]"


X, P, Q, R = Local(INT, "x.4"), Local(BOOL, "p"), Local(BOOL, "q"), Local(BOOL, "r")
S, T, L = Local(SetType(INT), "S"), Local(SetType(INT), "T"), Local(ListType(INT), "l")
M, PAIR, U = Local(MapType(STR, INT), "m"), Local(TupleType((INT, STR)), "t"), Local(MESSAGE, "u")
PLAN_LOCAL = Local(PLAN, "plan")

READINGS: list[tuple[Expr, str]] = [
    (op("sub", num(1), op("sub", num(2), num(3))), "1 - (2 - 3)"),
    (op("sub", op("sub", num(1), num(2)), num(3)), "1 - 2 - 3"),
    (op("mul", op("add", num(1), X), op("neg", X)), "(1 + x) * -x"),
    (op("pow", num(-2), op("pow", X, num(2))), "(-2) ** x ** 2"),
    (op("floordiv", op("mod", X, num(2)), op("mul", X, X)), "x % 2 // (x * x)"),
    (op("and", P, op("or", Q, R)), "p and (q or r)"),
    (op("or", op("and", P, Q), op("and", Q, R)), "p and q or q and r"),
    (op("and", P, op("and", Q, R)), "p and (q and r)"),
    (op("implies", P, op("implies", Q, R)), "p implies q implies r"),
    (op("implies", op("implies", P, Q), R), "(p implies q) implies r"),
    (op("not", op("eq", P, op("not", Q))), "not p == (not q)"),
    (op("not", op("set_contains", S, X)), "x not in S"),
    (op("and", P), "and(p)"),
    (op("ite", P, num(1), op("ite", Q, num(2), num(3))), "1 if p else 2 if q else 3"),
    (op("ite", op("ite", P, Q, R), num(1), num(2)), "1 if (q if p else r) else 2"),
    (op("add", op("ite", P, num(1), num(2)), num(3)), "(1 if p else 2) + 3"),
    (op("subset", op("set_union", S, op("set_intersection", S, T)), T), "S | S & T <= T"),
    (op("set_difference", S, op("set_union", S, T)), "S - (S | T)"),
    (op("proper_subset", S, numbers()), "S < Set(int)"),
    (op("set_size", op("set_make", X, num(2))), "{x, 2}.size"),
    (op("set_flatten", op("set_make", S)), "{S}.flattened"),
    (op("all_subsets", op("interval", num(1), X)), "AllSubsets(Interval(1, x))"),
    (op("all_maps", S, T), "AllMaps(S, T)"),
    (op("all_tuples", S, T), "AllTuples(S, T)"),
    (
        op("all_records", S, op("map_keys", M), op("all_subsets", S), of=SetType(PLAN)),
        "AllRecords[Plan](epoch=S, owner=m.keys, ready=AllSubsets(S))",
    ),
    (op("map_make", Const(STR, "a"), X), '{"a": x}'),
    (op("map_get", op("map_insert", M, Const(STR, "a"), X), Const(STR, "b")), 'm.insert("a", x)["b"]'),
    (op("map_values", op("map_replace", M, Const(STR, "a"), X)), 'm.replace("a", x).values'),
    (op("list_get", op("list_concat", L, op("list_make", X)), num(-1)), "(l + [x])[-1]"),
    (op("list_slice", L, X, op("list_size", L)), "l[x:l.size]"),
    (op("list_replace", op("range", num(0), X), num(0), X), "Range(0, x).replace(0, x)"),
    (op("list_contains", L, op("list_get", L, num(0))), "l[0] in l"),
    (op("tuple_make", X), "(x,)"),
    (op("tuple_make"), "Tuple()"),
    (op("tuple_get", op("tuple_replace", PAIR, X, attribute=0), attribute=0), "t.replace(0, x)[0]"),
    (
        op("record_get", op("record_replace", PLAN_LOCAL, X, attribute="epoch"), attribute="epoch"),
        "plan.replace(epoch=x).epoch",
    ),
    (op("union_tag", U), "u.tag"),
    (op("union_make", op("tuple_make", X, X), attribute="Moved", of=MESSAGE), "Message.Moved((x, x))"),
    (
        Const(MapType(STR, SetType(INT)), FrozenMap({"b": frozenset(), "a": frozenset({2, 1})})),
        '{"a": {1, 2}, "b": Set(int)}',
    ),
    (Const(ListType(INT), ()), "List(int)"),
    (Const(STR, 'a"\\\n\x1b'), '"a\\"\\\\\\n\\x1b"'),
    (Const(INT, "five"), "<no value of int>"),
    (op("and", forall(X, S, op("lt", X, num(1))), P), "(forall x in S: x < 1) and p"),
    (Apply(INT, "add", (X, X, X)), "add(x, x, x)"),
    (Apply(INT, "frob", (X,), 3), "frob(x)"),
]


@pytest.mark.parametrize(("expr", "text"), READINGS, ids=[text for _, text in READINGS])
def test_an_expression_reads_like_its_authors_language(expr: Expr, text: str) -> None:
    assert expression_text(expr) == text


def test_locals_of_one_stem_are_told_apart_and_others_lose_their_number() -> None:
    outer, inner = Local(INT, "x.17"), Local(INT, "x.4")
    expr = forall(outer, S, forall(inner, T, op("le", inner, outer)))
    assert expression_text(expr) == "forall x in S: forall x.2 in T: x.2 <= x"


def test_versions_are_shown_where_they_are_asked_for() -> None:
    later = op("lt", Read(INT, "count", 2), COUNT)
    assert expression_text(later) == "s.count < s.count"
    assert expression_text(later, versions=True) == "s.count@2 < s.count"


def test_a_statement_reads_on_one_line() -> None:
    model = branches()
    assert statement_text(model.actions[0].block[0], versions=True) == "put(to + s.a) giving s.a@1"
    assert statement_text(model.step.block[0]) == "alternatives"
    assert statement_text(counter().step.block[0], 10) == "one_of by…"


def test_a_long_expression_is_cut_however_large_it_is_written_out() -> None:
    text = expression_text(doubled(500))
    assert len(text) == 200
    assert text.endswith("…")
    assert expression_text(op("add", COUNT, num(1)), 5) == "s.co…"


def test_a_deep_expression_needs_no_stack() -> None:
    deep: Expr = COUNT
    for _ in range(50_000):
        deep = op("neg", deep)
    assert expression_text(deep, 10) == "-(-(-(-(-…"
    base = counter()
    body = op("eq", deep, LIMIT)
    text = model_text(replace(base, properties=(replace(base.properties[0], body=body),)))
    assert text.count("-") == 50_000


def test_the_text_of_a_shared_graph_grows_with_its_nodes() -> None:
    base = counter()

    def size(levels: int) -> int:
        body = op("eq", doubled(levels), LIMIT)
        return len(model_text(replace(base, properties=(replace(base.properties[0], body=body),))))

    assert size(400) - size(300) < 1.2 * (size(300) - size(200))


def test_long_lines_break_between_operands_and_entries() -> None:
    base = counter()
    conjuncts = [op("ne", COUNT, num(10**20 + n)) for n in range(5)]
    entries = op("set_contains", numbers(*range(10**20, 10**20 + 8)), COUNT)
    body = forall(BY, op("set_make", num(1)), op("and", *conjuncts, op("or", entries, op("eq", BY, COUNT))))
    text = model_text(replace(base, properties=(replace(base.properties[0], body=body),)))
    assert max(map(len, text.splitlines())) <= 110
    assert (
        """
  forall by in {1}:
      s.count != 100000000000000000000
          and s.count != 100000000000000000001
"""
        in text
    )


def test_names_that_do_not_print_cannot_disturb_the_reader() -> None:
    evil = "x\x1b[2J\n"
    base = counter()
    local = Local(INT, evil)
    body = Bind(BOOL, "forall", (Clause(local, S),), op("eq", local, Read(INT, evil, 0)))
    text = model_text(
        replace(base, name=evil, doc=evil, properties=(replace(base.properties[0], name=evil, body=body),))
    )
    assert "\x1b" not in text
    assert 'forall "x\\x1b[2J\\n" in S' in text
