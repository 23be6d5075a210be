"""Meters: the table's metrics as Prometheus reads them."""

from collections.abc import Iterator

import pytest

from speccheck.kube.meters import Meters
from speccheck.resource.metrics import METRICS


@pytest.fixture
def meters() -> Iterator[Meters]:
    made = Meters()
    yield made
    made.close()


def _lines(meters: Meters) -> list[str]:
    return [line for line in meters.text().decode().splitlines() if not line.startswith("#")]


def test_every_metric_of_the_table_can_be_counted_and_is_called_as_it_says(meters: Meters) -> None:
    for metric in METRICS.values():
        labels = dict.fromkeys(metric.labels, "x")
        match metric.kind:
            case "counter":
                meters.add(metric.name, **labels)
            case "gauge":
                meters.set(metric.name, 1.0, **labels)
            case "histogram":
                meters.record(metric.name, 1.0, **labels)
    told = {line.partition("{")[0].partition(" ")[0] for line in _lines(meters)}
    plain = {name for name, metric in METRICS.items() if metric.kind != "histogram"}
    parts = {f"{name}_{part}" for name in METRICS.keys() - plain for part in ("bucket", "count", "sum")}
    assert told == plain | parts


def test_counters_count_up_by_their_labels(meters: Meters) -> None:
    meters.add("speccheck_checks_total", namespace="ns", verdict="Holds")
    meters.add("speccheck_checks_total", 2, namespace="ns", verdict="Holds")
    assert 'speccheck_checks_total{namespace="ns",verdict="Holds"} 3.0' in _lines(meters)


def test_what_is_dropped_is_told_no_more(meters: Meters) -> None:
    for name in ("a", "b"):
        meters.set("speccheck_verified", 1, namespace="ns", speccheck=name)
    meters.set("speccheck_jobs_active", 1, namespace="ns")
    meters.drop(namespace="ns", speccheck="a")
    assert _lines(meters) == [
        'speccheck_jobs_active{namespace="ns"} 1.0',
        'speccheck_verified{namespace="ns",speccheck="b"} 1.0',
    ]


def test_a_reading_is_taken_when_somebody_looks(meters: Meters) -> None:
    ages = {("jobs",): 1.0}
    meters.read_from("speccheck_watch_last_activity_seconds", lambda: ages)
    ages[("jobs",)] = 7.0
    assert _lines(meters) == ['speccheck_watch_last_activity_seconds{resource="jobs"} 7.0']


def test_buckets_are_those_of_the_table(meters: Meters) -> None:
    meters.record("speccheck_check_duration_seconds", 3.0, verdict="Holds")
    bounds = [line.split('le="')[1].split('"')[0] for line in _lines(meters) if "_bucket" in line]
    assert bounds == [str(bound) for bound in METRICS["speccheck_check_duration_seconds"].buckets] + ["+Inf"]
