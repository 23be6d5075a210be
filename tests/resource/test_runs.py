"""SpecCheckRuns: bodies, statuses, and which run is which."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resource.bodies import (
    DIGEST,
    FROM_CONFIG_MAP,
    HOLDS,
    MODEL,
    NOW,
    VIOLATED,
    answered_run,
    document,
    finished,
    key_of,
    later,
    report,
    request,
    run,
)

from speccheck.errors import ModelError
from speccheck.resource.outcomes import Answered, Failed, Waiting
from speccheck.resource.outcomes import superseded as given_up
from speccheck.resource.runs import (
    RunView,
    expired,
    finished_status,
    model_run,
    reopened,
    run_body,
    run_name,
    run_view,
    stored_model,
    stored_reports,
    superseded,
    waiting_status,
)

ASKED = request()
QUEUED = Waiting("Queued", "the check waits for other checks to end")


def test_the_body_of_a_run(golden: Any) -> None:
    check = {"instances": ["n3"], "maxSteps": 30, "schedule": "0 3 * * *", "timeZone": "UTC"}
    asked = request(
        {"check": check, **FROM_CONFIG_MAP["spec"]}, annotations={"speccheck.dev/requested-at": "2026-11-22T09:00"}
    )
    golden("run.yaml", run_body(asked, key_of(asked, tick="2026-11-22T03:00:00Z"), DIGEST, "00-ab-cd-01"))


def test_a_run_that_is_only_to_capture_has_no_check() -> None:
    observe = {"sources": [{"name": "a", "kubernetes": {"apiVersion": "v1", "kind": "Pod"}}], "variables": {"x": "1"}}
    asked = request({"check": None, "observe": observe})
    assert "check" not in run_body(asked, key_of(asked), DIGEST)["spec"]


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
def test_a_runs_name_is_short_and_ends_in_its_key(name: str, key: str) -> None:
    named = run_name(request(name=name), key)
    assert len(f"{named}-1") <= 63
    assert named.endswith("-" + key[:20])
    assert "." not in named
    assert "--" not in named or "--" in name.replace(".", "-")


def test_a_run_reads_back() -> None:
    view = run_view(run(ASKED, finished_status({}, Answered(document(report(VIOLATED, HOLDS))), 2, NOW)))
    assert (view.name, view.namespace, view.generation, view.attempt) == (run_name(ASKED, view.key), "platform", 3, 2)
    assert (view.finished, view.reason, view.verdict, view.states) == (True, "CheckCompleted", "Violated", 288)
    assert [row.property for row in view.rows] == ["no_inconsistent_root", "bounded"]
    assert (view.rows_total, view.finished_at, view.model_digest) == (2, NOW, DIGEST)


def test_a_run_without_a_status_is_not_finished() -> None:
    view = run_view(run(ASKED))
    assert (view.finished, view.verdict, view.attempt, view.rows) == (False, None, 1, ())


def test_the_statuses_of_a_run(golden: Any) -> None:
    queued = waiting_status({}, QUEUED, 1, NOW)
    started = waiting_status(queued, Waiting("CheckStarted", "the check is under way"), 1, later(5))
    answered = finished_status(started, Answered(document(report(VIOLATED, HOLDS))), 1, later(60))
    failed = finished_status(started, Failed("OutOfMemory", "…", stage="check"), 2, later(60))
    archived = {name: f"{len(answered[name])} characters" for name in ("reports", "model")}
    golden(
        "run-statuses.yaml",
        {"queued": queued, "started": started, "answered": answered | archived, "failed": failed},
    )


def test_rows_are_capped_and_counted() -> None:
    many = tuple(replace(HOLDS, name=f"p{n}") for n in range(80))
    status = finished_status({}, Answered(document(report(*many))), 1, NOW)
    assert (len(status["results"]), status["resultsTotal"]) == (50, 80)


def test_what_was_kept_reads_back() -> None:
    whole = document(report(VIOLATED, HOLDS))
    body = run(ASKED, finished_status({}, Answered(whole), 1, NOW))
    assert stored_model(body) == MODEL
    assert stored_reports(body) == whole.reports
    assert stored_model(run(ASKED)) is None
    with pytest.raises(ModelError):
        stored_model(run(ASKED, {"model": "?"}))


def view(name: str, day: int, **fields: Any) -> RunView:
    usual: dict[str, Any] = {"name": name, "key": name, "created": NOW.replace(day=day)}
    return replace(run_view(run(ASKED)), **(usual | fields))


def test_an_unfinished_run_of_another_key_is_superseded() -> None:
    old, done, wanted = view("a", 1), view("b", 2, finished=True), view("c", 3)
    assert superseded([old, done, wanted], key_of(ASKED)) == (old, wanted)
    assert superseded([old, done, wanted], replace(key_of(ASKED), key="c")) == (old,)


def test_a_run_that_was_given_up_is_made_again_when_it_is_wanted_again() -> None:
    assert reopened(finished(ASKED, given_up()))
    assert not reopened(answered_run(ASKED))
    assert not reopened(run_view(run(ASKED)))


def test_the_newest_finished_runs_are_kept_and_those_in_use() -> None:
    runs = [view(f"r{day}", day, finished=True) for day in range(1, 9)] + [view("now", 9)]
    assert [r.name for r in expired(runs, 3, {"r1", "r8"})] == ["r5", "r4", "r3", "r2"]
    assert expired(runs, 8, set()) == ()


def test_observation_uses_the_wanted_runs_model_once_it_has_one() -> None:
    wanted, old = view("new", 5, model_digest=DIGEST), view("old", 4, model_digest=DIGEST)
    assert model_run(ASKED, wanted, [old, wanted]) == wanted


def test_until_then_it_uses_the_last_model_that_fits() -> None:
    wanted = view("new", 9, source_digest="sha256:new", generation=3)
    same_mapping = view("a", 4, model_digest="m", source_digest="sha256:old", generation=3)
    other_mapping = view("b", 5, model_digest="m", source_digest="sha256:old", generation=2)
    same_source = view("c", 6, model_digest="m", source_digest="sha256:new", generation=1)
    assert model_run(ASKED, wanted, [same_mapping, other_mapping, wanted]) == same_mapping
    assert model_run(ASKED, wanted, [same_mapping, same_source, wanted]) == same_source
    assert model_run(ASKED, wanted, [other_mapping, wanted]) is None
    assert model_run(ASKED, None, [same_mapping]) == same_mapping
