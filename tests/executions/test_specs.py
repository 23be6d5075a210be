"""Where an instance's spec is found: modules imported in any way, instances made in a test, modules that are none."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from speccheck import Execution, instance
from speccheck.errors import SpecError, UsageError
from speccheck.ir.json import model_digest
from speccheck.loading import capture

SPECS = Path(__file__).resolve().parents[2] / "specs"


@pytest.fixture
def plain_import(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A spec imported as any other module is."""
    name = f"plainly_{request.param}"
    found = importlib.util.spec_from_file_location(name, SPECS / f"{request.param}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    found.loader.exec_module(module)
    yield module
    sys.dont_write_bytecode = bytecode
    del sys.modules[name]


@pytest.mark.parametrize("plain_import", ["two_phase_commit", "payment_saga"], indirect=True)
def test_a_spec_imported_without_the_hook_runs_in_both_worlds(plain_import: ModuleType) -> None:
    made = next(v for v in vars(plain_import).values() if type(v).__name__ == "InstanceDeclaration")
    one, other = Execution(made, 5), Execution(made, 5, concrete=True)
    for _ in range(8):
        assert one.step() == other.step()
    assert one.path == other.path
    assert model_digest(one.model) == model_digest(capture(Path(str(plain_import.__file__))))


@pytest.mark.parametrize("plain_import", ["die_hard"], indirect=True)
def test_an_instance_made_in_a_test(plain_import: ModuleType) -> None:
    @instance
    def small() -> object:
        return plain_import.Jugs(SMALL=1, BIG=2)

    for concrete in (False, True):
        ex = Execution(small, concrete=concrete)
        ex.step("fill_big")
        ex.step("big_to_small")
        assert (ex.state.small, ex.state.big) == (1, 1)


@pytest.mark.parametrize("plain_import", ["die_hard"], indirect=True)
def test_parameters_that_are_missing(plain_import: ModuleType) -> None:
    with pytest.raises(UsageError, match="the parameter BIG of die_hard has no value"):
        Execution(plain_import.Jugs(SMALL=1))


def test_a_module_that_is_gone(tmp_path: Path) -> None:
    names: dict[str, object] = {"__name__": "gone"}
    exec(  # noqa: S102 - a module that comes from no file
        "from speccheck import *\n@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n"
        "@action(init=True)\ndef init(c: Context[S]):\n    c.state.x = 0\n@instance\ndef one() -> S:\n    return S()\n",
        names,
    )
    with pytest.raises(UsageError, match="comes from no file"):
        Execution(names["one"])


def test_a_spec_that_is_wrong_is_told_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(
        "from speccheck import *\n@state\nclass S(MachineStateBase):\n    x: StateVar[int]\n"
        "@action(init=True)\ndef init(c: Context[S]):\n    c.state.x = True\n"
        "@instance\ndef one() -> S:\n    return S()\n@action\ndef step(c: Context[S]):\n    pass\n",
        encoding="utf-8",
    )
    found = importlib.util.spec_from_file_location("wrong", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    with pytest.raises(SpecError) as caught:
        Execution(module.one)
    assert caught.value.code == "type-mismatch"
