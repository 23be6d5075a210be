"""`speccheck run`: the manifests of a cluster without one, to the conditions, the Events and the exit status."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.conftest import COMMAND, Ended, Run, environment
from tests.cli.rollouts import CHECK, OBSERVE, deployment, write_lines, write_manifests
from tests.conform.specs import ROLLOUT

Golden = Callable[[str, str], None]


def conditions(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in found["status"]["conditions"]}


def answer(ended: Ended) -> dict[str, Any]:
    """The only SpecCheck of a JSON answer."""
    decoded = msgspec.json.decode(ended.out)
    assert decoded["exitStatus"] == ended.status
    (found,) = decoded["specChecks"]
    assert isinstance(found, dict)
    return found


def observed(run: Run, tmp_path: Path, *lines: dict[str, Any] | bytes, text: str = CHECK + OBSERVE) -> Ended:
    file = write_lines(tmp_path / "seen.jsonl", *lines)
    folder = write_manifests(tmp_path / "manifests", text)
    return run("run", "-f", str(folder), "--observations", str(file), "--json")


def test_a_drift_begins_repeats_and_ends_and_is_told_as_in_a_cluster(run: Run, tmp_path: Path, golden: Golden) -> None:
    file = write_lines(
        tmp_path / "seen.jsonl",
        {"type": "ADDED", "object": deployment(2, 1, 1)},
        {"object": deployment(2, 1, 1)},
        {"object": deployment(5, 2, 2)},
        {"object": deployment(5, 3, 3)},
        {"object": deployment(3, 4, 3)},
        {"object": deployment(9, 5, app="other", name="other")},
        {"object": deployment(4, 6, 3)},
    )
    folder = write_manifests(tmp_path / "manifests")
    ended = run("run", "-f", str(folder), "--observations", str(file))
    assert (ended.status, ended.err) == (1, "shop/rollout: 1 line left out: 1 without label app=web\n")
    golden("run_drift.txt", ended.out)


def test_the_json_form_has_the_bodies_that_a_cluster_would_keep(run: Run, tmp_path: Path) -> None:
    ended = observed(run, tmp_path, {"object": deployment(5, 1)}, {"object": deployment(6, 2)})
    found = answer(ended)
    assert conditions(found)["Conformant"] == ("False", "DriftDetected")
    assert conditions(found)["Verified"] == ("True", "Holds")
    (drift,) = found["status"]["observe"]["drifts"]
    assert (drift["count"], drift["object"]["uid"], drift["key"]) == (2, "uid-web", "shop/web")
    told = [e for e in found["events"] if e["reason"] == "DriftDetected"]
    assert [e["regarding"]["kind"] for e in told] == ["Deployment", "SpecCheck"]
    assert {e["series"]["count"] for e in told} == {2}
    assert [r["verdict"] for r in found["reports"]] == ["Holds"]


def test_a_rollout_that_conforms_is_conformant(run: Run, tmp_path: Path) -> None:
    ended = observed(run, tmp_path, *({"object": deployment(n % 3 + 1, n)} for n in range(1, 30)))
    found = answer(ended)
    assert ended.status == 0
    assert conditions(found)["Conformant"] == ("True", "Conforms")
    assert found["status"]["observe"]["judged"] == 29


def test_an_object_that_is_gone_takes_its_drift_along(run: Run, tmp_path: Path) -> None:
    bad = deployment(5, 1)
    ended = observed(run, tmp_path, {"object": bad}, {"type": "DELETED", "object": bad})
    found = answer(ended)
    assert ended.status == 1
    assert [e["reason"] for e in found["events"]][-2:] == ["DriftResolved", "DriftResolved"]
    assert found["status"]["observe"]["driftsActive"] == 0


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ({"type": "GAP", "reason": "the watch was away"}, "gaps", "ObservationGap"),
        (b"rubbish", "gaps", None),
        ({"object": deployment("many", 9)}, "rejected", "ObservationRejected"),
    ],
)
def test_what_may_have_been_missed_leaves_it_undecided(
    run: Run, tmp_path: Path, line: dict[str, Any] | bytes, field: str, reason: str | None
) -> None:
    ended = observed(run, tmp_path, {"object": deployment(1, 1)}, line, {"object": deployment(1, 2)})
    found = answer(ended)
    assert ended.status == 3
    assert found["status"]["observe"][field] == 1
    assert reason is None or reason in {e["reason"] for e in found["events"]}
    assert ("line 2: " in ended.err) == isinstance(line, bytes)


def test_missing_sequence_numbers_are_a_gap_and_late_ones_are_dropped(run: Run, tmp_path: Path) -> None:
    rows = [{"source": "web", "seq": seq, "object": deployment(n, seq)} for seq, n in ((1, 1), (2, 1), (5, 1), (4, 9))]
    found = answer(observed(run, tmp_path, *rows))
    assert (found["status"]["observe"]["gaps"], found["status"]["observe"]["driftsActive"]) == (1, 0)


def test_lines_of_another_source_are_not_looked_at(run: Run, tmp_path: Path) -> None:
    rows = [{"source": "db", "object": deployment(9, 1)}, {"source": "web", "object": deployment(1, 1)}]
    ended = observed(run, tmp_path, *rows)
    assert (ended.status, answer(ended)["status"]["observe"]["judged"]) == (0, 1)
    assert ended.err == "shop/rollout: 1 line left out: 1 of source db, not web\n"


def test_lines_of_objects_that_are_not_selected_are_counted_with_the_reason(run: Run, tmp_path: Path) -> None:
    mine = deployment(1, 1)
    elsewhere = mine | {"metadata": mine["metadata"] | {"namespace": "other"}}
    rows = [elsewhere, elsewhere, mine | {"kind": "StatefulSet"}, deployment(1, 2, app="db")]
    ended = observed(run, tmp_path, *({"object": row} for row in rows))
    found = answer(ended)
    assert ended.status == 3
    assert conditions(found)["Conformant"] == ("Unknown", "NothingObserved")
    assert found["leftOutLines"] == {
        "of namespace other, not shop": 2,
        "of kind StatefulSet, not Deployment": 1,
        "without label app=web": 1,
    }
    assert ended.err == (
        "shop/rollout: 4 lines left out: 2 of namespace other, not shop; 1 of kind StatefulSet, not Deployment; "
        "1 without label app=web\n"
    )


def test_ten_rejections_in_a_row_stall(run: Run, tmp_path: Path) -> None:
    ended = observed(run, tmp_path, *({"object": deployment("many", n)} for n in range(1, 11)))
    found = answer(ended)
    assert ended.status == 4
    assert conditions(found)["Stalled"] == ("True", "ObservationRejected")
    assert "should be an integer, and is the text 'many'" in str(found["status"]["conditions"])


def test_nothing_judged_is_not_taken_for_conformance(run: Run, tmp_path: Path) -> None:
    ended = observed(run, tmp_path)
    assert ended.status == 3
    assert conditions(answer(ended))["Conformant"] == ("Unknown", "NothingObserved")


def test_a_mistake_in_the_mapping_is_found_without_any_observation(run: Run, tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m", CHECK + OBSERVE.replace("replicas: object", "replica: object"))
    ended = run("run", "-f", str(folder), "--json")
    found = answer(ended)
    assert ended.status == 4
    assert conditions(found)["Stalled"] == ("True", "SpecInvalid")
    assert "did you mean 'replicas'" in str(found["status"]["conditions"])


def test_a_violated_spec_shows_the_event_and_with_paths_the_report(run: Run, tmp_path: Path, golden: Golden) -> None:
    spec = ROLLOUT.replace("c.state.replicas < c.state.WANTED", "c.state.replicas <= c.state.WANTED")
    folder = write_manifests(tmp_path / "m", CHECK, spec)
    ended = run("run", "-f", str(folder), "--paths")
    assert ended.status == 1
    golden("run_violation.txt", ended.out)


def test_a_broken_spec_is_stalled_with_its_place(run: Run, tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m", CHECK, "def x(:\n")
    ended = run("run", "-f", str(folder), "--json")
    found = answer(ended)
    assert ended.status == 4
    assert conditions(found)["Stalled"] == ("True", "SpecInvalid")
    assert "rollout.py:1:7" in str(found["status"]["conditions"])
    assert "SpecInvalid" in {e["reason"] for e in found["events"]}


def test_a_source_that_is_not_there_waits_for_it(run: Run, tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m", CHECK)
    (folder / "source.yaml").unlink()
    ended = run("run", "-f", str(folder), "--json")
    assert ended.status == 5
    found = answer(ended)
    assert conditions(found)["Reconciling"] == ("True", "SourceNotFound")
    (event,) = found["events"]
    assert (event["type"], event["reason"]) == ("Warning", "CheckIncomplete")
    assert "rollout-spec" in event["note"]


def test_a_manifest_that_no_cluster_would_take_is_refused(run: Run, tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m", CHECK.replace("check:", "chek:"))
    ended = run("run", "-f", str(folder), "--json")
    assert ended.status == 4
    found = answer(ended)
    assert "chek" in str(found["status"]["conditions"])
    (event,) = found["events"]
    assert (event["reason"], event["regarding"]["name"]) == ("SpecInvalid", "rollout")
    assert "chek" in event["note"]


def test_several_checks_give_the_worst_status(run: Run, tmp_path: Path) -> None:
    second = CHECK.replace("name: rollout,", "name: second,").replace("instances: [three]", "instances: [none]")
    folder = write_manifests(tmp_path / "m", f"{CHECK}---{second}")
    ended = run("run", "-f", str(folder))
    assert ended.status == 4
    assert ended.out.count("Kind:         SpecCheck") == 2
    assert "no instance 'none'" in ended.out


def test_without_a_check_the_spec_is_only_captured_and_observed(run: Run, tmp_path: Path) -> None:
    text = "\n".join(line for line in CHECK.splitlines() if "check:" not in line)
    ended = observed(run, tmp_path, {"object": deployment(1, 1)}, text=text + OBSERVE)
    found = answer(ended)
    assert (ended.status, found["reports"], found["events"]) == (0, [], [])
    assert conditions(found)["Conformant"] == ("True", "Conforms")


def test_observations_come_from_standard_input_too(tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m")
    file = write_lines(tmp_path / "seen.jsonl", {"object": deployment(5, 1)})
    command = [COMMAND, "run", "-f", str(folder), "--observations", "-", "--json"]
    with file.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, timeout=60, env=environment())
    assert done.returncode == 1


def test_files_that_are_not_there_are_usage(run: Run, tmp_path: Path) -> None:
    folder = write_manifests(tmp_path / "m")
    ended = run("run", "-f", str(folder), "--observations", str(tmp_path / "gone"))
    assert (ended.status, "no such file" in ended.err) == (5, True)
    assert run("run", "-f", str(tmp_path / "gone.yaml")).status == 5


def test_of_many_lines_all_are_judged_and_the_events_are_bounded(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    with file.open("wb") as stream:
        for n in range(20_000):
            time = f"2026-11-03T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z"
            body = {"time": time, "object": deployment(n % 5, n, name=f"web-{n % 7}")}
            stream.write(msgspec.json.encode(body) + b"\n")
    folder = write_manifests(tmp_path / "m")
    ended = run("run", "-f", str(folder), "--observations", str(file), "--json")
    found = answer(ended)
    assert ended.status == 4  # `ratio` has no value where nothing is asked for
    assert found["status"]["observe"]["judged"] == 20_000
    assert len(found["events"]) <= 1_002
    assert found["droppedEvents"] > 0
