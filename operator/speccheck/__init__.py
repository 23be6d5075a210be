"""The vocabulary of specification authors: `from speccheck import action, invariant, Set, …`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from speccheck import flow
from speccheck.lang.annotations import PARAMETER, UPSERT, Field, Param, StateVar, Unit, Variant
from speccheck.lang.classes import record, state, union
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
    Ints,
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
    UnsignedInts,
    Val,
)
from speccheck.lang.contexts import Context
from speccheck.lang.declarations import (
    action,
    coverage,
    example,
    expr,
    instance,
    invariant,
    temporal,
)
from speccheck.lang.exprs import Expr
from speccheck.lang.fairness import Enabled, StrongFair, WeakFair
from speccheck.lang.flows import with_flow
from speccheck.lang.products import RecordExpr, TupleExpr, UnionExpr
from speccheck.lang.scalars import BoolExpr, EnumExpr, IntExpr, StrExpr
from speccheck.lang.states import MachineStateBase
from speccheck.lang.submachines import SubMachine
from speccheck.lang.temporals import Always, AndT, Eventually, ImpliesT, LeadsTo, NotT, OrT, TemporalExpr

__version__ = "0.1.0"


_PROGRAMS = {
    "Execution": "speccheck.executions",
    "capture": "speccheck.calls",
    "check": "speccheck.calls",
    "replay": "speccheck.calls",
    "simulate": "speccheck.calls",
}
"""What programs over specifications use, loaded when it is: a spec itself needs none of it."""


def __getattr__(name: str) -> Any:
    if name in _PROGRAMS:
        return getattr(import_module(_PROGRAMS[name]), name)
    raise AttributeError(f"module 'speccheck' has no attribute {name!r}")


__all__ = [
    "PARAMETER",
    "UPSERT",
    "AllMaps",
    "AllRecords",
    "AllSubsets",
    "AllTuples",
    "Always",
    "And",
    "AndT",
    "BoolExpr",
    "Context",
    "Enabled",
    "EnumExpr",
    "Eventually",
    "Execution",
    "Exists",
    "Expr",
    "Field",
    "Forall",
    "Implies",
    "ImpliesT",
    "IntExpr",
    "Interval",
    "Ints",
    "Ite",
    "LeadsTo",
    "List",
    "ListExpr",
    "MachineStateBase",
    "Map",
    "MapExpr",
    "Not",
    "NotT",
    "Or",
    "OrT",
    "Param",
    "Range",
    "Record",
    "RecordExpr",
    "Set",
    "SetExpr",
    "SetIf",
    "StateVar",
    "StrExpr",
    "StrongFair",
    "SubMachine",
    "TemporalExpr",
    "Tuple",
    "TupleExpr",
    "UnionExpr",
    "Unit",
    "UnsignedInts",
    "Val",
    "Variant",
    "WeakFair",
    "action",
    "capture",
    "check",
    "coverage",
    "example",
    "expr",
    "flow",
    "instance",
    "invariant",
    "record",
    "replay",
    "simulate",
    "state",
    "temporal",
    "union",
    "value",
    "with_flow",
]
