"""Values read from text: what `ir.literals` writes is read back, what is no value of the type is refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from tests.ir.values import TYPED_VALUES

from speccheck.errors import UsageError
from speccheck.ir.literals import literal
from speccheck.ir.readings import parsed, value_of
from speccheck.ir.types import (
    BOOL,
    INT,
    STR,
    UNIT,
    EnumType,
    ListType,
    MapType,
    RecordType,
    SetType,
    TupleType,
    Type,
    UnionType,
    parts,
)
from speccheck.ir.values import FrozenMap, Value

PC = EnumType("PC", ("Try", "Wait"))
PLAN = RecordType("Plan", (("epoch", INT), ("by", STR)))
MSG = UnionType("Msg", (("Prepared", INT), ("Commit", UNIT)))


def _readable(type_: Type) -> bool:
    """Whether the names in a type can be written in Python, and no type in it has no name."""
    names = [n for n, _ in getattr(type_, "fields", ())] + [n for n, _ in getattr(type_, "variants", ())]
    written = all(name.isidentifier() for name in names) and type_ != TupleType(())
    return written and all(map(_readable, parts(type_)))


@given(TYPED_VALUES)
def test_what_is_written_is_read(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    assume(_readable(type_))
    assert value_of(literal(value, type_), type_) == value


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("Try", PC, 0),
        ('"Wait"', PC, 1),
        ("PC.Wait", PC, 1),
        ("{}", MapType(INT, STR), FrozenMap()),
        ("Plan(3, by='x')", PLAN, (3, "x")),
        ("Prepared(2)", MSG, (0, 2)),
        ("Msg.Commit()", MSG, (1, ())),
        (" [1, -2] ", ListType(INT), (1, -2)),
        ("Set(int)", SetType(INT), frozenset()),
    ],
)
def test_shorter_forms_are_read_too(text: str, type_: Type, value: Value) -> None:
    assert value_of(text, type_) == value


@pytest.mark.parametrize(
    ("text", "type_", "told"),
    [
        ("True", INT, "True is not a value of type int"),
        ("1", BOOL, "1 is not a value of type bool"),
        ("PC.Run", PC, "one of Try, Wait"),
        ("Plan(3)", PLAN, "each field of Plan once: epoch, by"),
        ("Plan(3, 'x', by='y')", PLAN, "each field of Plan once"),
        ("Msg.Abort()", MSG, "has no variant 'Abort'; it has Prepared, Commit"),
        ("Msg.Prepared()", MSG, "is not a value of type Msg"),
        ("(1, 2)", TupleType((INT,)), "is not a value of type"),
        ("{**m}", MapType(INT, INT), "is not a value of type"),
        ("__import__('os').getpid()", INT, "is not a value of type int"),
        ("1 +", INT, "cannot be read"),
        ("\0", INT, "cannot be read"),
        ("(" * 500 + "1" + ")" * 500, INT, "cannot be read"),
    ],
)
def test_what_is_no_value_is_refused(text: str, type_: Type, told: str) -> None:
    with pytest.raises(UsageError, match=told.replace("(", r"\(").replace(")", r"\)")):
        value_of(text, type_)


def test_a_text_without_end_is_not_parsed() -> None:
    with pytest.raises(UsageError, match="longer than is read"):
        parsed("1" * 10_001)
