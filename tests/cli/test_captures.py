"""`speccheck capture`, run for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

from speccheck.ir.json import model_digest, model_from_json

Run = Callable[..., Ended]


def test_text_is_the_default(run: Run) -> None:
    ended = run("capture", "counter.py")
    assert (ended.status, ended.err) == (0, "")
    assert "spec counter" in ended.out
    assert run("capture", "counter.py", "--text").out == ended.out


def test_json_is_a_model_that_can_be_read(run: Run) -> None:
    model = model_from_json(run("capture", "counter.py", "--json").out.encode())
    assert [each.name for each in model.instances] == ["small", "large", "zero"]


def test_a_file_gets_the_model_and_the_terminal_its_digest(run: Run, samples: Path) -> None:
    ended = run("capture", "counter.py", "--json", "--output", "model.json")
    model = model_from_json((samples / "model.json").read_bytes())
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == f"model.json: counter, {model_digest(model)}\n"


def test_one_form_at_a_time(run: Run) -> None:
    ended = run("capture", "counter.py", "--json", "--text")
    assert ended.status == 5
    assert "exclude each other" in ended.err


def test_a_wrong_specification_is_told_with_its_place(run: Run, samples: Path) -> None:
    (samples / "wrong.py").write_text("x = (\n")
    ended = run("capture", "wrong.py")
    assert (ended.status, ended.out) == (4, "")
    assert "wrong.py:1" in ended.err
