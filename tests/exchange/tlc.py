"""TLC, where there is one: SPECCHECK_TLC_JAR names a tla2tools.jar, `java` is found on the path.

The project needs neither and holds neither. Without them the tests that ask for `jar` are skipped, and say so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from speccheck.exchange.tla import Exported

VARIABLE = "SPECCHECK_TLC_JAR"
TIMEOUT_S = 240.0

_COUNTS = re.compile(r"^(\d+) states generated, (\d+) distinct states found", re.MULTILINE)
_VIOLATED = re.compile(r"^Error: Invariant (\S+) is violated", re.MULTILINE)
_TEMPORAL = re.compile(r"^Error: Temporal properties were violated", re.MULTILINE)
_ERROR = re.compile(r"^Error: (?!Invariant |Temporal prop|The behavior|The following behavior)(.*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What TLC said: its counts, the invariants it found violated, whether a temporal property was, other errors."""

    distinct: int
    generated: int
    violated: frozenset[str]
    temporal: bool
    errors: tuple[str, ...]
    text: str


def jar() -> Path:
    """The jar that the environment names; skips the test loudly where there is none."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} is not set: nothing was compared with TLC")
    if shutil.which("java") is None:
        pytest.skip("there is no java on the path: nothing was compared with TLC")
    found = Path(named)
    assert found.is_file(), f"{VARIABLE} names {named}, which is no file"
    return found


def written(export: Exported, folder: Path) -> Path:
    """The folder with the files of an export."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in export.files:
        (folder / file.name).write_text(file.text, encoding="utf-8")
    return folder


def run(export: Exported, folder: Path, configuration: str) -> Outcome:
    """What TLC says of a configuration, after the first violation, too.

    Releases before 2020 know deadlock checking only as an option, so it is given as one.
    """
    text = (folder / configuration).read_text(encoding="utf-8").replace("CHECK_DEADLOCK FALSE\n", "")
    (folder / "asked.cfg").write_text(text, encoding="utf-8")
    (folder / "java").mkdir(exist_ok=True)  # TLC unpacks its modules there, and removes them: not beside another run's
    settings = ["-Xmx1g", "-XX:+UseParallelGC", f"-Djava.io.tmpdir={folder / 'java'}"]
    java = ["java", *settings, "-cp", str(jar()), "tlc2.TLC"]
    options = ["-deadlock", "-continue", "-nowarning", "-workers", "1", "-metadir", "states", "-config", "asked.cfg"]
    ended = subprocess.run(
        [*java, *options, f"{export.module}.tla"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    counts = _COUNTS.search(ended.stdout)
    generated, distinct = (int(counts[1]), int(counts[2])) if counts else (-1, -1)
    violated = frozenset(_VIOLATED.findall(ended.stdout))
    errors = tuple(_ERROR.findall(ended.stdout))
    return Outcome(distinct, generated, violated, bool(_TEMPORAL.search(ended.stdout)), errors, ended.stdout)
