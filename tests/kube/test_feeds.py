"""Feeds: what each kind of source tells, in order, and what it says when it cannot be had.

tests/e2e/test_sources.py has them in a real cluster.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.kube.apis import Api, Body, connected, refusal, until

from speccheck.kube import connections, feeds
from speccheck.kube.activities import Activities
from speccheck.kube.feeds import Feeds, KindMissing, Told, Whose
from speccheck.kube.meters import Meters
from speccheck.kube.receivers import ReceiverOptions, Receivers
from speccheck.kube.subscriptions import Change, Failing, Gap, Listed
from speccheck.kube.watches import Watches
from speccheck.resource.fields import KubernetesSource, LinesSource, ObserveSource, OtlpSource, Selector
from speccheck.resource.requests import UID_LABEL
from speccheck.sources.observations import Kind, Observation

WHOSE = Whose("platform", "system:serviceaccount:platform:observer")
LOGS = ObserveSource(name="program", lines=LinesSource(pods=Selector(match_labels={"app": "deployer"})))
EARLY, LATE = "2026-01-01T00:00:00.000000001Z", "2099-01-01T00:00:00.5Z"


@dataclass
class Feeding:
    """One source's feed from a server of the test's, and what it told."""

    api: Api
    told: list[str]

    async def until(self, *wanted: str) -> None:
        """Wait until it told exactly this."""
        try:
            await until(f"{wanted}", lambda: self.told == [*wanted], 5.0)
        except AssertionError as error:
            raise AssertionError(f"{error}; told was {self.told}") from None

    async def pod(
        self, name: str, phase: str = "Running", app: str = "deployer", restarts: int = 0, **labels: str
    ) -> None:
        metadata = {"name": name, "namespace": "platform", "labels": {"app": app, **labels}}
        status = {"phase": phase, "containerStatuses": [{"restartCount": restarts}]}
        await self.api.put("pods", {"metadata": metadata, "status": status})

    def asked(self, text: str) -> list[str]:
        """The paths with this in them that were asked for as somebody else, the user named."""
        return [f"{each.headers['Impersonate-User']} {each.path}" for each in self.api.asked if text in each.path]


def feeding(directory: Path, source: ObserveSource, body: Callable[[Feeding], Awaitable[None]]) -> None:
    """Run a test's body while a source feeds."""

    async def both() -> None:
        async with connected(directory) as (api, connection):
            meters = Meters()
            receivers = Receivers(ReceiverOptions(), connection, meters)
            made = Feeding(api, [])

            async def put(told: Told) -> None:
                assert told.source == source.name
                made.told.append(_text(told))

            run = Feeds(connection, Watches(connection, Activities()), receivers).run(source, WHOSE, put)
            task = asyncio.create_task(run)
            try:
                await body(made)
            finally:
                task.cancel()
                await asyncio.wait([task])
                meters.close()

    asyncio.run(both())


def _text(told: Told) -> str:
    match told.record:
        case Change(kind, body, _):
            return f"{kind} {body['metadata']['name']}"
        case Observation(kind=Kind.GAP, reason=reason) | Gap(reason):
            return f"gap: {reason}"
        case Observation(event=event):
            return event.name if event is not None else "an object"
        case Failing(error):
            return f"failing {error.status}: {error.message}"
        case KindMissing(message):
            return message
        case Listed():
            return "listed"


def _event(name: str) -> str:
    return json.dumps({"time": "2026-01-01T00:00:00Z", "event": {"name": name}})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIND_RETRY_S", "LOG_RETRY_S"):
        monkeypatch.setattr(feeds, name, 0.02)


def _objects(**given: str) -> ObserveSource:
    return ObserveSource(name="zone", kubernetes=KubernetesSource(**given))  # type: ignore[arg-type]


