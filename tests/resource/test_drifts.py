"""The observation part of a status."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.resource.bodies import NOW, OBSERVE, request
from tests.resource.observed import DRIFT, OTHER_DRIFT, observed

from speccheck.conform.protocols import Census, Loaded, Unjudged
from speccheck.resource.drifts import drifts_from, forbidden_message, observe_body, records_from, traces_from
from speccheck.resource.requests import Request


def test_the_body(golden: Any) -> None:
    golden("observe.yaml", observe_body(observed(drifts=(OTHER_DRIFT, DRIFT), gaps=1, rejected=2, resolved=3), NOW))


def test_before_anything_was_observed() -> None:
    body = observe_body(observed(last_observed=None, model_digest="", keys=0, judged=0), NOW)
    assert "lastObserved" not in body
    assert "modelDigest" not in body


def test_active_drifts_read_back_with_their_identity() -> None:
    status = {"observe": observe_body(observed(drifts=(OTHER_DRIFT, DRIFT)), NOW)}
    read = drifts_from(status)
    assert read == (DRIFT, OTHER_DRIFT)
    assert [d.identity for d in read] == [DRIFT.identity, OTHER_DRIFT.identity]
    assert drifts_from({}) == ()


def test_drifts_are_capped_oldest_first_and_counted() -> None:
    many = tuple(replace(DRIFT, key=str(n), since=NOW - timedelta(seconds=n)) for n in range(80))
    body = observe_body(observed(drifts=many), NOW)
    assert body["driftsActive"] == 80
    assert [d["key"] for d in body["drifts"]] == [str(n) for n in range(79, 29, -1)]


def test_of_the_drifts_beyond_the_cap_a_trace_is_kept_and_reads_back() -> None:
    many = tuple(replace(DRIFT, key=str(n), since=NOW - timedelta(microseconds=n)) for n in range(80))
    old = {"0123456789abcdef": NOW}
    status = {"observe": observe_body(observed(drifts=many, traces=old), NOW)}
    assert traces_from(status) == {d.trace: d.since for d in many[:30]} | old
    assert status["observe"]["driftsActive"] == 81
    assert all(len(text) == 44 for text in status["observe"]["moreDrifts"])
    assert traces_from({}) == {}


def test_traces_are_bounded_oldest_first() -> None:
    traces = {f"{n:016x}": NOW + timedelta(seconds=n) for n in range(1100)}
    body = observe_body(observed(traces=traces), NOW)
    assert (len(body["moreDrifts"]), body["driftsActive"]) == (1000, 1100)
    assert set(traces_from({"observe": body})) == {f"{n:016x}" for n in range(1000)}


def test_a_drift_is_read_back_from_no_more_than_has_to_be_there() -> None:
    body = {
        "identity": "i",
        "property": "safe",
        "tier": "State",
        "object": {},
        "since": "2026-01-02T03:04:05Z",
        "count": 2,
    }
    (drift,) = drifts_from({"observe": {"drifts": [body]}})
    assert (drift.property, drift.key, drift.object.api_version, drift.last) == ("safe", "", "", drift.since)


def _forbidden(request: Request, resource: str, *, clusterwide: bool = False) -> str:
    assert request.observe is not None
    source = request.observe.sources[0].kubernetes
    assert source is not None
    return forbidden_message(request, source, resource, clusterwide=clusterwide)


def test_all_namespaces_take_a_cluster_role() -> None:
    source = {"name": "web", "kubernetes": {"apiVersion": "v1", "kind": "Pod", "namespace": "*"}}
    message = _forbidden(request({"observe": OBSERVE | {"sources": [source]}}), "pods")
    assert "pods in all namespaces; grant it: kubectl create clusterrole speccheck-pods --verb" in message
    assert "kubectl create clusterrolebinding speccheck-pods-dns-observer --clusterrole=speccheck-pods" in message


def test_what_has_no_namespace_takes_a_cluster_role() -> None:
    source = {"name": "node", "kubernetes": {"apiVersion": "v1", "kind": "Node"}}
    message = _forbidden(request({"observe": OBSERVE | {"sources": [source]}}), "nodes", clusterwide=True)
    assert "nodes in the cluster; grant it: kubectl create clusterrole speccheck-nodes --verb" in message


def test_coverage_shows_what_was_never_seen() -> None:
    loaded = Loaded(("safe",), (Unjudged("quick", ("speed",)),), ("go", "stop"))
    census = Census(unanchored=2, ambiguous=1, actions={"go": 3}, properties={"safe": 5})
    body = observe_body(observed(loaded=loaded, census=census), NOW)
    assert body["coverage"] == {
        "actions": {"go": 3, "stop": 0},
        "properties": {"safe": 5},
        "unjudged": ["quick: not mapped: speed"],
    }
    assert (body["unanchored"], body["ambiguous"]) == (2, 1)


def test_what_may_not_be_seen_comes_with_the_role_to_apply() -> None:
    assert _forbidden(request({"observe": OBSERVE}), "configmaps") == (
        "service account dns-observer of namespace platform may not list and watch configmaps in namespace platform; "
        "grant it: kubectl create role speccheck-configmaps -n platform --verb=get,list,watch --resource=configmaps && "
        "kubectl create rolebinding speccheck-configmaps-dns-observer -n platform --role=speccheck-configmaps "
        "--serviceaccount=platform:dns-observer"
    )


def test_another_group_and_namespace_are_named() -> None:
    source = {"name": "web", "kubernetes": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop"}}
    message = _forbidden(request({"observe": OBSERVE | {"sources": [source]}}), "deployments")
    assert "--resource=deployments.apps &&" in message
    assert "create role speccheck-deployments -n shop" in message
    assert "--serviceaccount=platform:dns-observer" in message


def test_a_muted_drift_says_why_comes_last_and_reads_back() -> None:
    muted = replace(DRIFT, muted=True, mute_reason="planned", obstacles=("apply(1): x > 2, x is 1",))
    body = observe_body(observed(drifts=(muted, OTHER_DRIFT)), NOW)
    assert [d["muted"] for d in body["drifts"]] == [False, True]
    assert (body["driftsActive"], body["driftsMuted"], body["drifts"][1]["muteReason"]) == (2, 1, "planned")
    assert drifts_from({"observe": body}) == (OTHER_DRIFT, muted)


def test_the_names_of_records_read_back() -> None:
    state = observed(drifts=(DRIFT, OTHER_DRIFT), records={DRIFT.identity: "zone-1"}, lag_s=0.01234)
    body = observe_body(state, NOW)
    assert body["lagSeconds"] == 0.012
    assert [each.get("record") for each in body["drifts"]] == ["zone-1", None]
    assert records_from({"observe": body}) == {DRIFT.identity: "zone-1"}


def test_what_is_told_is_bounded() -> None:
    long = replace(DRIFT, message="m" * 5000, key="k" * 5000, obstacles=("o" * 5000,) * 3)
    names = tuple(f"a{n}" for n in range(500))
    loaded = Loaded(names, tuple(Unjudged("p" * 2000, (name,)) for name in names), names)
    body = observe_body(observed(drifts=(long,), loaded=loaded), NOW)
    (drift,) = body["drifts"]
    assert (len(drift["message"]), len(drift["key"]), [len(o) for o in drift["obstacles"]]) == (1024, 1024, [256] * 3)
    assert [len(part) for part in body["coverage"].values()] == [100, 100, 100]
    assert max(map(len, body["coverage"]["unjudged"])) == 1024
