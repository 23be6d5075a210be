"""The vocabulary of specification authors: `from speccheck import action, invariant, Set, …`."""

from __future__ import annotations

from typing import Any

from speccheck.lang.annotations import PARAMETER, UPSERT, Field, Param, StateVar, Unit, Variant
from speccheck.lang.collections import ListExpr, MapExpr, SetExpr
from speccheck.lang.constants import value
from speccheck.lang.constructors import (
    AllMaps,
    AllRecords,
    AllSubsets,
    AllTuples,
    And,
    Exists,
    Forall,
    Implies,
    Interval,
    Ite,
    List,
    Map,
    Not,
    Or,
    Range,
    Record,
    Set,
    SetIf,
    Tuple,
    Val,
)
from speccheck.lang.contexts import Context
from speccheck.lang.declarations import action, example, expr, instance, invariant, record, state, union
from speccheck.lang.exprs import Expr
from speccheck.lang.products import RecordExpr, TupleExpr, UnionExpr
from speccheck.lang.refusals import REFUSED, refused
from speccheck.lang.scalars import BoolExpr, IntExpr, StrExpr
from speccheck.lang.states import MachineStateBase

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in REFUSED:
        raise refused(name)
    raise AttributeError(f"module 'speccheck' has no attribute {name!r}")


__all__ = [
    "PARAMETER",
    "UPSERT",
    "AllMaps",
    "AllRecords",
    "AllSubsets",
    "AllTuples",
    "And",
    "BoolExpr",
    "Context",
    "Exists",
    "Expr",
    "Field",
    "Forall",
    "Implies",
    "IntExpr",
    "Interval",
    "Ite",
    "List",
    "ListExpr",
    "MachineStateBase",
    "Map",
    "MapExpr",
    "Not",
    "Or",
    "Param",
    "Range",
    "Record",
    "RecordExpr",
    "Set",
    "SetExpr",
    "SetIf",
    "StateVar",
    "StrExpr",
    "Tuple",
    "TupleExpr",
    "UnionExpr",
    "Unit",
    "Val",
    "Variant",
    "action",
    "example",
    "expr",
    "instance",
    "invariant",
    "record",
    "state",
    "union",
    "value",
]
