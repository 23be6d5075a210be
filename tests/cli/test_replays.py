"""`speccheck replay`, run for real on paths that `speccheck check` saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Ended

from speccheck.cli.replays import judged
from speccheck.engines.reference.replays import replay
from speccheck.loading import load
from speccheck.rendering.itf import path_from_itf

Run = Callable[..., Ended]


@pytest.fixture
def saved(run: Run, samples: Path) -> Callable[..., Path]:
    """Saves the path that a check finds."""

    def save(*arguments: str) -> Path:
        run("check", "counter.py", *arguments, "--itf", "path.itf.json")
        return samples / "path.itf.json"

    return save


def edited(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_a_counterexample_shows_what_it_was_saved_for(
    run: Run, saved: Callable[..., Path], golden: Callable[[str, str], None]
) -> None:
    saved("--instance", "large", "--property", "below_five")
    ended = run("replay", "counter.py", "path.itf.json")
    assert ended.err == ""
    golden("replay.txt", ended.out)


@pytest.mark.parametrize(
    ("arguments", "status", "shown"),
    [
        (("--instance", "small", "--property", "three"), 4, "✓ three"),
        (("--instance", "large", "--property", "below_five"), 4, "✗ below_five"),
        (("--instance", "small", "--property", "divides"), 4, "! divides"),
        (("--instance", "zero", "--property", "divides", "--deadlock"), 1, "✗ deadlock"),
    ],
)
def test_the_path_is_judged_anew(
    arguments: tuple[str, ...], status: int, shown: str, run: Run, saved: Callable[..., Path]
) -> None:
    saved(*arguments)
    ended = run("replay", "counter.py", "path.itf.json")
    assert (ended.status, ended.err) == (status, "")
    assert shown in ended.out


def test_the_json_form_says_what_the_path_shows(run: Run, saved: Callable[..., Path]) -> None:
    saved("--instance", "large", "--property", "below_five")
    ended = run("replay", "counter.py", "path.itf.json", "--json")
    assert (ended.status, ended.err) == (4, "")
    found = json.loads(ended.out)
    shown = {entry["name"]: entry for entry in found["properties"]}
    assert (found["verdict"], found["method"], found["depth"]) == ("Error", "Replay", found["properties"][0]["depth"])
    assert found["saved_for"] == {"property": "below_five", "verdict": "Violated", "shown": True}
    assert (found["properties"][0]["name"], found["instance"]) == ("below_five", "large")
    assert shown["below_five"]["verdict"] == "Violated"
    assert shown["below_five"]["path"]["states"][0]["#meta"]["index"] == 0
    checked = json.loads(run("check", "counter.py", "--instance", "large", "--json").out)
    assert (found["model_digest"], found["source_digest"]) == (checked["model_digest"], checked["source_digest"])


def test_a_path_that_shows_nothing_has_no_verdict_in_json(run: Run, saved: Callable[..., Path]) -> None:
    def cut(document: dict[str, Any]) -> None:
        del document["states"][2:]

    edited(saved("--instance", "large", "--property", "below_five"), cut)
    found = json.loads(run("replay", "counter.py", "path.itf.json", "--json").out)
    assert (found["verdict"], found["properties"], found["saved_for"]["shown"]) == ("Unknown", [], False)


def test_a_refusal_is_one_json_object(run: Run, saved: Callable[..., Path]) -> None:
    saved("--instance", "large", "--property", "below_five")
    ended = run("replay", "counter.py", "gone.itf.json", "--json")
    assert (ended.status, json.loads(ended.out)["error"]["code"]) == (5, "usage")


def test_another_model_is_refused_unless_forced(run: Run, saved: Callable[..., Path], samples: Path) -> None:
    saved("--instance", "large", "--property", "below_five")
    source = (samples / "counter.py").read_text()
    (samples / "counter.py").write_text(source.replace("s.count < 5", "s.count < 50"))
    refused = run("replay", "counter.py", "path.itf.json")
    assert (refused.status, refused.out) == (5, "")
    assert "not a path of this Model" in refused.err
    assert "--force" in refused.err
    forced = run("replay", "counter.py", "path.itf.json", "--force")
    assert "the path replays, 3 steps" in forced.out
    assert "does not show what it was saved for: below_five Violated" in forced.err


def test_a_step_that_the_model_does_not_allow_is_told(run: Run, saved: Callable[..., Path]) -> None:
    def leap(document: dict[str, Any]) -> None:
        document["states"][2]["count"] = 9

    edited(saved("--instance", "large", "--property", "below_five"), leap)
    ended = run("replay", "counter.py", "path.itf.json")
    assert (ended.status, ended.out) == (5, "")
    assert "step 2 of the path" in ended.err


def test_a_path_that_begins_where_something_was_observed_begins_there(run: Run, saved: Callable[..., Path]) -> None:
    def later(document: dict[str, Any]) -> None:
        del document["states"][0]

    def observed(document: dict[str, Any]) -> None:
        document["#meta"]["start"] = "anchor"

    file = saved("--instance", "large", "--property", "below_five")
    edited(file, later)
    refused = run("replay", "counter.py", "path.itf.json")
    assert (refused.status, refused.out) == (5, "")
    assert "the initial state of the path, increment(by), does not reproduce" in refused.err
    edited(file, observed)
    assert "the path replays, 2 steps" in run("replay", "counter.py", "path.itf.json").out


def test_a_malformed_document_is_refused_with_the_place(run: Run, saved: Callable[..., Path]) -> None:
    def garble(document: dict[str, Any]) -> None:
        document["states"][1]["count"] = "many"

    edited(saved("--instance", "large", "--property", "below_five"), garble)
    ended = run("replay", "counter.py", "path.itf.json")
    assert ended.status == 5
    assert "states[1].count" in ended.err


@pytest.mark.parametrize("name", ["missing.itf.json", "counter.py", "."])
def test_what_is_no_document_is_refused(name: str, run: Run) -> None:
    ended = run("replay", "counter.py", name)
    assert (ended.status, ended.out) == (5, "")
    assert ended.err.startswith("error: ")
    assert "fault of speccheck" not in ended.err


def test_a_document_of_another_tool_needs_an_instance_and_force(run: Run, saved: Callable[..., Path]) -> None:
    def strip(document: dict[str, Any]) -> None:
        del document["#meta"]
        for state in document["states"]:
            del state["#meta"]

    edited(saved("--instance", "large", "--property", "below_five"), strip)
    assert run("replay", "counter.py", "path.itf.json").status == 5
    nameless = run("replay", "counter.py", "path.itf.json", "--force")
    assert nameless.status == 5
    assert "give --instance" in nameless.err
    ended = run("replay", "counter.py", "path.itf.json", "--force", "--instance", "large")
    assert ended.status == 4
    assert "increment(by=2)" in ended.out


def test_a_broken_invariant_is_told_at_the_first_state_that_breaks_it(saved: Callable[..., Path]) -> None:
    file = saved("--instance", "large", "--property", "seven")
    model = load(file.parent / "counter.py").model.instance("large")
    path, _ = path_from_itf(json.loads(file.read_text()), model)
    results = {result.name: result for result in judged(model, replay(model, path))}
    assert {"below_five", "seven"} <= set(results)
    broken = results["below_five"].path
    assert broken is not None
    assert dict(broken.states[-1].values)["count"] in ({"#bigint": "5"}, {"#bigint": "6"})
    assert broken.depth < path.depth


def test_a_lasso_is_confirmed(run: Run, samples: Path) -> None:
    run("check", "lamp.py", "--property", "stays_on_fairly", "--itf", "path.itf.json")
    document = json.loads((samples / "path.itf.json").read_text())
    assert (document["loop"], len(document["states"])) == (0, 3)
    ended = run("replay", "lamp.py", "path.itf.json")
    assert (ended.status, ended.err) == (1, "")
    assert "✗ stays_on_fairly  temporal  Violated after 0 steps, repeating 2 steps for ever" in ended.out
    assert "comes_on " not in ended.out
    assert "from here it repeats for ever" in ended.out


def test_a_lasso_without_its_loop_shows_nothing_of_behaviours(run: Run, samples: Path) -> None:
    run("check", "lamp.py", "--property", "comes_on", "--itf", "path.itf.json")
    file = samples / "path.itf.json"
    assert json.loads(file.read_text())["loop"] == 0
    assert run("replay", "lamp.py", "path.itf.json").status == 1
    edited(file, lambda document: document.pop("loop"))
    ended = run("replay", "lamp.py", "path.itf.json")
    assert ended.status == 0
    assert "it does not show what it was saved for: comes_on Violated" in ended.err


def test_a_loop_that_the_model_does_not_allow_is_refused(run: Run, samples: Path) -> None:
    run("check", "lamp.py", "--property", "comes_on", "--itf", "path.itf.json")
    edited(samples / "path.itf.json", lambda document: document.update(loop=4))
    ended = run("replay", "lamp.py", "path.itf.json")
    assert ended.status == 5 or ended.status == 4
    assert "loop: 4 is not the index of one of the 1 states" in ended.err
