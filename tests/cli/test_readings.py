"""Files of observations: in the order of their times, each line with where it is from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from speccheck.cli.readings import Reading
from speccheck.errors import UsageError
from speccheck.sources.observations import Observation


def write(file: Path, *seconds: int | str) -> str:
    """A file with an observation at each of these seconds; a text is written as it is."""
    rows = [
        each if isinstance(each, str) else f'{{"time": "2026-11-03T12:00:{each:02}Z", "event": {{"name": "e{each}"}}}}'
        for each in seconds
    ]
    file.write_text("".join(f"{row}\n" for row in rows))
    return str(file)


def shown(*paths: str) -> list[str]:
    with Reading(paths) as reading:
        return [_text(line) for line in reading]


def _text(line: object) -> str:
    match line:
        case Observation(event=event, line=number, file=file):
            assert event is not None
            return f"{Path(file).name}:{number} {event.name}"
        case other:
            return str(other).rpartition("/")[2]


def test_one_file_is_read_as_it_is(tmp_path: Path) -> None:
    file = write(tmp_path / "a", 3, 1, "", 2)
    assert shown(file) == [":1 e3", ":2 e1", ":4 e2"]


def test_several_files_are_merged_by_time_and_keep_their_own_order(tmp_path: Path) -> None:
    files = write(tmp_path / "a", 1, 4, 3, 9), write(tmp_path / "b", 2, "rubbish", 5)
    found = shown(*files)
    assert [each for each in found if "rubbish" not in each and "JSON" not in each] == [
        "a:1 e1",
        "b:1 e2",
        "a:2 e4",
        "a:3 e3",
        "b:3 e5",
        "a:4 e9",
    ]
    assert found[2].startswith("b:2: JSON is malformed")


def test_how_far_it_is_is_known_of_files(tmp_path: Path) -> None:
    files = write(tmp_path / "a", 1, 3), write(tmp_path / "b", 2)
    reading = Reading(files)
    assert reading.total_bytes == sum(os.path.getsize(file) for file in files)
    with reading:
        assert list(reading)
        assert reading.read_bytes == reading.total_bytes


def test_what_has_no_length_has_none(tmp_path: Path) -> None:
    assert Reading(["-"]).total_bytes is None


@pytest.mark.parametrize(
    ("paths", "message"),
    [(["gone"], "no such file: gone"), (["-", "-"], "can be read once only"), (["."], "is a directory")],
)
def test_what_cannot_be_read_is_told_before_anything_is(paths: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Reading(paths)
