"""Audit logs: what is refused leaves a gap at a time that is known, and what is left out is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from speccheck.cli import trails
from speccheck.cli.trails import Trail
from speccheck.errors import UsageError
from speccheck.sources.observations import Kind


def event(second: int, namespace: str = "shop", **more: object) -> str:
    """An audit event of somebody's writing a ConfigMap, as a line."""
    body = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": f"{second}",
        "stage": "ResponseComplete",
        "verb": "patch",
        "stageTimestamp": f"2026-01-01T00:00:{second:02}Z",
        "objectRef": {"resource": "configmaps", "namespace": namespace, "name": "front"},
        "responseStatus": {"code": 200},
    }
    return msgspec.json.encode(body | more).decode()


def read(tmp_path: Path, *lines: str, namespace: str = "shop") -> tuple[list[str], list[str]]:
    """What a log of these lines gives, each with its second, and what is told of the rest."""
    file = tmp_path / "audit.log"
    file.write_text("".join(f"{line}\n" for line in lines))
    trail = Trail([str(file)], namespace)
    return [f"{each.kind.value} {each.time.second}" for each in trail], list(trail.notes())


def test_a_line_that_is_none_is_a_gap_after_what_stands_before_it(tmp_path: Path) -> None:
    told, notes = read(tmp_path, event(1), "rubbish", event(3), event(2), "{}", event(5))
    assert told == ["MODIFIED 1", "GAP 1", "MODIFIED 3", "MODIFIED 2", "GAP 3", "MODIFIED 5"]
    (note,) = notes
    assert note.startswith("2 lines refused, which leaves gaps; the first: line 2: ")


def test_lines_before_the_first_event_are_one_gap_before_it(tmp_path: Path) -> None:
    told, _ = read(tmp_path, "rubbish", "more", event(4))
    assert told == ["GAP 4", "MODIFIED 4"]


def test_a_log_without_an_event_is_a_gap_of_now(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.write_text("rubbish\n")
    (gap,) = Trail([str(file)], "shop")
    assert gap.kind is Kind.GAP
    assert datetime.now(UTC) - gap.time < timedelta(minutes=5)


def test_a_line_that_is_too_long_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trails, "LINE_BYTES", 400)
    told, (note,) = read(tmp_path, event(1), event(2, more="x" * 400), event(3))
    assert told == ["MODIFIED 1", "GAP 1", "MODIFIED 3"]
    assert note.endswith("the first: line 2: longer than 400 bytes")


def test_other_namespaces_are_left_out_unless_all_are_wanted(tmp_path: Path) -> None:
    lines = event(1), event(2, "else"), event(3, stage="RequestReceived")
    told, notes = read(tmp_path, *lines)
    assert told == ["MODIFIED 1"]
    assert notes == [
        "1 event of other namespaces than shop left out",
        "1 event of requests that changed nothing left out",
    ]
    told, notes = read(tmp_path, *lines, namespace="")
    assert (told, len(notes)) == (["MODIFIED 1", "MODIFIED 2"], 1)


def test_a_log_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="no such file: gone"):
        list(Trail(["gone.log"], "shop"))
