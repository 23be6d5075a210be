"""The catalogue of mistakes people really make: what each is told, that the way out works, that every code is listed.

`SPECCHECK_UPDATE_GOLDEN=1 pytest tests/lang/test_mistakes.py` writes the golden files and docs/errors.md anew, for
review: does each say what is wrong, where, and the spelling that works?
"""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.lang.mistakes.catalogue import ENTRIES, REPEATED, capture
from tests.lang.mistakes.pages import page
from tests.lang.mistakes.shapes import Mistake
from tests.lang.specs import Author

from speccheck.errors import SpecError
from speccheck.lang.codes import CODES
from speccheck.reports import Verdict

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden" / "mistakes"
UPDATE = bool(os.environ.get("SPECCHECK_UPDATE_GOLDEN"))
PACKAGE = ROOT / "operator" / "speccheck"
NAMED = [pytest.param(entry, id=entry.name) for entry in ENTRIES]


@cache
def _error(name: str) -> SpecError:
    """What an entry's wrong spelling is told."""
    entry = next(each for each in ENTRIES if each.name == name)
    with TemporaryDirectory() as directory, pytest.raises(SpecError) as caught:
        capture(entry, entry.wrong, Path(directory), entry.encoding)
    return caught.value


def _same(file: Path, text: str) -> None:
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_the_catalogue_is_large_and_names_each_mistake_once() -> None:
    assert len(ENTRIES) >= 60
    assert REPEATED == []


@pytest.mark.parametrize("entry", NAMED)
def test_a_mistake_is_told_as_reviewed(entry: Mistake) -> None:
    _same(GOLDEN / f"{entry.name}.txt", f"{_error(entry.name)}\n")


@pytest.mark.parametrize("entry", NAMED)
def test_the_mended_spelling_is_captured(entry: Mistake, tmp_path: Path) -> None:
    capture(entry, entry.right, tmp_path)


@pytest.mark.parametrize("entry", NAMED)
def test_a_mistake_is_told_with_its_place_and_a_way_out(entry: Mistake) -> None:
    error = _error(entry.name)
    assert error.code in CODES
    assert error.span is not None
    assert 1 <= error.span.column <= len(error.source_line) + 1
    if error.span.path == "spec.py" and entry.encoding == "utf-8":
        assert error.source_line == entry.text(entry.wrong).splitlines()[error.span.line - 1]
    assert error.hint or error.code == "raised"
    assert not re.search(r" at 0x|/tmp/|<function|speccheck\.lang", str(error))


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {entry.name for entry in ENTRIES}


def test_the_page_of_errors_is_made_from_the_catalogue() -> None:
    _same(ROOT / "docs" / "errors.md", page({entry.name: _error(entry.name) for entry in ENTRIES}))


UPSERTED = """
@state
class S(MachineStateBase):
    m: StateVar[dict[int, int]]

@action(init=True)
def init(c: Context[S]):
    c.state.m = Map(int, int)

@action
def step(c: Context[S]):
    c.state.m[1] = 2

@invariant
def few(s: S):
    return s.m.size < 9
"""


def test_a_missing_key_without_upsert_is_the_verdict_error_with_the_way_out(author: Author) -> None:
    found = author.results(UPSERTED)["few"]
    assert found.verdict is Verdict.ERROR
    assert found.error is not None
    assert "UPSERT" in found.error.reason
    mended = author.results(UPSERTED.replace("dict[int, int]]", "dict[int, int], UPSERT]"))["few"]
    assert mended.verdict is Verdict.HOLDS


# --- types of every expression, taken or not -----------------------------------------------------------

STATE = """
@state
class S(MachineStateBase):
    x: StateVar[int]

@action(init=True)
def init(c: Context[S]):
    c.state.x = 0
"""
NEVER = {
    "an if": "if s.x > 100:\n        s.x = 'a'",
    "an else": "if s.x < 100:\n        s.x = 1\n    else:\n        s.x = 'a'",
    "a conditional": "s.x = 1 if s.x < 100 else s.x + 'a'",
    "behind an assume": "c.assume(s.x != s.x)\n    s.x = 'a'",
    "an alternative": "a, b = c.alternatives('a', 'b')\n    with a:\n        c.assume(False)\n        s.x = 'a'\n    with b:\n        pass",
    "a choice of nothing": "with c.one_of(Set(int), 'v') as v:\n        s.x = v == 'a'",
    "an operand": "c.assume(s.x != s.x and s.x == 'a')",
    "a lambda over nothing": "c.assume(Set(int).forall(lambda v: v == 'a'))",
    "a split": "yes, no = c.split(s.x > 100)\n    with yes:\n        s.x = 'a'",
    "a match": "match s.x:\n        case 100:\n            s.x = 'a'",
}


@pytest.mark.parametrize("where", NEVER)
def test_types_are_checked_where_no_run_comes(author: Author, where: str) -> None:
    step = f"\n@action\ndef step(c: Context[S]):\n    s = c.state\n    {NEVER[where]}\n"
    assert author.error(STATE + step).code == "type-mismatch"


# --- the table of codes --------------------------------------------------------------------------------

MAKERS = {"spec_error", "SpecError", "Unmerged", "_wrong"}


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _written() -> dict[str, str]:
    """Every code that is written in a call that makes an error, and where."""
    found: dict[str, str] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.name == "pods.py":
            continue  # what a resource is told has codes of its own
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in MAKERS:
                    found |= dict.fromkeys(_literals(node.args[0]), f"{file.name}:{node.lineno}")
    return found


def test_every_code_in_the_source_is_listed() -> None:
    assert {code: place for code, place in _written().items() if code not in CODES} == {}


def test_every_listed_code_is_in_the_source() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py") if file.name != "codes.py")
    forms = {f"{form}-in-branch" for form in re.findall(r'^    "(\w+)": "', text, re.MULTILINE)}
    assert [code for code in CODES if f'"{code}"' not in text and code not in forms] == []


def test_codes_are_kebab_case_and_each_has_a_meaning_of_its_own() -> None:
    assert [code for code in CODES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []
    assert len(set(CODES.values())) == len(CODES)
    assert list(filter(None, (m.rstrip(".") != m or "\n" in m for m in CODES.values()))) == []
