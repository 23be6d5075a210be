"""Paths as documents of the Informal Trace Format, and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from speccheck.errors import ModelError
from speccheck.ir.models import Action, Model, Transition, Variable
from speccheck.ir.nodes import Local
from speccheck.ir.types import INT, STR, UNIT, ListType, MapType, RecordType, SetType, UnionType
from speccheck.rendering.itf import (
    PathMeta,
    document_from_bytes,
    first_path,
    meta_from_itf,
    path_document,
    path_from_itf,
    path_itf,
)
from speccheck.reports import Call, Choice, Path, Report, State

RECORD = RecordType("Entry", (("kind", STR), ("name", STR), ("value", ListType(STR))))
PLAN = RecordType("Plan", (("creates", SetType(RECORD)), ("epoch", INT)))
LOCK = UnionType("Lock", (("Free", UNIT), ("Held", RecordType("Holder", (("by", STR), ("epoch", INT))))))


def action(name: str, *params: Local, key: str = "") -> Action:
    return Action(key or name, name, params, (), ())


MODEL = Model(
    name="dns_balancer",
    doc="",
    state="Zone",
    params=(),
    variables=(
        Variable("planner_updates", MapType(INT, PLAN)),
        Variable("zone_records", SetType(RECORD)),
        Variable("deployer_next_plan", MapType(STR, INT)),
        Variable("lock", LOCK),
    ),
    functions=(),
    actions=(action("planner_publish", Local(INT, "plan")), action("deployer_gc", Local(STR, "deployer"))),
    initial=Transition((), ()),
    step=Transition((), ()),
    properties=(),
    instances=(),
)


@pytest.fixture
def document(reports: dict[str, Report]) -> dict[str, Any]:
    report = reports["violation"]
    document: dict[str, Any] = json.loads(json.dumps(path_itf(report, report.properties[0])))
    return document


def test_the_document_is_the_reviewed_one(document: dict[str, Any], golden: Callable[[str, str], None]) -> None:
    golden("violation.itf.json", json.dumps(document, indent=1) + "\n")


def test_a_path_comes_back_as_it_was(document: dict[str, Any], reports: dict[str, Report]) -> None:
    path, meta = path_from_itf(document_from_bytes(json.dumps(document).encode()), MODEL)
    assert path == reports["violation"].properties[0].path
    assert meta == PathMeta(
        model_digest="sha256:" + "0f" * 32,
        spec="dns_balancer",
        instance="n3",
        property="no_inconsistent_root",
        verdict="Violated",
        seed=None,
    )


def test_the_seed_and_the_loop_are_told(reports: dict[str, Report]) -> None:
    walked, lasso = reports["simulated_violation"], reports["lasso"]
    assert meta_from_itf(path_itf(walked, walked.properties[0])).seed == 7
    document = path_itf(lasso, lasso.properties[0])
    assert (document["loop"], document["#meta"]["loop"]) == (1, 1)
    assert path_from_itf(document, MODEL)[0].loop == 1


def test_a_label_of_several_calls_comes_back() -> None:
    values = (("x", {"#bigint": "1"}),)
    label = (Call("a", ()), Call("b", (("n", {"#bigint": "2"}),)))
    path = Path((State(values), State(values, label, (Choice("", "left"), Choice("n", {"#bigint": "2"})))))
    model = Model(
        "m",
        "",
        "S",
        (),
        (Variable("x", INT),),
        (),
        (action("a"), action("b", Local(INT, "n"))),
        MODEL.initial,
        MODEL.step,
        (),
        (),
    )
    assert path_from_itf(path_document(path), model)[0] == path


def test_equal_values_are_made_equal_text(document: dict[str, Any], reports: dict[str, Report]) -> None:
    document["states"][0]["zone_records"]["#set"].reverse()
    document["states"][0]["deployer_next_plan"]["#map"] = [["d2", 0], ["d1", 0]]
    assert path_from_itf(document, MODEL)[0] == reports["violation"].properties[0].path


def test_documents_of_other_tools_have_no_meta(document: dict[str, Any]) -> None:
    del document["#meta"]
    for state in document["states"]:
        del state["#meta"]
    path, meta = path_from_itf(document, MODEL)
    assert meta == PathMeta()
    assert [state.label for state in path.states] == [(), (), ()]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("states",), [], "at least its initial state"),
        (("states",), "none", r"document: Expected `array`.*\$.states"),
        (("states", 1), 7, r"\$.states\[1\]"),
        (("loop",), 3, "loop: 3 is not"),
        (("vars",), ["lock"], "planner_updates is missing"),
        (("vars",), ["x", *(v.name for v in MODEL.variables)], "x is unknown"),
        (("states", 1, "lock"), {"tag": "Gone", "value": 1}, r"states\[1\].lock"),
        (("states", 2, "zone_records"), {"#set": [1]}, r"states\[2\].zone_records"),
        (("states", 2, "surplus"), 1, r"states\[2\].surplus: dns_balancer has no such variable"),
        (("states", 1, "#meta", "action"), "fly", r"states\[1\].#meta.fly: dns_balancer has no action"),
        (("states", 1, "#meta", "args"), {"n": 1}, r"states\[1\].#meta.planner_publish: its arguments should be plan"),
        (("states", 1, "#meta", "args"), {"plan": "x"}, r"states\[1\].#meta.planner_publish.plan"),
        (("states", 1, "#meta", "choices"), [{"name": "p", "value": 0.5}], r"states\[1\].#meta.choices.p"),
        (("states", 1, "#meta", "choices"), [{"value": 1}], r"states\[1\].#meta: .*name"),
        (("#meta", "model_digest"), 5, "#meta: "),
    ],
)
def test_malformed_documents_are_refused_with_the_place(
    place: tuple[Any, ...], value: Any, message: str, document: dict[str, Any]
) -> None:
    spot: Any = copy.deepcopy(document)
    whole = spot
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    with pytest.raises(ModelError, match=message):
        path_from_itf(whole, MODEL)


def test_a_missing_variable_is_named(document: dict[str, Any]) -> None:
    del document["states"][1]["lock"]
    with pytest.raises(ModelError, match=r"states\[1\]: lock is missing"):
        path_from_itf(document, MODEL)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="not an ITF document"):
        document_from_bytes(data)


def test_a_result_without_a_path_has_no_document(reports: dict[str, Report]) -> None:
    with pytest.raises(ValueError, match="no path"):
        path_itf(reports["violation"], reports["violation"].properties[1])


def test_the_path_to_keep_is_that_of_the_worst_verdict(reports: dict[str, Report]) -> None:
    found = first_path([reports["holds"], reports["violation"], reports["error"]])
    assert found is not None
    assert found[1].name == "ratio"
    assert first_path([reports["within_bound"]]) is None
