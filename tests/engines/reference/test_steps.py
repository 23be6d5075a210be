"""What blocks of statements do: order, branches, joins, calls, labels, choices, and which errors count."""

from __future__ import annotations

import time

import pytest
from tests.engines.models import COUNT, FALSE, TRUE, action, ap, ints, model, n, read, transition, two_phase
from tests.engines.running import labels, ways

from speccheck.engines.reference.paths import Way
from speccheck.errors import ModelError
from speccheck.evaluation.failures import EvaluationFailed
from speccheck.ir.models import Action, Model
from speccheck.ir.nodes import (
    Alternatives,
    Assign,
    Assume,
    Branch,
    Choose,
    Define,
    Defined,
    Expr,
    Join,
    Local,
    Perform,
    Read,
    Split,
    Statement,
)
from speccheck.ir.types import INT

X, Y = Local(INT, "x"), Local(INT, "y")
NOW = read(COUNT)
BROKEN = ap("floordiv", n(1), n(0))
BROKEN_BOOL = ap("eq", BROKEN, n(0))


def stepped(*block: Statement, writes: int = 0, actions: tuple[Action, ...] = ()) -> Model:
    """A model of one integer with this step."""
    return model([COUNT], {"count": 0}, transition(*block, count=writes), actions=actions)


def ends(*block: Statement, writes: int = 0, start: int = 0, actions: tuple[Action, ...] = ()) -> list[int]:
    """The values that the ways through a block end with, in order."""
    return [way.state[0] for way in ways(stepped(*block, writes=writes, actions=actions), (start,))]


def to(version: int, value: Expr) -> Assign:
    """An assignment of the one variable."""
    return Assign("count", version, value)


def at(version: int) -> Read:
    """The one variable as of a version."""
    return read(COUNT, version)


def recorded(way: Way) -> list[object]:
    """A way's choices: values and branch names."""
    return [value for _, value in way.choices]


class TestStatements:
    def test_a_read_keeps_its_meaning_after_an_assignment(self) -> None:
        swap = (to(1, ap("add", NOW, n(1))), to(2, ap("mul", at(1), ap("add", NOW, n(10)))))
        assert ends(*swap, writes=2, start=3) == [4 * 13]

    def test_what_is_not_assigned_keeps_its_value(self) -> None:
        assert ends(start=7) == [7]

    def test_a_false_assume_takes_the_way_away(self) -> None:
        assert ends(Assume(FALSE)) == []
        assert ends(Assume(TRUE)) == [0]

    def test_each_element_is_a_way_in_canonical_order(self) -> None:
        block = (Choose(X, ints(5, -2, 3), "pick"), to(1, X))
        assert ends(*block, writes=1) == [-2, 3, 5]
        assert ends(Choose(X, ints(), "pick")) == []

    def test_later_choices_see_earlier_ones(self) -> None:
        block = (
            Choose(X, ints(1, 2), "x"),
            Choose(Y, ap("interval", n(0), X), "y"),
            to(1, ap("add", ap("mul", X, n(10)), Y)),
        )
        assert ends(*block, writes=1) == [10, 11, 20, 21, 22]

    def test_branches_are_ways_in_the_order_written(self) -> None:
        block = Alternatives(
            (Branch("b", (to(1, n(1)),)), Branch("a", (Assume(FALSE),)), Branch("c", ())),
            (Join("count", 2, (1, 0, 0)),),
        )
        made = stepped(block, to(3, ap("add", at(2), n(100))), writes=3)
        assert [(way.state, recorded(way)) for way in ways(made, (5,))] == [((101,), ["b"]), ((105,), ["c"])]

    def test_a_split_takes_the_branch_its_condition_says(self) -> None:
        split = Split(ap("gt", NOW, n(0)), (to(1, n(10)),), (to(2, n(20)), to(3, at(2))), (Join("count", 4, (1, 3)),))
        block = (split, to(5, ap("add", at(4), n(1))))
        assert ends(*block, writes=5, start=1) == [11]
        assert ends(*block, writes=5, start=0) == [21]

    def test_versions_of_one_branch_are_not_seen_in_the_next(self) -> None:
        inner = Alternatives(
            (Branch("x", (Choose(X, ints(1, 2), "x"), to(1, X))), Branch("y", ())), (Join("count", 2, (1, 0)),)
        )
        shared = ap("mul", at(2), at(2))
        block = (inner, to(3, ap("add", shared, shared)))
        assert ends(*block, writes=3, start=9) == [2, 8, 162]

    def test_a_definition_is_evaluated_only_if_used(self) -> None:
        assert ends(Define(X, BROKEN)) == [0]
        assert ends(Define(X, BROKEN), Assume(FALSE), to(1, X), writes=1) == []
        with pytest.raises(EvaluationFailed):
            ends(Define(X, BROKEN), to(1, X), writes=1)

    def test_a_definition_means_its_value_where_it_stands(self) -> None:
        assert ends(Define(X, NOW), to(1, n(50)), to(2, ap("add", X, at(1))), writes=2, start=3) == [53]


