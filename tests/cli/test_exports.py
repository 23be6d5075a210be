"""`speccheck export`, run for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

from speccheck.ir.json import model_digest, model_from_json

Run = Callable[..., Ended]


def test_tla_is_a_module_and_configurations(run: Run, samples: Path) -> None:
    ended = run("export", "counter.py", "--instance", "small", "--output", "out/tla")
    assert (ended.status, ended.err) == (0, "")
    written = ended.out.splitlines()
    assert written[:2] == ["out/tla/counter.tla", "out/tla/counter.cfg"]
    assert all((samples / name).is_file() for name in written)
    assert "MODULE counter" in (samples / "out/tla/counter.tla").read_text(encoding="utf-8")
    assert "CONSTANTS\n  N = 4\n" in (samples / "out/tla/counter.cfg").read_text(encoding="utf-8")


def test_the_model_is_exported_as_it_is_captured(run: Run, samples: Path) -> None:
    captured = model_from_json(run("capture", "counter.py", "--json").out.encode())
    ended = run("export", "counter.py", "--instance", "small", "--format", "json", "--output", "out")
    assert ended.out == "out/counter.model.json\n"
    exported = model_from_json((samples / "out/counter.model.json").read_bytes())
    assert model_digest(exported) == model_digest(captured)
    assert exported.instance_name == "small"
    assert run("export", "counter.py", "--instance", "small", "--format", "text", "--output", "out").status == 0
    assert "spec counter, instance small" in (samples / "out/counter.model.txt").read_text(encoding="utf-8")


def test_an_instance_is_asked_for_where_there_are_several(run: Run) -> None:
    ended = run("export", "counter.py", "--output", "out")
    assert (ended.status, ended.out) == (5, "")
    assert "counter has parameters without a value; give --instance (it has: small, large, zero)" in ended.err


def test_a_folder_that_cannot_be_made_is_told(run: Run) -> None:
    ended = run("export", "counter.py", "--instance", "small", "--output", "counter.py")
    assert ended.status == 5
    assert "cannot make the folder counter.py" in ended.err


def test_what_cannot_be_said_is_refused_with_its_place(run: Run, samples: Path) -> None:
    text = (samples / "counter.py").read_text(encoding="utf-8")
    (samples / "counter.py").write_text(text.replace("N=4", "N=3_000_000_000"), encoding="utf-8")
    ended = run("export", "counter.py", "--instance", "small", "--output", "out")
    assert ended.status == 5
    assert "counter cannot be exported to TLA+: the integer 3000000000 has more than 32 bits" in ended.err
    assert not (samples / "out").exists()
