"""One spec, one Model, whichever Python captures it: every interpreter of this machine that speccheck supports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.cluster import caches

ROOT = Path(__file__).parent.parent
LOWEST = (3, 11)
INSTALL_S = 600
CAPTURE_S = 600

PROGRAM = """
import json, pathlib, sys
from speccheck.ir.json import model_digest
from speccheck.loading import capture
found = {}
for entry in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if entry.suffix == ".py" or entry.is_dir() and any(entry.glob("*.py")) and not entry.name.startswith("_"):
        found[entry.name] = model_digest(capture(entry))
print(json.dumps({"version": list(sys.version_info[:3]), "digests": found}))
"""


def _places() -> Iterator[Path]:
    """Where an interpreter may be: on the path, and where pyenv keeps them."""
    folders = [Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each]
    folders += (Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions").glob("*/bin")
    for folder in folders:
        if "shims" not in folder.parts:
            yield from (path for path in folder.glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name))


@cache
def _interpreters() -> tuple[tuple[str, Path], ...]:
    """One of each minor version but the running one, the newest first found."""
    found: dict[str, Path] = {}
    for place in _places():
        minor = int(place.name.rpartition(".")[2])
        if (3, minor) >= LOWEST and minor != sys.version_info.minor:
            found.setdefault(place.name, place)
    return tuple(sorted(found.items()))


def _libraries(interpreter: Path) -> Path:
    """What speccheck needs, installed for an interpreter, once."""
    locked = ROOT / "requirements" / "runtime.txt"
    name = f"libraries-{interpreter.name}-{caches.digest([locked.read_bytes(), str(interpreter)])}"

    def make(place: Path) -> None:
        pip = [interpreter, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "--target", place, "-r", locked], check=True, timeout=INSTALL_S)

    return caches.kept(name, make)


def _captured(interpreter: Path, path: list[Path]) -> dict[str, str]:
    places = os.pathsep.join(map(str, [ROOT / "operator", *path]))
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONHASHSEED": "0"}
    command = [interpreter, "-c", PROGRAM, ROOT / "specs"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=CAPTURE_S, check=False)
    assert ran.returncode == 0, f"{interpreter}: {ran.stderr}"
    digests: dict[str, str] = json.loads(ran.stdout)["digests"]
    return digests


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """The digests that this interpreter gives."""
    return _captured(Path(sys.executable), [])


@pytest.mark.parametrize("name", [name for name, _ in _interpreters()] or ["none"])
def test_every_spec_has_the_same_digest(name: str, here: dict[str, str]) -> None:
    if name == "none":
        pytest.skip("no other Python from 3.11 on is on this machine's path or in pyenv's folder")
    interpreter = dict(_interpreters())[name]
    assert len(here) > 20
    assert _captured(interpreter, [_libraries(interpreter)]) == here