class TestErrors:
    def test_an_error_after_a_false_assume_does_not_count(self) -> None:
        assert ends(Assume(FALSE), Assume(BROKEN_BOOL)) == []
        assert ends(Assume(FALSE), to(1, BROKEN), writes=1) == []

    @pytest.mark.parametrize(
        "block",
        [
            (Assume(BROKEN_BOOL), Assume(FALSE)),
            (to(1, BROKEN), Assume(FALSE)),
            (Choose(X, ap("interval", n(0), BROKEN), "x"), Assume(FALSE)),
            (Split(BROKEN_BOOL, (), (), ()), Assume(FALSE)),
        ],
    )
    def test_an_error_before_a_false_assume_counts(self, block: tuple[Statement, ...]) -> None:
        with pytest.raises(EvaluationFailed, match="division by zero"):
            ends(*block, writes=1 if isinstance(block[0], Assign) else 0)

    def test_an_assume_on_another_way_guards_nothing(self) -> None:
        block = Alternatives(
            (Branch("a", (Assume(FALSE),)), Branch("b", (to(1, BROKEN),))), (Join("count", 2, (0, 1)),)
        )
        with pytest.raises(EvaluationFailed):
            ends(block, writes=2)

    def test_an_error_is_only_on_the_ways_that_meet_it(self) -> None:
        block = (Choose(X, ints(-1, 0, 1), "x"), Assume(ap("ne", X, n(0))), to(1, ap("floordiv", n(6), X)))
        assert ends(*block, writes=1) == [-6, 6]


class TestCalls:
    add = action("add", [X], (Assume(ap("gt", X, n(0))), to(1, ap("add", NOW, X))), count=1)

    def test_an_action_starts_from_the_variables_as_they_are(self) -> None:
        block = (
            to(1, n(10)),
            Perform("add", (n(5),), (Defined("count", 2),)),
            Perform("add", (at(2),), (Defined("count", 3),)),
        )
        assert ends(*block, writes=3, actions=(self.add,)) == [30]

    def test_an_assume_in_the_action_takes_the_callers_way_away(self) -> None:
        assert ends(Perform("add", (n(0),), (Defined("count", 1),)), writes=1, actions=(self.add,)) == []

    def test_outermost_calls_label_the_step_with_their_arguments(self) -> None:
        outer = action("outer", [Y], (Perform("add", (ap("mul", Y, n(2)),), (Defined("count", 1),)),), count=1)
        block = (
            Choose(Local(INT, "chosen"), ints(1, 2), "chosen"),
            Perform("outer", (Local(INT, "chosen"),), (Defined("count", 1),)),
            Perform("add", (n(7),), (Defined("count", 2),)),
        )
        made = stepped(*block, writes=2, actions=(self.add, outer))
        assert labels(made, (0,)) == ["outer(y=1), add(x=7)", "outer(y=2), add(x=7)"]
        assert [way.state for way in ways(made, (0,))] == [(9,), (11,)]

    def test_choices_inside_actions_are_recorded_in_program_order(self) -> None:
        inner = action("inner", [], (Choose(X, ints(1, 2), "x"), to(1, ap("add", NOW, X))), count=1)
        branch = Alternatives(
            (Branch("left", (Perform("inner", (), (Defined("count", 1),)),)), Branch("right", ())),
            (Join("count", 2, (1, 0)),),
        )
        block = (branch, Choose(Y, ints(30, 40), "y"), to(3, ap("add", at(2), Y)))
        found = ways(stepped(*block, writes=3, actions=(inner,)), (0,))
        assert [(recorded(way), way.state[0]) for way in found] == [
            (["left", 1, 30], 31),
            (["left", 1, 40], 41),
            (["left", 2, 30], 32),
            (["left", 2, 40], 42),
            (["right", 30], 30),
            (["right", 40], 40),
        ]

    def test_a_call_that_completes_in_several_ways_leaves_nothing_behind(self) -> None:
        inner = action("inner", [], (Choose(X, ints(1, 2, 3), "x"), to(1, ap("mul", NOW, X))), count=1)
        block = (
            to(1, n(2)),
            Perform("inner", (), (Defined("count", 2),)),
            Define(Y, ap("add", at(2), at(2))),
            Perform("inner", (), (Defined("count", 3),)),
            to(4, ap("add", Y, at(3))),
        )
        expected = [4 * a + 2 * a * b for a in (1, 2, 3) for b in (1, 2, 3)]
        assert ends(*block, writes=4, actions=(inner,)) == expected

    def test_arguments_are_evaluated_where_they_are_used(self) -> None:
        never = action("never", [X], (Assume(FALSE), to(1, X)), count=1)
        assert ends(Perform("never", (BROKEN,), (Defined("count", 1),)), writes=1, actions=(never,)) == []

    def test_an_argument_nobody_uses_is_evaluated_for_the_label(self) -> None:
        ignore = action("ignore", [X], ())
        with pytest.raises(EvaluationFailed):
            ends(Perform("ignore", (BROKEN,), ()), actions=(ignore,))
        wrap = action("wrap", [], (Perform("ignore", (BROKEN,), ()),))
        assert ends(Perform("wrap", (), ()), actions=(ignore, wrap)) == [0]

    def test_actions_that_are_missing_call_themselves_or_do_not_fit_are_refused(self) -> None:
        with pytest.raises(ModelError, match="'gone' is performed that the model does not have"):
            ends(Perform("gone", (), ()))
        with pytest.raises(ModelError, match="the action loop calls itself"):
            ends(Perform("loop", (), ()), actions=(action("loop", [], (Perform("loop", (), ()),)),))
        with pytest.raises(ModelError, match="a call of add does not fit it: arguments"):
            ends(Perform("add", (), ()), actions=(self.add,))
        quiet = action("quiet", [], ())
        with pytest.raises(ModelError, match="a call of quiet does not fit it: count"):
            ends(Perform("quiet", (), (Defined("count", 1),)), writes=1, actions=(quiet,))


