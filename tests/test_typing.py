"""Specs pass type checkers without ignores, and editors know what they complete."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import speccheck

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "operator" / "speccheck" / "__init__.pyi"
COMPLETIONS = ROOT / "tests" / "typing" / "completions.py"
SPECS = [p for p in sorted((ROOT / "specs").iterdir()) if p.suffix == ".py" or (p / f"{p.name}.py").is_file()]
DEADLINE_S = 300

MISTAKES = """
from speccheck import Context, Field, MachineStateBase, Param, StateVar, action, record, state

@record
class Plan:
    epoch: Field[int]

@state
class S(MachineStateBase):
    count: StateVar[int]

@action
def step(c: Context[S]):
    c.state.conut += 1
    c.assum(True)
    Plan(epohc=1)
"""


def _run(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def _mypy(*files: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    options = ("--config-file=", f"--cache-dir={cache}", "--check-untyped-defs", "--warn-unused-ignores")
    return _run("mypy", *options, *map(str, files))


def _pyright(folder: Path, *files: Path) -> list[dict[str, object]]:
    paths = [str(ROOT / "operator"), str(ROOT / "specs" / "dns_balancer")]
    config = {"typeCheckingMode": "standard", "extraPaths": paths, "include": [str(f) for f in files]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    done = _run("basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder), folder=folder)
    found: list[dict[str, object]] = json.loads(done.stdout)["generalDiagnostics"]
    return found


def _answers() -> list[tuple[int, str]]:
    lines = enumerate(COMPLETIONS.read_text(encoding="utf-8").splitlines(), start=1)
    return [(n, found[1]) for n, text in lines if (found := re.search(r"reveal_type\(.*\)  # (.*)$", text))]


@pytest.mark.parametrize("spec", SPECS, ids=lambda p: p.stem)
def test_no_spec_silences_a_type_checker(spec: Path) -> None:
    for file in spec.rglob("*.py") if spec.is_dir() else [spec]:
        assert not re.search(r"#\s*(type|pyright|mypy)\s*:", file.read_text(encoding="utf-8"))


def test_specs_pass_mypy(tmp_path: Path) -> None:
    flat = [spec for spec in SPECS if spec.is_file()]
    for files in (flat, *([*spec.glob("*.py")] for spec in SPECS if spec.is_dir())):
        done = _mypy(*files, cache=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_specs_pass_pyright(tmp_path: Path) -> None:
    found = _pyright(tmp_path, ROOT / "specs")
    assert [f"{d['file']}: {d['message']}" for d in found if d["severity"] == "error"] == []


def test_mypy_knows_what_is_completed(tmp_path: Path) -> None:
    done = _mypy(COMPLETIONS, cache=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r'completions\.py:(\d+): note: Revealed type is "(.*)"', done.stdout)
    plain = [(int(n), re.sub(r"\b(\w+\.)+", "", text)) for n, text in told]
    assert plain == _answers()


def test_pyright_knows_what_is_completed(tmp_path: Path) -> None:
    found = _pyright(tmp_path, COMPLETIONS)
    assert [d["message"] for d in found if d["severity"] == "error"] == []
    told = [(d["range"]["start"]["line"] + 1, d["message"]) for d in found if d["severity"] == "information"]  # type: ignore[index]
    plain = [(line, re.search(r'is "(.*)"$', str(text))[1]) for line, text in told]  # type: ignore[index]
    assert plain == _answers()


def test_what_does_not_exist_is_told_by_both(tmp_path: Path) -> None:
    file = tmp_path / "mistakes.py"
    file.write_text(MISTAKES, encoding="utf-8")
    done = _mypy(file, cache=tmp_path / "cache")
    for wrong in ("conut", "assum", "epohc"):
        assert wrong in done.stdout
        assert any(wrong in str(d["message"]) for d in _pyright(tmp_path, file) if d["severity"] == "error")


def test_the_stub_has_the_vocabulary_and_no_more() -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name):
                names.add(name)
            case ast.AnnAssign(ast.Name(name)):
                names.add(name)
            case ast.ImportFrom(module, aliases) if str(module).startswith("speccheck"):
                names |= {alias.asname or alias.name for alias in aliases}
            case _:
                pass
    assert {n for n in names if not n.startswith("_")} == set(speccheck.__all__)


def test_the_stubs_functions_take_what_the_functions_take() -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    stubs = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.decorator_list]
    for stub in stubs:
        real = list(inspect.signature(getattr(speccheck, stub.name)).parameters)
        a = stub.args
        told = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
        told += [x.arg for x in (a.vararg, a.kwarg) if x is not None]
        assert sorted(told) == sorted(real), stub.name
