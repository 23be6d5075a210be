"""The package itself: names that load their modules when they are asked for, whatever was imported before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import speccheck

MODULES = {module.name for module in iter_modules(speccheck.__path__)}


def fresh(script: str) -> str:
    """What a script prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOADED = "print(*sorted(name for name in sys.modules if name.startswith('speccheck.')))"


@pytest.mark.parametrize("statement", ["import speccheck", "from speccheck import __version__"])
def test_the_package_alone_loads_none_of_its_modules(statement: str) -> None:
    assert fresh(f"import sys\n{statement}\n{LOADED}") == "\n"


def test_its_names_can_be_listed_without_loading_them() -> None:
    shown = fresh(f"import sys, speccheck\nassert set(speccheck.__all__) <= set(dir(speccheck))\n{LOADED}")
    assert shown == "\n"


def test_a_name_loads_what_it_needs_and_no_command_line() -> None:
    loaded = fresh(f"import sys\nfrom speccheck import Context, action\n{LOADED}").split()
    assert "speccheck.lang.declarations" in loaded
    assert not [
        name for name in loaded if name.startswith(("speccheck.cli", "speccheck.loading", "speccheck.checking"))
    ]


@pytest.mark.parametrize("name", speccheck.__all__)
def test_every_name_is_there_and_stays_the_same(name: str) -> None:
    found = getattr(speccheck, name)
    assert vars(speccheck)[name] is found is getattr(speccheck, name)


def test_a_star_gives_every_name() -> None:
    shown = fresh(
        "from speccheck import *\nimport speccheck\nprint(*(n for n in speccheck.__all__ if n not in globals()))"
    )
    assert shown == "\n"


def test_two_names_alone_are_modules_names_too() -> None:
    assert MODULES & set(speccheck.__all__) == {"expr", "flow"}


@pytest.mark.parametrize(
    "before",
    ["", "import speccheck.expr", "import speccheck.flow", "import speccheck.loading", "import speccheck.checking"],
)
def test_expr_decorates_and_flow_is_the_module_whatever_was_imported_before(before: str) -> None:
    script = f"""{before}
from speccheck import expr, flow, with_flow
@expr
def double(n: int) -> int:
    return n + n
print(type(double).__name__, flow.with_flow is with_flow, flow.__name__)
"""
    assert fresh(script) == "ExprDeclaration True speccheck.flow\n"


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'speccheck' has no attribute 'Foral'") as error:
        getattr(speccheck, "Foral")  # noqa: B009
    assert (error.value.name, error.value.obj) == ("Foral", speccheck)
    with pytest.raises(ImportError, match="cannot import name 'Foral' from 'speccheck'"):
        exec("from speccheck import Foral")  # noqa: S102 - type checkers would not have it


@pytest.mark.parametrize(
    "module", sorted({"speccheck.lang.flows", "speccheck.lang.exprs", "speccheck.evaluation.evaluations"})
)
def test_a_module_of_the_language_can_be_the_first(module: str) -> None:
    assert fresh(f"import {module}\nfrom speccheck import SubMachine, Forall\nprint('ok')") == "ok\n"


def test_what_a_spec_imports_cannot_meet_a_file_beside_it_that_is_called_like_one_of_pythons() -> None:
    """A spec's directory comes first on the path: whatever the language needs of Python is loaded before."""
    script = """
import sys
import speccheck, speccheck.loading
before = set(sys.modules)
for name in speccheck.__all__:
    if speccheck._HOME[name] not in ("speccheck.calls", "speccheck.executions"):
        getattr(speccheck, name)
import speccheck.expr, speccheck.faults, speccheck.flow, speccheck.machine, speccheck.submachine
print(*(name for name in set(sys.modules) - before if not name.startswith("speccheck.")))
"""
    assert fresh(script) == "\n"


def test_a_spec_is_rewritten_by_the_hook_that_itself_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(
        "import speccheck as sc\n"
        "@sc.state\nclass S(sc.MachineStateBase):\n    x: sc.StateVar[int]\n"
        "@sc.invariant\ndef small(s: S):\n    return s.x < 2 and s.x >= 0\n"
    )
    script = f"""
import sys
import speccheck.imports
speccheck.imports.install({str(tmp_path)!r})
assert not [name for name in sys.modules if name.startswith("speccheck.lang")]
sys.path.insert(0, {str(tmp_path)!r})
import plain
print(hasattr(plain, "__speccheck__"), type(plain.small).__name__)
"""
    assert fresh(script) == "True PropertyDeclaration\n"