class TestInitialStates:
    def test_ways_of_becoming_one(self) -> None:
        block = (Choose(X, ints(3, 1), "x"), to(1, X))
        made = model([COUNT], transition(*block, count=1), transition())
        assert [(way.state, recorded(way)) for way in ways(made, None)] == [((1,), [1]), ((3,), [3])]

    def test_named_actions_of_init_are_labels(self) -> None:
        start = action("start", [X], (to(1, X),), count=1)
        made = model(
            [COUNT],
            transition(Perform("start", (n(4),), (Defined("count", 1),)), count=1),
            transition(),
            actions=[start],
        )
        assert labels(made, None) == ["start(x=4)"]

    def test_a_variable_has_no_value_before_it_is_given_one(self) -> None:
        grow = action("grow", [], (to(1, ap("add", NOW, n(1))),), count=1)
        for block in [(to(1, ap("add", NOW, n(1))),), (Perform("grow", (), (Defined("count", 1),)),)]:
            made = model([COUNT], transition(*block, count=1), transition(), actions=[grow])
            with pytest.raises(EvaluationFailed, match="count has no value yet"):
                ways(made, None)

    def test_a_variable_left_without_value_is_refused(self) -> None:
        with pytest.raises(ModelError, match="an initial state leaves count without a value"):
            ways(model([COUNT], transition(), transition()), None)


class TestShape:
    def test_many_conditionals_in_a_row_take_time_linear_in_their_number(self) -> None:
        block: list[Statement] = []
        for number in range(200):
            now = at(3 * number)
            split = Split(
                ap("gt", now, n(number)),
                (to(3 * number + 1, ap("sub", now, n(1))),),
                (to(3 * number + 2, ap("add", now, n(1))),),
                (Join("count", 3 * number + 3, (3 * number + 1, 3 * number + 2)),),
            )
            block.append(split)
        started = time.monotonic()
        assert len(ends(*block, writes=600)) == 1
        assert time.monotonic() - started < 30

    def test_no_variables_at_all(self) -> None:
        made = model([], {}, transition(Choose(X, ints(1, 2), "x")))
        assert [way.state for way in ways(made, ())] == [(), ()]

    def test_two_phase_commit_starts_with_what_can_happen_first(self) -> None:
        made = two_phase(2)
        (start,) = ways(made, None)
        assert labels(made, start.state) == [
            "tm_abort()",
            "rm_prepare(who=0)",
            "rm_prepare(who=1)",
            "rm_choose_to_abort(who=0)",
            "rm_choose_to_abort(who=1)",
        ]
