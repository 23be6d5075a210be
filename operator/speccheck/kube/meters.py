"""The operator's metrics, as `resource.metrics` lists them, counted with OpenTelemetry and scraped as Prometheus text.

Takes counts as they happen; gives the text of /metrics, and sends the same by OTLP where an endpoint is configured.
Gauges are read when they are asked for, so what a deleted SpecCheck left goes with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest

from speccheck.resource.metrics import METRICS, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SERVICE = {"service.name": "speccheck-operator"}

Labels: TypeAlias = tuple[str, ...]
Reading: TypeAlias = Callable[[], Mapping[Labels, float]]


class Meters:
    """Every metric of the table, by name. Labels are given by name, all of them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._provider = MeterProvider(metric_readers=self._readers(), resource=Resource.create(SERVICE))
        self._instruments: dict[str, Any] = {}
        self._gauges: dict[str, dict[Labels, float]] = {}
        self._readings: dict[str, Reading] = {}
        for metric in METRICS.values():
            self._make(metric)

    def add(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Count up."""
        self._instruments[name].add(amount, labels)

    def record(self, name: str, value: float, /, **labels: str) -> None:
        """Put a value into a histogram."""
        self._instruments[name].record(value, labels)

    def set(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._gauges[name][_values(METRICS[name], labels)] = value

    def read_from(self, name: str, reading: Reading) -> None:
        """Have a gauge read each time that somebody looks; `reading` gives its values by their labels' values."""
        self._readings[name] = reading

    def drop(self, **labels: str) -> None:
        """Forget every gauge that has these labels."""
        for name, readings in self._gauges.items():
            wanted = [
                (METRICS[name].labels.index(label), value)
                for label, value in labels.items()
                if label in METRICS[name].labels
            ]
            if len(wanted) == len(labels):
                for values in [values for values in readings if all(values[at] == value for at, value in wanted)]:
                    del readings[values]

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def close(self) -> None:
        self._provider.shutdown()

    def _readers(self) -> Sequence[MetricReader]:
        scraped = PrometheusMetricReader(True, scope_info_enabled=False, registry=self._registry)
        if not os.environ.get(OTLP_ENDPOINT):
            return [scraped]
        return [scraped, PeriodicExportingMetricReader(OTLPMetricExporter())]

    def _make(self, metric: Metric) -> None:
        meter = self._provider.get_meter("speccheck")
        named = {"name": metric.name, "unit": metric.unit, "description": metric.help}
        match metric.kind:
            case "counter":
                self._instruments[metric.name] = meter.create_counter(**named)
            case "histogram":
                self._instruments[metric.name] = meter.create_histogram(
                    **named, explicit_bucket_boundaries_advisory=list(metric.buckets)
                )
            case "gauge":
                self._gauges[metric.name] = {}
                meter.create_observable_gauge(**named, callbacks=[lambda _: self._observed(metric)])

    def _observed(self, metric: Metric) -> list[Observation]:
        reading = self._readings.get(metric.name)
        values = reading() if reading is not None else dict(self._gauges[metric.name])
        return [Observation(value, dict(zip(metric.labels, labels, strict=True))) for labels, value in values.items()]


def _values(metric: Metric, labels: dict[str, str]) -> Labels:
    return tuple(labels[name] for name in metric.labels)
