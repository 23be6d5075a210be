"""Audit events: which are observations, of which namespace, and what is never let through."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speccheck.sources import audit
from speccheck.sources.observations import Kind

ZONE = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "zone", "managedFields": [1]}, "data": {"a": "b"}}


def event(**changes: Any) -> dict[str, Any]:
    reference = {"resource": "configmaps", "namespace": "platform", "name": "zone", "apiVersion": "v1"}
    usual = {
        "kind": "Event",
        "apiVersion": audit.API_VERSION,
        "auditID": "7d1",
        "level": "RequestResponse",
        "stage": "ResponseComplete",
        "verb": "update",
        "stageTimestamp": "2026-11-03T10:00:00.123456Z",
        "user": {"username": "alice", "groups": ["x"]},
        "userAgent": "kubectl",
        "objectRef": reference,
        "responseStatus": {"code": 200},
        "responseObject": ZONE,
    }
    return usual | changes


def heard(*events: Any) -> audit.Heard:
    listed = {"kind": "EventList", "apiVersion": audit.API_VERSION, "items": [*events]}
    return audit.heard(json.dumps(listed).encode())


def test_who_did_what_to_which_object_and_what_it_became() -> None:
    (one,) = heard(event()).audited
    assert one.namespace == "platform"
    seen = one.observation
    assert seen.event is not None and seen.object is not None
    assert (seen.kind, seen.event.name, seen.time.microsecond) == (Kind.MODIFIED, "update", 123456)
    assert seen.event.attributes["user"] == "alice"
    assert seen.event.attributes["resource"] == "configmaps"
    assert seen.object["data"] == {"a": "b"}
    assert seen.object["metadata"] == {"namespace": "platform", "name": "zone"}


def test_a_line_of_the_audit_log_is_read_alike() -> None:
    assert audit.heard(json.dumps(event()).encode()).audited == heard(event()).audited


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("create", Kind.ADDED), ("patch", Kind.MODIFIED), ("update", Kind.MODIFIED), ("delete", Kind.DELETED)],
)
def test_the_verb_says_what_happened_to_the_object(verb: str, kind: Kind) -> None:
    (one,) = heard(event(verb=verb)).audited
    assert one.observation.kind is kind


def test_what_is_only_on_its_way_out_is_not_deleted() -> None:
    ending = {**ZONE, "metadata": {"name": "zone", "deletionTimestamp": "2026-11-03T10:00:00Z"}}
    (one,) = heard(event(verb="delete", responseObject=ending)).audited
    assert one.observation.kind is Kind.MODIFIED


def test_without_the_object_the_event_alone_is_seen() -> None:
    for verb, answer in (("delete", None), ("patch", {"kind": "Status", "metadata": {}}), ("delete", {"spec": {}})):
        (one,) = heard(event(verb=verb, responseObject=answer)).audited
        assert (one.observation.object, one.observation.kind) == (None, Kind.MODIFIED)


@pytest.mark.parametrize("details", [{"uid": "u-1", "name": "zone"}, {"uid": 7}, [], None])
def test_what_was_deleted_at_once_is_named_as_far_as_the_answer_says(details: Any) -> None:
    answer = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    (one,) = heard(event(verb="delete", responseObject=answer)).audited
    known = {"uid": "u-1"} if details == {"uid": "u-1", "name": "zone"} else {}
    assert one.observation.kind is Kind.DELETED
    assert one.observation.object == {"metadata": {"namespace": "platform", "name": "zone", **known}}


def test_deleting_many_at_once_is_a_gap_for_nobody_knows_which() -> None:
    (one,) = heard(event(verb="deletecollection")).audited
    assert (one.namespace, one.observation.kind) == ("platform", Kind.GAP)
    assert "configmaps were deleted at once" in one.observation.reason


def test_who_was_impersonated_acted() -> None:
    (one,) = heard(event(impersonatedUser={"username": "bob"})).audited
    assert one.observation.event is not None and one.observation.event.attributes["user"] == "bob"


REFERENCE = {"resource": "configmaps", "namespace": "platform", "name": "zone"}


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "RequestReceived"},
        {"verb": "get"},
        {"verb": "deletecollection", "objectRef": None},
        {"responseStatus": {"code": 409}},
        {"responseStatus": None},
        {"objectRef": None},
        {"objectRef": {"resource": "nodes", "name": "n"}},
        {"objectRef": REFERENCE | {"resource": "secrets"}},
        {"objectRef": REFERENCE | {"resource": "serviceaccounts", "subresource": "token"}},
    ],
)
def test_what_changed_nothing_or_is_not_to_be_seen_is_passed_over(changes: dict[str, Any]) -> None:
    found = heard(event(**changes))
    assert (found.audited, found.passed, found.refused) == ([], 1, 0)


def test_an_event_that_is_none_is_refused_alone() -> None:
    found = heard(event(), {"stage": 7}, event(stageTimestamp="yesterday"))
    assert (len(found.audited), found.refused) == (1, 2)
    assert "auditID" in found.reason or "stage" in found.reason


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"kind":"EventList"}', b'{"a":' * 100_000])
def test_what_is_no_list_of_them_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"audit event|nested"):
        audit.heard(body)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="v1beta1"):
        audit.heard(json.dumps(event(apiVersion="audit.k8s.io/v1beta1")).encode())


def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "EVENTS_LIMIT", 2)
    with pytest.raises(ValueError, match="3 events in one request"):
        heard(*[event()] * 3)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_no_event_does_worse_than_being_refused(odd: Any) -> None:
    found = heard(odd, event(objectRef=odd), event(responseObject=odd))
    assert found.refused + found.passed + len(found.audited) == 3
