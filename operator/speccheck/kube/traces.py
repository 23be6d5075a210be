"""One trace for each run: from the reconcile that asked for it, through the Job's stages, to the verdict.

The trace's identity is kept in the run (as a W3C `traceparent`), so it goes on over restarts. The stages run in pods
that reach no network, so their spans are made here from the times that Kubernetes and the reports give. Sent by OTLP
where an endpoint is configured; else nothing is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from speccheck.kube.meters import OTLP_ENDPOINT, SERVICE

_PROPAGATOR = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class Stage:
    """Something that took its time: a Job, a stage in a pod, the exploration of one instance."""

    name: str
    start: datetime
    end: datetime
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    within: tuple[Stage, ...] = ()
    failed: bool = False


class Tracer:
    """Makes spans, and sends them in the background."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=Resource.create(SERVICE)) if os.environ.get(OTLP_ENDPOINT) else None
        if self._provider is not None:
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        source = self._provider or trace.NoOpTracerProvider()
        self._tracer = source.get_tracer("speccheck")

    @contextmanager
    def reconcile(self, namespace: str, name: str) -> Iterator[str]:
        """A span around the making of a run; gives its `traceparent`, "" where nothing is traced."""
        attributes = {"k8s.namespace.name": namespace, "speccheck.name": name}
        with self._tracer.start_as_current_span("reconcile", attributes=attributes):
            carrier: dict[str, str] = {}
            _PROPAGATOR.inject(carrier)
            yield carrier.get("traceparent", "")

    def add(self, traceparent: str, stage: Stage) -> None:
        """A stage that has ended, with those within it, as part of a run's trace."""
        if self._provider is not None and traceparent:
            self._put(_PROPAGATOR.extract({"traceparent": traceparent}), stage)

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()

    def _put(self, parent: Context, stage: Stage) -> None:
        attributes = dict(stage.attributes)
        span = self._tracer.start_span(stage.name, parent, attributes=attributes, start_time=_nanoseconds(stage.start))
        for inner in stage.within:
            self._put(trace.set_span_in_context(span, parent), inner)
        if stage.failed:
            span.set_status(trace.StatusCode.ERROR)
        span.end(_nanoseconds(stage.end))


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1000
