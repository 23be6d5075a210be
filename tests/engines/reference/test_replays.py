"""Paths taken again: found ones replay, altered ones are refused with what the model would allow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.engines.models import ap, count_below, counter, jugs, lossy, n, transition, two_phase
from tests.engines.running import run

from speccheck.engines.reference import replay
from speccheck.engines.reference.endings import Decision
from speccheck.engines.reference.programs import Program
from speccheck.engines.reference.replays import confirm
from speccheck.engines.reference.verdicts import Question
from speccheck.errors import InternalError, ModelError, UsageError
from speccheck.ir.models import Model
from speccheck.ir.nodes import Choose
from speccheck.reports import Call, Choice, Itf, Path, State, Verdict


def big(value: int) -> Itf:
    """An integer as reports hold it."""
    return {"#bigint": str(value)}


def found(made: Model, name: str, **limits: object) -> Path:
    """The path that a run reports for a property."""
    path = next(p.path for p in run(made, name, **limits).properties)  # type: ignore[arg-type]
    assert path is not None
    return path


def altered(path: Path, number: int, **changes: object) -> Path:
    """The path with one state changed."""
    changed = replace(path.states[number], **changes)  # type: ignore[arg-type]
    return replace(path, states=(*path.states[:number], changed, *path.states[number + 1 :]))


def bare(path: Path) -> Path:
    """The path's values alone."""
    return Path(tuple(State(state.values) for state in path.states))


COUNTED = counter(count_below(3))
COUNTING = Path(
    (
        State((("count", big(0)),)),
        State((("count", big(2)),), (Call("increment", (("by", big(2)),)),), (Choice("by", big(2)),)),
        State((("count", big(3)),), (Call("increment", (("by", big(1)),)),), (Choice("by", big(1)),)),
    )
)


class TestPathsThatReplay:
    @pytest.mark.parametrize(
        ("made", "name"),
        [(jugs(), "four"), (lossy(), "last"), (two_phase(3), "committed"), (COUNTED, "below")],
    )
    def test_what_a_run_reports(self, made: Model, name: str) -> None:
        path = found(made, name)
        assert replay(made, path) == path

    @pytest.mark.parametrize(("made", "name"), [(jugs(), "four"), (lossy(), "last"), (COUNTED, "below")])
    def test_what_a_simulation_reports(self, made: Model, name: str) -> None:
        path = found(made, name, walks=500, max_steps=20)
        assert replay(made, path) == path

    def test_values_alone_get_labels_and_choices(self) -> None:
        assert replay(jugs(), bare(found(jugs(), "four"))) == found(jugs(), "four")
        assert replay(COUNTED, bare(COUNTING)) == COUNTING

    def test_labels_alone_and_choices_alone(self) -> None:
        for dropped in ({"choices": ()}, {"label": ()}):
            path = Path(tuple(replace(state, **dropped) for state in COUNTING.states))  # type: ignore[arg-type]
            assert replay(COUNTED, path) == COUNTING

    def test_plain_numbers_and_any_order_of_variables_are_accepted(self) -> None:
        path = found(jugs(), "four")
        shuffled = Path(
            tuple(
                State(tuple((name, int(value["#bigint"])) for name, value in reversed(state.values)))
                for state in path.states
            )
        )
        assert replay(jugs(), shuffled) == path


