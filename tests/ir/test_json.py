"""A Model to JSON and back, its digest, and documents that are not Models."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ir.models import ALL, COUNT, branches, counter, doubled, num, op, post, shared
from tests.ir.values import TYPED_VALUES

from speccheck.errors import ModelError, Span
from speccheck.ir.json import model_digest, model_from_json, model_schema, model_to_json
from speccheck.ir.models import Instance, Model, Variable
from speccheck.ir.nodes import BINDERS, Apply, Const, Local, expressions
from speccheck.ir.ops import OPS
from speccheck.ir.text import model_text
from speccheck.ir.types import INT, Type
from speccheck.ir.values import Value
from speccheck.ir.verify import verify

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("make", ALL)
def test_a_model_survives_the_way_through_json(make: Callable[[], Model]) -> None:
    model = make()
    data = model_to_json(model)
    again = model_from_json(data)
    assert model_text(again) == model_text(model)
    assert model_to_json(again) == data
    assert model_digest(again) == model_digest(model)
    verify(again)


def test_the_json_of_a_model_is_the_reviewed_one(golden: Callable[[Path, str], None]) -> None:
    document = json.loads(model_to_json(counter().instance("small")))
    rows = "".join(f"{name}:\n{_rows(value)}" for name, value in document.items())
    golden(GOLDEN / "counter_json.txt", rows)


def _rows(value: Any) -> str:
    rows = value if isinstance(value, list) else [value]
    return "".join(f"  {json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def test_the_schema_is_the_documented_one(golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / "docs" / "model.schema.json", json.dumps(model_schema(), indent=1, ensure_ascii=False) + "\n")


def test_the_page_on_the_form_shows_a_model_that_exists() -> None:
    page = (ROOT / "docs" / "model-format.md").read_text(encoding="utf-8")
    assert model_text(counter()) in page
    assert model_digest(counter()) in page
    step = model_text(branches()).split("\n\n")[-3]
    assert f"```text\n{step}\n```" in page


def test_the_page_on_the_form_names_every_kind_and_operation() -> None:
    page = (ROOT / "docs" / "model-format.md").read_text(encoding="utf-8")
    kinds = [
        schema["properties"]["kind"] for schema in model_schema()["$defs"].values() if "kind" in schema["properties"]
    ]
    words = {*OPS, *BINDERS, *(word for kind in kinds for word in kind["enum"])}
    assert not [word for word in sorted(words) if f"`{word}`" not in page]


def test_sharing_is_kept() -> None:
    base = counter()
    model = replace(base, properties=(replace(base.properties[0], body=op("eq", doubled(300), num(0))),))
    data = model_to_json(model)
    assert len(data) < 30_000
    body = model_from_json(data).properties[0].body
    assert isinstance(body, Apply)
    assert isinstance(body.args[0], Apply)
    assert body.args[0].args[0] is body.args[0].args[1]


def test_spans_come_back_on_the_same_nodes() -> None:
    model = model_from_json(model_to_json(counter()))
    guard = model.actions[0].block[0]
    assert model.span_of(guard) == Span("counter.py", 12, 5)
    assert model.span_of(expressions(guard)[0]) == Span("counter.py", 12, 14)
    assert model.span_of(model.step.block[0]) == Span("lib/more.py", 20, 10)
    assert model.span_of(model.step.block[1]) is None


def test_bindings_come_back() -> None:
    model = model_from_json(model_to_json(post().instance("three")))
    assert model.instance_name == "three"
    assert model.bindings == post().instance("three").bindings


def test_the_digest_is_the_same_wherever_it_is_made() -> None:
    program = "from tests.ir.models import *; from speccheck.ir.json import *; print(*(model_digest(m()) for m in ALL))"
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'operator'}"}
        command = [sys.executable, "-c", program]
        found.add(subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout)
    assert found == {(" ".join(model_digest(make()) for make in ALL) + "\n").encode()}


def test_the_digest_leaves_out_spans_and_the_instance() -> None:
    model = counter()
    assert model_digest(replace(model, spans={})) == model_digest(model)
    assert model_digest(model.instance("small")) == model_digest(model)
    assert model_digest(model.bind({"N": 9})) == model_digest(model)


def test_the_digest_does_not_tell_how_a_graph_is_shared() -> None:
    base = counter()
    once = op("add", COUNT, num(1))
    same = replace(base, properties=(replace(base.properties[0], body=op("eq", once, once)),))
    twice = op("eq", op("add", COUNT, num(1)), op("add", COUNT, num(1)))
    other = replace(base, properties=(replace(base.properties[0], body=twice),))
    assert model_digest(same) == model_digest(other)
    assert model_to_json(same) != model_to_json(other)


CHANGES: list[Callable[[Model], Model]] = [
    lambda m: replace(m, name="other"),
    lambda m: replace(m, doc="Other."),
    lambda m: replace(m, properties=m.properties[:1]),
    lambda m: replace(m, variables=(Variable("count", INT, upsert=True),)),
    lambda m: replace(m, instances=(Instance("small", (("N", 6),)), *m.instances[1:])),
    lambda m: replace(m, step=replace(m.step, block=m.step.block[1:])),
    lambda m: replace(m, properties=(replace(m.properties[0], body=op("lt", COUNT, num(9))),)),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_the_digest_tells_different_models_apart(change: Callable[[Model], Model]) -> None:
    assert model_digest(change(counter())) != model_digest(counter())


@given(TYPED_VALUES)
def test_constants_and_parameters_of_every_type_survive(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    base = counter()
    body = op("eq", Const(type_, value), Local(type_, "x"))
    model = replace(
        base,
        params=(Variable("N", INT), Variable("P", type_)),
        instances=(Instance("one", (("P", value), ("N", 1))),),
        properties=(replace(base.properties[0], body=body),),
    )
    again = model_from_json(model_to_json(model))
    assert model_text(again) == model_text(model)
    assert model_digest(again) == model_digest(model)
    assert again.instances[0].values == model.instances[0].values


# --- what cannot be written ------------------------------------------------------------------------------

UNWRITABLE: list[tuple[Callable[[Model], Model], str]] = [
    (lambda m: replace(m, name="a\ud800"), "a name or text in the model is not Unicode (half of a surrogate pair)"),
    (lambda m: replace(m, bindings={"N": "five"}), "a value in the model is no value of int"),
    (lambda m: replace(m, bindings={"M": 5}), "a value is given to 'M', which is no parameter of the model"),
    (
        lambda m: replace(m, spans={id(m.step.block[0]): Span("/home/a.py", 1, 1)}),
        "'/home/a.py' is no relative path to a file of the specification",
    ),
]


@pytest.mark.parametrize(("change", "message"), UNWRITABLE, ids=[message for _, message in UNWRITABLE])
def test_what_the_form_cannot_carry_is_refused(change: Callable[[Model], Model], message: str) -> None:
    with pytest.raises(ModelError) as raised:
        model_to_json(change(counter()))
    assert str(raised.value) == message


# --- what is no Model ------------------------------------------------------------------------------------

Edit = Callable[[dict[str, Any]], object]


def _nested(document: dict[str, Any], depth: int) -> None:
    for _ in range(depth):
        document["step"]["block"] = [
            {"kind": "alternatives", "branches": [{"name": "a", "block": document["step"]["block"]}]}
        ]


def _deep(document: dict[str, Any]) -> None:
    first = len(document["expressions"])
    document["expressions"].append({"kind": "const", "type": 0, "value": 1})
    document["expressions"] += [{"kind": "apply", "type": 0, "op": "neg", "args": [first + n]} for n in range(1_000)]


def _wide(document: dict[str, Any]) -> None:
    first = len(document["types"])
    document["types"].append({"kind": "unit"})
    document["types"] += [{"kind": "tuple", "items": [first + n, first + n]} for n in range(14)]


EDITS: list[tuple[Edit, str]] = [
    (lambda d: d.update(format=2), "the model has format 2, and this version reads format 1"),
    (lambda d: d.pop("step"), "not a model: Object missing required field `step`"),
    (lambda d: d.update(evil=1), "not a model: Object contains unknown field `evil`"),
    (lambda d: d.update({"\x1b[2J": 1}), 'not a model: "Object contains unknown field `\\x1b[2J`"'),
    (lambda d: d["types"].append({"kind": "real"}), "not a model: Invalid value 'real' - at `$.types[3].kind`"),
    (lambda d: d["types"].append({"kind": "list", "element": 3}), "types[3]: there is no types[3] before it"),
    (lambda d: d["types"].append({"kind": "int"}), "types[3]: this type is in the table already"),
    (
        lambda d: d["types"].extend({"kind": "list", "element": n + 2} for n in range(64)),
        "types[65]: a type of depth 65",
    ),
    (_wide, "types[16]: a type of depth 14 and size 16383 (at most 64, 10000)"),
    (lambda d: d["expressions"][4].update(args=[4, 0]), "expressions[4]: there is no expressions[4] before it"),
    (
        lambda d: d["expressions"][4].update(args=[-1]),
        "not a model: Expected `int` >= 0 - at `$.expressions[4].args[0]`",
    ),
    (lambda d: d["expressions"][0].update(type=9), "expressions[0]: there is no types[9] before it"),
    (lambda d: d["expressions"][2].update(op="eval"), "expressions[2]: there is no operation eval"),
    (lambda d: d["expressions"][2].update(attribute=1.5), "not a model: Expected `int | str | null`, got `float`"),
    (
        lambda d: d["expressions"].append({"kind": "const", "type": 0, "value": True}),
        "expressions[13].value: expected an int",
    ),
    (
        lambda d: d["expressions"].append({"kind": "let", "type": 0, "local": 1, "value": 1, "body": 1}),
        "expressions[13]: expressions[1] should be a local",
    ),
    (
        lambda d: d["expressions"].append({"kind": "bind", "type": 0, "op": "sum", "clauses": [], "body": 1}),
        "not a model: Invalid enum value 'sum'",
    ),
    (_deep, "expressions[1013]: an expression is nested deeper than 1000"),
    (lambda d: _nested(d, 100), "step: blocks are nested deeper than 100"),
    (lambda d: _nested(d, 5_000), "not a model: nested too deeply"),
    (lambda d: d["properties"][0].update(body=99), "properties[0]: there is no expressions[99] before it"),
    (lambda d: d["properties"][0].update(kind="liveness"), "not a model: Invalid enum value 'liveness'"),
    (lambda d: d["actions"][0].update(params=[2]), "actions[0]: expressions[2] should be a local"),
    (lambda d: d["step"]["block"][0].update(local=2), "step: expressions[2] should be a local"),
    (lambda d: d["step"].update(writes=[["count", -1]]), "not a model: Expected `int` >= 0 - at `$.step.writes[0][1]`"),
    (lambda d: d["variables"][0].update(type=7), "variables[0]: there is no types[7] before it"),
    (lambda d: d["instances"][0]["values"][0].update(value="x"), "instances[0].N: expected an int, found 'x'"),
    (lambda d: d["instances"][0]["values"][0].update(name="M"), "instances[0]: there is no parameter M"),
    (
        lambda d: d["instances"][0]["values"].append({"name": "N", "value": 1}),
        "instances[0]: parameter N has two values",
    ),
    (lambda d: d["spans"]["files"].__setitem__(0, "../a.py"), "'../a.py' is no relative path to a file of the spec"),
    (lambda d: d["spans"]["statements"].append([99, 0, 1, 1]), "spans.statements: there is no statement 99"),
    (lambda d: d["spans"]["expressions"].append([99, 0, 1, 1]), "spans.expressions: there is no expressions[99]"),
    (lambda d: d["spans"]["expressions"].append([0, 7, 1, 1]), "spans: there is no files[7]"),
    (lambda d: d["spans"]["expressions"].append([0, 0, 0, 1]), "not a model: Expected `int` >= 1 - at `$.spans"),
]


@pytest.mark.parametrize(("edit", "message"), EDITS, ids=range(len(EDITS)))
def test_a_document_that_is_no_model_is_refused(edit: Edit, message: str) -> None:
    document = json.loads(model_to_json(counter()))
    edit(document)
    with pytest.raises(ModelError) as raised:
        model_from_json(_dumped(document))
    assert str(raised.value).startswith(message)


def _dumped(document: Any) -> bytes:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        return json.dumps(document).encode()
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a model: Input data was truncated"),
        (b"[]", "not a model: Expected `object`, got `array`"),
        (b"\xff\xfe{}", "not a model: JSON is malformed: invalid character (byte 0)"),
        (b'{"format": 1, "name": "\xff"}', "not a model: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 1_000_000, "not a model: Expected `object`, got `array`"),
        (b'{"format": 1, "types": ' + b"[" * 1_000_000, "not a model: "),
        (b'{"format": ' + b"9" * 10_000 + b"}", "not a model: Integer value out of range"),
        (b" " * 101, "the model has 101 bytes of JSON; at most 100 are read"),
    ],
    ids=range(8),
)
def test_bytes_that_are_no_document_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        model_from_json(data, max_bytes=100 if len(data) == 101 else 2_000_000)
    assert str(raised.value).startswith(message)


# --- random damage ---------------------------------------------------------------------------------------

WHOLE = [model_to_json(make()) for make in (counter, post, branches, shared)]


def _used(data: bytes) -> None:
    """All that a reader does with a document; ModelError is the only way for it to fail."""
    try:
        model = model_from_json(data)
    except ModelError:
        return
    assert model_text(model_from_json(model_to_json(model))) == model_text(model)
    try:
        verify(model)
    except ModelError as error:
        assert str(error).isascii() or str(error)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bytes_never_fail_in_another_way(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                whole[at] = data.draw(st.integers(0, 255))
            case 1:
                del whole[at : at + data.draw(st.integers(1, 20))]
            case _:
                start = data.draw(st.integers(0, len(whole) - 1))
                whole[at:at] = whole[start : start + data.draw(st.integers(1, 40))]
    _used(bytes(whole))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


DOCUMENTS = [json.loads(whole) for whole in WHOLE]
PLACES = [[place for place in _places(document) if place] for document in DOCUMENTS]
ODD = st.one_of(
    st.integers(-1, 40),
    st.sampled_from(["", "count", "add", "N", "\x00"]),
    st.none(),
    st.just([]),
    st.just({}),
    st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_well_formed_damage_never_fails_in_another_way(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(DOCUMENTS) - 1))
    document = copy.deepcopy(DOCUMENTS[number])
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from(PLACES[number]))
        inside = document
        try:
            for key in path:
                inside = inside[key]
            old = inside[last]
            fresh = st.integers(-1, 60) if type(old) is int else st.text(max_size=2) if type(old) is str else ODD
            inside[last] = data.draw(fresh)
        except (LookupError, TypeError):
            continue
    _used(json.dumps(document).encode())
