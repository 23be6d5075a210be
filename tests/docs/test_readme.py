"""The README's first example is a spec that runs and says what the README says."""

from __future__ import annotations

import re
from pathlib import Path

from speccheck.checking import CheckRequest, check
from speccheck.loading import load
from speccheck.reports import Verdict

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_counter_of_the_readme_holds(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    path = tmp_path / "counter.py"
    path.write_text(block, encoding="utf-8")
    (report,) = check(load(path).model, CheckRequest())
    assert (report.verdict, report.stats.distinct, report.stats.generated) == (Verdict.HOLDS, 6, 10)
