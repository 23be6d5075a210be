"""Whole exports: the reviewed files, what configurations say, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engines.models import COUNT, LIMIT, ap, counter, example, invariant, model, n, read, transition
from tests.ir.models import branches, post, shared

from speccheck.errors import UsageError
from speccheck.exchange.refusals import NotExported
from speccheck.exchange.tla import exported
from speccheck.ir.models import Model, Property, Variable
from speccheck.ir.nodes import Assign, Const
from speccheck.ir.temporals import Enabled, Fairness, LeadsTo, Modality, Now, Occurrence
from speccheck.ir.types import INT, STR, MapType, SetType
from speccheck.ir.values import FrozenMap
from speccheck.loading import capture

SPECS = Path(__file__).resolve().parents[2] / "specs"


def module_text(made: Model) -> str:
    return exported(made).files[0].text


@pytest.mark.parametrize(
    ("spec", "instance"),
    [
        ("die_hard.py", "film"),
        ("two_phase_commit.py", "n3"),
        ("dns_balancer", "race"),
        ("peterson.py", "two"),
        ("deployment_rollout.py", "rolling"),
    ],
)
def test_the_module_is_the_reviewed_one(spec: str, instance: str, golden: Callable[[str, str], None]) -> None:
    export = exported(capture(SPECS / spec).instance(instance))
    golden(f"{export.module}.tla", export.files[0].text)
    golden(f"{export.module}.cfg", export.files[1].text)


@pytest.mark.parametrize(("name", "made"), [("post", post()), ("branches", branches()), ("shared", shared())])
def test_every_form_has_its_reviewed_text(name: str, made: Model, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.tla", module_text(made if not made.instances else made.instance(made.instances[0].name)))


def test_each_example_and_each_temporal_property_has_a_configuration_of_its_own() -> None:
    positive = ap("gt", read(COUNT), n(0))
    made = counter(
        invariant("below", ap("lt", read(COUNT), n(9))),
        example("moves", positive),
        Property("returns", "temporal", Modality("eventually", Now(positive))),
    )
    export = exported(made)
    texts = {file.name: file.text for file in export.files}
    assert export.configurations == {
        "below": "handmade.cfg",
        "moves": "handmade.moves.cfg",
        "returns": "handmade.returns.cfg",
    }
    assert "INVARIANT below\n" in texts["handmade.cfg"]
    assert "INVARIANT Never_moves\n" in texts["handmade.moves.cfg"]
    assert "PROPERTY returns\n" in texts["handmade.returns.cfg"]
    assert all("CONSTANTS\n  N = 5\n" in text for name, text in texts.items() if name.endswith(".cfg"))
    assert all(text.endswith("CHECK_DEADLOCK FALSE\n") for name, text in texts.items() if name.endswith(".cfg"))
    assert "Never_moves == ~(count > 0)" in texts["handmade.tla"]
    assert "returns == <>(count > 0)" in texts["handmade.tla"]


def test_an_occurrence_is_a_whole_step_with_those_arguments() -> None:
    one = Occurrence("increment", (n(1),))
    weak = Property("weak", "temporal", Fairness("weak", one))
    strong = Property("strong", "temporal", Fairness("strong", one, ("count",)))
    able = Property("able", "temporal", LeadsTo(Enabled(one), Now(ap("eq", read(COUNT), n(1)))))
    text = module_text(counter(weak, strong, able))
    assert "Step_increment(with_by) ==\n  \\E chosen \\in {1, 2} :\n    /\\ chosen = with_by\n" in text
    assert "weak == WF_vars(Step_increment(1))" in text
    assert "strong == SF_vars(Step_increment(1))" in text
    assert "able == (ENABLED Step_increment(1)) ~> (count = 1)" in text


def test_values_that_a_configuration_cannot_write_become_definitions() -> None:
    limits = Variable("LIMITS", MapType(STR, INT))
    names = Variable("NAMES", SetType(STR))
    made = replace(counter(), params=(LIMIT, limits, names))
    export = exported(made.bind({"LIMITS": FrozenMap({"a": 1, "b": -2}), "NAMES": frozenset({"x", "y"})}))
    assert 'given_LIMITS == ("a" :> 1) @@ ("b" :> (-2))' in export.files[0].text
    assert '  N = 5\n  LIMITS <- given_LIMITS\n  NAMES = {"x", "y"}\n' in export.files[1].text


def test_a_parameter_without_a_value_asks_for_an_instance() -> None:
    with pytest.raises(UsageError, match=r"N of handmade has no value: choose an instance \(small, large\)"):
        exported(counter(limit=None))


def test_an_integer_that_tlc_cannot_read_is_refused_with_its_place() -> None:
    big = Const(INT, 1 << 31)
    made = model([COUNT], {"count": 0}, transition(Assign("count", 1, big), count=1))
    with pytest.raises(NotExported, match="2147483648 has more than 32 bits, and TLC cannot read it, in the step"):
        exported(made)
    with pytest.raises(NotExported, match="in N"):
        exported(counter().bind({"N": -(1 << 40)}))


def test_names_that_tla_has_already_or_cannot_have_are_changed() -> None:
    taken = [Variable(name, INT) for name in ("Init", "IN", "Größe", "Len", "_", "WF_x", "When")]
    text = module_text(model(taken, {v.name: 0 for v in taken}, transition()))
    assert "vars ==\n  <<Init__2, IN_, Gru00f6u00dfe, Len__2, any, WF_x_, When__2>>\n" in text


def test_the_text_is_plain_ascii() -> None:
    word = Const(STR, 'ä "quoted" \\ and\nbroken `100%`')
    made = model([Variable("s", STR)], {"s": word.value}, transition(), [invariant("same", ap("eq", word, word))])
    text = module_text(replace(made, doc="Von Größen (* und\nanderen *)."))
    assert text.isascii()
    assert '"%C3%A4 %22quoted%22 %5C and%0Abroken %60100%25%60"' in text
