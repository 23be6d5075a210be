"""`Execution`: a spec driven by hand, captured and concretely alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.lang.concrete.modules import imported

from speccheck import Execution
from speccheck.engines.reference.replays import replay
from speccheck.errors import AssumptionViolated, EvaluationError, UsageError
from speccheck.executions import Call, Taken
from speccheck.loading import capture
from speccheck.rendering.itf import path_from_itf

SPEC = '''
"""A counter behind a lock."""
from enum import Enum
from typing import Annotated
from speccheck import *

class Mode(Enum):
    OFF = "off"
    ON = "on"

@record
class Lock:
    holder: Field[str]
    epoch: Field[int]

@union
class Message:
    Put: Variant[int]
    Done: Variant[Unit]

@state
class Counter(MachineStateBase):
    N: Param[int]
    count: StateVar[int]
    mode: StateVar[Mode]
    armed: StateVar[bool]
    lock: StateVar[Lock]
    box: StateVar[set[Message]]
    m: StateVar[dict[str, list[int]]]

@action(init=True)
def init(c: Context[Counter]):
    s = c.state
    s.mode, s.armed = Mode.OFF, False
    s.lock = Lock(holder="", epoch=0)
    s.box = Set(Message.Done())
    s.m = Map(("a", List(int)))
    with c.one_of(Set(1, 0), "start") as start:
        s.count = start

STEPS = Set(1, 2)

@action(inline=False)
def increment(c: Context[Counter], by: Annotated[Expr, int]):
    """Counts up."""
    s = c.state
    c.assume(s.count + by <= s.N)
    s.count += by
    s.lock.epoch += 1
    s.m["a"] = s.m["a"] + [by]

@action(inline=False)
def switch(c: Context[Counter], mode: Annotated[Expr, Mode], who: Annotated[Expr, str]):
    s = c.state
    c.assume(s.mode != mode)
    s.mode = mode
    s.box |= Set(Message.Put(s.count))
    on, off = c.split(mode == Mode.ON)
    with on:
        s.lock.holder = who
    with off:
        s.armed = True

@action(inline=False)
def broken(c: Context[Counter]):
    c.assume(c.state.count > 2)
    c.state.count = c.state.m["missing"].size

@action
def step(c: Context[Counter]):
    up, turn, fails = c.alternatives("up", "turn", "fails")
    with up, c.one_of(STEPS, "by") as by:
        increment(c, by)
    with turn, c.one_of(Set(Mode.ON, Mode.OFF), "mode") as mode:
        switch(c, mode, "me")
    with fails:
        c.assume(c.state.N == 9)
        broken(c)

@invariant
def bounded(s: Counter):
    return s.count <= s.N

@example
def partial(s: Counter):
    return s.m["missing"].size == s.N

@instance
def small() -> Counter:
    return Counter(N=4)

@instance
def breaks() -> Counter:
    return Counter(N=9)
'''

Make = Callable[..., Execution]


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("driven") / "counter.py"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def counter(entry: Path) -> Iterator[ModuleType]:
    with imported(entry) as module:
        yield module


@pytest.fixture(params=[False, True], ids=["captured", "concrete"])
def drive(counter: ModuleType, request: pytest.FixtureRequest) -> Make:
    def make(instance: str = "small", seed: int | None = None, **named: Any) -> Execution:
        return Execution(getattr(counter, instance), seed, concrete=request.param, **named)

    return make


def test_the_state_is_plain_python(drive: Make, counter: ModuleType) -> None:
    ex = drive(choices={"start": 1})
    assert (ex.state.count, ex.state.N, ex.state.armed) == (1, 4, False)
    assert type(ex.state.count) is int
    assert ex.state.armed is False
    assert ex.state.mode is counter.Mode.OFF
    assert ex.state.m == {"a": []}
    assert ex.state.lock.epoch == 0
    assert ex.state.lock == counter.Lock(holder="", epoch=0)
    (message,) = ex.state.box
    assert message.tag == "Done"


def test_a_step_is_told_by_its_action_and_arguments(drive: Make, counter: ModuleType) -> None:
    ex = drive()
    taken = ex.step(counter.increment, 2)
    assert taken == Taken((Call("increment", {"by": 2}),), (("", "up"), ("by", 2)))
    assert str(taken.label[0]) == "increment(by=2)"
    ex.step("increment", by=1)
    assert (ex.state.count, ex.state.lock.epoch, ex.state.m) == (3, 2, {"a": [2, 1]})
    ex.step("switch", counter.Mode.ON)
    assert ex.state.lock.holder == "me"
    assert {(each.tag.name, each.payload) for each in ex.state.box if each.tag == "Put"} == {("Put", 3)}
    ex.step("switch", mode="OFF", who="me")
    assert ex.state.armed is True


def test_without_an_action_any_step_is_taken_the_first_in_order(drive: Make) -> None:
    ex = drive()
    assert ex.state.count == 0
    assert ex.step().label == (Call("increment", {"by": 1}),)


def test_what_is_enabled(drive: Make, counter: ModuleType) -> None:
    ex = drive(choices={"start": 1})
    ex.step("increment", 2)
    assert ex.enabled() == [
        Call("increment", {"by": 1}),
        Call("switch", {"mode": counter.Mode.ON, "who": "me"}),
    ]
    assert ("increment", {"by": 1}) in ex.enabled()


def test_a_false_guard_is_told_with_its_values(drive: Make, counter: ModuleType) -> None:
    ex = drive(choices={"start": 1})
    ex.step("increment", 2)
    before = ex.path
    with pytest.raises(AssumptionViolated) as caught:
        ex.step(counter.increment, 2)
    text = str(caught.value)
    assert text.startswith("increment(by=2) is not possible here")
    assert "s.count + by <= N is false  counter.py:" in text
    assert "count = 3" in text
    assert ex.path == before
    with pytest.raises(AssumptionViolated, match=r"increment\(by=7\) is not possible here(?s:.)*with others it does"):
        ex.step("increment", 7)


def test_no_step_at_all(drive: Make) -> None:
    with pytest.raises(AssumptionViolated, match="no step is possible here with these choices"):
        drive().step(choices={"": "fails"})


def test_choices_fix_the_way(drive: Make, counter: ModuleType) -> None:
    ex = drive()
    assert ex.step(choices={"by": 2}).choices == (("", "up"), ("by", 2))
    assert ex.step(choices={"": "turn", "mode": counter.Mode.ON}).label[0].action == "switch"
    assert ex.step(choices={"": ("turn", "fails")}).label[0].args["mode"] is counter.Mode.OFF


def test_a_seed_gives_one_path_in_both_worlds(counter: ModuleType) -> None:
    paths = [[Execution(counter.small, seed, concrete=c) for c in (False, True)] for seed in (1, 2, 3, 4, 5)]
    for one, other in paths:
        for _ in range(4):
            assert one.step() == other.step()
        assert one.path == other.path
    assert len({str(one.path) for one, _ in paths}) > 1


def test_reset_begins_again(drive: Make) -> None:
    ex = drive(seed=7)
    for _ in range(3):
        ex.step()
    first = ex.path
    ex.reset()
    assert ex.path.depth == 0
    for _ in range(3):
        ex.step()
    assert ex.path == first
    ex.reset(choices={"start": 1})
    assert ex.state.count == 1


def test_properties_are_judged_in_the_present_state(drive: Make, counter: ModuleType) -> None:
    ex = drive()
    assert ex.holds(counter.bounded)
    assert ex.holds("bounded") is True
    with pytest.raises(EvaluationError, match="not in the map"):
        ex.holds(counter.partial)


def test_an_undefined_operation_in_a_step_is_an_error(drive: Make) -> None:
    ex = drive("breaks")
    ex.step("increment", 2)
    ex.step("increment", 1)
    with pytest.raises(EvaluationError, match=r"the key is not in the map.*counter\.py"):
        ex.step()
    assert ex.step("increment", 2, choices={"": "up"}).label[0].args == {"by": 2}


def test_the_path_replays_and_is_an_itf_document(drive: Make, counter: ModuleType) -> None:
    ex = drive(seed=3)
    for _ in range(4):
        ex.step()
    assert replay(ex.model, ex.path) == ex.path
    document = json.loads(json.dumps(ex.itf()))
    path, meta = path_from_itf(document, ex.model)
    assert path == ex.path
    assert (meta.spec, meta.instance, meta.seed) == ("counter", "small", 3)


def test_parameters_given_by_hand(counter: ModuleType) -> None:
    for concrete in (False, True):
        ex = Execution(counter.Counter(N=1), concrete=concrete)
        ex.step("increment", 1)
        assert [call.action for call in ex.enabled()] == ["switch"]


def test_a_captured_model_is_driven_too(entry: Path) -> None:
    model = capture(entry)
    ex = Execution.of(model, "small")
    assert ex.step("increment", 1).label == (Call("increment", {"by": 1}),)
    assert ex.state.mode == "ON" or ex.state.mode.name == "OFF"
    with pytest.raises(UsageError, match="the parameter N of counter has no value"):
        Execution.of(model)


MISTAKES: dict[str, tuple[Callable[[Execution, ModuleType], object], str]] = {
    "no such action": (lambda ex, m: ex.step("incr"), "no named 'incr'; the steps of counter are named increment"),
    "an inline action": (lambda ex, m: ex.step(m.step), "step is part of its caller, no named action"),
    "no action": (lambda ex, m: ex.step(m.bounded), "step takes a named action or its name"),
    "too many arguments": (lambda ex, m: ex.step("increment", 1, 2), "increment takes by"),
    "an unknown argument": (lambda ex, m: ex.step("increment", to=1), "increment takes by"),
    "an argument twice": (lambda ex, m: ex.step("increment", 1, by=1), "increment takes by"),
    "an argument of another type": (lambda ex, m: ex.step("increment", "1"), "should be a value of type int, got '1'"),
    "a bool for an int": (lambda ex, m: ex.step("increment", True), "should be a value of type int, got True"),
    "no such member": (lambda ex, m: ex.step("switch", "AWAY"), "should be a value of type Mode, got 'AWAY'"),
    "arguments alone": (lambda ex, m: ex.step(None, 1), "arguments are given without an action"),
    "no such choice": (lambda ex, m: ex.step(choices={"z": 1}), "there is no choice 'z'; there are: by, mode, start"),
    "a choice of another type": (lambda ex, m: ex.step(choices={"by": "1"}), "by"),
    "no such property": (lambda ex, m: ex.holds("bound"), "no property 'bound'"),
    "no property": (lambda ex, m: ex.holds(3), "holds takes an invariant or example"),
    "no such variable": (lambda ex, m: ex.state.cuont, "no variable or parameter 'cuont'; it has: count"),
    "an assignment": (lambda ex, m: setattr(ex.state, "count", 3), "the state changes by steps"),
    "a class": (lambda ex, m: Execution(m.Counter), "Counter is the state class; pass the @instance function"),
    "no instance": (lambda ex, m: Execution(5), "got a int"),
    "no initial state": (lambda ex, m: Execution(m.small, choices={"start": 5}), "no initial state with these choices"),
    "a seed": (lambda ex, m: Execution(m.small, seed="x"), "a seed is an int or None"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told(name: str, counter: ModuleType) -> None:
    act, text = MISTAKES[name]
    with pytest.raises(UsageError) as caught:
        act(Execution(counter.small), counter)
    assert text in str(caught.value)


def test_two_modules_that_declare_the_same_types(counter: ModuleType, entry: Path) -> None:
    ex = Execution(counter.small)
    capture(entry)
    assert ex.state.mode is counter.Mode.OFF
    ex.step("switch", counter.Mode.ON)
    assert ex.state.mode is counter.Mode.ON
