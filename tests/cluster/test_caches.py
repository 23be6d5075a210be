"""What is kept is made once, whole, and under a name that tells its inputs apart."""

import os
import threading
from pathlib import Path

import pytest
from tests.cluster import caches


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_two_runs_make_a_thing_once() -> None:
    made: list[Path] = []

    def make(place: Path) -> None:
        made.append(place)
        place.write_text("whole")

    threads = [threading.Thread(target=caches.kept, args=("thing-1", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(made) == 1
    assert caches.kept("thing-1", make).read_text() == "whole"


def test_a_failed_making_leaves_nothing() -> None:
    def make(place: Path) -> None:
        place.write_text("half")
        raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="the disk is full"):
        caches.kept("thing-2", make)
    assert [path.name for path in caches.directory().iterdir()] == ["thing.lock"]


def test_digest_tells_where_one_part_ends() -> None:
    assert caches.digest(["ab", "c"]) != caches.digest(["a", "bc"])
    assert caches.digest(["ab", b"c"]) == caches.digest([b"ab", "c"])
    assert len(caches.digest([])) == 12


def test_keep_newest_forgets_the_oldest() -> None:
    for age, name in enumerate(["old-3.tar", "old-2.tar", "old-1.tar"]):
        path = caches.directory() / name
        path.touch()
        os.utime(path, (age, age))
    caches.keep_newest("old-*.tar", 2)
    assert sorted(path.name for path in caches.directory().glob("old-*")) == ["old-1.tar", "old-2.tar"]
