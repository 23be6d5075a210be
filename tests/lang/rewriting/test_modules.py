"""Rewritten modules by the loader, the import hook and the pytest plugin, and single functions where neither came."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lang.specs import COUNTER, HEADER, Author

from speccheck import Val, expr, imports, value
from speccheck.errors import UsageError
from speccheck.loading import load
from speccheck.reports import Verdict

STEP = "@action\ndef step(c: Context[S]):\n    s = c.state\n    c.assume(s.x < s.N)\n    s.x += 1\n"


@expr
def sign(n):
    """A function of an ordinary module, which is rewritten where it is decorated."""
    if n < 0:
        return -1
    return 1 if n > 0 and n != 0 else 0


def _made(factor: int):  # type: ignore[no-untyped-def]
    @expr
    def scaled(n):  # type: ignore[no-untyped-def]
        return n * factor if n > 0 else total

    total = 7
    return scaled


def test_a_decorated_function_of_an_ordinary_module_is_rewritten_with_its_cells() -> None:
    assert [value(sign(Val(n))) for n in (-3, 0, 5)] == [-1, 0, 1]
    made = [_made(factor) for factor in (2, 3)]
    assert [value(each(Val(4))) for each in made] == [8, 12]
    assert value(made[0](Val(-1))) == 7


def test_a_function_without_source_stays_as_it_is_and_says_what_to_write() -> None:
    scope: dict[str, object] = {"expr": expr}
    exec("@expr\ndef f(n):\n    return n > 0 and n < 9\n", scope)  # noqa: S102 - the very thing that is tested
    with pytest.raises(Exception, match="no truth value"):
        scope["f"](Val(1))  # type: ignore[operator]


@pytest.fixture
def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose modules are imported rewritten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    imports.install(tmp_path)
    yield tmp_path
    imports.remove(tmp_path)
    for name in [n for n, m in sys.modules.items() if str(getattr(m, "__file__", "")).startswith(str(tmp_path))]:
        del sys.modules[name]


def test_the_import_hook_gives_rewritten_modules_and_leaves_no_bytecode(hooked: Path) -> None:
    (hooked / "hooked_spec.py").write_text(HEADER + "def f(n):\n    return n > 0 and n < 9\n", encoding="utf-8")
    module = importlib.import_module("hooked_spec")
    assert value(module.f(Val(3))) is True
    assert module.f(3) is True
    assert list(hooked.rglob("*.pyc")) == []


def test_the_import_hook_says_when_it_comes_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "early_spec.py").write_text(HEADER, encoding="utf-8")
    importlib.import_module("early_spec")
    try:
        with pytest.raises(UsageError, match="early_spec was imported"):
            imports.install(tmp_path)
    finally:
        del sys.modules["early_spec"]
    with pytest.raises(UsageError, match="no such directory"):
        imports.install(tmp_path / "nowhere")


def test_the_pytest_plugin_lets_tests_import_specs(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "plugged.py").write_text(HEADER + "def f(n):\n    return 0 < n < 9\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "from plugged import f\nfrom speccheck import Val, value\n\ndef test_it():\n    assert value(f(Val(3))) is True\n",
        encoding="utf-8",
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nspeccheck_specs = specs\npythonpath = specs\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "speccheck.pytest_plugin", "-p", "no:cacheprovider"]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_helper_module_beside_the_spec_is_rewritten_too(author: Author) -> None:
    author.write("def in_range(x):\n    return 0 <= x and x <= 3\n", "helper.py")
    found = author.results(
        "from helper import *\n" + COUNTER + STEP + "@invariant\ndef p(s: S):\n    return in_range(s.x)\n"
    )
    assert found["p"].verdict is Verdict.HOLDS


SOURCES = {
    "a future import and a docstring": '"""Doc."""\nfrom __future__ import annotations\n',
    "an encoding": "# -*- coding: latin-1 -*-\n# caf\xe9\n",
    "tabs and type comments": "def t(a):\n\tif a: # type: ignore\n\t\treturn 1\n\treturn 2\n",
    "globals and nonlocals": (
        "n = 0\ndef g():\n    global n\n    n += 1\n    k = 0\n    def h():\n        nonlocal k\n        k += 1\n"
        "        return k\n    return h() and n\nassert g() == 1 and n == 1\n"
    ),
    "classes with private names and super": (
        "class A:\n    def __init__(self):\n        self.__x = 1\n    def f(self):\n        y = 0\n        if self.__x:\n"
        "            __z = 4\n            y = __z\n        return y\n"
        "class B(A):\n    def f(self):\n        return super().f() + 1 if __class__ is B else 0\nassert B().f() == 5\n"
    ),
    "coroutines": "async def k():\n    if True:\n        return 1\n",
    "generators and loops with else": (
        "def it(n):\n    for i in range(n):\n        if i == 1:\n            continue\n        if i == 3:\n            break\n"
        "        yield i\n    else:\n        yield -1\nassert list(it(9)) == [0, 2] and list(it(1)) == [0, -1]\n"
    ),
    "try, finally, return in a loop": (
        "def r(xs):\n    for x in xs:\n        try:\n            if x > 1:\n                return x\n        finally:\n"
        "            seen.append(x)\n    return 0\nseen = []\nassert r([1, 2, 3]) == 2 and seen == [1, 2]\n"
    ),
    "class bodies with conditions": "class K:\n    a = 1\n    b = a and 2\n    c = [i for i in range(3) if i]\n    d = a if b else 0\n",
    "a match in Python": (
        "def m(v):\n    match v:\n        case [1, *rest]:\n            return rest\n        case {'k': k, **more}:\n"
        "            return k, more\n        case str() as t if t:\n            return t\n        case (1 | 2) as n:\n            return n\n"
        "    return None\nassert m([1, 2]) == [2] and m({'k': 1, 'l': 2}) == (1, {'l': 2}) and m('a') == 'a' and m(2) == 2 and m('') is None\n"
    ),
    "star, walrus, lambda defaults": (
        "a, *b = {3, 1, 2}\nassert (a, b) == (1, [2, 3])\nif (n := len(b)) > 1 and n:\n    c = n\n"
        "fs = [lambda i=i: i for i in range(3)]\nassert [f() for f in fs] == [0, 1, 2]\n"
    ),
    "decorators and one-line lambdas": (
        "def twice(f):\n    return lambda *a: f(f(*a))\n@twice\n@twice\ndef inc(x): return x + 1 if x is not None else 0\n"
        "assert inc(0) == 4; g = lambda a, b: a if a and not b else b; assert g(1, 0) == 1\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SOURCES)
def test_what_python_says_is_kept(author: Author, what: str) -> None:
    encoding = "latin-1" if "encoding" in what else "utf-8"
    path = author.directory / "spec.py"
    path.write_bytes((SOURCES[what] + HEADER + COUNTER + STEP).encode(encoding))
    assert load(path).model.step.block


def test_errors_point_at_the_authors_characters(author: Author) -> None:
    text = COUNTER + STEP + "@invariant\ndef p(s: S):\n    ä = 'öö'; return (s.x > 0) and ('é' in s.x)\n"
    error = author.error(text)
    assert error.code == "in-on-expression"
    assert error.span is not None
    assert error.source_line[error.span.column - 1 :].startswith("'é' in s.x")
