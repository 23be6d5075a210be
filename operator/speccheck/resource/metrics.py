"""The metrics of the operator, as a table: what is counted, under which labels. Nothing here counts.

Labels are names that people chose (namespace, SpecCheck) or words of a closed list. Never a uid, never a value of an
observed state: they would make as many series as there are objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

MetricKind: TypeAlias = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `unit` is that of the OpenTelemetry instrument; `buckets` are upper bounds, for a histogram."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = "1"
    buckets: tuple[float, ...] = ()


VERDICTS = ("Holds", "HoldsWithinBound", "Violated", "Error", "Unknown", "None")
"""Values of the label `verdict`; None is a run without an answer."""

OBSERVATION_TIERS = ("State", "Step", "Time")
"""Values of the label `tier` of observations."""

OBSERVATION_RESULTS = ("conforms", "drifts", "rejected", "unknown")
"""Values of the label `result` of observations."""

RECEIVED_RESULTS = (
    "taken",
    "unobserved",
    "unnamed",
    "sampled",
    "malformed",
    "oversized",
    "unsupported",
    "unauthenticated",
    "forbidden",
    "full",
    "unavailable",
)
"""Values of the label `result` of what was received: records that were taken, or that nobody listens to; log records
without an event name; batches that tell of sampling; and why others were refused."""

_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0, 300.0, 600.0, 1800.0, 3600.0)
_SPECCHECK = ("namespace", "speccheck")

_TABLE = (
    Metric("speccheck_checks_total", "counter", "Runs that ended, by their worst verdict.", ("namespace", "verdict")),
    Metric(
        "speccheck_check_duration_seconds",
        "histogram",
        "Time from the start of a run to its end.",
        ("verdict",),
        "s",
        _SECONDS,
    ),
    Metric("speccheck_jobs_active", "gauge", "Jobs under way.", ("namespace",)),
    Metric("speccheck_verified", "gauge", "Condition Verified: 1 True, 0 False, -1 Unknown.", _SPECCHECK),
    Metric("speccheck_conformant", "gauge", "Condition Conformant: 1 True, 0 False, -1 Unknown.", _SPECCHECK),
    Metric("speccheck_ready", "gauge", "Condition Ready: 1 True, 0 False, -1 Unknown.", _SPECCHECK),
    Metric(
        "speccheck_observations_total",
        "counter",
        "Observations judged, by tier and what came of them.",
        ("namespace", "speccheck", "tier", "result"),
    ),
    Metric("speccheck_observed_keys", "gauge", "Traces (keys) being observed.", _SPECCHECK),
    Metric("speccheck_drifts_active", "gauge", "Drifts that are active and not muted.", _SPECCHECK),
    Metric("speccheck_drifts_muted", "gauge", "Drifts that are active and muted.", _SPECCHECK),
    Metric(
        "speccheck_unanchored_keys", "gauge", "Keys whose steps cannot be judged for want of an anchor.", _SPECCHECK
    ),
    Metric(
        "speccheck_ambiguous_keys",
        "gauge",
        "Keys that more states are consistent with than can be followed.",
        _SPECCHECK,
    ),
    Metric(
        "speccheck_actions_never_seen", "gauge", "Actions of the spec that no observation showed so far.", _SPECCHECK
    ),
    Metric("speccheck_gaps_total", "counter", "Times that observations may have been missed.", _SPECCHECK),
    Metric(
        "speccheck_last_observation_timestamp_seconds",
        "gauge",
        "When an observation was last judged, as Unix time.",
        _SPECCHECK,
        "s",
    ),
    Metric(
        "speccheck_observation_lag_seconds",
        "histogram",
        "Time from receiving an observation to its judgement.",
        ("namespace",),
        "s",
        (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0),
    ),
    Metric(
        "speccheck_received_total",
        "counter",
        "Records and requests that programs sent, by kind of source and what came of them.",
        ("kind", "result"),
    ),
    Metric("speccheck_events_total", "counter", "Events written, by reason.", ("reason",)),
    Metric("speccheck_events_dropped_total", "counter", "Events given up, by why.", ("why",)),
    Metric("speccheck_drift_records_total", "counter", "SpecCheckDrifts, by what came of them.", ("result",)),
    Metric(
        "speccheck_watch_last_activity_seconds",
        "gauge",
        "Seconds since a watch last heard from the API server.",
        ("resource",),
        "s",
    ),
    Metric("speccheck_reconciles_total", "counter", "Reconciles of SpecChecks, by result.", ("result",)),
    Metric("speccheck_evaluator_restarts_total", "counter", "Evaluator workers that were replaced, by why.", ("why",)),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})
"""Every metric by its name."""

TRUTH_VALUES: Mapping[str, int] = MappingProxyType({"True": 1, "False": 0, "Unknown": -1})
"""What a condition's status is as a gauge."""