def _config_map(name: str, namespace: str) -> Body:
    return {"metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("namespace", "seen", "path"),
    [
        ({}, ("ADDED mine",), "/api/v1/namespaces/platform/configmaps"),
        ({"namespace": "elsewhere"}, ("ADDED theirs",), "/api/v1/namespaces/elsewhere/configmaps"),
        ({"namespace": "*"}, ("ADDED theirs", "ADDED mine"), "/api/v1/configmaps"),
    ],
)
def test_objects_of_one_namespace_or_of_all(
    tmp_path: Path, namespace: dict[str, str], seen: tuple[str, ...], path: str
) -> None:
    async def body(made: Feeding) -> None:
        await made.api.put("configmaps", _config_map("theirs", "elsewhere"))
        await made.api.put("configmaps", _config_map("mine", "platform"))
        made.api.kinds["v1"] = [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]
        await made.until(*seen, "listed")
        assert set(made.asked("configmaps")) == {f"{WHOSE.user} {path}"}

    feeding(tmp_path, _objects(api_version="v1", kind="ConfigMap", **namespace), body)


def test_objects_of_a_kind_without_namespaces(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.api.put("nodes", {"metadata": {"name": "one"}})
        made.api.kinds["v1"] = [{"name": "nodes", "kind": "Node", "namespaced": False}]
        await made.until("ADDED one", "listed")
        assert set(made.asked("nodes")) == {f"{WHOSE.user} /api/v1/nodes"}

    feeding(tmp_path, _objects(api_version="v1", kind="Node"), body)


def test_lines_of_pods_as_they_are_written_and_no_others(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("waits", "Pending")
        await made.pod("stranger", app="else")
        await made.pod("one")
        await made.api.write("one", "begun", _event("first"), '{"level": "info"}')
        await made.api.write("stranger", _event("unseen"))
        await made.until("listed", "first")
        await made.pod("waits", "Running")
        await made.api.write("waits", _event("second"), _event("second"))
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
        await made.api.write("one", _event("first"))
        await made.until("listed", "first")
        assert not [path for path in made.asked("/log") if "checks" in path]

    feeding(tmp_path, ObserveSource(name="program", lines=LinesSource()), body)


def test_of_pods_that_were_there_only_what_is_written_from_now_on(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.pod("one")
        await made.api.write("one", _event("before"), time=EARLY)
        await made.until("listed")
        await made.api.write("one", _event("after"), time=LATE)
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
        await made.api.write("one", _event("first"))
        await made.until("listed", "first")
        await until("both streams", lambda: len(made.api.streams) >= 2)
        await made.api.break_streams()
        await made.api.write("one", _event("second"), time=LATE)
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
        await made.api.write("one", _event("first"))
        await until("a line", lambda: "first" in made.told)
        assert made.told[-2:] == ["listed", "first"]

    feeding(tmp_path, LOGS, body)


def test_a_log_that_has_ended_is_read_once(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.api.write("one", _event("first"))
        await made.api.end("one")
        await made.pod("one", "Succeeded")
        await made.until("listed", "first")
        await made.pod("one", "Succeeded")
        await made.pod("two")
        await made.api.write("two", _event("second"))
        await made.until("listed", "first", "second")
        assert len(made.asked("/one/log")) == 1

    feeding(tmp_path, LOGS, body)


def test_a_line_that_is_too_long_is_passed_over_and_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.api.write("one", _event("first"), "x" * 200_000)
        await until("a gap", lambda: "gap: the log of one broke off" in made.told)
        await made.api.write("one", _event("second"), time=LATE)
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
        await made.api.write("one", _event("first"))
        await made.until("listed", "first")
        await made.pod("one", restarts=restarts)
        await made.api.end("one")
        await made.api.write("one", _event("second"), time=LATE)
        await until("the next run", lambda: "second" in made.told)
        assert [each for each in made.told if each.startswith("gap")] == gaps

    feeding(tmp_path, LOGS, body)


def test_no_more_logs_are_followed_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(made: Feeding) -> None:
        await made.until("listed")
        await made.pod("one")
        await made.pod("two")
        await made.until("listed", "gap: more than 1 pods fit; the log of two is not followed")

    monkeypatch.setattr(feeds, "LOGS_LIMIT", 1)
    feeding(tmp_path, LOGS, body)


def test_what_the_operator_does_not_receive_is_told(tmp_path: Path) -> None:
    async def body(made: Feeding) -> None:
        await made.until("failing 0: this operator does not receive otlp; start it with the option for it")

    feeding(tmp_path, ObserveSource(name="deployer", otlp=OtlpSource()), body)
