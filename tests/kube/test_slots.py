"""Slots: which Jobs are under way."""

from collections.abc import Iterator

import pytest
from tests.kube.apis import Body

from speccheck.kube.meters import Meters
from speccheck.kube.slots import Slots


@pytest.fixture
def meters() -> Iterator[Meters]:
    made = Meters()
    yield made
    made.close()


def _job(name: str, namespace: str = "ns", *conditions: str) -> Body:
    told = [{"type": condition, "status": "True"} for condition in conditions]
    return {"metadata": {"name": name, "namespace": namespace}, "status": {"conditions": told}}


def test_unfinished_jobs_count_by_namespace(meters: Meters) -> None:
    slots = Slots(meters)
    slots.load([_job("a"), _job("b"), _job("c", "other"), _job("d", "ns", "Complete"), _job("e", "ns", "Failed")])
    assert sorted(slots.active) == ["ns", "ns", "other"]


def test_a_job_leaves_when_it_ends_or_goes(meters: Meters) -> None:
    slots = Slots(meters)
    slots.load([_job("a"), _job("b"), _job("c")])
    slots.seen(_job("a", "ns", "SuccessCriteriaMet"))
    assert len(slots.active) == 3
    slots.seen(_job("a", "ns", "Complete"))
    slots.gone("ns", "b")
    slots.gone("ns", "unknown")
    assert slots.active == ("ns",)
    assert b'speccheck_jobs_active{namespace="ns"} 1.0' in meters.text()


def test_a_namespace_without_jobs_is_told_as_none(meters: Meters) -> None:
    slots = Slots(meters)
    slots.seen(_job("a"))
    slots.gone("ns", "a")
    assert b'speccheck_jobs_active{namespace="ns"} 0.0' in meters.text()
