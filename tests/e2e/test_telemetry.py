"""What is seen from outside, on a real cluster: metrics, health, readiness, and one trace through the Job."""

import gzip
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.e2e.conftest import SYSTEM
from tests.e2e.places import BROKEN, COUNTER, Place, config_map, inline, metrics
from tests.e2e.processes import operator

WATCHED = {"specchecks", "speccheckruns", "jobs", "configmaps"}
SILENCE_S = 100.0
UID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def test_metrics_count_checks_and_forget_what_is_deleted(place: Place) -> None:
    place.apply(inline("holds", COUNTER), inline("broken", BROKEN))
    place.wait_condition("holds", "Verified", "True", "Holds")
    place.wait_condition("broken", "Verified", "False", "InvariantViolated")
    counted = metrics(place.cluster)
    at = f'namespace="{place.namespace}"'
    assert counted[f'speccheck_checks_total{{{at},verdict="Holds"}}'] == 1
    assert counted[f'speccheck_checks_total{{{at},verdict="Violated"}}'] == 1
    assert counted['speccheck_check_duration_seconds_count{verdict="Holds"}'] >= 1
    assert counted[f'speccheck_verified{{{at},speccheck="holds"}}'] == 1
    assert counted[f'speccheck_verified{{{at},speccheck="broken"}}'] == 0
    assert counted['speccheck_events_total{reason="CheckSucceeded"}'] >= 1
    place.kubectl("delete", "speccheck", "broken")
    gauge = f'speccheck_verified{{{at},speccheck="broken"}}'
    place.wait("its gauge to go", "broken", lambda: gauge not in metrics(place.cluster))


def _observe_two(place: Place) -> None:
    """Two ConfigMaps held to a spec that one of them breaks."""
    place.kubectl("create", "serviceaccount", "observer")
    place.kubectl("create", "role", "see", "--verb=get,list,watch", "--resource=configmaps")
    place.kubectl("create", "rolebinding", "see", "--role=see", f"--serviceaccount={place.namespace}:observer")
    source = {"apiVersion": "v1", "kind": "ConfigMap", "selector": {"matchLabels": {"app": "counter"}}}
    observe = {
        "serviceAccountName": "observer",
        "sources": [{"name": "counter", "kubernetes": source}],
        "parameters": {"LIMIT": "10"},
        "variables": {"count": "int(object.data.count)"},
    }
    counts = {"fine": "3", "wrong": "12"}
    place.apply(*(config_map(name, {"app": "counter"}, count=count) for name, count in counts.items()))
    place.apply(inline("counter", COUNTER, observe=observe))


def test_metrics_count_what_is_observed_and_name_no_object(place: Place) -> None:
    _observe_two(place)
    place.wait_condition("counter", "Conformant", "False", "DriftDetected")
    labels = f'namespace="{place.namespace}"', 'speccheck="counter"'
    at = ",".join(labels)
    drifts, gaps = f"speccheck_drifts_active{{{at}}}", f"speccheck_gaps_total{{{at}}}"
    wanted = {drifts: 1, gaps: 0}
    for result, count in {"conforms": 1, "drifts": 1, "rejected": 0, "unknown": 0}.items():
        wanted[f'speccheck_observations_total{{{labels[0]},result="{result}",{labels[1]},tier="State"}}'] = count
    place.wait(f"metrics with {wanted}", "counter", lambda: metrics(place.cluster).items() >= wanted.items())
    counted = metrics(place.cluster)
    for why in ("full", "refused", "unreachable", "fault", "shutdown"):
        assert f'speccheck_events_dropped_total{{why="{why}"}}' in counted
    uids = {each["metadata"]["uid"] for each in place.items("configmaps,specchecks,speccheckruns,jobs,pods")}
    assert all(UID.fullmatch(uid) for uid in uids)
    assert [name for name in counted if UID.search(name)] == []
    place.kubectl("delete", "speccheck", "counter")
    place.wait("its gauge to go", "counter", lambda: drifts not in metrics(place.cluster))


def test_every_watch_was_heard_lately_and_the_pod_is_ready(place: Place) -> None:
    counted = metrics(place.cluster)
    ages = {
        name.split('"')[1]: age
        for name, age in counted.items()
        if name.startswith("speccheck_watch_last_activity_seconds")
    }
    assert ages.keys() >= WATCHED
    assert max(ages.values()) < SILENCE_S
    (pod,) = place.cluster.read("pods", f"--namespace={SYSTEM}")["items"]
    for path in ("healthz", "readyz"):
        proxied = f"/api/v1/namespaces/{SYSTEM}/pods/{pod['metadata']['name']}:9090/proxy/{path}"
        assert place.cluster.kubectl("get", f"--raw={proxied}") == "ok\n"
    probes = {
        name: pod["spec"]["containers"][0][name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")
    }
    assert probes == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}


class _Collector(ThreadingHTTPServer):
    """Takes traces and metrics by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self.points: dict[tuple[str, str], Any] = {}
        """The last points of each metric, by its name and its labels' values."""

    def take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        for resource in request.resource_metrics:
            self.services |= {each.value.string_value for each in resource.resource.attributes}
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    labels = ",".join(sorted(each.value.string_value for each in point.attributes))
                    self.points[metric.name, labels] = point


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        data = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
        if self.path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
                for scope in resource.scope_spans:
                    self.server.spans.extend(scope.spans)  # type: ignore[attr-defined]
        if self.path == "/v1/metrics":
            self.server.take_metrics(ExportMetricsServiceRequest.FromString(data))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _collecting() -> Iterator[_Collector]:
    collector = _Collector()
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        thread.join(10)
        collector.server_close()


def test_one_trace_leads_from_the_reconcile_to_the_verdict_and_metrics_go_with_it(
    own_place: Place, project_image: str
) -> None:
    with _collecting() as collector:
        endpoint = f"http://127.0.0.1:{collector.server_address[1]}"
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_METRIC_EXPORT_INTERVAL": "500"}
        counted = "speccheck_checks_total", f"Violated,{own_place.namespace}"
        with operator(own_place, project_image, environment=environment):
            own_place.apply(inline("counter", BROKEN))
            own_place.wait_condition("counter", "Verified", "False", "InvariantViolated")
            wanted = {"reconcile", "run", "job", "capture", "check", "Explore small"}
            own_place.wait("its spans", "counter", lambda: {span.name for span in collector.spans} >= wanted, 120)
            own_place.wait("its count", "counter", lambda: counted in collector.points, 120)
    assert collector.points[counted].as_int == 1
    assert collector.points["speccheck_check_duration_seconds", "Violated"].count == 1
    verified = collector.points["speccheck_verified", f"counter,{own_place.namespace}"]
    assert (verified.as_double, verified.as_int) == (0, 0)
    assert "speccheck-operator" in collector.services
    assert {name for name, _ in collector.points} >= {"speccheck_watch_last_activity_seconds", "speccheck_events_total"}
    (run,) = [span for span in collector.spans if span.name == "run"]
    spans = {span.name: span for span in collector.spans if span.trace_id == run.trace_id}
    assert spans.keys() == wanted
    parents = {"run": "reconcile", "job": "run", "capture": "job", "check": "job", "Explore small": "check"}
    for name, parent in parents.items():
        assert spans[name].parent_span_id == spans[parent].span_id, name
    attributes = {each.key: each.value for each in run.attributes}
    assert attributes["speccheck.verdict"].string_value == "Violated"
    (body,) = own_place.items("speccheckruns", "counter")
    assert run.trace_id.hex() in body["metadata"]["annotations"]["speccheck.dev/traceparent"]
