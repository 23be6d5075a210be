"""The table of metrics."""

import re
from typing import get_args

import pytest

from speccheck.reports import Verdict
from speccheck.resource.conditions import Truth
from speccheck.resource.metrics import METRICS, TRUTH_VALUES, VERDICTS, Metric

LABELS = {"namespace", "speccheck", "verdict", "tier", "result", "reason", "why", "resource", "kind"}
"""Names that people chose, or words of closed lists: no uid, no key, no value of a state."""


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_names_follow_prometheus(metric: Metric) -> None:
    assert re.fullmatch(r"speccheck_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_seconds") == (metric.unit == "s")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert metric.buckets == tuple(sorted(metric.buckets))
    assert metric.help.endswith(".")


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_labels_are_few_and_bounded(metric: Metric) -> None:
    assert set(metric.labels) <= LABELS
    assert len(metric.labels) == len(set(metric.labels)) <= 4


def test_values_of_closed_labels() -> None:
    assert {*(verdict.value for verdict in Verdict), "None"} == set(VERDICTS)
    assert set(TRUTH_VALUES) == set(get_args(Truth))


def test_those_that_alerts_and_dashboards_rely_on() -> None:
    assert {
        "speccheck_checks_total",
        "speccheck_check_duration_seconds",
        "speccheck_observations_total",
        "speccheck_drifts_active",
        "speccheck_gaps_total",
        "speccheck_events_dropped_total",
        "speccheck_watch_last_activity_seconds",
    } <= set(METRICS)
