"""The modules that specs import from: each gives the whole vocabulary, and `expr` is a decorator as well as a module."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lang.specs import Author

import speccheck
from speccheck.checking import CheckRequest, check
from speccheck.loading import load
from speccheck.reports import Verdict

MODULES = ("machine", "expr", "lang", "flow", "submachine")


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_the_vocabulary_is_there(module: str) -> None:
    """`capture` is a name of programs, and a module of `speccheck.lang`."""
    found = importlib.import_module(f"speccheck.{module}")
    for name in speccheck.__all__:
        if name not in ("expr", "flow", "capture"):
            assert getattr(found, name) is getattr(speccheck, name)
    assert callable(found.if_ if module == "flow" else found.expr)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_not_of_the_vocabulary_is_not(module: str) -> None:
    with pytest.raises(AttributeError):
        _ = importlib.import_module(f"speccheck.{module}").no_such_name


def body(imports: str) -> str:
    return f"""
from __future__ import annotations
from typing import Annotated
{imports}

@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0

@action
def step(c: Context[S]):
    c.assume(c.state.x < 3)
    c.state.x += 1

@expr
def twice(x: Annotated[Expr, int]):
    return x * 2

@expr(inline=False)
def thrice(x: Annotated[Expr, int]):
    return x * 3

@invariant
def low(s: S):
    return And(twice(s.x) <= 6, thrice(s.x) <= 9, s.x.in_(Set(0, ..., 3)))
"""


IMPORTS = {
    "all from the package": "from speccheck import *",
    "from submodules": (
        "from speccheck.machine import action, state, invariant, MachineStateBase, StateVar, Context\n"
        "from speccheck.expr import Expr, Set, And\nfrom speccheck import expr"
    ),
    "the decorator first": "from speccheck import expr\nfrom speccheck.expr import Set, And, Expr\nfrom speccheck.lang import *",
    "stars": "from speccheck.machine import *\nfrom speccheck.expr import *\nfrom speccheck.submachine import *",
    "from lang": (
        "from speccheck.lang import Expr, Set, And, action, expr, state, invariant, MachineStateBase, StateVar, Context"
    ),
    "from expr itself": "from speccheck.expr import expr, Expr, Set, And\nfrom speccheck.machine import *",
}


@pytest.mark.parametrize("imports", IMPORTS)
def test_a_spec_may_import_from_any(author: Author, imports: str) -> None:
    path = author.directory / "spec.py"
    path.write_text(body(IMPORTS[imports]), encoding="utf-8")
    assert speccheck_results(path) == {"low": Verdict.HOLDS}


def speccheck_results(path: Path) -> dict[str, Verdict]:
    (report,) = check(load(path).model, CheckRequest())
    return {p.name: p.verdict for p in report.properties}


@pytest.mark.parametrize(
    "order", ["import speccheck.expr; from speccheck import expr", "from speccheck import expr; import speccheck.expr", "import speccheck.expr as e; from speccheck import expr; assert e.Set"]
)  # fmt: skip
def test_the_order_of_imports_does_not_matter(order: str) -> None:
    code = f"{order}\n@expr\ndef f(x):\n    return x\n@expr(inline=False)\ndef g(x):\n    return x\nassert f.name == 'f'\nassert not g.inline\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
