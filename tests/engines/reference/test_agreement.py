"""Random expressions mean the same, and fail at the same node, on the engine and evaluated naively.

The expressions are graphs: what was made once is used again, inside and outside binders, under names and not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.models import ap
from tests.engines.naive import Failed, evaluate
from tests.engines.running import value

from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.nodes import Arm, Bind, Clause, Const, Expr, Fold, Let, Local, Match, Read
from speccheck.ir.types import BOOL, INT, UNIT, ListType, MapType, SetType, TupleType, Type, UnionType
from speccheck.ir.values import Value

SET, LIST, MAP = SetType(INT), ListType(INT), MapType(INT, INT)
UNION = UnionType("Option", (("None", UNIT), ("Some", INT)))
VARIABLES = ("a", "b")


@dataclass
class Maker:
    """Makes expressions of a type from what is in scope, using again what it made before in that scope."""

    random: Random
    names: int = 0
    pool: list[Expr] = field(default_factory=list)

    def fresh(self, type_: Type) -> Local:
        """A local with a name of its own."""
        self.names += 1
        return Local(type_, f"v{self.names}")

    def make(self, type_: Type, depth: int) -> Expr:
        """An expression of the type; often one that was made before."""
        known = [expr for expr in self.pool if expr.type == type_]
        if known and self.random.random() < 0.5:
            return self.random.choice(known)
        if depth <= 0:
            return self.leaf(type_)
        made = self.node(type_, depth - 1)
        self.pool.append(made)
        return made

    def leaf(self, type_: Type) -> Expr:
        if type_ == INT and self.random.random() < 0.5:
            return Read(INT, self.random.choice(VARIABLES), 0)
        small = [self.random.randint(-1, 3) for _ in range(self.random.randint(1, 3))]
        by_type = {INT: small[0], BOOL: small[0] > 0, SET: frozenset(small), LIST: tuple(small)}
        if type_ in by_type:
            return Const(type_, by_type[type_])
        if type_ == MAP:
            return ap("map_make", self.leaf(INT), self.leaf(INT), self.leaf(INT), self.leaf(INT))
        return ap("union_make", self.leaf(INT), attribute="Some", declared=UNION)

    def node(self, type_: Type, depth: int) -> Expr:
        general = [self.let, self.ite, self.match]
        return self.random.choice(general + self.special(type_))(type_, depth)

    def special(self, type_: Type) -> list[Callable[[Type, int], Expr]]:
        if type_ == INT:
            return [self.arithmetic, self.twice, self.looked_up, self.chosen, self.folded]
        if type_ == BOOL:
            return [self.compared, self.logic, self.quantified]
        if type_ == SET:
            return [self.comprehension, self.comprehension, self.set_algebra]
        if type_ == LIST:
            return [self.list_comprehension, self.listed]
        if type_ == MAP:
            return [self.mapping, self.inserted]
        return [self.tagged]

    def within(self, local: Local, type_: Type, depth: int) -> Expr:
        """An expression in which a local is in scope; what is made there is not used outside."""
        before = list(self.pool)
        self.pool.append(local)
        made = self.make(type_, depth)
        self.pool[:] = before
        return made

    def let(self, type_: Type, depth: int) -> Expr:
        given_ = self.make(self.random.choice([INT, SET, BOOL]), depth)
        local = self.fresh(given_.type)
        return Let(type_, local, given_, self.within(local, type_, depth))

    def ite(self, type_: Type, depth: int) -> Expr:
        return ap("ite", self.make(BOOL, depth), self.make(type_, depth), self.make(type_, depth))

    def match(self, type_: Type, depth: int) -> Expr:
        payload = self.fresh(INT)
        subject = self.make(UNION, depth)
        arm = Arm("Some", payload, self.within(payload, type_, depth))
        return Match(type_, subject, (arm,), self.make(type_, depth))

    def arithmetic(self, type_: Type, depth: int) -> Expr:
        op = self.random.choice(["add", "sub", "mul", "add", "sub", "mul", "floordiv", "mod"])
        return ap(op, self.make(INT, depth), self.make(INT, depth))

    def twice(self, type_: Type, depth: int) -> Expr:
        once = self.make(INT, depth)
        return ap("add", once, once)

    def looked_up(self, type_: Type, depth: int) -> Expr:
        op, of = self.random.choice([("map_get", MAP), ("list_get", LIST)])
        return ap(op, self.make(of, depth), self.make(INT, depth))

    def clause(self, depth: int) -> Clause:
        return Clause(self.fresh(INT), self.make(self.random.choice([SET, LIST]), depth))

    def chosen(self, type_: Type, depth: int) -> Expr:
        clause = Clause(self.fresh(INT), self.make(SET, depth))
        return Bind(INT, "choose", (clause,), self.within(clause.local, BOOL, depth))

    def folded(self, type_: Type, depth: int) -> Expr:
        over = self.make(self.random.choice([SET, LIST, MAP]), depth)
        accumulator = self.fresh(INT)
        items = tuple(self.fresh(INT) for _ in range(2 if over.type == MAP else 1))
        start = self.make(INT, depth)
        before = list(self.pool)
        self.pool += [accumulator, *items]
        body = self.make(INT, depth)
        self.pool[:] = before
        return Fold(INT, over, start, accumulator, items, body)

    def compared(self, type_: Type, depth: int) -> Expr:
        of = self.random.choice([INT, SET, LIST, MAP])
        return ap(self.random.choice(["eq", "ne"]), self.make(of, depth), self.make(of, depth))

    def logic(self, type_: Type, depth: int) -> Expr:
        op = self.random.choice(["and", "or", "implies"])
        return ap(op, self.make(BOOL, depth), self.make(BOOL, depth))

    def quantified(self, type_: Type, depth: int) -> Expr:
        op = self.random.choice(["forall", "exists"])
        return self.bind(BOOL, op, BOOL, self.random.randint(1, 2), depth)

    def bind(self, type_: Type, op: str, body: Type, clauses: int, depth: int) -> Expr:
        """A binder over sets and lists, later domains seeing earlier locals."""
        before, made = list(self.pool), []
        for _ in range(clauses):
            made.append(self.clause(depth))
            self.pool.append(made[-1].local)
        inside = self.make(body, depth)
        self.pool[:] = before
        return Bind(type_, op, tuple(made), inside)

    def comprehension(self, type_: Type, depth: int) -> Expr:
        op, body = self.random.choice([("image", INT), ("filter", BOOL)])
        return self.bind(SET, op, body, 1, depth)

    def set_algebra(self, type_: Type, depth: int) -> Expr:
        op = self.random.choice(["set_union", "set_intersection", "set_difference"])
        return ap(op, self.make(SET, depth), self.make(SET, depth))

    def list_comprehension(self, type_: Type, depth: int) -> Expr:
        op, body = self.random.choice([("list_map", INT), ("list_filter", BOOL)])
        clause = Clause(self.fresh(INT), self.make(LIST, depth))
        return Bind(LIST, op, (clause,), self.within(clause.local, body, depth))

    def listed(self, type_: Type, depth: int) -> Expr:
        return ap("list_make", self.make(INT, depth), self.make(INT, depth))

    def mapping(self, type_: Type, depth: int) -> Expr:
        return self.bind(MAP, "mapping", INT, 1, depth)

    def inserted(self, type_: Type, depth: int) -> Expr:
        op = self.random.choice(["map_insert", "map_replace"])
        return ap(op, self.make(MAP, depth), self.make(INT, depth), self.make(INT, depth))

    def tagged(self, type_: Type, depth: int) -> Expr:
        if self.random.random() < 0.5:
            return ap("union_make", Const(UNIT, ()), attribute="None", declared=UNION)
        return ap("union_make", self.make(INT, depth), attribute="Some", declared=UNION)


def outcome(evaluation: Callable[[], Value]) -> tuple[str, object]:
    """The value, or the node that has none."""
    try:
        return "value", evaluation()
    except (EvaluationFailed, Failed) as error:
        return "failed", error.node


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 1 << 64))
def test_the_engine_agrees_with_the_naive_evaluation(seed: int) -> None:
    maker = Maker(Random(seed))
    expr = maker.make(maker.random.choice([INT, BOOL, SET, LIST, MAP]), 5)
    a, b = maker.random.randint(-1, 3), maker.random.randint(-1, 3)
    expected = outcome(lambda: evaluate(expr, {"a": a, "b": b}, {}))
    found = outcome(lambda: value(expr, a=a, b=b))
    assert found == expected


def test_a_filter_over_several_clauses_keeps_tuples_and_a_mapping_is_keyed_by_them() -> None:
    x, y = Local(INT, "x"), Local(INT, "y")
    two = Const(SET, frozenset({1, 2}))
    pair = TupleType((INT, INT))
    clauses = (Clause(x, two), Clause(y, ap("interval", x, Const(INT, 2))))
    kept = Bind(SetType(pair), "filter", clauses, ap("lt", x, y))
    mapped = Bind(MapType(pair, INT), "mapping", clauses, ap("mul", x, y))
    for expr in (kept, mapped):
        assert value(expr) == evaluate(expr, {}, {})
    assert value(kept) == {(1, 2)}
    assert dict(value(mapped)) == {(1, 1): 1, (1, 2): 2, (2, 2): 4}