class TestPathsThatDoNot:
    def test_another_state(self) -> None:
        with pytest.raises(ModelError) as caught:
            replay(COUNTED, altered(COUNTING, 1, values=(("count", big(7)),)))
        assert str(caught.value) == (
            "step 1 of the path, increment(by), does not reproduce: count would be 2, not 7;"
            " the model allows: increment(by=1); increment(by=2)"
        )

    def test_another_state_where_nothing_else_is_recorded(self) -> None:
        with pytest.raises(ModelError, match="step 2 of the path does not reproduce: count would be 3, not 9;"):
            replay(COUNTED, altered(bare(COUNTING), 2, values=(("count", big(9)),)))

    def test_a_step_that_is_not_possible_there(self) -> None:
        with pytest.raises(ModelError, match=r"decrement\(\), does not reproduce: it is not possible here; the model"):
            replay(COUNTED, altered(COUNTING, 1, label=(Call("decrement", ()),)))

    @pytest.mark.parametrize(
        "args",
        [(("by", big(1)),), (("by", "two"),), (("of", big(2)),), (), (("by", big(2)), ("more", big(2)))],
    )
    def test_other_arguments(self, args: tuple[tuple[str, Itf], ...]) -> None:
        with pytest.raises(ModelError, match="step 1 of the path"):
            replay(COUNTED, altered(COUNTING, 1, label=(Call("increment", args),)))

    @pytest.mark.parametrize(
        "choices",
        [
            (Choice("by", big(1)),),
            (Choice("of", big(2)),),
            (Choice("", "2"),),
            (Choice("by", "two"),),
            (Choice("by", big(5)),),
            (Choice("by", big(2)), Choice("by", big(2))),
        ],
    )
    def test_other_choices(self, choices: tuple[Choice, ...]) -> None:
        with pytest.raises(ModelError, match="step 1 of the path"):
            replay(COUNTED, altered(COUNTING, 1, choices=choices))

    def test_another_branch(self) -> None:
        path = found(jugs(), "four")
        with pytest.raises(ModelError, match="step 1 of the path"):
            replay(jugs(), altered(path, 1, choices=(Choice("", "fill_small"),)))
        with pytest.raises(ModelError, match="step 1 of the path"):
            replay(jugs(), altered(path, 1, choices=(Choice("other", "fill_big"),)))

    def test_another_initial_state(self) -> None:
        with pytest.raises(ModelError, match="the initial state of the path does not reproduce: count would be 0"):
            replay(COUNTED, altered(COUNTING, 0, values=(("count", big(1)),)))

    def test_a_step_after_the_last(self) -> None:
        dead = COUNTED.bind({"N": 0})
        assert replay(dead, Path(COUNTING.states[:1])) == Path(COUNTING.states[:1])
        with pytest.raises(ModelError, match=r"step 1 of the path.* does not reproduce: the model allows no step here"):
            replay(dead, COUNTING)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ((), "count is missing or unknown; the variables of handmade are count"),
            ((("count", big(2)), ("more", big(2))), "more is missing or unknown"),
            ((("count", big(2)), ("count", big(2))), "a variable occurs twice"),
            ((("count", "two"),), "step 1 of the path: at count: expected an int, found 'two'"),
            ((("count", True),), "expected an int, found true"),
        ],
    )
    def test_states_that_are_none(self, values: tuple[tuple[str, Itf], ...], words: str) -> None:
        with pytest.raises(ModelError, match=words):
            replay(COUNTED, altered(COUNTING, 1, values=values))

    def test_no_states_and_loops(self) -> None:
        with pytest.raises(ModelError, match="the path has no state"):
            replay(COUNTED, Path(()))
        with pytest.raises(ModelError, match=r"step 3 of the path does not reproduce: count would be 4, not 0"):
            replay(COUNTED, replace(COUNTING, loop=0))
        with pytest.raises(ModelError, match="the loop begins at state 9, which is not in the path"):
            replay(COUNTED, replace(COUNTING, loop=9))

    def test_a_step_that_cannot_be_evaluated(self) -> None:
        choose, perform = COUNTED.step.block
        assert isinstance(choose, Choose)
        divided = ap("interval", n(0), ap("floordiv", n(1), n(0)))
        bad = replace(COUNTED, step=transition(replace(choose, domain=divided), perform, count=1))
        with pytest.raises(ModelError, match=r"step 1 of the path meets an evaluation error: 1 // 0 .*by zero"):
            replay(bad, COUNTING)

    def test_a_model_without_values_for_its_parameters(self) -> None:
        with pytest.raises(UsageError, match="choose an instance"):
            replay(counter(limit=None), COUNTING)


class TestConfirmation:
    question = Question("below", "invariant", COUNTED.properties[0])
    violated = Decision(Verdict.VIOLATED, "InvariantViolated")

    def test_a_path_that_shows_it_passes(self) -> None:
        confirm(Program(COUNTED), self.question, self.violated, COUNTING)

    def test_a_path_that_does_not_replay_is_our_fault(self) -> None:
        with pytest.raises(InternalError, match="the path found for below does not replay: step 1"):
            confirm(Program(COUNTED), self.question, self.violated, altered(COUNTING, 1, values=(("count", big(7)),)))

    def test_so_is_one_that_shows_nothing(self) -> None:
        with pytest.raises(InternalError, match="does not show that it is Violated"):
            confirm(Program(COUNTED), self.question, self.violated, Path(COUNTING.states[:2]))
        with pytest.raises(InternalError, match="does not show"):
            confirm(Program(COUNTED), Question("deadlock", "deadlock"), self.violated, COUNTING)
