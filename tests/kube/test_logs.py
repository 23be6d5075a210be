"""Pods' logs: observations in the order in which they are written, gaps where some may have been missed.

tests/e2e/test_sources.py has them in a real cluster.
"""

from pathlib import Path

import pytest
from tests.kube.apis import refusal, until
from tests.kube.feeding import WHOSE, Feeding, event, feeding

from speccheck.kube import connections
from speccheck.kube import logs as module
from speccheck.resource.fields import LinesSource, ObserveSource, Selector
from speccheck.resource.requests import UID_LABEL

LOGS = ObserveSource(name="program", lines=LinesSource(pods=Selector(match_labels={"app": "deployer"})))
EARLY, LATE = "2026-01-01T00:00:00.000000001Z", "2099-01-01T00:00:00.5Z"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_RETRY_S", 0.02)


def test_lines_of_pods_as_they_are_written_and_no_others(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("waits", "Pending")
        await made.pod("stranger", app="else")
        await made.pod("one")
        await made.api.write("one", "begun", event("first"), '{"level": "info"}')
        await made.api.write("stranger", event("unseen"))
        await made.until("listed", "first")
        await made.pod("waits", "Running")
        await made.api.write("waits", event("second"), event("second"))
        await made.until("listed", "first", "second", "second")
        assert set(made.asked("/log")) == {
            f"{WHOSE.user} /api/v1/namespaces/platform/pods/{pod}/log" for pod in ("one", "waits")
        }

    feeding(tmp_path, LOGS, body)


def test_pods_that_check_a_spec_are_none_of_what_is_observed(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("checks", **{UID_LABEL: "0000"})
        await made.api.write("checks", "a report, which is no line")
        await made.pod("one")
        await made.api.write("one", event("first"))
        await made.until("listed", "first")
        assert not [path for path in made.asked("/log") if "checks" in path]

    feeding(tmp_path, ObserveSource(name="program", lines=LinesSource()), body)


def test_of_pods_that_were_there_only_what_is_written_from_now_on(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.pod("one")
        await made.api.write("one", event("before"), time=EARLY)
        await made.until("listed")
        await made.api.write("one", event("after"), time=LATE)
        await made.until("listed", "after")

    feeding(tmp_path, LOGS, body)


def test_a_line_that_is_broken_is_a_gap(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.api.write("one", '{"time": "yesterday"}')
        await until("a gap", lambda: len(made.told) == 2)
        assert made.told[1].startswith("gap: a line that is no observation: ")

    feeding(tmp_path, LOGS, body)


def test_a_log_that_breaks_off_is_a_gap_and_goes_on_after_what_was_read(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.api.write("one", event("first"))
        await made.until("listed", "first")
        await until("both streams", lambda: len(made.api.streams) >= 2)
        await made.api.break_streams()
        await made.api.write("one", event("second"), time=LATE)
        await until("the log again", lambda: "second" in made.told)
        assert made.told.count("first") == 1
        assert made.told.count("gap: the log of one broke off") == 1
        assert made.told.index("gap: the log of one broke off") < made.told.index("second")

    feeding(tmp_path, LOGS, body)


def test_a_log_that_may_not_be_read_is_told_and_over_once_it_may(tmp_path: Path) -> None:
    allowed = False

    async def body(made: Feeding) -> None:
        nonlocal allowed
        made.api.faults.append(
            lambda request: (
                None if allowed or not request.path.endswith("/log") else refusal(403, "Forbidden", "not you")
            )
        )
        await made.until("listed")
        await made.pod("one")
        await until("two refusals", lambda: len(made.told) >= 3)
        assert all(each.startswith("failing 403") for each in made.told[1:])
        allowed = True
        await made.api.write("one", event("first"))
        await until("a line", lambda: "first" in made.told)
        assert made.told[-2:] == ["listed", "first"]

    feeding(tmp_path, LOGS, body)


def test_a_log_that_has_ended_is_read_once(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.api.write("one", event("first"))
        await made.api.end("one")
        await made.pod("one", "Succeeded")
        await made.until("listed", "first")
        await made.pod("one", "Succeeded")
        await made.pod("two")
        await made.api.write("two", event("second"))
        await made.until("listed", "first", "second")
        assert len(made.asked("/one/log")) == 1

    feeding(tmp_path, LOGS, body)


def test_a_line_that_is_too_long_is_passed_over_and_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.api.write("one", event("first"), "x" * 200_000)
        await until("a gap", lambda: "gap: the log of one broke off" in made.told)
        await made.api.write("one", event("second"), time=LATE)
        await until("the next", lambda: "second" in made.told)
        assert made.told.count("gap: the log of one broke off") == 1

    monkeypatch.setattr(connections, "LINE_LIMIT_BYTES", 1 << 16)
    feeding(tmp_path, LOGS, body)


@pytest.mark.parametrize(("restarts", "gaps"), [(1, []), (3, ["gap: one was started again 3 times"])])
def test_a_log_goes_on_with_the_next_run_and_one_that_was_missed_is_a_gap(
    tmp_path: Path, restarts: int, gaps: list[str]
) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.api.write("one", event("first"))
        await made.until("listed", "first")
        await made.pod("one", restarts=restarts)
        await made.api.end("one")
        await until("a look at whether it still runs", lambda: made.asked("/pods/one") != made.asked("/log"))
        await made.api.write("one", event("second"), time=LATE)
        await until("the next run", lambda: "second" in made.told)
        assert [each for each in made.told if each.startswith("gap")] == gaps

    feeding(tmp_path, LOGS, body)


def test_no_more_logs_are_followed_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.pod("two")
        await made.until("listed", "gap: more than 1 pods fit; the log of two is not followed")

    monkeypatch.setattr(module, "LOGS_LIMIT", 1)
    feeding(tmp_path, LOGS, body)
