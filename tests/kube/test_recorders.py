"""Recorder: Events told once, patched, retried, given up and counted; never in the way."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.kube.apis import Api, connected, refusal, until

from speccheck.kube import recorders
from speccheck.kube.meters import Meters
from speccheck.kube.recorders import Bucket, Recorder
from speccheck.kube.writes import Writer
from speccheck.resource.events import EventBody


def _event(name: str) -> EventBody:
    metadata = {"name": name, "namespace": "ns"}
    return EventBody("ns", name, {"metadata": metadata, "reason": "DriftDetected", "note": "first"})


def _recording(tmp_path: Path, body: Callable[[Api, Recorder], Awaitable[None]]) -> str:
    """Run a recorder while the body runs; give the metrics."""

    async def both() -> str:
        meters = Meters()
        async with connected(tmp_path) as (api, connection):
            recorder = Recorder(Writer(connection), meters)
            running = asyncio.create_task(recorder.run())
            try:
                await body(api, recorder)
                await recorder.drain()
            finally:
                running.cancel()
                await asyncio.wait([running])
                assert running.cancelled()
        text = meters.text().decode()
        meters.close()
        return text

    return asyncio.run(both())


def _dropped(text: str) -> dict[str, float]:
    """How many Events were given up, by why; only those ways that happened."""
    found = re.findall(r'^speccheck_events_dropped_total\{why="(\w+)"\} (\S+)$', text, re.MULTILINE)
    assert found, "the metric is not there"
    return {why: float(count) for why, count in found if float(count)}


def test_each_way_to_lose_an_event_is_counted_from_nought(tmp_path: Path) -> None:
    async def body(_api: Api, _recorder: Recorder) -> None:
        """Nothing is told."""

    text = _recording(tmp_path, body)
    for why in ("full", "refused", "unreachable", "fault", "shutdown"):
        assert f'speccheck_events_dropped_total{{why="{why}"}} 0.0' in text


def test_an_event_is_told_once_whatever_is_asked(tmp_path: Path) -> None:
    async def body(api: Api, recorder: Recorder) -> None:
        for name in ("one", "one", "two"):
            recorder.tell(_event(name))
        await until("both", lambda: len(api.of("events")) == 2)

    assert 'speccheck_events_total{reason="DriftDetected"} 2.0' in _recording(tmp_path, body)


def test_one_that_happens_again_is_patched_and_made_anew_where_it_has_gone(tmp_path: Path) -> None:
    async def body(api: Api, recorder: Recorder) -> None:
        recorder.tell(_event("one"))
        recorder.tell_again(_event("one"), {"series": {"count": 2}})
        await until("a series", lambda: api.of("events") and "series" in api.of("events")[0])
        await api.remove("events", "ns", "one")
        recorder.tell_again(_event("one"), {"series": {"count": 3}})
        await until("a new one", lambda: api.of("events"))
        assert "series" not in api.of("events")[0]

    _recording(tmp_path, body)


def test_what_fails_for_a_moment_is_tried_again(tmp_path: Path) -> None:
    async def body(api: Api, recorder: Recorder) -> None:
        left = [3]

        def thrice(_: object) -> object:
            left[0] -= 1
            return refusal(503, "ServiceUnavailable") if left[0] >= 0 else None

        api.faults.append(thrice)
        recorder.tell(_event("one"))
        await until("the Event", lambda: api.of("events"))

    assert _dropped(_recording(tmp_path, body)) == {}


def test_what_is_refused_is_given_up_and_counted(tmp_path: Path) -> None:
    async def body(api: Api, recorder: Recorder) -> None:
        api.faults.append(lambda _: refusal(403, "Forbidden"))
        recorder.tell(_event("one"))
        await until("one request", lambda: api.asked)

    assert 'speccheck_events_dropped_total{why="refused"} 1.0' in _recording(tmp_path, body)


def test_what_does_not_fit_the_queue_is_dropped_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "QUEUE_LIMIT", 2)

    async def body(api: Api, recorder: Recorder) -> None:
        for number in range(5):
            recorder.tell(_event(f"e{number}"))
        await until("two", lambda: len(api.of("events")) == 2)

    assert 'speccheck_events_dropped_total{why="full"} 3.0' in _recording(tmp_path, body)


def test_a_flood_in_one_namespace_holds_up_no_other_and_is_in_order(tmp_path: Path) -> None:
    def elsewhere(name: str) -> EventBody:
        return EventBody("other", name, {"metadata": {"name": name, "namespace": "other"}, "reason": "DriftDetected"})

    async def body(api: Api, recorder: Recorder) -> None:
        for number in range(50):
            recorder.tell(_event(f"e{number:02}"))
        for number in range(3):
            recorder.tell(elsewhere(f"o{number}"))
        await until("all", lambda: len(api.of("events")) == 53)
        made = [each.body["metadata"]["name"] for each in api.asked if each.method == "POST"]
        assert sorted(made[:6]) == ["e00", "e01", "e02", "o0", "o1", "o2"]
        assert [name for name in made if name.startswith("e")] == [f"e{number:02}" for number in range(50)]
        assert [name for name in made if name.startswith("o")] == ["o0", "o1", "o2"]

    _recording(tmp_path, body)


def test_an_unreachable_server_holds_nobody_up_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "DRAIN_TIMEOUT_S", 0.05)

    async def body(api: Api, recorder: Recorder) -> None:
        api.faults.append(lambda _: refusal(503, "ServiceUnavailable"))
        for number in range(3):
            recorder.tell(_event(f"e{number}"))

    assert _dropped(_recording(tmp_path, body)) == {"shutdown": 3.0}


def test_the_one_in_hand_at_the_end_is_lost_and_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "DRAIN_TIMEOUT_S", 0.05)

    async def body(api: Api, recorder: Recorder) -> None:
        recorder.tell(_event("written"))
        await until("the Event", lambda: api.of("events"))
        api.faults.append(lambda _: refusal(503, "ServiceUnavailable"))
        recorder.tell(_event("in hand"))
        await until("a second request", lambda: len(api.asked) > 1)

    assert _dropped(_recording(tmp_path, body)) == {"shutdown": 1.0}


def test_a_bucket_gives_a_burst_and_then_a_rate() -> None:
    bucket = Bucket(burst=2, rate_per_s=10.0)
    assert [round(bucket.wait_s(100.0), 3) for _ in range(4)] == [0.0, 0.0, 0.1, 0.2]
    assert bucket.wait_s(101.0) == 0.0
