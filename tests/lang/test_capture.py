"""Capture of modules: what belongs to a spec, digests that do not move, named functions, refused forms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lang.specs import COUNTER, Author

from speccheck.errors import SpecError, UsageError
from speccheck.ir.json import model_digest
from speccheck.ir.text import model_text
from speccheck.loading import load

STEP = "@action(inline=False)\ndef step(c: Context[S]):\n    c.state.x = (c.state.x + 1) % c.state.N\n"
ROOT = Path(__file__).resolve().parents[2]


def test_the_text_of_a_captured_model(author: Author) -> None:
    text = COUNTER + STEP + '@invariant\ndef small_enough(s: S):\n    """Below N."""\n    return s.x < s.N\n'
    path = author.write(text)
    golden = Path(__file__).parent / "golden" / "counter.txt"
    assert model_text(load(path).model) == golden.read_text(encoding="utf-8")


def test_helper_modules_beside_the_spec_are_part_of_it(author: Author) -> None:
    author.write(COUNTER, "base_of_it.py")
    path = author.write("from base_of_it import *\n" + STEP)
    first = load(path)
    assert first.files == ("base_of_it.py", "spec.py")
    assert "base_of_it" not in sys.modules
    author.write(COUNTER.replace("N=3", "N=4"), "base_of_it.py")
    second = load(path)
    assert second.source_digest != first.source_digest
    assert model_digest(second.model) != model_digest(first.model)


def test_an_imported_action_that_is_not_called_is_not_part_of_the_spec(author: Author) -> None:
    author.write(COUNTER + "@action(inline=False)\ndef other(c: Context[S]):\n    c.state.x = 100\n", "base_of_it.py")
    path = author.write(
        "from base_of_it import *\n@action(inline=False)\ndef mine(c: Context[S]):\n    c.assume(c.state.x > 5)\n"
    )
    assert [a.name for a in load(path).model.actions] == ["mine"]


SHOW = "import sys; from speccheck.loading import load; from speccheck.ir.json import model_digest; print(model_digest(load(sys.argv[1]).model))"


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_digest_does_not_depend_on_the_hash_seed(author: Author, seed: str) -> None:
    path = author.write(
        COUNTER
        + STEP
        + "@invariant\ndef p(s: S):\n    return Set('b', 'a', 'c').size + Val({'q', 'r', 's'}).size == 6\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "operator")}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW, str(path)], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == model_digest(load(path).model)


def test_an_unknown_name_is_told_with_its_likeness(author: Author) -> None:
    error = author.error("from speccheck import Foral\n")
    assert error.code == "unknown-name"
    assert error.hint.startswith("did you mean 'Forall'")


def test_what_a_module_raises_is_told_at_its_line(author: Author) -> None:
    error = author.error("x = 1\ny = {}['a']\n")
    assert (error.code, error.span.line if error.span else 0) == ("raised", 5)
    assert str(error).startswith("error[raised]: the specification raised KeyError: 'a'\n  --> spec.py:5:5")
    assert author.error("raise SystemExit(0)\n").code == "raised"
    assert author.error("def f(:\n").code == "syntax-error"


def test_missing_files_and_directories_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "nowhere.py")
    with pytest.raises(UsageError, match="directory without"):
        load(tmp_path)


def test_a_directory_is_entered_by_its_name(author: Author) -> None:
    inner = author.directory / "queue_of_jobs"
    inner.mkdir()
    Author(inner).write(COUNTER + STEP, "queue_of_jobs.py")
    assert load(inner).model.name == "queue_of_jobs"


def test_a_named_function_stays_one_and_takes_the_state_it_reads(author: Author) -> None:
    text = (
        COUNTER
        + STEP
        + (
            "@expr(inline=False)\ndef near(s: S, a: Annotated[Expr, int]):\n    return (s.x - a <= 1) & (a - s.x <= 1)\n\n"
            "@invariant\ndef p(s: S):\n    return near(s, 1) | near(s, 2)\n"
        )
    )
    model = author.model(text)
    assert [(f.name, [p.name.split(".")[0] for p in f.params]) for f in model.functions] == [("near", ["a", "x"])]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@expr(pure=True)\ndef f(s: S):\n    return s.x\n@invariant\ndef p(s: S):\n    return f(s) == 1\n", "pure-state"),
        ("@expr(coerce=False)\ndef f(a: Annotated[Expr, int]):\n    return a\n@invariant\ndef p(s: S):\n    return f(1) == 1\n", "expression-wanted"),
        ("@expr\ndef f(a: Annotated[Expr, int]):\n    return f(a)\n@invariant\ndef p(s: S):\n    return f(s.x) == 1\n", "recursion"),
        ("@expr\ndef f(a: Annotated[Expr, int]):\n    return a\n@invariant\ndef p(s: S):\n    return f(s.x, 2) == 1\n", "arguments"),
        ("@expr\ndef f(a: Annotated[Expr, int]):\n    return a\n@invariant\ndef p(s: S):\n    return f(True) == 1\n", "type-mismatch"),
    ],
)  # fmt: skip
def test_options_of_expression_functions_are_kept(author: Author, text: str, code: str) -> None:
    assert author.error(COUNTER + STEP + text).code == code


def test_columns_are_in_characters(author: Author) -> None:
    with pytest.raises(SpecError) as caught:
        load(author.write(COUNTER + STEP + "@invariant\ndef p(s: S):\n    return (Val('äöü') == 'ß') & s.nope\n"))
    span = caught.value.span
    assert span is not None
    assert caught.value.source_line[span.column - 1 :].startswith("s.nope")


def test_an_error_that_the_author_catches_is_told_all_the_same(author: Author) -> None:
    text = (
        COUNTER
        + STEP
        + (
            "@invariant\ndef p(s: S):\n    try:\n        return s.x > 0 and s.x < 9\n    except Exception:\n        return Val(True)\n"
        )
    )
    assert author.error(text).code == "try-expression"


@pytest.mark.parametrize(
    "text",
    [
        "@invariant\ndef p(s: S):\n    return s.x < 0\n\n@invariant\ndef p(s: S):\n    return s.x < 9\n",
        "kept = [invariant(lambda s: s.x < 0)]\n".replace("lambda s: s.x < 0", "bad").join(
            ["def bad(s):\n    return s.x < 0\n", ""]
        ),
    ],
)
def test_a_property_that_no_name_leads_to_is_refused_not_dropped(author: Author, text: str) -> None:
    assert author.error(COUNTER + STEP + text).code == "lost-declaration"


def test_properties_made_in_a_loop_keep_the_names_they_are_given(author: Author) -> None:
    text = (
        COUNTER
        + STEP
        + (
            "def below(n):\n    def p(s: S):\n        return s.x < n\n    return invariant(p)\n\n"
            "for n in (1, 9):\n    globals()[f'below_{n}'] = below(n)\n"
        )
    )
    assert {n: r.verdict.value for n, r in author.results(text).items()} == {"below_1": "Violated", "below_9": "Holds"}


def test_a_loop_over_an_expression_that_is_left_early_is_refused(author: Author) -> None:
    text = (
        COUNTER
        + STEP
        + (
            "def some(s):\n    for y in Set(1, 2):\n        break\n    for x in Set(1, 2):\n        yield x >= y\n\n"
            "@invariant\ndef p(s: S):\n    return Forall(some(s))\n"
        )
    )
    assert author.error(text).code in {"loop-left-early", "out-of-scope"}
