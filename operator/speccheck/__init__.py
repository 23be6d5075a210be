"""The vocabulary of specification authors: `from speccheck import action, invariant, Set, …`.

Each name is fetched from its module when it is first asked for (PEP 562): `import speccheck.observe` in a user's own
program loads nothing of the language. What type checkers and editors see is in `__init__.pyi`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "speccheck.calls": ("capture", "check", "replay", "simulate"),
    "speccheck.executions": ("Execution",),
    "speccheck.flow": ("flow",),
    "speccheck.lang.annotations": ("PARAMETER", "UPSERT", "Field", "Param", "StateVar", "Unit", "Variant"),
    "speccheck.lang.classes": ("record", "state", "union"),
    "speccheck.lang.collections": ("ListExpr", "MapExpr", "SetExpr"),
    "speccheck.lang.constants": ("value",),
    "speccheck.lang.constructors": (
        "AllMaps",
        "AllRecords",
        "AllSubsets",
        "AllTuples",
        "And",
        "Exists",
        "Forall",
        "Implies",
        "Interval",
        "Ints",
        "Ite",
        "List",
        "Map",
        "Not",
        "Or",
        "Range",
        "Record",
        "Set",
        "SetIf",
        "Tuple",
        "UnsignedInts",
        "Val",
    ),
    "speccheck.lang.contexts": ("Context",),
    "speccheck.lang.declarations": ("action", "coverage", "example", "expr", "instance", "invariant", "temporal"),
    "speccheck.lang.exprs": ("Expr",),
    "speccheck.lang.fairness": ("Enabled", "StrongFair", "WeakFair"),
    "speccheck.lang.flows": ("with_flow",),
    "speccheck.lang.products": ("RecordExpr", "TupleExpr", "UnionExpr"),
    "speccheck.lang.scalars": ("BoolExpr", "EnumExpr", "IntExpr", "StrExpr"),
    "speccheck.lang.states": ("MachineStateBase",),
    "speccheck.lang.submachines": ("SubMachine",),
    "speccheck.lang.temporals": (
        "Always",
        "AndT",
        "Eventually",
        "ImpliesT",
        "LeadsTo",
        "NotT",
        "OrT",
        "TemporalExpr",
    ),
}
"""Where each name is. `flow` is a module, and as every name of the vocabulary an attribute of it."""

_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'speccheck' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
