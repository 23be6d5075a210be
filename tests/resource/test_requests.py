"""SpecCheck bodies become requests, or are refused with the place, the fault and the way out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.resource.bodies import UID, merged, request, speccheck
from tests.resource.refusals import GOOD, REFUSALS, Refusal

from speccheck.errors import UsageError
from speccheck.resource.requests import request_of
from speccheck.resource.rules import RULES, broken_rules


def refused(body: Any) -> str:
    with pytest.raises(UsageError) as error:
        request_of(body)
    return str(error.value)


def test_a_good_one_is_read_whole() -> None:
    asked = request_of(GOOD)
    assert asked.check is not None
    assert asked.observe is not None
    assert (asked.name, asked.namespace, asked.uid, asked.generation) == ("dns-balancer", "platform", UID, 3)
    assert asked.created == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert asked.observe.sources[0].kubernetes.selector.match_labels == {"app": "dns"}
    assert asked.check.timeout_s == 600.0


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_what_is_refused_says_where_why_and_how(refusal: Refusal) -> None:
    told = refused(refusal.body)
    if refusal.schema:
        assert told == refusal.schema
    elif refusal.place.startswith("spec"):
        assert told in {f"{rule.place}: {rule.message}" for rule in RULES}
        assert told.startswith(f"{refusal.place}: ")
    else:
        assert told == "metadata.name: give a name of at most 63 characters; it becomes a label"


def test_every_rule_is_tried() -> None:
    tried = {refused(refusal.body) for refusal in REFUSALS}
    large = merged(GOOD, {"spec": {"source": {"inline": {"files": {"b.py": "é" * 102_400}}}}})
    affinity = merged(GOOD, {"spec": {"podTemplate": {"affinity": {"a": "x" * 17_000}}}})
    tried |= {refused(large), refused(affinity)}
    assert {f"{rule.place}: {rule.message}" for rule in RULES} <= tried


def test_files_are_measured_in_bytes_with_their_names() -> None:
    def of(size: int) -> Any:
        return merged(GOOD, {"spec": {"source": {"inline": {"files": {"dns_balancer.py": "x" * size}}}}})

    assert request_of(of(200 * 1024 - len("dns_balancer.py"))).source.inline is not None
    assert "more than 200 KiB" in refused(of(200 * 1024 - len("dns_balancer.py") + 1))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "not a SpecCheck: apiVersion should be speccheck.dev/v1alpha1 and kind SpecCheck"),
        (
            merged(GOOD, {"kind": "Job"}),
            "not a SpecCheck: apiVersion should be speccheck.dev/v1alpha1 and kind SpecCheck",
        ),
        (merged(GOOD, {"spec": None}), "spec: expected object, got null; docs/resource.md describes every field"),
        (
            merged(GOOD, {"spec": {"shards": 4}}),
            "spec: object contains unknown field shards; docs/resource.md describes every field",
        ),
        (
            merged(GOOD, {"spec": {"source": {"image": {}}}}),
            "spec.source: object contains unknown field image; docs/resource.md describes every field",
        ),
        (
            merged(GOOD, {"spec": {"observe": {"variables": {"a": 3}}}}),
            "spec.observe.variables[...]: expected str, got int; docs/resource.md describes every field",
        ),
        (
            merged(GOOD, {"metadata": {"name": None}}),
            "metadata.name: give a name of at most 63 characters; it becomes a label",
        ),
    ],
)
def test_what_is_not_of_the_form_is_refused(body: Any, told: str) -> None:
    assert refused(body) == told


def test_a_manifest_needs_no_more_than_a_name() -> None:
    bare = {"apiVersion": GOOD["apiVersion"], "kind": GOOD["kind"], "metadata": {"name": "a"}, "spec": GOOD["spec"]}
    asked = request_of(bare)
    assert (asked.namespace, asked.uid, asked.generation, asked.requested_at) == ("default", "", 1, "")


def test_the_annotation_asks_for_a_fresh_run() -> None:
    annotations = {"speccheck.dev/requested-at": "2026-11-22T10:00:00Z"}
    assert request(annotations=annotations).requested_at == "2026-11-22T10:00:00Z"
    assert len(request(annotations={"speccheck.dev/requested-at": "x" * 9000}).requested_at) == 256


def test_labels_and_owner() -> None:
    asked = request()
    assert asked.labels == {
        "app.kubernetes.io/managed-by": "speccheck",
        "speccheck.dev/speccheck": "dns-balancer",
        "speccheck.dev/speccheck-uid": UID,
    }
    assert asked.owner["controller"] is True
    assert asked.owner["blockOwnerDeletion"] is False


def test_a_request_never_changes() -> None:
    with pytest.raises(AttributeError):
        request().suspend = True  # type: ignore[misc]


def test_no_rule_is_broken_by_a_good_one() -> None:
    assert not list(broken_rules(request_of(GOOD)))
    assert not list(broken_rules(request_of(speccheck({"spec": {"check": {"schedule": "*/5 * * * 1-5"}}}))))
