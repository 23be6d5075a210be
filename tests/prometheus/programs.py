"""Programs that only tests use: the one on the machine, else out of its Debian package, which is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.cluster import caches

DOWNLOAD_TIMEOUT_S = 300


def program(name: str, package: str) -> Path:
    """The program's path. Skips the test where it is not on the machine and cannot be had from Debian.

    Where SPECCHECK_REQUIRE_CLUSTER=1 asks for every test, its absence is a failure.
    """
    found = shutil.which(name)
    if found:
        return Path(found)
    try:
        return caches.kept(f"{package}-{name}", lambda place: _unpack(package, place)) / "usr" / "bin" / name
    except (OSError, subprocess.SubprocessError) as error:
        told = f"{name} is not on this machine, and Debian's package {package} cannot be had: {error}"
        if os.environ.get("SPECCHECK_REQUIRE_CLUSTER") == "1":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)


def _unpack(package: str, place: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        try:
            _run(["apt-get", "download", "-qq", package], directory)
        except subprocess.CalledProcessError:  # a machine that has never fetched the lists of packages
            _run(["apt-get", "update", "-qq"], directory)
            _run(["apt-get", "download", "-qq", package], directory)
        (archive,) = Path(directory).glob("*.deb")
        _run(["dpkg-deb", "--extract", str(archive), str(place)], directory)


def _run(words: list[str], directory: str) -> None:
    subprocess.run(words, cwd=directory, check=True, capture_output=True, timeout=DOWNLOAD_TIMEOUT_S)
