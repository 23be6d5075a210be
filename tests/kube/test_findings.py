"""Findings: records of drifts made, closed, and the oldest deleted; in a storm only some."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.kube.apis import Api, connected, refusal, until
from tests.resource.bodies import DIGEST, OBSERVE, later, request
from tests.resource.observed import DRIFT

from speccheck.conform.drifts import Drift
from speccheck.kube import findings
from speccheck.kube.findings import BURST, Findings
from speccheck.kube.meters import Meters
from speccheck.kube.reads import Reader
from speccheck.kube.writes import Writer
from speccheck.resource.findings import Ending, finding_name

REQUEST = request({"observe": OBSERVE})
OTHER = msgspec.structs.replace(REQUEST, name="other", uid="other-uid")


def drift(number: int) -> Drift:
    return replace(DRIFT, key=f"key-{number}")


def recorded(tmp_path: Path, body: Callable[[Api, Findings], Awaitable[None]]) -> str:
    """Run while the body runs; give the metrics."""

    async def both() -> str:
        meters = Meters()
        async with connected(tmp_path) as (api, connection):
            found = Findings(Reader(connection), Writer(connection), meters)
            running = asyncio.create_task(found.run())
            try:
                await body(api, found)
                await found.drain()
            finally:
                running.cancel()
                await asyncio.wait([running])
        text = meters.text().decode()
        meters.close()
        return text

    return asyncio.run(both())


def counted(result: str, number: int) -> str:
    return f'speccheck_drift_records_total{{result="{result}"}} {float(number)}'


def names(api: Api) -> list[str]:
    return [each["metadata"]["name"] for each in api.of("speccheckdrifts")]


def test_a_drift_is_recorded_once_and_closed(tmp_path: Path) -> None:
    async def body(api: Api, found: Findings) -> None:
        name = found.begin(REQUEST, DRIFT, DIGEST)
        assert found.begin(REQUEST, DRIFT, DIGEST) == name == finding_name(REQUEST, DRIFT)
        found.end(REQUEST, Ending(DRIFT, later(5), "holds"))
        await until("its end", lambda: api.of("speccheckdrifts") and "status" in api.of("speccheckdrifts")[0])
        (record,) = api.of("speccheckdrifts")
        assert (record["metadata"]["name"], record["spec"]["modelDigest"]) == (name, DIGEST)
        assert record["status"]["reason"] == "Holds"

    text = recorded(tmp_path, body)
    assert counted("recorded", 1) in text
    assert counted("failed", 0) in text


def test_the_end_of_what_has_no_record_is_no_fault(tmp_path: Path) -> None:
    async def body(_: Api, found: Findings) -> None:
        found.end(REQUEST, Ending(DRIFT, later(5), "gone"))

    assert counted("failed", 0) in recorded(tmp_path, body)


def test_a_storm_is_recorded_in_part_and_holds_up_no_other(tmp_path: Path) -> None:
    async def body(api: Api, found: Findings) -> None:
        given = [found.begin(REQUEST, drift(n), DIGEST) for n in range(3 * BURST)]
        assert [bool(name) for name in given] == [True] * BURST + [False] * 2 * BURST
        assert found.begin(OTHER, DRIFT, DIGEST)
        await until("the other's", lambda: any(name.startswith("other-") for name in names(api)))

    text = recorded(tmp_path, body)
    assert counted("recorded", BURST + 1) in text
    assert counted("omitted", 2 * BURST) in text


def test_only_the_newest_are_kept_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "KEPT", 3)

    async def body(api: Api, found: Findings) -> None:
        other = found.begin(OTHER, DRIFT, DIGEST)
        given = [found.begin(REQUEST, drift(n), DIGEST) for n in range(5)]
        await until("the newest", lambda: sorted(names(api)) == sorted([other, *given[-3:]]))

    recorded(tmp_path, body)


def test_what_fails_for_a_moment_is_tried_again_and_what_is_refused_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "DRAIN_TIMEOUT_S", 60.0)

    async def body(api: Api, found: Findings) -> None:
        left = [2]

        def twice(_: object) -> object:
            left[0] -= 1
            return refusal(503, "ServiceUnavailable") if left[0] >= 0 else None

        api.faults.append(twice)
        found.begin(REQUEST, DRIFT, DIGEST)
        await until("the record", lambda: api.of("speccheckdrifts"))
        api.faults[:] = [lambda _: refusal(403, "Forbidden")]
        found.begin(REQUEST, drift(2), DIGEST)

    text = recorded(tmp_path, body)
    assert counted("recorded", 1) in text
    assert counted("failed", 1) in text


def test_a_record_is_recorded_also_where_older_ones_cannot_be_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(api: Api, found: Findings) -> None:
        api.faults.append(lambda asked: refusal(403, "Forbidden") if asked.method == "GET" else None)
        found.begin(REQUEST, DRIFT, DIGEST)
        await until("what is told of the older ones", lambda: "older ones were not deleted" in caplog.text)
        assert names(api) == [finding_name(REQUEST, DRIFT)]

    text = recorded(tmp_path, body)
    assert counted("recorded", 1) in text
    assert counted("failed", 0) in text


def test_an_unreachable_server_holds_nobody_up_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "DRAIN_TIMEOUT_S", 0.05)

    async def body(api: Api, found: Findings) -> None:
        api.faults.append(lambda _: refusal(503, "ServiceUnavailable"))
        for number in range(3):
            found.begin(REQUEST, drift(number), DIGEST)

    assert counted("recorded", 0) in recorded(tmp_path, body)
