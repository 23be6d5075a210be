"""Every example of docs/language.md is executed: the first is a whole spec, the others are added to it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from speccheck.checking import CheckRequest, check
from speccheck.loading import load
from speccheck.reports import Verdict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "language.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_is_captured_and_its_properties_hold(tmp_path: Path, number: int) -> None:
    path = tmp_path / "queue_of_jobs.py"
    path.write_text(BLOCKS[0] + ("\n\n" + BLOCKS[number] if number else ""), encoding="utf-8")
    (report,) = check(load(path).model, CheckRequest())
    assert {p.name: p.verdict for p in report.properties} == {p.name: Verdict.HOLDS for p in report.properties}
    assert report.stats.distinct > 100


def test_the_example_of_an_execution_runs(tmp_path: Path) -> None:
    (tmp_path / "queue_of_jobs.py").write_text(BLOCKS[0], encoding="utf-8")
    (script,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    head = (
        "import pytest\nimport speccheck.imports\nspeccheck.imports.install('.')\n"
        "from speccheck import Execution\nfrom speccheck.errors import AssumptionViolated\n"
    )
    command = [sys.executable, "-c", head + script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_an_example_action_can_be_a_step(tmp_path: Path) -> None:
    for name in ("swap_around", "choosing"):
        block = next(b for b in BLOCKS if f"def {name}" in b)
        path = tmp_path / "queue_of_jobs.py"
        path.write_text(
            BLOCKS[0].replace("def step(", "def whole(") + f"\n\n{block}\n\nstep = {name}\n", encoding="utf-8"
        )
        assert load(path).model.step.block
