"""Documents in the form that Apalache and Quint write: the same path comes of both, and of what is written of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ir.values import TYPES, values

from speccheck.errors import ModelError
from speccheck.ir.itf import encode
from speccheck.ir.models import Model, Transition, Variable
from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
    IntType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
    UnitType,
)
from speccheck.ir.values import Value
from speccheck.rendering.foreign import adapted
from speccheck.rendering.itf import PathMeta, document_from_bytes, path_document, path_from_itf
from speccheck.reports import Itf, Path, State

SAMPLES = FilePath(__file__).parent / "samples"
OPTION = UnionType("Option", (("None", UNIT), ("Some", INT)))


def model(**variables: Type) -> Model:
    """A model with variables and nothing else."""
    return Model(
        name="ledger",
        doc="",
        state="Ledger",
        params=(),
        variables=tuple(Variable(name, type_) for name, type_ in variables.items()),
        functions=(),
        actions=(),
        initial=Transition((), ()),
        step=Transition((), ()),
        properties=(),
        instances=(),
    )


LEDGER = model(count=INT, last=OPTION, owners=MapType(STR, SetType(INT)), log=ListType(TupleType((INT, BOOL))))


def read(name: str) -> Path:
    path, meta = path_from_itf(document_from_bytes((SAMPLES / name).read_bytes()), LEDGER)
    assert meta == PathMeta()
    return path


def test_both_tools_documents_are_the_same_path(golden: Callable[[str, str], None]) -> None:
    path = read("apalache.itf.json")
    assert path == read("quint.itf.json")
    golden("foreign.itf.json", json.dumps(path_document(path), indent=2) + "\n")


def test_a_name_is_shortened_only_where_no_doubt_is_left() -> None:
    def names(*given: str) -> list[str]:
        document = {"vars": list(given), "states": [dict.fromkeys(given, 1)]}
        found = adapted(document, ["x", "y"])
        assert [list(state) for state in found["states"]] == [found["vars"]]
        return list(found["vars"])

    assert names("m::x", "m::n::y") == ["x", "y"]
    assert names("m::x", "n::x") == ["m::x", "n::x"]
    assert names("x", "m::x") == ["x", "m::x"]
    assert names("m::z") == ["m::z"]


@pytest.mark.parametrize("document", [{}, {"vars": "x"}, {"vars": [1], "states": []}, {"vars": ["m::x"], "states": 3}])
def test_what_is_no_document_is_left_to_be_refused(document: dict[str, Any]) -> None:
    assert adapted(document, ["x"]) == document
    with pytest.raises(ModelError):
        path_from_itf(document, model(x=INT))


PATHS = st.dictionaries(st.sampled_from("abc"), TYPES, min_size=1).flatmap(
    lambda types: st.tuples(
        st.just(types),
        st.lists(st.fixed_dictionaries({name: values(type_) for name, type_ in types.items()}), min_size=1, max_size=3),
    )
)


def plain(value: Value, type_: Type) -> Itf:
    """The value as a tool may write it that has plain numbers, and sets and maps in any order."""
    match type_:
        case IntType():
            return value if abs(value) < 1 << 53 else {"#bigint": str(value)}
        case UnitType():
            return "U_OF_UNIT"
        case SetType(element):
            return {"#set": [plain(item, element) for item in value]}
        case MapType(key, item):
            return {"#map": [[plain(k, key), plain(v, item)] for k, v in value.items()]}
        case ListType(element):
            return [plain(item, element) for item in value]
        case TupleType(items):
            return {"#tup": [plain(item, part) for item, part in zip(value, items, strict=True)]}
        case RecordType(_, fields):
            return {name: plain(item, part) for item, (name, part) in zip(value, fields, strict=True)}
        case UnionType(_, variants):
            tag, payload = variants[value[0]]
            return {"tag": tag, "value": plain(value[1], payload)}
        case _:
            return encode(value, type_)


@given(PATHS)
def test_a_path_comes_back_whoever_wrote_it(made: tuple[dict[str, Type], list[dict[str, Value]]]) -> None:
    types, states = made
    path = Path(tuple(State(tuple((n, encode(v[n], t)) for n, t in types.items())) for v in states))
    document = json.loads(json.dumps(path_document(path)))
    foreign = {
        "vars": [f"main::{name}" for name in reversed(document["vars"])],
        "states": [{f"main::{n}": plain(v[n], t) for n, t in types.items()} for v in states],
    }
    for each in (document, json.loads(json.dumps(foreign))):
        assert path_from_itf(each, model(**types)) == (path, PathMeta())
